"""mod_auth_mellon, a SAML service provider on lasso: a third implementation of XML signatures judges our responses."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import html
from tests.clients.apache import Apache, free_address, go_on, open_folder, running_apache, sign_in
from tests.http_client import Browser
from tests.installation import Installation, service_provider_key
from tests.okta_steps import session_token
from tests.saml_messages import certificate_of
from tests.server import Server

from segue.admin import applications
from segue.admin.applications import Traits
from segue.core.application import Application, SamlServiceProvider

pytestmark = pytest.mark.server

SITE = """
<Location />
  MellonSPPrivateKeyFile "{folder}/sp.key"
  MellonSPCertFile "{folder}/sp.crt"
  MellonIdPMetadataFile "{folder}/idp.xml"
  MellonSPentityId "{base}/mellon/metadata"
  MellonEndpointPath /mellon
  MellonSecureCookie Off
  MellonUser NAME_ID
  MellonSetEnvNoPrefix X_MAIL email
  MellonSubjectConfirmationDataAddressCheck Off
</Location>
<Location /private>
  AuthType Mellon
  MellonEnable auth
  Require valid-user
  Header always set X-User "expr=%{{REMOTE_USER}}"
  Header always set X-Mail "%{{X_MAIL}}e"
  Header always set X-Session "%{{MELLON_SESSION_INDEX}}e"
</Location>
"""


@dataclass(frozen=True, slots=True)
class ServiceProvider:
    apache: Apache
    app: Application
    sso_url: str

    @property
    def private(self) -> str:
        return f"{self.apache.base_url}/private/"


@contextmanager
def service_provider(server: Server, folder: Path, **settings: object) -> Iterator[ServiceProvider]:
    """Apache with the module, which knows us by our metadata and is registered here by its addresses."""
    base = free_address()

    async def register(at: Installation) -> Application:
        provider = SamlServiceProvider(
            f"{base}/mellon/metadata",
            (f"{base}/mellon/postResponse",),
            attributes={"email": "email"},
            **settings,  # type: ignore[arg-type]
        )
        traits = Traits(label=f"Mellon {base}", everyone=True, home_authority=at.domain.authority)
        return (await applications.create_saml(at.segue.store, traits, provider, at.change)).application

    app = server.inside(register)
    metadata = server.site.browser().get(f"/app/{app.external_key}/sso/saml/metadata")
    (folder / "idp.xml").write_bytes(metadata.content)
    pair = service_provider_key()
    private = pair.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    (folder / "sp.key").write_bytes(private)
    (folder / "sp.crt").write_text(pair.certificate_pem)
    with running_apache(folder, base, "auth_mellon", SITE.format(folder=folder, base=base)) as apache:
        yield ServiceProvider(apache, app, f"{server.site.base_url}/app/{app.name}/{app.external_key}/sso/saml")


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@pytest.fixture
def browser(server: Server) -> Browser:
    return server.site.browser()


def check_signed_in(party: ServiceProvider, page: httpx.Response, server: Server, name: str = "ann") -> None:
    person = server.site.person(name)
    assert page.status_code == 200, f"{page.url} {page.text}\n{party.apache.said()}"
    assert page.headers.get("x-user") == person.login, f"{page.url} {page.text}\n{party.apache.said()}"
    assert page.headers["x-mail"] == person.login
    assert page.headers["x-session"]


SIGNED = pytest.mark.parametrize(
    "settings",
    [
        pytest.param({}, id="both signed"),
        pytest.param({"sign_assertion": False}, id="response signed"),
        pytest.param({"sign_response": False}, id="assertion signed"),
    ],
)


@SIGNED
def test_sign_in_from_there(server: Server, folder: Path, browser: Browser, settings: dict[str, object]) -> None:
    """Started by the service provider, by our hosted page."""
    with service_provider(server, folder, **settings) as party:
        away = go_on(browser, browser.get(f"{party.private}?from=a%26b"), until=party.sso_url)
        asked = parse_qs(urlsplit(away.headers["location"]).query)
        assert {"SAMLRequest", "RelayState", "SigAlg", "Signature"} <= asked.keys()
        page = go_on(browser, sign_in(browser, go_on(browser, away), server.site.person("ann")))
        check_signed_in(party, page, server)
        assert str(page.url) == f"{party.private}?from=a%26b"


@pytest.mark.parametrize("right", [True, False], ids=["its key", "another key"])
def test_SA_09_a_request_that_has_to_be_signed(server: Server, folder: Path, browser: Browser, right: bool) -> None:
    pem = service_provider_key().certificate_pem if right else _another_certificate(server)
    settings = {"want_signed_requests": True, "certificates_pem": (pem,)}
    with service_provider(server, folder, **settings) as party:
        page = go_on(browser, browser.get(party.private))
        if right:
            check_signed_in(party, go_on(browser, sign_in(browser, page, server.site.person("ann"))), server)
        else:
            assert str(page.url).startswith(party.sso_url)
            assert page.status_code == 400


@pytest.mark.parametrize("slot", ["sessionToken", "onetimetoken"])
def test_entered_with_a_one_time_token(server: Server, folder: Path, browser: Browser, slot: str) -> None:
    """The sign-on address opened with a ticket, out of the blue (IdP-initiated): once, and no page is shown."""
    with service_provider(server, folder) as party:
        address = f"{party.sso_url}?{slot}={quote(session_token(server.site, 'bob'))}&RelayState={quote(party.private)}"
        seen: list[str] = []
        page = go_on(browser, browser.get(address), seen=seen)
        check_signed_in(party, page, server, "bob")
        assert seen == [urlsplit(party.sso_url).path, "/mellon/postResponse", "/private/"]
        assert "sid" in browser.cookies
        other = server.site.browser()  # the same link once more, in somebody else's hands
        page = go_on(other, other.get(address))
        assert 'type="password"' in page.text
        assert "x-user" not in go_on(other, other.get(party.private)).headers


def test_a_token_along_with_its_own_request(server: Server, folder: Path, browser: Browser) -> None:
    with service_provider(server, folder) as party:
        away = go_on(browser, browser.get(party.private), until=party.sso_url)
        address = f"{away.headers['location']}&sessionToken={quote(session_token(server.site, 'bob'))}"
        check_signed_in(party, go_on(browser, browser.get(address)), server, "bob")


def test_SA_01_a_response_for_another_is_refused_there(server: Server, folder: Path, browser: Browser) -> None:
    """The module really looks: with another name in it, and with a response made for somebody else."""
    with service_provider(server, folder) as party:
        for app, changed in ((server.site.saml("saml").sso_path, False), (party.sso_url, True)):
            address = f"{app}?sessionToken={quote(session_token(server.site))}"
            form = server.site.browser().get(address)
            response = _response_in(form.text)
            if changed:
                document = base64.b64decode(response).replace(b"ann@example.com", b"eve@example.com")
                response = base64.b64encode(document).decode()
            answer = browser.post(f"{party.apache.base_url}/mellon/postResponse", data={"SAMLResponse": response})
            assert answer.status_code in (400, 403, 500), answer.headers
            assert "x-user" not in go_on(browser, browser.get(party.private)).headers
        good = _response_in(
            server.site.browser().get(f"{party.sso_url}?sessionToken={quote(session_token(server.site))}").text
        )
        fields = {"SAMLResponse": good, "RelayState": party.private}
        answer = browser.post(f"{party.apache.base_url}/mellon/postResponse", data=fields)
        check_signed_in(party, go_on(browser, answer), server)


def _response_in(page: str) -> str:
    [form] = html.document_fromstring(page.encode()).forms
    return str(form.fields["SAMLResponse"])


def _another_certificate(server: Server) -> str:
    """Somebody's certificate: our own."""
    return certificate_of(server.site, server.site.saml("saml"))
