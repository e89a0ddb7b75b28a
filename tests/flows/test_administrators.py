"""What an API token may do over HTTP: what the roles of its owner allow, now (MG-02, MG-08)."""

import httpx
import pytest
from tests.installation import Installation
from tests.server import Server, Site

from segue.admin import roles, tokens
from segue.core.user import Role

ORIGINS = "/api/v1/trustedOrigins"
NEW_ORIGIN = {"name": "Mine", "origin": "https://mine.example.com", "scopes": [{"type": "CORS"}]}


def token_of(server: Server, role: Role | None) -> tuple[str, str]:
    """An API token of a new user with that role, and the user's id."""

    async def make(at: Installation) -> tuple[str, str]:
        person = await at.add_person(f"{at.change.new_id('usr')}@example.com")
        owner = await at.user(person.id)
        if role is not None:
            await roles.assign_role(at.segue.store, owner, role, at.change)
        minted = await tokens.mint_api_token(at.segue.store, owner, "tests", at.change)
        return minted.bearer.text, person.id

    return server.inside(make)


def call(site: Site, token: str, method: str, path: str, **rest: object) -> httpx.Response:
    headers = {"authorization": f"SSWS {token}"}
    return site.browser().request(method, path, headers=headers, **rest)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("role", "reads", "ends_sessions", "manages"),
    [("owner", 200, 204, 400), ("support", 200, 204, 403), ("auditor", 200, 403, 403), (None, 403, 403, 403)],
)
def test_MG_02_a_token_acts_with_the_role_of_its_owner(
    server: Server, site: Site, role: Role | None, reads: int, ends_sessions: int, manages: int
) -> None:
    token, user_id = token_of(server, role)
    assert call(site, token, "GET", ORIGINS).status_code == reads
    assert call(site, token, "DELETE", f"/api/v1/users/{user_id}/sessions").status_code == ends_sessions
    wrong = {**NEW_ORIGIN, "origin": "nonsense"}
    refused = call(site, token, "POST", ORIGINS, json=wrong)
    assert refused.status_code == manages
    if manages == 403:
        assert refused.json()["errorCode"] == "E0000006"


@pytest.mark.parametrize("role", ["auditor", None])
def test_MG_02_who_may_only_look_is_no_trusted_caller(server: Server, site: Site, role: Role | None) -> None:
    token, _ = token_of(server, role)
    ann = site.person("ann")
    credentials = {"username": ann.login, "password": ann.password}
    for path in ("/api/v1/authn", "/api/v1/sessions?additionalFields=cookieToken"):
        refused = call(site, token, "POST", path, json=credentials)
        assert (refused.status_code, refused.json()["errorCode"]) == (403, "E0000006")


def test_MG_08_a_role_taken_back_counts_at_once(server: Server, site: Site) -> None:
    token, user_id = token_of(server, "support")
    assert call(site, token, "GET", ORIGINS).status_code == 200

    async def take(at: Installation) -> None:
        await roles.remove_role(at.segue.store, await at.user(user_id), "support", at.change)

    server.inside(take)
    assert call(site, token, "GET", ORIGINS).status_code == 403


def test_MG_02_support_cannot_recover_the_account_of_an_owner(server: Server, site: Site) -> None:
    """Whoever is handed a recovery token can be that user."""
    token, _ = token_of(server, "support")
    for login, status in ((site.person("victim").login, 200), (site.person("carol").login, 403)):
        recovered = call(site, token, "POST", "/api/v1/authn/recovery/password", json={"username": login})
        assert recovered.status_code == status, recovered.text
        assert ("recoveryToken" in recovered.json()) is (status == 200)


def test_a_token_says_whose_it_is(server: Server, site: Site) -> None:
    token, user_id = token_of(server, "auditor")
    assert call(site, token, "GET", "/api/v1/users/me").json()["id"] == user_id
    nobodys, _ = token_of(server, None)
    assert call(site, nobodys, "GET", "/api/v1/users/me").status_code == 403
    assert call(site, "nonsense", "GET", "/api/v1/users/me").status_code == 401
