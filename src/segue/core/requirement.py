"""What an application, a rule or a request asks of a sign-in, and what is still missing. This is all of step-up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import combinations
from typing import Any, Final, Literal, TypeVar

from segue.core.assurance import NOTHING_MORE, PASSWORD, Assurance, FactorKind, Proof, Worth

ANY_METHOD: Final = "*"
"""The factor of a proof that stands for whichever would do."""

_ALL: Final = Worth(phishing_resistant=True, hardware_protected=True, user_verified=True)
_MOST_AT_ONCE: Final = 4
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Need:
    """What one factor has to be. ``methods`` are names of factors, empty for any of this kind. ``worth`` is the least
    it has to be worth, ``max_age_s`` its greatest age in seconds; 0 wants it proved since the request began."""

    kind: FactorKind
    methods: frozenset[str] = frozenset()
    worth: Worth = NOTHING_MORE
    max_age_s: int | None = None

    def met_by(self, proof: Proof, now_at: int, began_at: int) -> bool:
        return (
            proof.kind == self.kind
            and (not self.methods or proof.factor in self.methods or proof.factor == ANY_METHOD)
            and proof.worth.covers(self.worth)
            and _young(proof, self.max_age_s, now_at, began_at)
        )


@dataclass(frozen=True, slots=True)
class Constraint:
    """A factor of knowledge and one of possession, of which either may be left out: both have to be proved."""

    knowledge: Need | None = None
    possession: Need | None = None

    @property
    def needs(self) -> tuple[Need, ...]:
        return tuple(need for need in (self.knowledge, self.possession) if need is not None)

    def met_by(self, proofs: Sequence[Proof], now_at: int, began_at: int) -> bool:
        return all(any(need.met_by(proof, now_at, began_at) for proof in proofs) for need in self.needs)


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a request, a rule or an application asks for.

    ``factors`` is 1 or 2 (of different kinds). ``max_age_s`` is the greatest age of the sign-in in seconds.
    ``fresh_after_at`` (epoch ms) asks for a sign-in after that moment: ``prompt=login``, ForceAuthn, wfresh=0.
    ``reauthenticate_s`` is the greatest age of every proof that counts; 0 counts those alone that were made since the
    request began. Of each list in ``constraints`` one has to be met. ``also`` are requirements of others, which count
    proofs in their own way.
    """

    factors: int = 1
    max_age_s: int | None = None
    fresh_after_at: int | None = None
    reauthenticate_s: int | None = None
    constraints: tuple[tuple[Constraint, ...], ...] = ()
    also: tuple["Requirement", ...] = ()
    #: A second factor is asked of those who have one. It is settled before anything is missing.
    second_if_held: bool = False

    def stricter(self, other: "Requirement") -> "Requirement":
        """A requirement that is met where both are, and only there."""
        ages = [age for age in (self.max_age_s, other.max_age_s) if age is not None]
        moments = [at for at in (self.fresh_after_at, other.fresh_after_at) if at is not None]
        both = replace(
            self,
            max_age_s=min(ages, default=None),
            fresh_after_at=max(moments, default=None),
            second_if_held=self.second_if_held or other.second_if_held,
        )
        if self.reauthenticate_s == other.reauthenticate_s:
            constraints = tuple(dict.fromkeys((*self.constraints, *other.constraints)))
            also = tuple(dict.fromkeys((*self.also, *other.also)))
            return replace(both, factors=max(self.factors, other.factors), constraints=constraints, also=also)
        apart = replace(other, max_age_s=None, fresh_after_at=None, also=(), second_if_held=False)
        return replace(both, also=tuple(dict.fromkeys((*self.also, *other.also, apart))))

    @property
    def needs(self) -> tuple[Need, ...]:
        own = (need for one_of in self.constraints for constraint in one_of for need in constraint.needs)
        return (*own, *(need for other in self.also for need in other.needs))

    @property
    def wants_user_verified(self) -> bool:
        """Whether a key has to be asked for its PIN or its owner's finger."""
        return any(need.worth.user_verified for need in self.needs)


Missing = Literal["sign_in", "fresh_sign_in", "second_factor"]


def missing(
    requirement: Requirement, assurance: Assurance, now_at: int, *, began_at: int | None = None
) -> Missing | None:
    """The next thing a user has to prove, or None where the requirement is met.

    ``began_at`` (epoch ms) is when the request began that may have waited for its user; now, where it did not. A
    password comes first where it is lacking; what another factor alone can mend is asked of that one.
    """
    began_at = now_at if began_at is None else began_at
    if not assurance.proofs:
        return "sign_in"
    if requirement.max_age_s is not None and now_at - assurance.auth_time_at > requirement.max_age_s * 1000:
        return "fresh_sign_in"
    if requirement.fresh_after_at is not None and assurance.auth_time_at < requirement.fresh_after_at:
        return "fresh_sign_in"
    if _factors_met(requirement, assurance.proofs, now_at, began_at):
        return None
    password = Proof(PASSWORD, "knowledge", (), now_at)
    if _factors_met(requirement, (*assurance.proofs, password), now_at, began_at):
        return "fresh_sign_in"
    others = (*assurance.proofs, *_ideal(requirement, now_at))
    return "second_factor" if _factors_met(requirement, others, now_at, began_at) else "fresh_sign_in"


def shortest(
    requirement: Requirement,
    assurance: Assurance,
    could: Mapping[_Item, Proof],
    now_at: int,
    *,
    began_at: int | None = None,
) -> frozenset[_Item]:
    """Which of the factors that a user ``could`` prove lead to the requirement with the fewest steps.

    Each proof is what the factor would be worth. Empty where nothing is missing, and where all of them do not do.
    """
    began_at = now_at if began_at is None else began_at
    for size in range(min(len(could), _MOST_AT_ONCE) + 1):
        helpful = frozenset(
            item
            for items in combinations(could, size)
            if _factors_met(requirement, (*assurance.proofs, *(could[item] for item in items)), now_at, began_at)
            for item in items
        )
        met_already = size == 0 and _factors_met(requirement, assurance.proofs, now_at, began_at)
        if helpful or met_already:
            return helpful
    return frozenset()


def _factors_met(requirement: Requirement, proofs: Sequence[Proof], now_at: int, began_at: int) -> bool:
    counted = [proof for proof in proofs if _young(proof, requirement.reauthenticate_s, now_at, began_at)]
    return (
        len({proof.kind for proof in counted}) >= max(1, requirement.factors)
        and all(
            any(constraint.met_by(counted, now_at, began_at) for constraint in one_of)
            for one_of in requirement.constraints
        )
        and all(_factors_met(other, proofs, now_at, began_at) for other in requirement.also)
    )


def _ideal(requirement: Requirement, now_at: int) -> Iterable[Proof]:
    """Proofs now of everything but a password that the requirement could ask for."""
    for need in requirement.needs:
        for method in need.methods or {ANY_METHOD}:
            if method != PASSWORD and not (method == ANY_METHOD and need.kind == "knowledge"):
                yield Proof(method, need.kind, (), now_at, _ALL)
    yield Proof(ANY_METHOD, "possession", (), now_at, _ALL)


def _young(proof: Proof, max_age_s: int | None, now_at: int, began_at: int) -> bool:
    if max_age_s is None:
        return True
    return proof.verified_at >= began_at if max_age_s == 0 else now_at - proof.verified_at <= max_age_s * 1000


# --- as JSON ---


def requirement_data(requirement: Requirement) -> dict[str, object]:
    """The JSON shape in which a requirement is kept."""
    return {
        "factors": requirement.factors,
        "max_age_s": requirement.max_age_s,
        "fresh_after_at": requirement.fresh_after_at,
        "reauthenticate_s": requirement.reauthenticate_s,
        "constraints": constraints_data(requirement.constraints),
        "also": [requirement_data(other) for other in requirement.also],
        "second_if_held": requirement.second_if_held,
    }


def read_requirement(data: object) -> Requirement:
    """The requirement that :func:`requirement_data` wrote, by this release or an earlier one. Raises ValueError for
    anything else."""
    match data:
        case {
            "factors": int(factors),
            "max_age_s": int() | None as age,
            "fresh_after_at": int() | None as moment,
            **more,
        }:
            every = more.get("reauthenticate_s")
            if every is None or isinstance(every, int):
                others: Any = more.get("also", ())
                also = tuple(read_requirement(other) for other in others)
                constraints = read_constraints(more.get("constraints", ()))
                return Requirement(factors, age, moment, every, constraints, also, more.get("second_if_held") is True)
    raise ValueError("a requirement is kept as factors, max_age_s and fresh_after_at")


def constraints_data(constraints: tuple[tuple[Constraint, ...], ...]) -> list[list[dict[str, object]]]:
    """The JSON shape in which constraints are kept."""
    return [
        [
            {"knowledge": _need_data(constraint.knowledge), "possession": _need_data(constraint.possession)}
            for constraint in one_of
        ]
        for one_of in constraints
    ]


def read_constraints(data: Any) -> tuple[tuple[Constraint, ...], ...]:
    """What :func:`constraints_data` wrote. Raises ValueError for anything else."""
    try:
        return tuple(
            tuple(Constraint(_read_need(one["knowledge"]), _read_need(one["possession"])) for one in one_of)
            for one_of in data
        )
    except (KeyError, TypeError) as error:
        raise ValueError("constraints are kept as lists of knowledge and possession") from error


def _need_data(need: Need | None) -> dict[str, object] | None:
    if need is None:
        return None
    worth = {field.name: getattr(need.worth, field.name) for field in fields(need.worth)}
    return {"kind": need.kind, "methods": sorted(need.methods), "worth": worth, "max_age_s": need.max_age_s}


def _read_need(data: Any) -> Need | None:
    if data is None:
        return None
    return Need(data["kind"], frozenset(data["methods"]), Worth(**data["worth"]), data["max_age_s"])
