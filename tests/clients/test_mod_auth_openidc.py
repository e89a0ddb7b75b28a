"""mod_auth_openidc, a relying party in C: it discovers us, sends people over, and judges what comes back."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from tests.clients.apache import Apache, free_address, go_on, open_folder, running_apache, sign_in
from tests.http_client import Browser
from tests.installation import Installation
from tests.okta_steps import session_token
from tests.server import Server, running_server

from segue.admin import applications
from segue.admin.applications import Traits
from segue.core.application import OidcClient

pytestmark = pytest.mark.server

SITE = """
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client_id}
OIDCClientSecret "{client_secret}"
OIDCRedirectURI {base}/private/back
OIDCCryptoPassphrase "a passphrase of this test alone"
OIDCScope "openid profile email"
OIDCRemoteUserClaim preferred_username
OIDCResponseType "{response_type}"
OIDCResponseMode {response_mode}
OIDCPKCEMethod S256
OIDCIDTokenSignedResponseAlg {algorithm}
OIDCPassClaimsAs environment
OIDCAuthRequestParams sessionToken=#
OIDCDefaultLoggedOutURL {base}/
<Location /private>
  AuthType openid-connect
  Require valid-user
  Header always set X-User "expr=%{{REMOTE_USER}}"
  Header always set X-Subject "%{{OIDC_CLAIM_sub}}e"
  Header always set X-Given-Name "%{{OIDC_CLAIM_given_name}}e"
  Header always set X-Nonce "%{{OIDC_CLAIM_nonce}}e"
</Location>
"""


@dataclass(frozen=True, slots=True)
class RelyingParty:
    apache: Apache
    client_id: str
    client_secret: str = field(repr=False)

    @property
    def private(self) -> str:
        return f"{self.apache.base_url}/private/"

    @property
    def back(self) -> str:
        return f"{self.apache.base_url}/private/back"


@contextmanager
def relying_party(
    server: Server,
    folder: Path,
    *,
    response_type: str = "code",
    response_mode: str = "form_post",
    algorithm: str = "RS256",
    wrong_secret: bool = False,
) -> Iterator[RelyingParty]:
    """Apache with the module, registered here as an application that may have just this response type."""
    base = free_address()

    async def register(at: Installation) -> applications.Registered:
        client = OidcClient(
            "",
            (f"{base}/private/back",),
            (f"{base}/",),
            frozenset({response_type}),
            frozenset({"authorization_code", "implicit"}),
            pkce_required="code" in response_type.split(),
            id_token_algorithm=algorithm,  # type: ignore[arg-type]
        )
        traits = Traits(label=f"Apache {base}", everyone=True)
        return await applications.create_oidc(at.segue.store, traits, client, at.change, sealer=at.segue.sealer)

    made = server.inside(register)
    if algorithm != "RS256":
        time.sleep(1.1)  # every worker knows the key by then
    oidc, secret = made.application.oidc, made.client_secret
    assert oidc is not None
    assert secret is not None
    site = SITE.format(
        issuer=server.site.base_url,
        client_id=oidc.client_id,
        client_secret="not it" if wrong_secret else secret,
        base=base,
        response_type=response_type,
        response_mode=response_mode,
        algorithm=algorithm,
    )
    with running_apache(folder, base, "auth_openidc", site) as apache:
        yield RelyingParty(apache, oidc.client_id, secret)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own: a new algorithm changes the key set of the whole org."""
    with running_server(tmp_path_factory.mktemp("algorithms"), workers=2) as running:
        yield running


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@pytest.fixture
def browser(server: Server) -> Browser:
    return server.site.browser()


def asked(answer: httpx.Response) -> dict[str, str]:
    """The authorization request that the module sends the browser off with."""
    assert answer.status_code == 302, answer.text
    return {name: value for name, [value] in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def signed_in_there(party: RelyingParty, page: httpx.Response, server: Server, name: str = "ann") -> bool:
    person = server.site.person(name)
    if "x-user" not in page.headers:
        return False
    assert str(page.url).startswith(party.private)
    assert page.headers.get("x-user") == person.login, f"{page.url} {page.text}\n{party.apache.said()}"
    assert page.headers["x-subject"] == person.id
    return True


@pytest.mark.parametrize(
    ("response_type", "response_mode", "algorithm"),
    [
        ("code", "form_post", "RS256"),
        ("code", "query", "ES256"),
        ("code id_token", "form_post", "RS256"),
        ("code id_token", "form_post", "ES256"),
        ("id_token token", "form_post", "RS256"),
        ("code token", "form_post", "RS256"),
        ("code id_token token", "form_post", "ES256"),
        ("id_token", "form_post", "ES256"),
    ],
)
def test_sign_in(
    server: Server,
    folder: Path,
    browser: Browser,
    response_type: str,
    response_mode: str,
    algorithm: str,
) -> None:
    """By our hosted page, in every response type; the module checks c_hash and at_hash where they belong."""
    settings = {"response_type": response_type, "response_mode": response_mode, "algorithm": algorithm}
    with relying_party(server, folder, **settings) as party:
        away = browser.get(f"{party.private}?from=a%26b")
        request = asked(away)
        assert set(request["response_type"].split()) == set(response_type.split())
        assert request.get("response_mode", "query") == response_mode
        assert (request.get("code_challenge_method") == "S256") == ("code" in response_type.split())
        page = go_on(browser, sign_in(browser, go_on(browser, away), server.site.person("ann")))
        assert signed_in_there(party, page, server), f"{page.url} {page.text}\n{party.apache.said()}"
        assert str(page.url) == f"{party.private}?from=a%26b"
        assert page.headers["x-given-name"] == "Ann"  # from userinfo, where the ID token is slim
        if "id_token" in response_type.split():
            assert page.headers["x-nonce"] == request["nonce"]


def test_sign_in_with_a_session_token(server: Server, folder: Path, browser: Browser) -> None:
    """The ticket goes along with the module's own request, and no page of ours is shown."""
    with relying_party(server, folder) as party:
        token = session_token(server.site, "bob")
        seen: list[str] = []
        page = go_on(browser, browser.get(f"{party.private}?sessionToken={quote(token)}"), seen=seen)
        assert signed_in_there(party, page, server, "bob"), f"{page.url} {page.text}\n{party.apache.said()}"
        assert seen == ["/private/", "/oauth2/v1/authorize", "/private/back", "/private/"]
        assert "sid" in browser.cookies
        # Somebody who finds the address in a log gets nowhere with it.
        other = server.site.browser()
        assert not signed_in_there(party, go_on(other, other.get(f"{party.private}?sessionToken={token}")), server)


def test_sign_out_from_there(server: Server, folder: Path, browser: Browser) -> None:
    """RP-initiated logout: the module sends its ID token along, and our session ends too."""
    with relying_party(server, folder) as party:
        page = go_on(browser, sign_in(browser, go_on(browser, browser.get(party.private)), server.site.person("ann")))
        assert signed_in_there(party, page, server)
        page = go_on(browser, browser.get(f"{party.back}?logout={quote(party.apache.base_url, safe='')}%2F"))
        assert str(page.url) == f"{party.apache.base_url}/"
        page = go_on(browser, browser.get(party.private))
        assert str(page.url).startswith(server.site.base_url)
        assert 'type="password"' in page.text


def test_a_relying_party_without_its_secret_signs_nobody_in(server: Server, folder: Path, browser: Browser) -> None:
    with relying_party(server, folder, wrong_secret=True) as party:
        page = go_on(browser, sign_in(browser, go_on(browser, browser.get(party.private)), server.site.person("ann")))
        assert not signed_in_there(party, page, server)
        assert "x-user" not in page.headers
        assert "invalid_client" in party.apache.said()
