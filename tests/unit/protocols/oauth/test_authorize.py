"""The authorization endpoint: what it answers, how, and whom it asks to sign in again."""

from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.unit.protocols.oauth.provider import CHALLENGE, SPA_CALLBACK, WEB_CALLBACK, Provider, answer_of

from segue.core.application import Application
from segue.core.assurance import Assurance, Proof
from segue.core.user import Subject, User
from segue.protocols.oauth.request import from_parameters
from segue.signin.request import Proved
from segue.stores import Commit
from segue.tokens import jwt
from segue.web.message import AutoPost, Page, PostMessage, Redirect, Response

ISSUER = "https://id.example.com"


async def claims_of(provider: Provider, token: str, audience: str = "web") -> dict[str, object]:
    keys = await provider.signing.published(provider.org.id, "oidc", provider.source.now_at())
    now = provider.source.now_at()
    return dict(jwt.verify(token, keys=keys, typ={None}, issuer=ISSUER, audience=audience, now_ms=now))


def waiting(response: Response) -> str:
    """The key of the request that waits behind the sign-in page."""
    assert isinstance(response, Redirect)
    assert response.location.startswith(f"{ISSUER}/sign-in?key=")
    return response.location.partition("key=")[2]


async def resume(provider: Provider, response: Response, user: User) -> Response:
    """Goes on as the sign-in page does once ``user`` proved who they are."""
    request = provider.request("POST")
    door = provider.endpoints.door
    found = await door.load(request, waiting(response))
    proof = Proof("password", "knowledge", ("pwd",), request.now_at)
    return provider.keep_cookies(await door.resume(request, found, Proved(Subject(user), Assurance((proof,)))))


# --- the answer ---


async def test_a_code_in_the_query(provider: Provider):
    response = await provider.authorize(provider.wish(ticket=await provider.ticket()))
    assert isinstance(response, Redirect)
    assert response.status == 302
    assert response.location.startswith(f"{WEB_CALLBACK}?code=cod")
    assert list(answer_of(response)) == ["code", "state", "iss"]
    assert answer_of(response)["state"] == "st&te"
    assert answer_of(response)["iss"] == ISSUER
    assert set(provider.browser) == {"session", "__Host-segue-proof"}


async def test_a_query_that_the_redirect_address_has_stays(provider: Provider):
    other = "https://web.example.net/other?x=1"
    response = await provider.authorize(provider.wish(ticket=await provider.ticket(), redirect_uri=other))
    assert isinstance(response, Redirect)
    assert response.location.startswith(f"{other}&code=")


async def test_an_id_token_in_the_fragment(provider: Provider):
    wish = provider.wish(ticket=await provider.ticket(), response_type="id_token", nonce="n-1", scope="openid profile")
    response = await provider.authorize(wish)
    assert isinstance(response, Redirect)
    assert urlsplit(response.location).query == ""
    answer = answer_of(response)
    assert list(answer) == ["id_token", "state", "iss"]
    claims = await claims_of(provider, answer["id_token"])
    now_s = provider.source.now_at() // 1000
    assert claims["sub"] == provider.ann.id
    assert claims["nonce"] == "n-1"
    assert claims["amr"] == ["pwd"]
    assert claims["auth_time"] in (now_s - 1, now_s)
    assert claims["exp"] == claims["iat"] + 3600  # type: ignore[operator]
    assert str(claims["jti"]).startswith("ID.")
    assert str(claims["sid"]).startswith("102")
    # Nothing else will give the rest: an ID token that comes alone is whole.
    assert (claims["given_name"], claims["nickname"]) == ("Ann", "A")
    assert "email" not in claims
    assert "at_hash" not in claims


async def test_form_post(provider: Provider):
    response = await provider.authorize(provider.wish(ticket=await provider.ticket(), response_mode="form_post"))
    assert isinstance(response, AutoPost)
    assert response.action == WEB_CALLBACK
    assert [name for name, _ in response.fields] == ["code", "state", "iss"]
    assert response.cookies


@pytest.mark.parametrize("response_type", ["code", "id_token"])
async def test_post_message(provider: Provider, response_type: str):
    wish = provider.wish(
        ticket=await provider.ticket(), response_mode="message", response_type=response_type, nonce="n"
    )
    response = await provider.authorize(wish)
    assert isinstance(response, PostMessage)
    assert response.target_origin == "https://web.example.net"
    assert list(response.data) == [response_type, "state", "iss"]


async def test_fragment_may_be_asked_for(provider: Provider):
    response = await provider.authorize(provider.wish(ticket=await provider.ticket(), response_mode="fragment"))
    assert isinstance(response, Redirect)
    assert response.location.startswith(f"{WEB_CALLBACK}#code=")


async def test_state_is_left_out_where_none_came(provider: Provider):
    answer = await provider.answer(provider.wish(ticket=await provider.ticket(), state=None))
    assert list(answer) == ["code", "iss"]


async def test_a_custom_server_speaks_as_itself(provider: Provider):
    wish = provider.wish(ticket=await provider.ticket(), scope="openid reports", response_type="id_token", nonce="n")
    answer = await provider.answer(wish, server=provider.custom)
    assert answer["iss"] == f"{ISSUER}/as/custom"
    keys = await provider.signing.published(provider.org.id, "oidc", provider.source.now_at())
    jwt.verify(
        answer["id_token"],
        keys=keys,
        typ={None},
        issuer=f"{ISSUER}/as/custom",
        audience="web",
        now_ms=provider.source.now_at(),
    )


async def test_parameters_nobody_knows_change_nothing(provider: Provider):
    extra = {"display": "popup", "ui_locales": "de", "claims_locales": "de", "foo": "bar", "acr_values": "gold"}
    answer = await provider.answer(provider.wish(ticket=await provider.ticket(), **extra))
    assert "code" in answer


async def test_the_application_takes_part_in_the_session(provider: Provider):
    await provider.answer(provider.wish(ticket=await provider.ticket()))
    session_id = provider.browser["session"].partition(".")[0]
    found = await provider.store.participations(provider.org.id, session_id)
    assert [(part.app_id, part.protocol) for part in found] == [(provider.web.id, "oidc")]


async def test_the_code_descends_from_the_ticket_through_the_session(provider: Provider):
    ticket = await provider.ticket()
    answer = await provider.answer(provider.wish(ticket=ticket))
    session_id = provider.browser["session"].partition(".")[0]
    ident = answer["code"].partition(".")[0]
    found = await provider.store.find(provider.org.id, ident, None, frozenset({"authorization_code"}))
    assert found is not None
    code = found.credential
    assert (code.parent_id, code.root_id) == (session_id, ticket.partition(".")[0])
    assert code.bind_path == (session_id,)
    assert (code.app_id, code.target_app_id, code.server_id) == (provider.web.id, provider.web.id, provider.server.id)
    assert 59_000 <= code.expires_at - code.issued_at <= 60_000
    # The next code hangs on the same session and so has the same root, whether the session is kept or renewed.
    for params in (provider.wish(), provider.wish(ticket=await provider.ticket())):
        answer = await provider.answer(params)
        found = await provider.store.find(
            provider.org.id, answer["code"].partition(".")[0], None, frozenset({"authorization_code"})
        )
        assert found is not None
        assert (found.credential.parent_id, found.credential.root_id) == (session_id, code.root_id)


# --- who is asked ---


async def test_a_session_is_enough(provider: Provider):
    await provider.sign_in()
    before = dict(provider.browser)
    assert "code" in await provider.answer(provider.wish())
    assert "code" in await provider.answer(provider.wish(prompt="none"))
    assert "code" in await provider.answer(provider.wish(prompt="consent"))
    assert provider.browser == before


async def test_nobody_is_signed_in(provider: Provider):
    response = await provider.authorize(provider.wish(login_hint="ann@example.com"))
    found = await provider.endpoints.door.load(provider.request(), waiting(response))
    assert found.login == "ann@example.com"
    answer = answer_of(await resume(provider, response, provider.ann))
    assert "code" in answer
    assert answer["state"] == "st&te"


async def test_nobody_is_signed_in_and_no_page_may_be_shown(provider: Provider):
    answer = await provider.answer(provider.wish(prompt="none"))
    assert list(answer) == ["error", "error_description", "state", "iss"]
    assert answer["error"] == "login_required"
    assert provider.browser == {}


async def test_the_answer_names_the_event_that_explains_it(provider: Provider):
    answer = await provider.answer(provider.wish(prompt="none"))
    event_id = answer["error_description"].rpartition("[")[2].rstrip("]")
    event = await provider.store.event(provider.org.id, event_id)
    assert event is not None
    assert (event.outcome, event.reason, event.type) == ("refused", "login_required", "sign_in.oidc")


@pytest.mark.parametrize("params", [{"prompt": "login"}, {"prompt": "select_account"}, {"max_age": "0"}])
async def test_a_fresh_sign_in_is_asked_for(provider: Provider, params: dict[str, str]):
    await provider.sign_in(age_s=2)
    session = provider.browser["session"]
    response = await provider.authorize(provider.wish(**params))
    assert "code" in answer_of(await resume(provider, response, provider.ann))
    assert provider.browser["session"].partition(".")[0] == session.partition(".")[0]
    assert provider.browser["session"] != session


async def test_max_age(provider: Provider):
    await provider.sign_in(age_s=100)
    assert "code" in await provider.answer(provider.wish(max_age="200"))
    assert "code" in await provider.answer(provider.wish(max_age=str(2**31 - 1), prompt="none"))
    answer = await provider.answer(provider.wish(max_age="99", prompt="none"))
    assert answer["error"] == "login_required"
    response = await provider.authorize(provider.wish(max_age="99", response_type="id_token", nonce="n"))
    answer = answer_of(await resume(provider, response, provider.ann))
    claims = await claims_of(provider, answer["id_token"])
    assert claims["iat"] - claims["auth_time"] <= 1  # type: ignore[operator]


async def test_somebody_without_the_application(provider: Provider):
    answer = await provider.answer(provider.wish(ticket=await provider.ticket(provider.outsider), prompt="none"))
    assert answer["error"] == "access_denied"
    assert provider.browser == {}


async def test_acr_is_answered_where_it_can_be_met(provider: Provider):
    wish = provider.wish(ticket=await provider.ticket(), acr_values="gold one two", response_type="id_token", nonce="n")
    claims = await claims_of(provider, (await provider.answer(wish))["id_token"])
    assert claims["acr"] == "one"
    answer = await provider.answer(provider.wish(acr_values="two", prompt="none"))
    assert answer["error"] == "unmet_authentication_requirements"
    waiting(await provider.authorize(provider.wish(acr_values="two")))  # a page asks for the second factor


async def test_a_second_factor_the_application_wants(provider: Provider):
    strict = replace(provider.web, requirement=replace(provider.web.requirement, factors=2))
    await provider.store.put_application(strict, provider.where().event("application.update"))
    await provider.sign_in()
    assert (await provider.answer(provider.wish(prompt="none")))["error"] == "login_required"
    waiting(await provider.authorize(provider.wish()))


# --- id_token_hint ---


async def an_id_token(provider: Provider, app: Application | None = None) -> str:
    wish = provider.wish(app, ticket=await provider.ticket(), response_type="id_token", nonce="n")
    return str((await provider.answer(wish))["id_token"])


async def test_the_hint_names_who_is_signed_in(provider: Provider):
    hint = await an_id_token(provider)
    assert "code" in await provider.answer(provider.wish(id_token_hint=hint, prompt="none"))
    provider.browser.clear()
    await provider.sign_in(provider.bob)
    answer = await provider.answer(provider.wish(id_token_hint=hint, prompt="none"))
    assert answer["error"] == "login_required"
    assert "code" not in answer


async def test_a_hint_that_is_none_of_ours(provider: Provider):
    for_another = await an_id_token(provider, provider.spa)
    access_token = (await provider.tokens())["access_token"]
    for hint in ("nonsense", for_another, access_token):
        answer = await provider.answer(provider.wish(id_token_hint=hint))
        assert answer["error"] == "invalid_request"


# --- POST ---


async def test_a_post_with_a_ticket_is_answered(provider: Provider):
    answer = await provider.answer(provider.wish(ticket=await provider.ticket()), method="POST")
    assert "code" in answer


async def test_a_post_from_another_site_comes_back_as_a_get_with_its_cookies(provider: Provider):
    await provider.sign_in()
    cookies, provider.browser = provider.browser, {}
    wish = provider.wish(prompt="none")
    response = await provider.authorize(wish, method="POST")
    assert isinstance(response, Redirect)
    assert response.status == 303
    assert response.location.startswith(f"{ISSUER}/main/authorize?")
    provider.browser = cookies
    again = dict(parse_qsl(urlsplit(response.location).query))
    assert again == wish
    assert "code" in await provider.answer(again)


async def test_a_post_with_a_session_is_answered_at_once(provider: Provider):
    await provider.sign_in()
    assert "code" in await provider.answer(provider.wish(), method="POST")


async def test_a_post_that_is_too_long_for_an_address_waits(provider: Provider):
    response = await provider.authorize(provider.wish(state="s" * 7000), method="POST")
    answer = answer_of(await resume(provider, response, provider.ann))
    assert answer["state"] == "s" * 7000


# --- while the request waited ---


async def test_a_redirect_address_taken_away_meanwhile_is_not_used(provider: Provider):
    response = await provider.authorize(provider.wish())
    assert provider.web.oidc
    fewer = replace(provider.web, oidc=replace(provider.web.oidc, redirect_uris=("https://web.example.net/new",)))
    await provider.store.put_application(fewer, provider.where().event("application.update"))
    page = await resume(provider, response, provider.ann)
    assert isinstance(page, Page)
    assert page.template == "error.html"
    assert page.context["error"] == "access_denied"
    assert provider.browser.keys() == {"__Host-segue-browser"}


async def test_a_server_switched_off_meanwhile_answers_nothing(provider: Provider):
    response = await provider.authorize(provider.wish())
    off = replace(provider.server, status="inactive")
    await provider.store.put_authorization_server(off, provider.where().event("server.update"))
    assert isinstance(await resume(provider, response, provider.ann), Page)


@pytest.mark.parametrize(("prompt", "error"), [("none", "login_required"), (None, "temporarily_unavailable")])
async def test_a_sign_out_between_decision_and_write(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, prompt: str | None, error: str
):
    """The write is conditional on what the decision saw, so no code leaves."""
    await provider.sign_in()
    commit = provider.store.commit

    async def after_a_sign_out(wanted: Commit) -> bool:
        monkeypatch.undo()
        await provider.revoke(provider.browser["session"].partition(".")[0])
        return await commit(wanted)

    monkeypatch.setattr(provider.store, "commit", after_a_sign_out)
    assert (await provider.answer(provider.wish(prompt=prompt)))["error"] == error


async def test_a_waiting_request_survives_storage(provider: Provider):
    response = await provider.authorize(provider.wish(nonce="n", acr_values="one"))
    found = await provider.endpoints.door.load(provider.request(), waiting(response))
    read = from_parameters(found.request.parameters)
    assert read.to_parameters() == found.request.parameters
    assert (read.nonce, read.acr, read.scopes, read.mode) == ("n", "one", ("openid", "email"), "query")
    with pytest.raises(ValueError, match="not an authorization request"):
        from_parameters({"server_id": "x"})


async def test_a_public_client(provider: Provider):
    response = await provider.authorize(provider.wish(provider.spa, ticket=await provider.ticket()))
    assert isinstance(response, Redirect)
    assert response.location.startswith(f"{SPA_CALLBACK}?code=")
    assert provider.wish(provider.spa)["code_challenge"] == CHALLENGE
