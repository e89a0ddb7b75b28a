"""The trust map: which applications may hand a sign-in over to a target. One way, and only between two of an org."""

from collections.abc import Sequence

from segue.admin import prefixes
from segue.admin.applications import find_application
from segue.admin.change import Change, invalid, missing
from segue.core.application import Application
from segue.core.trust import TrustEntry
from segue.events import Event
from segue.stores import NotFound, Store


async def trust_application(store: Store, target_id: str, origin_id: str, change: Change) -> TrustEntry:
    """Lets ``origin_id`` hand sign-ins over to ``target_id``; an entry that is there already is answered as it is.

    Raises Refusal ``not_found`` where there is no such target, ``invalid_value`` where one of the two cannot take its
    part or the target trusts as many as the org's setting allows.
    """
    target = _as_target(await find_application(store, target_id, change))
    known = await store.trust_entry(change.org_id, target.id, origin_id)
    if known is not None:
        return known
    origin = _as_origin(await store.application(change.org_id, origin_id), origin_id, target)
    entry = TrustEntry(
        id=change.new_id(prefixes.TRUST_ENTRY),
        org_id=change.org_id,
        target_app_id=target.id,
        origin_app_id=origin.id,
        created_at=change.now_at,
        created_by=change.actor_id,
    )
    most = await _limit(store, change)
    try:
        added = await store.add_trust(entry, most=most, event=_event("trust.add", target.id, origin.id, change))
    except NotFound:
        raise missing("application", target.id, "The application was removed at the same moment.") from None
    if added:
        return entry
    known = await store.trust_entry(change.org_id, target.id, origin.id)
    if known is not None:  # somebody else added it at the same moment
        return known
    raise invalid("trust_limit", f"An application trusts at most {most} others.", seen=target.id)


async def list_trusted(
    store: Store, target_id: str, change: Change, *, after: str = "", limit: int = 100
) -> Sequence[TrustEntry]:
    """Whom a target trusts, in order of the origin's id. Raises Refusal ``not_found``."""
    target = await find_application(store, target_id, change)
    return await store.trusted_origins_of(change.org_id, target.id, after=after, limit=limit)


async def list_targets(
    store: Store, origin_id: str, change: Change, *, after: str = "", limit: int = 100
) -> Sequence[TrustEntry]:
    """By whom an origin is trusted, in order of the target's id. Raises Refusal ``not_found``."""
    origin = await find_application(store, origin_id, change)
    return await store.trusting_targets_of(change.org_id, origin.id, after=after, limit=limit)


async def distrust_application(store: Store, target_id: str, origin_id: str, change: Change) -> None:
    """Takes the trust back: what was handed over and is not yet used stops working at once. Raises Refusal
    ``not_found``."""
    event = _event("trust.remove", target_id, origin_id, change)
    if not await store.remove_trust(change.org_id, target_id, origin_id, event):
        raise missing("trust_entry", f"{target_id} {origin_id}", "The application does not trust that one.")


def _as_target(app: Application) -> Application:
    if app.oidc is None and app.saml is None and app.wsfed is None:
        raise invalid("target", "The target is an OpenID Connect, a SAML or a WS-Federation application.", seen=app.id)
    if not app.active:
        raise invalid("target", "The target is not active.", expected="active", seen=app.status)
    return app


def _as_origin(app: Application | None, origin_id: str, target: Application) -> Application:
    if app is None:
        raise invalid("origin", "There is no such application to trust.", seen=origin_id[:256])
    if app.id == target.id:
        raise invalid("origin", "An application does not need to trust itself.", seen=app.id)
    if app.oidc is None:
        raise invalid("origin", "Only an OpenID Connect application can hand a sign-in over.", seen=app.id)
    if not app.active:
        raise invalid("origin", "The application to trust is not active.", expected="active", seen=app.status)
    return app


async def _limit(store: Store, change: Change) -> int:
    org = await store.org(change.org_id)
    if org is None:
        raise missing("org", change.org_id, "There is no such org.")
    return org.settings.trust_limit


def _event(type: str, target_id: str, origin_id: str, change: Change) -> Event:
    return change.event(type, app_id=target_id, origin_app_id=origin_id)
