"""``segue app transfer``: how an application hands sign-ins over to browsers, and how it takes them."""

from dataclasses import dataclass

from segue.admin.session_transfer import TransferChanges, change_session_transfer
from segue.cli.applications import every, named
from segue.cli.workplace import Workplace, say
from segue.core.application import Application


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be different; None leaves a setting as it is. ``carriers`` are separated by commas."""

    can_create: bool | None = None
    carriers: str | None = None
    device_binding: str | None = None
    allow_refresh_token: bool | None = None
    online_refresh_tokens: bool | None = None
    cascade: bool | None = None

    @property
    def changes(self) -> TransferChanges:
        named = {name: getattr(self, name) for name in self.__slots__ if getattr(self, name) is not None}
        if self.carriers is not None:
            named["carriers"] = [carrier.strip() for carrier in self.carriers.split(",") if carrier.strip()]
        return named


async def transfer(workplace: Workplace, name: str, wanted: Wanted, *, forget: bool, org: str | None) -> None:
    """Changes the settings, or takes them away with ``forget``, and says what they are. Raises Problem, Refusal."""
    change = workplace.change((await workplace.org(org)).id)
    app = named(await every(workplace, change), name)
    if forget or wanted.changes:
        app = await change_session_transfer(workplace.store, app.id, None if forget else wanted.changes, change)
    say(f"{app.label} ({app.id})", *_settings(app))


def _settings(app: Application) -> tuple[str, ...]:
    if app.session_transfer is None:
        return ("Says nothing of session transfer: it neither hands a sign-in over nor takes one.",)
    settings = app.session_transfer
    return (
        f"Hands sign-ins over: {_yes(settings.can_create)}",
        f"Revoking the refresh token ends what came of it: {_yes(settings.cascade)}",
        f"Takes them by: {', '.join(settings.carriers) or 'nothing'}",
        f"Device binding: {settings.device_binding}",
        f"Refresh tokens for such a sign-in: {_yes(settings.allow_refresh_token)}",
        f"They end with the browser's session: {_yes(settings.online_refresh_tokens)}",
    )


def _yes(value: bool) -> str:
    return "yes" if value else "no"
