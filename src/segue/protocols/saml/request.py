"""The AuthnRequest: reading it (SAML Core 3.4.1) and judging it against what is registered (SAML Profiles 4.1.4.1).

Reading refuses what cannot be understood. Judging lists every check in a Verdict; unless all of them pass no response
may be sent anywhere, because the address to send it to is one of the things being checked.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from segue.core.verdict import Check, Verdict
from segue.protocols.saml.binding import inflate_message, malformed, post_message, signature_invalid
from segue.protocols.saml.keys import SignatureRefused
from segue.protocols.saml.xml import (
    DS,
    SAML,
    SAMLP,
    Element,
    XmlRefused,
    is_identifier,
    name,
    parse,
    read_instant,
    text_of,
    verify_enveloped,
)

POST_BINDING = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
REDIRECT_BINDING = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
ENTITY_FORMAT = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
EMAIL_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"

MAX_AGE_MS = 600_000
MAX_SKEW_MS = 180_000
MAX_URI_CHARS = 2048
MAX_CONTEXTS = 16

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_COMPARISONS = ("exact", "minimum", "maximum", "better")
_CHILDREN = frozenset(
    {name(SAML, "Issuer"), name(DS, "Signature"), name(SAML, "Subject"), name(SAML, "Conditions")}
    | {name(SAMLP, local) for local in ("Extensions", "NameIDPolicy", "RequestedAuthnContext", "Scoping")}
)


@dataclass(frozen=True, slots=True)
class ServiceProvider:
    """A relying party as it is registered; nothing here comes from its messages.

    ``acs_urls`` are absolute http(s) addresses, the default first; an index in a request counts from 0.
    ``certificates`` are PEM and verify its requests. ``audience`` is the entity id where it is left empty. At least one
    of ``sign_response`` and ``sign_assertion`` is set. Raises ValueError for a registration that breaks these rules.
    """

    entity_id: str
    acs_urls: tuple[str, ...]
    want_signed_requests: bool = False
    certificates: tuple[str, ...] = ()
    name_id_format: str = EMAIL_FORMAT
    sign_response: bool = True
    sign_assertion: bool = True
    audience: str = ""
    lifetime_s: int = 300

    def __post_init__(self) -> None:
        if not self.entity_id or not self.acs_urls:
            raise ValueError("a service provider has an entity id and at least one ACS URL")
        if not all(url.startswith(("https://", "http://")) for url in self.acs_urls):
            raise ValueError("an ACS URL is an absolute http or https address")
        if not self.sign_response and not self.sign_assertion:
            raise ValueError("a response without any signature proves nothing")
        if self.lifetime_s <= 0:
            raise ValueError("an assertion lives longer than nothing")


@dataclass(frozen=True, slots=True)
class RequestedAuthnContext:
    """How strongly the user must be authenticated (Core 3.3.2.2.1).

    ``class_refs`` is empty where the service provider asks for declarations alone, which is a wish nobody can meet.
    """

    class_refs: tuple[str, ...]
    comparison: str = "exact"


@dataclass(frozen=True, slots=True)
class AuthnRequest:
    """An AuthnRequest as it was read, nothing of it believed but what ``signed`` covers.

    ``issue_instant_at`` is epoch milliseconds. ``signed`` is true where the signature was verified and covers all of
    this. ``subject`` is the NameID that the service provider wants an assertion about, if it says so.
    """

    id: str
    version: str
    issuer: str
    issue_instant_at: int
    acs_url: str | None = None
    acs_index: int | None = None
    protocol_binding: str | None = None
    destination: str | None = None
    force_authn: bool = False
    is_passive: bool = False
    requested_authn_context: RequestedAuthnContext | None = None
    name_id_format: str | None = None
    allow_create: bool = False
    subject: str | None = None
    signed: bool = False

    @property
    def replay_until_at(self) -> int:
        """Until when the ID must be remembered: after that, age alone refuses the request (SA-11)."""
        return self.issue_instant_at + MAX_AGE_MS


def read_redirect(saml_request: str, *, signed: bool = False) -> AuthnRequest:
    """The request of a query that :func:`~segue.protocols.saml.binding.open_redirect` opened.

    ``signed`` is what that function found. A signature inside the document counts for nothing in this binding
    (Bindings 3.4.4.1). Raises Refusal.
    """
    return _read(inflate_message(saml_request), (), signed=signed)


def read_post(saml_request: str, certificates: Sequence[str] = ()) -> AuthnRequest:
    """The request of the ``SAMLRequest`` form field.

    Its signature is verified where ``certificates`` (PEM) are registered. Raises Refusal.
    """
    return _read(post_message(saml_request), certificates, signed=False)


def _read(document: bytes, certificates: Sequence[str], *, signed: bool) -> AuthnRequest:
    try:
        root = parse(document)
        if certificates and next(root.iter(name(DS, "Signature")), None) is not None:
            root, signed = verify_enveloped(root, certificates), True
        return _authn_request(root, signed)
    except SignatureRefused as error:
        raise signature_invalid(str(error)) from error
    except XmlRefused as error:
        raise malformed(str(error), "Send an AuthnRequest that follows the SAML 2.0 schema.") from error


def _authn_request(root: Element, signed: bool) -> AuthnRequest:
    if root.tag != name(SAMLP, "AuthnRequest"):
        raise XmlRefused("the message is not an AuthnRequest")
    identifier = root.get("ID", "")
    if not is_identifier(identifier):
        raise XmlRefused("the request has no ID, or one that no name could be")
    children = _children(root)
    policy = children.get(name(SAMLP, "NameIDPolicy"))
    return AuthnRequest(
        id=identifier,
        version=_attribute(root, "Version") or "",
        issuer=_issuer(children.get(name(SAML, "Issuer"))),
        issue_instant_at=read_instant(_attribute(root, "IssueInstant") or ""),
        acs_url=_attribute(root, "AssertionConsumerServiceURL"),
        acs_index=_index(_attribute(root, "AssertionConsumerServiceIndex")),
        protocol_binding=_attribute(root, "ProtocolBinding"),
        destination=_attribute(root, "Destination"),
        force_authn=_boolean(root, "ForceAuthn"),
        is_passive=_boolean(root, "IsPassive"),
        requested_authn_context=_context(children.get(name(SAMLP, "RequestedAuthnContext"))),
        name_id_format=None if policy is None else _attribute(policy, "Format"),
        allow_create=policy is not None and _boolean(policy, "AllowCreate"),
        subject=_subject(children.get(name(SAML, "Subject"))),
        signed=signed,
    )


def _children(root: Element) -> dict[str, Element]:
    children: dict[str, Element] = {}
    for node in root:
        if node.tag not in _CHILDREN or node.tag in children:
            raise XmlRefused("the request holds an element twice, or one that does not belong there")
        children[node.tag] = node
    return children


def _attribute(node: Element, local: str) -> str | None:
    return _limited(node.get(local))


def _limited(text: str | None) -> str | None:
    if text is not None and len(text) > MAX_URI_CHARS:
        raise XmlRefused(f"a value is longer than {MAX_URI_CHARS} characters")
    return text


def _boolean(node: Element, local: str) -> bool:
    text = node.get(local, "false")
    if text not in _BOOLEANS:
        raise XmlRefused(f"{local} is not an xs:boolean")
    return _BOOLEANS[text]


def _index(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65535):
        raise XmlRefused("AssertionConsumerServiceIndex is not an xs:unsignedShort")
    return int(text)


def _issuer(node: Element | None) -> str:
    """Core 2.2.5, Profiles 4.1.4.1: present and of format entity."""
    if node is None:
        raise XmlRefused("the request has no Issuer")
    if node.get("Format", ENTITY_FORMAT) != ENTITY_FORMAT:
        raise XmlRefused("the Issuer is not an entity id")
    return _limited(text_of(node)) or ""


def _subject(node: Element | None) -> str | None:
    """Core 3.4.1: who the assertion must be about. We may not answer for somebody named in a way we cannot read."""
    if node is None:
        return None
    if len(node) != 1 or node[0].tag != name(SAML, "NameID"):
        raise XmlRefused("the Subject is something other than a plain NameID")
    return _limited(text_of(node[0]))


def _context(node: Element | None) -> RequestedAuthnContext | None:
    if node is None:
        return None
    comparison = node.get("Comparison", "exact")
    tags = {child.tag for child in node}
    known = (name(SAML, "AuthnContextClassRef"), name(SAML, "AuthnContextDeclRef"))
    if comparison not in _COMPARISONS or len(tags) != 1 or not tags.issubset(known) or len(node) > MAX_CONTEXTS:
        raise XmlRefused("RequestedAuthnContext does not follow the schema")
    references = tuple(_limited(text_of(child)) or "" for child in node)
    return RequestedAuthnContext(references if known[0] in tags else (), comparison)


def chosen_acs(request: AuthnRequest, sp: ServiceProvider) -> str | None:
    """The registered address that the request asks to be answered at, the default where it names none (SA-03).

    None where it names an address that is not registered, character by character, or names one in two ways.
    """
    if request.acs_index is not None:
        if request.acs_url is not None or request.protocol_binding is not None:
            return None  # Core 3.4.1: the index excludes the other two
        return sp.acs_urls[request.acs_index] if request.acs_index < len(sp.acs_urls) else None
    if request.acs_url is None:
        return sp.acs_urls[0]
    return request.acs_url if request.acs_url in sp.acs_urls else None


def check(request: AuthnRequest, *, endpoint_url: str, sp: ServiceProvider, now_at: int) -> Verdict:
    """Judges a request that arrived at ``endpoint_url``, the endpoint of ``sp``, at ``now_at`` (epoch milliseconds).

    Every check is made even after one has failed, so that the trail shows all there is to mend. The replay of an ID is
    the store's business: remember it until ``request.replay_until_at``.
    """
    checks = (
        Check("version", request.version == "2.0", "2.0", request.version, "Send a SAML 2.0 request."),
        _check_issuer(request, sp),
        _check_destination(request, endpoint_url),
        _check_signature(request, sp),
        _check_acs(request, sp),
        _check_binding(request),
        _check_time(request, now_at),
    )
    return Verdict(checks, "saml_authn_request")


def _check_issuer(request: AuthnRequest, sp: ServiceProvider) -> Check:
    """SA-04: the request belongs to the application whose endpoint it was sent to."""
    mend = "Send the request to the address of its own application, or register this entity id."
    return Check("issuer", request.issuer == sp.entity_id, sp.entity_id, request.issuer, mend)


def _check_destination(request: AuthnRequest, endpoint_url: str) -> Check:
    """SA-05: a signed message names its recipient (Bindings 3.4.5.2, 3.5.5.2); any message that names one names us."""
    passed = request.destination == endpoint_url or (request.destination is None and not request.signed)
    mend = "Set Destination to the single sign-on address of this application."
    return Check("destination", passed, endpoint_url, request.destination or "", mend)


def _check_signature(request: AuthnRequest, sp: ServiceProvider) -> Check:
    """SA-06: where signatures are agreed on, their absence is refused, whatever the binding."""
    passed = request.signed or not sp.want_signed_requests
    expected = "signed" if sp.want_signed_requests else "signed or unsigned"
    mend = "Sign the request with a key whose certificate is registered."
    return Check("signature", passed, expected, "signed" if request.signed else "unsigned", mend)


def _check_acs(request: AuthnRequest, sp: ServiceProvider) -> Check:
    """SA-03."""
    asked = request.acs_url or ("" if request.acs_index is None else f"index {request.acs_index}")
    mend = "Register this assertion consumer service URL, exactly as the request spells it."
    name_ = "assertion_consumer_service"
    return Check(name_, chosen_acs(request, sp) is not None, " ".join(sp.acs_urls), asked, mend)


def _check_binding(request: AuthnRequest) -> Check:
    mend = "Ask for the response by HTTP-POST."
    passed = request.protocol_binding in (None, POST_BINDING)
    return Check("protocol_binding", passed, POST_BINDING, request.protocol_binding or "", mend)


def _check_time(request: AuthnRequest, now_at: int) -> Check:
    """SA-11: at most ten minutes old and at most three minutes ahead."""
    age = now_at - request.issue_instant_at
    mend = "Set the clock of the service provider, and send the request when it is made."
    expected = f"-{MAX_SKEW_MS} to {MAX_AGE_MS} ms old"
    return Check("issue_instant", -MAX_SKEW_MS <= age <= MAX_AGE_MS, expected, f"{age} ms old", mend)
