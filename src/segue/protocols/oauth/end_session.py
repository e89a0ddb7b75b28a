"""Sign-out that starts at an application (OpenID Connect RP-Initiated Logout 1.0)."""

from dataclasses import dataclass

from segue.core.application import Application, OidcClient
from segue.core.org import AuthorizationServer
from segue.core.url import add_query, registered_redirect
from segue.core.verdict import Check
from segue.protocols.oauth.errors import refusal
from segue.protocols.oauth.hints import Hint, bad_hint, read_hint
from segue.protocols.oauth.posts import again_by_get, check_one_source
from segue.protocols.oauth.profile import OAuthProfile
from segue.stores import ConfigStore, Found
from segue.tokens.signing import Signing
from segue.web.browser_session import FORM_TOKEN, browser_session, check_form_token, close_browser_session, form_token
from segue.web.frontchannel import FrontDoor
from segue.web.message import Page, Redirect, Request, Response


@dataclass(frozen=True, slots=True)
class _Wish:
    """A sign-out request that may be answered. ``subject`` is whom the hint named, "" where none came."""

    client_id: str
    subject: str
    redirect_uri: str
    state: str


@dataclass(frozen=True, slots=True)
class EndSession:
    """The endpoint. It ends a session without a question only for an application that shows the ID token of the user
    who is signed in; anybody else's link leads to a page that asks (LO-01)."""

    door: FrontDoor
    config: ConfigStore
    signing: Signing
    profile: OAuthProfile

    async def __call__(self, request: Request, server: AuthorizationServer) -> Response:
        """Raises Refusal ``invalid_request``: then nothing was ended."""
        check_one_source(request)
        wish = await self._read(request, server)
        address = self.profile.endpoints(server, request.site.domain).end_session
        session = await browser_session(self.door, request, touch=False)
        confirmed = FORM_TOKEN in request.form
        if session is None:
            again = None if confirmed else again_by_get(self.door, request, address)
            return again or await self._leave(request, wish, None)
        if confirmed:
            check_form_token(self.door, request)
        elif not self._asked_by_an_app_of_the_user(wish, session):
            return self._ask(request, wish, address)
        return await self._leave(request, wish, session)

    async def _read(self, request: Request, server: AuthorizationServer) -> _Wish:
        params = request.params
        hint = await self._hint(params.get("id_token_hint"), request, server)
        client_id = params.get("client_id") or (hint.client_id if hint else "")
        if hint is not None and hint.client_id != client_id:
            raise bad_hint("made for another client")
        client = await self._client(client_id, server) if client_id else None
        redirect_uri = params.get("post_logout_redirect_uri") or ""
        if redirect_uri:
            _check_registered(redirect_uri, client)
        return _Wish(client_id, hint.subject if hint else "", redirect_uri, params.get("state") or "")

    async def _hint(self, token: str | None, request: Request, server: AuthorizationServer) -> Hint | None:
        return await read_hint(token, request, server, self.signing, self.profile) if token else None

    async def _client(self, client_id: str, server: AuthorizationServer) -> tuple[Application, OidcClient]:
        app = await self.config.application_by_client_id(server.org_id, client_id)
        if app is None or app.oidc is None:
            text = "No application is registered under this client_id."
            raise refusal("invalid_request", text, Check("client_known", passed=False, mend="Use a known client_id."))
        return app, app.oidc

    def _asked_by_an_app_of_the_user(self, wish: _Wish, session: Found) -> bool:
        return session.subject is not None and wish.subject == self.profile.subject(session.subject.user)

    def _ask(self, request: Request, wish: _Wish, address: str) -> Page:
        kept = {"client_id": wish.client_id, "post_logout_redirect_uri": wish.redirect_uri, "state": wish.state}
        fields = ((FORM_TOKEN, form_token(self.door, request)), *((name, kept[name]) for name in kept if kept[name]))
        return Page(template="sign_out.html", context={"action": address, "fields": fields})

    async def _leave(self, request: Request, wish: _Wish, session: Found | None) -> Redirect:
        cookies = await close_browser_session(self.door, request, session, reason="application_sign_out")
        if not wish.redirect_uri:
            return Redirect(location=f"{request.site.domain.base_url}{self.profile.sign_out_path}", cookies=cookies)
        state = [("state", wish.state)] if wish.state else []
        return Redirect(location=add_query(wish.redirect_uri, state), cookies=cookies)


def _check_registered(redirect_uri: str, client: tuple[Application, OidcClient] | None) -> None:
    """RP-Initiated Logout 3: exactly a registered address, of an application that is known (LO-02)."""
    registered = client[1].post_logout_redirect_uris if client else ()
    if client is None or not registered_redirect(redirect_uri, registered, native=client[1].native):
        check = Check(
            "post_logout_redirect_uri_registered",
            passed=False,
            expected=" ".join(registered) or "an application, by id_token_hint or client_id",
            seen=redirect_uri[:512],
            mend="Register exactly this address for the application, and send id_token_hint or client_id.",
        )
        text = "The post_logout_redirect_uri is not registered for this application."
        raise refusal("invalid_request", text, check, app_id=client[0].id if client else None)
