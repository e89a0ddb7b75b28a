"""What an application may do in administration by itself: permissions granted to it one by one.

Nobody grants more than they have. Whoever holds an application's keys can do all that was granted to it, so an actor
changes no application that was granted more than they may themselves (MG-02).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from segue.admin import prefixes
from segue.admin.actor import OWN_ACCOUNT, PERMISSIONS
from segue.admin.change import Change, invalid, missing
from segue.core.application import Application, ScopeGrant
from segue.core.refusal import Refusal
from segue.core.verdict import Check, Verdict
from segue.stores import Store

_MEND: Final = "Ask somebody who may do themselves what the application may do."


async def grant_scope(store: Store, app_id: str, permission: str, change: Change) -> ScopeGrant:
    """Lets an application act with a permission (``users.read``); one it has already stays as it is.

    Raises Refusal ``invalid_value``, ``not_found``, ``forbidden``.
    """
    app = await _client(store, app_id, change)
    known = next((grant for grant in _grants(app) if grant.permission == permission), None)
    if known is not None:
        return known
    if permission not in PERMISSIONS | OWN_ACCOUNT:
        raise invalid("scopeId", "There is no such scope of administration.", seen=permission[:128])
    if change.actor is not None and not change.actor.covers({permission.removesuffix(".self")}):
        raise _forbidden(permission)
    grant = ScopeGrant(change.new_id(prefixes.SCOPE_GRANT), permission, change.now_at, change.actor_id)
    event = change.event("application.grant", app_id=app.id, permission=permission)
    await store.put_application(_with(app, (*_grants(app), grant)), event)
    return grant


async def revoke_scope(store: Store, app_id: str, grant_id: str, change: Change) -> None:
    """Takes a grant back; tokens of the application may do that no more at once. Raises Refusal ``not_found``."""
    app = await _client(store, app_id, change)
    left = tuple(grant for grant in _grants(app) if grant.id != grant_id)
    if len(left) == len(_grants(app)):
        raise missing("grant", grant_id, "The application has no such grant.")
    event = change.event("application.revoke", app_id=app.id, grant_id=grant_id)
    await store.put_application(_with(app, left), event)


async def scope_grants_of(store: Store, app_id: str, change: Change) -> Sequence[ScopeGrant]:
    """The grants of an application, oldest first. Raises Refusal ``not_found``."""
    return _grants(await _client(store, app_id, change))


def check_reach_of(app: Application, change: Change) -> None:
    """Raises Refusal ``forbidden`` where the application may do what whoever makes the change may not."""
    granted = app.oidc.granted_permissions if app.oidc is not None else frozenset()
    if change.actor is not None and not change.actor.covers(each.removesuffix(".self") for each in granted):
        raise _forbidden(" ".join(sorted(granted)))


async def _client(store: Store, app_id: str, change: Change) -> Application:
    app = await store.application(change.org_id, app_id)
    if app is None or app.oidc is None:
        raise missing("application", app_id, "There is no such OpenID Connect application.")
    return app


def _grants(app: Application) -> tuple[ScopeGrant, ...]:
    return app.oidc.scope_grants if app.oidc is not None else ()


def _with(app: Application, grants: tuple[ScopeGrant, ...]) -> Application:
    return replace(app, oidc=replace(app.oidc, scope_grants=grants)) if app.oidc is not None else app


def _forbidden(seen: str) -> Refusal:
    check = Check("granted_permissions", passed=False, expected="no more than one's own", seen=seen[:256], mend=_MEND)
    return Refusal("forbidden", "You are not allowed to do this.", Verdict((check,), rule="scope_grant"))
