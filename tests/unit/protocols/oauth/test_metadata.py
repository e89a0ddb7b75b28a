"""What a server says about itself, and that all of it is so."""

from dataclasses import replace
from typing import Any

from tests.unit.protocols.oauth.provider import PROFILE, Provider, a_key

from segue.protocols.oauth.client_auth import METHODS
from segue.protocols.oauth.grants import GRANTS
from segue.tokens import keys
from segue.web.message import Json


async def document(provider: Provider, name: str, **query: str) -> tuple[dict[str, Any], Json]:
    response = await getattr(provider.endpoints, name)(provider.request(query=query), provider.server)
    assert isinstance(response, Json)
    return dict(response.data), response  # type: ignore[call-overload]


async def test_openid_configuration(provider: Provider):
    body, response = await document(provider, "openid_configuration")
    assert response.cache_s > 0
    assert body["issuer"] == "https://id.example.com"
    assert body["authorization_endpoint"] == "https://id.example.com/main/authorize"
    assert body["token_endpoint"] == "https://id.example.com/main/token"
    assert body["userinfo_endpoint"] == "https://id.example.com/main/userinfo"
    assert body["jwks_uri"] == "https://id.example.com/main/keys"
    assert body["end_session_endpoint"] == "https://id.example.com/main/logout"
    assert body["response_types_supported"] == [
        "code", "id_token", "code id_token", "code token", "id_token token", "code id_token token",
    ]  # fmt: skip
    assert body["response_modes_supported"] == ["query", "fragment", "form_post", "message"]
    assert body["grant_types_supported"] == [*GRANTS, "implicit"]
    assert body["subject_types_supported"] == ["public"]
    assert body["id_token_signing_alg_values_supported"] == ["RS256"]
    assert body["scopes_supported"] == ["openid", "profile", "email", "address", "phone", "offline_access"]
    assert body["token_endpoint_auth_methods_supported"] == list(METHODS)
    assert body["code_challenge_methods_supported"] == ["S256"]
    assert body["authorization_response_iss_parameter_supported"] is True
    for missing in ("claims_parameter", "request_parameter", "request_uri_parameter"):
        assert body[f"{missing}_supported"] is False
    assert "introspection_endpoint" not in body
    assert "revocation_endpoint" not in body


async def test_fields_come_in_the_profile_s_order_with_its_extras_last(provider: Provider):
    provider.profile = replace(
        PROFILE,
        openid_fields=("jwks_uri", "issuer", "acr_values_supported", "revocation_endpoint"),
        discovery_extras=lambda server, domain: {"own": server.name},
    )
    body, _ = await document(provider, "openid_configuration")
    assert list(body) == ["jwks_uri", "issuer", "acr_values_supported", "own"]
    assert body["acr_values_supported"] == ["one", "two"]


async def test_a_query_changes_nothing(provider: Provider):
    plain, _ = await document(provider, "openid_configuration")
    assert (await document(provider, "openid_configuration", client_id="web"))[0] == plain


async def test_oauth_metadata(provider: Provider):
    body, _ = await document(provider, "oauth_metadata")
    assert "userinfo_endpoint" not in body
    openid, _ = await document(provider, "openid_configuration")
    assert {name: openid[name] for name in body} == body


async def test_a_custom_server_has_its_own_scopes(provider: Provider):
    response = await provider.endpoints.openid_configuration(provider.request(), provider.custom)
    assert isinstance(response, Json)
    body = dict(response.data)  # type: ignore[call-overload]
    assert body["issuer"] == "https://id.example.com/as/custom"
    assert body["scopes_supported"][-1] == "reports"


async def test_keys(provider: Provider):
    body, response = await document(provider, "keys")
    assert response.cache_s == PROFILE.keys_cache_s
    (key,) = body["keys"]
    assert list(key) == ["kty", "alg", "kid", "use", "e", "n"]
    waiting = replace(a_key(provider.org.id), signs_from_at=2**50)
    await provider.store.put_signing_keys([keys.to_stored(waiting)], provider.where().event("keys.rotate"))
    body, _ = await document(provider, "keys")
    assert [each["kid"] for each in body["keys"]] == [waiting.kid, key["kid"]]
    now = provider.source.now_at()
    assert (await provider.signing.current(provider.org.id, "oidc", now)).kid == key["kid"]


async def test_algorithms_are_those_that_sign_and_all_keys_are_published(provider: Provider):
    edwards, waiting = a_key(provider.org.id, algorithm="Ed25519"), a_key(provider.org.id, algorithm="ES256")
    stored = [keys.to_stored(edwards), keys.to_stored(replace(waiting, signs_from_at=2**50))]
    await provider.store.put_signing_keys(stored, provider.where().event("keys.create"))
    body, _ = await document(provider, "openid_configuration")
    assert body["id_token_signing_alg_values_supported"] == ["RS256", "EdDSA"]
    body, _ = await document(provider, "keys")
    assert {key["alg"] for key in body["keys"]} == {"RS256", "EdDSA", "ES256"}


def test_a_cached_key_set_is_renewed_before_a_new_key_signs():
    assert PROFILE.keys_cache_s * 1000 < keys.PUBLISH_AHEAD_MS


async def test_every_claim_that_is_advertised_is_given(provider: Provider):
    """All user claims of all scopes, for somebody who has everything."""
    full = {
        "firstName": "Ann", "middleName": "B", "lastName": "Example", "nickName": "A", "profileUrl": "https://x.example",
        "picture": "https://x.example/p", "website": "https://x.example/w", "gender": "female",
        "birthdate": "2000-01-01", "timezone": "Europe/Paris", "locale": "fr-FR", "primaryPhone": "+331",
        "email": "ann@example.com", "emailVerified": "true", "streetAddress": "1 Rue", "city": "Paris",
    }  # fmt: skip
    person = replace(provider.ann, profile=full)
    event = provider.where().event("user.update", user_id=person.id)
    assert await provider.store.update_user(person, expected_stamp=1, event=event)
    body, _ = await document(provider, "openid_configuration")
    tokens = await provider.tokens(
        scope=" ".join(body["scopes_supported"]), nonce="n", acr_values="one", response_type="code"
    )
    from_userinfo = await provider.userinfo(tokens["access_token"])
    assert from_userinfo["address"] == {"street_address": "1 Rue", "locality": "Paris"}
    id_token = {"iss", "sub", "aud", "iat", "exp", "jti", "auth_time", "amr", "nonce", "at_hash", "c_hash", "acr"}
    assert set(body["claims_supported"]) == set(from_userinfo) | id_token
