"""Proofs of possession (RFC 9449): what holds, what does not, and what is bound to a key (OA-18, NW-07)."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.key_holder import a_key, a_proof, by_secret, new_jti, public, signed, unsigned
from tests.unit.protocols.oauth.provider import SEALER, WEB_CALLBACK, Provider, basic
from tests.unit.protocols.oauth.provider import SECRET as WEB_SECRET

from segue.core.application import Application
from segue.core.org import Domain, Org
from segue.core.refusal import Refusal
from segue.protocols.oauth.dpop import NONCE_MS, WINDOW_S, NonceWanted, ProofNonces, read_proof, token_hash
from segue.web.message import Request, Site

NOW_S = 1_790_000_000
HERE = "https://id.example.com/oauth2/v1/token"
SITE = Site(Org("00oOrg", "Org"), Domain("id.example.com", "00oOrg", "test"))


def call(proof: str | None, *, method: str = "POST", path: str = "/oauth2/v1/token", now_s: int = NOW_S) -> Request:
    headers = {"dpop": proof} if proof is not None else {}
    return Request(method, SITE, path, now_s * 1000, "req", headers=headers)


def refusal(request: Request, **more: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read_proof(request, **more)
    return caught.value


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
def test_a_proof_holds_for_its_call(algorithm: str):
    key = a_key(algorithm)
    proof = read_proof(call(a_proof(key, HERE, NOW_S, algorithm=algorithm)))
    assert proof is not None
    assert proof.thumbprint == key.thumbprint()
    assert read_proof(call(None)) is None


@pytest.mark.parametrize(
    "address",
    [HERE, HERE + "?x=1", HERE + "#x", "HTTPS://ID.example.com/oauth2/v1/token", HERE.replace(".com/", ".com:443/")],
)
def test_OA_18_an_address_is_compared_without_query_and_fragment(address: str):
    assert read_proof(call(a_proof(a_key(), address, NOW_S))) is not None


@pytest.mark.parametrize(
    ("claims", "check"),
    [
        ({"htm": "GET"}, "proof_method"),
        ({"htm": "post"}, "proof_method"),
        ({"htm": None}, "proof_method"),
        ({"htu": None}, "proof_address"),
        ({"htu": "https://id.example.com/oauth2/v1/token/"}, "proof_address"),
        ({"htu": "https://id.example.com/oauth2/v1%2ftoken%00"}, "proof_address"),
        ({"htu": "https://id.example.com/oauth2/v1/%ff"}, "proof_address"),
        ({"htu": "https://evil.example/oauth2/v1/token"}, "proof_address"),
        ({"htu": "http://id.example.com/oauth2/v1/token"}, "proof_address"),
        ({"htu": "https://a@id.example.com/oauth2/v1/token"}, "proof_address"),
        ({"htu": "https://id.example.com:444/oauth2/v1/token"}, "proof_address"),
        ({"htu": "https://id.example.com:x/oauth2/v1/token"}, "proof_address"),
        ({"htu": "https://[::1"}, "proof_address"),
        ({"htu": ["x"]}, "proof_address"),
        ({"iat": None}, "proof_time"),
        ({"iat": NOW_S - WINDOW_S - 1}, "proof_time"),
        ({"iat": NOW_S + WINDOW_S + 1}, "proof_time"),
        ({"iat": True}, "proof_time"),
        ({"iat": -1}, "proof_time"),
        ({"iat": str(NOW_S)}, "proof_time"),
        ({"iat": 1e300}, "proof_time"),
        ({"jti": None}, "proof_jti"),
        ({"jti": ""}, "proof_jti"),
        ({"jti": "j" * 257}, "proof_jti"),
        ({"jti": 5}, "proof_jti"),
    ],
)
def test_OA_18_a_proof_for_another_call_is_none(claims: dict[str, Any], check: str):
    refused = refusal(call(a_proof(a_key(), HERE, NOW_S, **claims)))
    assert refused.reason == "invalid_dpop_proof"
    assert refused.verdict.failure is not None
    assert refused.verdict.failure.name == check


def good_claims() -> dict[str, Any]:
    return {"htm": "POST", "htu": HERE, "iat": NOW_S, "jti": new_jti()}


RSA_TEXT = json.dumps(public(a_key("RS256"))).encode()
BAD_FORMS: list[Callable[[], str]] = [
    lambda: "",
    lambda: "x.y.z",
    lambda: a_proof(a_key(), HERE, NOW_S) + ", " + a_proof(a_key(), HERE, NOW_S),
    lambda: a_proof(a_key(), HERE, NOW_S, header={"typ": "JWT"}),
    lambda: a_proof(a_key(), HERE, NOW_S, header={"typ": None}),
    lambda: a_proof(a_key(), HERE, NOW_S, header={"jwk": None}),
    lambda: a_proof(a_key(), HERE, NOW_S, header={"jwk": public(a_key("ES256", "another"))}),
    lambda: a_proof(a_key(), HERE, NOW_S, header={"jwk": a_key().as_dict(private=True)}),
    lambda: a_proof(a_key(), HERE, NOW_S, header={"jwk": {**public(a_key()), "x5u": "x", "y": "A" * 3000}}),
    lambda: a_proof(a_key(), HERE, NOW_S, header={"jwk": public(a_key("RS256"))}),
    lambda: a_proof(a_key(), HERE, NOW_S, header={"jwk": {"kty": "oct", "k": "c2VjcmV0"}}),
    lambda: a_proof(a_key(), HERE, NOW_S, header={"jku": "https://evil.example/keys"}),
    lambda: by_secret(b"secret", good_claims(), typ="dpop+jwt", jwk={"kty": "oct", "k": "c2VjcmV0"}),
    lambda: by_secret(
        json.dumps(public(a_key("RS256"))).encode(), good_claims(), typ="dpop+jwt", jwk=public(a_key("RS256"))
    ),
    lambda: unsigned(good_claims(), typ="dpop+jwt", jwk=public(a_key())),
    lambda: a_proof(a_key(), HERE, NOW_S)[:-6] + "AAAAAA",
    lambda: a_proof(a_key(), HERE, NOW_S, padding="p" * 5000),
]


@pytest.mark.parametrize("form", BAD_FORMS, ids=range(len(BAD_FORMS)))
def test_OA_18_JO_09_a_proof_is_signed_by_the_public_key_in_it(form: Callable[[], str]):
    assert refusal(call(form())).reason == "invalid_dpop_proof"


@given(st.text(max_size=400))
def test_I9_no_header_makes_a_fault(text: str):
    assert refusal(call(text)).reason == "invalid_dpop_proof"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["typ", "alg", "jwk", "kid", "kty", "crv", "htm", "htu", "iat", "jti", "ath", "nonce", "exp"])


def encoded(part: object) -> str:
    return urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


@given(st.dictionaries(NAMES, JSON), st.dictionaries(NAMES, JSON), st.dictionaries(NAMES, JSON))
def test_I9_no_odd_member_makes_a_fault(header: dict[str, Any], jwk: dict[str, Any], claims: dict[str, Any]):
    whole = {"typ": "dpop+jwt", "alg": "ES256", **header, "jwk": {**public(a_key()), **jwk}}
    assert refusal(call(f"{encoded(whole)}.{encoded({**good_claims(), **claims})}.AAAA")).reason == "invalid_dpop_proof"


@given(st.dictionaries(NAMES, JSON))
def test_I9_no_odd_claim_of_a_signed_proof_makes_a_fault(claims: dict[str, Any]):
    """Without ``ath`` none can hold, whatever else is in it."""
    said = {**good_claims(), **claims, "ath": "odd"}
    proof = signed(a_key(), said, typ="dpop+jwt", jwk=public(a_key()))
    assert refusal(call(proof), access_token="at").reason == "invalid_dpop_proof"


def test_OA_18_a_proof_belongs_to_its_token():
    for ath in (None, "", token_hash("another"), 5, "ä"):
        proof = a_proof(a_key(), HERE, NOW_S, ath=ath)
        assert refusal(call(proof), access_token="at").reason == "invalid_dpop_proof"
    assert read_proof(call(a_proof(a_key(), HERE, NOW_S, ath=token_hash("at"))), access_token="at") is not None


def test_a_nonce_is_asked_for_and_grows_old():
    nonces = ProofNonces(SEALER)
    wanted = refusal(call(a_proof(a_key(), HERE, NOW_S)), nonces=nonces)
    assert isinstance(wanted, NonceWanted)
    assert read_proof(call(a_proof(a_key(), HERE, NOW_S, nonce=wanted.nonce)), nonces=nonces) is not None
    later = NOW_S + NONCE_MS // 1000 + 1
    foreign = ProofNonces(SEALER).new("00oOther", NOW_S * 1000)
    broken = urlsafe_b64encode(bytes(reversed(urlsafe_b64decode(wanted.nonce + "==")))).decode().rstrip("=")
    for nonce, now_s in (
        (wanted.nonce, later),
        (wanted.nonce, NOW_S - 1),
        (foreign, NOW_S),
        (broken, NOW_S),
        (5, NOW_S),
    ):
        again = refusal(call(a_proof(a_key(), HERE, now_s, nonce=nonce), now_s=now_s), nonces=nonces)
        assert again.reason == "use_dpop_nonce"


# --- at the endpoints; the provider's requests have the path "/" ---

ROOT = "https://id.example.com/"


async def ask(provider: Provider, form: dict[str, str], proof: str | None, *, secret: bool = True) -> dict[str, Any]:
    headers = {"dpop": proof} if proof is not None else {}
    if secret:
        headers["authorization"] = basic("web", WEB_SECRET)
    request = provider.request("POST", form=form, headers=headers)
    return dict((await provider.endpoints.token(request, provider.server)).data)  # type: ignore[attr-defined]


def now_s(provider: Provider) -> int:
    return provider.source.now_at() // 1000


def proof_of(provider: Provider, key: Any = None, **claims: Any) -> str:
    return a_proof(key or a_key(), ROOT, now_s(provider), **claims)


def payload(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return dict(json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4))))


async def change_client(provider: Provider, app: Application, **changes: Any) -> None:
    assert app.oidc
    changed = replace(app, oidc=replace(app.oidc, **changes))
    await provider.store.put_application(changed, provider.where().event("test"))


async def test_tokens_of_a_proof_are_bound_to_its_key(provider: Provider):
    tokens = await ask(provider, provider.exchange(await provider.code()), proof_of(provider))
    assert tokens["token_type"] == "DPoP"
    assert payload(tokens["access_token"])["cnf"] == {"jkt": a_key().thumbprint()}
    bearer = await ask(provider, provider.exchange(await provider.code()), None)
    assert bearer["token_type"] == "Bearer"
    assert "cnf" not in payload(bearer["access_token"])


async def userinfo(provider: Provider, scheme: str, token: str, proof: str | None) -> dict[str, Any]:
    headers = {"authorization": f"{scheme} {token}", **({"dpop": proof} if proof else {})}
    response = await provider.endpoints.userinfo(provider.request(headers=headers), provider.server)
    return dict(response.data)  # type: ignore[attr-defined]


async def test_NW_07_a_bound_token_is_nothing_without_its_key(provider: Provider):
    token = (await ask(provider, provider.exchange(await provider.code()), proof_of(provider)))["access_token"]
    stolen = a_key("ES256", "thief")
    ath = token_hash(token)
    attempts = [
        ("Bearer", None, "invalid_token"),
        ("Bearer", proof_of(provider, htm="GET", ath=ath), "invalid_token"),
        ("DPoP", None, "invalid_dpop_proof"),
        ("DPoP", proof_of(provider, stolen, htm="GET", ath=ath), "invalid_token"),
        ("DPoP", proof_of(provider, htm="GET"), "invalid_dpop_proof"),
        ("DPoP", proof_of(provider, ath=ath), "invalid_dpop_proof"),
    ]
    for scheme, proof, reason in attempts:
        assert (await provider.refused(userinfo(provider, scheme, token, proof))).reason == reason
    good = proof_of(provider, htm="GET", ath=ath)
    assert (await userinfo(provider, "DPoP", token, good))["sub"]
    again = await provider.refused(userinfo(provider, "DPoP", token, good))
    assert again.reason == "invalid_dpop_proof"
    form = provider.request("POST", form={"access_token": token})
    assert (await provider.refused(provider.endpoints.userinfo(form, provider.server))).reason == "invalid_token"


async def test_a_token_without_a_key_is_no_bound_token(provider: Provider):
    token = (await provider.tokens())["access_token"]
    proof = proof_of(provider, htm="GET", ath=token_hash(token))
    assert (await provider.refused(userinfo(provider, "DPoP", token, proof))).reason == "invalid_token"


async def test_OA_18_a_proof_is_used_once_at_the_token_endpoint(provider: Provider):
    proof = proof_of(provider)
    await ask(provider, provider.exchange(await provider.code()), proof)
    refused = await provider.refused(ask(provider, provider.exchange(await provider.code()), proof))
    assert refused.reason == "invalid_dpop_proof"


async def test_a_client_that_is_bound_gets_nothing_without_a_proof(provider: Provider):
    await change_client(provider, provider.web, dpop_bound_access_tokens=True)
    code = await provider.code()
    assert (await provider.refused(ask(provider, provider.exchange(code), None))).reason == "invalid_dpop_proof"
    assert (await ask(provider, provider.exchange(code), proof_of(provider)))["token_type"] == "DPoP"


async def test_OA_03_a_code_asked_for_with_a_key_needs_that_key(provider: Provider):
    for key in (None, a_key("ES256", "thief")):
        code = await provider.code(dpop_jkt=a_key().thumbprint())
        proof = proof_of(provider, key) if key else None
        assert (await provider.refused(ask(provider, provider.exchange(code), proof))).reason == "invalid_grant"
    code = await provider.code(dpop_jkt=a_key().thumbprint())
    assert await ask(provider, provider.exchange(code), proof_of(provider))
    for wrong in ("x", "A" * 44, "é" * 43):
        answer = await provider.answer(provider.wish(dpop_jkt=wrong))
        assert answer["error"] == "invalid_request"


async def test_OA_20_a_refresh_token_of_a_public_client_needs_its_key(provider: Provider):
    grants = frozenset({"authorization_code", "refresh_token"})
    await change_client(provider, provider.spa, grant_types=grants)
    assert provider.spa.oidc
    code = await provider.code(provider.spa, scope="openid offline_access")
    form = provider.exchange(
        code, client_id="spa", redirect_uri=provider.spa.oidc.redirect_uris[0], code_verifier="v" * 43
    )
    tokens = await ask(provider, form, proof_of(provider), secret=False)
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": "spa"}
    for proof in (None, proof_of(provider, a_key("ES256", "thief"))):
        assert (await provider.refused(ask(provider, refresh, proof, secret=False))).reason == "invalid_grant"
    renewed = await ask(provider, refresh, proof_of(provider), secret=False)
    assert renewed["token_type"] == "DPoP"
    assert payload(renewed["access_token"])["cnf"] == {"jkt": a_key().thumbprint()}
    again = {**refresh, "refresh_token": renewed["refresh_token"]}
    assert (await provider.refused(ask(provider, again, None, secret=False))).reason == "invalid_grant"


async def test_the_nonce_of_an_org_is_asked_for_before_anything_is_spent(provider: Provider):
    provider.org = replace(provider.org, settings=replace(provider.org.settings, use_dpop_nonce=True))
    form = provider.exchange(await provider.code())
    refused = await provider.refused(ask(provider, form, proof_of(provider)))
    assert isinstance(refused, NonceWanted)
    request = provider.request("POST", form=form)
    answer = provider.endpoints.write_oauth_error(request, refused, "evt")
    assert (answer.status, answer.data) == (  # type: ignore[attr-defined]
        400,
        {"error": "use_dpop_nonce", "error_description": refused.public, "event_id": "evt"},
    )
    assert dict(answer.headers)["dpop-nonce"] == refused.nonce
    assert (await ask(provider, form, proof_of(provider, nonce=refused.nonce)))["token_type"] == "DPoP"
    assert WEB_CALLBACK in form.values()


async def test_a_refused_proof_says_which_scheme_and_algorithms(provider: Provider):
    token = (await ask(provider, provider.exchange(await provider.code()), proof_of(provider)))["access_token"]
    request = provider.request(headers={"authorization": f"DPoP {token}"})
    refused = await provider.refused(provider.endpoints.userinfo(request, provider.server))
    answer = provider.endpoints.write_bearer_error(request, refused, "evt")
    assert answer.status == 401
    challenge = dict(answer.headers)["www-authenticate"]
    assert challenge.startswith('DPoP realm="id.example.com", algs="RS256 ES256 EdDSA", error="invalid_dpop_proof"')
