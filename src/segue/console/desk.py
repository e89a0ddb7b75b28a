"""What every page of the console works with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from segue.console.entrance import Entrance
from segue.core.application import Application
from segue.core.org import Domain
from segue.core.sealing import Sealer
from segue.signin.passwords import PasswordHasher
from segue.stores import Store

AppAddresses = Callable[[Application, Domain], Sequence[tuple[str, str]]]
"""The addresses that an application's own side needs, each with its label, at a domain."""


@dataclass(frozen=True, slots=True)
class Desk:
    """``server_path`` is that of a new authorization server, with ``{id}`` for its id. ``addresses`` speaks the
    dialect of its domain. ``local_names`` are names of this machine, where plain http is allowed."""

    entrance: Entrance
    store: Store
    hasher: PasswordHasher
    sealer: Sealer
    addresses: AppAddresses
    local_names: tuple[str, ...] = ()
    server_path: str = "{id}"
