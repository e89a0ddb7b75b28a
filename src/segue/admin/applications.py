"""Applications: registered, changed, given a secret, assigned. Creating and changing pass the same checks (DC-01)."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from segue.admin import prefixes
from segue.admin.application_rules import check_bookmark, check_links, check_oidc, check_saml, check_wsfed
from segue.admin.change import Change, changed_fields, invalid, missing, overtaken, taken
from segue.admin.keys import ensure_token_keys, signs_tokens_by
from segue.admin.scope_grants import check_reach_of
from segue.admin.text import check_label
from segue.core.application import (
    Application,
    AppLink,
    Bookmark,
    OidcClient,
    SamlServiceProvider,
    SessionTransfer,
    WhenOtherUser,
    WsFedRelyingParty,
)
from segue.core.refusal import Refusal
from segue.core.requirement import Requirement
from segue.core.sealing import Sealer
from segue.core.secret import digest, new_secret
from segue.core.strict import JsonValue
from segue.core.verdict import Check, Verdict
from segue.events import Event
from segue.stores import AlreadyExists, NotFound, Store
from segue.tokens.keys import DEFAULT_ALGORITHM

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9_\-]{0,62}[a-z0-9])?")
_MOST_SECRETS: Final = 2
_SCAN: Final = 200
_BY_SECRET: Final = frozenset({"client_secret_basic", "client_secret_post"})
_FIRST_LINK: Final = "start"
_TAKEN = {
    "client_id": "There is an application with this client id already.",
    "external_key": "There is an application with this external key already.",
}


@dataclass(frozen=True, slots=True)
class Traits:
    """What an application of any protocol has. ``name`` is part of its addresses; empty, it is made from the label.

    ``links`` are those of the dashboard; an application that can be started from a link and names none gets one. A link
    without an id gets one.
    """

    label: str
    name: str = ""
    everyone: bool = False
    requirement: Requirement = field(default_factory=Requirement)
    home_authority: str = ""
    when_other_user: WhenOtherUser | None = None
    links: tuple[AppLink, ...] = ()
    status: Literal["active", "inactive"] = "active"
    annotations: Mapping[str, JsonValue] = field(default_factory=dict)
    session_transfer: SessionTransfer | None = None


@dataclass(frozen=True, slots=True)
class Registered:
    """A new application, and the one time its client secret is seen (None for a client without one)."""

    application: Application
    client_secret: str | None = field(default=None, repr=False)


async def create_oidc(
    store: Store,
    traits: Traits,
    client: OidcClient,
    change: Change,
    *,
    local_names: Collection[str] = (),
    sealer: Sealer | None = None,
) -> Registered:
    """Registers an OpenID Connect client.

    An empty ``client.client_id`` becomes the application's id. A confidential client gets a secret made here, whatever
    digests came along. With ``sealer`` the first application of an algorithm brings about the key it needs; without, an
    algorithm that the org cannot sign with is refused. Raises Refusal ``invalid_value`` or ``already_exists``.
    """
    blank = await _blank(store, traits, change)
    secret = new_secret(change.random) if client.has_secret else None
    oidc = replace(
        client,
        client_id=client.client_id or blank.id,
        secret_digests=() if secret is None else (digest(secret),),
        scope_grants=(),
    )
    check_oidc(oidc, local_names)
    await _check_algorithm(store, oidc, change, sealer)
    application = _with_links(replace(blank, oidc=oidc), traits, change, local_names)
    event = change.event("application.create", app_id=application.id, protocol="oidc")
    await put_application(store, application, event)
    return Registered(application, secret)


async def create_saml(
    store: Store, traits: Traits, provider: SamlServiceProvider, change: Change, *, local_names: Collection[str] = ()
) -> Registered:
    """Registers a SAML service provider. ``traits.home_authority`` is the domain whose issuer it sees.

    Raises Refusal ``invalid_value`` or ``already_exists``.
    """
    check_saml(provider, local_names)
    blank = replace(await _blank(store, traits, change), saml=provider)
    application = _with_links(blank, traits, change, local_names)
    await _check_home(store, application)
    event = change.event("application.create", app_id=application.id, protocol="saml")
    await put_application(store, application, event)
    return Registered(application)


async def create_wsfed(
    store: Store, traits: Traits, party: WsFedRelyingParty, change: Change, *, local_names: Collection[str] = ()
) -> Registered:
    """Registers a WS-Federation relying party. ``traits.home_authority`` is the domain whose issuer it sees.

    Raises Refusal ``invalid_value`` or ``already_exists``.
    """
    check_wsfed(party, local_names)
    blank = replace(await _blank(store, traits, change), wsfed=party)
    application = _with_links(blank, traits, change, local_names)
    await _check_home(store, application)
    event = change.event("application.create", app_id=application.id, protocol="wsfed")
    await put_application(store, application, event)
    return Registered(application)


async def create_bookmark(
    store: Store, traits: Traits, bookmark: Bookmark, change: Change, *, local_names: Collection[str] = ()
) -> Registered:
    """Registers an address that people reach through their dashboard. Raises Refusal ``invalid_value``."""
    check_bookmark(bookmark, local_names)
    blank = replace(await _blank(store, traits, change), bookmark=bookmark)
    application = _with_links(blank, traits, change, local_names)
    event = change.event("application.create", app_id=application.id, protocol="bookmark")
    await put_application(store, application, event)
    return Registered(application)


async def update_application(
    store: Store,
    changed: Application,
    change: Change,
    *,
    local_names: Collection[str] = (),
    sealer: Sealer | None = None,
) -> Application:
    """Replaces an application's settings. Its id, external key and secrets stay what they are; ``sealer`` is for a new
    algorithm, as in :func:`create_oidc`. Raises Refusal."""
    made = await replace_application(store, changed, change, local_names=local_names, sealer=sealer, gives_secret=False)
    return made.application


async def replace_application(
    store: Store,
    changed: Application,
    change: Change,
    *,
    local_names: Collection[str] = (),
    sealer: Sealer | None = None,
    gives_secret: bool = True,
) -> Registered:
    """As :func:`update_application`; a client that comes to need a secret and has none gets one, which is told here
    this one time. Without ``gives_secret`` that is refused. Raises Refusal."""
    known = await find_application(store, changed.id, change)
    check_reach_of(known, change)
    oidc, secret = changed.oidc, None
    if oidc is not None:
        kept = known.oidc or OidcClient("")
        oidc = replace(oidc, secret_digests=kept.secret_digests, secrets=kept.secrets, scope_grants=kept.scope_grants)
        if gives_secret and oidc.authentication in _BY_SECRET and not oidc.secret_digests:
            secret = new_secret(change.random)
            oidc = replace(oidc, secret_digests=(digest(secret),))
        check_oidc(oidc, local_names)
        await _check_algorithm(store, oidc, change, sealer)
    if changed.saml is not None:
        check_saml(changed.saml, local_names)
    if changed.wsfed is not None:
        check_wsfed(changed.wsfed, local_names)
    if changed.bookmark is not None:
        check_bookmark(changed.bookmark, local_names)
    check_links(changed, local_names)
    after = replace(
        changed,
        org_id=known.org_id,
        external_key=known.external_key,
        name=_check_name(changed.name),
        label=check_label("label", changed.label),
        oidc=oidc,
        updated_at=change.now_at,
    )
    await _check_home(store, after)
    if not after.links and _startable(after) and not _startable(known):
        after = replace(after, links=(AppLink(change.new_id(prefixes.APP_LINK), _FIRST_LINK, after.label),))
    fields = changed_fields(_parts(known), _parts(replace(after, updated_at=known.updated_at)))
    await put_application(store, after, change.event("application.update", app_id=after.id, fields=fields))
    return Registered(after, secret)


async def set_status(store: Store, app_id: str, status: Literal["active", "inactive"], change: Change) -> Application:
    """Puts an application out of use, or into use again: nobody signs in to an inactive one, by any way. A status that
    it has already is no change. Raises Refusal ``not_found``."""
    known = await find_application(store, app_id, change)
    if known.status == status:
        return known
    after = replace(known, status=status, updated_at=change.now_at)
    await put_application(
        store, after, change.event("application.status", app_id=app_id, before=known.status, after=status)
    )
    return after


async def remove_application(store: Store, app_id: str, change: Change) -> None:
    """Removes an application that is inactive, with everything that assigns it or trusts it. Raises Refusal
    ``not_found``, ``application_in_use`` where it is active."""
    known = await find_application(store, app_id, change)
    if known.active:
        public = "An active application is not deleted: deactivate it first."
        check = Check("application_inactive", passed=False, expected="inactive", seen=known.status, mend=public)
        raise Refusal("application_in_use", public, Verdict((check,), rule="administration"), app_id=app_id)
    await store.remove_trust_of(change.org_id, app_id, change.event("trust.remove_all", app_id=app_id))
    try:
        event = change.event("application.delete", app_id=app_id)
        removed = await store.remove_application(change.org_id, app_id, event)
    except NotFound:
        removed = False
    if not removed:
        raise overtaken("application", app_id)


async def new_client_secret(store: Store, app_id: str, change: Change, *, keep_old: bool) -> tuple[Application, str]:
    """Gives a client a new secret, shown here once. With ``keep_old`` the newest earlier one stays valid beside it, so
    that the application can be changed over; without, every earlier one is dead at once. Raises Refusal."""
    known = await find_application(store, app_id, change)
    check_reach_of(known, change)
    if known.oidc is None or not known.oidc.has_secret:
        raise invalid("authentication", "This application has no client secret.")
    secret = new_secret(change.random)
    kept = known.oidc.secret_digests[: _MOST_SECRETS - 1] if keep_old else ()
    recorded = tuple(each for each in known.oidc.secrets if each.digest in kept)
    after = replace(known, oidc=replace(known.oidc, secret_digests=(digest(secret), *kept), secrets=recorded))
    await put_application(store, after, change.event("application.secret", app_id=app_id, kept_old=bool(kept)))
    return after, secret


async def find_application(store: Store, app_id: str, change: Change) -> Application:
    """The application of that id. Raises Refusal ``not_found``."""
    known = await store.application(change.org_id, app_id)
    if known is None:
        raise missing("application", app_id, "There is no such application.")
    return known


async def list_applications(
    store: Store, change: Change, *, after: str = "", limit: int = 100
) -> Sequence[Application]:
    """Applications in order of id, a page at a time; ``after`` is the last id of the page before."""
    return await store.applications(change.org_id, after=after, limit=limit)


async def find_applications(
    store: Store, change: Change, fits: Callable[[Application], bool], *, after: str = "", limit: int = 100
) -> Sequence[Application]:
    """The next ``limit`` applications in order of id that ``fits`` is true of."""
    found: list[Application] = []
    while len(found) < limit and (page := await list_applications(store, change, after=after, limit=_SCAN)):
        found += filter(fits, page)
        after = page[-1].id
    return found[:limit]


async def assign(store: Store, app_id: str, user_id: str, change: Change) -> None:
    """Lets a user use an application; a second time changes nothing. Raises Refusal ``not_found``."""
    event = change.event("application.assign", user_id=user_id, app_id=app_id)
    try:
        await store.assign(change.org_id, app_id, user_id, event)
    except NotFound:
        raise missing("assignment", f"{app_id} {user_id}", "There is no such application or no such user.") from None


async def unassign(store: Store, app_id: str, user_id: str, change: Change) -> bool:
    """Takes an application away from a user; whether they had it."""
    event = change.event("application.unassign", user_id=user_id, app_id=app_id)
    return await store.unassign(change.org_id, app_id, user_id, event)


async def _blank(store: Store, traits: Traits, change: Change) -> Application:
    """A new application without a protocol."""
    label = check_label("label", traits.label)
    return Application(
        id=change.new_id(prefixes.APPLICATION),
        org_id=change.org_id,
        name=_check_name(traits.name or slug(label)),
        label=label,
        external_key=change.new_id(prefixes.EXTERNAL_KEY),
        requirement=traits.requirement,
        home_authority=traits.home_authority,
        everyone=traits.everyone,
        when_other_user=traits.when_other_user,
        status=traits.status,
        annotations=traits.annotations,
        updated_at=change.now_at,
        session_transfer=traits.session_transfer,
    )


def _with_links(blank: Application, traits: Traits, change: Change, local_names: Collection[str]) -> Application:
    """The application with its links; the first one of an application that names none is called ``start``."""
    links = traits.links
    if not links and _startable(blank):
        links = (AppLink("", _FIRST_LINK, blank.label),)
    named = tuple(replace(link, id=link.id or change.new_id(prefixes.APP_LINK)) for link in links)
    application = replace(blank, links=named)
    check_links(application, local_names)
    return application


def _startable(app: Application) -> bool:
    """Whether a link can start the application: an OpenID Connect client begins its sign-in itself."""
    return app.oidc is None or bool(app.oidc.initiate_login_uri)


async def put_application(store: Store, application: Application, event: Event) -> None:
    """Writes an application whose settings were checked. Raises Refusal ``already_exists``."""
    try:
        await store.put_application(application, event)
    except AlreadyExists as error:
        raise taken(error.what, _TAKEN.get(error.what, "There is an application of this name already.")) from None


async def _check_algorithm(store: Store, client: OidcClient, change: Change, sealer: Sealer | None) -> None:
    """Every authorization server of the org has to be able to sign the application's ID tokens."""
    algorithm = client.id_token_algorithm
    if algorithm == DEFAULT_ALGORITHM:
        return
    if sealer is not None:
        await ensure_token_keys(store, sealer, algorithm, change=change)
    elif not await signs_tokens_by(store, algorithm, change):
        text = f"The org has no key that signs by {algorithm}: make one first (segue key rotate)."
        raise invalid("id_token_algorithm", text, seen=algorithm)


async def _check_home(store: Store, application: Application) -> None:
    """Who reads assertions belongs to one domain: issuer, entity id and NameID come from there."""
    reads_assertions = application.saml is not None or application.wsfed is not None
    if not reads_assertions and not application.home_authority:
        return
    domain = await store.domain(application.home_authority)
    if domain is None or domain.org_id != application.org_id:
        raise invalid("home_authority", "The home domain is one of the org's own.", seen=application.home_authority)


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise invalid("name", "The name has 1 to 64 lower-case letters, digits, - and _, and is part of addresses.")
    return name


def slug(label: str) -> str:
    """``label`` as a part of an address."""
    return re.sub(r"[^a-z0-9]+", "_", label.lower())[:64].strip("_") or "app"


def _parts(application: Application) -> dict[str, object]:
    return {name: getattr(application, name) for name in application.__slots__}
