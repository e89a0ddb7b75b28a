"""An event in the vendor's words: who acted, on what, and what only some may read of it."""

import json
from dataclasses import replace

import pytest

from segue.admin.actor import ROLES, Actor
from segue.admin.log import Names, may_read_explanations
from segue.core.application import Application, OidcClient
from segue.core.user import User
from segue.core.verdict import Check, Verdict
from segue.dialects.okta.admin.log_shape import log_event, published
from segue.events import Event

ANN = User("00u1", "00o1", "ann@example.com", "ann@example.com", profile={"firstName": "Ann"})
WEB = Application("0oa1", "00o1", "web", "Orders", "exk1", oidc=OidcClient("web-client"))
NAMES = Names({"00u1": ANN}, {"0oa1": WEB}, frozenset({"aus1"}))
EVENT = Event("evt1", "00o1", 1_700_000_000_123, "token.issue", request_id="req1", address="192.0.2.1")


def shape(event: Event, *, explained: bool = False) -> dict[str, object]:
    told = log_event(event, NAMES, explained=explained)
    json.dumps(told)
    return told  # type: ignore[return-value]


def test_the_moment_is_told_to_the_millisecond() -> None:
    assert published(1_700_000_000_123) == "2023-11-14T22:13:20.123Z"
    assert published(1_700_000_000_007).endswith("20.007Z")


@pytest.mark.parametrize(
    ("changes", "actor", "targets"),
    [
        ({"user_id": "00u1"}, ("00u1", "User", "ann@example.com"), []),
        ({"user_id": "00u1", "app_id": "0oa1"}, ("00u1", "User", "ann@example.com"), ["AppInstance"]),
        ({"user_id": "00u1", "actor_id": "cli:root"}, ("cli:root", "SystemPrincipal", "system"), ["User"]),
        ({"user_id": "00u2", "actor_id": "00u1"}, ("00u1", "User", "ann@example.com"), ["User"]),
        ({"app_id": "0oa1"}, ("0oa1", "PublicClientApp", "web-client"), ["AppInstance"]),
        ({"app_id": "0oa1", "actor_id": "0oa1"}, ("0oa1", "PublicClientApp", "web-client"), []),
        ({}, ("unknown", "User", "unknown"), []),
        ({"user_id": "00u9"}, ("00u9", "User", "unknown"), []),
        ({"actor_id": "cli:root", "detail": {"server_id": "aus1"}}, None, ["AuthorizationServer"]),
    ],
)
def test_who_acted_and_on_what(changes: dict[str, object], actor: object, targets: list[str]) -> None:
    told = shape(replace(EVENT, **changes))  # type: ignore[arg-type]
    by, found = told["actor"], told["target"] or []
    if actor is not None:
        assert (by["id"], by["type"], by["alternateId"]) == actor  # type: ignore[index]
    assert [target["type"] for target in found] == targets  # type: ignore[attr-defined]


def test_a_custom_server_is_told_from_the_orgs_own() -> None:
    assert shape(replace(EVENT, detail={"server": "aus1"}))["eventType"] == "app.oauth2.as.token.grant.access_token"
    assert shape(replace(EVENT, detail={"server": "aus0"}))["eventType"] == "app.oauth2.token.grant.access_token"


def test_MG_06_why_it_was_refused_is_for_those_who_may_know() -> None:
    verdict = Verdict(
        (Check("assigned", False, "bob assigned to Orders", "not assigned", "Assign the user."),), "access"
    )
    refused = replace(EVENT, detail={"kept": 1}).refused("access_denied", verdict)
    for explained in (False, True):
        told = shape(refused, explained=explained)
        assert told["outcome"] == {"result": "FAILURE", "reason": "access_denied"}
        assert ("bob assigned to Orders" in str(told)) is explained
        assert told["debugContext"]["debugData"]["kept"] == 1  # type: ignore[index]


def test_who_may_know() -> None:
    assert may_read_explanations(None)
    assert all(may_read_explanations(Actor("00u1", ROLES[role])) for role in ROLES)
    assert not may_read_explanations(Actor("0oa1", frozenset({"logs.read"})))
    assert not may_read_explanations(Actor("0oa1", frozenset({"logs.manage", "users.read"})))


@pytest.mark.parametrize(("address", "version"), [("192.0.2.1", "V4"), ("2001:db8::1", "V6"), ("unix", "UNKNOWN")])
def test_where_it_came_from(address: str, version: str) -> None:
    told = shape(replace(EVENT, address=address))
    assert told["request"]["ipChain"][0]["version"] == version  # type: ignore[index]
    assert shape(replace(EVENT, address=""))["request"] == {"ipChain": []}


def test_what_no_request_asked_for_is_a_job() -> None:
    assert shape(EVENT)["transaction"]["type"] == "WEB"  # type: ignore[index]
    assert shape(replace(EVENT, request_id=""))["transaction"] == {"type": "JOB", "id": "evt1", "detail": {}}
