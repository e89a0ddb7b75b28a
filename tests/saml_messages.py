"""SAML messages as a service provider makes and reads them over HTTP; nothing of Segue's own code is used."""

import base64
import secrets
import subprocess
import tempfile
import time
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote_plus

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from lxml import etree

from tests.http_client import form_of
from tests.installation import SamlApp
from tests.server import Site

SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
DS = "http://www.w3.org/2000/09/xmldsig#"
MD = "urn:oasis:names:tc:SAML:2.0:metadata"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"


@dataclass(frozen=True, slots=True)
class AuthnRequest:
    id: str
    text: str


def instant_now(*, ago_s: float = 0) -> str:
    return datetime.fromtimestamp(time.time() - ago_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def authn_request(
    *, issuer: str, at: str, destination: str | None = None, attributes: str = "", body: str = "", id: str = ""
) -> AuthnRequest:
    """An AuthnRequest as text; ``attributes`` and ``body`` are put in as they are."""
    ident = id or f"_{secrets.token_hex(16)}"
    to = "" if destination is None else f' Destination="{destination}"'
    return AuthnRequest(
        ident,
        f'<samlp:AuthnRequest xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="{ident}" Version="2.0" '
        f'IssueInstant="{at}"{to} {attributes}><saml:Issuer>{issuer}</saml:Issuer>{body}</samlp:AuthnRequest>',
    )


def deflated(text: str) -> str:
    compressor = zlib.compressobj(wbits=-15)
    return base64.b64encode(compressor.compress(text.encode()) + compressor.flush()).decode()


def signed_query(key: RSAPrivateKey, request: AuthnRequest, relay_state: str = "") -> str:
    """A query of the HTTP-Redirect binding, signed as SAML Bindings 3.4.4.1 says."""
    query = f"SAMLRequest={quote_plus(deflated(request.text))}"
    if relay_state:
        query += f"&RelayState={quote_plus(relay_state)}"
    query += f"&SigAlg={quote_plus(RSA_SHA256)}"
    signature = key.sign(query.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{query}&Signature={quote_plus(base64.b64encode(signature).decode())}"


def response_of(page: httpx.Response, *, relay_state: str | None = None) -> etree._Element:
    """The Response that an auto-post page holds."""
    assert page.status_code == 200, page.text[:2000]
    form = form_of(page)
    assert "SAMLResponse" in form.fields, page.text[:2000]
    assert form.fields.get("RelayState") == relay_state
    return etree.fromstring(base64.b64decode(form.fields["SAMLResponse"], validate=True))


def statuses(document: etree._Element) -> list[str]:
    """The last words of the status codes of a Response, the outer one first."""
    return [code.get("Value", "").rpartition(":")[2] for code in document.iter(f"{{{SAMLP}}}StatusCode")]


def certificate_of(site: Site, app: SamlApp) -> str:
    """The certificate in our metadata for ``app``, PEM."""
    metadata = etree.fromstring(site.browser().get(app.metadata_path).content)
    (text,) = (node.text or "" for node in metadata.iter(f"{{{DS}}}X509Certificate"))
    body = "\n".join("".join(text.split())[start : start + 64] for start in range(0, len("".join(text.split())), 64))
    return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"


def verified(site: Site, app: SamlApp, document: bytes) -> etree._Element:
    """The Response, once the xmlsec1 program found both of its signatures valid with the key of our metadata."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "response.xml").write_bytes(document)
        (folder / "certificate.pem").write_text(certificate_of(site, app))
        for signed in (f"{SAMLP}:Response", f"{SAML}:Assertion"):
            local = signed.rpartition(":")[2]
            command = ["xmlsec1", "--verify", "--pubkey-cert-pem", str(folder / "certificate.pem")]
            for tag in (f"{SAMLP}:Response", f"{SAML}:Assertion"):
                command += ["--id-attr:ID", tag]
            command += ["--node-xpath", f"//*[local-name()='{local}']/*[local-name()='Signature']"]
            done = subprocess.run([*command, str(folder / "response.xml")], capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{local}: {done.stderr}"
    root = etree.fromstring(document)
    assert statuses(root) == ["Success"]
    return root
