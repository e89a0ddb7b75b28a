"""Who calls the token endpoint: exactly the method a client is registered for, read strictly (RFC 6749 2.3, OA-12)."""

import hmac
import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_plus

from segue.core.application import Application, ClientAuthentication, OidcClient
from segue.core.org import AuthorizationServer
from segue.core.refusal import Refusal
from segue.core.secret import digest
from segue.core.strict import Malformed, read_base64
from segue.core.verdict import Check
from segue.protocols.oauth.client_assertion import Assertion, Assertions, read_assertion
from segue.protocols.oauth.errors import refusal
from segue.protocols.oauth.profile import OAuthProfile
from segue.stores import ConfigStore
from segue.web.message import Request

METHODS: Final[tuple[ClientAuthentication, ...]] = (
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
    "none",
)
_MOST_CHARS: Final = 4096
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SECRETS: Final = frozenset(
    {"client_secret", "client_assertion", "code", "code_verifier", "password", "refresh_token", "token"}
)
_NOBODY: Final = (b"\0" * 32,)


@dataclass(frozen=True, slots=True)
class AuthenticatedClient:
    """A client that proved who it is, or has nothing to prove it with. Only :class:`ClientAuthenticator` makes one."""

    app: Application
    oidc: OidcClient


@dataclass(frozen=True, slots=True)
class _Credentials:
    method: ClientAuthentication
    client_id: str
    secret: str = field(default="", repr=False)
    assertion: Assertion | None = None


@dataclass(frozen=True, slots=True)
class ClientAuthenticator:
    """One instance a dialect; every endpoint that a client calls by itself asks it who calls."""

    config: ConfigStore
    assertions: Assertions
    profile: OAuthProfile

    async def __call__(
        self, request: Request, server: AuthorizationServer, *, bare_basic: bool = False
    ) -> AuthenticatedClient:
        """The client that sent a form.

        Raises Refusal ``invalid_client``, with one public text for every cause but a missing credential;
        ``invalid_request`` where a request uses more than one method. Basic together with the same client_id in the
        form is one method, and so is an assertion with it. With ``bare_basic`` a client without a secret may send its
        id alone in the header, as a widespread library does.
        """
        shown = _read(request, bare_basic)
        app = await self.config.application_by_client_id(request.site.org.id, shown.client_id)
        client = app.oidc if app is not None and app.active else None
        # The same work whoever it is: an unknown client is compared with a digest that nothing has.
        known = client.secret_digests if client is not None and client.has_secret else _NOBODY
        right_secret = _matches(shown.secret, known)
        if app is None or client is None:
            seen = "none of this client_id" if app is None else app.status
            raise _refused("client_known", "an active application", seen)
        if client.authentication != shown.method:
            raise _refused("client_method", client.authentication, shown.method, app.id)
        if client.has_secret and not right_secret:
            raise _refused("client_secret", "one of the application's secrets", "another", app.id)
        if shown.assertion is not None:
            audiences = self._audiences(request, server)
            await self.assertions.check(shown.assertion, app, client, audiences, request.now_at)
        return AuthenticatedClient(app, client)

    def _audiences(self, request: Request, server: AuthorizationServer) -> frozenset[str]:
        """What an assertion may be for (RFC 7523 3): the endpoint called, the token endpoint, or the server."""
        domain = request.site.domain
        token_endpoint = self.profile.endpoints(server, domain).token
        return frozenset({f"{domain.base_url}{request.path}", token_endpoint, self.profile.issuer(server, domain)})


def _read(request: Request, bare_basic: bool) -> _Credentials:
    form = request.form
    in_query = sorted(_SECRETS.intersection(request.query.names()))
    if in_query:  # RFC 6749 2.3.1: an address ends up in logs
        text = "Send parameters in the form, never in the address."
        raise refusal("invalid_request", text, Check("form_only", passed=False, seen=" ".join(in_query), mend=text))
    client_id, secret = form.get("client_id") or "", form.get("client_secret") or ""
    header = request.headers.get("authorization")
    if form.get("client_assertion") or form.get("client_assertion_type"):
        if secret or header is not None:
            text = "Use one way to authenticate the client."
            raise refusal("invalid_request", text, Check("one_method", passed=False, seen="assertion and more"))
        assertion = read_assertion(form.get("client_assertion_type") or "", form.get("client_assertion") or "")
        if client_id not in ("", assertion.client_id):  # RFC 7521 4.2
            raise _refused("assertion_client", client_id[:128], "another client's assertion")
        return _Credentials("private_key_jwt", assertion.client_id, assertion=assertion)
    if header is not None:
        basic = _read_basic(header, bare_basic)
        if secret or client_id not in ("", basic.client_id):
            text = "Use one way to authenticate the client."
            raise refusal("invalid_request", text, Check("one_method", passed=False, seen="header and form", mend=text))
        return basic
    if not client_id:
        text = "The client did not say who it is."
        raise refusal("invalid_client", text, Check("client_presented", passed=False, mend="Send client credentials."))
    return _Credentials("client_secret_post" if secret else "none", client_id, secret)


def _read_basic(header: str, bare_basic: bool) -> _Credentials:
    """RFC 7617 2 with the form encoding of RFC 6749 2.3.1 inside."""
    scheme, _, token = header.partition(" ")
    try:
        if scheme.lower() != "basic":
            raise Malformed("another scheme")
        text = read_base64(token, max_chars=_MOST_CHARS).decode()
        client_id, colon, secret = text.partition(":")
        if not colon and bare_basic:
            return _Credentials("none", _decode(client_id))
        if not colon:
            raise Malformed("no colon")
        return _Credentials("client_secret_basic", _decode(client_id), _decode(secret))
    except (Malformed, UnicodeDecodeError) as error:
        seen = str(error) if isinstance(error, Malformed) else "not UTF-8"
        raise _refused("basic_form", "Basic base64(id:secret)", seen) from None


def _decode(text: str) -> str:
    if _BAD_ESCAPE.search(text) or "\0" in (decoded := unquote_plus(text, errors="strict")):
        raise Malformed("a bad escape")
    return decoded


def _matches(secret: str, known: tuple[bytes, ...]) -> bool:
    shown = digest(secret)
    return sum(hmac.compare_digest(shown, each) for each in known) > 0 and bool(secret)  # every one is compared


def _refused(check: str, expected: str, seen: str, app_id: str | None = None) -> Refusal:
    mend = "Use the client_id, the secret and the method of authentication that the application is registered with."
    made = Check(check, passed=False, expected=expected, seen=seen, mend=mend)
    return refusal("invalid_client", "The client could not be authenticated.", made, app_id=app_id)
