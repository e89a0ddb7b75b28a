"""How refusals look from outside."""

from dataclasses import replace

import pytest
from tests.unit.protocols.oauth.provider import PROFILE, Provider

from segue.core.refusal import Refusal
from segue.core.verdict import Check
from segue.protocols.oauth.errors import code_of, description_of, refusal
from segue.web.message import Json, Page


@pytest.mark.parametrize(
    ("reason", "code", "passive"),
    [
        ("invalid_grant", "invalid_grant", "invalid_grant"),
        ("malformed", "invalid_request", "invalid_request"),
        ("two_tickets", "invalid_request", "invalid_request"),
        ("ticket_not_usable", "login_required", "login_required"),
        ("login_required", "login_required", "login_required"),
        ("assurance_not_met", "access_denied", "login_required"),
        ("changed_meanwhile", "temporarily_unavailable", "login_required"),
        ("unavailable", "temporarily_unavailable", "temporarily_unavailable"),
        ("internal", "server_error", "server_error"),
        ("something_new", "access_denied", "access_denied"),
    ],
)
def test_codes(reason: str, code: str, passive: str):
    assert (code_of(reason), code_of(reason, passive=True)) == (code, passive)


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("invalid_client", 401),
        ("invalid_grant", 400),
        ("access_denied", 400),
        ("malformed", 400),
        ("rate_limited", 429),
        ("busy", 429),
        ("unavailable", 503),
        ("internal", 500),
    ],
)
def test_status(provider: Provider, reason: str, status: int):
    answer = provider.endpoints.write_oauth_error(provider.request(), Refusal(reason, "No."), "evt-1")
    assert isinstance(answer, Json)
    assert answer.status == status
    assert answer.data == {"error": code_of(reason), "error_description": "No.", "event_id": "evt-1"}


def test_descriptions_keep_to_their_alphabet():
    """RFC 6749 5.2: no quote and no backslash, which would also end the header that carries the text."""
    assert description_of(Refusal("x", 'a"b\\c\nd\u00e9e')) == "a?b?c?d?e"


def test_a_profile_may_have_its_own_sentences(provider: Provider):
    provider.profile = replace(PROFILE, texts={"client_known": "Their words."})
    refused = refusal("invalid_client", "Our words.", Check("client_known", passed=False))
    answer = provider.endpoints.write_oauth_error(provider.request(), refused, "evt")
    assert isinstance(answer, Json)
    assert isinstance(answer.data, dict)
    assert answer.data["error_description"] == "Their words."


def test_the_page(provider: Provider):
    refused = refusal("unauthorized_client", "No application is registered.")
    page = provider.endpoints.write_error_page(provider.request(), refused, "evt-1")
    assert isinstance(page, Page)
    assert page.status == 400
    assert page.context["error"] == "unauthorized_client"
    assert page.context["event_id"] == "evt-1"
    assert page.context["message"] == "No application is registered."
