"""The vendor's Python SDK manages applications of every kind, who is assigned to them, and their secrets."""

import json
from typing import Any

import httpx
import okta.models as m
import pytest
from okta.client import Client
from tests.clients.okta_sdk import done, pages, refused, walked
from tests.flows.test_apps_api import wait_for
from tests.okta_steps import ORG, basic
from tests.server import Server

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
CONTEXT = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
MAIL_ADDRESS = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"


def oidc(label: str, **more: Any) -> m.OpenIdConnectApplication:
    client = m.OpenIdConnectApplicationSettingsClient(
        redirect_uris=["https://oidc.example.com/callback"],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        application_type="web",
        **more,
    )
    authentication = m.ApplicationCredentialsOAuthClient(token_endpoint_auth_method="client_secret_basic")
    return m.OpenIdConnectApplication(
        name="oidc_client",
        label=label,
        sign_on_mode="OPENID_CONNECT",
        credentials=m.OAuthApplicationCredentials(oauth_client=authentication),
        settings=m.OpenIdConnectApplicationSettings(oauth_client=client),
    )


def saml(label: str) -> m.SamlApplication:
    acs = "https://saml.example.com/acs"
    sign_on = m.SamlApplicationSettingsSignOn(
        sso_acs_url=acs,
        recipient=acs,
        destination=acs,
        audience=f"https://saml.example.com/{label}",
        subject_name_id_template="${user.userName}",
        subject_name_id_format=MAIL_ADDRESS,
        response_signed=True,
        assertion_signed=True,
        signature_algorithm="RSA_SHA256",
        digest_algorithm="SHA256",
        honor_force_authn=True,
        authn_context_class_ref=CONTEXT,
        allow_multiple_acs_endpoints=False,
        request_compressed=False,
        attribute_statements=[statement("mail", "user.email")],
    )
    return m.SamlApplication(label=label, sign_on_mode="SAML_2_0", settings=m.SamlApplicationSettings(sign_on=sign_on))


def statement(name: str, value: str) -> m.SamlAttributeStatement:
    namespace = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"
    return m.SamlAttributeStatement(
        m.SamlAttributeStatementExpression(name=name, type="EXPRESSION", namespace=namespace, values=[value])
    )


def wsfed(label: str) -> m.WsFederationApplication:
    app = m.WsFederationApplicationSettingsApplication(
        audience_restriction="https://wsfed.example.com/",
        authn_context_class_ref=CONTEXT,
        group_filter="app1.*",
        group_value_format="windowsDomainQualifiedName",
        name_id_format=UNSPECIFIED,
        realm=f"urn:example:{label}",
        site_url="https://wsfed.example.com",
        username_attribute="username",
        w_reply_override=False,
        w_reply_url="https://wsfed.example.com/login",
    )
    return m.WsFederationApplication(
        name="template_wsfed",
        label=label,
        sign_on_mode="WS_FEDERATION",
        settings=m.WsFederationApplicationSettings(app=app),
    )


def bookmark(label: str) -> m.BookmarkApplication:
    app = m.BookmarkApplicationSettingsApplication(request_integration=False, url="https://mark.example.com/first")
    return m.BookmarkApplication(
        name="bookmark", label=label, sign_on_mode="BOOKMARK", settings=m.BookmarkApplicationSettings(app=app)
    )


KINDS = {
    "OPENID_CONNECT": (oidc, m.OpenIdConnectApplication),
    "SAML_2_0": (saml, m.SamlApplication),
    "WS_FEDERATION": (wsfed, m.WsFederationApplication),
    "BOOKMARK": (bookmark, m.BookmarkApplication),
}


@pytest.mark.parametrize("mode", KINDS)
async def test_an_application_from_its_beginning_to_its_end(sdk: Client, mode: str) -> None:
    new, model = KINDS[mode]
    app = await done(sdk.create_application(new(f"Life-{mode}")))
    assert isinstance(app, model)
    assert (app.label, app.sign_on_mode.value, app.status.value) == (f"Life-{mode}", mode, "ACTIVE")
    assert app.links.var_self.href.endswith(f"/api/v1/apps/{app.id}")
    found = await done(sdk.get_application(app.id))
    assert (found.id, found.name, found.settings) == (app.id, app.name, app.settings)
    found.label = f"Renamed {mode}"
    assert (await done(sdk.replace_application(app.id, found))).label == f"Renamed {mode}"
    await refused(sdk.delete_application(app.id), 403, "E0000056", "deactivate it first")
    await done(sdk.deactivate_application(app.id))
    assert (await done(sdk.get_application(app.id))).status.value == "INACTIVE"
    await done(sdk.activate_application(app.id))
    assert (await done(sdk.get_application(app.id))).status.value == "ACTIVE"
    await done(sdk.deactivate_application(app.id))
    await done(sdk.delete_application(app.id))
    await refused(sdk.get_application(app.id), 404, "E0000007", app.id)


async def test_an_application_is_made_inactive(sdk: Client) -> None:
    app = await done(sdk.create_application(bookmark("Later"), activate=False))
    assert (app.status.value, app.links.activate is not None, app.links.deactivate) == ("INACTIVE", True, None)


def asks(managed: Server, app: Any, secret: str, **form: str) -> httpx.Response:
    client_id = app.credentials.oauth_client.client_id
    return managed.site.browser().post(f"{ORG}/token", data=form, headers={"authorization": basic(client_id, secret)})


async def test_a_put_lets_an_application_hand_over_sign_ins(sdk: Client, managed: Server) -> None:
    app = await done(sdk.create_application(oidc("Origin")))
    client = app.credentials.oauth_client
    assert (client.client_id, client.token_endpoint_auth_method.value) == (app.id, "client_secret_basic")
    settings = app.settings.oauth_client
    assert settings.redirect_uris == ["https://oidc.example.com/callback"]
    assert [each.value for each in settings.grant_types] == ["authorization_code", "refresh_token"]
    known = await done(sdk.get_application(app.id))
    assert known.credentials.oauth_client.client_secret is None, "a secret is shown once"

    def exchanges(secret: str) -> str:
        return str(asks(managed, app, secret, grant_type=EXCHANGE, subject_token="x").json()["error"])

    assert exchanges(client.client_secret) == "unsupported_grant_type", "this application may not use it"
    known.settings.oauth_client.grant_types = [*known.settings.oauth_client.grant_types, EXCHANGE]
    changed = await done(sdk.replace_application(app.id, known))
    assert [each.value for each in changed.settings.oauth_client.grant_types][-1] == EXCHANGE
    assert changed.settings.oauth_client.redirect_uris == settings.redirect_uris
    wait_for(lambda: exchanges(client.client_secret) != "unsupported_grant_type")
    assert exchanges(client.client_secret) == "invalid_request", "the grant is taken up, and lacks the rest"
    assert exchanges("wrong") == "invalid_client"


async def test_what_cannot_be_done_is_refused_with_its_name(sdk: Client) -> None:
    wanted = oidc("Wild", wildcard_redirect="SUBDOMAIN")
    await refused(sdk.create_application(wanted), 400, "E0000001", "wildcard_redirect")


async def test_secrets_are_rotated(sdk: Client, managed: Server) -> None:
    app = await done(sdk.create_application(oidc("Rotating")))

    proof = {"redirect_uri": app.settings.oauth_client.redirect_uris[0], "code_verifier": "v" * 43}

    def error(secret: str) -> str:
        return str(asks(managed, app, secret, grant_type="authorization_code", code="x", **proof).json()["error"])

    old = app.credentials.oauth_client.client_secret
    (first,) = await done(sdk.list_o_auth2_client_secrets(app.id))
    new = await done(sdk.create_o_auth2_client_secret(app.id))
    wait_for(lambda: error(new.client_secret) == "invalid_grant")
    wait_for(lambda: error(old) == "invalid_grant")
    await done(sdk.deactivate_o_auth2_client_secret(app.id, first.id))
    wait_for(lambda: error(old) == "invalid_client")
    assert error(new.client_secret) == "invalid_grant"
    assert (await done(sdk.activate_o_auth2_client_secret(app.id, first.id))).status == "ACTIVE"
    wait_for(lambda: error(old) == "invalid_grant")
    await done(sdk.deactivate_o_auth2_client_secret(app.id, first.id))
    await done(sdk.delete_o_auth2_client_secret(app.id, first.id))
    assert [each.id for each in await done(sdk.list_o_auth2_client_secrets(app.id))] == [new.id]


async def test_scopes_are_granted_to_an_application(sdk: Client, managed: Server) -> None:
    app = await done(sdk.create_application(oidc("Granted")))
    wanted = m.OAuth2ScopeConsentGrant(issuer=managed.site.base_url, scope_id="okta.users.read")
    grant = await done(sdk.grant_consent_to_scope(app.id, wanted))
    assert (grant.scope_id, grant.status.value, grant.client_id) == ("okta.users.read", "ACTIVE", app.id)
    assert [each.id for each in await done(sdk.list_scope_consent_grants(app.id))] == [grant.id]
    assert (await done(sdk.get_scope_consent_grant(app.id, grant.id))).scope_id == "okta.users.read"
    await done(sdk.revoke_scope_consent_grant(app.id, grant.id))
    assert await done(sdk.list_scope_consent_grants(app.id)) == []


async def test_a_service_provider_is_changed(sdk: Client, managed: Server) -> None:
    app = await done(sdk.create_application(saml("Provider")))
    sign_on = app.settings.sign_on
    assert (sign_on.audience, sign_on.subject_name_id_format) == ("https://saml.example.com/Provider", MAIL_ADDRESS)
    assert (sign_on.response_signed, sign_on.assertion_signed, sign_on.honor_force_authn) == (True, True, True)
    (key,) = await done(sdk.list_application_keys(app.id))
    metadata = await done(sdk.preview_sam_lmetadata_for_application(app.id, key.kid))
    assert f'entityID="{sign_on.idp_issuer}"' in metadata
    assert key.x5c[0] in metadata

    async def attributes() -> list[str]:
        # The SDK reads each attribute statement as an empty one, so they are read from the raw body.
        executor = sdk.get_request_executor()
        request, _ = await executor.create_request("GET", f"/api/v1/apps/{app.id}", {}, {})
        response = await body_of(executor, request)
        return [each["name"] for each in response["settings"]["signOn"]["attributeStatements"]]

    assert await attributes() == ["mail"]
    known = await done(sdk.get_application(app.id))
    acs = "https://saml.example.com/acs/new"
    known.settings.sign_on.sso_acs_url = known.settings.sign_on.recipient = known.settings.sign_on.destination = acs
    # It would send them as empty too, which a PUT takes for none: they are given anew.
    known.settings.sign_on.attribute_statements = [statement("mail", "user.email"), statement("city", "user.city")]
    changed = await done(sdk.replace_application(app.id, known))
    assert changed.settings.sign_on.sso_acs_url == acs
    assert await attributes() == ["mail", "city"]


async def body_of(executor: Any, request: Any) -> Any:
    _, body, error = await executor.execute(request)
    assert error is None, str(error)
    return json.loads(body)


async def test_a_relying_party_is_shown_as_it_was_made(sdk: Client) -> None:
    app = await done(sdk.create_application(wsfed("Party")))
    assert app.name == "template_wsfed"
    wanted, shown = wsfed("Party").settings.app.to_dict(), app.settings.app.to_dict()
    assert {name: shown.get(name) for name in wanted} == wanted
    app.settings.app.w_reply_url = "https://wsfed.example.com/other"
    await done(sdk.replace_application(app.id, app))
    assert (await done(sdk.get_application(app.id))).settings.app.w_reply_url == "https://wsfed.example.com/other"


async def test_applications_are_listed_a_page_at_a_time(sdk: Client) -> None:
    made = [(await done(sdk.create_application(bookmark(f"Listed {number}")))).id for number in range(3)]
    whole = [app.id for app in await done(sdk.list_applications(limit=200))]
    assert set(made) <= set(whole)
    by_fives = await pages(sdk.list_applications, limit=5)
    assert all(len(page) == 5 for page in by_fives[:-1])
    assert [app.id for page in by_fives for app in page] == whole
    assert [app["id"] for page in await walked(sdk, "/api/v1/apps?limit=5") for app in page] == whole
    assert {app.id for app in await done(sdk.list_applications(q="Listed"))} == set(made)
    await done(sdk.deactivate_application(made[0]))
    inactive = [app.id for page in await pages(sdk.list_applications, filter='status eq "INACTIVE"') for app in page]
    assert made[0] in inactive
    assert not {made[1], made[2]} & set(inactive)
    assert {type(app) for app in await done(sdk.list_applications(limit=200))} == {model for _, model in KINDS.values()}


async def links_of(sdk: Client, user: str) -> dict[str, str]:
    return {link.label: link.link_url for link in await done(sdk.list_app_links(user))}


async def test_users_and_groups_are_assigned(sdk: Client, managed: Server) -> None:
    app = await done(sdk.create_application(bookmark("Assigned")))
    bob, ann = managed.site.person("bob"), managed.site.person("ann")
    assert "Assigned" not in await links_of(sdk, bob.id)
    named = m.AppUserCredentials(user_name="bobby")
    given = await done(
        sdk.assign_user_to_application(app.id, m.AppUserAssignRequest(id=bob.id, scope="USER", credentials=named))
    )
    assert (given.id, given.scope, given.status.value, given.credentials.user_name) == (
        bob.id,
        "USER",
        "ACTIVE",
        "bobby",
    )
    assert (await links_of(sdk, bob.id))["Assigned"].startswith(f"{managed.site.base_url}/home/bookmark/{app.id}/")
    renamed = m.AppUserCredentialsRequestPayload(credentials=m.AppUserCredentials(user_name="rob"))
    await done(sdk.update_application_user(app.id, bob.id, m.AppUserUpdateRequest(renamed)))
    assert (await done(sdk.get_application_user(app.id, bob.id))).credentials.user_name == "rob"

    group = await done(sdk.add_group(m.AddGroupRequest(profile=m.OktaUserGroupProfile(name="Holders of marks"))))
    assigned = await done(sdk.assign_group_to_application(app.id, group.id, m.ApplicationGroupAssignment(priority=3)))
    assert (assigned.id, assigned.priority) == (group.id, 3)
    assert (await done(sdk.get_application_group_assignment(app.id, group.id))).priority == 3
    assert [each.id for each in await done(sdk.list_application_group_assignments(app.id))] == [group.id]
    assert [each.id for each in await done(sdk.list_assigned_applications_for_group(group.id))] == [app.id]
    assert "Assigned" not in await links_of(sdk, ann.id)
    await done(sdk.assign_user_to_group(group.id, ann.id))
    assert "Assigned" in await links_of(sdk, ann.id)
    listed = [each for page in await pages(sdk.list_application_users, app.id, limit=1) for each in page]
    assert {(each.id, each.scope) for each in listed} == {(bob.id, "USER"), (ann.id, "GROUP")}

    await done(sdk.unassign_user_from_application(app.id, bob.id))
    await done(sdk.unassign_application_from_group(app.id, group.id))
    assert "Assigned" not in {**await links_of(sdk, bob.id), **await links_of(sdk, ann.id)}
    await refused(sdk.get_application_user(app.id, bob.id), 404, "E0000007")
    await refused(
        sdk.assign_user_to_application(app.id, m.AppUserAssignRequest(id="00unobody", scope="USER")), 404, "E0000007"
    )
