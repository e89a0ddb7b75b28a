"""SAML service providers and WS-Federation relying parties between this vendor's JSON and ours."""

import re
from base64 import b64decode
from binascii import Error as BadBase64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from segue.core.application import SamlServiceProvider, WsFedRelyingParty
from segue.core.strict import JsonValue
from segue.dialects.okta.admin.fields import Fields

PASSWORD_CONTEXT: Final = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
EXTERNAL_KEY: Final = "${org.externalKey}"
_UNSPECIFIED_NAME: Final = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"
_FORMAT: Final = re.compile(
    r"urn:oasis:names:tc:SAML:(?:1\.1|2\.0):nameid-format:(?:emailAddress|unspecified|persistent|transient|"
    r"x509SubjectName|WindowsDomainQualifiedName|entity)"
)
_EXPRESSION: Final = re.compile(r"(?:\$\{)?\s*user\.(?P<field>[A-Za-z][A-Za-z0-9_]{0,63})\s*(?P<end>\})?")
_USER_NAMES: Final = frozenset({"userName", "login", "user_name"})
_SIGN_ON: Final = (
    "ssoAcsUrl",
    "recipient",
    "destination",
    "audience",
    "idpIssuer",
    "spIssuer",
    "subjectNameIdTemplate",
    "subjectNameIdFormat",
    "responseSigned",
    "assertionSigned",
    "signatureAlgorithm",
    "digestAlgorithm",
    "honorForceAuthn",
    "authnContextClassRef",
    "samlAssertionLifetimeSeconds",
    "samlSignedRequestEnabled",
    "requestCompressed",
    "defaultRelayState",
    "allowMultipleAcsEndpoints",
    "acsEndpoints",
    "attributeStatements",
    "slo",
    "participateSlo",
    "spCertificate",
    "assertionEncryption",
    "inlineHooks",
    "configuredAttributeStatements",
)
_CLAIMS: Final = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
# The attributes by which the application is told the login again, as the caller names the choice.
_LOGIN_ATTRIBUTES: Final[Mapping[str, tuple[str, ...]]] = {
    "username": (f"{_CLAIMS}/name",),
    "upn": (f"{_CLAIMS}/upn",),
    "upnAndUsername": (f"{_CLAIMS}/name", f"{_CLAIMS}/upn"),
    "none": (),
}


@dataclass(frozen=True, slots=True)
class Saml:
    """A service provider; its ``idp_entity_id`` may still name the external key by EXTERNAL_KEY."""

    provider: SamlServiceProvider
    relay_state: str
    kept: dict[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WsFed:
    party: WsFedRelyingParty
    kept: dict[str, JsonValue] = field(default_factory=dict)


def read_saml(sign_on: Fields) -> Saml:
    """The service provider that ``settings.signOn`` speaks of. Raises ValidationFailed."""
    sign_on.only(*_SIGN_ON)
    _refuse_what_is_not_offered(sign_on)
    acs_url, audience = sign_on.needed("ssoAcsUrl"), sign_on.needed("audience")
    for name in ("recipient", "destination"):
        sign_on.unless(name, "", acs_url, why="it is the address that the assertion is posted to: ssoAcsUrl")
    provider = SamlServiceProvider(
        entity_id=sign_on.text("spIssuer") or audience,
        acs_urls=_acs_urls(sign_on, acs_url),
        audience=audience if sign_on.text("spIssuer") else "",
        name_id_format=_name_id_format(sign_on, "subjectNameIdFormat"),
        name_id_from=_source(sign_on, "subjectNameIdTemplate", sign_on.text("subjectNameIdTemplate") or "user.login"),
        attributes=_attributes(sign_on),
        want_signed_requests=sign_on.flag("samlSignedRequestEnabled"),
        certificates_pem=_certificates(sign_on.part("spCertificate")),
        sign_response=sign_on.flag("responseSigned", default=True),
        sign_assertion=sign_on.flag("assertionSigned", default=True),
        assertion_s=sign_on.number("samlAssertionLifetimeSeconds", 300),
        idp_entity_id=sign_on.text("idpIssuer"),
    )
    if not provider.sign_response and not provider.sign_assertion:
        sign_on.refuse("assertionSigned", "the response or the assertion is signed, or both")
    kept: dict[str, JsonValue] = {
        "honorForceAuthn": sign_on.flag("honorForceAuthn", default=True),
        "requestCompressed": sign_on.flag("requestCompressed"),
    }
    return Saml(provider, sign_on.text("defaultRelayState"), kept)


def shape_saml(
    provider: SamlServiceProvider, *, entity_id: str, relay_state: str, kept: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    """``settings.signOn``; ``entity_id`` is ours for this application."""
    more = provider.acs_urls[1:]
    certificates: list[JsonValue] = [_x5c(pem) for pem in provider.certificates_pem]
    return {
        "defaultRelayState": relay_state,
        "ssoAcsUrl": provider.acs_urls[0],
        "recipient": provider.acs_urls[0],
        "destination": provider.acs_urls[0],
        "audience": provider.audience or provider.entity_id,
        **({"spIssuer": provider.entity_id} if provider.audience else {}),
        "idpIssuer": entity_id,
        "subjectNameIdTemplate": _template(provider.name_id_from),
        "subjectNameIdFormat": provider.name_id_format,
        "responseSigned": provider.sign_response,
        "assertionSigned": provider.sign_assertion,
        "signatureAlgorithm": "RSA_SHA256",
        "digestAlgorithm": "SHA256",
        "honorForceAuthn": kept.get("honorForceAuthn", True),
        "authnContextClassRef": PASSWORD_CONTEXT,
        "samlAssertionLifetimeSeconds": provider.assertion_s,
        "samlSignedRequestEnabled": provider.want_signed_requests,
        "requestCompressed": kept.get("requestCompressed", False),
        "allowMultipleAcsEndpoints": bool(more),
        "acsEndpoints": [{"index": number, "url": url} for number, url in enumerate(more)],
        "attributeStatements": [
            {"type": "EXPRESSION", "name": name, "namespace": _UNSPECIFIED_NAME, "values": [f"user.{source}"]}
            for name, source in provider.attributes.items()
        ],
        "slo": {"enabled": False},
        "inlineHooks": [],
        **({"spCertificate": {"x5c": certificates}} if certificates else {}),
    }


def read_wsfed(app: Fields) -> WsFed:
    """The relying party that ``settings.app`` speaks of. Raises ValidationFailed."""
    app.only(
        "audienceRestriction",
        "groupValueFormat",
        "wReplyURL",
        "nameIDFormat",
        "authnContextClassRef",
        "siteURL",
        "usernameAttribute",
        "attributeStatements",
        "groupFilter",
        "groupName",
        "realm",
        "wReplyOverride",
    )
    app.unless("wReplyOverride", False, why="an answer goes to the registered wReplyURL alone")
    app.unless("groupName", "", why="groups are not sent to applications yet: leave it out")
    app.unless("authnContextClassRef", "", PASSWORD_CONTEXT, why=f"assertions say {PASSWORD_CONTEXT}")
    audience, realm = app.needed("audienceRestriction"), app.text("realm")
    choice = app.choice("usernameAttribute", _LOGIN_ATTRIBUTES.keys(), "none")
    party = WsFedRelyingParty(
        realm=realm or audience,
        reply_urls=(app.needed("wReplyURL"),),
        audience=audience,
        name_id_format=_name_id_format(app, "nameIDFormat"),
        attributes={**dict.fromkeys(_LOGIN_ATTRIBUTES[choice], "login"), **_lines(app)},
    )
    return WsFed(party, app.kept("siteURL", "groupValueFormat", "groupFilter") | {"usernameAttribute": choice})


def shape_wsfed(party: WsFedRelyingParty, kept: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """``settings.app`` of a relying party."""
    choice = str(kept.get("usernameAttribute") or "none")
    told = _LOGIN_ATTRIBUTES.get(choice, ())
    lines = [f"{name}|{_template(source)}" for name, source in party.attributes.items() if name not in told]
    return {
        "siteURL": kept.get("siteURL", ""),
        "realm": party.realm,
        "wReplyURL": party.reply_urls[0],
        "wReplyOverride": False,
        "nameIDFormat": party.name_id_format,
        "audienceRestriction": party.audience or party.realm,
        "authnContextClassRef": PASSWORD_CONTEXT,
        "groupFilter": kept.get("groupFilter"),
        "groupName": None,
        "groupValueFormat": kept.get("groupValueFormat", "windowsDomainQualifiedName"),
        "usernameAttribute": choice,
        "attributeStatements": ",".join(lines) or None,
    }


def _acs_urls(sign_on: Fields, first: str) -> tuple[str, ...]:
    more = [end.needed("url") for end in sorted(sign_on.parts("acsEndpoints"), key=lambda end: end.number("index", 0))]
    if more and not sign_on.flag("allowMultipleAcsEndpoints"):
        sign_on.refuse("acsEndpoints", "say allowMultipleAcsEndpoints as well")
    return tuple(dict.fromkeys((first, *more)))


def _name_id_format(fields: Fields, name: str) -> str:
    given = fields.text(name) or "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
    if not _FORMAT.fullmatch(given):
        fields.refuse(name, "a format of SAML 2.0, such as urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress")
    return given


def _source(fields: Fields, name: str, text: str) -> str:
    """The profile field that an expression names: ``user.email``, ``${user.userName}``."""
    found = _EXPRESSION.fullmatch(text.strip())
    if found is None or text.strip().startswith("${") is not bool(found["end"]):
        fields.refuse(name, "one field of the user, as in user.email or ${user.userName}")
    return "login" if found["field"] in _USER_NAMES else found["field"]


def _template(source: str) -> str:
    return "${user.userName}" if source == "login" else f"${{user.{source}}}"


def _attributes(sign_on: Fields) -> dict[str, str]:
    found: dict[str, str] = {}
    for statement in sign_on.parts("attributeStatements"):
        statement.only("type", "name", "namespace", "values")
        statement.unless("type", "EXPRESSION", why="groups are not sent to applications yet: only EXPRESSION")
        statement.unless("namespace", "", _UNSPECIFIED_NAME, why=f"attribute names have the format {_UNSPECIFIED_NAME}")
        name, values = statement.needed("name"), statement.texts("values")
        if len(values) != 1 or name in found:
            statement.refuse("values", "one expression for each attribute")
        found[name] = _source(statement, "values", values[0])
    return found


def _lines(app: Fields) -> dict[str, str]:
    """``name|${user.field}``, several with commas between them."""
    found: dict[str, str] = {}
    for line in filter(None, (line.strip() for line in app.text("attributeStatements").split(","))):
        name, bar, source = line.partition("|")
        if not bar or not name or "|" in source:
            app.refuse("attributeStatements", "name|${user.field}, several with commas between them")
        found[name.strip()] = _source(app, "attributeStatements", source)
    return found


def _certificates(given: Fields) -> tuple[str, ...]:
    given.only("x5c")
    found = []
    for text in given.texts("x5c"):
        try:
            octets = b64decode("".join(text.split()), validate=True)
            found.append(x509.load_der_x509_certificate(octets).public_bytes(Encoding.PEM).decode())
        except (BadBase64, ValueError):
            given.refuse("x5c", "each is the base64 of a certificate in DER form")
    return tuple(found)


def _x5c(pem: str) -> str:
    return "".join(line for line in pem.splitlines() if "-----" not in line)


def _refuse_what_is_not_offered(sign_on: Fields) -> None:
    sign_on.unless("signatureAlgorithm", "RSA_SHA256", why="messages are signed by RSA_SHA256")
    sign_on.unless("digestAlgorithm", "SHA256", why="messages are digested by SHA256")
    sign_on.unless("authnContextClassRef", "", PASSWORD_CONTEXT, why=f"assertions say {PASSWORD_CONTEXT}")
    sign_on.unless("inlineHooks", [], why="there are no hooks for assertions")
    sign_on.unless("configuredAttributeStatements", [], why="say attributeStatements")
    sign_on.part("slo").unless("enabled", False, why="there is no single logout by SAML yet")
    sign_on.part("participateSlo").unless("enabled", False, why="there is no single logout by SAML yet")
    sign_on.part("assertionEncryption").unless("enabled", False, why="assertions are signed and not encrypted")
