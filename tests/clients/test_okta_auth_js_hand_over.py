"""@okta/okta-auth-js holds the tokens of an application that hands its sign-in over to web applications."""

import pytest
from tests.clients.test_okta_auth_js import run
from tests.hand_over import SCOPE, outcome, present, target_id
from tests.server import Site

pytestmark = [pytest.mark.node, pytest.mark.server]


@pytest.mark.parametrize("protocol", ["oidc", "saml", "wsfed"])
@pytest.mark.parametrize("issuer", ["", "/oauth2/default"], ids=["org", "default"])
def test_its_tokens_open_a_target_before_and_after_they_are_renewed(site: Site, issuer: str, protocol: str) -> None:
    client, ann = site.org.clients["page origin"], site.person("ann")
    settings = {
        "issuer": f"{site.base_url}{issuer}",
        "clientId": client.client_id,
        "redirectUri": client.redirect_uri,
        "scopes": SCOPE.split(),
    }
    user = {"username": ann.login, "password": ann.password}
    done = run("hand_over.mjs", settings=settings, user=user, target=target_id(site, protocol))
    assert "error" not in done, done
    answer = done["answer"]
    assert set(answer["scopes"]) == set(SCOPE.split())
    assert len(set(answer["sessions"])) == 1
    for given in (answer["first"], answer["second"]):
        assert (given["token_type"], given["expires_in"]) == ("N_A", 300)
        assert outcome(protocol, present(site.browser(), site, protocol, given["access_token"])) == "in"
