"""The demo's org: made on the first run, made whole again on every later one, and re-pointed when addresses change.

Everything goes through :mod:`segue.admin`. What the database keeps only digests of (passwords, client secrets, the API
token) is kept in the demo's folder; where either side was lost, a new secret is made. So a run that was cut short is
finished by the next.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from segue.admin import applications, orgs, origins, tokens, users
from segue.admin.applications import Traits
from segue.admin.change import Change
from segue.admin.orgs import NewOrg, NewServer
from segue.admin.users import NewUser
from segue.core.application import Application, OidcClient, SamlServiceProvider
from segue.core.clock import Source
from segue.core.org import Org, OrgSettings
from segue.core.refusal import Refusal
from segue.core.sealing import Sealer
from segue.core.secret import RandomBytes, read_bearer
from segue.core.user import User
from segue.demo.addresses import Addresses
from segue.demo.folder import Kept
from segue.events import Circumstances
from segue.signin.passwords import PasswordHasher
from segue.stores import Store

_ORG: Final = "Segue demo"
_ACTOR: Final = "demo"
_DIALECT: Final = "okta"
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_MAIL: Final = "harborbooks.example"
ADMIN: Final = "admin"

_PEOPLE: Final = {
    "ann": ("Ann", "Lindqvist", "Europe/Stockholm"),
    "bob": ("Bob", "Okafor", "Africa/Lagos"),
    "outsider": ("Olga", "Outsider", "Europe/Lisbon"),
}
_ASSIGNED: Final = ("ann", "bob")


@dataclass(frozen=True, slots=True)
class Workplace:
    """What seeding works with. ``save`` writes the secrets in ``kept`` to the demo's folder, before they matter."""

    store: Store
    sealer: Sealer
    hasher: PasswordHasher
    source: Source
    kept: Kept
    save: Callable[[], None]

    def change(self, org_id: str) -> Change:
        return Change(Circumstances(org_id, self.source.now_at(), self.source), _ACTOR)


@dataclass(frozen=True, slots=True)
class Person:
    """A user and the password they sign in with."""

    user: User
    password: str

    @property
    def login(self) -> str:
        return self.user.login


@dataclass(frozen=True, slots=True)
class Seeded:
    """The demo's org as it is now; keys of ``people`` and ``apps`` are the manifest's."""

    people: dict[str, Person]
    apps: dict[str, Application]
    admin: Person


async def seed(at: Workplace, addresses: Addresses, servers: tuple[NewServer, ...]) -> Seeded:
    """Makes the org what ``addresses`` need; raises Refusal, StoreUnavailable, PoolFull, OSError.

    ``servers`` are the authorization servers that clients of the dialect expect.
    """
    await _point_to(at, addresses.idp)
    new = NewOrg(name=_ORG, base_url=addresses.idp, dialect=_DIALECT, servers=servers)
    established = await orgs.establish_org(at.store, at.sealer, new, at.change(""))
    change = at.change(established.org.id)
    await _settings(at, established.org, addresses, change)
    people = {name: await _person(at, name, change) for name in _PEOPLE}
    admin = await _person(at, ADMIN, change)
    apps = await _applications(at, addresses, change)
    for app in apps.values():
        for name in _ASSIGNED:
            await applications.assign(at.store, app.id, people[name].user.id, change)
    await _trust_origins(at, addresses, change)
    await _api_token(at, admin.user, change)
    return Seeded(people, apps, admin)


async def _point_to(at: Workplace, base_url: str) -> None:
    """Gives the org of an earlier run its address of today instead of those it had: the database is the demo's own."""
    domains = await at.store.domains()
    for domain in domains:
        if domain.base_url != base_url:
            await orgs.remove_domain(at.store, domain.authority, at.change(domain.org_id))
    if domains and base_url not in [domain.base_url for domain in domains]:
        await orgs.add_domain(at.store, base_url, _DIALECT, at.change(domains[0].org_id))


async def _settings(at: Workplace, org: Org, addresses: Addresses, change: Change) -> None:
    links = (
        ("Login page", addresses.login, "Harbor Books: a custom login page that calls the Authentication API"),
        ("Web app", addresses.web, "Harbor Orders: OpenID Connect"),
        ("SAML app", addresses.saml, "Harbor Library: SAML 2.0"),
        ("Playground", addresses.playground, "Each flow step by step, with every request"),
    )
    wanted: OrgSettings = replace(org.settings, landing_links=links)
    if wanted != org.settings:
        await orgs.change_settings(at.store, wanted, change)


async def _person(at: Workplace, name: str, change: Change) -> Person:
    """The user of that name, with a password that is known: a new one where it got lost."""
    login = ADMIN if name == ADMIN else f"{name}@{_MAIL}"
    known = await _existing(users.find_user(at.store, login, change))
    kept = at.kept.passwords.get(name)
    if known is not None and kept is not None:
        return Person(known, kept)
    password = kept or new_password(at.source.random)
    at.kept.passwords[name] = password
    if name == ADMIN:
        at.kept.announced = False
    at.save()
    if known is not None:
        return Person(await users.set_password(at.store, at.hasher, known.id, password, change), password)
    new = NewUser(login, _profile(name, login), password, limits_exempt=name != ADMIN)
    return Person(await users.add_user(at.store, at.hasher, new, change), password)


def _profile(name: str, login: str) -> dict[str, str]:
    if name not in _PEOPLE:
        return {}
    first, last, zone = _PEOPLE[name]
    return {"firstName": first, "lastName": last, "email": login, "locale": "en_GB", "timezone": zone}


async def _applications(at: Workplace, addresses: Addresses, change: Change) -> dict[str, Application]:
    known = {app.name: app for app in await applications.list_applications(at.store, change)}
    web = _web_client(f"{addresses.web}/callback", f"{addresses.web}/signed-out")
    playground = _web_client(f"{addresses.playground}/callback", f"{addresses.playground}/")
    spa = OidcClient(
        client_id="",
        redirect_uris=(f"{addresses.spa}/callback",),
        post_logout_redirect_uris=(f"{addresses.spa}/",),
        authentication="none",
    )
    saml = SamlServiceProvider(
        entity_id=f"{addresses.saml}/metadata",
        # The second one is the playground's, which stands in for the app to show the response.
        acs_urls=(f"{addresses.saml}/acs", f"{addresses.playground}/saml/acs"),
        attributes={"firstName": "firstName", "lastName": "lastName", "email": "email"},
    )
    home = urlsplit(addresses.idp).netloc
    return {
        "web": await _oidc(at, "web", Traits(label="Harbor Orders", name="harbor_orders"), web, known, change),
        "spa": await _oidc(at, "spa", Traits(label="Harbor Shelf", name="harbor_shelf"), spa, known, change),
        "playground": await _oidc(
            at, "playground", Traits(label="Playground", name="playground"), playground, known, change
        ),
        "saml": await _saml(
            at, Traits(label="Harbor Library", name="harbor_library", home_authority=home), saml, known, change
        ),
    }


def _web_client(redirect_uri: str, post_logout_redirect_uri: str) -> OidcClient:
    """A client with a secret that may ask for a code or for an ID token."""
    return OidcClient(
        client_id="",
        redirect_uris=(redirect_uri,),
        post_logout_redirect_uris=(post_logout_redirect_uri,),
        response_types=frozenset({"code", "id_token"}),
        grant_types=frozenset({"authorization_code", "implicit"}),
    )


async def _oidc(
    at: Workplace, key: str, traits: Traits, client: OidcClient, known: dict[str, Application], change: Change
) -> Application:
    app = known.get(traits.name)
    if app is None or app.oidc is None:
        registered = await applications.create_oidc(at.store, traits, client, change)
        if registered.client_secret is not None:
            _keep_client_secret(at, key, registered.client_secret)
        return registered.application
    oidc = replace(client, client_id=app.oidc.client_id, secret_digests=app.oidc.secret_digests)
    app = await _updated(at, app, replace(app, label=traits.label, oidc=oidc), change)
    if not client.public and key not in at.kept.client_secrets:
        app, secret = await applications.new_client_secret(at.store, app.id, change, keep_old=False)
        _keep_client_secret(at, key, secret)
    return app


async def _saml(
    at: Workplace, traits: Traits, provider: SamlServiceProvider, known: dict[str, Application], change: Change
) -> Application:
    app = known.get(traits.name)
    if app is None:
        return (await applications.create_saml(at.store, traits, provider, change)).application
    after = replace(app, label=traits.label, saml=provider, home_authority=traits.home_authority)
    return await _updated(at, app, after, change)


async def _updated(at: Workplace, before: Application, after: Application, change: Change) -> Application:
    return before if after == before else await applications.update_application(at.store, after, change)


def _keep_client_secret(at: Workplace, key: str, secret: str) -> None:
    at.kept.client_secrets[key] = secret
    at.save()


async def _trust_origins(at: Workplace, addresses: Addresses, change: Change) -> None:
    """Trusts the origins of today; those that the demo had at other ports are trusted no more."""
    wanted = {
        "Harbor Books login page": addresses.login,
        "Harbor Books login page (foreign site)": addresses.foreign_login,
        "Harbor Orders": addresses.web,
        "Harbor Library": addresses.saml,
        "Harbor Shelf": addresses.spa,
        "Playground": addresses.playground,
    }
    active = [known for known in await at.store.trusted_origins(change.org_id) if known.status == "active"]
    for known in active:
        if known.name in wanted and known.origin != wanted[known.name]:
            await origins.distrust_origin(at.store, known.id, change)
    trusted = {known.origin for known in active}
    for name, origin in wanted.items():
        if origin not in trusted:
            await origins.trust_origin(at.store, name=name, origin=origin, scopes=("CORS", "REDIRECT"), change=change)


async def _api_token(at: Workplace, owner: User, change: Change) -> None:
    """An API token of the administrator: the one there is, unless it has ended."""
    bearer = read_bearer(at.kept.api_token)
    if bearer and await at.store.find(change.org_id, bearer.id, bearer.digest, frozenset({"api_token"})):
        return
    minted = await tokens.mint_api_token(at.store, owner, "Demo", change)
    at.kept.api_token = minted.bearer.text
    at.save()


async def _existing(looking: Awaitable[User]) -> User | None:
    try:
        return await looking
    except Refusal as refusal:
        if refusal.reason != "not_found":
            raise
        return None


def new_password(random: RandomBytes) -> str:
    """Three groups of four characters that nobody mistakes for others: 59 bits, easy to type on a phone."""
    number = int.from_bytes(random(16), "big")
    chars = []
    for _ in range(12):
        number, rest = divmod(number, len(_ALPHABET))
        chars.append(_ALPHABET[rest])
    return "-".join("".join(chars[start : start + 4]) for start in (0, 4, 8))
