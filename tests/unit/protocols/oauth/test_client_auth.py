"""Client authentication: the registered method, read strictly, and nothing else (RFC 6749 2.3)."""

from base64 import b64encode
from dataclasses import replace

import pytest
from tests.unit.protocols.oauth.provider import POST_SECRET, SECRET, VERIFIER, Provider, basic

from segue.core.secret import digest
from segue.protocols.oauth.errors import write_oauth_error


def encoded(text: str) -> str:
    return "Basic " + b64encode(text.encode()).decode()


async def attempt(provider: Provider, authorization: str | None, **form: str) -> str:
    """The reason of the refusal; ``invalid_grant`` shows that the client was let through to its (missing) code."""
    request = {"grant_type": "authorization_code", "code": "x", "redirect_uri": "x", **form}
    return (await provider.refused(provider.token(request, authorization=authorization))).reason


PASSED = "invalid_grant"


@pytest.mark.parametrize(
    ("authorization", "form"),
    [
        (basic("web", SECRET), {}),
        (basic("web", SECRET), {"client_id": "web"}),
        (basic("web", SECRET), {"client_secret": ""}),
        (basic("web", "next-secret"), {}),
        (basic("web", SECRET).replace("Basic", "BASIC"), {}),
        (None, {"client_id": "post", "client_secret": POST_SECRET}),
        (None, {"client_id": "spa"}),
        (None, {"client_id": "spa", "client_secret": ""}),
    ],
)
async def test_accepted(provider: Provider, authorization: str | None, form: dict[str, str]):
    assert await attempt(provider, authorization, **form) == PASSED


@pytest.mark.parametrize(
    ("authorization", "form", "reason"),
    [
        (None, {}, "invalid_client"),
        (basic("web", "wrong"), {}, "invalid_client"),
        (basic("web", ""), {}, "invalid_client"),
        (basic("nobody", SECRET), {}, "invalid_client"),
        (basic("", ""), {}, "invalid_client"),
        # another method than the registered one
        (None, {"client_id": "web", "client_secret": SECRET}, "invalid_client"),
        (None, {"client_id": "web"}, "invalid_client"),
        (basic("post", POST_SECRET), {}, "invalid_client"),
        (None, {"client_id": "post"}, "invalid_client"),
        (basic("spa", ""), {}, "invalid_client"),
        (basic("spa", "x"), {}, "invalid_client"),
        (None, {"client_id": "spa", "client_secret": "x"}, "invalid_client"),
        # two methods
        (basic("web", SECRET), {"client_secret": SECRET}, "invalid_request"),
        (basic("web", SECRET), {"client_id": "post"}, "invalid_request"),
        (basic("web", SECRET), {"client_id": "post", "client_secret": POST_SECRET}, "invalid_request"),
        # a method nobody is registered for
        (None, {"client_id": "web", "client_assertion": "e30.e30.x"}, "invalid_client"),
        (None, {"client_id": "spa", "client_assertion_type": "x"}, "invalid_client"),
        # loose decoding
        ("Bearer " + b64encode(f"web:{SECRET}".encode()).decode(), {}, "invalid_client"),
        (basic("web", SECRET) + "\n", {}, "invalid_client"),
        (basic("web", SECRET).replace("Basic ", "Basic  "), {}, "invalid_client"),
        (basic("web", SECRET).rstrip("="), {}, "invalid_client"),
        (basic("web", SECRET) + "!", {}, "invalid_client"),
        (encoded("web"), {}, "invalid_client"),
        (encoded("web:%zz"), {}, "invalid_client"),
        (encoded(f"web:{SECRET}%00"), {}, "invalid_client"),
        ("Basic " + b64encode(b"web:\xff").decode(), {}, "invalid_client"),
        (encoded("web:%ff"), {}, "invalid_client"),
        ("Basic " + "A" * 8000, {}, "invalid_client"),
        ("", {}, "invalid_client"),
    ],
)
async def test_refused(provider: Provider, authorization: str | None, form: dict[str, str], reason: str):
    headers = {} if authorization is None else {"authorization": authorization}
    request = provider.request(
        "POST", form={"grant_type": "authorization_code", "code": "x", "redirect_uri": "x", **form}, headers=headers
    )
    refusal = await provider.refused(provider.endpoints.token(request, provider.server))
    assert refusal.reason == reason
    answer = write_oauth_error(request, refusal, "evt")
    assert answer.status == (401 if reason == "invalid_client" else 400)


async def test_form_encoding_inside_basic(provider: Provider):
    """RFC 6749 2.3.1: colon, percent, plus and space are encoded before they are joined."""
    assert provider.web.oidc
    odd_id, odd_secret = "web:1 +%", "a:b c+d%e/é"
    odd = replace(provider.web, oidc=replace(provider.web.oidc, client_id=odd_id, secret_digests=(digest(odd_secret),)))
    await provider.store.put_application(odd, provider.where().event("application.update"))
    assert await attempt(provider, basic(odd_id, odd_secret)) == PASSED
    assert await attempt(provider, encoded("web%3A1+%2B%25:a%3Ab+c%2Bd%25e%2F%C3%A9")) == PASSED
    # A colon in the secret's half that was not encoded can only belong to the secret.
    assert await attempt(provider, encoded("web%3A1+%2B%25:a:b+c%2Bd%25e%2F%C3%A9")) == PASSED


async def test_an_inactive_application(provider: Provider):
    off = replace(provider.web, status="inactive")
    await provider.store.put_application(off, provider.where().event("application.update"))
    assert await attempt(provider, basic("web", SECRET)) == "invalid_client"


async def test_one_text_for_every_cause(provider: Provider):
    calls = [
        (basic("web", "wrong"), {}),
        (basic("nobody", "x"), {}),
        (None, {"client_id": "post", "client_secret": "x"}),
    ]
    texts = set()
    for authorization, form in calls:
        call = provider.token({"grant_type": "authorization_code", **form}, authorization=authorization)
        texts.add((await provider.refused(call)).public)
    assert len(texts) == 1


async def test_the_challenge_answers_the_header_alone(provider: Provider):
    refusal = await provider.refused(provider.token({}, authorization=basic("web", "wrong")))
    with_header = provider.request("POST", headers={"authorization": basic("web", "wrong")})
    answer = write_oauth_error(with_header, refusal, "evt")
    assert dict(answer.headers)["www-authenticate"] == 'Basic realm="id.example.com"'
    answer = write_oauth_error(provider.request("POST"), refusal, "evt")
    assert "www-authenticate" not in dict(answer.headers)


@pytest.mark.parametrize("name", ["client_secret", "code", "code_verifier", "client_assertion"])
async def test_secrets_never_come_in_the_address(provider: Provider, name: str):
    code = await provider.code(provider.spa)
    form = provider.exchange(code, client_id="spa", code_verifier=VERIFIER, redirect_uri="https://spa.example.net/")
    call = provider.token(form, authorization=None, query={name: "x"})
    assert (await provider.refused(call)).reason == "invalid_request"
    body = await provider.token(form, authorization=None, query={"trace": "1"})
    assert body["access_token"]
