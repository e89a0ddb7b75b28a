"""Proofs of possession (DPoP, RFC 9449): whoever calls holds the private half of a key, now, for this very call."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from segue.core.refusal import Refusal
from segue.core.sealing import SealBroken, Sealer, sealing_context
from segue.core.strict import JsonValue, JwtParts, Malformed, read_base64url, split_jwt
from segue.core.verdict import Check, Verdict
from segue.stores import CredentialStore
from segue.tokens.client_keys import CLIENT_ALGORITHMS, BadKey, ClientKey, read_key
from segue.tokens.jwt import TokenRefused, check_signature
from segue.web.message import Request

HEADER: Final = "dpop"
ALGORITHMS: Final = CLIENT_ALGORITHMS
WINDOW_S: Final = 60
NONCE_MS: Final = 300_000
INVALID: Final = "invalid_dpop_proof"
NONCE_WANTED: Final = "use_dpop_nonce"
_TYPE: Final = frozenset({"dpop+jwt"})
_MOST_CHARS: Final = 4096
_LONGEST_JTI: Final = 256
_LAST_SECOND: Final = 253_402_300_799
_MEND: Final = (
    "Send one DPoP header with a new proof: typ dpop+jwt, the public key as jwk, htm and htu of this call, iat now, a "
    "new jti, and ath with a token."
)


class NonceWanted(Refusal):
    """The proof has to hold ``nonce`` (RFC 9449 8). Nothing was spent."""

    def __init__(self, nonce: str, check: Check) -> None:
        super().__init__(NONCE_WANTED, "The DPoP proof has to hold the nonce of this answer.", Verdict((check,)))
        self.nonce = nonce


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that holds but is not spent. ``thumbprint`` names its key (RFC 7638); ``issued_at`` is epoch ms."""

    thumbprint: str
    jti: str
    issued_at: int

    async def spend(self, store: CredentialStore, org_id: str, now_at: int) -> str:
        """The key's thumbprint, once: whoever shows the proof again is refused (RFC 9449 11.1)."""
        life_ms = self.issued_at + 2 * WINDOW_S * 1000 - now_at
        if not await store.claim_foreign(org_id, "dpop_proof", f"{self.thumbprint} {self.jti}", life_ms=life_ms):
            raise refused("proof_unused", "a new jti", "one that was used")
        return self.thumbprint


@dataclass(frozen=True, slots=True)
class ProofNonces:
    """Values that a proof has to hold: the sealed moment at which we gave it out, so nothing has to be kept."""

    sealer: Sealer = field(repr=False)

    def new(self, org_id: str, now_at: int) -> str:
        sealed = self.sealer.seal(str(now_at).encode(), context=_context(org_id))
        return urlsafe_b64encode(sealed).decode().rstrip("=")

    def is_current(self, nonce: str, org_id: str, now_at: int) -> bool:
        try:
            sealed = read_base64url(nonce, max_chars=256)
            given_at = int(self.sealer.open(sealed, context=_context(org_id)))
        except (Malformed, SealBroken):
            return False
        return 0 <= now_at - given_at <= NONCE_MS


def read_proof(request: Request, *, access_token: str = "", nonces: ProofNonces | None = None) -> Proof | None:
    """The proof in the header of a call, checked whole (RFC 9449 4.3) but not spent; None where there is none.

    ``access_token`` is the token that comes with the call, whose hash the proof has to hold. With ``nonces`` it has to
    hold one of ours. Raises Refusal ``invalid_dpop_proof``, NonceWanted.
    """
    text = request.headers.get(HEADER)
    if text is None:
        return None
    parts, key = _open(text)
    claims = parts.payload
    _check_call(claims, request)
    issued_at = _check_time(claims, request.now_at)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 1 <= len(jti) <= _LONGEST_JTI:
        raise refused("proof_jti", f"1 to {_LONGEST_JTI} characters", "none or another length")
    if access_token:
        _check_token(claims, access_token)
    if nonces is not None:
        _check_nonce(claims, request, nonces)
    return Proof(key.thumbprint, jti, issued_at)


def _open(text: str) -> tuple[JwtParts, ClientKey]:
    """The proof by its own key, which has to be a public one of an algorithm that we know."""
    try:
        parts = split_jwt(text, max_chars=_MOST_CHARS, own_key=True)  # two headers arrive joined, and are no JWT
        key = read_key(parts.header.get("jwk"))
        check_signature(parts, key, _TYPE)
    except (Malformed, BadKey) as problem:
        raise refused("proof_form", "one signed JWT with a public jwk", str(problem)) from None
    except TokenRefused as problem:
        raise refused("proof_signature", "a proof by its own key", problem.reason) from None
    return parts, key


def _check_call(claims: Mapping[str, JsonValue], request: Request) -> None:
    """RFC 9449 4.3 (8) and (9): the method, and the address without query and fragment."""
    if claims.get("htm") != request.method:
        raise refused("proof_method", request.method, str(claims.get("htm"))[:16])
    called, named = f"{request.site.domain.base_url}{request.path}", claims.get("htu")
    if not isinstance(named, str) or not _same_address(named, called):
        raise refused("proof_address", called, str(named)[:256])


def _same_address(named: str, called: str) -> bool:
    """Scheme and host in any case, a default port and escaped characters are the same (RFC 3986 6.2.2, 6.2.3); all else
    is compared. ``called`` has its path as the server reads it, with nothing escaped."""
    try:
        *one, path = _parts(urlsplit(named))
        scheme, _, rest = called.partition("://")
        authority, slash, own_path = rest.partition("/")
        *other, _ = _parts(urlsplit(f"{scheme}://{authority}"))
        same = (one, unquote(path, errors="strict")) == (other, slash + own_path)
    except ValueError:
        return False
    return same and named.isascii()


def _parts(url: SplitResult) -> tuple[str, str, int | None, str]:
    if url.username is not None or url.password is not None:
        raise ValueError("an address with a user in it")
    default = {"https": 443, "http": 80}.get(url.scheme)
    return url.scheme, url.hostname or "", url.port or default, url.path


def _check_time(claims: Mapping[str, JsonValue], now_at: int) -> int:
    issued = claims.get("iat")
    if type(issued) is not int or not 0 <= issued <= _LAST_SECOND:
        raise refused("proof_time", "iat in seconds", "none")
    if abs(now_at // 1000 - issued) > WINDOW_S:
        raise refused("proof_time", f"iat within {WINDOW_S} s of now ({now_at // 1000})", str(issued))
    return issued * 1000


def _check_token(claims: Mapping[str, JsonValue], access_token: str) -> None:
    expected, seen = token_hash(access_token), claims.get("ath")
    if not isinstance(seen, str) or not seen.isascii() or not compare_digest(seen, expected):
        raise refused("proof_token", "ath of the token that was sent", "none or another")


def _check_nonce(claims: Mapping[str, JsonValue], request: Request, nonces: ProofNonces) -> None:
    nonce, org_id, now_at = claims.get("nonce"), request.site.org.id, request.now_at
    if not isinstance(nonce, str) or not nonces.is_current(nonce, org_id, now_at):
        check = Check("proof_nonce", passed=False, expected="the nonce of this answer", seen="none or an old one")
        raise NonceWanted(nonces.new(org_id, now_at), check)


def token_hash(access_token: str) -> str:
    """``ath`` (RFC 9449 4.2): the SHA-256 of the token, base64url."""
    return urlsafe_b64encode(sha256(access_token.encode()).digest()).decode().rstrip("=")


def is_thumbprint(text: str) -> bool:
    """Whether ``text`` could be an RFC 7638 thumbprint with SHA-256."""
    try:
        return len(read_base64url(text, max_chars=43)) == 32
    except Malformed:
        return False


def refused(check: str, expected: str, seen: str) -> Refusal:
    made = Check(check, passed=False, expected=expected, seen=seen[:256], mend=_MEND)
    return Refusal(INVALID, "The DPoP proof is missing or does not hold for this call.", Verdict((made,), rule="dpop"))


def _context(org_id: str) -> str:
    return sealing_context(org_id, "dpop_nonce", "nonce")
