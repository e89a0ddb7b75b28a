"""One winner each (OT-01, OA-02, SA-11): eight processes meet at four workers, on both databases."""

import base64
import json
from collections import Counter
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.attacks.http_racers import PROCESSES, Answer, Shot, race
from tests.hand_over import exchange_form, interclient_token, origin_tokens, request_of, target_id
from tests.http_client import form_of, parameters
from tests.okta_steps import ORG, asks, authorize, basic, claims_of, code_for, is_signed_in, signed_in, userinfo
from tests.saml_messages import authn_request, deflated, instant_now
from tests.server import Server

TOKENS = 300
CODES = 60
REQUESTS = 30
PAGES = 10
HAND_OVERS = 20
FORM = {"content-type": "application/x-www-form-urlencoded"}


def no_faults(answers: list[list[Answer]]) -> None:
    assert all(len(shot) == PROCESSES for shot in answers)
    assert Counter(answer.status for shot in answers for answer in shot if answer.status >= 500) == {}


def test_OT_01_a_session_token_gives_one_session(crowded: Server) -> None:
    site, person = crowded.site, crowded.site.person("bob")
    tokens = crowded.inside(lambda org: org.session_tokens(person.id, TOKENS))
    wanted = {"response_type": "id_token", "prompt": "none"}
    shots = [
        Shot("GET", f"{ORG}/authorize?{urlencode(asks(site.org.clients['web'], **wanted, sessionToken=token))}")
        for token in tokens
    ]
    answers = race(site.authority, shots)

    no_faults(answers)
    for shot in answers:
        winners = [answer for answer in shot if "id_token" in parameters(answer.location)]
        losers = [answer for answer in shot if answer not in winners]
        assert len(winners) == 1
        assert all(cookie.startswith("sid=") for cookie in winners[0].cookies)
        assert len(winners[0].cookies) == 1
        assert all(parameters(answer.location)["error"] == "login_required" for answer in losers)
        assert not any(answer.cookies for answer in losers)
    opened = crowded.rows("SELECT parent_id FROM credentials WHERE kind = 'session' AND user_id = $1", person.id)
    spent = [token.partition(".")[0] for token in tokens]
    assert Counter(parent for (parent,) in opened if parent in spent) == dict.fromkeys(spent, 1)
    assert_spent_once(crowded, spent)
    cookies = {cookie.partition(";")[0] for shot in answers for answer in shot for cookie in answer.cookies}
    assert len(cookies) == TOKENS


def assert_spent_once(server: Server, credential_ids: list[str]) -> None:
    """The trail says so as well: one event of redemption for each."""
    found = server.rows("SELECT credential_id FROM events WHERE type LIKE '%.redeem' AND outcome = 'success'")
    spent = Counter(ident for (ident,) in found)
    assert {ident: spent[ident] for ident in credential_ids} == dict.fromkeys(credential_ids, 1)


def test_OA_02_a_code_is_exchanged_once_and_a_second_use_ends_what_the_first_gave(crowded: Server) -> None:
    site = crowded.site
    client, browser = site.org.clients["web"], signed_in(site)
    codes = [code_for(browser, client) for _ in range(CODES)]
    headers = {**FORM, "authorization": basic(client.client_id, client.secret)}
    form = {"grant_type": "authorization_code", "redirect_uri": client.redirect_uri}
    shots = [Shot("POST", f"{ORG}/token", headers, urlencode({**form, "code": code}).encode()) for code in codes]
    answers = race(site.authority, shots)

    no_faults(answers)
    given: list[Any] = []
    for shot in answers:
        bodies = [json_of(answer) for answer in shot]
        winners = [body for body in bodies if "access_token" in body]
        assert len(winners) <= 1
        assert all(body["error"] == "invalid_grant" for body in bodies if body not in winners)
        given += winners
    # All eight came at once, so each code was used again: whatever the first use gave has ended with it.
    assert all(userinfo(site, body["access_token"]).status_code == 401 for body in given)
    assert_spent_once(crowded, [code.partition(".")[0] for code in codes])
    assert is_signed_in(browser) == "ann@example.com"


def json_of(answer: Answer) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(answer.body)
    return body


def test_SA_11_a_saml_request_is_answered_once(crowded: Server) -> None:
    site = crowded.site
    app, cookie = site.saml("saml"), signed_in(site).cookies["sid"]
    requests = [authn_request(issuer=app.entity_id, at=instant_now()) for _ in range(REQUESTS)]
    shots = [
        Shot("GET", f"{app.sso_path}?{urlencode({'SAMLRequest': deflated(request.text)})}", {"cookie": f"sid={cookie}"})
        for request in requests
    ]
    answers = race(site.authority, shots)

    no_faults(answers)
    for shot in answers:
        assert Counter(answer.status for answer in shot) == {200: 1, 400: PROCESSES - 1}
        assert sum(b"SAMLResponse" in answer.body for answer in shot) == 1


def test_OT_01_a_waiting_request_is_resumed_once(crowded: Server) -> None:
    """The user presses the button eight times: one code, whatever the pages said."""
    site, person = crowded.site, crowded.site.person("ann")
    shots = []
    for _ in range(PAGES):
        browser = site.browser()
        page = browser.follow(authorize(browser, site.org.clients["web"]))
        assert "password" in form_of(page).fields
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        body = urlencode({"username": person.login, "password": person.password}).encode()
        shots.append(Shot("POST", str(page.url).removeprefix(site.base_url), {**FORM, "cookie": cookie}, body))
    answers = race(site.authority, shots)

    no_faults(answers)
    for shot in answers:
        codes = [answer for answer in shot if answer.location and "code" in parameters(answer.location)]
        assert len(codes) == 1
        assert {answer.status for answer in shot} <= {303, 400, 429}
        assert sum(bool(answer.cookies) for answer in shot) == 1


def test_OT_01_the_tokens_that_were_won_are_those_of_their_user(crowded: Server) -> None:
    """Many people at once: each answer is about whoever the token was made for."""
    site = crowded.site
    people = [site.person("ann"), site.person("bob"), site.person("carol")]
    by_token: dict[str, str] = {}
    for person in people:
        for token in crowded.inside(lambda org, person=person: org.session_tokens(person.id, 10)):  # type: ignore[misc]
            by_token[token] = person.id
    order = sorted(by_token, key=lambda token: base64.b64encode(token[-8:].encode()))
    wanted = {"response_type": "id_token", "prompt": "none"}
    shots = [
        Shot("GET", f"{ORG}/authorize?{urlencode(asks(site.org.clients['web'], **wanted, sessionToken=token))}")
        for token in order
    ]
    for token, shot in zip(order, race(site.authority, shots), strict=True):
        (winner,) = (parameters(answer.location)["id_token"] for answer in shot if answer.cookies)
        payload = winner.split(".")[1]
        assert f'"sub":"{by_token[token]}"' in base64.urlsafe_b64decode(payload + "==").decode()


@pytest.mark.parametrize("protocol", ["oidc", "saml", "wsfed"])
def test_OT_01_a_sign_in_is_handed_over_once(crowded: Server, protocol: str) -> None:
    """NW-05: eight browsers come with one ticket; one application is told of one sign-in, and no session is opened."""
    site, target = crowded.site, target_id(crowded.site, protocol)
    tokens = origin_tokens(site, "bob")
    tickets = [interclient_token(site, target, tokens=tokens) for _ in range(HAND_OVERS)]
    shots = []
    for ticket in tickets:
        path, sent = request_of(site, protocol, ticket)
        shots.append(Shot("GET", f"{path}?{urlencode(sent)}"))
    answers = race(site.authority, shots)

    no_faults(answers)
    for shot in answers:
        if protocol == "oidc":
            told = [parameters(answer.location) for answer in shot]
            assert sum("code" in answer for answer in told) == 1
            assert Counter(answer.get("error") for answer in told) == {
                None: 1,
                "one_time_sso_token_replayed": PROCESSES - 1,
            }
        else:
            field = b"SAMLResponse" if protocol == "saml" else b"wresult"
            assert sum(field in answer.body for answer in shot) == 1
            assert Counter(answer.status for answer in shot) == {200: 1, 303: PROCESSES - 1}
        assert not any(cookie.startswith("sid=") for answer in shot for cookie in answer.cookies)
    assert_spent_once(crowded, [str(claims_of(ticket, site)["jti"]) for ticket in tickets])


def test_NW_08_exchanges_at_once_give_each_a_ticket_of_its_own(crowded: Server) -> None:
    site, target, client = crowded.site, target_id(crowded.site, "oidc"), crowded.site.org.clients["origin"]
    tokens = origin_tokens(site, "bob")
    headers = {**FORM, "authorization": basic(client.client_id, client.secret)}
    body = urlencode(exchange_form(tokens, target)).encode()
    answers = race(site.authority, [Shot("POST", f"{ORG}/token", headers, body)] * 5)

    no_faults(answers)
    given = [str(json_of(answer)["access_token"]) for shot in answers for answer in shot]
    assert len({claims_of(token, site)["jti"] for token in given}) == 5 * PROCESSES
    assert {claims_of(token, site)["sid"] for token in given} == {claims_of(tokens["id_token"], site)["sid"]}
