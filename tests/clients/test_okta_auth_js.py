"""@okta/okta-auth-js, the vendor's own client, signs in, gets tokens and looks at its session; under Node.js.

The scripts are in ``node/``. What needs a browser (the hidden frame, cookies across origins) is in ``tests/browser``.
"""

import json
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.demo_process import Demo

pytestmark = pytest.mark.node

SCRIPTS = Path(__file__).parent / "node"
ISSUERS = ["issuer", "default_issuer"]


def run(script: str, **task: object) -> dict[str, Any]:
    """What the script makes of ``task``: ``answer``, or ``error``. It must not complain besides."""
    done = subprocess.run(
        ["node", script], cwd=SCRIPTS, input=json.dumps(task), capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return json.loads(done.stdout)


def settings(demo: Demo, issuer: str = "issuer") -> dict[str, Any]:
    okta, spa = demo.manifest["okta"], demo.manifest["okta"]["apps"]["spa"]
    return {
        "issuer": okta[issuer],
        "clientId": spa["client_id"],
        "redirectUri": spa["redirect_uri"],
        "scopes": ["openid", "profile", "email"],
    }


def credentials(demo: Demo, name: str = "ann", **changes: str) -> dict[str, str]:
    user = demo.manifest["okta"]["users"][name]
    return {"username": user["login"], "password": user["password"], **changes}


# --- primary authentication -------------------------------------------------------------------------------------------


def test_the_right_password_gives_a_session_token(demo: Demo) -> None:
    answer = run("sign_in.mjs", settings=settings(demo), user=credentials(demo))["answer"]
    ann = demo.manifest["okta"]["users"]["ann"]
    assert answer["status"] == "SUCCESS"
    assert answer["sessionToken"]
    assert answer["user"]["id"] == ann["id"]
    assert answer["user"]["profile"]["login"] == ann["login"]


def test_a_wrong_password_is_the_error_the_client_knows(demo: Demo) -> None:
    error = run("sign_in.mjs", settings=settings(demo), user=credentials(demo, password="not it"))["error"]
    assert (error["name"], error["errorCode"], error["status"]) == ("AuthApiError", "E0000004", 401)
    assert error["errorSummary"] == "Authentication failed"
    assert error["errorCauses"] == []
    assert error["errorId"]


def test_nobody_learns_whether_an_account_exists(demo: Demo) -> None:
    wrong = run("sign_in.mjs", settings=settings(demo), user=credentials(demo, password="not it"))["error"]
    unknown = run("sign_in.mjs", settings=settings(demo), user=credentials(demo, username="nobody@x.example"))["error"]
    assert wrong.pop("errorId") != unknown.pop("errorId")
    assert wrong == unknown


# --- tokens -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("issuer", ISSUERS)
def test_tokens_by_code_with_pkce(demo: Demo, issuer: str) -> None:
    answer = run("tokens.mjs", settings=settings(demo, issuer), user=credentials(demo))["answer"]
    okta = demo.manifest["okta"]
    ann = okta["users"]["ann"]
    asked = parse_qs(urlsplit(answer["sentTo"]).query)
    assert (asked["response_type"], asked["code_challenge_method"]) == (["code"], ["S256"])
    assert answer["status"] == 302

    claims = answer["idClaims"]
    assert (claims["iss"], claims["aud"], claims["sub"]) == (okta[issuer], settings(demo)["clientId"], ann["id"])
    assert claims["nonce"] == asked["nonce"][0]
    assert claims["amr"] == ["pwd"]
    assert answer["accessClaims"]["iss"] == okta[issuer]
    assert answer["accessClaims"]["cid"] == settings(demo)["clientId"]
    assert answer["accessClaims"]["uid"] == ann["id"]
    assert set(answer["scopes"]) == {"openid", "profile", "email"}
    assert answer["userInfo"]["sub"] == ann["id"]
    assert answer["userInfo"]["preferred_username"] == ann["login"]
    assert answer["userInfo"]["email"]


@pytest.mark.parametrize("issuer", ISSUERS)
def test_the_client_does_verify_what_it_gets(demo: Demo, issuer: str) -> None:
    """Without this, its acceptance of our tokens would mean nothing."""
    answer = run("tokens.mjs", settings=settings(demo, issuer), user=credentials(demo))["answer"]
    assert answer["otherSignature"]["errorSummary"] == "The token signature is not valid"
    assert answer["otherAccessToken"]["errorSummary"] == "Token hash verification failed"
    assert "nonce" in answer["otherNonce"]["errorSummary"]


@pytest.mark.parametrize("issuer", ISSUERS)
def test_the_servers_of_an_org_are_two(demo: Demo, issuer: str) -> None:
    """A token of one is no token of the other, though one key may sign both."""
    answer = run("tokens.mjs", settings=settings(demo, issuer), user=credentials(demo))["answer"]
    audience = answer["accessClaims"]["aud"]
    assert audience == ("api://default" if issuer == "default_issuer" else demo.manifest["okta"]["issuer"])


@pytest.mark.parametrize("issuer", ISSUERS)
def test_nothing_works_twice(demo: Demo, issuer: str) -> None:
    """F1-02, OA-02, OA-04, in the words the client knows."""
    answer = run("refusals.mjs", settings=settings(demo, issuer), user=credentials(demo))["answer"]
    assert answer["usedSessionToken"]["name"] == "OAuthError"
    assert answer["usedSessionToken"]["errorCode"] == "login_required"
    assert not [cookie for cookie in answer["cookies"] if cookie.startswith("sid=") and not cookie.startswith("sid=;")]
    assert answer["userInfo"] == demo.manifest["okta"]["users"]["ann"]["id"]
    for again in ("usedCode", "otherVerifier"):
        assert (answer[again]["name"], answer[again]["errorCode"]) == ("OAuthError", "invalid_grant")
    assert answer["userInfoAfterReuse"]["errorCode"] == "invalid_token"
    assert answer["withoutPassword"]["errorCode"] == "E0000001"


def test_a_user_without_the_app_gets_no_token(demo: Demo) -> None:
    error = run("tokens.mjs", settings=settings(demo), user=credentials(demo, "outsider"))["error"]
    assert (error["name"], error["errorCode"]) == ("OAuthError", "access_denied")


# --- the session ------------------------------------------------------------------------------------------------------


def test_the_session_is_seen_and_closed(demo: Demo) -> None:
    answer = run("session.mjs", settings=settings(demo), user=credentials(demo))["answer"]
    ann = demo.manifest["okta"]["users"]["ann"]
    assert answer["withoutCookie"] == {"status": "INACTIVE"}
    assert answer["existsWithoutCookie"] is False
    session = answer["session"]
    assert (session["status"], session["login"], session["userId"]) == ("ACTIVE", ann["login"], ann["id"])
    assert session["amr"] == ["pwd"]
    assert answer["exists"] is True
    for refreshed in (answer["refreshed"], answer["refreshedByLink"]):
        assert (refreshed["id"], refreshed["status"]) == (session["id"], "ACTIVE")
        assert refreshed["expiresAt"] >= session["expiresAt"]
    assert answer["existsAfterClose"] is False
    assert (answer["closedTwice"]["errorCode"], answer["closedTwice"]["status"]) == ("E0000007", 404)
    assert answer["closeSession"] is False


def test_signing_out_ends_the_session_and_comes_back(demo: Demo) -> None:
    home = demo.manifest["okta"]["apps"]["spa"]["redirect_uri"].removesuffix("callback")
    answer = run("sign_out.mjs", settings=settings(demo), user=credentials(demo), postLogoutRedirectUri=home)["answer"]
    assert answer["before"] is True
    assert answer["status"] == 302
    assert answer["location"] == f"{home}?state=st%2Fate"
    assert answer["after"] is False
