"""Policies, their rules and network zones as this vendor shows them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from segue.core.policy import Conditions, Policy, PolicyType, Rule, Selection
from segue.core.requirement import Constraint, Need
from segue.core.zone import Zone
from segue.dialects.okta.admin.rule_fields import METHODS
from segue.dialects.okta.names import POLICY, POLICY_RULE, ZONE
from segue.dialects.okta.shapes import link, timestamp
from segue.web.message import Request

POLICY_TYPES: Final[Mapping[PolicyType, str]] = MappingProxyType({"session": "OKTA_SIGN_ON", "access": "ACCESS_POLICY"})
_RULE_TYPES: Final[Mapping[PolicyType, str]] = MappingProxyType({"session": "SIGN_ON", "access": "ACCESS_POLICY"})
#: A factor that two of the vendor's names stand for is shown by the first; the vendor's SDKs take small letters alone.
_NAMES: Final = {ours: theirs.lower() for theirs, ours in reversed(tuple(METHODS.items()))}


def shape_policy(request: Request, policy: Policy) -> dict[str, object]:
    own = f"{request.site.domain.base_url}{POLICY.format(policy=policy.id)}"
    return {
        "id": policy.id,
        "status": policy.status.upper(),
        "name": policy.name,
        "description": policy.description,
        "priority": policy.priority,
        "system": policy.default,
        "conditions": _policy_conditions(policy),
        "created": timestamp(policy.created_at),
        "lastUpdated": timestamp(policy.updated_at),
        "type": POLICY_TYPES[policy.type],
        "_links": {
            "self": link(own, "GET", "PUT", "DELETE"),
            **_lifecycle(own, policy.active, fixed=policy.default),
            "rules": link(f"{own}/rules", "GET", "POST"),
        },
    }


def shape_rule(request: Request, policy: Policy, rule: Rule) -> dict[str, object]:
    own = f"{request.site.domain.base_url}{POLICY_RULE.format(policy=policy.id, rule=rule.id)}"
    return {
        "id": rule.id,
        "status": rule.status.upper(),
        "name": rule.name,
        "priority": rule.priority,
        "created": timestamp(rule.created_at),
        "lastUpdated": timestamp(rule.updated_at),
        "system": rule.catch_all,
        "conditions": None if rule.catch_all else _conditions(rule.conditions, policy.type),
        "actions": _app_sign_on(rule) if policy.type == "access" else _sign_on(rule),
        "type": _RULE_TYPES[policy.type],
        "_links": {
            "self": link(own, "GET", "PUT", "DELETE"),
            **_lifecycle(own, rule.status == "active", fixed=rule.catch_all),
        },
    }


def shape_zone(request: Request, zone: Zone) -> dict[str, object]:
    own = f"{request.site.domain.base_url}{ZONE.format(zone=zone.id)}"
    return {
        "type": "IP",
        "id": zone.id,
        "name": zone.name,
        "status": zone.status.upper(),
        "usage": "BLOCKLIST" if zone.blocks else "POLICY",
        "created": timestamp(zone.created_at),
        "lastUpdated": timestamp(zone.updated_at),
        "system": False,
        "gateways": [_range(text) for text in zone.ranges],
        "proxies": None,
        "_links": {"self": link(own, "GET", "PUT", "DELETE"), **_lifecycle(own, zone.active, fixed=False)},
    }


def _range(text: str) -> dict[str, str]:
    if "-" in text:
        return {"type": "RANGE", "value": text}
    return {"type": "CIDR", "value": text} if "/" in text else {"type": "RANGE", "value": f"{text}-{text}"}


def _lifecycle(own: str, active: bool, *, fixed: bool) -> dict[str, object]:
    if fixed:
        return {}
    other = "deactivate" if active else "activate"
    return {other: link(f"{own}/lifecycle/{other}", "POST")}


def _policy_conditions(policy: Policy) -> dict[str, object] | None:
    if policy.type == "access" or policy.conditions.groups == Selection():
        return None
    return {"people": {"groups": _selection(policy.conditions.groups)}}


def _conditions(conditions: Conditions, type: PolicyType) -> dict[str, object]:
    zones = conditions.zones
    network: dict[str, object] = {"connection": "ANYWHERE"}
    if zones != Selection():
        network = {"connection": "ZONE", **{name: ids for name, ids in _selection(zones).items() if ids}}
    shape: dict[str, object] = {
        "people": {"users": _selection(conditions.users), "groups": _selection(conditions.groups)},
        "network": network,
        "riskScore": {"level": (conditions.risk or "any").upper()},
        "userType": _selection(conditions.user_types),
    }
    if type == "session":
        return {**shape, "authContext": {"authType": "ANY"}}
    if conditions.device != "any":
        shape["device"] = {"registered": True, "managed": conditions.device == "managed"}
    return shape


def _selection(selection: Selection) -> dict[str, list[str]]:
    return {"include": sorted(selection.include), "exclude": sorted(selection.exclude)}


def _app_sign_on(rule: Rule) -> dict[str, object]:
    asked = rule.requirement
    method: dict[str, object] = {"type": "ASSURANCE", "factorMode": "2FA" if asked.factors == 2 else "1FA"}
    if asked.reauthenticate_s is not None:
        method["reauthenticateIn"] = duration(asked.reauthenticate_s)
    method["constraints"] = [_constraint(one) for one_of in asked.constraints for one in one_of]
    return {"appSignOn": {"access": _access(rule), "verificationMethod": method}}


def _constraint(constraint: Constraint) -> dict[str, object]:
    shape: dict[str, object] = {}
    if constraint.knowledge is not None:
        shape["knowledge"] = _need(constraint.knowledge)
    if constraint.possession is not None:
        worth = constraint.possession.worth
        shape["possession"] = {
            **_need(constraint.possession),
            "deviceBound": "OPTIONAL",
            "hardwareProtection": _required(worth.hardware_protected),
            "phishingResistant": _required(worth.phishing_resistant),
            "userPresence": "REQUIRED",
            "userVerification": _required(worth.user_verified),
        }
    return shape


def _need(need: Need) -> dict[str, object]:
    shape: dict[str, object] = {"required": True}
    if need.methods:
        shape["methods"] = sorted(_NAMES[method] for method in need.methods if method in _NAMES)
    if need.max_age_s is not None:
        shape["reauthenticateIn"] = duration(need.max_age_s)
    return shape


def _required(flag: bool) -> str:
    return "REQUIRED" if flag else "OPTIONAL"


def _sign_on(rule: Rule) -> dict[str, object]:
    asked, limits = rule.requirement, rule.limits
    needs = asked.needs
    mode = "DEVICE" if rule.device_excuses else "SESSION" if needs else "ALWAYS"
    factor: dict[str, object] = {"requireFactor": asked.factors == 2}
    if asked.factors == 2:
        factor["factorPromptMode"] = mode
    if needs and needs[0].max_age_s is not None:
        factor["factorLifetime"] = needs[0].max_age_s // 60
    return {
        "signon": {
            "access": _access(rule),
            **factor,
            "primaryFactor": "PASSWORD_IDP",
            "rememberDeviceByDefault": False,
            "session": {
                "usePersistentCookie": False,
                "maxSessionIdleMinutes": (limits.idle_s or 0) // 60,
                "maxSessionLifetimeMinutes": (limits.life_s or 0) // 60,
            },
        }
    }


def _access(rule: Rule) -> str:
    return "ALLOW" if rule.allow else "DENY"


def duration(seconds: int) -> str:
    """Seconds as an ISO 8601 duration in the largest unit that fits."""
    for unit, name in ((3600, "H"), (60, "M")):
        if seconds and seconds % unit == 0:
            return f"PT{seconds // unit}{name}"
    return f"PT{seconds}S"
