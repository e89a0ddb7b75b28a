"""What the steps of the playground work with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx

from segue.demo.authenticator import Authenticator
from segue.demo.backend import Backend
from segue.demo.playground.recording import Recorder

_NAME: Final = "Segue playground"


@dataclass(frozen=True, slots=True)
class SamlPlace:
    """The playground as a SAML app of its own: the link that starts it, Segue's sign-on address and metadata for it,
    and its entity id."""

    embed_url: str
    sso_url: str
    metadata_url: str
    entity_id: str


@dataclass(frozen=True, slots=True)
class WsFedPlace:
    """The WS-Federation app that the playground stands in for: it is registered as a second reply address."""

    sso_url: str
    issuer: str
    realm: str


@dataclass(frozen=True, slots=True)
class Client:
    """A client that the playground plays; ``client_secret`` is "" for a public one."""

    client_id: str
    client_secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Kit:
    """Segue, the playground's own client, and the apps it stands in for.

    ``start_url`` is the link that starts the playground's own client. ``api_token`` opens the Sessions API, and
    ``authenticators`` show the codes of the users who are asked for them, by the name before the @; ``apps`` are the
    entries of the manifest.
    """

    own: str
    backend: Backend
    client_id: str
    client_secret: str
    sso_url: str
    metadata_url: str
    sp_entity_id: str
    own_saml: SamlPlace
    wsfed: WsFedPlace
    start_url: str
    api_token: str = field(repr=False)
    authenticators: Mapping[str, Authenticator] = field(repr=False)
    apps: Mapping[str, Mapping[str, str]] = field(repr=False)

    def client(self, name: str) -> Client:
        """The client of an application, by its key in the manifest."""
        entry = self.apps[name]
        return Client(entry["client_id"], entry.get("client_secret", ""))

    def app_id(self, name: str) -> str:
        return self.apps[name]["app_id"]

    @property
    def idp(self) -> str:
        return self.backend.base_url

    @property
    def redirect_uri(self) -> str:
        return f"{self.own}/callback"

    @property
    def acs_url(self) -> str:
        return f"{self.own}/saml/acs"

    @property
    def reply_url(self) -> str:
        return f"{self.own}/wsfed/reply"

    @property
    def landing(self) -> str:
        """Where links that lead back do so."""
        return f"{self.own}/landing"

    def recorded(self, recorder: Recorder) -> httpx.AsyncClient:
        return recorder.client(self.backend.client(_NAME))
