"""Exchanging a sign-in for a ticket to another application.

The order of the checks is the order of what a caller may learn: first that the tokens are its own and of one sign-in,
then that the target exists, that it trusts the caller, that the user may use it, and that the sign-in still goes on.
"""

from typing import Final

from segue.core.application import Application
from segue.core.assurance import Assurance, from_data
from segue.core.credential import Credential
from segue.core.refusal import Refusal
from segue.core.requirement import Requirement
from segue.core.secret import partition_of
from segue.core.user import Subject
from segue.core.verdict import Check, Verdict
from segue.handoff.kinds import KINDS
from segue.handoff.signed import HandingOver, mint_signed
from segue.policy.access import AccessQuestion, decide_access
from segue.policy.trust import TrustQuestion, decide_trust
from segue.protocols.oauth.errors import refusal
from segue.protocols.oauth.profile import TicketExchange
from segue.protocols.oauth.token_pair import Pair, read_pair, session_ended
from segue.protocols.oauth.token_request import TokenRequest, Tokens, Tools
from segue.signin.sessions import BACKEND_KINDS, keep_alive
from segue.stores import Commit, Guard
from segue.web.sign_in_limits import BY_BACKEND_SESSION, check_standing

# RFC 8693 2.2.1: the answer is no access token, whatever the member it stands in is called.
_NO_ACCESS_TOKEN: Final = "N_A"  # a name, no secret
_NOT_OF_TICKETS: Final = ("scope", "resource")
_PUBLIC: Final = {
    "target_permitted": ("target_not_permitted", "The application of the audience takes no sign-ins."),
    "trusted": ("not_trusted", "The application of the audience does not take sign-ins from this one."),
}
_NOT_ASSIGNED: Final = "The user may not use the application of the audience."
_NO_TARGET: Final = "The audience has to be one application of this org."
_CHANGED: Final = "Something changed during the exchange. Try again."


async def exchange_ticket(asked: TokenRequest, tools: Tools, exchange: TicketExchange) -> Tokens:
    """A ticket for the application that ``audience`` names, carrying what was proved at the backend session.

    Raises Refusal: those of ``read_pair``; ``invalid_target``; ``target_not_permitted``, ``not_trusted``;
    ``access_denied`` where the user may not use the target; ``invalid_grant`` where the session ended;
    ``rate_limited``.
    """
    for name in _NOT_OF_TICKETS:
        if asked.get(name):
            text = f"This exchange takes no {name}."
            raise _refused(asked, "invalid_request", text, Check(name, False, "nothing", "something", text))
    pair = await read_pair(asked, tools, exchange.scope)
    target = await _target(asked, tools, exchange.audience_prefix)
    session = await _session(asked, tools, pair)
    await _check_trust(asked, tools, pair, target, session)
    assurance = from_data(session.data["assurance"]) if session else Assurance()
    await _check_access(asked, tools, pair, target, assurance)
    if session is None:
        raise _ended(asked, pair)
    check_standing(tools.limits.limiter.take(BY_BACKEND_SESSION, session.id))
    handing = HandingOver(
        user=pair.subject.user,
        assurance=assurance,
        session=session,
        origin=asked.client.app,
        target=target,
        server=asked.server,
        issuer=asked.issuer,
        audience=f"{exchange.audience_prefix}{target.id}",
        also_binds=pair.actor.lineage_path,
    )
    return await _give(asked, tools, exchange, handing)


async def _target(asked: TokenRequest, tools: Tools, prefix: str) -> Application:
    """The one active application of this org that ``audience`` names, by its id or by its client id (NW-04)."""
    named = asked.form.all("audience")
    if len(named) > 1 or not asked.get("audience"):
        seen = f"{len(named)} values"
        raise _no_target(asked, seen)
    audience = named[0]
    name = audience.removeprefix(prefix)
    app = None
    if audience.startswith(prefix) and name:
        config, org_id = tools.door.config, asked.where.org_id
        app = await config.application(org_id, name) or await config.application_by_client_id(org_id, name)
    if app is None or not app.active:
        raise _no_target(asked, audience[:256])
    return app


async def _session(asked: TokenRequest, tools: Tools, pair: Pair) -> Credential | None:
    """The backend session, which its use keeps alive; None where it has ended."""
    found = await tools.store.find(asked.where.org_id, pair.session_id, None, BACKEND_KINDS)
    if found is None or found.credential.app_id != asked.client.app.id:
        return None
    await keep_alive(tools.store, found.credential, org=asked.request.site.org, now_at=asked.where.now_at)
    return found.credential


async def _check_trust(
    asked: TokenRequest, tools: Tools, pair: Pair, target: Application, session: Credential | None
) -> None:
    origin = asked.client.app
    entry = await tools.door.store.standing_trust(origin.org_id, target.id, origin.id)
    verdict = decide_trust(TrustQuestion(origin.id, target, entry, session_live=session is not None))
    failure = verdict.failure
    if failure is not None and failure.name in _PUBLIC:
        reason, public = _PUBLIC[failure.name]
        raise Refusal(reason, public, verdict, user_id=pair.subject.user.id, app_id=origin.id)


async def _check_access(
    asked: TokenRequest, tools: Tools, pair: Pair, target: Application, assurance: Assurance
) -> Subject:
    """Whether the user may use the target at all; what they still have to prove for it is asked when the ticket is
    used."""
    user = pair.subject.user
    subject = await tools.door.store.subject(user.org_id, user.id, target.id) or Subject(user)
    question = AccessQuestion(subject, target, Requirement(), assurance, asked.where.now_at)
    verdict = decide_access(question).verdict
    if not verdict.allowed:
        raise Refusal("access_denied", _NOT_ASSIGNED, verdict, user_id=user.id, app_id=asked.client.app.id)
    return subject


def _ended(asked: TokenRequest, pair: Pair) -> Refusal:
    mend = "The user has to sign in to the application again; look for an event about this session."
    check = Check("session_live", False, "a live backend session", "ended", mend)
    return session_ended(asked, pair, Verdict((check,), rule="token_exchange"))


async def _give(asked: TokenRequest, tools: Tools, exchange: TicketExchange, handing: HandingOver) -> Tokens:
    where, kind = asked.where, KINDS[exchange.kind]
    token, credential = await mint_signed(kind, handing, signing=tools.issuer.signing, where=where)
    user, target = handing.user, handing.target
    detail = {"kind": kind.kind, "target_app_id": target.id, "session": handing.session.id, "server": asked.server.id}
    event = where.event(
        "ticket.exchange", user_id=user.id, app_id=handing.origin.id, credential_id=credential.id, detail=detail
    )
    live_ids = credential.bind_path
    guard = Guard(user.id, user.stamp, target.id, assigned=not target.everyone, live_ids=live_ids)
    commit = Commit(where.org_id, partition_of(user.id), (event,), guard, credentials=(credential,))
    if not await tools.store.commit(commit):
        mend = "Look for an event about the user, the session or the application just before this one."
        check = Check("unchanged_since_decision", False, "as they were", "changed", mend)
        raise _refused(asked, "invalid_grant", _CHANGED, check, user_id=user.id)
    return Tokens(
        token,
        kind.life_ms // 1000,
        (),
        token_type=_NO_ACCESS_TOKEN,
        issued_token_type=asked.get("requested_token_type"),
    )


def _no_target(asked: TokenRequest, seen: str) -> Refusal:
    mend = "Send one audience: the application's id with its prefix."
    check = Check("audience", False, "one active application of this org", seen, mend)
    return _refused(asked, "invalid_target", _NO_TARGET, check)


def _refused(asked: TokenRequest, code: str, text: str, *checks: Check, user_id: str | None = None) -> Refusal:
    return refusal(code, text, *checks, app_id=asked.client.app.id, user_id=user_id)
