"""Takes a SAML message out of its carrier: the HTTP-Redirect and HTTP-POST bindings (SAML Bindings 3.4 and 3.5).

Both give the octets of one XML document and nothing about its meaning. Everything that cannot be read is a
:class:`~segue.core.refusal.Refusal` with the reason ``saml_message_malformed`` or ``saml_signature_invalid``.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from segue.core.refusal import Refusal
from segue.core.strict import Malformed, Params, raw_pairs, read_base64, read_query
from segue.core.verdict import Check, Verdict
from segue.protocols.saml.keys import SignatureRefused, verify_detached

MAX_MESSAGE_CHARS = 90_000  # base64 of the longest document that xml.parse takes, with line breaks
MAX_INFLATED_BYTES = 262_144
MAX_RELAY_STATE_BYTES = 2048

_DEFLATE = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"
_MESSAGES = ("SAMLRequest", "SAMLResponse", "SAMLart")
_OURS = (*_MESSAGES, "RelayState", "SigAlg", "Signature", "SAMLEncoding")


@dataclass(frozen=True, slots=True)
class RedirectMessage:
    """What a query of the HTTP-Redirect binding carries, decoded once.

    ``saml_request`` is base64 text, None where the query carries no request at all. ``signed`` is true only where the
    signature was verified over the octets that these very values came from.
    """

    saml_request: str | None
    relay_state: str | None
    signed: bool


def malformed(rule: str, mend: str) -> Refusal:
    """The refusal of a message that cannot be read; ``rule`` says which rule it broke, never what it holds."""
    check = Check("saml_message", passed=False, expected="a SAML 2.0 message", seen=rule, mend=mend)
    return Refusal("saml_message_malformed", "The SAML message cannot be read.", Verdict((check,), "saml_message"))


def signature_invalid(rule: str) -> Refusal:
    """The refusal of a message whose signature does not hold."""
    mend = "Register the certificate that the service provider signs with, and sign with SHA-256 or longer."
    check = Check("saml_signature", passed=False, expected="a valid signature", seen=rule, mend=mend)
    public = "The signature of the SAML message does not hold."
    return Refusal("saml_signature_invalid", public, Verdict((check,), "saml_signature"))


def open_redirect(raw_query: bytes, certificates: Sequence[str] = ()) -> RedirectMessage:
    """Reads and verifies a query of the HTTP-Redirect binding as it stood on the wire (SA-07).

    The signature is checked over the original, still escaped octets (Bindings 3.4.4.1) and the values that come back
    are decoded from the same octets. Each SAML parameter may occur once, spelled plainly; parameters of others are left
    alone. A signature is verified whenever ``certificates`` (PEM) are registered, and counts for nothing without them.
    Raises Refusal.
    """
    try:
        params = read_query(raw_query, value_limits={"SAMLRequest": MAX_MESSAGE_CHARS})
        raw = _raw_once(raw_query, params)
    except Malformed as error:
        raise malformed(str(error), "Send each SAML parameter once, correctly escaped.") from error
    if "SAMLResponse" in raw or "SAMLart" in raw:
        raise malformed("another message stands where a request belongs", "Send a SAMLRequest alone.")
    if params.get("SAMLEncoding") not in (None, _DEFLATE):
        raise malformed("the encoding is not DEFLATE", "Use the DEFLATE encoding or leave SAMLEncoding out.")
    if ("Signature" in raw) != ("SigAlg" in raw) or ("Signature" in raw and "SAMLRequest" not in raw):
        raise malformed("Signature, SigAlg and SAMLRequest are incomplete", "Send all three or SAMLRequest alone.")
    signed = "Signature" in raw and bool(certificates)
    if signed:
        _verify(raw, params, certificates)
    return RedirectMessage(params.get("SAMLRequest"), read_relay_state(params.get("RelayState")), signed)


def _raw_once(raw_query: bytes, params: Params) -> dict[str, str]:
    """The escaped values of the SAML parameters by name. Raises Malformed for one repeated or with an escaped name."""
    raw = [(name, value) for name, value in raw_pairs(raw_query) if name in _OURS]
    if sorted(name for name, _ in raw) != sorted(name for name in _OURS if params.get(name) is not None):
        raise Malformed("a SAML parameter hides behind escapes in its name")
    return dict(raw)


def _verify(raw: dict[str, str], params: Params, certificates: Sequence[str]) -> None:
    octets = "&".join(f"{name}={raw[name]}" for name in ("SAMLRequest", "RelayState", "SigAlg") if name in raw)
    try:
        signature = read_base64(params.get("Signature") or "", max_chars=2048, allow_line_breaks=True)
        verify_detached(octets.encode("ascii"), signature, params.get("SigAlg") or "", certificates)
    except (Malformed, SignatureRefused) as error:
        raise signature_invalid(str(error)) from error


def read_relay_state(text: str | None) -> str | None:
    """RelayState as it came, which is how it goes back. Raises Refusal where it is longer than 2048 bytes (SA-14)."""
    if text is not None and len(text.encode()) > MAX_RELAY_STATE_BYTES:
        raise malformed("RelayState is longer than 2048 bytes", "Keep the state yourself and send a short key to it.")
    return text


def inflate_message(saml_request: str) -> bytes:
    """The document of the HTTP-Redirect binding: base64, then raw DEFLATE (Bindings 3.4.4.1).

    Inflating stops at 256 KiB, whatever the input promises, and the stream must end where the input ends (SA-02).
    Raises Refusal.
    """
    data = _from_base64(saml_request)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        document = inflater.decompress(data, MAX_INFLATED_BYTES)
    except zlib.error as error:
        raise malformed("the message is not raw DEFLATE", "Compress the message without a zlib header.") from error
    if not inflater.eof or inflater.unused_data or inflater.unconsumed_tail:
        raise malformed("the compressed message is too long, cut off or followed by other data", "Send one message.")
    return document


def post_message(saml_request: str) -> bytes:
    """The document of the HTTP-POST binding: base64, line breaks allowed (Bindings 3.5.4). Raises Refusal."""
    return _from_base64(saml_request)


def _from_base64(text: str) -> bytes:
    try:
        return read_base64(text, max_chars=MAX_MESSAGE_CHARS, allow_line_breaks=True)
    except Malformed as error:
        raise malformed(str(error), "Encode the message in standard base64.") from error
