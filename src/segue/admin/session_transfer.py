"""What an application's settings say of handing sign-ins over from refresh tokens to browsers.

Settings are merged: what a change does not name stays as it is, and the first change to an application that has none
gives it the defaults of all it does not name. Taking them away altogether is a change of its own.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, TypeAlias, get_args

from segue.admin.applications import find_application, update_application
from segue.admin.change import Change, invalid
from segue.core.application import Application, Carrier, DeviceBinding, SessionTransfer
from segue.stores import Store

TransferChanges: TypeAlias = Mapping[str, object]
"""By the names of ``SessionTransfer``. ``carriers`` may be any sequence of texts, or None for none."""

_CARRIERS: Final = get_args(Carrier)
_BINDINGS: Final = get_args(DeviceBinding)


def merged(known: SessionTransfer | None, changes: TransferChanges) -> SessionTransfer:
    """The settings after a change. Raises Refusal ``invalid_value``."""
    for name in changes:
        if name not in SessionTransfer.__slots__:
            raise invalid("session_transfer", f"There is no setting {name[:64]} of session transfer.", seen=name[:256])
    values = dict(changes)
    if "carriers" in values:
        values["carriers"] = _carriers(values["carriers"])
    if values.get("device_binding", "ip") not in _BINDINGS:
        raise invalid("device_binding", f"The device binding is one of: {', '.join(_BINDINGS)}.")
    for name, value in values.items():
        if name not in ("carriers", "device_binding") and not isinstance(value, bool):
            raise invalid(name, f"The setting {name} is true or false.")
    return replace(known or SessionTransfer(), **values)  # type: ignore[arg-type]


async def change_session_transfer(
    store: Store, app_id: str, changes: TransferChanges | None, change: Change
) -> Application:
    """Changes the settings of an application, or takes them away where ``changes`` is None. Raises Refusal
    ``invalid_value``, ``not_found``."""
    known = await find_application(store, app_id, change)
    after = None if changes is None else merged(known.session_transfer, changes)
    if after == known.session_transfer:
        return known
    return await update_application(store, replace(known, session_transfer=after), change)


def _carriers(value: object) -> tuple[Carrier, ...]:
    """Each carrier once, in the order given."""
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)):
        raise invalid("carriers", "The carriers are a list.")
    for carrier in value:
        if carrier not in _CARRIERS:
            raise invalid("carriers", f"A carrier is one of: {', '.join(_CARRIERS)}.", seen=str(carrier)[:256])
    return tuple(dict.fromkeys(value))
