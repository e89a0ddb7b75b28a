"""The resource owner password credentials grant (RFC 6749 4.3), for clients that an administrator allows it.

RFC 9700 2.4 advises against it: the client sees the password, and nobody can be asked for more. So it proves what a
password proves and no more (NW-10): the same limits, lock-out and timing as every other way to try a password, and
where the org or the application asks for a second factor the answer is no.
"""

from typing import Final

from segue.core.refusal import Refusal
from segue.core.verdict import Check, Verdict
from segue.policy.password_age import password_state
from segue.protocols.oauth import scopes
from segue.protocols.oauth.giving import Basis, give
from segue.protocols.oauth.issue import Parent
from segue.protocols.oauth.profile import TokenFacts
from segue.protocols.oauth.token_request import TokenRequest, Tokens, Tools
from segue.signin.decide import decide
from segue.signin.request import Answer, Proved, Refused, SignedIn, SignInRequest
from segue.web.sign_in_limits import check_standing

_MORE_NEEDED: Final = "More than a password is asked for here, and this grant cannot ask for it. Sign in by a browser."
_EXPIRED: Final = "The password has expired and has to be changed first."
_CHANGED: Final = "Something about the account changed during the sign-in. Try again."
_NO_ROOT: Final = Parent(None, None, ())


async def password(asked: TokenRequest, tools: Tools) -> Tokens:
    """Tokens for a user name and a password. Raises Refusal ``invalid_grant``, ``invalid_scope``, ``access_denied``
    where the user may not use the application, ``rate_limited``; PoolFull."""
    login, secret = asked.need("username"), asked.need("password")
    app, profile = asked.client.app, tools.issuer.profile
    wanted = scopes.decide(asked.get("scope"), asked.server, asked.client.oidc, profile, offline=True)
    granted = scopes.granted(wanted, app)
    check_standing(await tools.limits.take(asked.request, login))
    signed_in = await _sign_in(asked, tools, login, secret)
    called = signed_in.subject.user_name
    facts = TokenFacts(asked.server, asked.issuer, app, signed_in.user, granted, signed_in.assurance, user_name=called)
    tokens = await give(asked, tools, Basis(facts, _NO_ROOT, signed_in.live_ids, events=signed_in.events))
    if tokens is None:
        check = Check("unchanged_since_decision", passed=False, mend="Look for an event about the user just before.")
        raise _refused(asked, _CHANGED, Verdict((check,), rule="write_guard"), signed_in.user.id)
    return tokens


async def _sign_in(asked: TokenRequest, tools: Tools, login: str, secret: str) -> SignedIn:
    """Somebody whose password is right and of whom no more is asked. No cookie of the request counts here."""
    org = asked.request.site.org
    try:
        proved = await tools.door.transactions.password(org, login, secret, asked.where)
    except Refusal as refusal:
        raise _refused(asked, refusal.public, refusal.verdict, refusal.user_id) from None
    user = proved.subject.user
    if password_state(org.settings.password_rules, user, asked.where.now_at) == "ended":
        check = Check("password_current", passed=False, seen="expired", mend="Sign in by a browser to change it.")
        raise _refused(asked, _EXPIRED, Verdict((check,), rule="password"), user.id)
    answer = await decide(_request(asked), tools.door.store, proved)
    if isinstance(answer, SignedIn):
        return answer
    raise _no(asked, answer, proved)


def _request(asked: TokenRequest) -> SignInRequest:
    """The sign-in that a grant stands for: nobody can be shown a page."""
    site = asked.request.site
    return SignInRequest("token", site.org, site.domain, asked.where, asked.client.app, passive=True)


def _no(asked: TokenRequest, answer: Answer, proved: Proved) -> Refusal:
    """Why somebody with the right password gets no tokens. Whether they may use the application at all is told, as at
    the authorization endpoint; everything else is a sign-in that a password is not enough for."""
    user_id = proved.subject.user.id
    if not isinstance(answer, Refused):
        check = Check("password_enough", passed=False, seen=type(answer).__name__.lower(), mend=_MORE_NEEDED)
        return _refused(asked, _MORE_NEEDED, Verdict((check,), rule="password"), user_id)
    refusal = answer.refusal
    if refusal.reason == "access_denied":
        return refusal
    return _refused(asked, _MORE_NEEDED, refusal.verdict, user_id)


def _refused(asked: TokenRequest, public: str, verdict: Verdict, user_id: str | None) -> Refusal:
    """RFC 6749 5.2: whatever is wrong with the user name or the password is ``invalid_grant``."""
    return Refusal("invalid_grant", public, verdict, user_id=user_id, app_id=asked.client.app.id)
