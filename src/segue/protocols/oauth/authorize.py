"""The authorization endpoint: a request is read, handed to the front door, and finished for whoever signed in."""

from dataclasses import dataclass, field

from segue.core.application import Application
from segue.core.credential import NewCredential, Participation
from segue.core.org import AuthorizationServer
from segue.core.refusal import Refusal
from segue.core.requirement import Requirement
from segue.core.url import registered_redirect
from segue.core.verdict import Check
from segue.events import Event
from segue.handoff.redeem import PresentedTicket
from segue.protocols.oauth import errors
from segue.protocols.oauth import request as requests
from segue.protocols.oauth.backend_sessions import check_origin
from segue.protocols.oauth.hints import bad_hint, read_hint
from segue.protocols.oauth.issue import Issuer, Parent, Proofs, from_code
from segue.protocols.oauth.posts import again_by_get, check_one_source
from segue.protocols.oauth.profile import OAuthProfile, TokenFacts
from segue.protocols.oauth.request import Asked, AuthorizationRequest, from_parameters
from segue.protocols.oauth.response import Delivery
from segue.protocols.oauth.server_rules import ServerRules
from segue.signin.request import SignedIn, SignInRequest
from segue.signin.sessions import session_id, session_path, session_root, transferred_from, was_handed_over
from segue.stores import ConfigStore
from segue.tokens.codes import CodeGrant, CodeIssue, mint_code
from segue.tokens.signing import Signing
from segue.web.frontchannel import Finished, FrontDoor
from segue.web.message import Request, Response
from segue.web.presented_ticket import carried


@dataclass(frozen=True, slots=True)
class Authorize:
    """The endpoint. Until client and redirect address are settled refusals are raised; later ones go to the client."""

    door: FrontDoor
    config: ConfigStore
    signing: Signing
    profile: OAuthProfile
    rules: ServerRules

    async def __call__(self, request: Request, server: AuthorizationServer) -> Response:
        check_one_source(request)
        app, client = await requests.find_client(request.params, self.config, server.org_id)
        redirect_uri = requests.check_redirect(request.params, app, client)
        asked = Asked(request.params, app, client, server, self.profile, redirect_uri)
        try:
            wanted = requests.read(asked, subject=await self._hinted_subject(request, asked))
            self.rules.check_client(server, app, _grant_type(wanted), wanted.scopes)
            if self.profile.hand_off_scope in wanted.scopes:
                await check_origin(self.door.store, app, self.profile.hand_off_scope)
            # Last of all, and only looked for: a request with a fault leaves its ticket unspent (F1-03).
            ticket = await carried(self.door, request, self.profile.ticket_slots, app, request.params)
        except Refusal as refusal:
            return await self._refuse(request, asked, refusal)
        address = self.profile.endpoints(server, request.site.domain).authorization
        again = again_by_get(self.door, request, address) if ticket is None else None  # no ticket in an address (OT-10)
        return again or await self.door.begin(request, self._sign_in_request(request, asked, wanted, ticket))

    async def _hinted_subject(self, request: Request, asked: Asked) -> str:
        text = asked.get("id_token_hint")
        if not text:
            return ""
        hint = await read_hint(text, request, asked.server, self.signing, self.profile)
        if hint.client_id != asked.client.client_id:
            raise bad_hint("made for another client")
        return hint.subject

    def _sign_in_request(
        self, request: Request, asked: Asked, wanted: AuthorizationRequest, ticket: PresentedTicket | None
    ) -> SignInRequest:
        max_age_s = requests.max_age_s(asked)
        # OIDC Core 3.1.2.1: max_age=0 is prompt=login; as an age it could not be met by the time it is looked at.
        fresh = max_age_s == 0 or not {"login", "select_account"}.isdisjoint(asked.prompts)
        requirement = Requirement(
            max_age_s=max_age_s or None, fresh_after_at=request.now_at if fresh else None
        ).stricter(self.profile.acr_requirements.get(asked.acr, Requirement()))
        return self.door.sign_in_request(
            request,
            channel=self.profile.channel,
            app=asked.app,
            parameters=wanted.to_parameters(),
            requirement=requirement,
            passive="none" in asked.prompts,
            login_hint=requests.login_hint(asked),
            ticket=ticket,
        )

    async def _refuse(self, request: Request, asked: Asked, refusal: Refusal) -> Response:
        event_id = await self.door.recorder.refuse(self.door.circumstances(request), refusal, "oauth.authorize")
        issuer = self.profile.issuer(asked.server, request.site.domain)
        delivery = Delivery(asked.redirect_uri, asked.mode, asked.get("state"), issuer)
        return delivery.refuse(refusal, event_id, texts=self.profile.texts)


@dataclass(slots=True)
class _Answer:
    """An authorization response in the making: its parameters, and what is written before it may leave."""

    params: dict[str, str | int] = field(default_factory=dict)
    credentials: list[NewCredential] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class OidcChannel:
    """The front channel that finishes authorization requests."""

    config: ConfigStore
    issuer: Issuer
    profile: OAuthProfile
    rules: ServerRules

    @property
    def name(self) -> str:
        return self.profile.channel

    async def finish(self, request: SignInRequest, signed_in: SignedIn) -> Finished:
        """The answer with what the response type asks for. Raises Refusal ``login_required`` where somebody else than
        the ``id_token_hint`` named is signed in, ``access_denied`` where server or redirect address are gone meanwhile.
        """
        wanted, app = from_parameters(request.parameters), _app(request)
        server = await self._server(request, wanted)
        if server is None:
            raise _changed(app)
        if wanted.subject and wanted.subject != self.profile.subject(signed_in.user):
            raise _someone_else(signed_in, app)
        if self.profile.hand_off_scope in wanted.scopes and was_handed_over(signed_in.session):
            raise _nested(signed_in, app)
        answer = await self._fill(request, signed_in, wanted, server)
        taking_part = Participation(session_id(signed_in.session), app.id, "oidc")
        response = self._delivery(request, wanted, server).answer(answer.params)
        return Finished(response, tuple(answer.credentials), (taking_part,), tuple(answer.events))

    async def _fill(
        self, request: SignInRequest, signed_in: SignedIn, wanted: AuthorizationRequest, server: AuthorizationServer
    ) -> _Answer:
        """What the words of the response type ask for, the code first: what comes beside it hangs on it."""
        facts = await self.rules.apply(_facts(request, signed_in, wanted, server, self.profile), _grant_type(wanted))
        where, answer = request.circumstances, _Answer()
        session = session_id(signed_in.session)
        parent = Parent(session, session_root(signed_in.session), ())
        code = access_token = ""
        if wanted.gives("code"):
            code, credential = _mint(request, signed_in, wanted, server)
            parent = from_code(credential)
            answer.params["code"] = code
            answer.credentials.append(credential)
            answer.events.append(_event("code.mint", request, signed_in, credential.id))
        if wanted.gives("token"):
            access_token, credential = await self.issuer.access_token(facts, parent=parent, where=where)
            # RFC 6749 4.2.2
            answer.params |= {"access_token": access_token, "token_type": "Bearer"}
            answer.params |= {"expires_in": facts.server.access_token_s, "scope": " ".join(wanted.scopes)}
            answer.credentials.append(credential)
            answer.events.append(_event("token.issue", request, signed_in, credential.id))
        if wanted.gives("id_token"):
            proofs = Proofs(wanted.nonce, access_token, code)
            answer.params["id_token"] = await self.issuer.id_token(facts, proofs, where)
            answer.events.append(_event("id_token.issue", request, signed_in, session))
        return answer

    async def refuse(self, request: SignInRequest, refusal: Refusal, event_id: str) -> Response:
        wanted = from_parameters(request.parameters)
        server = await self._server(request, wanted)
        if server is None:
            return errors.write_error_page(refusal, event_id)
        code = self.profile.codes.get(refusal.reason) or errors.code_of(refusal.reason, passive=request.passive)
        if wanted.acr and refusal.reason == "assurance_not_met":
            code = "unmet_authentication_requirements"
        return self._delivery(request, wanted, server).refuse(refusal, event_id, code=code, texts=self.profile.texts)

    def _delivery(self, request: SignInRequest, wanted: AuthorizationRequest, server: AuthorizationServer) -> Delivery:
        issuer = self.profile.issuer(server, request.domain)
        return Delivery(wanted.redirect_uri, wanted.mode, wanted.state, issuer)

    async def _server(self, request: SignInRequest, wanted: AuthorizationRequest) -> AuthorizationServer | None:
        """The server of a request that may have waited; None where it, or the redirect address, is there no more."""
        server = await self.config.authorization_server(request.org.id, wanted.server_id)
        client = _app(request).oidc
        if server is None or server.status != "active" or client is None:
            return None
        still = registered_redirect(wanted.redirect_uri, client.redirect_uris, native=client.native)
        return server if still else None


def _grant_type(wanted: AuthorizationRequest) -> str:
    """What policies call this way to tokens (RFC 7591 2): a code is a grant of its own, all else is implicit."""
    return "authorization_code" if wanted.gives("code") else "implicit"


def _app(request: SignInRequest) -> Application:
    if request.app is None:
        raise ValueError("an authorization request is always an application's")
    return request.app


def _facts(
    request: SignInRequest,
    signed_in: SignedIn,
    wanted: AuthorizationRequest,
    server: AuthorizationServer,
    profile: OAuthProfile,
) -> TokenFacts:
    return TokenFacts(
        server=server,
        issuer=profile.issuer(server, request.domain),
        app=_app(request),
        user=signed_in.user,
        scopes=wanted.scopes,
        assurance=signed_in.assurance,
        session_id=session_id(signed_in.session),
        acr=wanted.acr,
        user_name=signed_in.subject.user_name,
    )


def _mint(
    request: SignInRequest, signed_in: SignedIn, wanted: AuthorizationRequest, server: AuthorizationServer
) -> tuple[str, NewCredential]:
    issue = CodeIssue(
        user=signed_in.user,
        app_id=_app(request).id,
        server_id=server.id,
        domain=request.domain.authority,
        life_ms=server.code_s * 1000,
        session_path=session_path(signed_in.session),
        root_id=session_root(signed_in.session),
    )
    grant = CodeGrant(
        redirect_uri=wanted.redirect_uri,
        scopes=wanted.scopes,
        assurance=signed_in.assurance,
        session_id=session_id(signed_in.session),
        nonce=wanted.nonce,
        code_challenge=wanted.code_challenge,
        acr=wanted.acr,
        proof_key=wanted.proof_key,
        transferred_from=transferred_from(signed_in.session),
    )
    where = request.circumstances
    bearer, credential = mint_code(issue, grant, source=where.source, now_at=where.now_at)
    return bearer.text, credential


def _event(type: str, request: SignInRequest, signed_in: SignedIn, credential_id: str) -> Event:
    return request.circumstances.event(
        type,
        user_id=signed_in.user.id,
        app_id=_app(request).id,
        credential_id=credential_id,
        detail={"server": request.parameters.get("server_id", "")},
    )


def _someone_else(signed_in: SignedIn, app: Application) -> Refusal:
    text = "Somebody else is signed in than the id_token_hint names."
    check = Check("hinted_user", passed=False, expected="the user of the hint", seen=signed_in.user.login, mend=text)
    return errors.refusal("login_required", text, check, user_id=signed_in.user.id, app_id=app.id)


def _changed(app: Application) -> Refusal:
    text = "The application's settings were changed while you were signing in."
    check = Check("still_configured", passed=False, mend="Start again at the application.")
    return errors.refusal("access_denied", text, check, app_id=app.id)


def _nested(signed_in: SignedIn, app: Application) -> Refusal:
    text = "A sign-in that was handed over cannot be handed on."
    mend = "Sign in to this application itself."
    check = Check("hand_off_not_nested", False, "a sign-in made here", "one that was handed over", mend)
    return errors.refusal("invalid_scope", text, check, user_id=signed_in.user.id, app_id=app.id)
