"""``segue app allow``: what an application may do in the management API by itself."""

from collections.abc import Sequence

from segue.admin.scope_grants import grant_scope, revoke_scope, scope_grants_of
from segue.cli.applications import every, named
from segue.cli.workplace import Workplace, say


async def allow(
    workplace: Workplace, name: str, permissions: Sequence[str], *, take_back: bool, org: str | None
) -> None:
    """Grants permissions or, with ``take_back``, takes them away; then says which there are. Raises Problem,
    Refusal."""
    change = workplace.change((await workplace.org(org)).id)
    app = named(await every(workplace, change), name)
    if take_back:
        for grant in await scope_grants_of(workplace.store, app.id, change):
            if grant.permission in permissions:
                await revoke_scope(workplace.store, app.id, grant.id, change)
    else:
        for permission in permissions:
            await grant_scope(workplace.store, app.id, permission, change)
    held = [grant.permission for grant in await scope_grants_of(workplace.store, app.id, change)]
    say(f"{app.label} ({app.id})", f"May do by itself: {', '.join(held) or 'nothing'}")
