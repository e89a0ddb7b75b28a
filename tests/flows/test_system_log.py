"""The System Log API over HTTP."""

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.okta_steps import sign_in, signed_in, with_api_token
from tests.server import Server, Site

LOGS = "/api/v1/logs"


def call(site: Site, **query: str | int) -> httpx.Response:
    response = site.browser().get(LOGS, params=query, headers=with_api_token(site))
    assert response.status_code == 200, response.text
    return response


def links(response: httpx.Response) -> dict[str, str]:
    found = re.findall(r'<([^>]+)>; rel="(\w+)"', ",".join(response.headers.get_list("link")))
    return {rel: url for url, rel in found}


def moment(delta_s: float = 0) -> str:
    return (datetime.now(UTC) + timedelta(seconds=delta_s)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def everything(site: Site, **query: str | int) -> list[dict[str, Any]]:
    """All pages of a bounded question."""
    response = call(site, **{"until": moment(60), **query})
    found = list(response.json())
    while following := links(response).get("next"):
        assert following.startswith(f"{site.base_url}{LOGS}?")
        response = site.browser().get(following.removeprefix(site.base_url), headers=with_api_token(site))
        assert response.status_code == 200, response.text
        found += response.json()
    return found


def test_a_sign_in_is_told_in_the_vendors_words(site: Site) -> None:
    person = site.person("ann")
    since = moment(-1)
    signed_in(site, "ann", **{"user-agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Safari/537.36"})
    found = everything(
        site, since=since, filter=f'eventType eq "user.session.start" and actor.alternateId eq "{person.login}"'
    )
    event = next(each for each in found[::-1] if each["displayMessage"] == "A session began")
    assert event["actor"] == {
        "id": person.id,
        "type": "User",
        "alternateId": person.login,
        "displayName": "Ann Lee",
        "detailEntry": None,
    }
    assert event["outcome"] == {"result": "SUCCESS", "reason": None}
    assert (event["severity"], event["version"], event["transaction"]["type"]) == ("INFO", "0", "WEB")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["published"])
    assert event["uuid"].startswith("evt")
    agent = event["client"]["userAgent"]
    assert (agent["os"], agent["browser"]) == ("Windows", "CHROME")
    assert event["client"]["device"] == "Computer"
    assert event["request"]["ipChain"][0]["version"] == "V4"
    assert {target["type"] for target in event["target"]} >= {"Credential"}


def test_a_refusal_says_why_and_how_to_mend_it(site: Site) -> None:
    person = site.person("bob")
    refused = sign_in(site, type(person)(person.id, person.login, "not the password"))
    assert refused.status_code == 401
    (event,) = everything(site, filter=f'uuid eq "{refused.json()["errorId"]}"')
    assert (event["eventType"], event["outcome"]["result"]) == ("user.session.start", "FAILURE")
    assert event["severity"] == "WARN"
    told = event["debugContext"]["debugData"]
    assert told["event"] == "authn.primary"
    assert any(not check["passed"] for check in told["checks"])
    assert "not the password" not in str(event)


def test_an_administrators_change_names_who_and_what(site: Site) -> None:
    carol = site.person("carol")
    body = {"name": "Logged", "origin": "https://logged.example.com", "scopes": [{"type": "CORS"}]}
    made = site.browser().post("/api/v1/trustedOrigins", json=body, headers=with_api_token(site)).json()
    (event,) = everything(site, filter=f'target.id eq "{made["id"]}"')
    assert event["eventType"] == "security.trusted_origin.create"
    assert (event["actor"]["id"], event["actor"]["alternateId"]) == (carol.id, carol.login)
    assert event["target"] == [
        {
            "id": made["id"],
            "type": "TrustedOrigin",
            "alternateId": "unknown",
            "displayName": "unknown",
            "detailEntry": None,
        }
    ]


def test_pages_go_on_where_the_last_one_ended(site: Site) -> None:
    until = moment(-1)
    # A server that other tests share may have a longer log than one page holds.
    since = call(site, until=until, limit=400, sortOrder="DESCENDING").json()[-1]["published"]
    every = everything(site, since=since, until=until, limit=1000)
    assert len(every) > 10
    stamps = [(event["published"], event["uuid"]) for event in every]
    assert stamps == sorted(stamps)
    assert everything(site, since=since, until=until, limit=7) == every
    backward = everything(site, since=since, until=until, limit=7, sortOrder="DESCENDING")
    assert backward == every[::-1]
    failures = [event for event in every if event["outcome"]["result"] == "FAILURE"]
    assert everything(site, since=since, until=until, limit=3, filter='outcome.result eq "FAILURE"') == failures
    assert "next" not in links(call(site, since=since, until=until, limit=1000))


def test_whoever_polls_is_told_each_event_once(site: Site) -> None:
    since = moment()
    first = call(site, since=since, filter='eventType eq "security.trusted_origin.create"')
    assert first.json() == []
    following, found = links(first)["next"], []
    body = {"name": "Polled", "origin": "https://polled.example.com", "scopes": [{"type": "CORS"}]}
    made = site.browser().post("/api/v1/trustedOrigins", json=body, headers=with_api_token(site)).json()
    deadline = time.monotonic() + 20
    while not found and time.monotonic() < deadline:
        response = site.browser().get(following.removeprefix(site.base_url), headers=with_api_token(site))
        following, found = links(response)["next"], response.json()
        time.sleep(0.2)
    assert [event["target"][0]["id"] for event in found] == [made["id"]]
    again = site.browser().get(following.removeprefix(site.base_url), headers=with_api_token(site))
    assert made["id"] not in again.text
    assert "next" in links(again)


def test_the_log_is_searched_by_words(site: Site) -> None:
    site.browser().get("/oauth2/v1/authorize?client_id=nobody-at-all")
    found = everything(site, q="authorization REQUEST")
    assert found
    assert all("Authorization request" in event["displayMessage"] for event in found)
    assert everything(site, q="authorization no-such-word") == []


def test_a_stretch_is_bounded_on_both_sides(site: Site) -> None:
    every = everything(site, until=moment(-1), limit=1000)
    middle = every[len(every) // 2]["published"]
    before = everything(site, until=middle, limit=1000)
    behind = everything(site, since=middle, until=moment(-1), limit=1000)
    assert all(event["published"] < middle for event in before)
    assert all(event["published"] >= middle for event in behind)
    assert before == every[: len(before)]
    assert behind[: len(every) - len(before)] == every[len(before) :]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("since", "yesterday"),
        ("until", "2026-02-30T00:00:00Z"),
        ("since", "1969-12-31T00:00:00Z"),
        ("limit", "0"),
        ("limit", "1001"),
        ("sortOrder", "SIDEWAYS"),
        ("after", "x"),
        ("after", "1_evt"),
        ("after", "-1"),
        ("filter", "eventType eq user.session.start"),
        ("filter", 'password eq "x"'),
        ("filter", 'debugContext.debugData.checks co "x"'),
        ("q", "w " * 11),
        ("q", "w" * 41),
    ],
)
def test_MG_04_a_question_that_is_none_is_refused(site: Site, name: str, value: str) -> None:
    response = site.browser().get(LOGS, params={name: value}, headers=with_api_token(site))
    assert response.status_code == 400
    assert response.json()["errorCode"] == "E0000001"


def test_MG_01_the_log_of_another_org_is_not_told(site: Site, twin: Site) -> None:
    refused = sign_in(twin, type(twin.person("bob"))("", "nobody@example.com", "wrong"))
    event_id = refused.json()["errorId"]
    assert everything(site, filter=f'uuid eq "{event_id}"') == []
    assert len(everything(twin, filter=f'uuid eq "{event_id}"')) == 1


def test_nobody_reads_the_log_without_a_token(site: Site) -> None:
    assert site.browser().get(LOGS).status_code == 401


def test_MG_06_no_secret_stands_in_the_log(server: Server, site: Site) -> None:
    session = sign_in(site, site.person("ann")).json()["sessionToken"]
    text = str(everything(site, limit=1000))
    assert session.partition(".")[2] not in text
    assert site.org.api_token.partition(".")[2] not in text
    assert site.person("ann").password not in text
