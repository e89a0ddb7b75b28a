"""Every refusal has an event, and ``segue explain`` prints what led to it."""

import json
import re
from typing import Any

from tests.http_client import text_of
from tests.okta_steps import AUTHN, ORG, answer, asks, authorize, exchange, session_token, sign_in_by_page, userinfo
from tests.saml_messages import authn_request, deflated, instant_now
from tests.server import Server, Site

EVENT_ID = re.compile(r"evt[0-9A-Za-z]{17}")


def explained(server: Server, event_id: str) -> str:
    return server.command("explain", event_id).stdout


def failures(server: Server, event_id: str) -> dict[str, dict[str, Any]]:
    """What ``explain`` prints of the checks that failed, without a process for each question."""
    event = server.inside(lambda org: org.event(event_id))
    checks: list[dict[str, Any]] = event.detail["trail"]["checks"]  # type: ignore[index]
    assert all(check["mend"] for check in checks if not check["passed"]), checks
    return {check["name"]: check for check in checks if not check["passed"]}


def test_of_an_error_body(server: Server, site: Site) -> None:
    refused = site.browser().post(AUTHN, json={"username": "carol@example.com", "password": "wrong-password"}).json()
    said = explained(server, refused["errorId"])
    assert "authn.primary" in said
    assert "refused: credentials" in said
    assert re.search(r"FAILED +password", said)
    assert "carol@example.com" in said
    assert "wrong-password" not in said


def test_of_a_used_session_token(server: Server, site: Site) -> None:
    token, client = session_token(site), site.org.clients["web"]
    authorize(site.browser(), client, prompt="none", sessionToken=token)
    refused = answer(authorize(site.browser(), client, prompt="none", sessionToken=token))
    (event_id,) = EVENT_ID.findall(refused["error_description"])
    said = explained(server, event_id)
    assert re.search(r"FAILED +unspent", said)
    assert "to mend it" in said
    assert token.partition(".")[0] in said
    assert token.partition(".")[2] not in said


def test_of_an_error_page(server: Server, site: Site) -> None:
    page = site.browser().get(
        f"{ORG}/authorize", params=asks(site.org.clients["web"], redirect_uri="https://evil.example/")
    )
    said = explained(server, text_of(page, "event-id"))
    assert re.search(r"FAILED +redirect uri registered", said)
    assert "https://evil.example/" in said
    assert site.org.clients["web"].redirect_uri in said


def test_of_a_wrong_password_on_the_page(server: Server, site: Site) -> None:
    browser = site.browser()
    page = sign_in_by_page(
        browser, authorize(browser, site.org.clients["web"]), site.person("ann"), password="wrong-one"
    )
    (event_id,) = EVENT_ID.findall(text_of(page, "sign-in-error"))
    assert list(failures(server, event_id)) == ["password"]


def test_of_the_token_endpoint_and_userinfo(server: Server, site: Site) -> None:
    token = exchange(site, site.org.clients["web"], "no-such-code").json()
    assert list(failures(server, token["event_id"])) == ["code_shape"]
    bearer = userinfo(site, "nonsense").json()
    assert list(failures(server, bearer["event_id"])) == ["access_token"]


def test_of_a_saml_request(server: Server, site: Site) -> None:
    app = site.saml("saml")
    request = authn_request(issuer="https://sp.example.com/stranger", at=instant_now())
    page = site.browser().get(app.sso_path, params={"SAMLRequest": deflated(request.text)})
    assert page.status_code == 400
    failed = failures(server, text_of(page, "event-id"))
    assert list(failed) == ["issuer"]
    assert failed["issuer"]["expected"] == app.entity_id


def test_the_whole_event_as_json(server: Server, site: Site) -> None:
    refused = site.browser().post(AUTHN, json={"username": "nobody@example.com", "password": "x"}).json()
    event = json.loads(server.command("explain", refused["errorId"], "--json").stdout)
    assert event["id"] == refused["errorId"]
    assert event["outcome"] == "refused"
    assert event["detail"]["trail"]["checks"]


def test_an_id_that_leads_nowhere_is_one_sentence(server: Server) -> None:
    done = server.command("explain", "evt00000000000000000", check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr
