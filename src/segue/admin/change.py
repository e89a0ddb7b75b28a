"""Who changes an org, and where: what every administrative operation is given, and what its event says."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from segue.admin.actor import Actor
from segue.core.refusal import Refusal
from segue.core.secret import RandomBytes, new_id, random_partition
from segue.core.verdict import Check, Verdict
from segue.events import Circumstances, Event


@dataclass(frozen=True, slots=True)
class Change:
    """One administrative operation. ``actor_id`` is a user, an application, or the command line (``cli:name``).

    ``actor`` is what that user or application may do; None for the command line, which may do everything.
    """

    circumstances: Circumstances
    actor_id: str
    actor: Actor | None = None

    @property
    def org_id(self) -> str:
        return self.circumstances.org_id

    @property
    def now_at(self) -> int:
        return self.circumstances.now_at

    @property
    def random(self) -> RandomBytes:
        return self.circumstances.source.random

    def of(self, org_id: str) -> "Change":
        """The same operation on another org."""
        return replace(self, circumstances=replace(self.circumstances, org_id=org_id))

    def new_id(self, prefix: str) -> str:
        """An id made now, in a partition drawn by lot."""
        return new_id(prefix, random_partition(self.random), self.now_at, self.random)

    def event(
        self,
        type: str,
        *,
        user_id: str | None = None,
        app_id: str | None = None,
        credential_id: str | None = None,
        **detail: object,
    ) -> Event:
        return self.circumstances.event(
            type,
            actor_id=self.actor_id,
            user_id=user_id,
            app_id=app_id,
            credential_id=credential_id,
            detail=detail,
        )


def invalid(field: str, public: str, *, expected: str = "", seen: str = "") -> Refusal:
    """The refusal of a value. ``public`` is a whole sentence, ``seen`` never a secret."""
    return _refusal("invalid_value", public, Check(field, passed=False, expected=expected, seen=seen, mend=public))


def taken(field: str, public: str) -> Refusal:
    """The refusal of a name that somebody else has."""
    return _refusal("already_exists", public, Check(field, passed=False, expected="a free name", mend=public))


def missing(kind: str, ident: str, public: str) -> Refusal:
    """The refusal to change what is not there."""
    check = Check(kind, passed=False, expected=f"an existing {kind}", seen=ident[:256], mend=public)
    return _refusal("not_found", public, check)


def overtaken(kind: str, ident: str) -> Refusal:
    """The refusal of a change that others were quicker than, time and again."""
    public = f"The {kind} was changed by somebody else at the same moment. Try again."
    return _refusal(
        "changed_meanwhile", public, Check(kind, passed=False, expected="unchanged", seen=ident, mend=public)
    )


def changed_fields(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """The names whose values differ, for an event: names may be read by every operator, values perhaps not."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def _refusal(reason: str, public: str, check: Check) -> Refusal:
    return Refusal(reason, public, Verdict((check,), rule="administration"))
