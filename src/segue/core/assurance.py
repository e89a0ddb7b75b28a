"""What was proved and when, what an application wants, and what is still missing."""

from dataclasses import dataclass
from typing import Final, Literal

FactorKind = Literal["knowledge", "possession", "inherence"]

PASSWORD: Final = "password"


@dataclass(frozen=True, slots=True)
class Proof:
    """One factor that was verified. ``amr`` are RFC 8176 values, ``verified_at`` the moment of proof (epoch ms)."""

    factor: str
    kind: FactorKind
    amr: tuple[str, ...]
    verified_at: int


@dataclass(frozen=True, slots=True)
class Assurance:
    """Every factor proved in one sign-in, at most one proof a factor. It grows by a real verification only (NW-06)."""

    proofs: tuple[Proof, ...] = ()

    @property
    def auth_time_at(self) -> int:
        """When the user last proved who they are (epoch ms); 0 where nothing was proved.

        The moment a factor was checked, never the moment a ticket was redeemed (OIDC Core 2, ``auth_time``).
        """
        return max((proof.verified_at for proof in self.proofs), default=0)

    @property
    def amr(self) -> tuple[str, ...]:
        """RFC 8176 values in order of proof; ``mfa`` is added where two kinds of factor were proved."""
        seen = dict.fromkeys(value for proof in self.proofs for value in proof.amr)
        if len({proof.kind for proof in self.proofs}) > 1:
            seen["mfa"] = None
        return tuple(seen)

    def merged(self, other: "Assurance") -> "Assurance":
        """Both sets of proofs; of two proofs of one factor the newer stays."""
        newest: dict[str, Proof] = {}
        for proof in sorted((*self.proofs, *other.proofs), key=lambda proof: proof.verified_at):
            newest[proof.factor] = proof
        return Assurance(tuple(newest.values()))


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a request or an application asks for.

    ``factors`` is 1 or 2 (of different kinds). ``max_age_s`` is the greatest age of the sign-in in seconds.
    ``fresh_after_at`` (epoch ms) asks for a sign-in after that moment: ``prompt=login``, ForceAuthn, wfresh=0.
    """

    factors: int = 1
    max_age_s: int | None = None
    fresh_after_at: int | None = None

    def stricter(self, other: "Requirement") -> "Requirement":
        """A requirement that is met only where both are."""
        ages = [age for age in (self.max_age_s, other.max_age_s) if age is not None]
        moments = [at for at in (self.fresh_after_at, other.fresh_after_at) if at is not None]
        return Requirement(max(self.factors, other.factors), min(ages, default=None), max(moments, default=None))


Missing = Literal["sign_in", "fresh_sign_in", "second_factor"]


def missing(requirement: Requirement, assurance: Assurance, now_at: int) -> Missing | None:
    """The next thing a user has to prove, or None where the requirement is met. This is all of step-up."""
    if not assurance.proofs:
        return "sign_in"
    if requirement.max_age_s is not None and now_at - assurance.auth_time_at > requirement.max_age_s * 1000:
        return "fresh_sign_in"
    if requirement.fresh_after_at is not None and assurance.auth_time_at < requirement.fresh_after_at:
        return "fresh_sign_in"
    if requirement.factors > len({proof.kind for proof in assurance.proofs}):
        return "second_factor"
    return None


def to_data(assurance: Assurance) -> list[dict[str, object]]:
    """The JSON shape in which a credential keeps its assurance."""
    return [
        {"factor": proof.factor, "kind": proof.kind, "amr": list(proof.amr), "at": proof.verified_at}
        for proof in assurance.proofs
    ]


def from_data(data: object) -> Assurance:
    """The assurance a credential kept. Raises ValueError where the data is not what :func:`to_data` wrote."""
    if not isinstance(data, list):
        raise ValueError("assurance is kept as a list of proofs")
    return Assurance(tuple(_proof(item) for item in data))


def _proof(item: object) -> Proof:
    match item:
        case {
            "factor": str(factor),
            "kind": ("knowledge" | "possession" | "inherence") as kind,
            "amr": list(amr),
            "at": int(at),
        }:
            return Proof(factor, kind, tuple(str(value) for value in amr), at)
    raise ValueError("a proof is kept as factor, kind, amr and time")


def requirement_data(requirement: Requirement) -> dict[str, int | None]:
    """The JSON shape in which a requirement is kept."""
    return {
        "factors": requirement.factors,
        "max_age_s": requirement.max_age_s,
        "fresh_after_at": requirement.fresh_after_at,
    }


def read_requirement(data: object) -> Requirement:
    """The requirement that :func:`requirement_data` wrote. Raises ValueError for anything else."""
    match data:
        case {"factors": int(factors), "max_age_s": int() | None as age, "fresh_after_at": int() | None as moment}:
            return Requirement(factors, age, moment)
    raise ValueError("a requirement is kept as factors, max_age_s and fresh_after_at")
