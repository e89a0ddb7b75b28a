"""What the playground shows: requests and responses taken apart, tokens decoded and checked."""

import base64
import json
import time
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from segue.demo.authenticator import Authenticator
from segue.demo.backend import Backend
from segue.demo.playground.flows import FLOWS, flow
from segue.demo.playground.kit import Kit, SamlPlace, WsFedPlace
from segue.demo.playground.link_steps import receive_image, receive_start
from segue.demo.playground.recording import Pair, Recorder, arrived, departed, new_sent
from segue.demo.playground.runs import Done, new_run
from segue.demo.playground.steps import BrowserStep, authorize, receive_answer, receive_refusal
from segue.demo.playground.tokens import Expectation, decode, verify

KIT = Kit(
    own="http://localhost:9105",
    backend=Backend("http://localhost:8080"),
    client_id="client",
    client_secret="secret",
    sso_url="sso",
    metadata_url="metadata",
    sp_entity_id="sp",
    own_saml=SamlPlace("embed", "sso", "metadata", "sp"),
    wsfed=WsFedPlace("sso", "issuer", "realm"),
    start_url="start",
    api_token="api token",
    authenticators={"otp": Authenticator("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")},
    apps={
        name: {"app_id": name, "client_id": name, "client_secret": "s"}
        for name in ("native", "stranger", "target", "target_mfa")
    },
)
KEY = RSAKey.generate_key(2048, {"kid": "one", "alg": "RS256", "use": "sig"})
OTHER = RSAKey.generate_key(2048, {"kid": "one", "alg": "RS256", "use": "sig"})
JWKS = KeySet([KEY]).as_dict(private=False)
EXPECTED = Expectation("http://localhost:8080", "client", "nonce")
NOW = int(time.time())
CLAIMS = {"iss": "http://localhost:8080", "aud": "client", "nonce": "nonce", "exp": NOW + 86_400, "sub": "ann"}


def signed(claims: Mapping[str, Any] = CLAIMS, key: RSAKey = KEY) -> str:
    return jwt.encode({"alg": "RS256", "kid": "one"}, dict(claims), key)


async def test_what_a_client_does_is_recorded() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/json":
            return httpx.Response(201, json={"é": [1]}, headers={"x-kept": "1", "date": "dull"})
        return httpx.Response(400, text="no")

    recorder = Recorder()
    async with recorder.client(httpx.AsyncClient(transport=httpx.MockTransport(answer))) as client:
        await client.post("http://a.example/json?x=1&x=2", json={"password": "p"})
        await client.post("http://a.example/form", data={"code": "c", "y": "ü"}, auth=("id", "secret"))
    first, second = recorder.exchanges
    assert (first.sent.method, first.sent.address) == ("POST", "http://a.example/json")
    assert first.sent.query == (Pair("x", "1"), Pair("x", "2"))
    assert json.loads(first.sent.body) == {"password": "p"}
    assert first.got is not None
    assert (first.got.status, first.got.reason) == (201, "Created")
    assert first.got.body == '{\n  "é": [\n    1\n  ]\n}'
    names = [pair.name for pair in first.got.headers]
    assert "x-kept" in names
    assert "date" not in names
    assert second.sent.body == ""
    assert [(pair.name, pair.value, bool(pair.why)) for pair in second.sent.form] == [
        ("code", "c", True),
        ("y", "ü", False),
    ]
    [authorization] = [pair for pair in second.sent.headers if pair.name == "authorization"]
    assert authorization.value.startswith("Basic ")
    assert authorization.why
    assert second.got is not None
    assert second.got.body == "no"


def test_what_a_browser_does_is_shown_where_it_can_be_seen() -> None:
    gone = departed("http://a.example/authorize?sessionToken=t&state=s")
    assert gone.got is None
    assert [(pair.name, bool(pair.why)) for pair in gone.sent.query] == [("sessionToken", True), ("state", False)]
    back = arrived("POST", "http://b.example/acs", {"host": "b.example", "x-other": "1"}, (("SAMLResponse", "r"),))
    assert [pair.name for pair in back.sent.headers] == ["host"]
    assert [(pair.name, bool(pair.why)) for pair in back.sent.form] == [("SAMLResponse", True)]
    behind = arrived("GET", "http://b.example/", {}, fragment=(("id_token", "t"),))
    assert [pair.name for pair in behind.sent.fragment] == ["id_token"]


def test_json_that_is_none_is_shown_as_it_is() -> None:
    sent = new_sent("POST", "http://a.example/", [("content-type", "application/json")], b"{broken \xff")
    assert sent.body == "{broken \ufffd"


def test_a_token_taken_apart() -> None:
    decoded = decode("ID token", signed())
    assert decoded is not None
    assert {claim.name: claim.value for claim in decoded.header} == {"alg": "RS256", "kid": "one", "typ": "JWT"}
    assert {claim.name for claim in decoded.claims} == set(CLAIMS)
    assert json.loads(decoded.payload_json) == CLAIMS


@pytest.mark.parametrize("raw", ["", "a.b", "a.b.c", "e30.e30", "e30.W10.x", f"e30.{'A' * 5}.x", "é.é.é"])
def test_what_is_no_token(raw: str) -> None:
    assert decode("token", raw) is None


def test_an_id_token_that_holds() -> None:
    findings = verify(signed(), JWKS, EXPECTED)
    assert [finding.what for finding in findings] == ["signature", "iss", "aud", "nonce", "exp"]
    assert all(finding.passed for finding in findings)
    assert all(finding.passed for finding in verify(signed(CLAIMS | {"aud": ["client", "b"]}), JWKS, EXPECTED))


@pytest.mark.parametrize(
    ("change", "failing"),
    [
        ({"iss": "http://elsewhere.example"}, "iss"),
        ({"aud": "another"}, "aud"),
        ({"aud": ["another"]}, "aud"),
        ({"nonce": "other"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"exp": NOW - 3600}, "exp"),
        ({"exp": "tomorrow"}, "exp"),
        ({"exp": None}, "exp"),
    ],
)
def test_an_id_token_that_does_not(change: dict[str, Any], failing: str) -> None:
    claims = {name: value for name, value in (CLAIMS | change).items() if value is not None}
    assert [finding.what for finding in verify(signed(claims), JWKS, EXPECTED) if not finding.passed] == [failing]


def test_an_id_token_of_somebody_else() -> None:
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    for raw in (signed(key=OTHER), f"{none}.{signed().split('.')[1]}.", signed()[:-4] + "AAAA", "no token"):
        [finding] = verify(raw, JWKS, EXPECTED)
        assert (finding.what, finding.passed) == ("signature", False)


@pytest.mark.parametrize("key_set", [{}, {"keys": []}, {"keys": [{}]}, {"keys": None}])
def test_keys_that_are_none(key_set: dict[str, Any]) -> None:
    assert not any(finding.passed for finding in verify(signed(), key_set, EXPECTED))


def test_every_flow_can_be_found_and_ends() -> None:
    assert len({each.id for each in FLOWS}) == len(FLOWS) == 18
    assert all(flow(each.id) is each for each in FLOWS)
    assert flow("none") is None


def test_each_request_of_a_run_has_values_of_its_own() -> None:
    run = new_run("replay", "browser")
    run.values["session_token"] = "t.1"
    leave = authorize("code")
    first, second = (dict(httpx.URL(leave(KIT, run)).params) for _ in range(2))
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]
    assert first["sessionToken"] == second["sessionToken"] == "t.1"
    assert first["prompt"] == "none"
    assert first["state"].startswith(f"{run.id}.")
    without = dict(httpx.URL(authorize("id_token", ticket=False)(KIT, run)).params)
    assert not {"sessionToken", "prompt", "code_challenge"} & without.keys()


def test_answers_of_segue() -> None:
    run = new_run("code", "browser")
    assert not receive_answer(run, {"code": "c"}).failed
    assert run.values["code"] == "c"
    refused = receive_answer(run, {"error": "access_denied", "error_description": "No. [evtVbVVUY30AthiLqsI1]"})
    assert (refused.failed, refused.event_id) == (True, "evtVbVVUY30AthiLqsI1")
    assert receive_answer(run, {"other": "x"}).failed


@pytest.mark.parametrize("params", [{"code": "c"}, {"error": "server_error"}, {}])
def test_a_second_use_that_is_not_refused_is_a_failure(params: dict[str, str]) -> None:
    """The demo would say so, should Segue ever take a ticket twice."""
    assert receive_refusal(new_run("replay", "browser"), params).failed


def test_a_failed_step_ends_a_run() -> None:
    run = new_run("code", "browser")
    run.finish_step(Done(outcome="fine"))
    assert (run.position, run.over) == (1, False)
    run.finish_step(Done(outcome="bad", failed=True))
    assert run.over


def test_a_step_can_be_tried_again() -> None:
    run = new_run("second-factor", "browser")
    run.finish_step(Done(outcome="wrong", again=True))
    assert (run.position, run.over, run.remark and run.remark.outcome) == (0, False, "wrong")
    run.finish_step(Done(outcome="fine"))
    assert (run.position, run.remark) == (1, None)


@pytest.mark.parametrize(
    ("seen", "failed", "text"),
    [
        ({"size": "1 x 1", "login": "ann"}, False, "ann is signed in"),
        ({"size": "1 x 1", "login": ""}, False, "kept no cookie"),
        ({"size": "not loaded"}, True, "did not arrive"),
        ({}, False, "Without scripts"),
    ],
)
def test_what_a_browser_did_with_an_image(seen: dict[str, str], failed: bool, text: str) -> None:
    done = receive_image(new_run("image", "browser"), seen)
    assert done.failed is failed
    assert text in done.outcome


def test_a_start_by_another_issuer() -> None:
    run = new_run("embed-oidc", "browser")
    run.values["issuer"] = "http://localhost:8080"
    assert receive_start(run, {"iss": "https://elsewhere.example"}).failed
    assert receive_start(run, {}).failed
    assert not receive_start(run, {"iss": "http://localhost:8080"}).failed


def test_the_last_step_of_the_replay_wants_a_refusal() -> None:
    replay = flow("replay")
    assert replay is not None
    last = replay.steps[-1]
    assert isinstance(last, BrowserStep)
    assert last.receive is receive_refusal
