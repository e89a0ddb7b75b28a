"""pysaml2 as the service provider of the demo's SAML app: it loads our metadata by itself, asks, and judges the answer.

Beside it every response goes before the xmlsec1 program and the OASIS schemas.
"""

import base64
import gc
import re
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from lxml import etree
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.authn_context import PASSWORDPROTECTEDTRANSPORT
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.response import AuthnResponse
from saml2.xml.schema import validate
from tests.clients.by_hand import follow, form_of, new_browser, session_token, sign_in_by_page
from tests.demo_process import Demo

pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # pysaml2 forgets its temporary files

EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
RELAY_STATE = '/shelf/a?b=c&d="e" é'
XMLSEC1 = shutil.which("xmlsec1") or "xmlsec1"
NS = {
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}


@pytest.fixture(scope="module", autouse=True)
def _forgotten_files_are_collected_here() -> Iterator[None]:
    """What pysaml2 forgets is collected before the next module, which has nothing to do with it."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="module")
def app(demo: Demo) -> dict[str, str]:
    return demo.manifest["okta"]["apps"]["saml"]


@pytest.fixture
def browser(demo: Demo) -> Iterator[httpx.Client]:
    with new_browser(demo) as browser:
        yield browser


def service_provider(app: dict[str, str], *, unsolicited: bool = False) -> Saml2Client:
    """A service provider that wants everything signed, and knows us by the address of our metadata alone."""
    service = {
        "endpoints": {"assertion_consumer_service": [(app["acs_url"], BINDING_HTTP_POST)]},
        "authn_requests_signed": False,
        "want_response_signed": True,
        "want_assertions_signed": True,
        "allow_unsolicited": unsolicited,
    }
    settings = {
        "entityid": app["entity_id"],
        "service": {"sp": service},
        "metadata": {"remote": [{"url": app["metadata_url"]}]},
        "xmlsec_binary": XMLSEC1,
        "allow_unknown_attributes": True,
    }
    return Saml2Client(SPConfig().load(settings))


@pytest.fixture(scope="module")
def client(app) -> Saml2Client:
    return service_provider(app)


@dataclass(frozen=True)
class Arrival:
    """A response as it came to the service provider, and the request it should answer."""

    document: bytes
    relay_state: str | None
    request_id: str


def asked(client: Saml2Client, **wishes: str) -> tuple[str, str]:
    """The service provider's own request by the Redirect binding: its id and its address."""
    [idp] = client.metadata.with_descriptor("idpsso")
    request_id, http = client.prepare_for_authenticate(idp, RELAY_STATE, BINDING_HTTP_REDIRECT, **wishes)
    return request_id, dict(http["headers"])["Location"]


def arrived(app: dict[str, str], answer: httpx.Response, request_id: str = "") -> Arrival:
    """The form that carries the response."""
    assert answer.status_code == 200, answer.text
    form = form_of(answer)
    assert form.action == app["acs_url"]
    return Arrival(base64.b64decode(form.fields["SAMLResponse"]), form.fields.get("RelayState"), request_id)


def judged(client: Saml2Client, document: bytes, request_id: str = "") -> AuthnResponse:
    outstanding = {request_id: "/came/from"} if request_id else {}
    encoded = base64.b64encode(document).decode()
    return client.parse_authn_request_response(encoded, BINDING_HTTP_POST, outstanding)


def rejected(client: Saml2Client, document: bytes, request_id: str) -> bool:
    """pysaml2 says no by many kinds of exception, or by an answer without an assertion."""
    try:
        seen = judged(client, document, request_id)
    except Exception:
        return True
    return seen is None or seen.assertion is None


def certificate(client: Saml2Client, folder: Path) -> Path:
    """The signing certificate that our metadata name."""
    [idp] = client.metadata.with_descriptor("idpsso")
    [(_, text), *_] = client.metadata.certs(idp, "idpsso", "signing")
    path = folder / "idp.pem"
    path.write_text(f"-----BEGIN CERTIFICATE-----\n{text.strip()}\n-----END CERTIFICATE-----\n")
    return path


def xmlsec1_verifies(document: bytes, certificate: Path, folder: Path, *, of: str) -> bool:
    """Whether xmlsec1 finds the signature directly under the element ``of`` valid."""
    file = folder / "response.xml"
    file.write_bytes(document)
    command = [XMLSEC1, "--verify", "--pubkey-cert-pem", str(certificate)]
    command += ["--id-attr:ID", f"{NS['samlp']}:Response", "--id-attr:ID", f"{NS['saml']}:Assertion"]
    command += ["--node-xpath", f"//*[local-name()='{of}']/*[local-name()='Signature']", str(file)]
    return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0


def check_arrival(demo: Demo, client: Saml2Client, arrival: Arrival, name: str = "ann") -> AuthnResponse:
    """Everything that the response says, as the demo's app is configured."""
    user, app = demo.manifest["okta"]["users"][name], demo.manifest["okta"]["apps"]["saml"]
    seen = judged(client, arrival.document, arrival.request_id)
    assert seen.get_subject().text == user["login"]
    assert seen.get_subject().format == EMAIL
    assert seen.issuer() in client.metadata.with_descriptor("idpsso")
    assert seen.response.destination == app["acs_url"]
    assert seen.ava["email"] == [user["login"]]
    assert seen.ava["firstName"]
    assert seen.session_info()["session_index"]
    assert seen.session_info()["authn_info"][0][0] == PASSWORDPROTECTEDTRANSPORT
    return seen


# --- the way that works -----------------------------------------------------------------------------------------------


def test_it_knows_us_by_our_metadata(app, client) -> None:
    [idp] = client.metadata.with_descriptor("idpsso")
    [redirect] = client.metadata.single_sign_on_service(idp, BINDING_HTTP_REDIRECT)
    [post] = client.metadata.single_sign_on_service(idp, BINDING_HTTP_POST)
    assert redirect["location"] == post["location"] == app["sso_url"]


def test_the_metadata_follow_the_schema(app, browser) -> None:
    answer = browser.get(app["metadata_url"])
    assert answer.headers["content-type"].partition(";")[0] == "application/samlmetadata+xml"
    validate(answer.text)


def test_sign_in_through_the_hosted_page(demo, app, client, browser) -> None:
    request_id, address = asked(client)
    answer = sign_in_by_page(browser, demo, browser.get(address))
    arrival = arrived(app, answer, request_id)
    assert arrival.relay_state == RELAY_STATE
    seen = check_arrival(demo, client, arrival)
    assert seen.in_response_to == request_id
    assert seen.came_from == "/came/from"

    # The browser has a session now: the next request is answered at once, and is another one.
    again_id, address = asked(client)
    again = arrived(app, browser.get(address), again_id)
    seen_again = check_arrival(demo, client, again)
    assert seen_again.in_response_to == again_id
    assert seen_again.session_info()["session_index"] != seen.session_info()["session_index"]


def test_sign_in_with_a_session_token(demo, app, client, browser) -> None:
    request_id, address = asked(client)
    answer = browser.get(f"{address}&sessionToken={session_token(browser, demo, 'bob')}")
    arrival = arrived(app, answer, request_id)
    assert arrival.relay_state == RELAY_STATE
    assert check_arrival(demo, client, arrival, "bob").in_response_to == request_id
    assert "sid" in browser.cookies


def test_the_request_by_post(demo, app, client, browser) -> None:
    [idp] = client.metadata.with_descriptor("idpsso")
    request_id, http = client.prepare_for_authenticate(idp, RELAY_STATE, BINDING_HTTP_POST)
    form = form_of(httpx.Response(200, text=http["data"], request=httpx.Request("GET", app["entity_id"])))
    answer = sign_in_by_page(browser, demo, browser.post(form.action, data=form.fields))
    arrival = arrived(app, answer, request_id)
    assert arrival.relay_state == RELAY_STATE
    check_arrival(demo, client, arrival)


def test_the_address_opened_with_a_session_token_alone(demo, app, client, browser) -> None:
    """Unsolicited: no request is answered, and only a service provider that allows that takes it (SA-16)."""
    token = session_token(browser, demo)
    answer = browser.get(f"{app['sso_url']}?RelayState={quote(RELAY_STATE)}&sessionToken={token}")
    arrival = arrived(app, answer)
    assert arrival.relay_state == RELAY_STATE
    assert b"InResponseTo" not in arrival.document
    check_arrival(demo, service_provider(app, unsolicited=True), arrival)
    assert rejected(client, arrival.document, "")


def test_no_request_is_answered_twice(demo, app, client, browser) -> None:
    """SA-11."""
    _, address = asked(client)
    arrived(app, browser.get(f"{address}&sessionToken={session_token(browser, demo)}"))
    again = browser.get(address)
    assert again.status_code == 400
    assert "SAMLResponse" not in again.text


def test_passive_and_nobody_there(app, client, browser) -> None:
    """IsPassive is answered in SAML, for the service provider to go on."""
    request_id, address = asked(client, is_passive="true")
    answer = follow(browser, browser.get(address))
    arrival = arrived(app, answer, request_id)
    validate(arrival.document.decode())
    with pytest.raises(Exception, match="NoPassive"):
        judged(client, arrival.document, request_id)


def test_force_authn_asks_in_spite_of_a_session(demo, app, client, browser) -> None:
    """SA-12."""
    _, address = asked(client)
    arrived(app, browser.get(f"{address}&sessionToken={session_token(browser, demo)}"))
    request_id, address = asked(client, force_authn="true")
    answer = sign_in_by_page(browser, demo, browser.get(address))
    check_arrival(demo, client, arrived(app, answer, request_id))


def test_a_user_without_the_app_is_refused(demo, client, browser) -> None:
    _, address = asked(client)
    answer = follow(browser, browser.get(f"{address}&sessionToken={session_token(browser, demo, 'outsider')}"))
    assert answer.status_code == 403
    assert "SAMLResponse" not in answer.text


# --- what others make of the same document ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def arrival(demo, app, client) -> Arrival:
    with new_browser(demo) as browser:
        request_id, address = asked(client)
        answer = browser.get(f"{address}&sessionToken={session_token(browser, demo)}")
        return arrived(app, answer, request_id)


def test_the_schemas_and_xmlsec1_agree(client, arrival, tmp_path) -> None:
    validate(arrival.document.decode())
    pem = certificate(client, tmp_path)
    for part in ("Response", "Assertion"):
        assert xmlsec1_verifies(arrival.document, pem, tmp_path, of=part)


def test_it_is_signed_with_rsa_and_sha_256(arrival) -> None:
    root = etree.fromstring(arrival.document)
    methods = root.xpath("//ds:SignatureMethod/@Algorithm", namespaces=NS)
    assert methods == ["http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"] * 2


PLACES = {
    "name id": rb"<[^>]*NameID[^>]*>(\w)",
    "attribute": rb"<[^>]*AttributeValue[^>]*>(\w)",
    "audience": rb"Audience>(\w)",
    "destination": rb'Destination="(\w)',
    "recipient": rb'Recipient="(\w)',
    "in response to": rb'InResponseTo="\w(\w)',
    "not on or after": rb'NotOnOrAfter="20(\d)',
    "session index": rb'SessionIndex="\w(\w)',
    "digest": rb"DigestValue>(\w)",
    "first signature": rb"SignatureValue>\s*(\w)",
    "last signature": rb"(?s).*<[^>/]*SignatureValue>\s*(\w)",
}


@pytest.mark.parametrize("place", PLACES)
def test_a_changed_byte_is_rejected(client, arrival, tmp_path, place) -> None:
    """The document as it came is accepted; with one byte of it changed it is not, by pysaml2 nor by xmlsec1."""
    found = re.search(PLACES[place], arrival.document)
    assert found is not None
    at = found.start(1)
    changed = arrival.document[:at] + bytes([arrival.document[at] ^ 1]) + arrival.document[at + 1 :]
    assert not rejected(client, arrival.document, arrival.request_id)
    assert rejected(client, changed, arrival.request_id)
    pem = certificate(client, tmp_path)
    parts = [xmlsec1_verifies(changed, pem, tmp_path, of=part) for part in ("Response", "Assertion")]
    assert not all(parts)
