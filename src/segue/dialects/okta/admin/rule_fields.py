"""Rules of policies as this vendor writes them, read into ours. What a rule could be made weaker by leaving out is
refused and never dropped."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, cast

from segue.admin.policies import RuleWish
from segue.core.assurance import PASSWORD, FactorKind, Worth
from segue.core.policy import Conditions, DeviceState, PolicyType, Risk, Selection, SessionLimits
from segue.core.requirement import Constraint, Need, Requirement
from segue.dialects.okta.admin.fields import Fields

#: Names of methods and types are read in small letters, as the vendor's SDKs write them, and in capitals.
METHODS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "PASSWORD": PASSWORD,
        "SECURITY_QUESTION": "question",
        "SMS": "sms",
        "VOICE": "call",
        "EMAIL": "email",
        "PUSH": "push",
        "TOTP": "totp",
        "OTP": "totp",
        "WEBAUTHN": "webauthn",
    }
)
TYPES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "PASSWORD": frozenset({PASSWORD}),
        "SECURITY_QUESTION": frozenset({"question"}),
        "PHONE": frozenset({"sms", "call"}),
        "EMAIL": frozenset({"email"}),
        "APP": frozenset({"push", "totp"}),
        "SECURITY_KEY": frozenset({"webauthn"}),
    }
)
#: What a caller sends back of what it was given.
_ECHO: Final = ("id", "created", "lastUpdated", "system", "_links", "_embedded")
_DURATION: Final = re.compile(r"P(?=.)(?:(\d{1,5})D)?(?:T(?=.)(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?")
_UNITS_S: Final = (86_400, 3600, 60, 1)
_RULE_TYPES: Final[Mapping[PolicyType, str]] = MappingProxyType({"session": "SIGN_ON", "access": "ACCESS_POLICY"})


def read_rule(fields: Fields, type: PolicyType) -> RuleWish:
    """The rule that a caller wants. Raises ValidationFailed with the member that is wrong."""
    fields.only("name", "priority", "status", "type", "conditions", "actions", *_ECHO)
    fields.choice("type", (_RULE_TYPES[type],), _RULE_TYPES[type])
    priority = fields.number("priority", 0) if fields.has("priority") else None
    conditions = read_conditions(fields.part("conditions"), type)
    actions = fields.part("actions")
    if type == "access":
        return _app_sign_on(fields.needed("name"), priority, conditions, actions)
    return _sign_on(fields.needed("name"), priority, conditions, actions)


def read_conditions(fields: Fields, type: PolicyType) -> Conditions:
    fields.only(
        "people", "network", "riskScore", "userType", "device", "elCondition", "platform", "authContext", "risk",
        "identityProvider",
    )  # fmt: skip
    fields.unless("elCondition", why="expressions are not evaluated; name groups, networks and devices")
    for name in ("platform", "risk", "identityProvider"):
        _empty(fields, name)
    authentication = fields.part("authContext")
    authentication.only("authType")
    authentication.unless("authType", "ANY", why="there is no RADIUS here: ANY")
    people = fields.part("people")
    people.only("users", "groups")
    user_types = fields.part("userType")
    return Conditions(
        users=_selection(people.part("users")),
        groups=_selection(people.part("groups")),
        user_types=_selection(user_types),
        zones=_network(fields.part("network")),
        device=_device(fields.part("device"), type),
        risk=_risk(fields.part("riskScore")),
    )


def read_duration(fields: Fields, name: str) -> int | None:
    """An ISO 8601 duration of days, hours, minutes and seconds, in seconds; None where there is none."""
    text = fields.text(name)
    if not text:
        return None
    found = _DURATION.fullmatch(text)
    if found is None:
        fields.refuse(name, "a duration such as PT2H is needed")
    return sum(int(number or 0) * unit for number, unit in zip(found.groups(), _UNITS_S, strict=True))


def _app_sign_on(name: str, priority: int | None, conditions: Conditions, actions: Fields) -> RuleWish:
    actions.only("appSignOn")
    sign_on = actions.part("appSignOn")
    sign_on.only("access", "verificationMethod", "keepMeSignedIn")
    sign_on.unless("keepMeSignedIn", why="there is no such setting here")
    allow = sign_on.choice("access", ("ALLOW", "DENY"), "ALLOW") == "ALLOW"
    method = sign_on.part("verificationMethod")
    method.only("type", "factorMode", "reauthenticateIn", "inactivityPeriod", "constraints")
    method.unless("type", "ASSURANCE", why="only ASSURANCE is offered")
    method.unless("inactivityPeriod", why="there is no such limit here; reauthenticateIn counts activity or not")
    constraints = tuple(_constraint(one) for one in method.parts("constraints"))
    requirement = Requirement(
        factors=2 if method.choice("factorMode", ("1FA", "2FA"), "1FA" if not allow else "2FA") == "2FA" else 1,
        reauthenticate_s=read_duration(method, "reauthenticateIn"),
        constraints=(constraints,) if constraints else (),
    )
    return RuleWish(name, priority, conditions, allow, requirement)


def _constraint(fields: Fields) -> Constraint:
    fields.only("knowledge", "possession")
    return Constraint(
        _need(fields.part("knowledge"), "knowledge") if fields.has("knowledge") else None,
        _need(fields.part("possession"), "possession") if fields.has("possession") else None,
    )


def _need(fields: Fields, kind: FactorKind) -> Need:
    special = ("deviceBound", "hardwareProtection", "phishingResistant", "userPresence", "userVerification")
    fields.only("types", "methods", "required", "reauthenticateIn", *(special if kind == "possession" else ()))
    fields.unless("required", True, why="a factor that a constraint names is required: true")
    fields.unless("deviceBound", "OPTIONAL", why="say hardwareProtection REQUIRED: a key that stays in its device")
    if fields.has("userPresence"):
        fields.choice("userPresence", ("REQUIRED", "OPTIONAL"), "REQUIRED")
    allowed: frozenset[str] | None = None
    for name in map(str.upper, fields.texts("types")):
        if name not in TYPES:
            fields.refuse("types", f"each is one of {', '.join(TYPES)}")
        allowed = (allowed or frozenset()) | TYPES[name]
    methods: frozenset[str] | None = None
    for name in map(str.upper, fields.texts("methods")):
        if name not in METHODS:
            fields.refuse("methods", f"each is one of {', '.join(METHODS)}")
        methods = (methods or frozenset()) | {METHODS[name]}
    both = methods if allowed is None else allowed if methods is None else allowed & methods
    if both is not None and not both:
        fields.refuse("methods", "none of the methods is of one of the types")
    worth = Worth(
        *(_required(fields, name) for name in ("phishingResistant", "hardwareProtection", "userVerification"))
    )
    return Need(kind, both or frozenset(), worth, read_duration(fields, "reauthenticateIn"))


def _required(fields: Fields, name: str) -> bool:
    return fields.choice(name, ("REQUIRED", "OPTIONAL"), "OPTIONAL") == "REQUIRED"


def _sign_on(name: str, priority: int | None, conditions: Conditions, actions: Fields) -> RuleWish:
    actions.only("signon")
    sign_on = actions.part("signon")
    sign_on.only(
        "access", "requireFactor", "factorPromptMode", "factorLifetime", "primaryFactor", "rememberDeviceByDefault",
        "session",
    )  # fmt: skip
    allow = sign_on.choice("access", ("ALLOW", "DENY"), "ALLOW") == "ALLOW"
    # A password comes first whatever is allowed to, so neither value makes a rule weaker than it says.
    sign_on.choice("primaryFactor", ("PASSWORD_IDP", "PASSWORD_IDP_ANY_FACTOR"), "PASSWORD_IDP")
    sign_on.unless("rememberDeviceByDefault", False, why="people decide on the page whether they are remembered")
    mode = sign_on.choice("factorPromptMode", ("ALWAYS", "DEVICE", "SESSION"), "ALWAYS")
    requirement = Requirement()
    if sign_on.flag("requireFactor"):
        requirement = Requirement(factors=2)
    lifetime = sign_on.number("factorLifetime", 0) if sign_on.has("factorLifetime") else 0
    if lifetime and mode != "SESSION":
        sign_on.refuse("factorLifetime", "how long a device is remembered is a setting of the org; with SESSION alone")
    if lifetime and requirement.factors == 2:
        young = Constraint(possession=Need("possession", max_age_s=lifetime * 60))
        requirement = Requirement(factors=2, constraints=((young,),))
    session = sign_on.part("session")
    session.only("maxSessionIdleMinutes", "maxSessionLifetimeMinutes", "usePersistentCookie")
    session.unless("usePersistentCookie", False, why="a session's cookie ends with the browser")
    limits = SessionLimits(_minutes(session, "maxSessionIdleMinutes"), _minutes(session, "maxSessionLifetimeMinutes"))
    excused = mode == "DEVICE" and requirement.factors == 2
    return RuleWish(name, priority, conditions, allow, requirement, excused, limits)


def _minutes(fields: Fields, name: str) -> int | None:
    """0 leaves it to the org."""
    return fields.number(name, 0) * 60 or None


def _selection(fields: Fields) -> Selection:
    fields.only("include", "exclude")
    return Selection(frozenset(fields.texts("include")), frozenset(fields.texts("exclude")))


def _network(fields: Fields) -> Selection:
    fields.only("connection", "include", "exclude")
    connection = fields.choice("connection", ("ANYWHERE", "ZONE"), "ANYWHERE")
    zones = Selection(frozenset(fields.texts("include")), frozenset(fields.texts("exclude")))
    if connection == "ZONE" and zones == Selection():
        fields.refuse("include", "name the zones, or those that are excluded")
    if connection == "ANYWHERE" and zones != Selection():
        fields.refuse("connection", "zones go with the connection ZONE")
    return zones


def _device(fields: Fields, type: PolicyType) -> DeviceState:
    fields.only("registered", "managed", "assurance")
    assurance = fields.part("assurance")
    assurance.unless("include", [], why="there are no device assurance policies here")
    if type == "session" and (fields.has("registered") or fields.has("managed")):
        fields.refuse("registered", "devices belong to access policies")
    if fields.flag("managed"):
        return "managed"
    return "known" if fields.flag("registered") else "any"


def _risk(fields: Fields) -> Risk | None:
    fields.only("level")
    level = fields.choice("level", ("ANY", "LOW", "MEDIUM", "HIGH"), "ANY")
    return None if level == "ANY" else cast("Risk", level.lower())


def _empty(fields: Fields, name: str) -> None:
    """Refuses a condition that we do not know, unless it narrows nothing."""
    for member, value in fields.part(name).data.items():
        if value not in (None, [], {}, "ANY"):
            fields.refuse(name, f"{member[:40]}: this condition is not evaluated here")
