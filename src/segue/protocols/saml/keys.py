"""The keys that sign SAML messages and the certificates that verify them, with the algorithms that are allowed (SA-09).

Algorithms are named by their XML Signature URI, as messages name them: RSA and ECDSA with SHA-256 or longer.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

MIN_RSA_BITS = 2048

_ALGORITHMS = "http://www.w3.org/2001/04/xmldsig-more#"
RSA_SHA256 = f"{_ALGORITHMS}rsa-sha256"
ECDSA_SHA256 = f"{_ALGORITHMS}ecdsa-sha256"
ECDSA_SHA384 = f"{_ALGORITHMS}ecdsa-sha384"
ECDSA_SHA512 = f"{_ALGORITHMS}ecdsa-sha512"
_RSA: Mapping[str, Callable[[], hashes.HashAlgorithm]] = {
    RSA_SHA256: hashes.SHA256,
    f"{_ALGORITHMS}rsa-sha384": hashes.SHA384,
    f"{_ALGORITHMS}rsa-sha512": hashes.SHA512,
}
_ECDSA: Mapping[str, Callable[[], hashes.HashAlgorithm]] = {
    ECDSA_SHA256: hashes.SHA256,
    ECDSA_SHA384: hashes.SHA384,
    ECDSA_SHA512: hashes.SHA512,
}
SIGNATURE_ALGORITHMS = frozenset({*_RSA, *_ECDSA})
_ALGORITHM_OF_CURVE = {"secp256r1": ECDSA_SHA256, "secp384r1": ECDSA_SHA384, "secp521r1": ECDSA_SHA512}


class SignatureRefused(ValueError):
    """A signature that does not hold, or that does not cover what it has to cover. The message names the rule."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key with its certificate, loaded once and shared by every signature.

    ``algorithm`` follows from the key: RSA signs with SHA-256, an elliptic curve with the hash of its own strength.
    Raises ValueError where the two do not belong together, an RSA key is shorter than 2048 bits, or the curve is not
    P-256, P-384 or P-521.
    """

    private_key: PrivateKey = field(repr=False)
    certificate: x509.Certificate
    algorithm: str = field(init=False)

    def __post_init__(self) -> None:
        if self.private_key.public_key() != self.certificate.public_key():
            raise ValueError("the certificate is not for this private key")
        object.__setattr__(self, "algorithm", _algorithm_for(self.private_key))

    @classmethod
    def from_pem(cls, private_key_pem: bytes, certificate_pem: bytes) -> "SigningKey":
        """From an unencrypted PEM private key and a PEM certificate. Raises ValueError where either cannot be used."""
        private_key = load_pem_private_key(private_key_pem, password=None)
        if not isinstance(private_key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise ValueError("a SAML signing key is RSA or elliptic curve")
        return cls(private_key, x509.load_pem_x509_certificate(certificate_pem))


def _algorithm_for(key: PrivateKey) -> str:
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size < MIN_RSA_BITS:
            raise ValueError("an RSA signing key has at least 2048 bits")
        return RSA_SHA256
    if key.curve.name not in _ALGORITHM_OF_CURVE:
        raise ValueError("an elliptic curve signing key is on P-256, P-384 or P-521")
    return _ALGORITHM_OF_CURVE[key.curve.name]


def certificate_text(certificate: x509.Certificate) -> str:
    """The certificate as ds:X509Certificate carries it: base64 of its DER form, on one line."""
    return b64encode(certificate.public_bytes(Encoding.DER)).decode("ascii")


def certificates_for(algorithm: str | None, certificates: Iterable[str]) -> list[x509.Certificate]:
    """The registered PEM certificates whose key can make a signature of this algorithm, in their order.

    Raises SignatureRefused where the algorithm is not allowed, a certificate cannot be read, an RSA key is too short,
    or nothing fits: a signature that nobody could have made is never skipped.
    """
    if algorithm not in SIGNATURE_ALGORITHMS:
        raise SignatureRefused("the signature algorithm is not allowed")
    wanted = rsa.RSAPublicKey if algorithm in _RSA else ec.EllipticCurvePublicKey
    fitting = [cert for cert in map(_load, certificates) if isinstance(cert.public_key(), wanted)]
    if not fitting:
        raise SignatureRefused("no registered certificate fits the signature algorithm")
    return fitting


def _load(pem: str) -> x509.Certificate:
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        key = certificate.public_key()
    except ValueError as error:
        raise SignatureRefused("a registered certificate cannot be read") from error
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < MIN_RSA_BITS:
        raise SignatureRefused("a registered certificate has an RSA key of less than 2048 bits")
    return certificate


def verify_detached(octets: bytes, signature: bytes, algorithm: str, certificates: Iterable[str]) -> None:
    """Verifies the signature of the HTTP-Redirect binding over ``octets`` (SAML Bindings 3.4.4.1).

    ``certificates`` are PEM. An ECDSA signature is r and s side by side (XML Signature 1.1, 6.4.3) or their DER form,
    which Java's signer makes. Raises SignatureRefused.
    """
    for certificate in certificates_for(algorithm, certificates):
        key = certificate.public_key()
        try:
            if isinstance(key, rsa.RSAPublicKey):
                key.verify(signature, octets, padding.PKCS1v15(), _RSA[algorithm]())
                return
            if isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(_der(signature, key.key_size), octets, ec.ECDSA(_ECDSA[algorithm]()))
                return
        except InvalidSignature:
            continue
    raise SignatureRefused("the signature does not verify with any registered certificate")


def _der(signature: bytes, key_bits: int) -> bytes:
    half = (key_bits + 7) // 8
    if len(signature) != 2 * half:
        return signature
    return encode_dss_signature(int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))
