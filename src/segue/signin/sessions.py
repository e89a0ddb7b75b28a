"""Browser sessions: finding the one a cookie names, planning a new one, writing it together with what hangs on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from segue.core.assurance import Assurance, from_data, to_data
from segue.core.credential import Credential, Kind, NewCredential, Participation
from segue.core.org import Org
from segue.core.policy import SessionLimits
from segue.core.secret import Bearer, new_bearer, new_secret, partition_of, read_bearer
from segue.core.user import User
from segue.events import Circumstances, Event
from segue.handoff.redeem import WaitingSession
from segue.stores import Commit, CredentialStore, FactorStep, Found, Guard, Renewal, Tombstone

SESSION_KINDS: Final[frozenset[Kind]] = frozenset({"session"})
#: A sign-in that an application keeps at our side to hand it over; no cookie names it.
BACKEND_KINDS: Final[frozenset[Kind]] = frozenset({"backend_session"})
_TOUCH_SHARE: Final = 10
#: What a session keeps of a rule that limits it.
_IDLE_MS: Final = "idle_ms"
_HANDED_OVER: Final = "handed_over"
_TRANSFERRED: Final = "transferred_from"


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session to be opened, with the bearer value of its cookie; ``ends`` is the id of one it replaces."""

    bearer: Bearer
    credential: NewCredential
    ends: str | None = None


@dataclass(frozen=True, slots=True)
class RenewSession:
    """The same session under a new cookie value, because what it stands for grew (OT-16)."""

    bearer: Bearer
    renewal: Renewal
    found: Found


@dataclass(frozen=True, slots=True)
class AdoptSession:
    """A session that waited for the browser which a ticket signs in; ``ends`` is the id of another one it replaces."""

    bearer: Bearer
    renewal: Renewal
    ends: str | None = None


@dataclass(frozen=True, slots=True)
class KeepSession:
    """A session that is used as it is."""

    found: Found


@dataclass(frozen=True, slots=True)
class BorrowSession:
    """The backend session of another application that handed its sign-in over: what is answered hangs on it, and the
    browser gets nothing."""

    found: Found


SessionPlan = OpenSession | RenewSession | AdoptSession | KeepSession | BorrowSession


def session_id(plan: SessionPlan) -> str:
    match plan:
        case OpenSession(bearer=bearer) | RenewSession(bearer=bearer) | AdoptSession(bearer=bearer):
            return bearer.id
        case KeepSession(found=found) | BorrowSession(found=found):
            return found.credential.id


def session_path(plan: SessionPlan) -> tuple[str, ...]:
    """The bind path of a credential that should end with this session."""
    match plan:
        case KeepSession(found=found) | RenewSession(found=found) | BorrowSession(found=found):
            return found.credential.lineage_path
        case OpenSession(credential=credential):
            return (*credential.bind_path, credential.id)
        case AdoptSession(bearer=bearer):
            return (bearer.id,)


def session_root(plan: SessionPlan) -> str:
    """The root of the lineage that this session belongs to."""
    match plan:
        case KeepSession(found=found) | RenewSession(found=found) | BorrowSession(found=found):
            return found.credential.root_id or found.credential.id
        case OpenSession(credential=credential):
            return credential.root_id or credential.id
        case AdoptSession(bearer=bearer):
            return bearer.id


def was_handed_over(plan: SessionPlan) -> bool:
    """Whether the sign-in came from another application: it is not handed on (OT-17)."""
    match plan:
        case BorrowSession():
            return True
        case OpenSession(credential=credential):
            return bool(credential.data.get(_HANDED_OVER))
        case KeepSession(found=found) | RenewSession(found=found):
            return bool(found.credential.data.get(_HANDED_OVER))
        case AdoptSession():
            return False


def transferred_from(plan: SessionPlan) -> str:
    """The id of the refresh token that the session came from to this browser; "" for every other one."""
    match plan:
        case OpenSession(credential=credential):
            return str(credential.data.get(_TRANSFERRED, ""))
        case KeepSession(found=found) | RenewSession(found=found):
            return str(found.credential.data.get(_TRANSFERRED, ""))
        case AdoptSession() | BorrowSession():
            return ""


async def current(
    store: CredentialStore,
    cookie: str | None,
    *,
    org: Org,
    domain: str,
    app_id: str | None,
    now_at: int,
    touch: bool = True,
) -> Found | None:
    """The live session that ``cookie`` names at this domain, or None. One statement; a second one at most every tenth
    of the idle time, to move the idle expiry, unless ``touch`` says that this is only a look."""
    bearer = read_bearer(cookie) if cookie else None
    if bearer is None:
        return None
    found = await store.find(org.id, bearer.id, bearer.digest, SESSION_KINDS, app_id=app_id)
    if found is None or found.subject is None or found.credential.domain != domain:
        return None
    if touch:
        await keep_alive(store, found.credential, org=org, now_at=now_at)
    return found


async def keep_alive(store: CredentialStore, session: Credential, *, org: Org, now_at: int) -> None:
    """Counts a use of a session; written at most every tenth of its idle time."""
    idle_ms, idle_end_at = _idle_ms(session.data, org), session.idle_expires_at
    if idle_end_at is not None and idle_end_at - now_at < idle_ms - idle_ms // _TOUCH_SHARE:
        await store.touch_session(org.id, session.id, idle_ms=idle_ms)


def limited(plan: SessionPlan, limits: SessionLimits) -> SessionPlan:
    """The plan of a session that is opened, under the limits of a rule. One that is there keeps those it has."""
    idle_ms = None if limits.idle_s is None else limits.idle_s * 1000
    match plan:
        case OpenSession(credential=credential) if limits != SessionLimits():
            life_ms = credential.life_ms if limits.life_s is None else limits.life_s * 1000
            idle = credential.idle_ms if idle_ms is None else idle_ms
            data = credential.data if idle_ms is None else {**credential.data, _IDLE_MS: idle_ms}
            return replace(plan, credential=replace(credential, life_ms=life_ms, idle_ms=idle, data=data))
        case AdoptSession(renewal=renewal) if idle_ms is not None:
            data = {**renewal.data, _IDLE_MS: idle_ms}
            return replace(plan, renewal=replace(renewal, idle_ms=idle_ms, data=data))
    return plan


async def address_known(store: CredentialStore, user: User, address: str) -> bool:
    """Whether a session of the user that still lives was opened from this address."""
    if not address:
        return False
    sessions = await store.of_user(user.org_id, user.id, SESSION_KINDS)
    return any(session.data.get("address") == address for session in sessions)


def _idle_ms(data: Mapping[str, object], org: Org) -> int:
    own = data.get(_IDLE_MS)
    return own if isinstance(own, int) else org.settings.session_idle_s * 1000


def assurance_of(found: Found) -> Assurance:
    return from_data(found.credential.data["assurance"])


def plan_open(
    user: User,
    assurance: Assurance,
    *,
    org: Org,
    circumstances: Circumstances,
    origin: Sequence[str] = (),
    ends: str | None = None,
    handed_over: bool = False,
    transferred_from: str = "",
    bind_path: Sequence[str] = (),
) -> OpenSession:
    """A new session. ``origin`` is the lineage path of the ticket it came from; a spent ticket ends nothing, so the
    path is remembered for the tree (``parent_id``) and not bound, but for ``bind_path``: what else ends the session.
    """
    bearer = new_bearer("102", partition_of(user.id), circumstances.now_at, circumstances.source.random)
    mark: dict[str, object] = {_HANDED_OVER: True} if handed_over else {}
    if transferred_from:
        mark[_TRANSFERRED] = transferred_from
    credential = NewCredential(
        org_id=org.id,
        id=bearer.id,
        kind="session",
        digest=bearer.digest,
        life_ms=org.settings.session_life_s * 1000,
        idle_ms=org.settings.session_idle_s * 1000,
        user_id=user.id,
        user_stamp=user.stamp,
        parent_id=origin[-1] if origin else None,
        root_id=origin[0] if origin else bearer.id,
        bind_path=tuple(bind_path),
        domain=circumstances.domain,
        data={"assurance": to_data(assurance), "address": circumstances.address, **mark},
    )
    return OpenSession(bearer, credential, ends)


def plan_renew(
    found: Found, assurance: Assurance, *, org: Org, circumstances: Circumstances, cookie: str
) -> RenewSession:
    """The same session with more assurance and a new cookie value. ``cookie`` is the value it has now."""
    old = read_bearer(cookie)
    if old is None:
        raise ValueError("a session is renewed by the cookie that names it")
    bearer = Bearer(found.credential.id, new_secret(circumstances.source.random))
    renewal = Renewal(
        session_id=bearer.id,
        old_digest=old.digest,
        new_digest=bearer.digest,
        idle_ms=_idle_ms(found.credential.data, org),
        data={**found.credential.data, "assurance": to_data(assurance)},
    )
    return RenewSession(bearer, renewal, found)


def plan_adopt(
    waiting: WaitingSession, assurance: Assurance, *, org: Org, circumstances: Circumstances, ends: str | None = None
) -> AdoptSession:
    """The cookie of a session that was made together with its ticket and waited for it to be redeemed."""
    bearer = Bearer(waiting.session_id, new_secret(circumstances.source.random))
    renewal = Renewal(
        session_id=bearer.id,
        old_digest=waiting.digest,
        new_digest=bearer.digest,
        idle_ms=org.settings.session_idle_s * 1000,
        data={"assurance": to_data(assurance), "address": circumstances.address},
    )
    return AdoptSession(bearer, renewal, ends)


@dataclass(frozen=True, slots=True)
class Opening:
    """All that one sign-in writes (W2): the session by its plan, what the front channel issues with it, and the step of
    the factor that it was proved by (AU-08)."""

    plan: SessionPlan
    guard: Guard
    events: tuple[Event, ...]
    credentials: tuple[NewCredential, ...] = ()
    participations: tuple[Participation, ...] = field(default=())
    factor_step: FactorStep | None = None


async def open_session(store: CredentialStore, org_id: str, opening: Opening) -> bool:
    """Writes the sign-in in one write; False where what the decision relied on is no longer so."""
    plan = opening.plan
    own = (plan.credential,) if isinstance(plan, OpenSession) else ()
    return await store.commit(
        Commit(
            org_id=org_id,
            partition=partition_of(opening.guard.user_id),
            events=opening.events,
            guard=opening.guard,
            credentials=(*own, *opening.credentials),
            renewal=plan.renewal if isinstance(plan, RenewSession | AdoptSession) else None,
            participations=opening.participations,
            factor_step=opening.factor_step,
        )
    )


async def end_session(store: CredentialStore, session_id: str, *, reason: str, circumstances: Circumstances) -> None:
    """Ends a session and everything bound to it. A write of its own, since a replaced session may be another user's."""
    event = circumstances.event("session.end", credential_id=session_id, detail={"reason": reason})
    await store.commit(
        Commit(
            org_id=circumstances.org_id,
            partition=partition_of(session_id),
            events=(event,),
            tombstones=(Tombstone(session_id, reason),),
        )
    )
