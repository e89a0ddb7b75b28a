"""Orgs: made whole in one call, given domains, settings and authorization servers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from typing import Final, get_args

from segue.admin import prefixes
from segue.admin.addresses import read_domain
from segue.admin.change import Change, changed_fields, invalid, missing, taken
from segue.admin.groups import ensure_everyone
from segue.admin.keys import ASSERTION_KEYS, TOKEN_KEYS, ensure_first_key
from segue.admin.text import check_label
from segue.core.factor import FactorType
from segue.core.org import AuthorizationServer, Domain, Org, OrgSettings
from segue.core.sealing import Sealer
from segue.core.server import ServerScope
from segue.core.trust import MOST_TRUSTED
from segue.stores import AlreadyExists, Store

_CODE_S = range(10, 301)
_TOKEN_S = range(60, 86_401)
_LOCKOUT_ATTEMPTS = range(3, 101)
_LOCKOUT_S = range(60, 7 * 86_400 + 1)
_SESSION_S = range(60, 90 * 86_400 + 1)
_PASSWORD_LENGTH = range(8, 65)
_PASSWORD_DAYS = range(3651)
_REMEMBER_S = range(365 * 86_400 + 1)
_MOST_LINKS: Final = 50
_TRUST_LIMIT = range(1, MOST_TRUSTED + 1)


@dataclass(frozen=True, slots=True)
class NewServer:
    """An authorization server to begin with. ``path`` follows the domain in its issuer; ``audience`` "" means the
    issuer itself. Both are the dialect's to choose."""

    name: str
    path: str
    audience: str = ""
    scopes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewOrg:
    """An org with its first domain (``https://id.example.com``), which speaks ``dialect``."""

    name: str
    base_url: str
    dialect: str
    servers: tuple[NewServer, ...]
    settings: OrgSettings = field(default_factory=OrgSettings)


@dataclass(frozen=True, slots=True)
class Established:
    """An org that is complete; ``made`` names what this call had to make, in words for people."""

    org: Org
    domain: Domain
    servers: tuple[AuthorizationServer, ...]
    made: tuple[str, ...]


async def establish_org(
    store: Store, sealer: Sealer, new: NewOrg, change: Change, *, local_names: Collection[str] = ()
) -> Established:
    """The org at ``new.base_url`` with everything it needs to serve, made where it is missing.

    The domain is written last, so the org is reachable only when it is whole; a call that was cut short is finished by
    calling again. Raises Refusal ``invalid_value``; ``already_exists`` where the domain speaks another dialect.
    """
    name = check_label("name", new.name)
    wanted = read_domain(new.base_url, org_id="", dialect=new.dialect, local_names=local_names)
    known = await store.domain(wanted.authority)
    if known is not None and (known.dialect, known.scheme) != (wanted.dialect, wanted.scheme):
        raise taken("domain", f"{wanted.authority} is a domain of an org already, with other settings.")
    made: list[str] = []
    org = await _known_org(store, known, name)
    if org is None:
        org = Org(id=change.new_id(prefixes.ORG), name=name, settings=_checked(new.settings))
        change = change.of(org.id)
        await store.put_org(org, change.event("org.create", name=name))
        made.append(f"org {name}")
    change = change.of(org.id)
    await ensure_everyone(store, change)
    for key_set in (TOKEN_KEYS, ASSERTION_KEYS):
        if not await store.signing_keys(org.id, key_set):
            await ensure_first_key(store, sealer, key_set, name=wanted.authority, change=change)
            made.append(f"signing key of the set {key_set}")
    servers = await _ensure_servers(store, new.servers, change, made)
    domain = known or replace(wanted, org_id=org.id)
    if known is None:
        await _put_domain(store, domain, change)
        made.append(f"domain {domain.base_url}")
    return Established(org, domain, servers, tuple(made))


async def add_domain(
    store: Store, base_url: str, dialect: str, change: Change, *, local_names: Collection[str] = ()
) -> Domain:
    """Gives the org another domain. Raises Refusal ``invalid_value``, ``already_exists``."""
    domain = read_domain(base_url, org_id=change.org_id, dialect=dialect, local_names=local_names)
    if await store.domain(domain.authority) is not None:
        raise taken("domain", f"{domain.authority} is a domain of an org already.")
    await _put_domain(store, domain, change)
    return domain


async def remove_domain(store: Store, authority: str, change: Change) -> None:
    """Takes a domain away; its issuers and links stop working at once. Raises Refusal ``not_found``."""
    domain = await store.domain(authority)
    if domain is None or domain.org_id != change.org_id:
        raise missing("domain", authority, "The org has no such domain.")
    await store.remove_domain(authority, change.event("domain.remove", authority=authority, dialect=domain.dialect))


async def change_settings(store: Store, settings: OrgSettings, change: Change, *, name: str | None = None) -> Org:
    """Replaces an org's settings, and its name where one is given. Raises Refusal."""
    org = await store.org(change.org_id)
    if org is None:
        raise missing("org", change.org_id, "There is no such org.")
    after = replace(org, settings=_checked(settings), name=org.name if name is None else check_label("name", name))
    fields = changed_fields(_parts(org.settings), _parts(settings))
    await store.put_org(after, change.event("org.settings", fields=fields, name=after.name))
    return after


async def put_server(store: Store, server: AuthorizationServer, change: Change) -> AuthorizationServer:
    """Adds or replaces an authorization server.

    Raises Refusal ``invalid_value``, or ``already_exists`` where another one has its path.
    """
    checked = replace(server, name=check_label("name", server.name), org_id=change.org_id)
    _check_range("access_token_s", checked.access_token_s, _TOKEN_S)
    _check_range("id_token_s", checked.id_token_s, _TOKEN_S)
    _check_range("code_s", checked.code_s, _CODE_S)
    _check_path(checked.path)
    others = await store.authorization_servers(change.org_id)
    if any(other.path == checked.path and other.id != checked.id for other in others):
        raise taken("path", "Another authorization server of the org has this path.")
    event = change.event("authorization_server.put", server_id=checked.id, path=checked.path, audience=checked.audience)
    await store.put_authorization_server(checked, event)
    return checked


async def _known_org(store: Store, domain: Domain | None, name: str) -> Org | None:
    """The org of the domain; without one, the org of that name that no domain leads to: a start that was cut short."""
    if domain is not None:
        return await store.org(domain.org_id)
    reachable = {known.org_id for known in await store.domains()}
    unreachable = [org for org in await store.orgs() if org.name == name and org.id not in reachable]
    return unreachable[0] if unreachable else None


async def _ensure_servers(
    store: Store, wanted: Sequence[NewServer], change: Change, made: list[str]
) -> tuple[AuthorizationServer, ...]:
    known = {server.path: server for server in await store.authorization_servers(change.org_id)}
    for new in wanted:
        if new.path not in known:
            server = AuthorizationServer(
                id=change.new_id(prefixes.AUTHORIZATION_SERVER),
                org_id=change.org_id,
                name=new.name,
                path=new.path,
                audience=new.audience,
                key_set=TOKEN_KEYS,
                scopes={name: ServerScope(name, description=text) for name, text in new.scopes.items()},
            )
            known[new.path] = await put_server(store, server, change)
            made.append(f"authorization server {new.name}")
    return tuple(known[new.path] for new in wanted)


async def _put_domain(store: Store, domain: Domain, change: Change) -> None:
    event = change.event("domain.add", authority=domain.authority, dialect=domain.dialect)
    try:
        await store.put_domain(domain, event)
    except AlreadyExists:
        raise taken("domain", f"{domain.authority} is a domain of an org already.") from None


def _checked(settings: OrgSettings) -> OrgSettings:
    _check_range("lockout_attempts", settings.lockout_attempts, _LOCKOUT_ATTEMPTS)
    _check_range("lockout_s", settings.lockout_s, _LOCKOUT_S)
    _check_range("session_idle_s", settings.session_idle_s, _SESSION_S)
    _check_range("session_life_s", settings.session_life_s, _SESSION_S)
    _check_range("trust_limit", settings.trust_limit, _TRUST_LIMIT)
    _check_range("remember_device_s", settings.remember_device_s, _REMEMBER_S)
    _check_range("password_rules.min_length", settings.password_rules.min_length, _PASSWORD_LENGTH)
    _check_range("password_rules.expire_days", settings.password_rules.expire_days, _PASSWORD_DAYS)
    _check_range("password_rules.warn_days", settings.password_rules.warn_days, _PASSWORD_DAYS)
    if len(settings.landing_links) > _MOST_LINKS:
        raise invalid("landing_links", f"The start page shows at most {_MOST_LINKS} links.")
    unknown = sorted({*settings.factors} - {*get_args(FactorType)})
    if unknown:
        raise invalid("factors", f"There is no factor called {unknown[0][:40]}.", seen=unknown[0][:40])
    for gateway in settings.gateways:
        _check_gateway(gateway)
    return settings


def _check_gateway(text: str) -> None:
    """A network of everybody would let every trusted caller name any address, so it is refused."""
    try:
        everybody = ip_network(text).prefixlen == 0
    except ValueError:
        raise invalid("gateways", "A gateway is an address or a network, such as 192.0.2.0/24.") from None
    if everybody:
        raise invalid("gateways", "A network of everybody is no gateway; name the addresses of your own.")


def _check_range(name: str, value: int, allowed: range) -> None:
    if value not in allowed:
        raise invalid(name, f"{name} is a number from {allowed[0]} to {allowed[-1]}.", seen=str(value))


def _check_path(path: str) -> None:
    segments = path.split("/")
    plain = all(segment and segment.replace("-", "").replace("_", "").isalnum() for segment in segments)
    if path and not (path.isascii() and plain and len(path) <= 100):
        raise invalid("path", "The path of an issuer has letters, digits, - and _ between single slashes.")


def _parts(settings: OrgSettings) -> dict[str, object]:
    return {name: getattr(settings, name) for name in settings.__slots__}
