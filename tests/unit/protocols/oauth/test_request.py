"""The rules of an authorization request, one by one: what is refused, by which name, and where the answer goes."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.protocols.oauth.provider import CHALLENGE, PROFILE, SPA_CALLBACK, WEB_CALLBACK, Provider, answer_of

from segue.core.application import Application
from segue.web.message import AutoPost, PostMessage, Redirect

REFUSED = [
    # parameters changed in a good request, the error, the check that failed
    ({"response_type": None}, "invalid_request", "response_type"),
    ({"response_type": "token"}, "unsupported_response_type", "response_type"),
    ({"response_type": "code token"}, "unsupported_response_type", "response_type"),
    ({"response_type": "code code"}, "unsupported_response_type", "response_type"),
    ({"response_type": " "}, "invalid_request", "response_type"),
    ({"response_type": "none"}, "unsupported_response_type", "response_type"),
    ({"response_type": "CODE"}, "unsupported_response_type", "response_type"),
    ({"response_mode": "jwt"}, "unsupported_response_mode", "response_mode"),
    ({"response_mode": "post_message"}, "unsupported_response_mode", "response_mode"),
    ({"scope": "openid openid\tx"}, "invalid_scope", "scope_form"),
    ({"scope": "openid  email"}, "invalid_scope", "scope_form"),
    ({"scope": "nothing_we_know"}, "invalid_scope", "scope_granted"),
    ({"scope": None}, "invalid_request", "scope_present"),
    ({"response_type": "id_token", "nonce": "n", "scope": "email"}, "invalid_scope", "scope_openid"),
    ({"response_type": "id_token"}, "invalid_request", "nonce_present"),
    ({"nonce": "n" * 2049}, "invalid_request", "nonce_length"),
    ({"prompt": "none login"}, "invalid_request", "prompt_alone"),
    ({"prompt": "create"}, "invalid_request", "prompt_known"),
    ({"max_age": "-1"}, "invalid_request", "max_age"),
    ({"max_age": "1.5"}, "invalid_request", "max_age"),
    ({"max_age": "١"}, "invalid_request", "max_age"),
    ({"max_age": str(2**31)}, "invalid_request", "max_age"),
    ({"max_age": "0", "prompt": "none"}, "invalid_request", "max_age_with_none"),
    ({"request": "e30.e30.e30"}, "request_not_supported", "request"),
    ({"request_uri": "https://web.example.net/r"}, "request_uri_not_supported", "request_uri"),
    ({"registration": "{}"}, "registration_not_supported", "registration"),
    ({"code_challenge_method": "S256"}, "invalid_request", "pkce_challenge_present"),
    ({"code_challenge": CHALLENGE}, "invalid_request", "pkce_method"),
    ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request", "pkce_method"),
    ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request", "pkce_challenge_form"),
    ({"code_challenge": CHALLENGE + "=", "code_challenge_method": "S256"}, "invalid_request", "pkce_challenge_form"),
]


async def last_check(provider: Provider) -> str:
    event = [event for event in await provider.events() if event.outcome == "refused"][-1]
    trail: Any = event.detail["trail"]
    return str(next(check["name"] for check in trail["checks"] if not check["passed"]))


@pytest.mark.parametrize(("changes", "error", "check"), REFUSED)
async def test_refused(provider: Provider, changes: dict[str, str | None], error: str, check: str):
    ticket = await provider.ticket()
    answer = await provider.answer(provider.wish(ticket=ticket, **changes))
    assert answer["error"] == error
    assert (answer["state"], answer["iss"]) == ("st&te", "https://id.example.com")
    assert not {"code", "id_token"} & set(answer)
    assert await last_check(provider) == check
    assert provider.browser == {}
    # The request was at fault, not the ticket: it still works.
    assert "code" in await provider.answer(provider.wish(ticket=ticket))


async def change(provider: Provider, **settings: Any) -> None:
    assert provider.web.oidc
    changed = replace(provider.web, oidc=replace(provider.web.oidc, **settings))
    await provider.store.put_application(changed, provider.where().event("application.update"))
    provider.web = changed


async def test_a_response_type_the_client_is_not_registered_for(provider: Provider):
    await change(provider, response_types=frozenset({"code"}))
    answer = await provider.answer(provider.wish(response_type="id_token", nonce="n"))
    assert answer["error"] == "unsupported_response_type"


async def test_a_client_without_the_code_grant(provider: Provider):
    await change(provider, grant_types=frozenset({"implicit"}))
    assert (await provider.answer(provider.wish()))["error"] == "unauthorized_client"


async def test_a_public_client_needs_pkce(provider: Provider):
    wish = provider.wish(provider.spa, code_challenge=None, code_challenge_method=None)
    assert (await provider.answer(wish))["error"] == "invalid_request"


async def test_a_client_may_be_made_to_need_pkce(provider: Provider):
    await change(provider, pkce_required=True)
    wish = provider.wish(code_challenge=None, code_challenge_method=None)
    assert (await provider.answer(wish))["error"] == "invalid_request"


async def test_an_id_token_alone_needs_no_pkce(provider: Provider):
    wish = provider.wish(
        provider.spa,
        ticket=await provider.ticket(),
        response_type="id_token",
        nonce="n",
        code_challenge=None,
        code_challenge_method=None,
    )
    assert "id_token" in await provider.answer(wish)


async def test_the_profile_decides_whether_state_is_needed(provider: Provider):
    provider.profile = replace(PROFILE, state_required=True)
    answer = await provider.answer(provider.wish(state=None))
    assert answer["error"] == "invalid_request"
    assert "state" not in answer


async def test_the_profile_decides_what_a_missing_scope_means(provider: Provider):
    provider.profile = replace(PROFILE, default_scope="openid")
    await provider.sign_in()
    code = (await provider.answer(provider.wish(scope=None)))["code"]
    assert (await provider.token(provider.exchange(code)))["scope"] == "openid"


async def test_the_profile_decides_about_unknown_scopes(provider: Provider):
    await provider.sign_in()
    code = (await provider.answer(provider.wish(scope="openid wine offline_access")))["code"]
    assert (await provider.token(provider.exchange(code)))["scope"] == "openid"
    provider.profile = replace(PROFILE, unknown_scopes="refuse")
    assert (await provider.answer(provider.wish(scope="openid wine")))["error"] == "invalid_scope"
    assert "code" in await provider.answer(provider.wish(scope="openid offline_access"))


async def test_scopes_of_another_server(provider: Provider):
    provider.profile = replace(PROFILE, unknown_scopes="refuse")
    await provider.sign_in()
    assert (await provider.answer(provider.wish(scope="openid reports")))["error"] == "invalid_scope"
    assert "code" in await provider.answer(provider.wish(scope="openid reports"), server=provider.custom)


# --- where an error goes ---


async def test_an_error_follows_the_mode_asked_for(provider: Provider):
    def wish(mode: str | None, response_type: str = "code") -> dict[str, str]:
        return provider.wish(response_mode=mode, response_type=response_type, nonce="n", prompt="none")

    response = await provider.authorize(wish(None))
    assert isinstance(response, Redirect)
    assert response.location.startswith(f"{WEB_CALLBACK}?error=login_required&")
    response = await provider.authorize(wish(None, "id_token"))
    assert isinstance(response, Redirect)
    assert response.location.startswith(f"{WEB_CALLBACK}#error=login_required&")
    assert isinstance(await provider.authorize(wish("form_post")), AutoPost)
    response = await provider.authorize(wish("message"))
    assert isinstance(response, PostMessage)
    assert response.data["error"] == "login_required"


async def test_an_error_about_the_mode_goes_where_the_response_type_says(provider: Provider):
    response = await provider.authorize(provider.wish(response_mode="jwt", response_type="id_token", nonce="n"))
    assert isinstance(response, Redirect)
    assert response.location.startswith(f"{WEB_CALLBACK}#error=unsupported_response_mode")


async def test_an_app_with_an_address_of_its_own_has_no_web_page(provider: Provider):
    assert provider.spa.oidc
    oidc = replace(provider.spa.oidc, native=True, redirect_uris=("com.example.app:/cb",))
    native: Application = replace(provider.spa, oidc=oidc)
    await provider.store.put_application(native, provider.where().event("application.update"))
    response = await provider.authorize(provider.wish(native, ticket=await provider.ticket()))
    assert isinstance(response, Redirect)
    assert response.location.startswith("com.example.app:/cb?code=")
    for mode in ("form_post", "message"):
        response = await provider.authorize(provider.wish(native, response_mode=mode))
        assert isinstance(response, Redirect)
        assert response.location.startswith("com.example.app:/cb?error=invalid_request")


async def test_a_native_client_may_choose_the_port_of_a_loopback_address(provider: Provider):
    assert provider.spa.oidc
    oidc = replace(provider.spa.oidc, native=True, redirect_uris=("http://127.0.0.1/cb", SPA_CALLBACK))
    native = replace(provider.spa, oidc=oidc)
    await provider.store.put_application(native, provider.where().event("application.update"))
    here = "http://127.0.0.1:49152/cb"
    response = await provider.authorize(provider.wish(native, redirect_uri=here, ticket=await provider.ticket()))
    assert answer_of(response)["code"]
    assert isinstance(response, Redirect)
    assert response.location.startswith(here)
