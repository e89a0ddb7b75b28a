"""Assertions and proofs are used once (OA-18, RFC 7523 3): eight processes meet at four workers, on both databases."""

from collections import Counter
from urllib.parse import urlencode

from tests.attacks.http_racers import PROCESSES, Shot, race
from tests.key_holder import ASSERTION_TYPE, a_key
from tests.okta_steps import ORG
from tests.server import Server
from tests.services import Service, a_service

from segue.protocols.oauth.dpop import token_hash

ORIGINS = "/api/v1/trustedOrigins"
SHOTS = 15
FORM = {"content-type": "application/x-www-form-urlencoded"}


def ask(service: Service, assertion: str, proof: str | None = None) -> Shot:
    form = {
        "grant_type": "client_credentials",
        "scope": "okta.trustedOrigins.read",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
    headers = {**FORM, **({"dpop": proof} if proof else {})}
    return Shot("POST", f"{ORG}/token", headers, urlencode(form).encode())


def test_OA_18_one_of_many_wins_with_an_assertion_and_with_a_proof(crowded: Server) -> None:
    service, key = a_service(crowded, "raced", "trustedOrigins.read"), a_key("ES256", "raced")
    authority, one_winner = service.site.authority, {200: 1, 401: PROCESSES - 1}
    for shot in race(authority, [ask(service, service.assertion()) for _ in range(SHOTS)]):
        assert Counter(answer.status for answer in shot) == one_winner

    token = service.token("okta.trustedOrigins.read", proof=service.proof(key, f"{ORG}/token"))
    proofs = [service.proof(key, ORIGINS, "GET", ath=token_hash(token)) for _ in range(SHOTS)]
    shots = [Shot("GET", ORIGINS, {"authorization": f"DPoP {token}", "dpop": proof}) for proof in proofs]
    for shot in race(authority, shots):
        assert Counter(answer.status for answer in shot) == one_winner
