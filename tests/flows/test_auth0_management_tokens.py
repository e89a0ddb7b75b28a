"""Tokens for the Management API: who gets one, what it opens, and how the API says no."""

import pytest
from tests.auth0_steps import API, HOST, ISSUER, Tenant, claims_of
from tests.installation import Installation
from tests.management_steps import AUDIENCE, Api, asks_for_token, machine, manager, refused, settled

from segue.admin import scope_grants

EVERY_SCOPE = {
    *("read:clients", "create:clients", "update:clients", "delete:clients"),
    *("read:client_keys", "update:client_keys"),
}


def test_an_application_gets_all_that_it_was_granted_where_it_names_no_scope(tenant: Tenant) -> None:
    client = machine(tenant, "apps.manage")
    body = asks_for_token(tenant, client).json()
    assert (body["token_type"], body["expires_in"], set(body["scope"].split())) == ("Bearer", 86400, EVERY_SCOPE)
    claims = claims_of(body["access_token"])
    assert {name: claims[name] for name in ("iss", "aud", "sub", "azp", "gty")} == {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": f"{client.client_id}@clients",
        "azp": client.client_id,
        "gty": "client-credentials",
    }


def test_a_form_and_the_header_do_as_well(tenant: Tenant) -> None:
    client = machine(tenant, "apps.read")
    form = {
        "grant_type": "client_credentials",
        "client_id": client.client_id,
        "client_secret": client.secret,
        "audience": AUDIENCE,
    }
    body = tenant.browser().post("/oauth/token", data=form).json()
    assert body["scope"] == "read:client_keys read:clients"


def test_a_token_has_no_more_than_it_asked_for(tenant: Tenant) -> None:
    api = manager(tenant, "apps.manage", scope="read:clients")
    assert api.get("/clients").status_code == 200
    message = refused(api.post("/clients", {"name": "x"}), 403, "insufficient_scope")
    assert message == "Insufficient scope, expected any of: create:clients"


def test_MG_02_what_was_not_granted_is_not_given(tenant: Tenant) -> None:
    client = machine(tenant, "apps.read")
    more = asks_for_token(tenant, client, scope="read:clients update:clients")
    assert (more.status_code, more.json()["error"]) == (400, "invalid_scope")
    nothing = asks_for_token(tenant, machine(tenant))
    assert (nothing.status_code, nothing.json()["error"]) == (403, "access_denied")
    assert nothing.json()["error_description"].startswith(f"Client is not authorized to access '{AUDIENCE}'.")


def test_MG_08_a_grant_that_is_taken_back_holds_for_tokens_that_are_out(tenant: Tenant) -> None:
    api = manager(tenant, "apps.manage")
    assert api.get("/clients").status_code == 200

    async def take_back(here: Installation) -> None:
        for grant in await scope_grants.scope_grants_of(here.segue.store, api.client.app_id, here.change):
            await scope_grants.revoke_scope(here.segue.store, api.client.app_id, grant.id, here.change)

    tenant.inside(take_back)
    settled()
    refused(api.get("/clients"), 403, "insufficient_scope")


def test_a_call_without_a_token_or_with_another_one_is_refused(tenant: Tenant) -> None:
    assert refused(tenant.browser().get("/api/v2/clients"), 400, "Bearer") == "Bad HTTP authentication header format"
    refused(tenant.browser(authorization="Basic eA==").get("/api/v2/clients"), 400, "Bearer")
    good = manager(tenant, "apps.read").token
    head, payload, signature = good.split(".")
    forged = f"{head}.{payload}.{signature[:-8]}{'A' * 8}"
    for token, message in (
        ("x", "Invalid token"),
        (forged, "Invalid signature received for JSON Web Token validation"),
        (tenant.by_password()["access_token"], "Invalid token"),
        (tenant.by_password(audience=API)["access_token"], "Invalid token"),
        (tenant.by_password()["id_token"], "Invalid token"),
        (
            tenant.token("machine", grant_type="client_credentials", audience=API, scope="read:orders").json()[
                "access_token"
            ],
            "Invalid token",
        ),
    ):
        response = tenant.browser(authorization=f"Bearer {token}").get("/api/v2/clients")
        assert refused(response, 401, "") == message


def test_a_token_for_the_api_opens_nothing_else(tenant: Tenant) -> None:
    token = manager(tenant, "apps.read").token
    assert tenant.browser(authorization=f"Bearer {token}").get("/userinfo").status_code == 401


@pytest.mark.parametrize("audience", [AUDIENCE.removesuffix("/"), f"http://{HOST}/api/v2/", "https://x.test/api/v2/"])
def test_another_audience_is_no_audience(tenant: Tenant, audience: str) -> None:
    response = asks_for_token(tenant, machine(tenant, "apps.read"), audience=audience)
    assert (response.status_code, response.json()["error"]) == (403, "access_denied")


def test_nobody_gets_such_a_token_for_a_user(tenant: Tenant) -> None:
    ann = tenant.people["ann"]
    response = tenant.token(
        "native", grant_type="password", username=ann.login, password=ann.password, audience=AUDIENCE, scope="openid"
    )
    assert (response.status_code, response.json()["error_description"]) == (403, f"Service not found: {AUDIENCE}")


def test_every_answer_says_how_the_caller_stands(tenant: Tenant) -> None:
    api = manager(tenant, "apps.read")
    for response in (api.get("/clients"), tenant.browser().get("/api/v2/clients")):
        assert {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"} <= set(response.headers)


def test_an_address_that_is_not_there_answers_in_the_same_form(tenant: Tenant) -> None:
    api: Api = manager(tenant, "apps.read")
    refused(api.get("/nothing"), 404, "")
    refused(api.call("PUT", "/clients"), 405, "")


def test_permissions_are_given_and_taken_back_at_the_command_line(tenant: Tenant) -> None:
    client = machine(tenant)

    def say(*options: str, check: bool = True) -> str:
        done = tenant.server.command("app", "allow", client.client_id, *options, "--org", HOST, check=check)
        return done.stdout + done.stderr

    assert "May do by itself: nothing" in say()
    assert "May do by itself: apps.read, apps.manage" in say("apps.read", "apps.manage")
    assert "There is no such scope" in say("everything", check=False)
    settled()
    api = Api(tenant, client, asks_for_token(tenant, client).json()["access_token"])
    assert api.get("/clients").status_code == 200
    assert "May do by itself: apps.read" in say("--take-back", "apps.manage")
    settled()
    refused(api.post("/clients", {"name": "x"}), 403, "insufficient_scope")
