"""Sign-out that starts at an application: who is believed, where the browser goes, what ends."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.protocols.oauth.provider import Provider

from segue.core.application import Application
from segue.core.user import User
from segue.web.browser_session import FORM_TOKEN
from segue.web.message import Page, Redirect, Response

BYE = "https://web.example.net/bye"
SIGNED_OUT = "https://id.example.com/signed-out"


async def a_hint(provider: Provider, app: Application | None = None, user: User | None = None) -> str:
    """An ID token of ``user``; the browser is signed in as them afterwards."""
    provider.browser.clear()
    wish = provider.wish(app, ticket=await provider.ticket(user), response_type="id_token", nonce="n")
    return str((await provider.answer(wish))["id_token"])


async def sign_out(provider: Provider, method: str = "GET", **params: str) -> Response:
    request = provider.request("POST", form=params) if method == "POST" else provider.request(query=params)
    return provider.keep_cookies(await provider.endpoints.end_session(request, provider.server))


async def is_signed_in(provider: Provider) -> bool:
    return "code" in await provider.answer(provider.wish(prompt="none"))


def location(response: Response) -> str:
    assert isinstance(response, Redirect)
    return response.location


async def test_an_application_of_the_user_signs_them_out(provider: Provider):
    hint = await a_hint(provider)
    response = await sign_out(provider, id_token_hint=hint, post_logout_redirect_uri=BYE, state="a b&c")
    assert location(response) == f"{BYE}?state=a%20b%26c"
    assert {cookie.name for cookie in response.cookies if cookie.value is None} == {"session", "__Host-segue-proof"}
    assert "session" not in provider.browser
    assert not await is_signed_in(provider)


async def test_the_session_is_dead_and_not_only_forgotten(provider: Provider):
    hint = await a_hint(provider)
    before = dict(provider.browser)
    await sign_out(provider, id_token_hint=hint)
    provider.browser = before
    assert not await is_signed_in(provider)
    (event,) = [event for event in await provider.events() if event.type == "session.end"]
    assert event.detail == {"reason": "application_sign_out"}


async def test_without_an_address_the_browser_stays_here(provider: Provider):
    hint = await a_hint(provider)
    assert location(await sign_out(provider, id_token_hint=hint)) == SIGNED_OUT


async def test_nobody_is_signed_in(provider: Provider):
    hint = await a_hint(provider)
    provider.browser.clear()
    response = await sign_out(provider, id_token_hint=hint, post_logout_redirect_uri=BYE)
    assert location(response) == BYE
    assert (
        location(await sign_out(provider, client_id="web", post_logout_redirect_uri=BYE, state="x")) == f"{BYE}?state=x"
    )
    assert location(await sign_out(provider)) == SIGNED_OUT


async def test_by_post(provider: Provider):
    hint = await a_hint(provider)
    response = await sign_out(provider, "POST", id_token_hint=hint, post_logout_redirect_uri=BYE)
    assert location(response) == BYE
    assert not await is_signed_in(provider)


async def test_a_post_from_another_site_comes_back_as_a_get_with_its_cookies(provider: Provider):
    hint = await a_hint(provider)
    cookies, provider.browser = provider.browser, {}
    response = await sign_out(provider, "POST", id_token_hint=hint, post_logout_redirect_uri=BYE)
    assert location(response).startswith("https://id.example.com/main/logout?id_token_hint=")
    provider.browser = cookies
    assert await is_signed_in(provider)


async def test_a_question_where_nobody_showed_a_hint(provider: Provider):
    await a_hint(provider)
    page = await sign_out(provider, client_id="web", post_logout_redirect_uri=BYE, state="s")
    assert isinstance(page, Page)
    assert page.template == "sign_out.html"
    assert page.context["action"] == "https://id.example.com/main/logout"
    assert await is_signed_in(provider)
    fields: Any = page.context["fields"]
    assert [name for name, _ in fields] == [FORM_TOKEN, "client_id", "post_logout_redirect_uri", "state"]
    assert location(await sign_out(provider, "POST", **dict(fields))) == f"{BYE}?state=s"
    assert not await is_signed_in(provider)


async def test_the_answer_to_the_question_is_taken_from_our_page_alone(provider: Provider):
    await a_hint(provider)
    for value in ("", "x", "é"):
        refusal = await provider.refused(sign_out(provider, "POST", **{FORM_TOKEN: value}))
        assert refusal.reason == "form_token"
    assert await is_signed_in(provider)


async def test_the_question_was_answered_in_another_window_already(provider: Provider):
    await a_hint(provider)
    page = await sign_out(provider)
    assert isinstance(page, Page)
    fields: Any = page.context["fields"]
    await sign_out(provider, "POST", **dict(fields))
    assert location(await sign_out(provider, "POST", **dict(fields))) == SIGNED_OUT


async def test_an_address_that_was_registered_for_a_native_app(provider: Provider):
    assert provider.web.oidc
    oidc = replace(provider.web.oidc, native=True, post_logout_redirect_uris=("com.example.app:/bye",))
    event = provider.where().event("application.update")
    await provider.store.put_application(replace(provider.web, oidc=oidc), event)
    response = await sign_out(provider, client_id="web", post_logout_redirect_uri="com.example.app:/bye")
    assert location(response) == "com.example.app:/bye"


@pytest.mark.parametrize("params", [{"client_id": "nobody"}, {"post_logout_redirect_uri": BYE}])
async def test_an_application_that_is_not_known(provider: Provider, params: dict[str, str]):
    assert (await provider.refused(sign_out(provider, **params))).reason == "invalid_request"


async def test_two_sources(provider: Provider):
    request = provider.request("POST", query={"state": "x"}, form={"state": "x"})
    refusal = await provider.refused(provider.endpoints.end_session(request, provider.server))
    assert refusal.reason == "invalid_request"
