"""How an authorization answer, good or bad, reaches the client."""

import re
from urllib.parse import urlsplit

import pytest
from tests.http_client import form_of, parameters
from tests.okta_steps import Pkce, answer, authorize, claims_of, message_of, signed_in
from tests.server import Site


@pytest.mark.parametrize(("response_type", "mode"), [("code", "query"), ("id_token", "fragment")])
def test_the_mode_where_none_is_asked_for(site: Site, response_type: str, mode: str) -> None:
    response = authorize(signed_in(site), site.org.clients["web"], response_type=response_type, prompt="none")
    location = urlsplit(response.headers["location"])
    assert response.status_code == 302
    assert bool(location.query) == (mode == "query")
    assert bool(location.fragment) == (mode == "fragment")
    assert set(answer(response)) == {response_type, "state", "iss"}
    assert response.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("response_type", ["code", "id_token"])
def test_fragment(site: Site, response_type: str) -> None:
    response = authorize(
        signed_in(site), site.org.clients["web"], response_type=response_type, response_mode="fragment", prompt="none"
    )
    location = urlsplit(response.headers["location"])
    assert location.query == ""
    assert parameters(f"?{location.fragment}")["state"] == "st-4711"


@pytest.mark.parametrize("response_type", ["code", "id_token"])
def test_form_post(site: Site, response_type: str) -> None:
    client = site.org.clients["web"]
    page = authorize(
        signed_in(site), client, response_type=response_type, response_mode="form_post", prompt="none", state='"><b>&'
    )
    form = form_of(page)
    assert page.status_code == 200
    assert (form.method, form.action) == ("POST", client.redirect_uri)
    assert set(form.fields) == {response_type, "state", "iss"}
    assert form.fields["state"] == '"><b>&'
    assert "form-action https://app.example.com" in page.headers["content-security-policy"]


@pytest.mark.parametrize("response_type", ["code", "id_token"])
def test_okta_post_message(site: Site, response_type: str) -> None:
    page = authorize(
        signed_in(site),
        site.org.clients["web"],
        response_type=response_type,
        response_mode="okta_post_message",
        prompt="none",
        state="</script><script>alert(1)</script>",
    )
    data, origin = message_of(page)
    assert page.status_code == 200
    assert origin == "https://app.example.com"
    assert set(data) == {response_type, "state", "iss"}
    assert data["state"] == "</script><script>alert(1)</script>"
    assert "x-frame-options" not in page.headers
    assert "frame-ancestors https://app.example.com" in page.headers["content-security-policy"]
    if response_type == "id_token":
        assert claims_of(str(data["id_token"]), site)["sub"] == site.person("ann").id


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post", "okta_post_message"])
def test_an_error_takes_the_same_way(site: Site, mode: str) -> None:
    response = authorize(site.browser(), site.org.clients["web"], response_mode=mode, prompt="none")
    told: dict[str, object]
    if mode == "form_post":
        told = dict(form_of(response).fields)
    elif mode == "okta_post_message":
        told, _ = message_of(response)
    else:
        location = urlsplit(response.headers["location"])
        assert bool(location.query) == (mode == "query")
        told = dict(answer(response))
    assert set(told) == {"error", "error_description", "state", "iss"}
    assert told["error"] == "login_required"
    assert told["iss"] == site.base_url
    assert re.search(r"\[evt[0-9A-Za-z]{17}\]$", str(told["error_description"]))


def test_a_token_never_travels_in_a_query(site: Site) -> None:
    response = authorize(
        signed_in(site), site.org.clients["web"], response_type="id_token", response_mode="query", prompt="none"
    )
    location = urlsplit(response.headers["location"])
    assert location.query == ""
    assert answer(response)["error"] == "invalid_request"


def test_a_mode_that_nobody_knows(site: Site) -> None:
    response = authorize(signed_in(site), site.org.clients["web"], response_mode="pigeon", prompt="none")
    assert answer(response)["error"] == "unsupported_response_mode"


@pytest.mark.parametrize("mode", ["form_post", "okta_post_message"])
def test_pages_are_for_web_addresses(site: Site, mode: str) -> None:
    client = site.org.clients["native"]
    response = authorize(
        signed_in(site),
        client,
        redirect_uri="com.example.app:/done",
        response_mode=mode,
        prompt="none",
        **Pkce.new().challenge,
    )
    assert response.headers["location"].startswith("com.example.app:/done?")
    assert answer(response)["error"] == "invalid_request"


@pytest.mark.parametrize("response_type", ["token", "code token", "code id_token", "none", "magic", ""])
def test_response_types_that_are_not_offered(site: Site, response_type: str) -> None:
    refused = answer(authorize(signed_in(site), site.org.clients["web"], response_type=response_type, prompt="none"))
    assert refused["error"] in ("unsupported_response_type", "invalid_request")
    assert not {"code", "id_token", "access_token"}.intersection(refused)


def test_a_client_gets_no_id_token_that_is_registered_for_codes(site: Site) -> None:
    refused = answer(authorize(signed_in(site), site.org.clients["code only"], response_type="id_token", prompt="none"))
    assert refused["error"] == "unsupported_response_type"


def test_an_id_token_answers_a_nonce(site: Site) -> None:
    refused = answer(
        authorize(signed_in(site), site.org.clients["web"], response_type="id_token", nonce=None, prompt="none")
    )
    assert refused["error"] == "invalid_request"


@pytest.mark.parametrize("name", ["request", "request_uri", "registration"])
def test_what_is_not_supported_is_named(site: Site, name: str) -> None:
    refused = answer(authorize(signed_in(site), site.org.clients["web"], prompt="none", **{name: "https://a.example/"}))
    assert refused["error"] == f"{name}_not_supported"
