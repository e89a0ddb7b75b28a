"""/api/v2/clients: made, listed, read, changed with the rules of merging, given a new secret, deleted."""

from typing import Any

import pytest
from tests.attacks.test_http_fuzz import ODD_TEXTS, ODD_TYPES
from tests.auth0_steps import Tenant, at_login, authorize, exchange, transfer_token
from tests.management_steps import Api, asks_for_token, machine, manager, refused, settled

TRANSFER = {
    "can_create_session_transfer_token": False,
    "allowed_authentication_methods": [],
    "enforce_device_binding": "ip",
    "allow_refresh_token": False,
    "enforce_online_refresh_tokens": True,
    "enforce_cascade_revocation": True,
}
NATIVE = {
    "name": "My app",
    "app_type": "native",
    "callbacks": ["com.example.app:/done"],
    "grant_types": ["authorization_code", "refresh_token", "password"],
}


@pytest.fixture
def api(tenant: Tenant) -> Api:
    return manager(tenant, "apps.manage")


def made(api: Api, **body: Any) -> dict[str, Any]:
    response = api.post("/clients", {"name": "My app", **body})
    assert response.status_code == 201, response.text
    found: dict[str, Any] = response.json()
    return found


def path_of(client: dict[str, Any]) -> str:
    return f"/clients/{client['client_id']}"


def test_a_client_is_made_read_changed_and_deleted(api: Api) -> None:
    client = made(api, app_type="regular_web", callbacks=["https://a.example.com/cb"], description="First")
    assert len(client["client_id"]) == 32
    assert client["client_id"].isalnum()
    assert (client["name"], client["app_type"], client["description"]) == ("My app", "regular_web", "First")
    assert set(client["grant_types"]) == {"authorization_code", "client_credentials", "implicit", "refresh_token"}
    secret = client.pop("client_secret")
    assert api.get(path_of(client)).json() == client  # MG-06: without the secret
    changed = api.patch(path_of(client), {"name": "Other", "callbacks": ["https://b.example.com/cb"]}).json()
    assert changed == {**client, "name": "Other", "callbacks": ["https://b.example.com/cb"]}
    new = api.call("POST", f"{path_of(client)}/rotate-secret").json()["client_secret"]
    assert new != secret
    assert api.delete(path_of(client)).status_code == 204
    assert refused(api.get(path_of(client)), 404, "inexistent_client") == "The client does not exist"
    assert api.delete(path_of(client)).status_code == 204


def test_a_secret_that_was_made_works_and_an_earlier_one_does_not(api: Api) -> None:
    client = made(api, app_type="non_interactive", grant_types=["client_credentials"])

    def status(secret: str) -> tuple[int, str]:
        body = {"client_id": client["client_id"], "client_secret": secret, "grant_type": "client_credentials"}
        response = api.tenant.post("/oauth/token", {**body, "audience": "https://orders.example.com/"})
        return response.status_code, response.json()["error"]

    assert status(client["client_secret"]) == (400, "invalid_scope")  # known, and asks for nothing
    new = api.call("POST", f"{path_of(client)}/rotate-secret").json()["client_secret"]
    settled()
    assert status(new) == (400, "invalid_scope")
    assert status(client["client_secret"]) == (401, "invalid_client")


def test_the_settings_of_session_transfer_are_merged(api: Api) -> None:
    client = made(api)
    assert "session_transfer" not in client

    def after(change: Any) -> Any:
        response = api.patch(path_of(client), {"session_transfer": change})
        assert response.status_code == 200, response.text
        assert response.json().get("session_transfer") == api.get(path_of(client)).json().get("session_transfer")
        return response.json().get("session_transfer")

    assert after({"delegation": None}) == TRANSFER
    assert after(None) is None
    first = after({"can_create_session_transfer_token": True, "enforce_cascade_revocation": False})
    assert first == {**TRANSFER, "can_create_session_transfer_token": True, "enforce_cascade_revocation": False}
    assert list(first) == list(TRANSFER)
    second = after({"allowed_authentication_methods": ["cookie", "query", "cookie"], "allow_refresh_token": True})
    assert second == {**first, "allowed_authentication_methods": ["cookie", "query"], "allow_refresh_token": True}
    assert after({"enforce_device_binding": "asn"}) == {**second, "enforce_device_binding": "asn"}
    assert after({"allowed_authentication_methods": None}) == {
        **second,
        "enforce_device_binding": "asn",
        "allowed_authentication_methods": [],
    }
    assert made(api, session_transfer={"allow_refresh_token": True})["session_transfer"] == {
        **TRANSFER,
        "allow_refresh_token": True,
    }


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"x": 1}, "Payload validation error: 'Additional properties not allowed: x' on property session_transfer."),
        (
            {"enforce_device_binding": "tls"},
            "Payload validation error: 'No enum match for: \"tls\"' on property "
            "session_transfer.enforce_device_binding.",
        ),
        (
            {"allow_refresh_token": "true"},
            "Payload validation error: 'Expected type boolean but found type string' on property "
            "session_transfer.allow_refresh_token.",
        ),
        (
            {"allowed_authentication_methods": "cookie"},
            "Payload validation error: 'Expected type array but found type string' on property "
            "session_transfer.allowed_authentication_methods.",
        ),
        (
            {"allowed_authentication_methods": ["body"]},
            "Payload validation error: 'No enum match for: \"body\"' on property "
            "session_transfer.allowed_authentication_methods[0].",
        ),
    ],
)
def test_settings_of_session_transfer_that_are_none_are_refused(api: Api, settings: Any, message: str) -> None:
    client = made(api)
    assert refused(api.patch(path_of(client), {"session_transfer": settings}), 400, "invalid_body") == message
    assert "session_transfer" not in api.get(path_of(client)).json()


def test_seed_configure_native_and_web_applications(tenant: Tenant, api: Api) -> None:
    """The two requests of the guide, the second with its double slash: what they set is what then happens."""
    client = made(api, **NATIVE)
    assert "client_secret" not in client
    person = tenant.people["ann"]
    signed_in = tenant.post(
        "/oauth/token",
        {
            "grant_type": "password",
            "client_id": client["client_id"],
            "username": person.login,
            "password": person.password,
            "scope": "openid offline_access",
        },
    ).json()
    asked = {
        "grant_type": "refresh_token",
        "client_id": client["client_id"],
        "audience": "urn:acme.example.com:session_transfer",
    }
    assert tenant.post("/oauth/token", {**asked, "refresh_token": signed_in["refresh_token"]}).status_code == 400
    first = api.patch(
        path_of(client),
        {
            "session_transfer": {
                "can_create_session_transfer_token": True,
                "enforce_cascade_revocation": True,
                "enforce_device_binding": "ip",
            }
        },
    )
    assert first.status_code == 200, first.text
    settled()
    again = tenant.post("/oauth/token", {**asked, "refresh_token": signed_in["refresh_token"]})
    assert again.status_code == 200, again.text
    web = tenant.clients["implicit"]
    second = api.patch(
        f"/clients//{web.client_id}",
        {
            "session_transfer": {
                "allowed_authentication_methods": ["cookie", "query"],
                "enforce_device_binding": "ip",
                "allow_refresh_token": False,
                "enforce_online_refresh_tokens": True,
            }
        },
    )
    assert second.status_code == 200, second.text
    settled()
    browser = tenant.browser()
    extra: dict[str, Any] = {"nonce": "n-1", "code_challenge": "x" * 43, "code_challenge_method": "S256"}
    answer = authorize(browser, web, session_transfer_token=again.json()["access_token"], **extra)
    assert not at_login(browser, answer), answer.headers
    assert api.patch(f"/clients/{web.client_id}", {"session_transfer": None}).status_code == 200
    settled()
    browser = tenant.browser()
    answer = authorize(browser, web, session_transfer_token=transfer_token(tenant), **extra)
    assert at_login(browser, answer)


def test_revoking_leave_to_create_tokens_holds_at_once(tenant: Tenant, api: Api) -> None:
    native = tenant.clients["other native"]
    path, token = f"/clients/{native.client_id}", tenant.by_password("other native")["refresh_token"]
    assert api.patch(path, {"session_transfer": {"can_create_session_transfer_token": True}}).status_code == 200
    settled()
    answer = exchange(tenant, token, "other native")
    assert answer.status_code == 200, answer.text
    assert api.patch(path, {"session_transfer": {"can_create_session_transfer_token": False}}).status_code == 200
    settled()
    assert exchange(tenant, answer.json()["refresh_token"], "other native").status_code == 400
    assert api.patch(path, {"session_transfer": None}).status_code == 200


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Payload validation error: 'Missing required property: name'."),
        ({"name": "a", "domain": "x"}, "Payload validation error: 'Additional properties not allowed: domain'."),
        (
            {"name": "a", "callbacks": ["https://a.test/", "https://a.test/"]},
            "Payload validation error: 'Array items are not unique (indexes 0 and 1)' on property callbacks.",
        ),
    ],
)
def test_MG_03_a_body_that_is_no_client_is_refused(api: Api, body: Any, message: str) -> None:
    assert refused(api.post("/clients", body), 400, "invalid_body") == message


@pytest.mark.parametrize(
    "setting",
    [
        {"require_pushed_authorization_requests": True},
        {"client_secret": "x" * 40},
        {"is_first_party": False},
        {"refresh_token": {"rotation_type": "rotating", "expiration_type": "non-expiring"}},
        {"jwt_configuration": {"alg": "HS256"}},
        {"session_transfer": {"delegation": {"allow_delegated_access": True}}},
        {"is_token_endpoint_ip_header_trusted": 1},
    ],
)
def test_a_setting_that_we_do_not_have_is_refused_and_not_dropped(api: Api, setting: Any) -> None:
    client = made(api)
    refused(api.patch(path_of(client), setting), 400, "operation_not_supported")


def test_refresh_tokens_metadata_and_methods_are_what_was_asked_for(api: Api) -> None:
    refresh = {
        "rotation_type": "rotating",
        "expiration_type": "expiring",
        "leeway": 10,
        "token_lifetime": 86400,
        "idle_token_lifetime": 3600,
        "infinite_token_lifetime": False,
        "infinite_idle_token_lifetime": False,
    }
    client = made(api, refresh_token=refresh, client_metadata={"a": "1", "b": "2"})
    assert client["refresh_token"] == refresh
    assert client["token_endpoint_auth_method"] == "client_secret_post"
    changed = api.patch(path_of(client), {"client_metadata": {"a": None, "c": "3"}}).json()
    assert changed["client_metadata"] == {"b": "2", "c": "3"}
    public = made(api, app_type="spa")
    assert "client_secret" not in public
    assert public["token_endpoint_auth_method"] == "none"
    confidential = api.patch(path_of(public), {"token_endpoint_auth_method": "client_secret_post"}).json()
    assert confidential["client_secret"]


def test_what_a_tool_read_it_may_send_back(api: Api) -> None:
    """Tools write whole objects; the members that only we set are the ones they leave out."""
    client = made(api, app_type="regular_web", callbacks=["https://a.example.com/cb"], session_transfer={})
    ident = client["client_id"]
    known = api.get(f"/clients/{ident}").json()
    sent = {name: value for name, value in known.items() if name not in ("client_id", "global")}
    answer = api.patch(f"/clients/{ident}", sent)
    assert (answer.status_code, answer.json()) == (200, known)


def test_pages_by_number_and_from_a_checkpoint(api: Api) -> None:
    for number in range(3):
        made(api, name=f"Listed {number}", app_type="spa")
    assert isinstance(api.get("/clients").json(), list)
    ids: list[str] = []
    following: str | None = ""
    while following is not None:
        page = api.get(f"/clients?take=3{following}").json()
        assert 1 <= len(page["clients"]) <= 3
        ids += [client["client_id"] for client in page["clients"]]
        following = f"&from={page['next']}" if "next" in page else None
    assert len(set(ids)) == len(ids)
    body = api.get("/clients?page=1&per_page=2&include_totals=true&fields=client_id").json()
    assert body == {
        "start": 2,
        "limit": 2,
        "length": 2,
        "total": len(ids),
        "clients": [{"client_id": ident} for ident in ids[2:4]],
    }
    assert api.get("/clients?page=900&include_totals=true").json()["clients"] == []
    spas = api.get("/clients?app_type=spa&fields=client_id,name&is_global=false&per_page=100").json()
    assert {"Listed 0", "Listed 1", "Listed 2"} <= {client["name"] for client in spas}
    assert all(set(client) == {"client_id", "name"} for client in spas)
    assert len(spas) < len(ids)
    assert api.get("/clients?is_global=true").json() == []
    hidden = api.get("/clients?fields=callbacks&include_fields=false").json()
    assert all("callbacks" not in client and "client_id" in client for client in hidden)


@pytest.mark.parametrize(
    "query", ["page=-1", "per_page=101", "take=0", "from=x", "include_totals=maybe", "page=9999999999", "q=a", "x=1"]
)
def test_MG_04_a_query_that_is_none_is_refused(api: Api, query: str) -> None:
    assert refused(api.get(f"/clients?{query}"), 400, "invalid_query_string").startswith("Query validation error: ")


def test_MG_01_a_client_of_another_org_is_as_one_that_is_not_there(tenant: Tenant, api: Api) -> None:
    other = next(iter(tenant.server.site.org.clients.values()))
    missing = refused(api.get("/clients/nothing"), 404, "inexistent_client")
    path = f"/clients/{other.client_id}"
    for response in (api.get(path), api.patch(path, {"name": "x"}), api.call("POST", f"{path}/rotate-secret")):
        assert refused(response, 404, "inexistent_client") == missing
    assert api.delete(path).status_code == 204
    assert tenant.server.rows("SELECT 1 FROM applications WHERE id = $1", other.app_id)


def test_MG_02_nobody_changes_an_application_that_may_do_more(tenant: Tenant, api: Api) -> None:
    strong = machine(tenant, "users.manage")
    refused(api.patch(f"/clients/{strong.client_id}", {"name": "Mine"}), 403, "insufficient_scope")
    refused(api.call("POST", f"/clients/{strong.client_id}/rotate-secret"), 403, "insufficient_scope")
    assert asks_for_token(tenant, strong, scope="x").status_code == 400


def test_every_call_needs_its_own_scope(tenant: Tenant) -> None:
    reader = manager(tenant, "apps.read")
    for method, path in (
        ("POST", "/clients"),
        ("PATCH", "/clients/x"),
        ("DELETE", "/clients/x"),
        ("POST", "/clients/x/rotate-secret"),
    ):
        refused(reader.call(method, path, json={}), 403, "insufficient_scope")
    assert reader.get("/clients").status_code == 200


def test_I9_no_member_of_a_client_makes_a_fault(api: Api) -> None:
    client = made(api)
    members = [*client, "session_transfer", "addons", "mobile", "client_metadata", "logo_uri", "description", "odd"]
    for member in members:
        for value in [*ODD_TYPES, *ODD_TEXTS, [None], [[]], {"x": {}}]:
            for method, path in (("PATCH", path_of(client)), ("POST", "/clients")):
                response = api.call(method, path, json={"name": "Odd", member: value})
                assert response.status_code < 500, (method, member, value, response.text)
    for text in ("", "[]", "null", "{", '{"name":"a","name":"b"}'):
        response = api.call("POST", "/clients", content=text, headers={"content-type": "application/json"})
        refused(response, 400, "invalid_body")
