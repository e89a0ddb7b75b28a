"""Who may hand a sign-in over to whom: every cell, and a sentence for each way out."""

import itertools

import pytest

from segue.core.application import Application, Bookmark, OidcClient, SamlServiceProvider, WsFedRelyingParty
from segue.core.trust import TrustEntry
from segue.policy.trust import TrustQuestion, decide_trust

ENTRY = TrustEntry("itm1", "org", "target", "origin", 0, "cli:test")
PARTS: dict[str, dict[str, object]] = {
    "oidc": {"oidc": OidcClient("client")},
    "saml": {"saml": SamlServiceProvider("urn:sp", ("https://sp.example/acs",))},
    "wsfed": {"wsfed": WsFedRelyingParty("urn:rp", ("https://rp.example/",))},
    "bookmark": {"bookmark": Bookmark("https://wiki.example/")},
}
ROWS = list(itertools.product(PARTS, ("active", "inactive"), (ENTRY, None), (True, False)))


@pytest.mark.parametrize(("part", "status", "entry", "live"), ROWS)
def test_NW_01_every_check_has_to_pass(part: str, status: str, entry: TrustEntry | None, live: bool) -> None:
    target = Application("target", "org", "target", "Target", "key", status=status, **PARTS[part])  # type: ignore[arg-type]
    verdict = decide_trust(TrustQuestion("origin", target, entry, session_live=live))
    failed = {check.name for check in verdict.checks if not check.passed}
    expected = set()
    if part == "bookmark" or status == "inactive":
        expected.add("target_permitted")
    if entry is None:
        expected.add("trusted")
    if not live:
        expected.add("session_live")
    assert failed == expected
    assert verdict.allowed == (not expected)
    assert [check.name for check in verdict.checks] == ["target_permitted", "trusted", "session_live"]
    assert all(check.mend.endswith((".", "origin")) for check in verdict.checks)
