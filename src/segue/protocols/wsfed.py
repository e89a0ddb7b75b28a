"""WS-Federation passive sign-in (WS-Federation 1.2, section 13): one more front channel over the same assertions.

``wsignin1.0`` becomes a sign-in request and comes back as a page that posts ``wresult``. The answer goes to a
registered reply address and nowhere else (WF-01), and ``wctx`` goes back as it came.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from segue.core.application import Application, WsFedRelyingParty
from segue.core.clock import Source
from segue.core.credential import Participation
from segue.core.org import Domain
from segue.core.refusal import Refusal
from segue.core.requirement import Requirement
from segue.core.strict import Params
from segue.core.verdict import Check, Verdict
from segue.handoff.kinds import Slot
from segue.protocols.saml.assertion import Attribute, Envelope, Statement, new_id
from segue.protocols.saml.keys import SigningKey
from segue.protocols.saml.request import ServiceProvider
from segue.protocols.saml.security_token import build_token_response
from segue.signin.request import SignedIn, SignInRequest
from segue.signin.sessions import session_id
from segue.stores import ConfigStore
from segue.tokens.claims import profile_value
from segue.tokens.signing import Signing
from segue.web.error_page import error_page
from segue.web.frontchannel import Finished, FrontDoor
from segue.web.message import AutoPost, Request, Response
from segue.web.presented_ticket import carried

CHANNEL: Final = "wsfed"
SIGN_IN: Final = "wsignin1.0"
_LONGEST_CONTEXT_BYTES: Final = 4096
_MAX_SKEW_MS: Final = 10 * 60_000
_PUBLIC: Final = "The application's sign-in request cannot be answered as it is."


@dataclass(frozen=True, slots=True)
class WsFedProfile:
    """What a dialect decides: the entity id we have for an application, the slots that carry a ticket, the key set, and
    the realm that an application may also call itself by."""

    entity_id: Callable[[Application, Domain], str]
    ticket_slots: tuple[Slot, ...]
    other_realm: Callable[[Application], str]
    key_set: str = "main"


@dataclass(frozen=True, slots=True)
class WsFedSignOn:
    """The passive endpoint of one dialect, and the front channel that finishes its requests."""

    door: FrontDoor
    config: ConfigStore
    signing: Signing
    source: Source
    profile: WsFedProfile

    @property
    def name(self) -> str:
        return CHANNEL

    async def sign_on(self, request: Request, app: Application) -> Response:
        """Answers ``wa=wsignin1.0`` at the address of ``app``. Raises Refusal before anything is spent (F1-03)."""
        party, params = _party(app), request.params
        verdict = _check(params, party, (party.realm, self.profile.other_realm(app)), request.now_at)
        if not verdict.allowed:
            raise Refusal("wsfed_request", _PUBLIC, verdict, app_id=app.id)
        reply_url, context = params.get("wreply") or party.reply_urls[0], params.get("wctx")
        return await self._begin(request, app, reply_url, context, _requirement(params.get("wfresh"), request.now_at))

    async def start(self, request: Request, app: Application, target: str) -> Response:
        """Answers unsolicited, at the default reply address: a link of ours starts the application.

        ``target`` is the context of that link; one in the request's query goes first.
        """
        context = request.query.get("wctx")
        verdict = Verdict((_check_context(context or ""),), rule="wsfed_request")
        if not verdict.allowed:
            raise Refusal("wsfed_request", _PUBLIC, verdict, app_id=app.id)
        if context is None:
            context = target or None
        return await self._begin(request, app, _party(app).reply_urls[0], context, Requirement())

    async def _begin(
        self, request: Request, app: Application, reply_url: str, context: str | None, requirement: Requirement
    ) -> Response:
        wanted = self.door.sign_in_request(
            request,
            channel=CHANNEL,
            app=app,
            parameters={"reply_url": reply_url, "context": context},
            requirement=requirement,
            ticket=await carried(self.door, request, self.profile.ticket_slots, app, request.query, request.form),
        )
        return await self.door.begin(request, wanted)

    async def finish(self, request: SignInRequest, signed_in: SignedIn) -> Finished:
        """A page that posts the signed token to the reply address. Raises Refusal where no NameID can be given."""
        app = _required_app(request)
        party = _party(app)
        name_id = profile_value(signed_in.subject.for_application, party.name_id_from) or ""
        if not name_id:
            raise _no_name(signed_in, app, party)
        statement = Statement(
            name_id=name_id,
            session_index=new_id(self.source.random),
            authn_instant_at=signed_in.assurance.auth_time_at,
            attributes=_attributes(party, signed_in),
        )
        envelope, key = await self._envelope(request, app, party), await self._key(request)
        document = await asyncio.to_thread(
            build_token_response, envelope, statement, key, saml11=party.token_type == "saml11"
        )
        event = request.circumstances.event(
            "wsfed.sign_on", user_id=signed_in.user.id, app_id=app.id, detail={"reply_url": envelope.acs_url}
        )
        participation = Participation(session_id(signed_in.session), app.id, CHANNEL, name_id, statement.session_index)
        return Finished(_post(document, request), participations=(participation,), events=(event,))

    async def refuse(self, request: SignInRequest, refusal: Refusal, event_id: str) -> Response:
        """A page: the passive profile has no message that says no."""
        return error_page(refusal, event_id)

    async def _envelope(self, request: SignInRequest, app: Application, party: WsFedRelyingParty) -> Envelope:
        home = request.domain
        if app.home_authority and app.home_authority != home.authority:
            home = await self.config.domain(app.home_authority) or home
        provider = ServiceProvider(
            entity_id=party.realm,
            acs_urls=party.reply_urls,
            name_id_format=party.name_id_format,
            audience=party.audience,
            lifetime_s=party.assertion_s,
        )
        return Envelope(
            issuer=party.idp_entity_id or self.profile.entity_id(app, home),
            sp=provider,
            acs_url=str(request.parameters["reply_url"]),
            in_response_to=None,
            response_id=new_id(self.source.random),
            assertion_id=new_id(self.source.random),
            now_at=request.circumstances.now_at,
        )

    async def _key(self, request: SignInRequest) -> SigningKey:
        key = await self.signing.current(request.org.id, self.profile.key_set, request.circumstances.now_at)
        return SigningKey(self.signing.ring.private_key(key.kid), self.signing.ring.certificate(key.kid))


def _check(params: Params, party: WsFedRelyingParty, realms: tuple[str, ...], now_at: int) -> Verdict:
    """WF-01, WF-02, WF-03: every check is made, so that the trail shows all there is to mend."""
    action, realm, reply = params.get("wa"), params.get("wtrealm"), params.get("wreply")
    checks = (
        Check("action", action == SIGN_IN, SIGN_IN, action or "", "Send wa=wsignin1.0."),
        Check("realm", realm in realms, party.realm, realm or "", "Send the realm this application registered."),
        Check(
            "reply_address",
            reply is None or reply in party.reply_urls,
            " ".join(party.reply_urls),
            reply or "",
            "Register this wreply, exactly as the request spells it, or leave it out.",
        ),
        _check_context(params.get("wctx") or ""),
        Check("request_by_reference", params.get("wreqptr") is None, "no wreqptr", mend="Leave wreqptr out."),
        _check_time(params.get("wct"), now_at),
        _check_fresh(params.get("wfresh")),
    )
    return Verdict(checks, rule="wsfed_request")


def _check_context(context: str) -> Check:
    return Check(
        "context_size",
        len(context.encode()) <= _LONGEST_CONTEXT_BYTES,
        f"at most {_LONGEST_CONTEXT_BYTES} bytes",
        mend="Keep the state at the application and send a short key to it.",
    )


def _check_time(wct: str | None, now_at: int) -> Check:
    """``wct`` is the requestor's clock: an old address from a history must not start a sign-in."""
    mend = "Send the time of the request as yyyy-mm-ddThh:mm:ssZ, or leave wct out."
    if wct is None:
        return Check("request_time", passed=True)
    try:
        moment = datetime.strptime(wct, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return Check("request_time", passed=False, expected="a time", seen="something else", mend=mend)
    age = now_at - int(moment.timestamp() * 1000)
    return Check("request_time", abs(age) <= _MAX_SKEW_MS, f"within {_MAX_SKEW_MS} ms", f"{age} ms old", mend)


def _check_fresh(wfresh: str | None) -> Check:
    passed = wfresh is None or (wfresh.isascii() and wfresh.isdigit() and len(wfresh) <= 6)
    return Check("fresh", passed, "minutes", mend="Send wfresh as a number of minutes.")


def _requirement(wfresh: str | None, now_at: int) -> Requirement:
    """``wfresh`` is the greatest age of the sign-in in minutes; 0 asks for a new one (WF-04)."""
    if wfresh is None:
        return Requirement()
    minutes = int(wfresh)
    return Requirement(max_age_s=minutes * 60) if minutes else Requirement(fresh_after_at=now_at)


def _party(app: Application) -> WsFedRelyingParty:
    if app.wsfed is None:
        raise ValueError("the application is no WS-Federation relying party")
    return app.wsfed


def _required_app(request: SignInRequest) -> Application:
    if request.app is None:
        raise ValueError("a WS-Federation sign-in request names its application")
    return request.app


def _attributes(party: WsFedRelyingParty, signed_in: SignedIn) -> tuple[Attribute, ...]:
    user = signed_in.subject.for_application
    found = ((name, profile_value(user, field)) for name, field in party.attributes.items())
    return tuple(Attribute(name, (value,)) for name, value in found if value)


def _no_name(signed_in: SignedIn, app: Application, party: WsFedRelyingParty) -> Refusal:
    mend = f"Fill {party.name_id_from} in the user's profile, or name another field in the application."
    check = Check("name_id", passed=False, expected=f"a value for {party.name_id_from}", mend=mend)
    public = "The application cannot be told who you are in the way it asks for."
    return Refusal("access_denied", public, Verdict((check,), "wsfed"), user_id=signed_in.user.id, app_id=app.id)


def _post(document: bytes, request: SignInRequest) -> AutoPost:
    fields = [("wa", SIGN_IN), ("wresult", document.decode())]
    context = request.parameters["context"]
    if context is not None:
        fields.append(("wctx", str(context)))
    return AutoPost(action=str(request.parameters["reply_url"]), fields=tuple(fields))
