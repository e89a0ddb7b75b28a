"""Applications, on a real store."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from tests.unit.admin.desk import HOME, ORG_ID, Desk, refused

from segue.admin import applications, users
from segue.admin.applications import Traits
from segue.admin.keys import TOKEN_KEYS
from segue.admin.users import NewUser
from segue.core.application import OidcClient, SamlServiceProvider
from segue.core.org import AuthorizationServer
from segue.core.requirement import Requirement
from segue.core.secret import digest, is_id

CALLBACK = "https://app.corp.test/cb"
EC_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
CLIENT = OidcClient("", (CALLBACK,))
PROVIDER = SamlServiceProvider("https://sp.corp.test/saml", ("https://sp.corp.test/acs",))
SAML_TRAITS = Traits("Expenses", home_authority=HOME)


async def test_a_confidential_client_gets_ids_and_a_secret_shown_once(desk: Desk) -> None:
    made = await applications.create_oidc(desk.store, Traits("My App (beta)"), CLIENT, desk.change)
    app, secret = made.application, made.client_secret
    assert app.oidc is not None
    assert secret is not None
    assert (app.name, app.label, app.oidc.client_id) == ("my_app_beta", "My App (beta)", app.id)
    assert (app.id[:3], app.external_key[:3], is_id(app.id), is_id(app.external_key)) == ("0oa", "exk", True, True)
    assert app.oidc.secret_digests == (digest(secret),)
    assert await desk.store.application(ORG_ID, app.id) == app
    assert await desk.store.application_by_client_id(ORG_ID, app.id) == app
    assert await desk.store.application_by_external_key(ORG_ID, app.external_key) == app
    (event,) = desk.events("application.create")
    assert (event["app_id"], event["actor_id"], event["detail"]) == (app.id, "cli:tester", {"protocol": "oidc"})
    assert secret.encode() not in desk.dump()
    assert secret not in repr(made)


async def test_digests_that_came_along_are_not_taken_for_the_secret(desk: Desk) -> None:
    """MG-03: whoever creates a client cannot choose its secret."""
    planted = replace(CLIENT, secret_digests=(digest("mine"),))
    made = await applications.create_oidc(desk.store, Traits("App"), planted, desk.change)
    assert made.application.oidc is not None
    assert digest("mine") not in made.application.oidc.secret_digests


async def test_a_public_client_has_no_secret(desk: Desk) -> None:
    made = await applications.create_oidc(
        desk.store, Traits("App"), replace(CLIENT, authentication="none"), desk.change
    )
    assert made.client_secret is None
    assert made.application.oidc is not None
    assert made.application.oidc.secret_digests == ()
    await refused(
        applications.new_client_secret(desk.store, made.application.id, desk.change, keep_old=True),
        "invalid_value",
        "authentication",
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"redirect_uris": ()}, "redirect_uris"),
        ({"redirect_uris": ("http://app.corp.test/cb",)}, "redirect_uris"),
        ({"redirect_uris": ("https://*.corp.test/cb",)}, "redirect_uris"),
        ({"redirect_uris": ("https://app.corp.test/cb#part",)}, "redirect_uris"),
        ({"redirect_uris": ("https://user@app.corp.test/cb",)}, "redirect_uris"),
        ({"redirect_uris": ("javascript:alert(1)",)}, "redirect_uris"),
        ({"redirect_uris": ("com.example.app:/cb",)}, "redirect_uris"),
        ({"redirect_uris": ("https://app.corp.test/a/../b",)}, "redirect_uris"),
        ({"redirect_uris": ("https://[::1/cb",)}, "redirect_uris"),
        ({"redirect_uris": ("https://äpp.corp.test/cb",)}, "redirect_uris"),
        ({"redirect_uris": (CALLBACK, CALLBACK)}, "redirect_uris"),
        ({"redirect_uris": tuple(f"{CALLBACK}{n}" for n in range(101))}, "redirect_uris"),
        ({"post_logout_redirect_uris": ("http://app.corp.test/",)}, "post_logout_redirect_uris"),
        ({"client_id": "two words"}, "client_id"),
        ({"client_id": "x" * 129}, "client_id"),
        ({"client_id": "ünicode"}, "client_id"),
        ({"authentication": "client_secret_jwt"}, "authentication"),
        ({"authentication": "private_key_jwt"}, "jwks"),
        ({"jwks": ({"kty": "oct", "k": "c2VjcmV0"},)}, "jwks"),
        ({"jwks": (EC_KEY,), "jwks_uri": "https://app.example.com/keys"}, "jwks_uri"),
        ({"jwks": (EC_KEY, EC_KEY)}, "jwks"),
        ({"jwks": (EC_KEY,) * 11}, "jwks"),
        ({"jwks_uri": "http://app.example.com/keys"}, "jwks_uri"),
        ({"jwks_uri": "https://app.example.com/keys#x"}, "jwks_uri"),
        (
            {"authentication": "none", "grant_types": frozenset({"client_credentials", "authorization_code"})},
            "grant_types",
        ),
        (
            {
                "dpop_bound_access_tokens": True,
                "response_types": frozenset({"id_token token"}),
                "grant_types": frozenset({"implicit"}),
            },
            "dpop_bound_access_tokens",
        ),
        ({"response_types": frozenset({"token"})}, "response_types"),
        ({"response_types": frozenset({"code", "id_token"})}, "grant_types"),
        ({"grant_types": frozenset({"implicit"})}, "grant_types"),
        ({"grant_types": frozenset({"authorization_code", "magic"})}, "grant_types"),
        ({"refresh_rotation": "sometimes"}, "refresh_rotation"),
        ({"refresh_rotation": "static", "authentication": "none"}, "refresh_rotation"),
        ({"refresh_grace_s": 61}, "refresh_grace_s"),
        ({"refresh_grace_s": -1}, "refresh_grace_s"),
        ({"refresh_life_s": 599}, "refresh_life_s"),
        ({"refresh_life_s": 10**9}, "refresh_life_s"),
        ({"refresh_idle_s": 0}, "refresh_idle_s"),
    ],
)
async def test_DC_01_settings_of_a_client_are_checked_when_made_and_when_changed(
    desk: Desk, changes: dict[str, Any], field: str
) -> None:
    await refused(
        applications.create_oidc(desk.store, Traits("App"), replace(CLIENT, **changes), desk.change),
        "invalid_value",
        field,
    )
    app = (await applications.create_oidc(desk.store, Traits("App"), CLIENT, desk.change)).application
    assert app.oidc is not None
    changed = replace(app, oidc=replace(app.oidc, **changes))
    await refused(applications.update_application(desk.store, changed, desk.change), "invalid_value", field)
    assert await desk.store.application(ORG_ID, app.id) == app


@pytest.mark.parametrize("address", ["http://localhost:3000/cb", "http://127.0.0.1/cb", "http://[::1]:9/cb", CALLBACK])
async def test_http_is_for_this_machine(desk: Desk, address: str) -> None:
    made = await applications.create_oidc(
        desk.store, Traits("App"), replace(CLIENT, redirect_uris=(address,)), desk.change
    )
    assert made.application.oidc is not None
    assert made.application.oidc.redirect_uris == (address,)


async def test_more_names_of_this_machine_can_be_allowed(desk: Desk) -> None:
    client = replace(CLIENT, redirect_uris=("http://app.localhost:3000/cb",))
    work = applications.create_oidc(desk.store, Traits("App"), client, desk.change)
    await refused(work, "invalid_value", "redirect_uris")
    await applications.create_oidc(desk.store, Traits("App"), client, desk.change, local_names=["app.localhost"])


async def test_a_native_client_may_have_a_scheme_of_its_own(desk: Desk) -> None:
    client = OidcClient("", ("com.example.app:/cb",), authentication="none", native=True)
    assert (await applications.create_oidc(desk.store, Traits("App"), client, desk.change)).client_secret is None


async def test_a_client_id_is_taken_once(desk: Desk) -> None:
    client = replace(CLIENT, client_id="the-client")
    await applications.create_oidc(desk.store, Traits("One"), client, desk.change)
    await refused(
        applications.create_oidc(desk.store, Traits("Two"), client, desk.change), "already_exists", "client_id"
    )
    elsewhere = desk.change.of(desk.change.new_id("00o"))
    await desk.store.put_org(
        type((await desk.store.orgs())[0])(elsewhere.org_id, "Other"), elsewhere.event("org.create")
    )
    await applications.create_oidc(desk.store, Traits("Three"), client, elsewhere)


@pytest.mark.parametrize(
    ("traits", "field"),
    [
        (Traits(""), "label"),
        (Traits("  "), "label"),
        (Traits("x" * 101), "label"),
        (Traits("two\nlines"), "label"),
        (Traits("App", name="Has Spaces"), "name"),
        (Traits("App", name="a/b"), "name"),
        (Traits("App", name="-"), "name"),
        (Traits("App", name="x" * 65), "name"),
    ],
)
async def test_names_are_checked(desk: Desk, traits: Traits, field: str) -> None:
    await refused(applications.create_oidc(desk.store, traits, CLIENT, desk.change), "invalid_value", field)


@pytest.mark.parametrize(("label", "name"), [("Ärger & Söhne", "rger_s_hne"), ("猫", "app"), ("x" * 100, "x" * 64)])
async def test_a_name_for_addresses_is_made_from_any_label(desk: Desk, label: str, name: str) -> None:
    assert (await applications.create_oidc(desk.store, Traits(label), CLIENT, desk.change)).application.name == name


async def test_a_secret_can_be_changed_over_or_replaced_at_once(desk: Desk) -> None:
    made = await applications.create_oidc(desk.store, Traits("App"), CLIENT, desk.change)
    first, app_id = digest(made.client_secret or ""), made.application.id

    async def digests(*, keep_old: bool) -> tuple[tuple[bytes, ...], bytes]:
        app, secret = await applications.new_client_secret(desk.store, app_id, desk.change, keep_old=keep_old)
        assert app.oidc is not None
        assert await desk.store.application(ORG_ID, app_id) == app
        return app.oidc.secret_digests, digest(secret)

    both, second = await digests(keep_old=True)
    assert both == (second, first)
    still_two, third = await digests(keep_old=True)
    assert still_two == (third, second)
    alone, fourth = await digests(keep_old=False)
    assert alone == (fourth,)
    assert sorted(event["detail"]["kept_old"] for event in desk.events("application.secret")) == [False, True, True]


async def test_an_update_keeps_ids_and_secrets_and_names_what_changed(desk: Desk) -> None:
    made = await applications.create_oidc(desk.store, Traits("App"), CLIENT, desk.change)
    app = made.application
    assert app.oidc is not None
    changed = replace(
        app,
        label="New label",
        external_key="exk-of-mine",
        everyone=True,
        requirement=Requirement(factors=2),
        oidc=replace(app.oidc, secret_digests=(digest("mine"),), pkce_required=True),
    )
    after = await applications.update_application(desk.store, changed, desk.change)
    assert after.oidc is not None
    assert (after.label, after.everyone, after.requirement.factors) == ("New label", True, 2)
    assert after.oidc.pkce_required
    assert (after.external_key, after.oidc.secret_digests) == (app.external_key, app.oidc.secret_digests)
    assert await desk.store.application(ORG_ID, app.id) == after
    (event,) = desk.events("application.update")
    assert event["detail"]["fields"] == ["everyone", "label", "oidc", "requirement"]


async def test_a_public_client_cannot_become_confidential_without_a_secret(desk: Desk) -> None:
    public = replace(CLIENT, authentication="none")
    app = (await applications.create_oidc(desk.store, Traits("App"), public, desk.change)).application
    assert app.oidc is not None
    changed = replace(app, oidc=replace(app.oidc, authentication="client_secret_basic"))
    await refused(applications.update_application(desk.store, changed, desk.change), "invalid_value", "authentication")


async def test_a_service_provider_is_registered(desk: Desk) -> None:
    made = await applications.create_saml(desk.store, SAML_TRAITS, PROVIDER, desk.change)
    assert made.client_secret is None
    assert await desk.store.application(ORG_ID, made.application.id) == made.application
    assert made.application.saml == PROVIDER


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"entity_id": ""}, "entity_id"),
        ({"entity_id": "two words"}, "entity_id"),
        ({"entity_id": "urn:" + "x" * 1021}, "entity_id"),
        ({"idp_entity_id": "two words"}, "idp_entity_id"),
        ({"audience": "new\nline"}, "audience"),
        ({"acs_urls": ()}, "acs_urls"),
        ({"acs_urls": ("http://sp.corp.test/acs",)}, "acs_urls"),
        ({"acs_urls": ("https://sp.corp.test/acs#x",)}, "acs_urls"),
        ({"acs_urls": ("javascript:alert(1)",)}, "acs_urls"),
        ({"acs_urls": ("https://sp.corp.test/acs",) * 2}, "acs_urls"),
        ({"attributes": {"": "email"}}, "attributes"),
        ({"attributes": {"email": ""}}, "attributes"),
        ({"attributes": {"a\x01": "email"}}, "attributes"),
        ({"attributes": {f"a{n}": "email" for n in range(65)}}, "attributes"),
        ({"name_id_from": ""}, "name_id_format"),
        ({"assertion_s": 5}, "assertion_s"),
        ({"assertion_s": 86_400}, "assertion_s"),
        ({"want_signed_requests": True}, "certificates_pem"),
        ({"certificates_pem": ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",)}, "certificates_pem"),
        ({"certificates_pem": ("no certificate",)}, "certificates_pem"),
    ],
)
async def test_settings_of_a_service_provider_are_checked_when_made_and_when_changed(
    desk: Desk, changes: dict[str, Any], field: str
) -> None:
    await refused(
        applications.create_saml(desk.store, SAML_TRAITS, replace(PROVIDER, **changes), desk.change),
        "invalid_value",
        field,
    )
    app = (await applications.create_saml(desk.store, SAML_TRAITS, PROVIDER, desk.change)).application
    assert app.saml is not None
    changed = replace(app, saml=replace(app.saml, **changes))
    await refused(applications.update_application(desk.store, changed, desk.change), "invalid_value", field)


async def test_signed_requests_can_be_asked_for_with_a_certificate(desk: Desk) -> None:
    provider = replace(PROVIDER, want_signed_requests=True, certificates_pem=(certificate(),))
    assert (await applications.create_saml(desk.store, SAML_TRAITS, provider, desk.change)).application.saml == provider


@pytest.mark.parametrize("home", ["", "other.corp.test"])
async def test_the_home_of_a_saml_application_is_a_domain_of_its_org(desk: Desk, home: str) -> None:
    traits = Traits("Expenses", home_authority=home)
    await refused(
        applications.create_saml(desk.store, traits, PROVIDER, desk.change), "invalid_value", "home_authority"
    )


async def test_users_are_assigned_and_unassigned(desk: Desk) -> None:
    user = await users.add_user(desk.store, desk.hasher, NewUser("ann", {}), desk.change)
    app = (await applications.create_oidc(desk.store, Traits("App"), CLIENT, desk.change)).application

    async def assigned() -> bool:
        subject = await desk.store.subject(ORG_ID, user.id, app.id)
        assert subject is not None
        return subject.assigned

    await applications.assign(desk.store, app.id, user.id, desk.change)
    await applications.assign(desk.store, app.id, user.id, desk.change)
    assert await assigned()
    assert await applications.unassign(desk.store, app.id, user.id, desk.change)
    assert not await assigned()
    assert not await applications.unassign(desk.store, app.id, user.id, desk.change)
    nobody = desk.change.new_id("00u")
    await refused(applications.assign(desk.store, app.id, nobody, desk.change), "not_found")
    await refused(applications.assign(desk.store, desk.change.new_id("0oa"), user.id, desk.change), "not_found")


async def test_an_application_of_another_org_is_not_there(desk: Desk) -> None:
    app = (await applications.create_oidc(desk.store, Traits("App"), CLIENT, desk.change)).application
    stranger = desk.change.of(desk.change.new_id("00o"))
    await refused(applications.find_application(desk.store, app.id, stranger), "not_found")
    await refused(applications.update_application(desk.store, app, stranger), "not_found")
    await refused(applications.new_client_secret(desk.store, app.id, stranger, keep_old=False), "not_found")


async def test_applications_are_listed_a_page_at_a_time(desk: Desk) -> None:
    ids = [
        (await applications.create_oidc(desk.store, Traits(f"App {n}"), CLIENT, desk.later(n))).application.id
        for n in range(3)
    ]
    first = await applications.list_applications(desk.store, desk.change, limit=2)
    second = await applications.list_applications(desk.store, desk.change, after=first[-1].id, limit=2)
    assert [app.id for app in (*first, *second)] == sorted(ids)


def certificate() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sp")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


async def test_the_first_application_of_an_algorithm_brings_its_key_about(desk: Desk) -> None:
    server = AuthorizationServer("aus1", ORG_ID, "S", "", "", TOKEN_KEYS)
    await desk.store.put_authorization_server(server, desk.change.event("authorization_server.put"))
    curved = replace(CLIENT, id_token_algorithm="ES256")
    # Who cannot make a key cannot register the application either: its sign-ins would all fail.
    work = applications.create_oidc(desk.store, Traits("App"), curved, desk.change)
    await refused(work, "invalid_value", "id_token_algorithm")
    plain = (await applications.create_oidc(desk.store, Traits("App"), CLIENT, desk.change)).application
    assert plain.oidc is not None
    after = replace(plain, oidc=replace(plain.oidc, id_token_algorithm="ES256"))
    await refused(applications.update_application(desk.store, after, desk.change), "invalid_value")
    await applications.update_application(desk.store, after, desk.change, sealer=desk.sealer)
    stored = await desk.store.signing_keys(ORG_ID, TOKEN_KEYS)
    assert [key.algorithm for key in stored] == ["ES256"]
    made = await applications.create_oidc(desk.store, Traits("App 2"), curved, desk.change)
    assert made.application.oidc is not None
    assert made.application.oidc.id_token_algorithm == "ES256"
    assert await desk.store.signing_keys(ORG_ID, TOKEN_KEYS) == stored


async def test_an_algorithm_we_do_not_sign_with(desk: Desk) -> None:
    client: Any = replace(CLIENT, id_token_algorithm="HS256")  # type: ignore[arg-type]
    work = applications.create_oidc(desk.store, Traits("App"), client, desk.change, sealer=desk.sealer)
    await refused(work, "invalid_value", "id_token_algorithm")


@pytest.mark.parametrize(
    ("response_type", "needed"),
    [
        ("code id_token", {"authorization_code", "implicit"}),
        ("code token", {"authorization_code", "implicit"}),
        ("id_token token", {"implicit"}),
        ("code id_token token", {"authorization_code", "implicit"}),
    ],
)
async def test_a_combination_needs_the_grants_of_its_parts(desk: Desk, response_type: str, needed: set[str]) -> None:
    for grants in ({"authorization_code"}, {"implicit"}, {"authorization_code", "implicit"}):
        client = replace(CLIENT, response_types=frozenset({response_type}), grant_types=frozenset(grants))
        work = applications.create_oidc(desk.store, Traits("App"), client, desk.change)
        if needed <= grants:
            made = (await work).application
            assert await desk.store.application(ORG_ID, made.id) == made
        else:
            await refused(work, "invalid_value", "grant_types")


async def test_a_client_that_comes_to_need_a_secret_is_given_one_where_that_is_told(desk: Desk) -> None:
    public = replace(CLIENT, authentication="none")
    app = (await applications.create_oidc(desk.store, Traits("App"), public, desk.change)).application
    assert app.oidc is not None
    changed = replace(app, oidc=replace(app.oidc, authentication="client_secret_post"))
    made = await applications.replace_application(desk.store, changed, desk.later(5))
    assert made.client_secret
    assert made.application.oidc
    assert made.application.oidc.secret_digests == (digest(made.client_secret),)
    assert made.application.updated_at == desk.change.now_at + 5
    again = await applications.replace_application(desk.store, made.application, desk.change)
    assert again.client_secret is None


async def test_only_an_inactive_application_is_removed(desk: Desk) -> None:
    app = (await applications.create_oidc(desk.store, Traits("App"), CLIENT, desk.change)).application
    await refused(applications.remove_application(desk.store, app.id, desk.change), "application_in_use")
    assert (await applications.set_status(desk.store, app.id, "inactive", desk.change)).status == "inactive"
    await applications.set_status(desk.store, app.id, "inactive", desk.change)
    await applications.remove_application(desk.store, app.id, desk.change)
    await refused(applications.remove_application(desk.store, app.id, desk.change), "not_found")
    assert len(desk.events("application.status")) == 1
    assert len(desk.events("application.delete")) == 1


async def test_a_start_address_that_comes_later_brings_a_link(desk: Desk) -> None:
    app = (await applications.create_oidc(desk.store, Traits("App"), CLIENT, desk.change)).application
    assert app.oidc is not None
    assert app.links == ()
    changed = replace(app, oidc=replace(app.oidc, initiate_login_uri="https://app.example.com/start"))
    after = await applications.update_application(desk.store, changed, desk.change)
    assert [link.name for link in after.links] == ["start"]
