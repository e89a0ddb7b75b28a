"""What was proved, when, by what and on which device."""

from dataclasses import dataclass, replace
from typing import Final, Literal

FactorKind = Literal["knowledge", "possession", "inherence"]

PASSWORD: Final = "password"

_WORTH: Final = ("phishing_resistant", "hardware_protected", "user_verified")


@dataclass(frozen=True, slots=True)
class Worth:
    """What a proof is worth beyond its kind. ``hardware_protected``: the key cannot leave its device, as the
    authenticator says of itself; ``user_verified``: it asked for a PIN or looked at its owner (WebAuthn UV)."""

    phishing_resistant: bool = False
    hardware_protected: bool = False
    user_verified: bool = False

    def covers(self, other: "Worth") -> bool:
        """Whether this is at least as much as ``other``."""
        return (
            self.phishing_resistant >= other.phishing_resistant
            and self.hardware_protected >= other.hardware_protected
            and self.user_verified >= other.user_verified
        )


NOTHING_MORE: Final = Worth()


@dataclass(frozen=True, slots=True)
class Proof:
    """One factor that was verified. ``amr`` are RFC 8176 values, ``verified_at`` the moment of proof (epoch ms)."""

    factor: str
    kind: FactorKind
    amr: tuple[str, ...]
    verified_at: int
    worth: Worth = NOTHING_MORE


@dataclass(frozen=True, slots=True)
class Device:
    """What is known of the device a sign-in is made on, by a signal that an operator's proxy asserts or by a key.

    ``id`` names it ("" where it has no name); ``managed`` says that the operator looks after it.
    """

    id: str = ""
    managed: bool = False


@dataclass(frozen=True, slots=True)
class Assurance:
    """Every factor proved in one sign-in, one proof for each factor and worth, and the device it was made on. It grows
    by a real verification only (NW-06)."""

    proofs: tuple[Proof, ...] = ()
    device: Device | None = None

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
        """Both sets of proofs; of two of one factor and the same worth the newer stays. The device is the other's."""
        newest: dict[tuple[str, Worth], Proof] = {}
        for proof in sorted((*self.proofs, *other.proofs), key=lambda proof: proof.verified_at):
            newest[proof.factor, proof.worth] = proof
        return Assurance(tuple(newest.values()), other.device or self.device)

    def on(self, device: Device | None) -> "Assurance":
        """The same proofs, made on that device."""
        return replace(self, device=device)


def to_data(assurance: Assurance) -> list[dict[str, object]]:
    """The JSON shape in which a credential keeps its assurance: a list of proofs, and of the device where it is known.

    What a release before this one does not know is added beside what it reads.
    """
    proofs = [
        {"factor": proof.factor, "kind": proof.kind, "amr": list(proof.amr), "at": proof.verified_at}
        | {name: True for name in _WORTH if getattr(proof.worth, name)}
        for proof in assurance.proofs
    ]
    if assurance.device is None or not proofs:
        return proofs
    device = {"id": assurance.device.id, "managed": assurance.device.managed}
    return [{**proofs[0], "device": device}, *proofs[1:]]


def from_data(data: object) -> Assurance:
    """The assurance a credential kept. Raises ValueError where the data is not what :func:`to_data` wrote."""
    if not isinstance(data, list):
        raise ValueError("assurance is kept as a list of proofs")
    return Assurance(tuple(_proof(item) for item in data), _device(data[0]) if data else None)


def _proof(item: object) -> Proof:
    match item:
        case {
            "factor": str(factor),
            "kind": ("knowledge" | "possession" | "inherence") as kind,
            "amr": list(amr),
            "at": int(at),
            **more,
        }:
            worth = Worth(**{name: more.get(name) is True for name in _WORTH})
            return Proof(factor, kind, tuple(str(value) for value in amr), at, worth)
    raise ValueError("a proof is kept as factor, kind, amr and time")


def _device(item: object) -> Device | None:
    match item:
        case {"device": {"id": str(ident), "managed": bool(managed)}}:
            return Device(ident, managed)
    return None
