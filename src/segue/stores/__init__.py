"""What the layers above need from storage, as Protocols. Each operation is one closed function and one write.

Ids, secrets and attempt nonces are made before a call, so a definite abort can be retried with the same values. Times
are epoch milliseconds by the database's clock. Every key starts with the org, and hot keys go on with the partition
that an id carries (``core.secret.partition_of``), so nothing crosses orgs and one hot operation touches one partition.

What operations are given and answer is in ``writes``, what hands things to people in ``deliveries``.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from segue.core.application import Application
from segue.core.assignment import GroupAssignment, UserAssignment
from segue.core.condition import Condition, Order
from segue.core.credential import Credential, Kind, Participation
from segue.core.factor import FactorEnrollment
from segue.core.org import AuthorizationServer, Domain, Group, Org, TrustedOrigin
from segue.core.policy import Policy, PolicySet
from segue.core.trust import TrustEntry
from segue.core.user import Role, RoleAssignment, Subject, User
from segue.core.verdict import Check
from segue.core.zone import Zone
from segue.events import Event
from segue.stores.deliveries import (
    DeliveryFailed,
    Mail,
    MailSender,
    MessageSender,
    PushAnswer,
    PushProvider,
    PushRequest,
)
from segue.stores.groups import GroupStore
from segue.stores.writes import (
    Advance,
    AlreadyExists,
    Attempts,
    Claim,
    Commit,
    Ended,
    EventPage,
    FactorStep,
    Found,
    Guard,
    NotFound,
    OutcomeUnknown,
    Renewal,
    SignIns,
    StoredKey,
    StoreUnavailable,
    Tombstone,
    Traced,
)

__all__ = [
    "AdminStore",
    "Advance",
    "AlreadyExists",
    "AttemptStore",
    "Attempts",
    "Claim",
    "Commit",
    "ConfigStore",
    "CredentialStore",
    "DeliveryFailed",
    "Ended",
    "EventPage",
    "EventStore",
    "FactorStep",
    "FactorStore",
    "Found",
    "GroupStore",
    "Guard",
    "Mail",
    "MailSender",
    "MessageSender",
    "NotFound",
    "OutcomeUnknown",
    "PolicyStore",
    "PushAnswer",
    "PushProvider",
    "PushRequest",
    "Renewal",
    "SignInStore",
    "SignIns",
    "Store",
    "StoreUnavailable",
    "StoredKey",
    "Tombstone",
    "Traced",
    "TrustStore",
    "UserStore",
]


class ConfigStore(Protocol):
    """Configuration, read far more often than written. ``org_version`` grows with every change to an org's."""

    async def org(self, org_id: str) -> Org | None: ...
    async def org_version(self, org_id: str) -> int: ...
    async def domain(self, authority: str) -> Domain | None: ...
    async def domains(self) -> Sequence[Domain]: ...
    async def application(self, org_id: str, app_id: str) -> Application | None: ...
    async def application_by_client_id(self, org_id: str, client_id: str) -> Application | None: ...
    async def application_by_external_key(self, org_id: str, external_key: str) -> Application | None: ...
    async def authorization_server(self, org_id: str, server_id: str) -> AuthorizationServer | None: ...
    async def authorization_servers(self, org_id: str) -> Sequence[AuthorizationServer]: ...
    async def signing_keys(self, org_id: str, key_set: str) -> Sequence[StoredKey]: ...
    async def trusted_origins(self, org_id: str) -> Sequence[TrustedOrigin]: ...


class AdminStore(Protocol):
    """Writes to an org's configuration; each with its event and a new org version in one write.

    ``put_*`` inserts or replaces by id; AlreadyExists names the unique field that is taken by another row (for a domain
    that another org has: ``authority``), NotFound says that there is no such org. Removing what is not there writes
    nothing.
    """

    async def put_org(self, org: Org, event: Event) -> None: ...
    async def put_domain(self, domain: Domain, event: Event) -> None: ...
    async def remove_domain(self, authority: str, event: Event) -> None: ...
    async def put_application(self, application: Application, event: Event) -> None: ...
    async def put_authorization_server(self, server: AuthorizationServer, event: Event) -> None: ...
    async def change_authorization_server(self, server: AuthorizationServer, event: Event) -> bool:
        """Replaces a server that still has the revision it was read at; it has the next one from then on."""
        ...

    async def remove_authorization_server(self, org_id: str, server_id: str, event: Event) -> bool: ...
    async def put_trusted_origin(self, origin: TrustedOrigin, event: Event) -> None: ...
    async def put_signing_keys(self, keys: Sequence[StoredKey], event: Event) -> None: ...
    async def remove_trusted_origin(self, org_id: str, origin_id: str, event: Event) -> bool: ...
    async def orgs(self) -> Sequence[Org]: ...
    async def applications(self, org_id: str, *, after: str = "", limit: int = 100) -> Sequence[Application]: ...


class UserStore(Protocol):
    async def user(self, org_id: str, user_id: str) -> User | None: ...
    async def user_by_login(self, org_id: str, login_key: str) -> User | None:
        """The user of that normal form; a short name (no ``@``) also finds the one user whose part before ``@`` it
        is.
        """
        ...

    async def groups_of(self, org_id: str, user_id: str) -> Sequence[Group]:
        """The groups that a user was put into, in order of id."""
        ...

    async def users_of_ids(self, org_id: str, ids: Sequence[str]) -> Sequence[User]:
        """Those of the users named who exist, in no order."""
        ...

    async def users(self, org_id: str, *, after: str = "", limit: int = 100) -> Sequence[User]:
        """Users in order of id, after the id ``after``."""
        ...

    async def find_users(
        self,
        org_id: str,
        condition: Condition | None = None,
        *,
        order: Order | None = None,
        after: str = "",
        limit: int = 100,
    ) -> Sequence[User]:
        """Users for which ``condition`` holds, in order of id after the id ``after``, or as ``order`` says.

        Fields are those of ``User`` by their names, ``profile.x``, and ``has_password`` and ``locked`` (true or false).
        Raises ValueError for any other one, or for a value that cannot be asked for there.
        """
        ...

    async def remove_user(self, org_id: str, user_id: str, event: Event) -> bool:
        """Removes a deprovisioned user with all that is on record of them but events; False for any other one."""
        ...

    async def subject(self, org_id: str, user_id: str, app_id: str | None) -> Subject | None: ...
    async def add_user(self, user: User, event: Event) -> None: ...
    async def update_user(self, user: User, *, expected_stamp: int, event: Event) -> bool:
        """Replaces login, status, profile, password and stamp where the stamp is still ``expected_stamp``."""
        ...

    async def applications_of(self, org_id: str, user_id: str) -> Sequence[Application]:
        """The active applications a user may use: assigned to them or to a group of theirs, or for everyone."""
        ...

    async def role_assignments(self, org_id: str, user_id: str | None = None) -> Sequence[RoleAssignment]:
        """Who administers the org, in order of user and role; with ``user_id`` that user's roles alone."""
        ...

    async def assign_role(self, assignment: RoleAssignment, event: Event) -> bool:
        """False, and nothing written, where the user has the role already. Raises NotFound for no user of the org."""
        ...

    async def remove_role(self, org_id: str, user_id: str, role: Role, event: Event) -> bool: ...
    async def upgrade_password_hash(self, org_id: str, user_id: str, old_hash: str, new_hash: str) -> bool:
        """A new encoding of the same password: the stamp stays."""
        ...


class AssignmentStore(Protocol):
    """Who may use an application. A write names what exists, or raises NotFound. It is no configuration: the org's
    version stays, and every decision reads it anew."""

    async def assign(self, org_id: str, app_id: str, user_id: str, event: Event) -> None:
        """Assigns an application to a user by name; what is there already stays as it is."""
        ...

    async def unassign(self, org_id: str, app_id: str, user_id: str, event: Event) -> bool:
        """Ends an assignment by name. Whoever has it through a group as well keeps it."""
        ...

    async def put_assignment(self, assignment: UserAssignment, event: Event) -> None:
        """An assignment by name with what belongs to it, new or instead of the one there was; ``created_at`` stays."""
        ...

    async def assignment(self, org_id: str, app_id: str, user_id: str) -> UserAssignment | None: ...
    async def assignments(
        self, org_id: str, app_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[UserAssignment]:
        """Everybody who has an application, by name or through a group, in order of the user's id."""
        ...

    async def group_assignments(
        self, org_id: str, app_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[GroupAssignment]: ...
    async def group_assignment(self, org_id: str, app_id: str, group_id: str) -> GroupAssignment | None: ...
    async def applications_of_group(self, org_id: str, group_id: str) -> Sequence[Application]:
        """Every application that is assigned to a group, in order of id; inactive ones too."""
        ...

    async def put_group_assignment(self, assignment: GroupAssignment, event: Event) -> None: ...
    async def remove_group_assignment(self, org_id: str, app_id: str, group_id: str, event: Event) -> bool: ...
    async def remove_application(self, org_id: str, app_id: str, event: Event) -> bool:
        """Removes an inactive application and whatever assigns it; False where it is active or not there."""
        ...


class AttemptStore(Protocol):
    async def count_attempt(self, org_id: str, key: str, *, limit: int, lock_ms: int) -> Attempts:
        """Counts one attempt in a write of its own, before anything is hashed (AU-03).

        The attempt numbered ``limit`` locks the key for ``lock_ms``; while locked, nothing is counted. An expired lock
        starts a new count. ``locked_now`` says that this attempt must not be evaluated.
        """
        ...

    async def clear_attempts(self, org_id: str, key: str, *, succeeded: bool = False) -> None:
        """Ends the count and the lock; ``succeeded`` remembers the moment as that of the last success."""
        ...

    async def sign_ins(self, org_id: str, user_ids: Sequence[str]) -> Mapping[str, SignIns]:
        """How signing in stands for these users; those who never tried are left out."""
        ...


class CredentialStore(Protocol):
    async def claim(self, claim: Claim) -> Found | None:
        """Spends a credential in one conditional write, or answers None and changes nothing."""
        ...

    async def explain_claim(self, claim: Claim) -> tuple[Check, ...]:
        """Why ``claim`` did not match, as checks; for the event alone, callers learn nothing of it (OT-13)."""
        ...

    async def commit(self, commit: Commit) -> bool:
        """Writes a decision; False (and nothing written) where its guard no longer holds or its renewal lost a race."""
        ...

    async def find(
        self, org_id: str, ident: str, digest: bytes | None, kinds: frozenset[Kind], *, app_id: str | None = None
    ) -> Found | None:
        """The live, unexpired, unspent credential of that id, or None. ``digest`` None finds by id alone (signed
        tokens). The user is seen as the application ``app_id`` knows them, or the one that the credential was given to.
        """
        ...

    async def touch_session(self, org_id: str, session_id: str, *, idle_ms: int) -> None:
        """Moves the idle expiry of a live session or refresh token forward; never past its absolute expiry."""
        ...

    async def claim_foreign(self, org_id: str, kind: str, value: str, *, life_ms: int) -> bool:
        """Remembers a single-use value made by somebody else; False where it was seen before (SA-11)."""
        ...

    async def participations(self, org_id: str, session_id: str) -> Sequence[Participation]: ...
    async def of_user(self, org_id: str, user_id: str, kinds: frozenset[Kind]) -> Sequence[Credential]:
        """The live credentials of these kinds that belong to a user, newest first, at most 200."""
        ...

    async def refresh_tokens_of(self, org_id: str, app_id: str, *, after: str, limit: int) -> Sequence[Credential]:
        """The live ones that an application holds, whosever they are, in order of id, those behind ``after``."""
        ...

    async def lineage(self, org_id: str, user_id: str) -> Sequence[Traced]:
        """What was issued to a user and is still on record, spent, expired and revoked ones too, newest first, at most
        1,000."""
        ...

    async def remember_device(self, org_id: str, user_id: str, device: str, *, life_ms: int) -> None:
        """Remembers that this user proved a second factor on a device; ``device`` is its secret, kept as a digest."""
        ...

    async def remembers_device(self, org_id: str, user_id: str, device: str) -> bool: ...
    async def forget_devices(self, org_id: str, user_id: str) -> None: ...


class FactorStore(Protocol):
    async def factors(self, org_id: str, user_id: str) -> Sequence[FactorEnrollment]:
        """All of a user's factors, the last used first."""
        ...

    async def put_factor(self, factor: FactorEnrollment, event: Event) -> None:
        """Inserts or replaces by id, with its event in one write."""
        ...

    async def remove_factor(self, org_id: str, user_id: str, factor_id: str, event: Event) -> bool: ...


class PolicyStore(Protocol):
    """Writes of sign-on policies and network zones; they are read together with their org. Each write has its event and
    gives the org a new version; one that changes nothing has neither."""

    async def policies(self, org_id: str) -> PolicySet: ...
    async def put_policy(self, policy: Policy, event: Event) -> bool:
        """Inserts a policy of revision 1, or replaces the one of the revision before; False where it is another."""
        ...

    async def remove_policy(self, org_id: str, policy_id: str, event: Event) -> bool: ...
    async def put_zone(self, zone: Zone, event: Event) -> None: ...
    async def remove_zone(self, org_id: str, zone_id: str, event: Event) -> bool: ...


class TrustStore(Protocol):
    """Which application may hand a sign-in over to which: never remembered, so that a removal counts at once."""

    async def trust_entry(self, org_id: str, target_app_id: str, origin_app_id: str) -> TrustEntry | None: ...
    async def standing_trust(self, org_id: str, target_app_id: str, origin_app_id: str) -> TrustEntry | None:
        """The entry where both of its applications are active: what a decision relies on."""
        ...

    async def trusted_origins_of(
        self, org_id: str, target_app_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[TrustEntry]:
        """The entries of a target in order of the origin's id, after that of ``after``."""
        ...

    async def trusting_targets_of(
        self, org_id: str, origin_app_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[TrustEntry]:
        """The entries of an origin in order of the target's id, after that of ``after``."""
        ...

    async def add_trust(self, entry: TrustEntry, *, most: int, event: Event) -> bool:
        """False where the entry is there already or its target has ``most``; NotFound where an application is gone.

        ``most`` is a rule of administration: of two entries that are added at the same moment both may be the last.
        """
        ...

    async def remove_trust(self, org_id: str, target_app_id: str, origin_app_id: str, event: Event) -> bool: ...
    async def remove_trust_of(self, org_id: str, app_id: str, event: Event) -> bool:
        """Removes every entry that names the application, on either side."""
        ...


class SignInStore(CredentialStore, UserStore, AssignmentStore, FactorStore, TrustStore, Protocol):
    """What the sign-in pipeline needs."""


class EventStore(Protocol):
    async def append(self, events: Sequence[Event]) -> None: ...
    async def event(self, org_id: str, event_id: str) -> Event | None: ...
    async def events(self, org_id: str, page: EventPage) -> Sequence[Event]:
        """Events by the moment they happened, then by id: the one read that crosses an org's partitions."""
        ...

    async def purge_events(self, *, keep_ms: int) -> int:
        """Removes events that happened more than ``keep_ms`` ago; answers how many."""
        ...


class Store(ConfigStore, AdminStore, GroupStore, PolicyStore, SignInStore, AttemptStore, EventStore, Protocol):
    """All of storage, as ``app`` builds it.

    ``purge`` removes what ended more than ``keep_ms`` ago and answers how many rows went. It brings nothing back to
    life: a tombstone stays until every credential that it ends is off the record.
    """

    async def open(self) -> None: ...
    async def close(self) -> None: ...
    async def ping(self) -> int:
        """The database's clock (epoch ms)."""
        ...

    async def schema_version(self) -> str | None: ...
    async def purge(self, *, keep_ms: int) -> int: ...
