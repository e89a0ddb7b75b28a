"""A certificate authority for one machine, and a server certificate by it: for ``--tls``."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from segue.demo.trouble import Trouble

_LIFE: Final = timedelta(days=365)
_RENEW_BEFORE: Final = timedelta(days=30)
_SKEW: Final = timedelta(hours=1)
_NAMES: Final = (
    x509.DNSName("localhost"),
    x509.IPAddress(ip_address("127.0.0.1")),
    x509.IPAddress(ip_address("::1")),
)
_PERMITTED: Final = (
    x509.DNSName("localhost"),
    x509.IPAddress(ip_network("127.0.0.1/32")),
    x509.IPAddress(ip_network("::1/128")),
)


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files: the CA's certificate, the server's with its chain, and the server's key."""

    ca: Path
    server: Path
    key: Path


def ensure_certificates(folder: Path) -> Certificates:
    """The certificates in ``folder``, made where they are missing or end soon. Raises Trouble.

    The CA's private key is thrown away as soon as it has signed: nobody can make it vouch for anything else.
    """
    files = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    try:
        if not _usable(files):
            folder.mkdir(mode=0o700, exist_ok=True)
            _make(files)
    except OSError as error:
        raise Trouble(f"The certificates of --tls cannot be written to {folder} ({error.strerror or error}).") from None
    return files


def _usable(files: Certificates) -> bool:
    if not (files.ca.exists() and files.server.exists() and files.key.exists()):
        return False
    try:
        certificate = x509.load_pem_x509_certificate(files.server.read_bytes())
    except ValueError:
        return False
    return certificate.not_valid_after_utc - _RENEW_BEFORE > datetime.now(UTC)


def _make(files: Certificates) -> None:
    ca_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Segue demo CA (this machine only)")])
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    ca = (
        _builder(ca_name, ca_name, ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        # Even a browser that trusts this CA believes it about this machine alone.
        .add_extension(x509.NameConstraints(_PERMITTED, None), critical=True)
        .sign(ca_key, SHA256())
    )
    server = (
        _builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]), ca_name, server_key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(_NAMES), critical=False)
        .add_extension(authority, critical=False)
        .sign(ca_key, SHA256())
    )
    files.key.touch(mode=0o600)
    files.key.write_bytes(server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    files.server.write_bytes(server.public_bytes(Encoding.PEM))
    files.ca.write_bytes(ca.public_bytes(Encoding.PEM))


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
