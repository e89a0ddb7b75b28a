"""What the SAML tests share: keys, messages written by hand, and a signer that can be told to sign wrongly.

Nothing here uses Segue's own code to make a message or a signature, so that a test never judges Segue by itself.
"""

import base64
import subprocess
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha1, sha256
from pathlib import Path
from urllib.parse import quote_plus

import saml2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
DS = "http://www.w3.org/2000/09/xmldsig#"
NS = {"samlp": SAMLP, "saml": SAML, "ds": DS, "md": "urn:oasis:names:tc:SAML:2.0:metadata"}

IDP_ENTITY = "https://idp.example/entity"
SSO_URL = "https://idp.example/app/portal/sso/saml"
SP_ENTITY = "https://sp.example/metadata"
ACS = "https://sp.example/acs"
OTHER_ACS = "https://sp.example/acs/second"
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"

EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = DS + "enveloped-signature"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
RSA_SHA1 = DS + "rsa-sha1"
HMAC_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
SHA1 = DS + "sha1"

XMLSEC1 = "/usr/bin/xmlsec1"
SCHEMAS = Path(saml2.__file__).parent / "data" / "schemas"


@dataclass(frozen=True)
class KeyPair:
    """A private key with its self-signed certificate, both also as PEM."""

    private_key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def private_pem(self) -> bytes:
        return self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()


def key_pair(
    private_key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, *, expired: bool = False, name: str = "test"
) -> KeyPair:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    start, end = (now - timedelta(days=9), now - timedelta(days=1)) if expired else (now, now + timedelta(days=9))
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )
    return KeyPair(private_key, builder.sign(private_key, hashes.SHA256()))


@cache
def rsa_pair(name: str) -> KeyPair:
    """An RSA 2048 key pair, the same for the same name throughout the run."""
    return key_pair(rsa.generate_private_key(65537, 2048), name=name)


@cache
def ec_pair(name: str) -> KeyPair:
    """A P-256 key pair, the same for the same name throughout the run."""
    return key_pair(ec.generate_private_key(ec.SECP256R1()), name=name)


def instant(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at % 1000:03d}Z"


def authn_request(
    *, at: int, attributes: str = "", body: str = "", issuer: str = SP_ENTITY, identifier: str = "_request1"
) -> str:
    """An AuthnRequest as text; ``attributes`` and ``body`` are put in as they are."""
    return (
        f'<samlp:AuthnRequest xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="{identifier}" Version="2.0" '
        f'IssueInstant="{instant(at)}" {attributes}><saml:Issuer>{issuer}</saml:Issuer>{body}</samlp:AuthnRequest>'
    )


def b64(data: bytes | str) -> str:
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def deflated(document: bytes | str) -> str:
    """The ``SAMLRequest`` value of the redirect binding, before it is escaped."""
    compressor = zlib.compressobj(wbits=-15)
    data = document.encode() if isinstance(document, str) else document
    return b64(compressor.compress(data) + compressor.flush())


def raw_sign(pair: KeyPair, octets: bytes, algorithm: str = RSA_SHA256) -> bytes:
    """A signature value as XML Signature defines it, also with algorithms that nobody should accept."""
    key = pair.private_key
    if isinstance(key, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(key.sign(octets, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    if algorithm == HMAC_SHA256:  # the certificate, which everybody has, used as the secret
        from cryptography.hazmat.primitives.hmac import HMAC

        mac = HMAC(pair.pem.encode(), hashes.SHA256())
        mac.update(octets)
        return mac.finalize()
    return key.sign(octets, padding.PKCS1v15(), hashes.SHA1() if algorithm == RSA_SHA1 else hashes.SHA256())


def redirect_query(
    pair: KeyPair, saml_request: str, relay_state: str | None = "/deep?a=b&c", algorithm: str = RSA_SHA256
) -> bytes:
    """A query signed as SAML Bindings 3.4.4.1 says."""
    signed = f"SAMLRequest={quote_plus(saml_request)}"
    if relay_state is not None:
        signed += f"&RelayState={quote_plus(relay_state)}"
    signed += f"&SigAlg={quote_plus(algorithm)}"
    return f"{signed}&Signature={quote_plus(b64(raw_sign(pair, signed.encode(), algorithm)))}".encode()


def c14n(node: etree._Element, prefixes: tuple[str, ...] = ()) -> bytes:
    return etree.tostring(node, method="c14n", exclusive=True, inclusive_ns_prefixes=prefixes)


def signed(
    document: str,
    pair: KeyPair,
    *,
    algorithm: str = RSA_SHA256,
    digest: str = SHA256,
    c14n_method: str = EXC_C14N,
    transforms: tuple[str, ...] = (
        f'<ds:Transform Algorithm="{ENVELOPED}"/>',
        f'<ds:Transform Algorithm="{EXC_C14N}"/>',
    ),
    uri: str | None = None,
    key_info: KeyPair | None = None,
    position: int = 1,
    prefixes: tuple[str, ...] = (),
) -> etree._Element:
    """``document`` with an enveloped signature; every argument can be made to break a rule."""
    root = etree.fromstring(document)
    hasher = sha1 if digest == SHA1 else sha256
    reference = f"#{root.get('ID')}" if uri is None else uri
    certificate = (key_info or pair).certificate.public_bytes(Encoding.DER)
    signature = etree.fromstring(
        f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{c14n_method}"/>'
        f'<ds:SignatureMethod Algorithm="{algorithm}"/><ds:Reference URI="{reference}">'
        f'<ds:Transforms>{"".join(transforms)}</ds:Transforms><ds:DigestMethod Algorithm="{digest}"/>'
        f"<ds:DigestValue>{b64(hasher(c14n(root, prefixes)).digest())}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
        "<ds:SignatureValue/><ds:KeyInfo><ds:X509Data>"
        f"<ds:X509Certificate>{b64(certificate)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>"
    )
    signature[1].text = b64(raw_sign(pair, c14n(signature[0]), algorithm))
    root.insert(position, signature)
    return root


def xmlsec1_verifies(document: bytes, pair: KeyPair, folder: Path, *, of: str) -> bool:
    """Whether the xmlsec1 program finds the signature directly under the first element named ``of`` valid."""
    file, certificate = folder / "document.xml", folder / "certificate.pem"
    file.write_bytes(document)
    certificate.write_text(pair.pem)
    command = [XMLSEC1, "--verify", "--pubkey-cert-pem", str(certificate)]
    for tag in (f"{SAMLP}:Response", f"{SAML}:Assertion", f"{SAMLP}:AuthnRequest"):
        command += ["--id-attr:ID", tag]
    command += ["--node-xpath", f"//*[local-name()='{of}']/*[local-name()='Signature']", str(file)]
    return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0
