"""Single sign-on: the front channel of SAML (Web Browser SSO profile, SAML Profiles 4.1).

``sign_on`` turns a request at an application's address into a sign-in request, ``SamlSignOn.finish`` turns the answer
into a Response that the browser posts. An address opened without an AuthnRequest is answered unsolicited (4.1.5), to
the service provider's default address.
"""

import asyncio
import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

from segue.core.application import Application, SamlServiceProvider
from segue.core.clock import Source
from segue.core.credential import Participation
from segue.core.org import Domain
from segue.core.refusal import Refusal
from segue.core.requirement import Requirement
from segue.core.verdict import Check, Verdict
from segue.handoff.kinds import Slot
from segue.protocols.saml import binding
from segue.protocols.saml.assertion import (
    PASSWORD_PROTECTED_TRANSPORT,
    Attribute,
    Envelope,
    ErrorStatus,
    Statement,
    build_error_response,
    build_response,
    new_id,
)
from segue.protocols.saml.keys import SigningKey
from segue.protocols.saml.metadata import idp_metadata
from segue.protocols.saml.request import (
    AuthnRequest,
    RequestedAuthnContext,
    ServiceProvider,
    check,
    chosen_acs,
    read_post,
    read_redirect,
)
from segue.signin.request import SignedIn, SignInRequest
from segue.signin.sessions import session_id
from segue.stores import ConfigStore, CredentialStore
from segue.tokens.claims import profile_value
from segue.tokens.keys import SigningKey as StoredKey
from segue.tokens.signing import Signing
from segue.web.error_page import error_page
from segue.web.frontchannel import Finished, FrontDoor
from segue.web.message import AutoPost, Document, Request, Response
from segue.web.presented_ticket import carried

CHANNEL: Final = "saml"
_PASSWORD_CONTEXTS: Final = frozenset(
    {
        PASSWORD_PROTECTED_TRANSPORT,
        "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
        "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified",
    }
)
_REQUEST_MEMORY_MS: Final = 15 * 60_000
_METADATA_TYPE: Final = "application/samlmetadata+xml"


@dataclass(frozen=True, slots=True)
class SamlProfile:
    """What a dialect decides: the address of an application's endpoint at a domain (absolute), the entity id we have
    for it, the slots that carry a ticket there, and the key set that signs."""

    sso_url: Callable[[Application, Domain], str]
    entity_id: Callable[[Application, Domain], str]
    ticket_slots: tuple[Slot, ...]
    key_set: str = "main"


@dataclass(frozen=True, slots=True)
class SamlSignOn:
    """The SAML endpoints of one dialect, and the front channel that finishes their requests."""

    door: FrontDoor
    config: ConfigStore
    store: CredentialStore
    signing: Signing
    source: Source
    profile: SamlProfile

    @property
    def name(self) -> str:
        return CHANNEL

    async def sign_on(self, request: Request, app: Application) -> Response:
        """Answers a request at the single sign-on address of ``app``, by GET or POST, with or without AuthnRequest.

        Raises Refusal for a request that must not be answered by a Response; no ticket is spent then (F1-03).
        """
        provider = _provider(_settings(app))
        authn, relay_state = self._read(request, provider)
        acs_url = provider.acs_urls[0]
        if authn is not None:
            verdict = check(
                authn,
                endpoint_url=self.profile.sso_url(app, request.site.domain),
                sp=provider,
                now_at=request.now_at,
            )
            if not verdict.allowed:
                raise _bad_request(app, verdict)
            acs_url = chosen_acs(authn, provider) or acs_url
        wanted = self.door.sign_in_request(
            request,
            channel=CHANNEL,
            app=app,
            parameters=_parameters(authn, acs_url, relay_state),
            requirement=Requirement(fresh_after_at=request.now_at if authn and authn.force_authn else None),
            passive=authn is not None and authn.is_passive,
            login_hint=(authn.subject or "") if authn else "",
            ticket=await carried(self.door, request, self.profile.ticket_slots, app, request.query, request.form),
        )
        return await self.door.begin(request, wanted)

    async def start(self, request: Request, app: Application, target: str) -> Response:
        """Answers unsolicited, at the default address: a link of ours starts the application (Profiles 4.1.5).

        ``target`` is the RelayState of that link; one in the request's query goes first.
        """
        relay_state = binding.read_relay_state(request.query.get("RelayState"))
        if relay_state is None:
            relay_state = target or None
        wanted = self.door.sign_in_request(
            request,
            channel=CHANNEL,
            app=app,
            parameters=_parameters(None, _settings(app).acs_urls[0], relay_state),
            ticket=await carried(self.door, request, self.profile.ticket_slots, app, request.query, request.form),
        )
        return await self.door.begin(request, wanted)

    async def metadata(self, request: Request, app: Application, kid: str | None = None) -> Response:
        """Our metadata for one application (SAML Metadata 2.4.3), with every certificate that may sign, or with that of
        the key ``kid`` alone. Raises LookupError where no published key is called so."""
        home = await self._home(app, request.site.domain)
        keys = await self.published_keys(app, request)
        if kid is not None:
            keys = tuple(key for key in keys if key.kid == kid)
            if not keys:
                raise LookupError(kid)
        for key in keys:
            self.signing.ring.load(key)
        settings = _settings(app)
        document = idp_metadata(
            entity_id=self._entity_id(app, home),
            sso_url=self.profile.sso_url(app, home),
            certificates=[self.signing.ring.certificate(key.kid) for key in keys],
            want_signed_requests=settings.want_signed_requests,
        )
        return Document(body=document, content_type=_METADATA_TYPE)

    async def published_keys(self, app: Application, request: Request) -> tuple[StoredKey, ...]:
        """The keys whose certificates a reader of our assertions may hold, newest first."""
        return await self.signing.published(app.org_id, self.profile.key_set, request.now_at)

    async def finish(self, request: SignInRequest, signed_in: SignedIn) -> Finished:
        """A signed Response for the service provider. Raises Refusal where it cannot be given.

        The request's ID is remembered here, after all checks: a request is answered once (SA-11), and may be opened
        again for as long as it was not.
        """
        app = _required_app(request)
        settings = _settings(app)
        name_id = self._name_id(request, signed_in, settings)
        await self._answer_once(request, app)
        session_index = new_id(self.source.random)
        statement = Statement(
            name_id=name_id,
            session_index=session_index,
            authn_instant_at=signed_in.assurance.auth_time_at,
            attributes=_attributes(settings, signed_in),
        )
        envelope, key = await self._envelope(request, app), await self._key(request)
        document = await asyncio.to_thread(build_response, envelope, statement, key)
        event = request.circumstances.event(
            "saml.sign_on", user_id=signed_in.user.id, app_id=app.id, detail={"acs_url": envelope.acs_url}
        )
        session = session_id(signed_in.session)
        return Finished(
            response=_post(document, request),
            participations=(Participation(session, app.id, "saml", name_id, session_index),),
            events=(event,),
        )

    async def refuse(self, request: SignInRequest, refusal: Refusal, event_id: str) -> Response:
        """A passive request is answered in SAML, so that the service provider can go on; a person gets a page."""
        if not request.passive:
            return error_page(refusal, event_id)
        status = _STATUS_OF.get(refusal.reason, ErrorStatus.REQUEST_DENIED)
        envelope, key = await self._envelope(request, _required_app(request)), await self._key(request)
        document = await asyncio.to_thread(build_error_response, envelope, status, key, event_id)
        return _post(document, request)

    def _read(self, request: Request, provider: ServiceProvider) -> tuple[AuthnRequest | None, str | None]:
        if request.method == "POST":
            relay_state = binding.read_relay_state(request.form.get("RelayState"))
            message = request.form.get("SAMLRequest")
            return (read_post(message, provider.certificates) if message else None), relay_state
        opened = binding.open_redirect(request.raw_query, provider.certificates)
        if opened.saml_request is None:
            return None, opened.relay_state
        return read_redirect(opened.saml_request, signed=opened.signed), opened.relay_state

    def _name_id(self, request: SignInRequest, signed_in: SignedIn, settings: SamlServiceProvider) -> str:
        name_id = profile_value(signed_in.subject.for_application, settings.name_id_from) or ""
        checks = [
            Check(
                "name_id",
                bool(name_id),
                f"a value for {settings.name_id_from}",
                mend=f"Fill {settings.name_id_from} in the user's profile, or name another field in the application.",
            )
        ]
        asked = request.parameters["subject"]
        if asked is not None:
            mend = "Sign in as the user that the service provider asks for."
            checks.append(Check("subject", asked == name_id, str(asked), name_id, mend))
        asked_contexts = cast("list[str] | None", request.parameters["contexts"])
        if asked_contexts is not None:
            mend = "Ask for a password context, or for none."
            met = bool(_PASSWORD_CONTEXTS.intersection(asked_contexts))
            checks.append(Check("authn_context", met, " ".join(asked_contexts), PASSWORD_PROTECTED_TRANSPORT, mend))
        verdict = Verdict(tuple(checks), rule="saml_statement")
        if not verdict.allowed:
            public = "The application cannot be told who you are in the way it asks for."
            reason = "assurance_not_met" if not checks[-1].passed and asked_contexts is not None else "access_denied"
            raise Refusal(reason, public, verdict, user_id=signed_in.user.id, app_id=_required_app(request).id)
        return name_id

    async def _answer_once(self, request: SignInRequest, app: Application) -> None:
        ident = request.parameters["in_response_to"]
        if ident is None:
            return
        kind = f"saml_request {app.id}"
        if await self.store.claim_foreign(app.org_id, kind, str(ident), life_ms=_REQUEST_MEMORY_MS):
            return
        mend = "Start again at the application, so that it makes a new request."
        seen_before = Check("request_unanswered", passed=False, expected="a new request", seen="answered", mend=mend)
        public = "This sign-in request was answered already. Start again at the application."
        raise Refusal("request_replayed", public, Verdict((seen_before,), rule="saml_replay"), app_id=app.id)

    async def _envelope(self, request: SignInRequest, app: Application) -> Envelope:
        home = await self._home(app, request.domain)
        in_response_to = request.parameters["in_response_to"]
        return Envelope(
            issuer=self._entity_id(app, home),
            sp=_provider(_settings(app)),
            acs_url=str(request.parameters["acs_url"]),
            in_response_to=None if in_response_to is None else str(in_response_to),
            response_id=new_id(self.source.random),
            assertion_id=new_id(self.source.random),
            now_at=request.circumstances.now_at,
        )

    async def _key(self, request: SignInRequest) -> SigningKey:
        key = await self.signing.current(request.org.id, self.profile.key_set, request.circumstances.now_at)
        ring = self.signing.ring
        private = ring.private_key(key.kid)
        return SigningKey(private, ring.certificate(key.kid))

    async def _home(self, app: Application, used: Domain) -> Domain:
        """The domain whose issuer the application sees, whichever door was used."""
        if not app.home_authority or app.home_authority == used.authority:
            return used
        return await self.config.domain(app.home_authority) or used

    def _entity_id(self, app: Application, home: Domain) -> str:
        return _settings(app).idp_entity_id or self.profile.entity_id(app, home)


_STATUS_OF: Final = {
    "login_required": ErrorStatus.NO_PASSIVE,
    "session_kept": ErrorStatus.NO_PASSIVE,
    "ticket_not_usable": ErrorStatus.NO_PASSIVE,
    "assurance_not_met": ErrorStatus.NO_AUTHN_CONTEXT,
}


def _parameters(authn: AuthnRequest | None, acs_url: str, relay_state: str | None) -> dict[str, object]:
    return {
        "acs_url": acs_url,
        "in_response_to": authn.id if authn else None,
        "relay_state": relay_state,
        "subject": authn.subject if authn else None,
        "contexts": _contexts(authn.requested_authn_context) if authn else None,
    }


def _contexts(asked: RequestedAuthnContext | None) -> list[str] | None:
    """The classes of which one will do; a wish for something better than them is none that can be met (Core
    3.3.2.2.1).
    """
    if asked is None:
        return None
    return [] if asked.comparison == "better" else list(asked.class_refs)


def _settings(app: Application) -> SamlServiceProvider:
    if app.saml is None:
        raise ValueError("the application is no SAML service provider")
    return app.saml


def _required_app(request: SignInRequest) -> Application:
    if request.app is None:
        raise ValueError("a SAML sign-in request names its application")
    return request.app


def _provider(settings: SamlServiceProvider) -> ServiceProvider:
    return ServiceProvider(
        entity_id=settings.entity_id,
        acs_urls=settings.acs_urls,
        want_signed_requests=settings.want_signed_requests,
        certificates=settings.certificates_pem,
        name_id_format=settings.name_id_format,
        sign_response=settings.sign_response,
        sign_assertion=settings.sign_assertion,
        audience=settings.audience,
        lifetime_s=settings.assertion_s,
    )


def _attributes(settings: SamlServiceProvider, signed_in: SignedIn) -> tuple[Attribute, ...]:
    user = signed_in.subject.for_application
    found = ((name, profile_value(user, field)) for name, field in settings.attributes.items())
    return tuple(Attribute(name, (value,)) for name, value in found if value)


def _post(document: bytes, request: SignInRequest) -> AutoPost:
    fields = [("SAMLResponse", base64.b64encode(document).decode())]
    relay_state = request.parameters["relay_state"]
    if relay_state is not None:
        fields.append(("RelayState", str(relay_state)))
    return AutoPost(action=str(request.parameters["acs_url"]), fields=tuple(fields))


def _bad_request(app: Application, verdict: Verdict) -> Refusal:
    public = "The application's sign-in request cannot be answered as it is."
    return Refusal("saml_request", public, verdict, app_id=app.id)
