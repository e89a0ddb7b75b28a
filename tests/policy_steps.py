"""Policies made over HTTP, and somebody with an authenticator app who signs in under them."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pyotp

from segue.app.factors import factors_of, providers_of
from segue.core.org import Group
from segue.core.secret import new_id
from segue.signin.factors.factor import FactorContext
from tests.flows.test_apps_api import call
from tests.http_client import Browser, form_of, forms_of
from tests.installation import Installation, Person
from tests.okta_steps import authorize
from tests.server import Server, Site
from tests.wsfed_messages import asks as wsfed_asks

POLICIES = "/api/v1/policies"
ZONES = "/api/v1/zones"
TOTP_ONLY = {"possession": {"methods": ["TOTP"], "required": True}}
ANYWHERE = "0.0.0.0/0"


def new_policy(site: Site, type: str = "ACCESS_POLICY", **more: Any) -> dict[str, Any]:
    body = {"type": type, "name": f"Policy {secrets.token_hex(4)}", **more}
    response = call(site, "POST", POLICIES, json=body)
    assert response.status_code == 200, response.text
    made: dict[str, Any] = response.json()
    return made


def access_rule(name: str = "Rule", **method: Any) -> dict[str, Any]:
    verification = {"type": "ASSURANCE", "factorMode": "1FA", **method}
    actions = {"appSignOn": {"access": "ALLOW", "verificationMethod": verification}}
    return {"type": "ACCESS_POLICY", "name": name, "actions": actions}


def new_rule(site: Site, policy: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    response = call(site, "POST", f"{POLICIES}/{policy['id']}/rules", json=body)
    assert response.status_code == 200, response.text
    made: dict[str, Any] = response.json()
    return made


def refused(response: httpx.Response, field: str) -> None:
    assert response.status_code == 400, response.text
    body = response.json()
    assert body["errorCode"] == "E0000001"
    assert field in body["errorSummary"], body


class Someone:
    """Somebody new with an authenticator app, assigned to the applications that the tests sign in to."""

    def __init__(self, server: Server) -> None:
        self.server, self.site = server, server.site
        self.person, self.secret, self.group = server.inside(self._made)

    async def _made(self, installation: Installation) -> tuple[Person, str, str]:
        person = await installation.add_person(f"p{secrets.token_hex(6)}@x.example", exempt=True)
        segue, event = installation.segue, installation.change.event("test.prepare")
        group = new_id("00g", 7, installation.where.now_at, installation.where.source.random)
        await segue.store.put_group(Group(group, installation.org_id, f"Group {group}"), event)
        joined = installation.change.event("test.prepare")
        await segue.store.add_member(installation.org_id, group, person.id, joined)
        org = self.site.org
        for app_id in (org.clients["web"].app_id, org.saml["saml"].app_id, org.wsfed["wsfed"].app_id):
            await installation.assign(app_id, person.id)
        return person, await self._enrolled(installation, person), group

    async def _enrolled(self, installation: Installation, person: Person) -> str:
        segue, org = installation.segue, await installation.segue.store.org(installation.org_id)
        assert org is not None
        context = FactorContext(
            org, installation.domain, await installation.user(person.id), installation.where, "test"
        )
        factors = factors_of(providers_of(segue.settings, segue.source), segue.sealer, segue.hasher, segue.store)
        offer = await factors.enroll(context, "totp", None, {})
        enrollment = replace(offer.enrollment, status="active")
        await segue.store.put_factor(enrollment, installation.change.event("test.prepare"))
        return str(offer.shown["secret"])

    @property
    def code(self) -> str:
        return pyotp.TOTP(self.secret).now()


Start = Callable[[Site, Browser], httpx.Response]
STARTS: dict[str, tuple[Start, str]] = {
    "oidc": (lambda site, browser: authorize(browser, site.org.clients["web"]), "web"),
    "saml": (lambda site, browser: browser.get(site.saml("saml").sso_path), "saml"),
    "wsfed": (
        lambda site, browser: browser.get(site.wsfed("wsfed").sso_path, params=wsfed_asks(site.wsfed("wsfed"))),
        "wsfed",
    ),
}


def app_id_of(site: Site, protocol: str) -> str:
    org = site.org
    ids = {"oidc": org.clients["web"].app_id, "saml": org.saml["saml"].app_id, "wsfed": org.wsfed["wsfed"].app_id}
    return ids[protocol]


def enter(browser: Browser, page: httpx.Response, code: str) -> httpx.Response:
    """Fills in the form of a factor, which is the first of its page."""
    form = forms_of(page)[0]
    return browser.request("POST", str(page.request.url), data={**form.fields, "passcode": code})


def arrived(response: httpx.Response, site: Site) -> bool:
    """Whether the application has its answer."""
    if response.status_code in (302, 303):
        return (
            not response.headers["location"].startswith(site.base_url) and "error=" not in response.headers["location"]
        )
    return response.status_code == 200 and not form_of(response).action.startswith((site.base_url, "/"))
