"""``segue server …``: authorization servers added and listed."""

from segue.admin import servers
from segue.admin.servers import ServerDraft
from segue.cli.workplace import Workplace, columns, say
from segue.dialects.okta.admin.authorization_servers import PATH


async def add(workplace: Workplace, name: str, audience: str, *, closed: bool, org: str | None) -> None:
    """Makes a server; every application may have its tokens unless it is ``closed``. Raises Problem, Refusal."""
    change = workplace.change((await workplace.org(org)).id)
    policies = () if closed else None
    made = await servers.create_server(workplace.store, ServerDraft(name, audience), PATH, change, policies=policies)
    homes = [domain for domain in await workplace.store.domains() if domain.org_id == change.org_id]
    say(f"Added {made.name} ({made.id}).", *(f"Issuer: {made.issuer(domain)}" for domain in homes))
    if closed:
        say("It gives nobody tokens until it has a policy with a rule.")


async def show_all(workplace: Workplace, *, org: str | None) -> None:
    """Every custom authorization server of the org, one on a line."""
    found = await servers.list_servers(workplace.store, workplace.change((await workplace.org(org)).id))
    rows = [(each.id, each.path, each.audience, each.status, each.name) for each in found]
    head = ("ID", "PATH", "AUDIENCE", "STATUS", "NAME")
    say(*columns([head, *rows])) if rows else say("There are no authorization servers yet.")
