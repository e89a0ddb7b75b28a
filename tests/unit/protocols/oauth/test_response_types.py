"""Answers of several parts: what each combination carries, what ties its parts together, and what ends them."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from tests.unit.protocols.oauth.provider import SPA_CALLBACK, VERIFIER, Provider, a_key, answer_of

from segue.core.application import Application, OidcClient
from segue.core.credential import Credential
from segue.core.secret import partition_of
from segue.protocols.oauth.request import RESPONSE_TYPES
from segue.stores import Commit, Tombstone
from segue.tokens import jwt, keys
from segue.tokens.jwt import half_hash
from segue.web.message import AutoPost, PostMessage, Redirect

ISSUER = "https://id.example.com"
EVERY = frozenset(RESPONSE_TYPES.values())
HYBRID = sorted(EVERY - {"code", "id_token"})
PARTS = {
    "code": {"code"},
    "id_token": {"id_token"},
    "token": {"access_token", "token_type", "expires_in", "scope"},
}


async def settings(provider: Provider, app: Application, **changes: Any) -> Application:
    assert isinstance(app.oidc, OidcClient)
    changed = replace(app, oidc=replace(app.oidc, **changes))
    await provider.store.put_application(changed, provider.where().event("application.update"))
    return changed


@pytest.fixture
async def web(provider: Provider) -> Application:
    """The web client, registered for every combination."""
    provider.web = await settings(provider, provider.web, response_types=EVERY)
    return provider.web


async def ask(provider: Provider, response_type: str, app: Application | None = None, **params: str) -> dict[str, Any]:
    given = {"nonce": "n-1", "scope": "openid profile email", **params}
    return await provider.answer(
        provider.wish(app, ticket=await provider.ticket(), response_type=response_type, **given)
    )


async def claims_of(provider: Provider, token: str, audience: str) -> dict[str, Any]:
    now = provider.source.now_at()
    published = await provider.signing.published(provider.org.id, "oidc", now)
    return dict(jwt.verify(token, keys=published, typ={None}, issuer=ISSUER, audience=audience, now_ms=now))


async def credential_of(provider: Provider, access_token: str) -> Credential | None:
    ident = str((await claims_of(provider, access_token, ISSUER))["jti"]).removeprefix("AT.")
    found = await provider.store.find(provider.org.id, ident, None, frozenset({"access_token"}))
    return None if found is None else found.credential


# --- what an answer carries ---


@pytest.mark.parametrize("response_type", sorted(EVERY))
async def test_an_answer_has_the_parts_that_were_asked_for(provider: Provider, web: Application, response_type: str):
    for words in permutations(response_type.split()):
        answer = await ask(provider, " ".join(words))
        expected = set().union(*(PARTS[word] for word in words)) | {"state", "iss"}
        assert set(answer) == expected
        if "token" in words:
            assert (answer["token_type"], answer["expires_in"]) == ("Bearer", "3600")
            assert answer["scope"] == "openid profile email"
            assert (await provider.userinfo(answer["access_token"]))["sub"] == provider.ann.id


@pytest.mark.parametrize("response_type", HYBRID)
async def test_the_id_token_vouches_for_what_comes_beside_it(provider: Provider, web: Application, response_type: str):
    """OIDC Core 3.3.2.11 and 3.2.2.10."""
    answer = await ask(provider, response_type)
    if "id_token" not in answer:
        return
    claims = await claims_of(provider, answer["id_token"], "web")
    assert claims["nonce"] == "n-1"
    for name, part in (("c_hash", "code"), ("at_hash", "access_token")):
        assert claims.get(name) == (half_hash(answer[part], "RS256") if part in answer else None)
    # Beside an access token, userinfo has the rest.
    assert ("given_name" in claims) == ("access_token" not in answer)


async def test_both_id_tokens_of_a_hybrid_flow_say_the_same(provider: Provider, web: Application):
    """OIDC Core 3.3.3.6."""
    answer = await ask(provider, "code id_token")
    body = await provider.token(provider.exchange(answer["code"]))
    first = await claims_of(provider, answer["id_token"], "web")
    second = await claims_of(provider, body["id_token"], "web")
    same = ("iss", "sub", "aud", "auth_time", "amr", "nonce")
    assert [first[name] for name in same] == [second[name] for name in same]
    assert "c_hash" not in second
    assert second["at_hash"] == half_hash(body["access_token"], "RS256")


# --- how it may travel ---


@pytest.mark.parametrize("response_type", HYBRID)
async def test_F1_01_a_token_travels_by_fragment_form_or_message_and_never_in_a_query(
    provider: Provider, web: Application, response_type: str
):
    async def sent(mode: str | None) -> Any:
        ticket = await provider.ticket()
        return await provider.authorize(
            provider.wish(ticket=ticket, response_type=response_type, response_mode=mode, nonce="n")
        )

    for mode in (None, "fragment"):
        redirect = await sent(mode)
        assert isinstance(redirect, Redirect)
        assert "#" in redirect.location
        assert "?" not in redirect.location.partition("#")[0]
    assert isinstance(await sent("form_post"), AutoPost)
    message = await sent("message")
    assert isinstance(message, PostMessage)
    assert message.target_origin == "https://web.example.net"
    refused = await sent("query")
    assert answer_of(refused)["error"] == "invalid_request"
    assert "?" not in refused.location


@pytest.mark.parametrize("response_type", HYBRID)
async def test_a_nonce_is_asked_for_with_every_id_token(provider: Provider, web: Application, response_type: str):
    answer = await ask(provider, response_type, nonce="")
    assert ("error" in answer) == ("id_token" in response_type)


# --- who may ask ---


@pytest.mark.parametrize("asked", HYBRID)
async def test_a_client_is_registered_for_each_combination_by_itself(provider: Provider, asked: str):
    """Whoever may get a code and an ID token may not for that get both at once."""
    provider.web = await settings(provider, provider.web, response_types=EVERY - {asked})
    answer = await ask(provider, asked)
    assert answer["error"] == "unsupported_response_type"
    assert not {"code", "id_token", "access_token"} & set(answer)


async def test_OA_04_pkce_holds_for_a_code_in_any_company(provider: Provider):
    spa = await settings(provider, provider.spa, response_types=EVERY)
    for response_type in HYBRID:
        answer = await ask(provider, response_type, spa, code_challenge="", code_challenge_method="")
        assert ("error" in answer) == ("code" in response_type.split()), response_type
    code = (await ask(provider, "code id_token", spa))["code"]
    form = provider.exchange(code, client_id="spa", redirect_uri=SPA_CALLBACK)
    assert (await provider.refused(provider.token(form, authorization=None))).reason == "invalid_grant"
    code = (await ask(provider, "code id_token", spa))["code"]
    form = provider.exchange(code, client_id="spa", redirect_uri=SPA_CALLBACK, code_verifier=VERIFIER)
    assert "id_token" in await provider.token(form, authorization=None)


# --- what ends it ---


async def test_an_access_token_without_a_code_descends_from_the_session(provider: Provider, web: Application):
    answer = await ask(provider, "id_token token")
    credential = await credential_of(provider, answer["access_token"])
    assert credential is not None
    session = provider.browser["session"].partition(".")[0]
    assert (credential.parent_id, credential.bind_path) == (session, ())
    assert (credential.app_id, credential.user_id) == (web.id, provider.ann.id)
    issued = [event for event in await provider.events() if event.type == "token.issue"]
    assert [event.credential_id for event in issued] == [credential.id]
    await provider.revoke(credential.id)
    assert (await provider.refused(provider.userinfo(answer["access_token"]))).reason == "invalid_token"


async def test_OA_02_a_code_used_twice_ends_the_token_that_came_beside_it(provider: Provider, web: Application):
    answer = await ask(provider, "code id_token token")
    credential = await credential_of(provider, answer["access_token"])
    assert credential is not None
    assert credential.bind_path == (answer["code"].partition(".")[0],)
    body = await provider.token(provider.exchange(answer["code"]))
    for token in (answer, body):
        assert await provider.userinfo(token["access_token"])
    assert (await provider.refused(provider.token(provider.exchange(answer["code"])))).reason == "invalid_grant"
    for token in (answer, body):
        assert (await provider.refused(provider.userinfo(token["access_token"]))).reason == "invalid_token"


async def test_nothing_is_given_where_the_decision_could_not_be_written(
    provider: Provider, web: Application, monkeypatch: pytest.MonkeyPatch
):
    """Session, code, token and their events are one write: a session that ends before it takes all of them along."""
    await provider.sign_in()
    session, commit = provider.browser["session"].partition(".")[0], provider.store.commit
    written: list[Commit] = []

    async def sign_out_first(plan: Commit) -> bool:
        if plan.credentials:
            event = provider.where().event("session.end", credential_id=session)
            stones = (Tombstone(session, "signed_out"),)
            await commit(Commit(provider.org.id, partition_of(session), (event,), tombstones=stones))
            written.append(plan)
        return await commit(plan)

    monkeypatch.setattr(provider.store, "commit", sign_out_first)
    wish = provider.wish(response_type="code id_token token", nonce="n", prompt="none")
    answer = await provider.answer(wish)
    assert answer["error"] == "login_required"
    assert not {"code", "id_token", "access_token"} & set(answer)
    (plan,) = written
    assert [each.kind for each in plan.credentials] == ["authorization_code", "access_token"]


# --- the algorithm of the application ---


@pytest.mark.parametrize(("algorithm", "alg"), [("ES256", "ES256"), ("Ed25519", "EdDSA")])
async def test_an_id_token_is_signed_by_its_client_s_algorithm(
    provider: Provider, web: Application, algorithm: str, alg: str
):
    key = a_key(provider.org.id, algorithm=algorithm)
    await provider.store.put_signing_keys([keys.to_stored(key)], provider.where().event("keys.create"))
    provider.web = await settings(provider, web, id_token_algorithm=algorithm)
    answer = await ask(provider, "code id_token token")
    body = await provider.token(provider.exchange(answer["code"]))
    for tokens, hashes in ((answer, ("c_hash", "at_hash")), (body, ("at_hash",))):
        header = jwt.strict.split_jwt(tokens["id_token"]).header
        assert (header["alg"], header["kid"]) == (alg, key.kid)
        claims = await claims_of(provider, tokens["id_token"], "web")
        values = {"c_hash": answer["code"], "at_hash": tokens["access_token"]}
        assert [claims[name] for name in hashes] == [half_hash(values[name], algorithm) for name in hashes]
        # Resource servers know RS256; the client's algorithm is between it and us.
        assert jwt.strict.split_jwt(tokens["access_token"]).header["alg"] == "RS256"
    assert "code" in await provider.answer(provider.wish(id_token_hint=answer["id_token"], prompt="none"))


async def test_no_other_key_stands_in_for_a_missing_one(provider: Provider, web: Application):
    code = await provider.code()
    provider.web = await settings(provider, web, id_token_algorithm="ES256")
    answer = await ask(provider, "code id_token")
    assert answer["error"] == "temporarily_unavailable"
    assert not {"code", "id_token"} & set(answer)
    refused = await provider.refused(provider.token(provider.exchange(code)))
    assert refused.reason == "unavailable"
    assert refused.verdict.failure is not None
    assert refused.verdict.failure.name == "signing_key"
