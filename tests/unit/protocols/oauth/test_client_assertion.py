"""Clients that prove who they are with a key (RFC 7523), and applications that act for themselves (RFC 6749 4.4)."""

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest
from tests.key_holder import ASSERTION_TYPE, a_key, by_secret, public, registered, signed, unsigned
from tests.unit.protocols.oauth.provider import SECRET, Provider, basic, ident

from segue.core.application import Application, OidcClient, ScopeGrant
from segue.core.refusal import Refusal
from segue.core.server import ServerScope
from segue.protocols.oauth.client_keys import ASK_AGAIN_MS, KEEP_MS
from segue.tokens.client_keys import BadKey, read_key, read_key_set

TOKEN = "https://id.example/main/token"
SCOPES = {name: ServerScope(name) for name in ("orders:read", "orders:write")}


@dataclass
class Service:
    """An application with a key at a provider whose custom server has scopes."""

    provider: Provider
    app: Application

    @property
    def client_id(self) -> str:
        assert self.app.oidc
        return self.app.oidc.client_id

    def claims(self, **changes: Any) -> dict[str, Any]:
        now_s = self.provider.source.now_at() // 1000
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.provider.server.issuer(self.provider.domain),
            "exp": now_s + 300,
            "iat": now_s,
            "jti": ident("jti"),
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    async def asks(self, assertion: str, **changes: str | None) -> dict[str, Any]:
        form = {
            "grant_type": "client_credentials",
            "scope": "orders:read",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
            **changes,
        }
        given = {name: value for name, value in form.items() if value is not None}
        return await self.provider.token(given, authorization=None, server=self.provider.server)

    async def refused(self, assertion: str, **changes: str | None) -> Refusal:
        return await self.provider.refused(self.asks(assertion, **changes))


@pytest.fixture
async def service(provider: Provider) -> Service:
    provider.server = replace(provider.server, scopes=SCOPES)
    event = provider.where().event("test")
    await provider.store.put_authorization_server(provider.server, event)
    client = OidcClient(
        "service",
        response_types=frozenset(),
        grant_types=frozenset({"client_credentials"}),
        authentication="private_key_jwt",
        jwks=(registered(a_key("ES256")), registered(a_key("RS256")), registered(a_key("EdDSA"))),
    )
    app = Application(ident("0oa"), provider.org.id, "service", "Service", ident("exk"), oidc=client)
    await provider.store.put_application(app, provider.where().event("test"))
    return Service(provider, app)


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
@pytest.mark.parametrize("typ", [None, "JWT", "client-authentication+jwt"])
async def test_a_client_with_a_key_acts_for_itself(service: Service, algorithm: str, typ: str | None):
    key = a_key(algorithm)
    kid = None if typ == "JWT" else key.thumbprint()
    tokens = await service.asks(signed(key, service.claims(), algorithm, typ=typ, kid=kid))
    assert set(tokens) == {"access_token", "expires_in", "scope", "token_type"}
    assert (tokens["scope"], tokens["token_type"]) == ("orders:read", "Bearer")
    (event,) = [event for event in await service.provider.events() if event.type == "token.issue"]
    assert (event.app_id, event.user_id) == (service.app.id, None)


async def test_an_assertion_may_be_for_the_endpoint_or_the_server(service: Service):
    endpoints = service.provider.profile.endpoints(service.provider.server, service.provider.domain)
    for audience in (endpoints.token, [endpoints.token], service.provider.domain.base_url + "/"):
        await service.asks(signed(a_key(), service.claims(aud=audience)))


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"iss": "web"}, "assertion"),
        ({"iss": None}, "assertion"),
        ({"sub": "nobody"}, "client_known"),
        ({"sub": "web"}, "client_method"),
        ({"sub": None}, "assertion_sub"),
        ({"sub": 5}, "assertion_sub"),
        ({"aud": None}, "assertion"),
        ({"aud": "https://elsewhere.example/token"}, "assertion"),
        ({"aud": []}, "assertion"),
        ({"aud": {"x": 1}}, "assertion"),
        ({"exp": None}, "assertion"),
        ({"exp": 1}, "assertion"),
        ({"exp": "soon"}, "assertion"),
        ({"exp": 9_999_999_999}, "assertion_life"),
        ({"iat": 9_999_999_999}, "assertion"),
        ({"nbf": 9_999_999_999}, "assertion"),
        ({"jti": None}, "assertion"),
        ({"jti": ""}, "assertion_jti"),
        ({"jti": "j" * 257}, "assertion_jti"),
        ({"jti": 5}, "assertion"),
    ],
)
async def test_OA_12_an_assertion_says_who_for_whom_and_until_when(
    service: Service, changes: dict[str, Any], check: str
):
    refusal = await service.refused(signed(a_key(), service.claims(**changes)))
    assert refusal.reason == "invalid_client"
    assert refusal.verdict.failure is not None
    assert refusal.verdict.failure.name == check


async def test_several_audiences_are_not_for_us_alone(service: Service):
    claims = service.claims()
    refusal = await service.refused(signed(a_key(), {**claims, "aud": [claims["aud"], "https://elsewhere.example"]}))
    assert refusal.verdict.failure is not None
    assert refusal.verdict.failure.name == "assertion_audience"


async def test_JO_01_JO_02_only_the_clients_own_keys_count(service: Service):
    claims = service.claims()
    pem = a_key("RS256").as_pem(private=False)
    attempts = [
        unsigned(claims),
        signed(a_key("ES256", "another"), claims),
        signed(a_key("ES256", "another"), claims, kid=a_key().thumbprint()),
        signed(a_key(), claims, kid="nobody"),
        signed(a_key(), claims, kid="../../etc/passwd"),
        signed(a_key(), claims, typ="dpop+jwt"),
        signed(a_key(), claims, typ="at+jwt"),
        by_secret(
            pem,
            claims,
            kid=a_key("RS256").thumbprint(),
        ),
        signed(a_key(), claims)[:-4] + "AAAA",
        "x" * 20_000,
        "a.b",
    ]
    for attempt in attempts:
        refusal = await service.refused(attempt)
        assert refusal.reason == "invalid_client", attempt[:40]
    await service.asks(signed(a_key(), claims))


async def test_an_assertion_by_a_shared_secret_is_refused_with_a_reason(service: Service):
    assertion = by_secret(SECRET.encode(), service.claims())
    refusal = await service.refused(assertion)
    assert "client_secret_jwt" in refusal.public
    assert "private_key_jwt" in refusal.public


async def test_IJ_08_an_assertion_is_used_once_and_only_a_good_one_is_spent(service: Service):
    claims = service.claims()
    wrong = signed(a_key("ES256", "another"), claims)
    assert (await service.refused(wrong)).reason == "invalid_client"
    assertion = signed(a_key(), claims)
    await service.asks(assertion)
    for again in (assertion, signed(a_key("RS256"), claims, "RS256")):
        refusal = await service.refused(again)
        assert refusal.verdict.failure is not None
        assert refusal.verdict.failure.name == "assertion_unused"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"client_assertion_type": None}, "invalid_client"),
        ({"client_assertion_type": "x"}, "invalid_client"),
        ({"client_assertion": None}, "invalid_client"),
        ({"client_secret": SECRET}, "invalid_request"),
        ({"client_id": "web"}, "invalid_client"),
    ],
)
async def test_OA_12_an_assertion_is_the_one_method(service: Service, changes: dict[str, Any], reason: str):
    assertion = signed(a_key(), service.claims())
    assert (await service.refused(assertion, **changes)).reason == reason
    await service.asks(assertion, client_id="service")


async def test_a_header_beside_an_assertion_is_two_methods(service: Service):
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE}
    form["client_assertion"] = signed(a_key(), service.claims())
    refusal = await service.provider.refused(service.provider.token(form, authorization=basic("web", SECRET)))
    assert refusal.reason == "invalid_request"


async def test_MG_08_an_inactive_application_proves_nothing(service: Service):
    inactive = replace(service.app, status="inactive")
    await service.provider.store.put_application(inactive, service.provider.where().event("test"))
    assert (await service.refused(signed(a_key(), service.claims()))).reason == "invalid_client"


# --- keys at an address ---

ADDRESS = "https://service.example/keys"


async def with_address(service: Service) -> None:
    assert service.app.oidc
    app = replace(service.app, oidc=replace(service.app.oidc, jwks=(), jwks_uri=ADDRESS))
    await service.provider.store.put_application(app, service.provider.where().event("test"))


def publish(service: Service, *keys: Any) -> None:
    document = {"keys": [public(key, kid=key.thumbprint()) for key in keys]}
    service.provider.documents.documents[ADDRESS] = json.dumps(document).encode()


async def test_keys_are_fetched_once_and_again_for_a_new_kid(service: Service):
    await with_address(service)
    publish(service, a_key())
    asked = service.provider.documents.asked
    for _ in range(3):
        await service.asks(signed(a_key(), service.claims(), kid=a_key().thumbprint()))
    assert asked == [ADDRESS]

    another = a_key("ES256", "another")
    publish(service, another)
    for _ in range(5):  # an unknown kid asks no address twice in a moment
        await service.refused(signed(another, service.claims(), kid=another.thumbprint()))
    assert asked == [ADDRESS]
    later(service, ASK_AGAIN_MS + 1)
    await service.asks(signed(another, service.claims(), kid=another.thumbprint()))
    assert asked == [ADDRESS] * 2
    await service.refused(signed(a_key(), service.claims(), kid=a_key().thumbprint()))
    later(service, KEEP_MS)
    await service.asks(signed(another, service.claims(), kid=another.thumbprint()))
    assert len(asked) == 3


@pytest.mark.parametrize("document", [None, b"", b"[]", b"{}", b'{"keys": {}}', b'{"keys": [' + b"{}," * 60 + b"{}]}"])
async def test_keys_that_cannot_be_had_prove_nothing(service: Service, document: bytes | None):
    await with_address(service)
    if document is not None:
        service.provider.documents.documents[ADDRESS] = document
    refusal = await service.refused(signed(a_key(), service.claims()))
    assert refusal.reason == "invalid_client"
    assert refusal.verdict.failure is not None
    assert refusal.verdict.failure.name == "client_keys"


def later(service: Service, ms: int) -> None:
    """Lets time pass."""
    before = service.provider.source
    service.provider.source = replace(before, now_at=lambda: before.now_at() + ms)


# --- scopes ---


@pytest.mark.parametrize("scope", [None, "", "openid", "orders:read openid", "users.read", "nothing", "orders:read  x"])
async def test_nobody_gets_a_scope_that_was_not_given_to_them(service: Service, scope: str | None):
    assertion = signed(a_key(), service.claims())
    assert (await service.refused(assertion, scope=scope)).reason == "invalid_scope"


async def test_a_client_with_a_secret_gets_the_servers_scopes_and_no_administration(service: Service):
    provider = service.provider
    provider.profile = replace(
        provider.profile, admin_scopes=lambda server, client: frozenset(f"adm.{p}" for p in client.granted_permissions)
    )
    assert provider.web.oidc
    assert service.app.oidc
    grants = (ScopeGrant("oag1", "users.read"),)
    web = replace(
        provider.web,
        oidc=replace(provider.web.oidc, grant_types=frozenset({"client_credentials"}), scope_grants=grants),
    )
    strong = replace(service.app, oidc=replace(service.app.oidc, scope_grants=grants))
    for app in (web, strong):
        await provider.store.put_application(app, provider.where().event("test"))
    form = {"grant_type": "client_credentials", "scope": "orders:read orders:write"}
    assert (await provider.token(form))["scope"] == "orders:read orders:write"
    refusal = await provider.refused(provider.token({**form, "scope": "adm.users.read"}))
    assert refusal.reason == "invalid_scope"
    tokens = await service.asks(signed(a_key(), service.claims()), scope="adm.users.read")
    assert tokens["scope"] == "adm.users.read"
    refusal = await service.refused(signed(a_key(), service.claims()), scope="adm.users.manage")
    assert refusal.reason == "invalid_scope"


async def test_a_public_client_never_acts_for_itself(service: Service):
    provider = service.provider
    assert provider.spa.oidc
    spa = replace(provider.spa, oidc=replace(provider.spa.oidc, grant_types=frozenset({"client_credentials"})))
    await provider.store.put_application(spa, provider.where().event("test"))
    form = {"grant_type": "client_credentials", "scope": "orders:read", "client_id": "spa"}
    refusal = await provider.refused(provider.token(form, authorization=None))
    assert refusal.reason == "unauthorized_client"


async def test_JC_an_applications_token_has_no_userinfo(service: Service):
    tokens = await service.asks(signed(a_key(), service.claims()))
    refusal = await service.provider.refused(service.provider.userinfo(tokens["access_token"]))
    assert refusal.reason == "invalid_token"


# --- keys themselves ---


def test_JO_09_what_is_no_public_key_of_ours_is_refused():
    good = public(a_key("RS256"))
    bad = [
        None,
        "text",
        {},
        a_key("RS256").as_dict(private=True),
        {"kty": "oct", "k": "c2VjcmV0"},
        {**good, "alg": "HS256"},
        {**good, "alg": "PS256"},
        {**good, "use": "enc"},
        {**good, "n": None},
        {**good, "n": ["x"]},
        {**good, "n": "A" * 5000},
        {**good, "kid": "a b"},
        {**good, "kid": "k" * 129},
        {**good, "kid": 5},
        {**good, "kty": ["RSA"]},
        public(a_key("ES256"), crv="P-521"),
        public(a_key("ES256"), crv=["P-256"]),
        public(a_key("ES256"), x=public(a_key("ES256"))["y"]),
        {**good, "n": good["n"][:168]},
    ]
    for jwk in bad:
        with pytest.raises(BadKey):
            read_key(jwk)
    assert [key.kid for key in read_key_set({"keys": [*bad, {**good, "kid": "mine"}]})] == ["mine"]  # type: ignore[list-item]
    assert read_key(good).thumbprint == a_key("RS256").thumbprint()
