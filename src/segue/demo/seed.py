"""The demo's org: made on the first run, made whole again on every later one, and re-pointed when addresses change.

Everything goes through :mod:`segue.admin`. What the database keeps only digests of (passwords, client secrets, the API
token) is kept in the demo's folder; where either side was lost, a new secret is made. So a run that was cut short is
finished by the next.
"""

from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import Final

from segue.admin import applications, orgs, origins, roles, tokens, users
from segue.admin.change import Change
from segue.admin.orgs import NewOrg, NewServer
from segue.admin.users import NewUser
from segue.core.application import Application
from segue.core.identifiers import normalise_password
from segue.core.org import Org, OrgSettings
from segue.core.refusal import Refusal
from segue.core.secret import RandomBytes, read_bearer
from segue.core.user import User
from segue.demo.addresses import Addresses
from segue.demo.seed_apps import seed_applications
from segue.demo.seed_native import seed_trust
from segue.demo.seed_second_factor import ensure_group, ensure_member, ensure_totp
from segue.demo.workplace import Workplace

_ORG: Final = "Segue demo"
_DIALECT: Final = "okta"
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_MAIL: Final = "harborbooks.example"
ADMIN: Final = "admin"

_PEOPLE: Final = {
    "ann": ("Ann", "Lindqvist", "Europe/Stockholm"),
    "bob": ("Bob", "Okafor", "Africa/Lagos"),
    "otp": ("Otto", "Petersen", "Europe/Copenhagen"),
    "outsider": ("Olga", "Outsider", "Europe/Lisbon"),
    "half": ("Hal", "Halvorsen", "Europe/Oslo"),
    "stepup": ("Stella", "Upham", "Europe/London"),
}
_ASSIGNED: Final = ("ann", "bob", "otp", "stepup")
_ASSIGNED_TO_NATIVE: Final = "half"
_SECOND_FACTOR: Final = "otp"
_WITH_TOTP: Final = ("otp", "stepup")
_REMEMBER_DEVICE_S: Final = 15 * 60


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
    group = await ensure_group(at, change)
    await _settings(at, established.org, addresses, group.id, change)
    people = {name: await _person(at, name, change) for name in _PEOPLE}
    admin = await _person(at, ADMIN, change)
    await roles.assign_role(at.store, admin.user, "owner", change)
    await ensure_member(at, group, people[_SECOND_FACTOR].user, change)
    for name in _WITH_TOTP:
        await ensure_totp(at, name, people[name].user, established.org, established.domain, change)
    apps = await seed_applications(at, addresses, change)
    for app in apps.values():
        for name in _ASSIGNED:
            await applications.assign(at.store, app.id, people[name].user.id, change)
    await applications.assign(at.store, apps["native"].id, people[_ASSIGNED_TO_NATIVE].user.id, change)
    await seed_trust(at, apps, change)
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


async def _settings(at: Workplace, org: Org, addresses: Addresses, group_id: str, change: Change) -> None:
    links = (
        ("Login page", addresses.login, "Harbor Books: a custom login page that calls the Authentication API"),
        ("Web app", addresses.web, "Harbor Orders: OpenID Connect"),
        ("SAML app", addresses.saml, "Harbor Library: SAML 2.0"),
        ("WS-Federation app", addresses.wsfed, "Harbor Ledger: WS-Federation with a SAML 2.0 token"),
        ("Playground", addresses.playground, "Each flow step by step, with every request"),
    )
    wanted: OrgSettings = replace(
        org.settings,
        landing_links=links,
        second_factor_groups=(group_id,),
        remember_device_s=_REMEMBER_DEVICE_S,
        session_image=True,
    )
    if wanted != org.settings:
        await orgs.change_settings(at.store, wanted, change)


async def _person(at: Workplace, name: str, change: Change) -> Person:
    """The user of that name, with a password that is known: a new one where it got lost, and the one that is known
    where somebody tried what a forgotten password leads to."""
    login = ADMIN if name == ADMIN else f"{name}@{_MAIL}"
    known = await _existing(users.find_user(at.store, login, change))
    kept = at.kept.passwords.get(name)
    if known is not None and kept is not None and await _is_password(at, known, kept):
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


async def _is_password(at: Workplace, user: User, password: str) -> bool:
    return (await at.hasher.verify(user.password_hash, normalise_password(password))).ok


def _profile(name: str, login: str) -> dict[str, str]:
    if name not in _PEOPLE:
        return {}
    first, last, zone = _PEOPLE[name]
    return {"firstName": first, "lastName": last, "email": login, "locale": "en_GB", "timezone": zone}


async def _trust_origins(at: Workplace, addresses: Addresses, change: Change) -> None:
    """Trusts the origins of today; those that the demo had at other ports are trusted no more."""
    wanted = {
        "Harbor Books login page": addresses.login,
        "Harbor Books login page (foreign site)": addresses.foreign_login,
        "Harbor Orders": addresses.web,
        "Harbor Library": addresses.saml,
        "Harbor Shelf": addresses.spa,
        "Playground": addresses.playground,
        "Harbor Ledger": addresses.wsfed,
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
