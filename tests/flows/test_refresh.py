"""Refresh tokens: who gets one, what one gives, how they replace each other, and what ends them."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from tests.installation import Installation, Person
from tests.okta_steps import (
    DEFAULT,
    ORG,
    Pkce,
    ask_token,
    basic,
    by_password,
    claims_of,
    code_for,
    exchange,
    signed_in,
    tokens_for,
    userinfo,
)
from tests.server import Server, Site

BOTH = pytest.mark.parametrize("at", [ORG, DEFAULT], ids=["org", "default"])
SCOPE = "openid profile offline_access"
GONE = "The refresh token is invalid or expired."


def first(site: Site, person: Person | str = "ann", name: str = "direct", /, **changes: Any) -> dict[str, Any]:
    """Tokens by the password grant, a refresh token among them."""
    response = by_password(site, person, name, **{"scope": SCOPE, **changes})
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def refresh(site: Site, token: str, name: str = "direct", /, **changes: Any) -> httpx.Response:
    return ask_token(site, site.org.clients[name], "refresh_token", refresh_token=token, **changes)


def gone(response: httpx.Response) -> bool:
    """Whether the answer is the one that clients know to mean: sign in again."""
    body = response.json()
    return (response.status_code, body.get("error"), body.get("error_description")) == (400, "invalid_grant", GONE)


def family_of(server: Server, token: str) -> dict[str, Any]:
    columns = "parent_id, bind_path, generation, issued_at, expires_at, idle_expires_at, data"
    ((*values,),) = server.rows(f"SELECT {columns} FROM credentials WHERE id = $1", token.partition(".")[0])
    return dict(zip(columns.split(", "), values, strict=True))


@BOTH
@pytest.mark.parametrize("name", ["direct", "phone"])
def test_a_refresh_token_gives_new_tokens_and_another_refresh_token(site: Site, at: str, name: str) -> None:
    old = first(site, "ann", name, at=at)
    assert list(old) == ["token_type", "expires_in", "access_token", "scope", "refresh_token", "id_token"]
    response = refresh(site, old["refresh_token"], name, at=at)
    assert response.status_code == 200, response.text
    assert "no-store" in response.headers["cache-control"]
    new = response.json()
    assert list(new) == list(old)
    assert new["scope"] == SCOPE
    assert not {new["refresh_token"], new["access_token"], new["id_token"]}.intersection(old.values())
    assert userinfo(site, new["access_token"], at=at).json()["sub"] == site.person("ann").id
    assert userinfo(site, old["access_token"], at=at).status_code == 200


@BOTH
def test_by_a_code_as_well(server: Server, site: Site, at: str) -> None:
    body = tokens_for(signed_in(site), site, "direct", at=at, scope=SCOPE)
    assert body["scope"] == SCOPE
    assert "id_token" in refresh(site, body["refresh_token"], at=at).json()


def test_an_id_token_says_when_the_user_signed_in_and_carries_no_nonce(site: Site) -> None:
    old = tokens_for(signed_in(site), site, "direct", scope=SCOPE)
    time.sleep(1.1)
    new = refresh(site, old["refresh_token"]).json()
    before, after = claims_of(old["id_token"], site), claims_of(new["id_token"], site)
    assert before["nonce"] == "n-0815"
    assert "nonce" not in after
    for claim in ("iss", "aud", "sub", "auth_time", "amr"):
        assert after[claim] == before[claim]
    assert after["iat"] > before["iat"]
    assert claims_of(new["access_token"], site)["auth_time"] == before["auth_time"]


@pytest.mark.parametrize(
    ("name", "scope"), [("direct", "openid profile"), ("web", "openid offline_access"), ("spa", SCOPE)]
)
def test_nobody_gets_one_who_did_not_ask_or_may_not(site: Site, name: str, scope: str) -> None:
    body = tokens_for(signed_in(site), site, name, scope=scope)
    assert "refresh_token" not in body
    assert "offline_access" not in body["scope"].split()


def test_less_may_be_asked_for_and_the_next_time_all_again(site: Site) -> None:
    old = first(site)
    narrow = refresh(site, old["refresh_token"], scope="openid").json()
    assert narrow["scope"] == "openid"
    assert claims_of(narrow["access_token"], site)["scp"] == ["openid"]
    assert refresh(site, narrow["refresh_token"]).json()["scope"] == SCOPE


def test_without_openid_there_is_no_id_token(site: Site) -> None:
    old = first(site)
    assert "id_token" not in refresh(site, old["refresh_token"], scope="profile").json()


@pytest.mark.parametrize(("scope", "error"), [("openid email", "access_denied"), ("open\tid", "invalid_scope")])
def test_more_may_not_be_asked_for_and_asking_costs_nothing(site: Site, scope: str, error: str) -> None:
    old = first(site)
    response = refresh(site, old["refresh_token"], scope=scope)
    assert (response.status_code, response.json()["error"]) == (400, error)
    assert refresh(site, old["refresh_token"]).status_code == 200


def test_a_lost_answer_is_given_again(site: Site) -> None:
    """The same child, never a second one; its access token is a new one."""
    old = first(site)
    answers = [refresh(site, old["refresh_token"]).json() for _ in range(3)]
    assert len({answer["refresh_token"] for answer in answers}) == 1
    assert len({answer["access_token"] for answer in answers}) == 3
    assert refresh(site, answers[0]["refresh_token"]).status_code == 200


def test_OA_06_a_token_whose_child_was_used_ends_the_family(server: Server, site: Site) -> None:
    oldest = first(site)
    middle = refresh(site, oldest["refresh_token"]).json()
    newest = refresh(site, middle["refresh_token"]).json()
    reuse = refresh(site, oldest["refresh_token"])
    assert gone(reuse)
    assert gone(refresh(site, newest["refresh_token"]))
    for tokens in (oldest, middle, newest):
        assert userinfo(site, tokens["access_token"]).status_code == 401
    kinds = [
        kind
        for (kind,) in server.rows(
            "SELECT type FROM events WHERE credential_id = $1", oldest["refresh_token"].partition(".")[0]
        )
    ]
    assert kinds.count("refresh_token.reuse") == 1


def test_OA_06_a_token_is_dead_after_its_grace(server: Server, site: Site) -> None:
    old = first(site)
    new = refresh(site, old["refresh_token"]).json()
    family = family_of(server, old["refresh_token"])
    text = family["data"].replace('"rotated_at":', '"rotated_at":-')
    server.execute("UPDATE credentials SET data = $1 WHERE id = $2", text, old["refresh_token"].partition(".")[0])
    assert gone(refresh(site, old["refresh_token"]))
    assert gone(refresh(site, new["refresh_token"]))


def test_the_family_keeps_its_last_day_and_lives_from_use_to_use(server: Server, site: Site) -> None:
    old = first(site)
    before = family_of(server, old["refresh_token"])
    assert before["expires_at"] - before["issued_at"] == 90 * 24 * 3_600_000
    assert before["idle_expires_at"] - before["issued_at"] == 7 * 24 * 3_600_000
    time.sleep(0.05)
    new = refresh(site, old["refresh_token"]).json()
    after = family_of(server, new["refresh_token"])
    assert (after["generation"], after["expires_at"]) == (1, before["expires_at"])
    assert after["idle_expires_at"] > before["idle_expires_at"]


@pytest.mark.parametrize("column", ["expires_at", "idle_expires_at"])
def test_an_old_family_ends(server: Server, site: Site, column: str) -> None:
    old, now_ms = first(site), int(time.time() * 1000)
    server.execute(
        f"UPDATE credentials SET {column} = $1 WHERE id = $2", now_ms, old["refresh_token"].partition(".")[0]
    )
    assert gone(refresh(site, old["refresh_token"]))


def test_a_sign_out_leaves_offline_access_alone(site: Site) -> None:
    browser = signed_in(site)
    old = tokens_for(browser, site, "direct", scope=SCOPE)
    browser.get("/login/signout")
    assert refresh(site, old["refresh_token"]).status_code == 200


def test_OA_02_a_code_used_twice_ends_its_refresh_token(site: Site) -> None:
    client, pkce = site.org.clients["direct"], Pkce.new()
    code = code_for(signed_in(site), client, scope=SCOPE, **pkce.challenge)
    old = exchange(site, client, code, code_verifier=pkce.verifier).json()
    new = refresh(site, old["refresh_token"]).json()
    assert exchange(site, client, code, code_verifier=pkce.verifier).json()["error"] == "invalid_grant"
    assert gone(refresh(site, new["refresh_token"]))
    assert userinfo(site, new["access_token"]).status_code == 401


def test_what_happens_to_the_user_ends_it(server: Server, site: Site) -> None:
    async def leave(org: Installation, person: Person) -> None:
        await org.set_status(person.id, "suspended")

    async def change_password(org: Installation, person: Person) -> None:
        await org.set_password(person.id, "another long password 4711")

    for number, happening in enumerate((leave, change_password)):
        person = server.inside(lambda org, n=number: org.add_person(f"refresher{n}@example.com"))
        old = first(site, person)
        new = refresh(site, old["refresh_token"]).json()
        server.inside(lambda org, p=person, do=happening: do(org, p))
        assert gone(refresh(site, new["refresh_token"]))
        assert userinfo(site, new["access_token"]).status_code == 401


def test_whoever_loses_the_application_loses_its_tokens(server: Server, site: Site) -> None:
    app_id = site.org.clients["direct assigned"].app_id
    person = server.inside(lambda org: org.add_person("borrower@example.com"))
    server.inside(lambda org: org.assign(app_id, person.id))
    old = first(site, person, "direct assigned")
    server.inside(lambda org: org.unassign(app_id, person.id))
    refused = refresh(site, old["refresh_token"], "direct assigned")
    assert (refused.status_code, refused.json()["error"]) == (400, "access_denied")
    assert userinfo(site, old["access_token"]).status_code == 401
    server.inside(lambda org: org.assign(app_id, person.id))
    assert refresh(site, old["refresh_token"], "direct assigned").status_code == 200


def test_sessions_and_tokens_of_a_user_are_ended_together(site: Site, server: Server) -> None:
    person = server.inside(lambda org: org.add_person("everywhere@example.com"))
    old = first(site, person)
    address = f"/api/v1/users/{person.id}/sessions?oauthTokens=true"
    done = site.browser().request("DELETE", address, headers={"authorization": f"SSWS {site.org.api_token}"})
    assert done.status_code == 204
    assert gone(refresh(site, old["refresh_token"]))


def test_a_static_token_stays_the_same(server: Server, site: Site) -> None:
    old = first(site, "ann", "lasting")
    answers = [refresh(site, old["refresh_token"], "lasting").json() for _ in range(3)]
    assert {answer["refresh_token"] for answer in answers} == {old["refresh_token"]}
    before = family_of(server, old["refresh_token"])
    moved = before["idle_expires_at"] - 2 * 24 * 3_600_000
    server.execute(
        "UPDATE credentials SET idle_expires_at = $1 WHERE id = $2", moved, old["refresh_token"].partition(".")[0]
    )
    assert refresh(site, old["refresh_token"], "lasting").status_code == 200
    assert family_of(server, old["refresh_token"])["idle_expires_at"] >= before["idle_expires_at"]


def test_OA_06_of_many_at_once_all_get_the_same_child(crowded: Server) -> None:
    """On both databases, through four processes: one generation, one child, no error."""
    site = crowded.site
    for _ in range(3):
        old = first(site)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda token: refresh(site, token), [old["refresh_token"]] * 8))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["refresh_token"] for answer in answers}) == 1
        assert family_of(crowded, old["refresh_token"])["generation"] == 1
        assert refresh(site, answers[0].json()["refresh_token"]).status_code == 200


def test_OA_06_a_refresh_and_a_revocation_at_once_leave_nothing(crowded: Server) -> None:
    site, client = crowded.site, crowded.site.org.clients["direct"]
    headers = {"authorization": basic(client.client_id, client.secret)}

    def revoke(token: str) -> httpx.Response:
        return site.browser().post(f"{ORG}/revoke", data={"token": token}, headers=headers)

    for _ in range(5):
        old = first(site)
        with ThreadPoolExecutor(4) as pool:
            refreshes = [pool.submit(refresh, site, old["refresh_token"]) for _ in range(3)]
            assert pool.submit(revoke, old["refresh_token"]).result().status_code == 200
            answers = [future.result() for future in refreshes]
        assert all(answer.status_code == 200 or gone(answer) for answer in answers)
        given = [old, *(answer.json() for answer in answers if answer.status_code == 200)]
        for tokens in given:
            assert gone(refresh(site, tokens["refresh_token"]))
            assert userinfo(site, tokens["access_token"]).status_code == 401


def test_no_generation_of_a_token_can_be_read_in_the_database_or_the_log(server: Server, site: Site) -> None:
    old = first(site)
    new = refresh(site, old["refresh_token"]).json()
    refresh(site, new["refresh_token"], scope="openid email")
    dump, log = server.dump(), server.said()
    for token in (old["refresh_token"], new["refresh_token"]):
        for secret in token.split(".")[1:]:
            assert secret.encode() not in dump
            assert secret not in log
