"""Spending a ticket: one conditional write, then the redemption it stands for."""

from dataclasses import dataclass

from segue.core.application import DeviceBinding
from segue.core.assurance import Assurance, from_data
from segue.core.credential import Credential
from segue.core.refusal import Refusal
from segue.core.secret import Bearer, new_secret, read_bearer
from segue.core.user import Subject
from segue.core.verdict import Check, Verdict
from segue.events import Circumstances
from segue.handoff.kinds import KINDS, Slot
from segue.policy.device_binding import BindingQuestion, check_binding
from segue.stores import Claim, CredentialStore

NOT_USABLE = "The sign-in token is not valid. It may have expired or have been used already."


@dataclass(frozen=True, slots=True)
class PresentedTicket:
    """What a request carried in one of its slots; ``verified`` once the signature of a signed one holds."""

    slot: Slot
    text: str
    verified: Bearer | None = None
    in_cookie: bool = False

    def __repr__(self) -> str:
        return f"PresentedTicket({self.slot.name})"


@dataclass(frozen=True, slots=True)
class WaitingSession:
    """A session that was made with the ticket and whose secret nobody holds: the redemption gives it a new one."""

    session_id: str
    digest: bytes


def waiting_data(waiting: WaitingSession | None) -> dict[str, str] | None:
    """The JSON shape in which a ticket keeps its session."""
    return {"id": waiting.session_id, "digest": waiting.digest.hex()} if waiting else None


def read_waiting(data: object) -> WaitingSession | None:
    match data:
        case {"id": str(session_id), "digest": str(digest)}:
            return WaitingSession(session_id, bytes.fromhex(digest))
    return None


@dataclass(frozen=True, slots=True)
class Redemption:
    """A ticket that was spent by this very request: whose sign-in it carries, and how it was proved."""

    credential: Credential
    subject: Subject
    assurance: Assurance

    @property
    def waiting(self) -> WaitingSession | None:
        return read_waiting(self.credential.data.get("session"))


async def redeem(
    store: CredentialStore,
    presented: PresentedTicket,
    *,
    app_id: str | None,
    circumstances: Circumstances,
    binding: DeviceBinding = "none",
) -> Redemption:
    """Spends the ticket (W1). One that is used on another device than ``binding`` allows is spent for nothing.

    Raises Refusal ``ticket_not_usable`` with one public text for every cause (OT-13); the trail tells them apart. Whose
    slot tells the application is told ``ticket_refused``, or ``ticket_replayed`` for one that was used before.
    """
    bearer = presented.verified if presented.slot.signed else read_bearer(presented.text)
    if bearer is None:
        raise _refusal(_shape_check(presented.slot), reason=_reason(presented.slot, ()))
    claim = Claim(
        org_id=circumstances.org_id,
        id=bearer.id,
        digest=bearer.digest,
        kinds=presented.slot.kinds,
        attempt=new_secret(circumstances.source.random),
        event=circumstances.event(
            "ticket.redeem", credential_id=bearer.id, app_id=app_id, detail={"slot": presented.slot.name}
        ),
        app_id=app_id,
    )
    found = await store.claim(claim)
    if found is None or found.subject is None:
        checks = await store.explain_claim(claim)
        raise _refusal(*checks, reason=_reason(presented.slot, checks), credential_id=bearer.id)
    kind = KINDS[found.credential.kind]
    device = check_binding(
        BindingQuestion(
            binding if kind.binds_device else "none",
            str(found.credential.data.get("address", "")),
            circumstances.address,
        )
    )
    if not device.passed:
        raise _refusal(device, reason=_reason(presented.slot, ()), credential_id=bearer.id)
    return Redemption(found.credential, found.subject, from_data(found.credential.data["assurance"]))


def _shape_check(slot: Slot) -> Check:
    return Check(
        "token_shape",
        passed=False,
        expected=f"a token for {slot.name}",
        seen="something else",
        mend="Mint a new token.",
    )


def _reason(slot: Slot, checks: tuple[Check, ...]) -> str:
    """Who holds a token that we signed learns nothing of others by hearing that it was used."""
    if not slot.refuses:
        return "ticket_not_usable"
    outcome = {check.name: check.passed for check in checks}
    ours = all(outcome.get(name, False) for name in ("exists", "secret_matches", "kind", "target"))
    return "ticket_replayed" if ours and not outcome.get("unspent", True) else "ticket_refused"


def _refusal(*checks: Check, reason: str, credential_id: str | None = None) -> Refusal:
    if all(check.passed for check in checks):  # it became spendable or was spent between the claim and this look
        checks = (*checks, Check("unspent", passed=False, seen="spent by another request", mend="Mint a new token."))
    return Refusal(reason, NOT_USABLE, Verdict(checks, rule="redeem"), credential_id=credential_id)
