"""WS-Federation answers as a relying party reads them over HTTP; nothing of Segue's own code is used."""

import subprocess
import tempfile
from pathlib import Path

import httpx
from lxml import etree

from tests.http_client import Form, form_of
from tests.installation import WsFedApp
from tests.saml_messages import SAML, certificate_of
from tests.server import Site

TRUST = "http://schemas.xmlsoap.org/ws/2005/02/trust"
SAML11 = "urn:oasis:names:tc:SAML:1.0:assertion"


def asks(app: WsFedApp, **changes: str | None) -> dict[str, str]:
    """The parameters of a passive sign-in request; None leaves one out."""
    wanted = {"wa": "wsignin1.0", "wtrealm": app.realm, **changes}
    return {name: value for name, value in wanted.items() if value is not None}


def answer_of(page: httpx.Response, app: WsFedApp, *, reply_url: str = "", context: str | None = None) -> Form:
    """The form of an auto-post page, posted to the registered reply address."""
    assert page.status_code == 200, page.text[:2000]
    form = form_of(page)
    assert (form.id, form.method, form.action) == ("appForm", "POST", reply_url or app.reply_url)
    assert form.fields["wa"] == "wsignin1.0"
    assert form.fields.get("wctx") == context
    return form


def token_of(form: Form) -> etree._Element:
    """The RequestSecurityTokenResponse."""
    root = etree.fromstring(form.fields["wresult"].encode())
    assert root.tag == f"{{{TRUST}}}RequestSecurityTokenResponse"
    return root


def verified(site: Site, form: Form, *, saml11: bool = False) -> etree._Element:
    """The assertion inside, once the xmlsec1 program found its signature valid with the key of our metadata."""
    root = token_of(form)
    namespace, ident = (SAML11, "AssertionID") if saml11 else (SAML, "ID")
    (assertion,) = root.iter(f"{{{namespace}}}Assertion")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "result.xml").write_bytes(form.fields["wresult"].encode())
        (folder / "certificate.pem").write_text(certificate_of(site, site.saml("saml")))
        command = ["xmlsec1", "--verify", "--pubkey-cert-pem", str(folder / "certificate.pem")]
        command += [f"--id-attr:{ident}", f"{namespace}:Assertion", str(folder / "result.xml")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return assertion
