"""Factors as this dialect names and shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from segue.core.factor import FactorEnrollment, FactorType
from segue.core.user import User
from segue.dialects.okta.names import FACTOR_VERIFY, FACTORS
from segue.dialects.okta.shapes import link

_QUESTIONS_HINT: Final = "GET"


@dataclass(frozen=True, slots=True)
class FactorName:
    """``provider`` is ours, ``factor_type``, ``vendor_provider`` and ``vendor_name`` are the dialect's."""

    type: FactorType
    provider: str
    factor_type: str
    vendor_provider: str
    vendor_name: str


NAMES: Final = (
    FactorName("totp", "standard", "token:software:totp", "OKTA", "OKTA"),
    FactorName("totp", "alternative", "token:software:totp", "GOOGLE", "GOOGLE"),
    FactorName("push", "standard", "push", "OKTA", "OKTA"),
    FactorName("webauthn", "standard", "webauthn", "FIDO", "FIDO"),
    FactorName("email", "standard", "email", "OKTA", "OKTA"),
    FactorName("sms", "standard", "sms", "OKTA", "OKTA"),
    FactorName("call", "standard", "call", "OKTA", "OKTA"),
    FactorName("question", "standard", "question", "OKTA", "OKTA"),
    # The vendor has no such thing; clients show this one under its vendor name, with a field for a code.
    FactorName("recovery_code", "standard", "token:hotp", "CUSTOM", "Recovery code"),
)

#: Codes of these are sent, and can be sent again.
SENT: Final[frozenset[FactorType]] = frozenset({"sms", "call", "email", "push"})
#: A page of ours shows these once they are made; clients of this dialect have no place for them.
NOT_OFFERED: Final[frozenset[FactorType]] = frozenset({"recovery_code"})


def name_of(enrollment: FactorEnrollment) -> FactorName:
    return next(name for name in NAMES if (name.type, name.provider) == (enrollment.type, enrollment.provider))


def find_name(factor_type: str, provider: str) -> FactorName | None:
    """The factor that a client may set up under these names."""
    for name in NAMES:
        if (name.factor_type, name.vendor_provider) == (factor_type, provider) and name.type not in NOT_OFFERED:
            return name
    return None


def factor_element(base: str, user: User, enrollment: FactorEnrollment) -> dict[str, object]:
    """One of the factors to choose from."""
    path = FACTOR_VERIFY.replace("{factor}", enrollment.id)
    return {**factor_object(user, enrollment), "_links": {"verify": link(f"{base}{path}", "POST")}}


def factor_object(user: User, enrollment: FactorEnrollment) -> dict[str, object]:
    """A factor without links."""
    name = name_of(enrollment)
    return {
        "id": enrollment.id,
        "factorType": name.factor_type,
        "provider": name.vendor_provider,
        "vendorName": name.vendor_name,
        "profile": _profile(user, enrollment),
    }


def challenged(enrollment: FactorEnrollment, shown: Mapping[str, object]) -> dict[str, object]:
    """What a factor that was asked for embeds."""
    match enrollment.type:
        case "sms" | "call" | "email":
            return {"_embedded": {"verification": None}}
        case "push" if "number" in shown:
            return {"_embedded": {"challenge": {"correctAnswer": int(str(shown["number"]))}}}
        case "webauthn":
            return {"_embedded": {"challenge": _web_authn_challenge(_options(shown))}}
    return {}


def activating(enrollment: FactorEnrollment, shown: Mapping[str, object], picture: str) -> dict[str, object]:
    """What a factor that is being set up embeds; ``picture`` is the address of its QR code."""
    match enrollment.type:
        case "totp" if "secret" in shown:
            activation = {
                "timeStep": shown["step_s"],
                "sharedSecret": shown["secret"],
                "encoding": "base32",
                "keyLength": shown["digits"],
                "_links": {"qrcode": {"href": picture, "type": "image/png"}},
            }
            return {"_embedded": {"activation": activation}}
        case "webauthn":
            return {"_embedded": {"activation": dict(_options(shown))}}
        case "push":
            number = {"correctAnswer": int(str(shown["number"]))} if "number" in shown else {}
            return {"_embedded": {"activation": {**number, "factorResult": "WAITING", "_links": {}}}}
    return {}


def enroll_element(
    base: str, user: User, name: FactorName, enrolled: FactorEnrollment | None, questions: str
) -> dict[str, object]:
    """One of the factors to set up."""
    links: dict[str, object] = {"enroll": link(f"{base}{FACTORS}", "POST")}
    if name.type == "question":
        links = {"questions": link(questions, _QUESTIONS_HINT), **links}
    return {
        "enrollment": "OPTIONAL",
        "status": "ACTIVE" if enrolled else "NOT_SETUP",
        "factorType": name.factor_type,
        "provider": name.vendor_provider,
        "vendorName": name.vendor_name,
        **({"profile": _profile(user, enrolled)} if enrolled else {}),
        **({"_embedded": {"emails": []}} if name.type == "email" and not enrolled else {}),
        "policy": {"enrollment": {"enrolled": 1 if enrolled else 0, "minimum": 0, "maximum": 1}},
        "_links": links,
    }


def _options(shown: Mapping[str, object]) -> Mapping[str, object]:
    """The options of WebAuthn; empty once the challenge was given up."""
    options = shown.get("options")
    return options if isinstance(options, Mapping) else {}


def _web_authn_challenge(options: Mapping[str, object]) -> dict[str, object]:
    return {
        "challenge": options.get("challenge"),
        "userVerification": options.get("userVerification", "preferred"),
        "extensions": {},
    }


def _profile(user: User, enrollment: FactorEnrollment) -> dict[str, object]:
    profile = enrollment.profile
    match enrollment.type:
        case "totp":
            return {"credentialId": profile.get("account", user.login)}
        case "question":
            return {"question": profile.get("question", ""), "questionText": profile.get("text", "")}
        case "sms" | "call":
            return {"phoneNumber": profile.get("phone", "")}
        case "email":
            return {"email": profile.get("address", "")}
        case "webauthn":
            return {"credentialId": profile.get("credential_id"), "authenticatorName": profile.get("name", "")}
        case "push":
            return {"credentialId": user.login, "deviceType": "", "keys": [], "name": profile.get("name", "")}
        case "recovery_code":
            return {"credentialId": user.login}
