"""Why a claim did not match: the checks of one claim, made from what is on record about its id."""

import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime

from segue.core.verdict import Check
from segue.stores import Claim


@dataclass(frozen=True, slots=True)
class Facts:
    """What is on record about an id, read in one statement with the database's clock ``now_at`` (epoch ms).

    ``current_status`` and ``current_stamp`` are the user's, None where there is no such user. ``revoked_ids`` are those
    of the credential's own id and its bind path that have a tombstone.
    """

    now_at: int
    digest: bytes = field(repr=False)
    kind: str
    target_app_id: str | None
    expires_at: int
    idle_expires_at: int | None
    consumed_at: int | None
    consumed_by: str | None
    user_id: str | None
    user_stamp: int | None
    epoch: int
    current_status: str | None
    current_stamp: int | None
    revoked_ids: tuple[str, ...]


def claim_checks(claim: Claim, facts: Facts | None, *, epoch: int) -> tuple[Check, ...]:
    """Every check of ``claim`` in the order in which an operator would ask; all passed where it was only outrun."""
    exists = Check("exists", facts is not None, seen=claim.id, mend="Ask for a new one: this org never issued this id.")
    if facts is None:
        return (exists,)
    return (
        exists,
        Check(
            "secret_matches",
            hmac.compare_digest(facts.digest, claim.digest),
            mend="Pass the value on unchanged and whole, exactly as it was given out.",
        ),
        Check(
            "kind",
            facts.kind in claim.kinds,
            expected=", ".join(sorted(claim.kinds)),
            seen=facts.kind,
            mend="Present this credential where its kind is accepted.",
        ),
        Check(
            "target",
            facts.target_app_id is None or facts.target_app_id == claim.app_id,
            expected=facts.target_app_id or "",
            seen=claim.app_id or "",
            mend="Redeem it at the application it was made for.",
        ),
        Check(
            "unspent",
            facts.consumed_at is None,
            seen="" if facts.consumed_at is None else f"spent {_time(facts.consumed_at)} by {facts.consumed_by}",
            mend="It works once: get a new one for every use, and look for whoever used it first.",
        ),
        *_lifetime(facts),
        *_liveness(facts, epoch),
    )


def _lifetime(facts: Facts) -> tuple[Check, ...]:
    ends_at = facts.expires_at if facts.idle_expires_at is None else min(facts.expires_at, facts.idle_expires_at)
    return (
        Check(
            "unexpired",
            ends_at > facts.now_at,
            expected=f"used before {_time(ends_at)}",
            seen=_time(facts.now_at),
            mend="Redeem it sooner after it is made, or let it be made later.",
        ),
    )


def _liveness(facts: Facts, epoch: int) -> tuple[Check, ...]:
    checks = [
        Check(
            "not_revoked",
            not facts.revoked_ids,
            seen=", ".join(facts.revoked_ids),
            mend="It or what it hangs on was revoked: the user has to sign in again.",
        )
    ]
    if facts.user_id is not None:
        checks += [
            Check(
                "user_active",
                facts.current_status == "active",
                expected="active",
                seen=facts.current_status or "no such user",
                mend="Make the user active again.",
            ),
            Check(
                "user_stamp",
                facts.user_stamp is not None and facts.user_stamp == facts.current_stamp,
                expected=str(facts.current_stamp),
                seen=str(facts.user_stamp),
                mend="The user's password, status or factors changed since: the user has to sign in again.",
            ),
        ]
    checks.append(
        Check(
            "epoch",
            facts.epoch == epoch,
            expected=str(epoch),
            seen=str(facts.epoch),
            mend="It was made before the data were restored: the user has to sign in again.",
        )
    )
    return tuple(checks)


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
