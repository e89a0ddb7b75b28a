"""Sign-in requests that wait for the user: parked as a single-use credential, bound to the browser that made them."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, cast

from segue.core.application import WhenOtherUser
from segue.core.assurance import from_data, to_data
from segue.core.credential import Kind, NewCredential
from segue.core.org import Domain, Org
from segue.core.refusal import Refusal
from segue.core.requirement import Missing, read_requirement, requirement_data
from segue.core.secret import Bearer, digest, new_bearer, new_secret, partition_of, random_partition, read_bearer
from segue.core.verdict import Check, Verdict
from segue.events import Circumstances
from segue.handoff.redeem import read_waiting, waiting_data
from segue.signin.pending_factor import PendingFactor, pending_data, read_pending
from segue.signin.request import Challenge, HandOff, Proved, SignInRequest, Transfer
from segue.stores import Claim, Commit, ConfigStore, SignInStore

INTERACTION_KINDS: Final[frozenset[Kind]] = frozenset({"interaction"})
_LIFE_MS: Final = 30 * 60_000
LONGEST_MS: Final = 60 * 60_000
"""However often a request is parked anew: what was proved on the way does not stay good for ever."""

_GONE = "This sign-in page has expired or was used already. Go back to the application and start again."


@dataclass(frozen=True, slots=True)
class Interaction:
    """A parked request. ``request`` carries the circumstances of the present request, not of the parked one.

    ``pending`` is the factor that was asked for, or is being set up. An interaction never changes: whoever has more to
    remember parks the request anew and spends the old one.
    """

    bearer: Bearer
    request: SignInRequest
    missing: Missing | None
    login: str = ""
    confirm: Proved | None = None
    proved: Proved | None = None
    reference: str = ""
    pending: PendingFactor | None = None

    @property
    def handed_over(self) -> Proved | None:
        """Whose sign-in another application handed over, where that is what waits; None elsewhere."""
        return self.proved if self.proved is not None and self.proved.hand_off is not None else None


async def park(
    store: SignInStore,
    request: SignInRequest,
    challenge: Challenge,
    *,
    browser: str,
    reference: str = "",
    pending: PendingFactor | None = None,
) -> Bearer:
    """Stores the request until the user did what ``challenge`` asks.

    ``browser`` is the secret of the browser's own cookie; ``reference`` the id of the event that explains a ticket that
    did not do. The events of what was proved on the way are written too, since nobody keeps them.
    """
    where, app_id = request.circumstances, request.app.id if request.app else None
    random = where.source.random
    bearer = new_bearer("int", random_partition(random), where.now_at, random)
    credential = NewCredential(
        org_id=request.org.id,
        id=bearer.id,
        kind="interaction",
        digest=bearer.digest,
        life_ms=_LIFE_MS,
        domain=request.domain.authority,
        data={
            "channel": request.channel,
            "parameters": request.parameters,
            "app_id": app_id,
            "requirement": requirement_data(request.requirement),
            "when_other_user": request.when_other_user,
            "passive": request.passive,
            "login": challenge.user.login if challenge.user else request.login_hint,
            "missing": challenge.missing,
            "confirm": _proved_data(challenge.confirm),
            "proved": _proved_data(challenge.proved),
            "browser": digest(browser).hex(),
            "reference": reference,
            "pending": pending_data(pending),
            "since_at": request.waiting_since_at or where.now_at,
        },
    )
    event = where.event("interaction.park", credential_id=bearer.id, app_id=app_id)
    events = (event, *(challenge.proved.events if challenge.proved else ()))
    await store.commit(Commit(request.org.id, partition_of(bearer.id), events, credentials=(credential,)))
    return bearer


async def load(
    store: SignInStore,
    config: ConfigStore,
    key: str,
    *,
    org: Org,
    domain: Domain,
    circumstances: Circumstances,
    browser: str | None,
    session_cookie: str | None,
    device: str | None = None,
) -> Interaction:
    """The parked request that ``key`` names, if this browser parked it at this domain.

    Raises Refusal ``interaction_gone``: unknown, spent, expired, or another browser's (one text for all: OT-13).
    """
    bearer = read_bearer(key)
    found = await store.find(org.id, bearer.id, bearer.digest, INTERACTION_KINDS) if bearer else None
    if bearer is None or found is None or found.credential.domain != domain.authority:
        raise _gone("interaction_live", bearer)
    data = found.credential.data
    if browser is None or not hmac.compare_digest(digest(browser).hex(), str(data["browser"])):
        raise _gone("same_browser", bearer)
    since_at = cast("int", data.get("since_at", circumstances.now_at))
    if circumstances.now_at - since_at > LONGEST_MS:
        raise _gone("not_too_long_ago", bearer)
    app_id = cast("str | None", data["app_id"])
    app = await config.application(org.id, app_id) if app_id else None
    if app_id and app is None:
        raise _gone("application_exists", bearer)
    request = SignInRequest(
        channel=str(data["channel"]),
        org=org,
        domain=domain,
        circumstances=circumstances,
        app=app,
        parameters=cast("Mapping[str, object]", data["parameters"]),
        requirement=read_requirement(data["requirement"]),
        when_other_user=cast("WhenOtherUser | None", data["when_other_user"]),
        passive=bool(data["passive"]),
        login_hint=str(data["login"]),
        session_cookie=session_cookie,
        device=device,
        waiting_since_at=since_at,
    )
    return Interaction(
        bearer=bearer,
        request=request,
        missing=cast("Missing | None", data["missing"]),
        login=str(data["login"]),
        confirm=await _read_proved(store, org, data["confirm"], app_id),
        proved=await _read_proved(store, org, data["proved"], app_id),
        reference=str(data["reference"]),
        pending=read_pending(data.get("pending"), org_id=org.id),
    )


async def spend(store: SignInStore, interaction: Interaction) -> None:
    """Uses the interaction up, in one conditional write, before its request is answered.

    Raises Refusal ``interaction_gone`` where another request was first.
    """
    where = interaction.request.circumstances
    claim = Claim(
        org_id=where.org_id,
        id=interaction.bearer.id,
        digest=interaction.bearer.digest,
        kinds=INTERACTION_KINDS,
        attempt=new_secret(where.source.random),
        event=where.event("interaction.resume", credential_id=interaction.bearer.id),
    )
    if await store.claim(claim) is None:
        raise _gone("unspent", interaction.bearer)


def _gone(check: str, bearer: Bearer | None) -> Refusal:
    mend = "Start again at the application, in the browser that shall be signed in."
    verdict = Verdict((Check(check, passed=False, mend=mend),), rule="interaction")
    return Refusal("interaction_gone", _GONE, verdict, credential_id=bearer.id if bearer else None)


def _proved_data(proved: Proved | None) -> dict[str, object] | None:
    if proved is None:
        return None
    user = proved.subject.user
    return {
        "user_id": user.id,
        "stamp": user.stamp,
        "assurance": to_data(proved.assurance),
        "origin": list(proved.origin),
        "unmet": proved.unmet,
        "session": waiting_data(proved.waiting),
        "hand_off": _hand_off_data(proved.hand_off),
        "transfer": _transfer_data(proved.transfer),
    }


def _hand_off_data(hand_off: HandOff | None) -> dict[str, str] | None:
    return {"session": hand_off.session_id, "origin": hand_off.origin_app_id} if hand_off else None


def _transfer_data(transfer: Transfer | None) -> dict[str, object] | None:
    return {"parent": transfer.parent_id, "path": list(transfer.bind_path)} if transfer else None


def _read_transfer(data: object) -> Transfer | None:
    match data:
        case {"parent": str(parent_id), "path": list(path)}:
            return Transfer(parent_id, tuple(str(ident) for ident in path))
    return None


def _read_hand_off(data: object) -> HandOff | None:
    match data:
        case {"session": str(session_id), "origin": str(origin_app_id)}:
            return HandOff(session_id, origin_app_id)
    return None


async def _read_proved(store: SignInStore, org: Org, data: object, app_id: str | None) -> Proved | None:
    match data:
        case {
            "user_id": str(user_id),
            "stamp": int(stamp),
            "assurance": assurance,
            "origin": list(origin),
            "unmet": unmet,
            "session": session,
            **more,
        }:
            subject = await store.subject(org.id, user_id, app_id)
            if subject is None:
                return None
            # The stamp of the ticket, not today's: a change since then fails the guard of the write.
            as_proved = replace(subject, user=replace(subject.user, stamp=stamp))
            path = tuple(str(ident) for ident in origin)
            return Proved(
                as_proved,
                from_data(assurance),
                origin=path,
                waiting=read_waiting(session),
                unmet=cast("Kind | None", unmet),
                hand_off=_read_hand_off(more.get("hand_off")),
                transfer=_read_transfer(more.get("transfer")),
            )
    return None
