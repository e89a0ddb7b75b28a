"""Everything that parses, builds, signs or verifies XML. No other module imports an XML library.

The parser is strict rather than forgiving: one encoding, no DOCTYPE, no entities, no processing instructions, no
comments, a size and a depth. What a signature covers is decided by rules that run before any cryptography, and a
verified element is always a fresh parse of the very octets whose digest was compared (SAML Core 5.4).
"""

import copy
import logging
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from cryptography import x509
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureConstructionMethod, SignatureMethod
from signxml.exceptions import InvalidInput, InvalidSignature
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, XMLVerifier

from segue.protocols.saml.keys import SIGNATURE_ALGORITHMS, SignatureRefused, SigningKey, certificates_for

Element: TypeAlias = etree._Element

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"
DS = "http://www.w3.org/2000/09/xmldsig#"
XS = "http://www.w3.org/2001/XMLSchema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

MAX_BYTES = 65536
MAX_DEPTH = 32

_EXC_C14N = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0
_ENVELOPED = SignatureConstructionMethod.enveloped
_INCLUSIVE_NAMESPACES = f"{{{_EXC_C14N.value}}}InclusiveNamespaces"
_SIGNATURE_METHODS = frozenset(map(SignatureMethod, SIGNATURE_ALGORITHMS))
_DIGESTS = frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512})
_DIGEST_URIS = frozenset(digest.value for digest in _DIGESTS)

_DECLARATION = re.compile(
    r"""\A<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"1\.0"|'1\.0')"""
    r"""(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:"(?i:utf-8)"|'(?i:utf-8)'))?"""
    r"""(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*\?>"""
)
_NOT_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 production 2, negated
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")
_NCNAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,255}")
_IDENTIFIER = re.compile(r"[A-Za-z0-9_.:\-]{1,256}")
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# signxml logs every canonicalised document at debug level: a signed assertion is a credential and has no place there.
logging.getLogger("signxml").setLevel(logging.INFO)


class XmlRefused(ValueError):
    """A document that will not be read. The message names the rule it broke, never what the document says."""


def name(namespace: str, local: str) -> str:
    """The expanded name of an element or attribute, as ``tag`` shows it."""
    return f"{{{namespace}}}{local}"


def is_ncname(text: str) -> bool:
    """Whether ``text`` may be an ID of ours: an NCName in ASCII of at most 256 characters."""
    return _NCNAME.fullmatch(text) is not None


def is_identifier(text: str) -> bool:
    """Whether ``text`` is taken for the ID of a message from outside: the characters of an NCName in any order.

    The schema wants a letter first, but service providers that draw base64url at random do not keep to it.
    """
    return _IDENTIFIER.fullmatch(text) is not None


def element(
    tag: str, attributes: Mapping[str, str] | None = None, text: str | None = None, *, prefixes: Mapping[str, str]
) -> Element:
    """A new root with its namespace ``prefixes``. Raises ValueError for text that XML 1.0 cannot carry (SA-13)."""
    made = etree.Element(tag, _legal_attributes(attributes), nsmap=dict(prefixes))
    made.text = _legal_text(text, tag)
    return made


def child(
    parent: Element,
    tag: str,
    attributes: Mapping[str, str] | None = None,
    text: str | None = None,
    *,
    prefixes: Mapping[str, str] | None = None,
) -> Element:
    """A new last child of ``parent``. Raises ValueError for text that XML 1.0 cannot carry (SA-13)."""
    made = etree.SubElement(parent, tag, _legal_attributes(attributes), nsmap=dict(prefixes) if prefixes else None)
    made.text = _legal_text(text, tag)
    return made


def _legal_attributes(attributes: Mapping[str, str] | None) -> dict[str, str]:
    pairs = attributes or {}
    for key, value in pairs.items():
        _legal_text(value, key)
    return dict(pairs)


def _legal_text(text: str | None, where: str) -> str | None:
    if text is not None and _NOT_XML.search(text):
        raise ValueError(f"{where} holds a character that XML 1.0 cannot carry")
    return text


def text_of(node: Element) -> str:
    """The text of an element that holds text alone. Raises XmlRefused where it holds elements."""
    if len(node):
        raise XmlRefused("an element that should hold text holds elements")
    return node.text or ""


def read_instant(text: str) -> int:
    """Epoch milliseconds of an xs:dateTime in UTC, the only form that SAML Core 1.3.3 allows. Raises XmlRefused."""
    parts = _INSTANT.fullmatch(text)
    if parts is None:
        raise XmlRefused("a time is not an xs:dateTime in UTC")
    try:
        seconds = datetime.fromisoformat(parts[1]).replace(tzinfo=UTC)
    except ValueError as error:
        raise XmlRefused("a time is not an xs:dateTime in UTC") from error
    return (seconds - _EPOCH) // timedelta(milliseconds=1) + int((parts[2] or "0").ljust(3, "0")[:3])


def write_instant(instant_at: int) -> str:
    """Epoch milliseconds as an xs:dateTime in UTC with milliseconds."""
    moment = _EPOCH + timedelta(milliseconds=instant_at)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{instant_at % 1000:03d}Z"


def serialise(root: Element) -> bytes:
    """The document as UTF-8 with an XML declaration; no white space is added, so signatures stay valid."""
    return b'<?xml version="1.0" encoding="UTF-8"?>' + etree.tostring(root, encoding="utf-8")


def parse(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Element:
    """The root of an outside document (SA-01). Raises XmlRefused.

    UTF-8 alone, at most ``max_bytes`` octets and ``max_depth`` nested elements. ``<!`` and ``<?`` begin nothing but
    DOCTYPE, CDATA, comments and processing instructions, so looking for the two refuses all of them before the parser
    sees a byte; comments in particular would cut a NameID in two.
    """
    if len(data) > max_bytes:
        raise XmlRefused(f"the document is longer than {max_bytes} bytes")
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise XmlRefused("the document is not UTF-8") from error
    body = _DECLARATION.sub("", text, count=1)
    if "<!" in body or "<?" in body:
        raise XmlRefused("the document holds a DOCTYPE, CDATA, comment or processing instruction")
    if _ENTITY.search(body):
        raise XmlRefused("the document holds an entity that XML does not define itself")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=False,
    )
    try:
        root = etree.fromstring(body.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise XmlRefused("the document is not well-formed XML") from error
    _check_shape(root, max_depth)
    return root


def _check_shape(root: Element, max_depth: int) -> None:
    depth = 0
    for event, node in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        if event in ("comment", "pi") or not isinstance(node.tag, str):
            raise XmlRefused("the document holds something other than elements and text")
        depth += 1 if event == "start" else -1
        if depth > max_depth:
            raise XmlRefused(f"the document is nested deeper than {max_depth} elements")


def sign_enveloped(root: Element, key: SigningKey, *, id_attribute: str = "ID", last: bool = False) -> Element:
    """A copy of ``root`` with an enveloped signature over its own ID; ``root`` itself is left as it was.

    The signature follows the Issuer, where the SAML 2.0 schemas want it, or comes first in an element without one
    (metadata), or with ``last`` behind everything (SAML 1.1, whose ID is in ``AssertionID``). Exclusive
    canonicalisation; the certificate is in KeyInfo. Raises ValueError where ``root`` has no ID, has a parent, or is
    signed already.
    """
    if not is_ncname(root.get(id_attribute, "")):
        raise ValueError("only an element with an ID can be signed")
    if root.getparent() is not None or root.find(name(DS, "Signature")) is not None:
        raise ValueError("only an unsigned root can be signed")
    position = len(root) if last else 1 if len(root) and root[0].tag == name(SAML, "Issuer") else 0
    place = etree.Element(name(DS, "Signature"), {"Id": "placeholder"}, nsmap={"ds": DS})
    root.insert(position, place)
    signer = XMLSigner(
        method=_ENVELOPED,
        signature_algorithm=SignatureMethod(key.algorithm),
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=_EXC_C14N,
    )
    signer.namespaces = {"ds": DS}
    try:
        # The reference is named: without it the library signs "the whole document" where it does not know the
        # attribute, and the signature is void as soon as the element stands in another one.
        signed: Element = signer.sign(
            root,
            key=key.private_key,
            cert=[key.certificate],
            reference_uri=f"#{root.get(id_attribute)}",
            id_attribute=id_attribute,
        )
    finally:
        root.remove(place)
    return signed


def verify_enveloped(root: Element, certificates: Iterable[str]) -> Element:
    """The element that the enveloped signature of ``root`` covers, freshly parsed, without the signature.

    ``certificates`` are PEM and the only source of keys: what the message says about keys is dropped unread (SA-09).
    They are containers of keys; their dates are not judged (SAML Metadata Interoperability 2.6.1). Use nothing but what
    is returned. Raises SignatureRefused.
    """
    algorithm = _check_signature(root)
    candidates = certificates_for(algorithm, certificates)
    bare = _without_key_info(root)
    for certificate in candidates:
        signed = _signed_octets(bare, certificate)
        if signed is None:
            continue
        verified = parse(signed)
        if verified.tag != root.tag or verified.get("ID") != root.get("ID"):
            raise SignatureRefused("the signature covers something other than the root")
        return verified
    raise SignatureRefused("the signature does not verify with any registered certificate")


def _without_key_info(root: Element) -> Element:
    bare = copy.deepcopy(root)
    for signature in bare.findall(name(DS, "Signature")):
        for key_info in signature.findall(name(DS, "KeyInfo")):
            signature.remove(key_info)
    return bare


def _signed_octets(root: Element, certificate: x509.Certificate) -> bytes | None:
    """The canonical octets under the signature, or None where it was not made with this certificate's key."""
    config = SignatureConfiguration(
        location="./",
        signature_methods=_SIGNATURE_METHODS,
        digest_algorithms=_DIGESTS,
        verification_time=certificate.not_valid_before_utc,
    )
    try:
        result = XMLVerifier().verify(root, x509_cert=certificate, id_attribute="ID", expect_config=config)
    except InvalidSignature:
        return None
    except (InvalidInput, etree.LxmlError, ValueError) as error:
        raise SignatureRefused("the signature is malformed") from error
    if isinstance(result, list):
        raise SignatureRefused("the signature covers more than one element")
    return result.signed_data


def _check_signature(root: Element) -> str | None:
    """The strict rules (SA-08, SA-10), before any digest is computed; gives the algorithm's URI."""
    identifier = root.get("ID", "")
    if root.getparent() is not None or not is_identifier(identifier):
        raise SignatureRefused("the signed element is not a document of its own with an ID")
    _check_unique_ids(root)
    signatures = list(root.iter(name(DS, "Signature")))
    if len(signatures) != 1 or signatures[0].getparent() is not root:
        raise SignatureRefused("there must be exactly one signature, directly under the root")
    parts = list(signatures[0])
    if [part.tag for part in parts[:2]] != [name(DS, "SignedInfo"), name(DS, "SignatureValue")] or [
        part.tag for part in parts[2:]
    ] not in ([], [name(DS, "KeyInfo")]):
        raise SignatureRefused("the signature holds more or less than SignedInfo, SignatureValue and KeyInfo")
    c14n, method, reference = _exactly(parts[0], "CanonicalizationMethod", "SignatureMethod", "Reference")
    _check_c14n(c14n)
    if reference.get("URI") != f"#{identifier}":
        raise SignatureRefused("the signature refers to something other than the root")
    transforms, digest, value = _exactly(reference, "Transforms", "DigestMethod", "DigestValue")
    enveloped, exclusive = _exactly(transforms, "Transform", "Transform")
    if enveloped.get("Algorithm") != _ENVELOPED.value or len(enveloped):
        raise SignatureRefused("the first transform must be the enveloped signature")
    _check_c14n(exclusive)
    if digest.get("Algorithm") not in _DIGEST_URIS or len(digest):
        raise SignatureRefused("the digest algorithm is not allowed")
    if not text_of(value) or not text_of(parts[1]) or len(method):
        raise SignatureRefused("the signature is incomplete")
    return method.get("Algorithm")


def _check_unique_ids(root: Element) -> None:
    """No two elements share an identifier, whatever the case or namespace of the attribute that holds it."""
    seen: set[str] = set()
    for node in root.iter():
        for key, value in node.attrib.items():
            if etree.QName(key).localname.lower() != "id":
                continue
            if value in seen:
                raise SignatureRefused("two elements have the same ID")
            seen.add(value)


def _exactly(parent: Element, *locals_: str) -> list[Element]:
    children = list(parent)
    if [node.tag for node in children] != [name(DS, local) for local in locals_]:
        raise SignatureRefused(f"{etree.QName(parent).localname} must hold exactly {', '.join(locals_)}")
    return children


def _check_c14n(node: Element) -> None:
    if node.get("Algorithm") != _EXC_C14N.value:
        raise SignatureRefused("only exclusive canonicalisation without comments is allowed")
    if len(node) > 1 or any(inner.tag != _INCLUSIVE_NAMESPACES or len(inner) for inner in node):
        raise SignatureRefused("canonicalisation takes no parameter but InclusiveNamespaces")
