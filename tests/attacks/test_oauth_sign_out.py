"""Attacks on sign-out by an application, each named by its id in the threat model."""

import os
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from tests.attacks.hostile_redirects import HOSTILE_REDIRECTS
from tests.unit.protocols.oauth.provider import (
    SEALER,
    WEB_CALLBACK,
    Provider,
    a_key,
)

from segue.tokens import jwt, keys
from segue.tokens.keys import KeyRing
from segue.web.message import Page, Redirect, Response
from segue.web.rendering import new_renderer

ISSUER = "https://id.example.com"


BYE = "https://web.example.net/bye"


async def signed_in_with_a_hint(provider: Provider, **kwargs: Any) -> str:
    provider.browser.clear()
    wish = provider.wish(ticket=await provider.ticket(**kwargs), response_type="id_token", nonce="n")
    return str((await provider.answer(wish))["id_token"])


async def sign_out(provider: Provider, **params: str) -> Response:
    request = provider.request(query=params)
    return provider.keep_cookies(await provider.endpoints.end_session(request, provider.server))


async def still_signed_in(provider: Provider) -> bool:
    return "code" in await provider.answer(provider.wish(prompt="none"))


async def test_LO_01_no_sign_out_by_a_link(provider: Provider):
    of_bob = await signed_in_with_a_hint(provider, user=provider.bob)
    await signed_in_with_a_hint(provider, user=provider.ann)
    for params in (
        {},
        {"client_id": "web"},
        {"client_id": "web", "post_logout_redirect_uri": BYE},
        {"id_token_hint": of_bob},
        {"id_token_hint": of_bob, "post_logout_redirect_uri": BYE},
    ):
        page = await sign_out(provider, **params)
        assert isinstance(page, Page)
        assert page.template == "sign_out.html"
        assert page.cookies == ()
        body = new_renderer(os.urandom).render(provider.request(), page).body.decode()
        assert 'method="post" action="https://id.example.com/main/logout"' in body
        assert await still_signed_in(provider)


@pytest.mark.parametrize(
    "address", [uri.replace("callback", "bye") for uri in HOSTILE_REDIRECTS] + [WEB_CALLBACK, "https://evil.example/"]
)
async def test_LO_02_where_to_after_a_sign_out(provider: Provider, address: str):
    hint = await signed_in_with_a_hint(provider)
    for named in ({"id_token_hint": hint}, {"client_id": "web"}, {"client_id": "spa"}, {}):
        call = sign_out(provider, post_logout_redirect_uri=address, **named)
        refusal = await provider.refused(call)
        assert refusal.reason == "invalid_request"
    assert await still_signed_in(provider)


async def test_LO_02_a_registered_address_needs_its_application(provider: Provider):
    for named in ({}, {"client_id": "spa"}):
        call = sign_out(provider, post_logout_redirect_uri=BYE, **named)
        assert (await provider.refused(call)).reason == "invalid_request"


async def test_LO_03_hints(provider: Provider):
    hint = await signed_in_with_a_hint(provider)
    claims = jwt.strict.split_jwt(hint).payload
    ring = KeyRing(SEALER)
    own = await provider.signing.current(provider.org.id, "oidc", provider.source.now_at())
    tokens = await provider.token(provider.exchange((await provider.answer(provider.wish()))["code"]))

    def signed(key: keys.SigningKey = own, **changes: Any) -> str:
        return jwt.issue({**claims, **changes}, typ=None, key=key, ring=ring)

    head, body, signature = hint.split(".")
    none_header = urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    bad = [
        "x",
        f"{head}.{body}.{signature[:-2]}AA",
        f"{none_header}.{body}.",
        f"{none_header}.{body}.{signature}",
        signed(a_key(provider.org.id)),
        signed(iss="https://elsewhere.example"),
        signed(iss=f"{ISSUER}/as/custom"),
        signed(aud="nobody"),
        signed(aud=["web", "spa"]),
        signed(jti="AT.x"),
        tokens["access_token"],
    ]
    for text in bad:
        for more in ({}, {"post_logout_redirect_uri": BYE}):
            assert (await provider.refused(sign_out(provider, id_token_hint=text, **more))).reason == "invalid_request"
    refusal = await provider.refused(sign_out(provider, id_token_hint=hint, client_id="spa"))
    assert refusal.reason == "invalid_request"
    assert await still_signed_in(provider)
    expired = signed(exp=1_000_000_000, iat=999_999_000)
    response = await sign_out(provider, id_token_hint=expired, post_logout_redirect_uri=BYE)
    assert isinstance(response, Redirect)
    assert response.location == BYE
    assert not await still_signed_in(provider)
