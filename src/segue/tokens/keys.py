"""Signing keys: how one is made, when it is published, when it signs, and the ring that signs with it.

A key set is the keys of one purpose in one org ("oidc", "saml" …). A key goes through four states, all of them read
from its times: published but waiting (``signs_from_at`` ahead), signing, published but no longer signing
(``signs_until_at`` passed), retired (``retired_at`` passed). Verifiers cache a key set for minutes, so a key is
published before it signs and stays published until the last token it signed has expired (KE-02).

A set holds one line of keys for each algorithm it signs with: each line has its own current key and is rotated by
itself, and all of them are published together.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from segue.core.sealing import SealBroken, Sealer, sealing_context
from segue.stores import StoredKey

PUBLISH_AHEAD_MS = 15 * 60 * 1000
"""How long verifiers may go on with a cached key set: a key is published this long before it signs (KE-02)."""

CERTIFICATE_LIFE = timedelta(days=20 * 365)
_CLOCK_SKEW = timedelta(days=1)
_COMMON_NAME_CHARS = 64

JoseKey = RSAKey | ECKey | OKPKey
PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key with its private half sealed. Times are epoch milliseconds.

    ``kid`` is the RFC 7638 thumbprint. ``algorithm`` is a name of ALGORITHMS and the only one this key is ever used
    with. ``public_jwk`` is what a key set document shows. ``certificate_pem`` is a self-signed X.509
    certificate of the same key, for protocols that speak in certificates.
    """

    org_id: str
    key_set: str
    kid: str
    algorithm: str
    public_jwk: Mapping[str, str] = field(hash=False)
    certificate_pem: bytes = field(repr=False)
    sealed_private: bytes = field(repr=False)
    created_at: int
    signs_from_at: int
    signs_until_at: int | None = None
    retired_at: int | None = None

    def signs(self, now_ms: int) -> bool:
        ended = self.signs_until_at is not None and self.signs_until_at <= now_ms
        return self.signs_from_at <= now_ms and not ended and not self.retired(now_ms)

    def retired(self, now_ms: int) -> bool:
        return self.retired_at is not None and self.retired_at <= now_ms


class NoSigningKey(LookupError):
    """A key set has no key that may sign now."""


class RotationUnderWay(ValueError):
    """A key of the set is published and waits to sign: a second rotation would push it aside unused."""


class KeyNotLoaded(LookupError):
    """The ring holds no key of that id."""


class SignatureModel(Protocol):
    """How joserfc signs and verifies by one algorithm."""

    def sign(self, msg: bytes, key: Any) -> bytes: ...
    def verify(self, msg: bytes, sig: bytes, key: Any) -> bool: ...
    def check_key(self, key: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A signature algorithm: its key type and size or curve, and the members of its public JWK in print order.

    ``name`` is fully specified (RFC 7518 3.1, RFC 9864): it says key type, curve and hash. ``alg`` is what tokens and
    key sets call it. ``model`` signs and verifies.
    """

    name: str
    alg: str
    key_type: type[RSAKey] | type[ECKey] | type[OKPKey]
    size: Any
    members: tuple[str, ...]
    model: SignatureModel

    def public_jwk(self, jose: JoseKey, kid: str) -> dict[str, str]:
        public = jose.as_dict(private=False)
        head = {"kty": jose.key_type, "alg": self.alg, "kid": kid, "use": "sig"}
        return head | {member: str(public[member]) for member in self.members}


_MODELS = JWSRegistry.algorithms
ALGORITHMS: Mapping[str, Algorithm] = {
    "RS256": Algorithm("RS256", "RS256", RSAKey, 2048, ("e", "n"), _MODELS["RS256"]),
    "ES256": Algorithm("ES256", "ES256", ECKey, "P-256", ("crv", "x", "y"), _MODELS["ES256"]),
    # RFC 9864 would have "Ed25519" in the header too; the libraries of today's clients know RFC 8037's name.
    "Ed25519": Algorithm("Ed25519", "EdDSA", OKPKey, "Ed25519", ("crv", "x"), _MODELS["Ed25519"]),
}
DEFAULT_ALGORITHM: Final = "RS256"
"""What every OpenID provider signs with where nothing else was agreed (OIDC Core 15.1)."""


def generate(org_id: str, key_set: str, algorithm: str, *, sealer: Sealer, now_ms: int, common_name: str) -> SigningKey:
    """A new key that signs from ``now_ms``; :func:`rotate` gives it a later start.

    ``common_name`` (1 to 64 characters) is the certificate's subject, for people to recognise it. Takes tenths of a
    second for RSA, so keep it off the event loop. Raises ValueError for an algorithm that is not in ALGORITHMS or an
    unusable name.
    """
    if algorithm not in ALGORITHMS:
        raise ValueError(f"cannot make a key for {algorithm!r}; known: {', '.join(ALGORITHMS)}")
    if not 1 <= len(common_name) <= _COMMON_NAME_CHARS:
        raise ValueError(f"a common name has 1 to {_COMMON_NAME_CHARS} characters (X.520 ub-common-name)")
    row = ALGORITHMS[algorithm]
    jose = row.key_type.generate_key(row.size)
    kid = jose.thumbprint()
    return SigningKey(
        org_id=org_id,
        key_set=key_set,
        kid=kid,
        algorithm=algorithm,
        public_jwk=row.public_jwk(jose, kid),
        certificate_pem=_self_signed(_private(jose), common_name, now_ms).public_bytes(Encoding.PEM),
        sealed_private=sealer.seal(jose.as_der(private=True), context=_context(org_id, key_set, kid)),
        created_at=now_ms,
        signs_from_at=now_ms,
    )


def current(keys: Iterable[SigningKey], now_ms: int, algorithm: str = DEFAULT_ALGORITHM) -> SigningKey:
    """The key to sign with by an algorithm: the newest that has begun. Raises NoSigningKey."""
    signing = [key for key in keys if key.algorithm == algorithm and key.signs(now_ms)]
    if not signing:
        raise NoSigningKey(f"no key of this set may sign now with {algorithm}")
    return max(signing, key=lambda key: (key.signs_from_at, key.kid))


def published(keys: Iterable[SigningKey], now_ms: int) -> tuple[SigningKey, ...]:
    """The keys that verifiers may trust, newest first: the next, the current and the earlier ones until they retire."""
    alive = [key for key in keys if not key.retired(now_ms)]
    return tuple(sorted(alive, key=lambda key: (key.signs_from_at, key.kid), reverse=True))


def algorithms(keys: Iterable[SigningKey], now_ms: int) -> tuple[str, ...]:
    """The algorithms that the set signs with, in the order of ALGORITHMS."""
    signing = {key.algorithm for key in keys if key.signs(now_ms)}
    return tuple(name for name in ALGORITHMS if name in signing)


def jwks(keys: Iterable[SigningKey], now_ms: int) -> dict[str, list[dict[str, str]]]:
    """The key set document of RFC 7517 5: public members only."""
    return {"keys": [dict(key.public_jwk) for key in published(keys, now_ms)]}


def rotate(
    keys: Sequence[SigningKey],
    incoming: SigningKey,
    *,
    now_ms: int,
    keep_ms: int,
    publish_ahead_ms: int = PUBLISH_AHEAD_MS,
) -> tuple[SigningKey, ...]:
    """The plan of a rotation: every key that changes, ``incoming`` first; nothing is written here.

    ``incoming`` is published at once and signs after ``publish_ahead_ms`` (or at once where no key of its algorithm can
    sign: nobody waits for it). The keys of its algorithm that sign today stop then and stay published for another
    ``keep_ms``, which must cover the longest life of a token they signed; those of others go on. Raises
    RotationUnderWay; ValueError for a ``publish_ahead_ms`` below
    PUBLISH_AHEAD_MS, a negative ``keep_ms``, or an ``incoming`` key of another set or already in it.
    """
    _check_incoming(keys, incoming)
    if publish_ahead_ms < PUBLISH_AHEAD_MS or keep_ms < 0:
        raise ValueError(f"publish at least {PUBLISH_AHEAD_MS} ms ahead and keep for a positive time")
    line = [key for key in keys if key.algorithm == incoming.algorithm]
    if any(key.signs_from_at > now_ms and not key.retired(now_ms) for key in line):
        raise RotationUnderWay("a key of this set and algorithm is published and has not begun to sign")
    outgoing = [key for key in line if key.signs(now_ms)]
    starts_at = now_ms + publish_ahead_ms if outgoing else now_ms
    return (
        replace(incoming, signs_from_at=starts_at, signs_until_at=None, retired_at=None),
        *(replace(key, signs_until_at=starts_at, retired_at=starts_at + keep_ms) for key in outgoing),
    )


def emergency(keys: Sequence[SigningKey], incoming: Sequence[SigningKey], *, now_ms: int) -> tuple[SigningKey, ...]:
    """The plan when private keys may be known to others: every other key of the set, waiting ones too, retires at once.

    ``incoming`` are the keys that sign from now on, one for each algorithm. Tokens signed so far stop verifying as soon
    as verifiers fetch the set again, and for up to PUBLISH_AHEAD_MS some verifiers will not know the new keys: both are
    the point. Raises ValueError as :func:`rotate` does.
    """
    for key in incoming:
        _check_incoming(keys, key)
    return (
        *(replace(key, signs_from_at=now_ms, signs_until_at=None, retired_at=None) for key in incoming),
        *(
            replace(key, signs_until_at=min(now_ms, key.signs_until_at or now_ms), retired_at=now_ms)
            for key in keys
            if not key.retired(now_ms)
        ),
    )


def to_stored(key: SigningKey) -> StoredKey:
    """The key as storage keeps it."""
    return StoredKey(
        org_id=key.org_id,
        key_set=key.key_set,
        kid=key.kid,
        algorithm=key.algorithm,
        public_jwk=json.dumps(dict(key.public_jwk), separators=(",", ":")),
        certificate_pem=key.certificate_pem.decode("ascii"),
        sealed_private=key.sealed_private,
        created_at=key.created_at,
        signs_from_at=key.signs_from_at,
        signs_until_at=key.signs_until_at,
        retired_at=key.retired_at,
    )


def from_stored(row: StoredKey) -> SigningKey:
    """The key that :func:`to_stored` made the row from."""
    return SigningKey(
        org_id=row.org_id,
        key_set=row.key_set,
        kid=row.kid,
        algorithm=row.algorithm,
        public_jwk=json.loads(row.public_jwk),
        certificate_pem=row.certificate_pem.encode("ascii"),
        sealed_private=row.sealed_private,
        created_at=row.created_at,
        signs_from_at=row.signs_from_at,
        signs_until_at=row.signs_until_at,
        retired_at=row.retired_at,
    )


@dataclass(frozen=True, slots=True, repr=False)
class _Loaded:
    key: SigningKey
    jose: JoseKey
    certificate: x509.Certificate


class KeyRing:
    """Private keys in memory: each is unsealed once and kept by its kid until :meth:`retain` drops it.

    Safe to share between threads. RSA signing releases the GIL for its whole length, so signing in a thread leaves the
    event loop free; whether to do so is the caller's choice.
    """

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._loaded: dict[str, _Loaded] = {}

    @property
    def sealer(self) -> Sealer:
        """What new private keys are sealed with."""
        return self._sealer

    def load(self, key: SigningKey) -> None:
        """Unseals ``key`` unless that was done before.

        Raises SealBroken where the private half does not open in this row's place or is not the key its kid names.
        """
        loaded = self._loaded.get(key.kid)
        if loaded is None:
            self._loaded[key.kid] = self._unseal(key)
        elif loaded.key is not key and _place(loaded.key) != _place(key):
            # A row copied into another org or set must not borrow what its original has opened (KE-01).
            raise SealBroken("this key belongs to another org, key set or algorithm")

    def retain(self, kids: Collection[str]) -> None:
        """Forgets every key that is not among ``kids``."""
        for kid in list(self._loaded):
            if kid not in kids:
                self._loaded.pop(kid, None)

    def sign_bytes(self, kid: str, data: bytes) -> bytes:
        """The JWS signature (RFC 7518 3, RFC 8037 3.1) of ``data`` by the key's own algorithm. Raises KeyNotLoaded."""
        loaded = self._get(kid)
        return ALGORITHMS[loaded.key.algorithm].model.sign(data, loaded.jose)

    def jose_key(self, kid: str) -> JoseKey:
        """The private key as joserfc takes it. Raises KeyNotLoaded."""
        return self._get(kid).jose

    def private_key(self, kid: str) -> RSAPrivateKey | EllipticCurvePrivateKey:
        """The private key as ``cryptography`` takes it, for XML signatures. Raises KeyNotLoaded; ValueError for a key
        that XML Signature has no algorithm for."""
        private = _private(self._get(kid).jose)
        if isinstance(private, Ed25519PrivateKey):
            raise ValueError("XML signatures are made with RSA or ECDSA")
        return private

    def certificate(self, kid: str) -> x509.Certificate:
        """The key's self-signed certificate. Raises KeyNotLoaded."""
        return self._get(kid).certificate

    def _get(self, kid: str) -> _Loaded:
        try:
            return self._loaded[kid]
        except KeyError:
            raise KeyNotLoaded(f"key {kid} is not loaded") from None

    def _unseal(self, key: SigningKey) -> _Loaded:
        row = ALGORITHMS.get(key.algorithm)
        if row is None:
            raise SealBroken("this key names an algorithm that we do not sign with")
        der = self._sealer.open(key.sealed_private, context=_context(key.org_id, key.key_set, key.kid))
        try:
            jose = row.key_type.import_key(der)
            certificate = x509.load_pem_x509_certificate(key.certificate_pem)
        except (ValueError, JoseError):
            raise SealBroken("the key or its certificate is not of its algorithm's kind") from None
        # Only the private half is authenticated by the seal; what is shown to others must be its counterpart.
        if jose.thumbprint() != key.kid or row.public_jwk(jose, key.kid) != key.public_jwk:
            raise SealBroken("the public key is not the private one's")
        if certificate.public_key() != jose.public_key:
            raise SealBroken("the certificate is of another key")
        return _Loaded(key, jose, certificate)


def _check_incoming(keys: Sequence[SigningKey], incoming: SigningKey) -> None:
    if any((key.org_id, key.key_set) != (incoming.org_id, incoming.key_set) for key in keys):
        raise ValueError("a rotation stays within one key set of one org")
    if any(key.kid == incoming.kid for key in keys):
        raise ValueError("the incoming key is in the set already")


def _place(key: SigningKey) -> tuple[str, str, str]:
    return key.org_id, key.key_set, key.algorithm


def _context(org_id: str, key_set: str, kid: str) -> str:
    return sealing_context(org_id, f"signing_key:{key_set}", kid)


def _private(jose: JoseKey) -> PrivateKey:
    private = jose.private_key
    if not isinstance(private, RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey):
        raise SealBroken("another key was sealed where a private one that signs belongs")
    return private


def _self_signed(private: PrivateKey, common_name: str, now_ms: int) -> x509.Certificate:
    """A certificate that carries a key and nothing else; those who trust it pin it, so it is long-lived."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.fromtimestamp(now_ms // 1000, UTC)
    public = private.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + CERTIFICATE_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(private, None if isinstance(private, Ed25519PrivateKey) else SHA256())
    )
