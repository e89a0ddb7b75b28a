"""passport-wsfed-saml2, a relying party of WS-Federation, is entered with a one-time token; under Node.js."""

import json
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from lxml import etree
from tests.http_client import form_of
from tests.installation import WsFedApp
from tests.okta_steps import cookie_token, session_token
from tests.saml_messages import certificate_of
from tests.server import Site

pytestmark = pytest.mark.node

SCRIPTS = Path(__file__).parent / "node"
EMAIL = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"
GIVEN_NAME = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname"
NAME_ID = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"
APPS = ["wsfed", "wsfed11"]


def run(site: Site, app: WsFedApp, *, settings: dict[str, object] | None = None, **task: object) -> dict[str, Any]:
    """What the relying party makes of ``task``; the certificate of our metadata is all it knows of us."""
    known = {
        "realm": app.realm,
        "homeRealm": "",
        "identityProviderUrl": f"{site.base_url}{app.sso_path}",
        "wreply": app.reply_url,
        "recipientUrl": app.reply_url,
        "cert": base64_certificate(site),
        **(settings or {}),
    }
    done = subprocess.run(
        ["node", "wsfed.mjs"],
        cwd=SCRIPTS,
        input=json.dumps({"settings": known, **task}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    outcome: dict[str, Any] = json.loads(done.stdout)
    return outcome


def base64_certificate(site: Site) -> str:
    """The certificate in our metadata, as this client takes it: without the lines around it."""
    return "".join(certificate_of(site, site.saml("saml")).split("-----")[2].split())


def answered(site: Site, app: WsFedApp, parameter: str, token: str) -> dict[str, str]:
    """The fields that the browser posts to the relying party, which sent it to us."""
    address = run(site, app, wctx="rm=0&id=passive&ru=/App/Home")["answer"]["location"]
    assert address.startswith(f"{site.base_url}{app.sso_path}?")
    page = site.browser().get(f"{urlsplit(address).path}?{urlsplit(address).query}&{parameter}={token}")
    form = form_of(page)
    assert form.action == app.reply_url
    assert form.fields["wctx"] == "rm=0&id=passive&ru=/App/Home"
    return dict(form.fields)


@pytest.mark.parametrize("name", APPS)
@pytest.mark.parametrize("parameter", ["sessionToken", "onetimetoken"])
def test_the_relying_party_knows_who_comes(site: Site, name: str, parameter: str) -> None:
    app = site.wsfed(name)
    token = session_token(site) if parameter == "sessionToken" else cookie_token(site)
    outcome = run(site, app, answer=answered(site, app, parameter, token))
    assert "answer" in outcome, outcome
    profile = outcome["answer"]["profile"]
    assert profile[NAME_ID] == "ann@example.com"
    assert profile[EMAIL] == "ann@example.com"
    assert profile[GIVEN_NAME] == "Ann"
    assert profile["issuer"] == f"{site.base_url}/{app.external_key}"


@pytest.mark.parametrize("name", APPS)
def test_it_refuses_an_answer_for_another_realm(site: Site, name: str) -> None:
    app = site.wsfed(name)
    fields = answered(site, app, "sessionToken", session_token(site))
    outcome = run(site, app, settings={"realm": "urn:example:another"}, answer=fields)
    assert outcome["error"]["message"].startswith("Audience is invalid"), outcome


@pytest.mark.parametrize("name", APPS)
@pytest.mark.parametrize("changed", ["ann@example.com", "Issuer"])
def test_it_refuses_an_answer_that_was_changed(site: Site, name: str, changed: str) -> None:
    app = site.wsfed(name)
    fields = answered(site, app, "sessionToken", session_token(site))
    if changed == "Issuer":
        root = etree.fromstring(fields["wresult"].encode())
        (assertion,) = root.iter("{*}Assertion")
        issuer = assertion.find("{*}Issuer")
        if issuer is None:
            assertion.set("Issuer", "https://evil.example")
        else:
            issuer.text = "https://evil.example"
        fields["wresult"] = etree.tostring(root).decode()
    else:
        fields["wresult"] = fields["wresult"].replace(changed, "bob@example.com")
    outcome = run(site, app, answer=fields)
    assert "ignature check errors" in outcome["error"]["message"], outcome


@pytest.mark.parametrize("name", APPS)
def test_it_refuses_the_key_of_somebody_else(site: Site, twin: Site, name: str) -> None:
    app = site.wsfed(name)
    fields = answered(site, app, "sessionToken", session_token(site))
    outcome = run(site, app, settings={"cert": base64_certificate(twin)}, answer=fields)
    assert "ignature" in outcome["error"]["message"], outcome
