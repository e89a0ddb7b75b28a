"""@okta/okta-auth-js holds a refresh token: it renews, asks about and revokes tokens at both kinds of server."""

from typing import Any

import pytest
from tests.clients.test_okta_auth_js import run
from tests.server import Site

pytestmark = [pytest.mark.node, pytest.mark.server]


def settings(site: Site, issuer: str) -> dict[str, Any]:
    client = site.org.clients["single page"]
    return {
        "issuer": f"{site.base_url}{issuer}",
        "clientId": client.client_id,
        "redirectUri": client.redirect_uri,
        "scopes": ["openid", "profile", "email", "offline_access"],
    }


@pytest.mark.parametrize("issuer", ["", "/oauth2/default"], ids=["org", "default"])
def test_tokens_are_renewed_and_revoked(site: Site, issuer: str) -> None:
    ann = site.person("ann")
    outcome = run(
        "refresh.mjs", settings=settings(site, issuer), user={"username": ann.login, "password": ann.password}
    )
    assert "error" not in outcome, outcome
    answer = outcome["answer"]
    assert set(answer["scopes"]) == {"openid", "profile", "email", "offline_access"}
    assert len(set(answer["generations"])) == 4
    assert len(set(answer["times"])) == 1
    assert answer["nonces"][0]
    assert answer["nonces"][1] is None
    assert (answer["said"]["client_id"], answer["said"]["username"]) == ("single-page-client", ann.login)
    assert answer["before"] == {"access": True, "refresh": True, "id": True, "oldest": False}
    assert (answer["afterAccess"]["access"], answer["afterAccess"]["refresh"]) == (False, True)
    assert answer["afterAccess"]["userInfo"]["errorCode"] == "invalid_token"
    assert answer["afterRefresh"] == {"access": False, "refresh": False}
    # The client knows these words, and forgets the refresh token.
    assert (answer["ended"]["errorCode"], answer["ended"]["errorSummary"]) == (
        "invalid_grant",
        "The refresh token is invalid or expired.",
    )
    assert "refreshToken" not in answer["heldAfterwards"]
