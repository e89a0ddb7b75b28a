"""Each reason why a claim did not match is told apart, and none of them tells a secret."""

import dataclasses
import os

import pytest

from segue.core.secret import new_id
from segue.core.verdict import Verdict
from segue.events import Event
from segue.storage.explain import Facts, claim_checks
from segue.stores import Claim

DIGEST = bytes(range(32))
FACTS = Facts(
    now_at=1_000_000,
    digest=DIGEST,
    kind="session_token",
    target_app_id="app1",
    expires_at=1_000_001,
    idle_expires_at=None,
    consumed_at=None,
    consumed_by=None,
    user_id="usr1",
    user_stamp=3,
    epoch=7,
    current_status="active",
    current_stamp=3,
    revoked_ids=(),
)
EVENT = Event(new_id("evt", 1, 1, os.urandom), "org1", 1, "ticket.redeem")
CLAIM = Claim("org1", "tkt1", DIGEST, frozenset({"session_token"}), "attempt", EVENT, app_id="app1")


def test_nothing_is_wrong_with_a_claim_that_matches() -> None:
    verdict = Verdict(claim_checks(CLAIM, FACTS, epoch=7))
    assert verdict.allowed
    assert [check.name for check in verdict.checks] == [
        "exists",
        "secret_matches",
        "kind",
        "target",
        "unspent",
        "unexpired",
        "not_revoked",
        "user_active",
        "user_stamp",
        "epoch",
    ]


def test_an_unknown_id_has_one_check() -> None:
    checks = claim_checks(CLAIM, None, epoch=7)
    assert [(check.name, check.passed, check.seen) for check in checks] == [("exists", False, "tkt1")]


@pytest.mark.parametrize(
    ("changes", "failed", "seen"),
    [
        ({"digest": bytes(32)}, "secret_matches", ""),
        ({"digest": b""}, "secret_matches", ""),
        ({"kind": "session"}, "kind", "session"),
        ({"target_app_id": "app2"}, "target", "app1"),
        ({"consumed_at": 999_000, "consumed_by": "other"}, "unspent", "spent 1970-01-01T00:16:39.000+00:00 by other"),
        ({"expires_at": 1_000_000}, "unexpired", "1970-01-01T00:16:40.000+00:00"),
        ({"idle_expires_at": 1_000_000}, "unexpired", "1970-01-01T00:16:40.000+00:00"),
        ({"revoked_ids": ("ses1", "tkt1")}, "not_revoked", "ses1, tkt1"),
        ({"current_status": "suspended"}, "user_active", "suspended"),
        ({"user_stamp": 2}, "user_stamp", "2"),
        ({"user_stamp": None}, "user_stamp", "None"),
        ({"epoch": 6}, "epoch", "6"),
    ],
)
def test_OT_13_exactly_what_failed_is_named(changes: dict[str, object], failed: str, seen: str) -> None:
    checks = claim_checks(CLAIM, dataclasses.replace(FACTS, **changes), epoch=7)  # type: ignore[arg-type]
    assert [(check.name, check.seen) for check in checks if not check.passed] == [(failed, seen)]
    assert all(check.mend for check in checks)


def test_a_user_who_is_gone_fails_status_and_stamp() -> None:
    facts = dataclasses.replace(FACTS, current_status=None, current_stamp=None)
    failed = {check.name for check in claim_checks(CLAIM, facts, epoch=7) if not check.passed}
    assert failed == {"user_active", "user_stamp"}


def test_a_credential_without_a_user_has_no_user_checks() -> None:
    facts = dataclasses.replace(FACTS, user_id=None, user_stamp=None, current_status=None, current_stamp=None)
    checks = claim_checks(CLAIM, facts, epoch=7)
    assert Verdict(checks).allowed
    assert not {"user_active", "user_stamp"} & {check.name for check in checks}


def test_I6_no_digest_is_shown() -> None:
    shown = repr(claim_checks(CLAIM, dataclasses.replace(FACTS, digest=b"\xaa" * 32), epoch=7)) + repr(CLAIM)
    assert DIGEST.hex() not in shown
    assert "\\x" not in shown
    assert "aaaa" not in shown
