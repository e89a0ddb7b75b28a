"""``segue token …``: API tokens made, listed and ended."""

from datetime import UTC, datetime

import typer

from segue.admin import roles, tokens, users
from segue.cli.workplace import Workplace, columns, say


async def add(workplace: Workplace, login: str, name: str, *, days: int, org: str | None) -> None:
    """Makes an API token that acts for a user, and shows it once."""
    change = workplace.change((await workplace.org(org)).id)
    owner = await users.find_user(workplace.store, login, change)
    minted = await tokens.mint_api_token(workplace.store, owner, name, change, life_days=days)
    say(f"Made: API token {minted.name} ({minted.bearer.id}) of {owner.login}, until {_day(minted.expires_at)}.")
    typer.echo(f"Token: {minted.bearer.text}   (shown this once)")  # ``say`` would hide it
    if not await roles.roles_of(workplace.store, owner.id, change):
        say(f"{owner.login} has no role, so it may do nothing yet: `segue role assign {owner.login} auditor`.")


async def show_all(workplace: Workplace, *, org: str | None) -> None:
    """The API tokens of everybody who has a role, one on a line; never what programs send."""
    change = workplace.change((await workplace.org(org)).id)
    rows: list[tuple[str, str, str, str]] = []
    for token in await tokens.list_api_tokens(workplace.store, change):
        owner = await users.find_user(workplace.store, token.user_id or "", change)
        rows.append((token.id, owner.login, _day(token.expires_at), str(token.data.get("name", ""))))
    say(*columns([("ID", "OWNER", "UNTIL", "NAME"), *rows])) if rows else say("There are no API tokens.")


async def revoke(workplace: Workplace, token_id: str, *, org: str | None) -> None:
    """Ends an API token at once."""
    change = workplace.change((await workplace.org(org)).id)
    await tokens.revoke_api_token(workplace.store, token_id, change)
    say(f"The API token {token_id} has ended.")


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d")
