"""Refresh tokens: families of secrets of which one works at a time.

A family is one credential. Its token is ``id.family.generation``: the id finds the row, the family's secret stays what
it is, the secret of the generation is new after every use (RFC 9700 4.14.2). So whoever shows the family's secret once
held a token of it, and an old generation is told from a guess without a list of all there ever were.

A lost answer must not end a family: within a grace period a used token gives the *same* child again, never a second
one. The child's secret lies sealed under a key that only the used token yields, so the row gives nothing away.

The row keeps digests (SHA-256) of the generation that works and of the one before it. Moving on is one conditional
write on the family and its generation (``stores.Advance``), so of many who move at once one does.
"""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from segue.core.assurance import Assurance, from_data, to_data
from segue.core.clock import Source
from segue.core.credential import Credential, Kind, NewCredential
from segue.core.sealing import Sealer, sealing_context
from segue.core.secret import Bearer, digest, new_bearer, new_secret, partition_of, read_bearer
from segue.core.strict import JsonValue
from segue.core.user import User
from segue.stores import Advance

REFRESH_KINDS: Final[frozenset[Kind]] = frozenset({"refresh_token"})
_ID_PREFIX: Final = "rft"
_SEALS_CHILDREN: Final = b"segue refresh token: seals the child"

Standing = Literal["current", "repeated", "reused"]


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token as its client holds it."""

    family: Bearer
    generation: str = field(repr=False)

    @property
    def text(self) -> str:
        return f"{self.family.text}.{self.generation}"


@dataclass(frozen=True, slots=True)
class RefreshGrant:
    """What a refresh token stands for. ``kept`` goes on to every token of the family; see ``TokenFacts``."""

    scopes: tuple[str, ...]
    assurance: Assurance
    session_id: str = ""
    acr: str = ""
    kept: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FamilyIssue:
    """Where a family comes from: whose sign-in, for which application, at which server and domain.

    ``life_ms`` is counted from the first token, ``idle_ms`` from the last use. ``bind_path`` are the ids whose
    revocation ends the family.
    """

    user: User
    app_id: str
    server_id: str
    domain: str
    life_ms: int
    idle_ms: int
    parent_id: str | None = None
    root_id: str | None = None
    bind_path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Family:
    """A family as it is kept. ``rotated_at`` (epoch ms) is when the current generation came to be; before the first
    rotation there is no ``previous`` and no ``child``."""

    grant: RefreshGrant
    current: bytes
    previous: bytes = b""
    rotated_at: int = 0
    child: bytes = field(default=b"", repr=False)


def read_refresh_token(text: str) -> RefreshToken | None:
    """The token in ``text``, or None where it does not have the shape of one (OA-20: the whole text is compared)."""
    family_text, dot, generation = text.rpartition(".")
    family = read_bearer(family_text) if dot else None
    # The second reading holds the last part to the same grammar.
    if family is None or read_bearer(f"{family.id}.{generation}") is None:
        return None
    return RefreshToken(family, generation)


def mint_family(
    issue: FamilyIssue, grant: RefreshGrant, *, source: Source, now_at: int
) -> tuple[RefreshToken, NewCredential]:
    """The first token of a new family, and the credential to be written before it is given out."""
    bearer = new_bearer(_ID_PREFIX, partition_of(issue.user.id), now_at, source.random)
    token = RefreshToken(bearer, new_secret(source.random))
    credential = NewCredential(
        org_id=issue.user.org_id,
        id=bearer.id,
        kind="refresh_token",
        digest=bearer.digest,
        life_ms=issue.life_ms,
        idle_ms=issue.idle_ms,
        user_id=issue.user.id,
        user_stamp=issue.user.stamp,
        parent_id=issue.parent_id,
        root_id=issue.root_id or bearer.id,
        bind_path=issue.bind_path,
        app_id=issue.app_id,
        domain=issue.domain,
        server_id=issue.server_id,
        data=_data(Family(grant, digest(token.generation))),
    )
    return token, credential


def standing(family: Family, token: RefreshToken, *, grace_ms: int, now_at: int) -> Standing:
    """How a token of the family stands: the one that works, the one before it within ``grace_ms`` of its use, or one
    that is used up."""
    shown = digest(token.generation)
    if hmac.compare_digest(shown, family.current):
        return "current"
    in_grace = now_at - family.rotated_at < grace_ms
    return "repeated" if in_grace and hmac.compare_digest(shown, family.previous) else "reused"


def rotate(
    credential: Credential, token: RefreshToken, *, idle_ms: int, source: Source, now_at: int
) -> tuple[RefreshToken, Advance]:
    """The child of the current ``token``, and the write that makes it the one that works. The family's last moment
    stays what it is; its idle time begins anew."""
    family = read_family(credential.data)
    child = RefreshToken(token.family, new_secret(source.random))
    generation = credential.generation + 1
    sealed = _sealer(token, source).seal(
        child.generation.encode(), context=_context(credential.org_id, token, generation)
    )
    moved = Family(family.grant, digest(child.generation), digest(token.generation), now_at, sealed)
    advance = Advance(token.family.id, token.family.digest, credential.generation, None, _data(moved), idle_ms=idle_ms)
    return child, advance


def child_of(credential: Credential, token: RefreshToken) -> RefreshToken:
    """The child that ``token``, which stands ``repeated``, was rotated to. Raises SealBroken for another token."""
    family = read_family(credential.data)
    context = _context(credential.org_id, token, credential.generation)
    return RefreshToken(token.family, _sealer(token).open(family.child, context=context).decode())


def read_family(data: Mapping[str, object]) -> Family:
    """The family that a credential's data holds. Raises ValueError for anything else."""
    match data:
        case {
            "scopes": list(scopes),
            "assurance": assurance,
            "session_id": str(session_id),
            "acr": str(acr),
            "kept": dict(kept),
            "current": str(current),
            "previous": str(previous),
            "rotated_at": int(rotated_at),
            "child": str(child),
        }:
            names = tuple(str(scope) for scope in scopes)
            grant = RefreshGrant(names, from_data(assurance), session_id, acr, kept)
            return Family(grant, bytes.fromhex(current), bytes.fromhex(previous), rotated_at, b64decode(child))
    raise ValueError("a refresh token is kept with its scopes, assurance, session and generations")


def _data(family: Family) -> dict[str, object]:
    grant = family.grant
    return {
        "scopes": list(grant.scopes),
        "assurance": to_data(grant.assurance),
        "session_id": grant.session_id,
        "acr": grant.acr,
        "kept": dict(grant.kept),
        "current": family.current.hex(),
        "previous": family.previous.hex(),
        "rotated_at": family.rotated_at,
        "child": b64encode(family.child).decode(),
    }


def _sealer(token: RefreshToken, source: Source | None = None) -> Sealer:
    """Seals under the secret of a generation. Its digest, which is on record, says nothing of the key."""
    key = hmac.digest(token.generation.encode(), _SEALS_CHILDREN, "sha256")
    return Sealer(key, random=source.random) if source else Sealer(key)


def _context(org_id: str, token: RefreshToken, generation: int) -> str:
    return sealing_context(org_id, "refresh_token", token.family.id, generation)
