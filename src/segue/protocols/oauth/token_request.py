"""A token request as every grant is given it, and the tokens it answers with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from segue.core.org import AuthorizationServer
from segue.core.strict import JsonValue, Params
from segue.events import Circumstances
from segue.protocols.oauth.client_auth import AuthenticatedClient
from segue.protocols.oauth.issue import Issuer
from segue.protocols.oauth.parameters import needed
from segue.protocols.oauth.server_rules import ServerRules
from segue.stores import CredentialStore
from segue.web.frontchannel import FrontDoor
from segue.web.message import Request
from segue.web.sign_in_limits import SignInLimits


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A token request whose client is authenticated and may use the grant.

    ``issuer`` is the server's issuer at this domain. ``proof_key`` is the RFC 7638 thumbprint of the key that the
    caller proved to hold by this request (RFC 9449), None without a proof; ``Tools.issuer`` binds access tokens to it.
    """

    client: AuthenticatedClient
    server: AuthorizationServer
    issuer: str
    where: Circumstances
    request: Request
    proof_key: str | None = None

    @property
    def form(self) -> Params:
        return self.request.form

    @property
    def grant_type(self) -> str:
        return self.get("grant_type")

    def get(self, name: str) -> str:
        """A parameter, "" where it is absent or empty (RFC 6749 3.2). Raises strict.Duplicate."""
        return self.form.get(name) or ""

    def need(self, name: str) -> str:
        """A parameter that has to be there. Raises Refusal ``invalid_request``."""
        return needed(self.form, name, app_id=self.client.app.id)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a successful answer (RFC 6749 5.1); ``refresh_token`` and ``id_token`` are "" where there is
    none."""

    access_token: str = field(repr=False)
    expires_in: int
    scopes: tuple[str, ...]
    id_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    token_type: str = "Bearer"
    #: What an exchange gave (RFC 8693 2.2.1); such an answer names scopes only where it has any.
    issued_token_type: str = ""

    def body(self) -> dict[str, JsonValue]:
        body: dict[str, JsonValue] = {
            "token_type": self.token_type,
            "expires_in": self.expires_in,
            "access_token": self.access_token,
        }
        if self.issued_token_type:
            body["issued_token_type"] = self.issued_token_type
        if self.scopes or not self.issued_token_type:
            body["scope"] = " ".join(self.scopes)
        more = {"refresh_token": self.refresh_token, "id_token": self.id_token}
        return {**body, **{name: token for name, token in more.items() if token}}


@dataclass(frozen=True, slots=True)
class Tools:
    """What a grant works with."""

    door: FrontDoor
    store: CredentialStore
    issuer: Issuer
    limits: SignInLimits
    rules: ServerRules


Grant: TypeAlias = Callable[[TokenRequest, Tools], Awaitable[Tokens]]
