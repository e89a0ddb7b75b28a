"""Attacks on the OAuth endpoints, each named by its id in the threat model."""

import asyncio
import hashlib
import os
from base64 import urlsafe_b64encode
from dataclasses import replace
from typing import Any

import pytest
from tests.attacks.hostile_redirects import HOSTILE_REDIRECTS
from tests.unit.protocols.oauth.provider import (
    CHALLENGE,
    POST_SECRET,
    SEALER,
    SECRET,
    SPA_CALLBACK,
    VERIFIER,
    WEB_CALLBACK,
    Provider,
    a_key,
    answer_of,
    basic,
    ident,
)

from segue.core.secret import digest
from segue.stores import Commit
from segue.tokens import jwt
from segue.tokens.keys import KeyRing
from segue.web.message import AutoPost, PostMessage, Redirect
from segue.web.rendering import new_renderer

MODES = ["query", "fragment", "form_post", "message"]
ISSUER = "https://id.example.com"


async def attempt(provider: Provider, params: Any, **kwargs: Any) -> str:
    """The reason of a refusal that stays here, else the error that goes to the client."""
    refusal = await provider.refused(provider.authorize(params, **kwargs))
    return refusal.reason


@pytest.mark.parametrize("redirect_uri", HOSTILE_REDIRECTS)
async def test_OA_01_redirect_uri(provider: Provider, redirect_uri: str):
    wish = provider.wish(ticket=await provider.ticket(), redirect_uri=redirect_uri)
    assert await attempt(provider, wish) == "invalid_request"
    assert provider.browser == {}


async def test_OA_01_no_registered_address_means_none(provider: Provider):
    assert provider.web.oidc
    none = replace(provider.web, oidc=replace(provider.web.oidc, redirect_uris=()))
    await provider.store.put_application(none, provider.where().event("application.update"))
    assert await attempt(provider, provider.wish()) == "invalid_request"
    assert await attempt(provider, provider.wish(redirect_uri="")) == "invalid_request"


async def test_OA_02_reuse_ends_what_the_first_use_gave(provider: Provider):
    code = await provider.code()
    tokens = await provider.token(provider.exchange(code))
    assert (await provider.userinfo(tokens["access_token"]))["sub"] == provider.ann.id
    assert (await provider.refused(provider.token(provider.exchange(code)))).reason == "invalid_grant"
    assert (await provider.refused(provider.userinfo(tokens["access_token"]))).reason == "invalid_token"
    assert [event.type for event in await provider.events()].count("code.reuse") == 1
    # The session that the code came from is nobody's fault.
    assert "code" in await provider.answer(provider.wish(prompt="none"))


async def test_OA_02_only_the_code_itself_counts_as_reuse(provider: Provider):
    """Its id stands in logs; who has no more than that must not be able to end anything."""
    code = await provider.code()
    tokens = await provider.token(provider.exchange(code))
    guess = f"{code.partition('.')[0]}.{'0' * 43}"
    await provider.refused(provider.token(provider.exchange(guess)))
    form = provider.exchange(code, client_id="post", client_secret=POST_SECRET)
    await provider.refused(provider.token(form, authorization=None))
    assert (await provider.userinfo(tokens["access_token"]))["sub"] == provider.ann.id


async def test_OA_02_race(provider: Provider):
    for _ in range(5):
        code = await provider.code()
        calls = [provider.token(provider.exchange(code)) for _ in range(16)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        won = [result for result in results if isinstance(result, dict)]
        assert len(won) <= 1
        assert {getattr(r, "reason", None) for r in results if not isinstance(r, dict)} == {"invalid_grant"}
        for tokens in won:
            assert (await provider.refused(provider.userinfo(tokens["access_token"]))).reason == "invalid_token"


async def test_OA_02_reuse_between_the_two_writes(provider: Provider, monkeypatch: pytest.MonkeyPatch):
    code = await provider.code()
    commit = provider.store.commit

    async def late(wanted: Commit) -> bool:
        monkeypatch.undo()
        await provider.refused(provider.token(provider.exchange(code)))
        return await commit(wanted)

    monkeypatch.setattr(provider.store, "commit", late)
    assert (await provider.refused(provider.token(provider.exchange(code)))).reason == "invalid_grant"


async def test_OA_03_a_code_belongs_to_one_client(provider: Provider):
    code = await provider.code()
    as_post = provider.exchange(code, client_id="post", client_secret=POST_SECRET)
    as_spa = provider.exchange(code, client_id="spa", code_verifier=VERIFIER)
    for form in (as_post, as_spa):
        assert (await provider.refused(provider.token(form, authorization=None))).reason == "invalid_grant"
    # Nobody else's attempt burns it.
    assert "access_token" in await provider.token(provider.exchange(code))


@pytest.mark.parametrize("redirect_uri", ["https://web.example.net/other?x=1", f"{WEB_CALLBACK}/", SPA_CALLBACK])
async def test_OA_03_a_code_belongs_to_one_redirect_uri(provider: Provider, redirect_uri: str):
    form = provider.exchange(await provider.code(), redirect_uri=redirect_uri)
    assert (await provider.refused(provider.token(form))).reason == "invalid_grant"


_WRONG = "w" * 43


@pytest.mark.parametrize("challenge", ["none", "S256", "plain"])
@pytest.mark.parametrize("verifier", [None, VERIFIER, _WRONG])
async def test_OA_04_pkce_downgrade(provider: Provider, challenge: str, verifier: str | None):
    asked = {
        "none": {},
        "S256": {"code_challenge": CHALLENGE, "code_challenge_method": "S256"},
        "plain": {"code_challenge": VERIFIER, "code_challenge_method": "plain"},
    }[challenge]
    answer = await provider.answer(provider.wish(ticket=await provider.ticket(), **asked))
    if challenge == "plain":
        assert answer["error"] == "invalid_request"
        return
    call = provider.token(provider.exchange(answer["code"], code_verifier=verifier))
    good = {("none", None), ("S256", VERIFIER)}
    if (challenge, verifier) in good:
        assert "access_token" in await call
    else:
        assert (await provider.refused(call)).reason == "invalid_grant"


@pytest.mark.parametrize("verifier", [CHALLENGE, VERIFIER + "v", VERIFIER[:-1], VERIFIER + "\n", "é" * 43, "v" * 129])
async def test_OA_04_near_verifiers(provider: Provider, verifier: str):
    code = await provider.code(code_challenge=CHALLENGE, code_challenge_method="S256")
    call = provider.token(provider.exchange(code, code_verifier=verifier))
    assert (await provider.refused(call)).reason == "invalid_grant"


@pytest.mark.parametrize("verifier", ["v" * 42, "v" * 129, "v" * 42 + "+"])
async def test_OA_04_a_verifier_outside_its_grammar(provider: Provider, verifier: str):
    """RFC 7636 4.1: a short one could be guessed, even if the client itself chose it."""
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    code = await provider.code(code_challenge=challenge, code_challenge_method="S256")
    call = provider.token(provider.exchange(code, code_verifier=verifier))
    assert (await provider.refused(call)).reason == "invalid_grant"


async def test_OA_05_every_answer_names_its_issuer(provider: Provider):
    for mode in MODES:
        for changes in (
            {"ticket": await provider.ticket()},
            {"prompt": "none"},
            {"scope": None},
            {"response_type": "x"},
        ):
            provider.browser.clear()
            answer = await provider.answer(provider.wish(response_mode=mode, **changes))
            assert answer["iss"] == ISSUER
    answer = await provider.answer(provider.wish(prompt="none"), server=provider.custom)
    assert answer["iss"] == f"{ISSUER}/as/custom"


async def test_OA_07_no_form_is_sent_on(provider: Provider):
    renderer = new_renderer(os.urandom)
    await provider.sign_in()
    for changes in ({"ticket": await provider.ticket()}, {"prompt": "none"}, {"scope": None}, {"prompt": "login"}):
        response = await provider.authorize(provider.wish(**changes), method="POST")
        assert isinstance(response, Redirect)
        assert renderer.render(provider.request("POST"), response).status == 303
        assert renderer.render(provider.request("GET"), response).status in (302, 303)


async def test_OA_12_one_method_exactly_as_registered(provider: Provider):
    """The matrix of methods is in the tests of client authentication; here, that a failure burns no code."""
    code = await provider.code()
    for authorization, form in (
        (basic("web", "wrong"), {}),
        (basic("web", SECRET), {"client_secret": SECRET}),
        (None, {"client_id": "web", "client_secret": SECRET}),
        (None, {"client_id": "web"}),
        (basic("web", SECRET)[:-4], {}),
    ):
        call = provider.token(provider.exchange(code, **form), authorization=authorization)
        assert (await provider.refused(call)).reason in {"invalid_client", "invalid_request"}
    assert "access_token" in await provider.token(provider.exchange(code))


async def test_OA_12_an_empty_secret_is_none(provider: Provider):
    """A client without a secret, or with that of an empty text, cannot be spoken for with nothing at all."""
    assert provider.web.oidc
    for digests in ((), (digest(""),)):
        bare = replace(provider.web, oidc=replace(provider.web.oidc, secret_digests=digests))
        await provider.store.put_application(bare, provider.where().event("application.update"))
        call = provider.token(provider.exchange("x"), authorization=basic("web", ""))
        assert (await provider.refused(call)).reason == "invalid_client"


@pytest.mark.parametrize(
    "changes",
    [
        {"scope": " ".join(f"s{number}" for number in range(100_000))},
        {"scope": "openid " + " " * 100_000},
        {"prompt": " ".join(["login"] * 50_000) + " x"},
        {"acr_values": " ".join(["x"] * 100_000), "prompt": "none"},
        {"response_type": " ".join(["code"] * 50_000) + " y"},
        {"max_age": "9" * 100_000},
        {"nonce": "n" * 100_000},
        {"code_challenge": "A" * 100_000, "code_challenge_method": "S256"},
        {"id_token_hint": "a." * 50_000},
    ],
)
async def test_OA_14_floods_of_parameters_are_answered(provider: Provider, changes: dict[str, str]):
    answer = await provider.answer(provider.wish(**changes))
    assert answer["error"] != "server_error"


async def test_OA_14_as_many_scopes_as_are_allowed(provider: Provider):
    names = ["openid", *(f"s{number}" for number in range(63))]
    ticket = await provider.ticket()
    assert (await provider.answer(provider.wish(scope=" ".join([*names, "more"]))))["error"] == "invalid_scope"
    assert "code" in await provider.answer(provider.wish(ticket=ticket, scope=" ".join(names)))


HOSTILE_TEXTS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "</script><script>alert(1)</script>",
    "\u2028alert(1)",
    "{{ 7*7 }}",
    "javascript:alert(1)",
]


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
async def test_OA_15_what_is_sent_is_never_markup(provider: Provider, text: str):
    """On our page nothing of a request is repeated; in a form or a message it is a value and nothing else."""
    renderer = new_renderer(os.urandom)
    for name in ("client_id", "redirect_uri"):
        refusal = await provider.refused(provider.authorize(provider.wish(**{name: text})))
        page = provider.endpoints.write_error_page(provider.request(), refusal, "evt")
        body = renderer.render(provider.request(), page).body.decode()
        assert text not in body
        assert refusal.public in body
    for mode in ("form_post", "message"):
        for changes in ({"state": text}, {"state": text, "scope": text}, {"state": text, "prompt": text}):
            response = await provider.authorize(provider.wish(response_mode=mode, **{"prompt": "none", **changes}))
            body = renderer.render(provider.request(), response).body.decode()
            if "<" in text:
                assert text not in body
            assert body.count("<script") == body.count('<script nonce="') == 1
            assert answer_of(response)["state"] == text


@pytest.mark.parametrize("mode", [None, *MODES])
@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize(
    "redirect_uri",
    ["javascript:alert(1)", "javascript://web.example.net/%0aalert(1)", "data:text/html,x", "vbscript:x"],
)
async def test_OA_16_a_script_for_an_address(provider: Provider, redirect_uri: str, native: bool, mode: str | None):
    """Even where such an address found its way into storage, it is not used."""
    assert provider.web.oidc
    oidc = replace(provider.web.oidc, redirect_uris=(redirect_uri,), native=native)
    await provider.store.put_application(replace(provider.web, oidc=oidc), provider.where().event("application.update"))
    wish = provider.wish(redirect_uri=redirect_uri, response_mode=mode, ticket=await provider.ticket())
    assert await attempt(provider, wish) == "invalid_request"


async def test_OA_16_forms_and_messages_go_to_web_addresses(provider: Provider):
    for mode, kind in (("form_post", AutoPost), ("message", PostMessage)):
        response = await provider.authorize(provider.wish(response_mode=mode, prompt="none"))
        assert isinstance(response, kind)


async def test_JO_08_tokens_of_another_key_issuer_or_purpose(provider: Provider):
    """What we did not sign for this purpose says nothing at userinfo."""
    tokens = await provider.tokens()
    claims = jwt.strict.split_jwt(tokens["access_token"]).payload
    foreign = a_key(provider.org.id)
    ring = KeyRing(SEALER)
    now = provider.source.now_at()
    own = await provider.signing.current(provider.org.id, "oidc", now)
    ring.load(own)
    forged = [
        jwt.issue(claims, typ=None, key=foreign, ring=ring),
        jwt.issue({**claims, "iss": f"{ISSUER}/as/custom"}, typ=None, key=own, ring=ring),
        jwt.issue({**claims, "aud": "web"}, typ=None, key=own, ring=ring),
        jwt.issue({**claims, "jti": str(claims["jti"]).replace("AT.", "ID.")}, typ=None, key=own, ring=ring),
        jwt.issue({**claims, "jti": str(claims["jti"]).removeprefix("AT.")}, typ=None, key=own, ring=ring),
        jwt.issue({**claims, "jti": "AT." + ident("atk")}, typ=None, key=own, ring=ring),
        jwt.issue({**claims, "jti": "AT." + provider.browser["session"]}, typ=None, key=own, ring=ring),
        jwt.issue(claims, typ="at+jwt", key=own, ring=ring),
        jwt.issue({name: claims[name] for name in claims if name != "jti"}, typ=None, key=own, ring=ring),
        tokens["id_token"],
    ]
    for token in forged:
        assert (await provider.refused(provider.userinfo(token))).reason == "invalid_token"
    moved = {**claims, "iss": f"{ISSUER}/as/custom", "aud": "api://custom"}
    at_custom = provider.userinfo(jwt.issue(moved, typ=None, key=own, ring=ring), provider.custom)
    assert (await provider.refused(at_custom)).reason == "invalid_token"
    assert (await provider.userinfo(tokens["access_token"]))["sub"] == provider.ann.id
