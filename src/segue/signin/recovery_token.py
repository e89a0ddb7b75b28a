"""The token that lets somebody in who forgot their password or locked themselves out: mailed, or handed to a trusted
caller. It opens one transaction, and that transaction still has steps to go."""

from dataclasses import dataclass
from typing import Final, cast

from segue.core.credential import Kind, NewCredential
from segue.core.refusal import Refusal
from segue.core.secret import Bearer, new_bearer, new_secret, partition_of, read_bearer
from segue.core.user import Subject, User
from segue.core.verdict import Check, Verdict
from segue.signin.state import Purpose
from segue.signin.transaction_refusals import changed
from segue.signin.visit import Visit
from segue.stores import Claim, Commit, Guard, SignInStore

RECOVERY_TOKENS: Final[frozenset[Kind]] = frozenset({"recovery_token"})
LIFE_MS: Final = 60 * 60_000
#: A first password is chosen when somebody comes to it; nothing can be done with the account until then.
ACTIVATION_LIFE_MS: Final = 7 * 24 * 60 * 60_000
_ID_PREFIX: Final = "00r"
_OVER: Final = frozenset({"unspent", "unexpired"})


@dataclass(frozen=True, slots=True)
class Recovering:
    """Whose recovery a token was for, as it is spent."""

    subject: Subject
    purpose: Purpose
    relay_state: str | None


async def give_recovery_token(
    store: SignInStore, visit: Visit, user: User, purpose: Purpose, relay_state: str | None
) -> Bearer:
    """A new token. It ends with the password it is about, and with whatever else moves the user's stamp."""
    where = visit.circumstances
    bearer = new_bearer(_ID_PREFIX, partition_of(user.id), where.now_at, where.source.random)
    credential = NewCredential(
        org_id=visit.org.id,
        id=bearer.id,
        kind="recovery_token",
        digest=bearer.digest,
        life_ms=life_of(purpose),
        user_id=user.id,
        user_stamp=user.stamp,
        root_id=bearer.id,
        domain=visit.domain.authority,
        minted_by=visit.trusted_by or None,
        data={"purpose": purpose, "relay_state": relay_state, "password_changed_at": user.password_changed_at},
    )
    event = where.event(
        "recovery.begin", user_id=user.id, credential_id=bearer.id, detail={"purpose": purpose, "by": "token"}
    )
    guard = Guard(user.id, user.stamp)
    if not await store.commit(Commit(visit.org.id, partition_of(user.id), (event,), guard, credentials=(credential,))):
        raise changed(user)
    return bearer


def life_of(purpose: Purpose) -> int:
    """How long a token for ``purpose`` is good, in ms."""
    return ACTIVATION_LIFE_MS if purpose == "activate" else LIFE_MS


async def spend_recovery_token(store: SignInStore, visit: Visit, text: str, purposes: frozenset[Purpose]) -> Recovering:
    """Spends a token in one conditional write.

    Raises Refusal ``recovery_link`` where it was spent or has expired, ``invalid_token`` where it is none for one of
    these purposes; such a one is not burnt (OT-04).
    """
    bearer = read_bearer(text)
    if bearer is None:
        raise _invalid("something else", None)
    found = await store.find(visit.org.id, bearer.id, bearer.digest, RECOVERY_TOKENS)
    if found is not None and (
        found.credential.domain != visit.domain.authority or found.credential.data["purpose"] not in purposes
    ):
        raise _invalid("a token of another domain or purpose", bearer.id)
    claim = Claim(
        org_id=visit.org.id,
        id=bearer.id,
        digest=bearer.digest,
        kinds=RECOVERY_TOKENS,
        attempt=new_secret(visit.circumstances.source.random),
        event=visit.circumstances.event("recovery.redeem", credential_id=bearer.id),
    )
    spent = await store.claim(claim) if found is not None else None
    if spent is None or spent.subject is None:
        raise _unspendable(await store.explain_claim(claim), bearer.id)
    data, user = spent.credential.data, spent.subject.user
    if data["password_changed_at"] != user.password_changed_at:
        raise _over((Check("password_unchanged", False, "the password it was made for", "a newer one"),), bearer.id)
    relay_state = data["relay_state"]
    return Recovering(
        spent.subject, cast("Purpose", data["purpose"]), None if relay_state is None else str(relay_state)
    )


def _unspendable(checks: tuple[Check, ...], credential_id: str) -> Refusal:
    """Whoever holds a real token may learn that it was used; all others learn nothing."""
    failed = {check.name for check in checks if not check.passed}
    if not failed:
        checks = (*checks, Check("unspent", passed=False, seen="spent by another request"))
    if failed <= _OVER:
        return _over(checks, credential_id)
    return Refusal("invalid_token", _NOT_VALID, Verdict(checks, rule="recovery"), credential_id=credential_id)


def _over(checks: tuple[Check, ...], credential_id: str) -> Refusal:
    sentence = "This link has expired or was used already. Ask for a new one."
    return Refusal("recovery_link", sentence, Verdict(checks, rule="recovery"), credential_id=credential_id)


def _invalid(seen: str, credential_id: str | None) -> Refusal:
    check = Check("recovery_token", False, "a recovery token of this domain", seen, "Ask for a new one.")
    return Refusal("invalid_token", _NOT_VALID, Verdict((check,), rule="recovery"), credential_id=credential_id)


_NOT_VALID: Final = "The recovery token is not valid."
