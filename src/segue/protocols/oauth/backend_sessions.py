"""The sign-in that an application keeps at our side in order to hand it over to another one.

It comes with the tokens of whoever is granted the scope for it, lives as browser sessions of the org do, and no cookie
names it. The ID token names it as ``sid``; the access token's credential and a refresh token's family remember it. It
ends with a change of the user, with a sign-out by an administrator, or with its code being used twice.
"""

from dataclasses import dataclass, replace
from typing import Final

from segue.core.application import Application
from segue.core.assurance import to_data
from segue.core.credential import NewCredential
from segue.core.secret import new_id, partition_of
from segue.core.verdict import Check
from segue.events import Event
from segue.protocols.oauth.errors import refusal
from segue.protocols.oauth.issue import BACKEND_SESSION, Parent
from segue.protocols.oauth.profile import TokenFacts
from segue.protocols.oauth.token_request import TokenRequest, Tools
from segue.signin.sessions import BACKEND_KINDS, keep_alive
from segue.stores import TrustStore

_ID_PREFIX: Final = "bes"
_NOT_AN_ORIGIN: Final = "No application takes sign-ins from this one, so it may not ask for that scope."


@dataclass(frozen=True, slots=True)
class Kept:
    """``facts`` with the session that its tokens belong to; ``credentials`` and ``events`` are written with them where
    the session is new."""

    facts: TokenFacts
    credentials: tuple[NewCredential, ...] = ()
    events: tuple[Event, ...] = ()


async def check_origin(trust: TrustStore, app: Application, scope: str) -> None:
    """Raises Refusal ``invalid_scope`` unless the application stands in the trust map as an origin (NW-01)."""
    if await trust.trusting_targets_of(app.org_id, app.id, limit=1):
        return
    mend = f"Let another application take sign-ins from it: segue trust add <target> {app.id}"
    check = Check("stands_as_origin", False, "an entry in the trust map", "none", mend)
    raise refusal("invalid_scope", _NOT_AN_ORIGIN, check, app_id=app.id)


async def keep_session(asked: TokenRequest, tools: Tools, facts: TokenFacts, parent: Parent) -> Kept:
    """The backend session of tokens that are about to be given, where they have the scope for one.

    Refreshed tokens belong to the session of the first ones, and using it keeps it alive; one that has ended is not
    made again. Raises Refusal ``invalid_scope``.
    """
    scope = tools.issuer.profile.hand_off_scope
    if not scope or scope not in facts.scopes:
        return Kept(facts)
    await check_origin(tools.door.store, facts.app, scope)
    known = facts.kept.get(BACKEND_SESSION)
    if isinstance(known, str):
        live = await tools.store.find(facts.user.org_id, known, None, BACKEND_KINDS)
        if live is not None:
            await keep_alive(tools.store, live.credential, org=asked.request.site.org, now_at=asked.where.now_at)
        return Kept(facts)
    credential = _new_session(asked, facts, parent)
    event = asked.where.event(
        "session.backend", user_id=facts.user.id, app_id=facts.app.id, credential_id=credential.id
    )
    return Kept(replace(facts, kept={**facts.kept, BACKEND_SESSION: credential.id}), (credential,), (event,))


def _new_session(asked: TokenRequest, facts: TokenFacts, parent: Parent) -> NewCredential:
    where, settings = asked.where, asked.request.site.org.settings
    ident = new_id(_ID_PREFIX, partition_of(facts.user.id), where.now_at, where.source.random)
    return NewCredential(
        org_id=facts.user.org_id,
        id=ident,
        kind="backend_session",
        digest=b"",
        life_ms=settings.session_life_s * 1000,
        idle_ms=settings.session_idle_s * 1000,
        user_id=facts.user.id,
        user_stamp=facts.user.stamp,
        parent_id=parent.id,
        root_id=parent.root_id or ident,
        bind_path=parent.bind_path,
        app_id=facts.app.id,
        domain=where.domain,
        server_id=asked.server.id,
        data={"assurance": to_data(facts.assurance)},
    )
