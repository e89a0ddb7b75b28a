"""``segue app …``: applications added and listed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from segue.admin import applications
from segue.admin.applications import Registered, Traits
from segue.admin.change import Change
from segue.cli.workplace import Problem, Workplace, columns, say
from segue.core.application import Application, Bookmark, OidcClient, SamlServiceProvider, WsFedRelyingParty
from segue.core.org import Domain, Org
from segue.dialects.okta.protocols import addresses_of

_PAGE: Final = 100
PROTOCOLS: Final = ("oidc", "saml", "wsfed", "bookmark")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asked for. ``addresses`` are redirect, consumer or reply addresses, or where a bookmark
    leads; ``identity`` is the entity id or realm that the application calls itself by."""

    label: str
    protocol: str
    addresses: tuple[str, ...]
    identity: str = ""
    public: bool = False
    start: str = ""
    everyone: bool = False


async def add(workplace: Workplace, wanted: Wanted, *, org: str | None) -> None:
    """Registers an application and says what its developer needs. Raises Problem, Refusal."""
    home = await home_of(workplace, await workplace.org(org))
    made = await _register(workplace, wanted, home)
    app = made.application
    say(f"Added {app.label} ({app.id}).", *facts(app, home))
    if made.client_secret is not None:
        say(f"Client secret: {made.client_secret}   (shown this once)")
    if not app.everyone:
        say("Nobody is assigned to it yet.")


async def show_all(workplace: Workplace, *, org: str | None) -> None:
    """Every application of the org, one on a line."""
    change = workplace.change((await workplace.org(org)).id)
    apps = await every(workplace, change)
    rows: list[tuple[str, ...]] = [(app.id, app.name, protocol_of(app), app.status, app.label) for app in apps]
    head = ("ID", "NAME", "PROTOCOL", "STATUS", "LABEL")
    say(*columns([head, *rows])) if rows else say("There are no applications yet.")


async def every(workplace: Workplace, change: Change) -> list[Application]:
    """All applications of an org."""
    apps: list[Application] = []
    after = ""
    while page := await applications.list_applications(workplace.store, change, after=after, limit=_PAGE):
        apps += page
        after = page[-1].id
    return apps


def named(apps: list[Application], name: str) -> Application:
    """The application of that id or client id, or the only one of that name or label. Raises Problem."""
    by_id = [app for app in apps if name in (app.id, app.oidc.client_id if app.oidc else None)]
    found = by_id or [app for app in apps if name in (app.name, app.label)]
    if len(found) == 1:
        return found[0]
    why = "There is no application" if not found else "There are several applications"
    raise Problem(f"{why} called {name}: `segue app list` shows their ids.")


async def _register(workplace: Workplace, wanted: Wanted, home: Domain) -> Registered:
    store, change, local = workplace.store, workplace.change(home.org_id), workplace.settings.local_names
    traits = Traits(label=wanted.label, everyone=wanted.everyone)
    homed = Traits(label=wanted.label, everyone=wanted.everyone, home_authority=home.authority)
    match wanted.protocol:
        case "oidc":
            client = OidcClient(
                client_id="",
                redirect_uris=wanted.addresses,
                authentication="none" if wanted.public else "client_secret_basic",
                initiate_login_uri=wanted.start,
            )
            return await applications.create_oidc(store, traits, client, change, local_names=local)
        case "saml":
            provider = SamlServiceProvider(wanted.identity, wanted.addresses)
            return await applications.create_saml(store, homed, provider, change, local_names=local)
        case "wsfed":
            party = WsFedRelyingParty(wanted.identity, wanted.addresses)
            return await applications.create_wsfed(store, homed, party, change, local_names=local)
        case "bookmark" if len(wanted.addresses) == 1:
            bookmark = Bookmark(wanted.addresses[0])
            return await applications.create_bookmark(store, traits, bookmark, change, local_names=local)
        case "bookmark":
            raise Problem("A bookmark has one address: give it with --address.")
    raise Problem(f"The protocol is one of: {', '.join(PROTOCOLS)}.")


async def home_of(workplace: Workplace, org: Org) -> Domain:
    """The first domain of the org, by name: its issuer is what an application sees."""
    domains = sorted(await workplace.store.domains(), key=lambda domain: domain.authority)
    for domain in domains:
        if domain.org_id == org.id:
            return domain
    raise Problem(f"{org.name} has no domain yet: run `segue init --domain` first.")


def facts(app: Application, home: Domain) -> Sequence[str]:
    """What the developer of an application needs to know."""
    client = [f"Client id: {app.oidc.client_id}"] if app.oidc is not None else []
    return [*client, *(f"{what}: {address}" for what, address in addresses_of(app, home))]


def protocol_of(app: Application) -> str:
    """``oidc``, ``saml``, ``wsfed`` or ``bookmark``."""
    given = {"oidc": app.oidc, "saml": app.saml, "wsfed": app.wsfed, "bookmark": app.bookmark}
    return next((name for name, settings in given.items() if settings is not None), "")
