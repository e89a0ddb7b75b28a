"""``POST /api/v1/policies/simulate``: which rules a sign-in would meet, and what it would be answered.

The body is one object or a list of them, with ``policyTypes``, ``appInstance`` and a ``policyContext`` (``user.id``,
``ip``, ``risk.level``, ``device``). Of what this vendor takes, groups and zones are those that the user and the address
have and cannot be made up. ``policyContext.factors`` and ``authenticatedSecondsAgo`` are ours: what was proved, and
when. The answer has the vendor's members and a ``verdict`` with the whole trail.
"""

from dataclasses import dataclass
from typing import Final, cast

from segue.admin.simulate import Scene, Simulated, simulate
from segue.core.assurance import PASSWORD, Device
from segue.core.policy import PolicyType, Risk
from segue.core.refusal import Refusal
from segue.core.strict import JsonValue, read_json
from segue.core.verdict import Tried, Verdict
from segue.dialects.okta.admin.caller import administrator, not_found
from segue.dialects.okta.admin.fields import Fields
from segue.dialects.okta.admin.policies import EVENT
from segue.dialects.okta.admin.policy_shapes import POLICY_TYPES
from segue.dialects.okta.admin.rule_fields import METHODS
from segue.dialects.okta.errors import ValidationFailed, write_error
from segue.dialects.okta.names import LIMIT_API, POLICIES_SIMULATE
from segue.stores import Store
from segue.web.frontchannel import FrontDoor
from segue.web.message import Json, Request, Response
from segue.web.surface import Route

_MOST: Final = 10
_LONGEST_AGO_S: Final = 365 * 24 * 3600
_TYPES: Final = {theirs: ours for ours, theirs in POLICY_TYPES.items()}
_OUTCOMES: Final = {"deny": "DENY", "challenge": "CHALLENGE", "allow": "ALLOW"}


@dataclass(frozen=True, slots=True)
class Simulation:
    door: FrontDoor
    store: Store

    def routes(self) -> tuple[Route, ...]:
        route = Route(
            ("POST",),
            POLICIES_SIMULATE,
            self.simulate,
            write_error,
            EVENT,
            body="json",
            idempotent=True,
            limit=LIMIT_API,
        )
        return (route,)

    async def simulate(self, request: Request) -> Response:
        """One entry for each policy type that is asked for. Nothing changes."""
        change = await administrator(self.door, request, "policies.read")
        answers: list[dict[str, object]] = []
        for fields in _bodies(read_json(request.body)):
            types, scene = _read(fields)
            try:
                found = await simulate(self.store, scene, change)
            except Refusal as refusal:
                named = (scene.app_id, "AppInstance") if _about_app(refusal) else (scene.user, "User")
                raise not_found(refusal, *named) from None
            answers += [_shape(found, type) for type in types]
        return Json(data=answers)


def verdict_data(found: Simulated) -> dict[str, object]:
    """The whole answer of the evaluator, as JSON."""
    verdict: Verdict = found.decision.verdict
    failure = verdict.failure
    return {
        "outcome": _OUTCOMES[found.outcome],
        "rule": verdict.rule,
        "missing": found.decision.missing,
        "checks": [
            {"name": one.name, "passed": one.passed, "expected": one.expected, "seen": one.seen, "mend": one.mend}
            for one in verdict.checks
        ],
        "tried": [
            {"policy": one.policy, "rule": one.rule, "matched": one.matched, "why": one.why} for one in verdict.tried
        ],
        "mend": failure.mend if failure else "",
    }


def _bodies(body: JsonValue) -> list[Fields]:
    items = body if isinstance(body, list) else [body]
    if not 1 <= len(items) <= _MOST:
        raise ValidationFailed("body", "body", f"body: 1 to {_MOST} objects")
    for item in items:
        if not isinstance(item, dict):
            raise ValidationFailed("body", "body", "body: each item is an object")
    return [Fields(cast("dict[str, JsonValue]", item)) for item in items]


def _read(fields: Fields) -> tuple[list[PolicyType], Scene]:
    fields.only("policyTypes", "policyContext", "appInstance")
    app_id = fields.text("appInstance")
    names = fields.texts("policyTypes") or (tuple(_TYPES) if app_id else ("OKTA_SIGN_ON",))
    for name in names:
        if name not in _TYPES:
            fields.refuse("policyTypes", f"each is one of {', '.join(_TYPES)}")
        if name == "ACCESS_POLICY" and not app_id:
            fields.refuse("appInstance", "an access policy is that of an application")
    context = fields.part("policyContext")
    context.only("user", "groups", "ip", "risk", "device", "factors", "authenticatedSecondsAgo", "deviceRemembered")
    user, device, risk = context.part("user"), context.part("device"), context.part("risk")
    user.only("id")
    groups = context.part("groups")  # the vendor's SDKs cannot leave it out beside a user
    groups.only("ids")
    groups.unless("ids", [], why="the groups are those of the user")
    device.only("id", "registered", "managed")
    risk.only("level")
    managed = device.flag("managed")
    known = managed or device.flag("registered") or device.has("id")
    factors = context.texts("factors") or ("PASSWORD",)
    for name in factors:
        if name not in METHODS:
            context.refuse("factors", f"each is one of {', '.join(METHODS)}")
    ago_s = context.number("authenticatedSecondsAgo", 0)
    if ago_s > _LONGEST_AGO_S:
        context.refuse("authenticatedSecondsAgo", "at most a year")
    scene = Scene(
        user=user.needed("id"),
        app_id=app_id,
        address=context.text("ip"),
        device=Device(device.text("id"), managed=managed) if known else None,
        device_remembered=context.flag("deviceRemembered"),
        risk=cast("Risk", risk.choice("level", ("LOW", "MEDIUM", "HIGH"), "HIGH").lower()),
        factors=tuple(dict.fromkeys(METHODS.get(name, PASSWORD) for name in factors)),
        age_s=ago_s,
    )
    return [_TYPES[name] for name in dict.fromkeys(names)], scene


def _shape(found: Simulated, type: PolicyType) -> dict[str, object]:
    tried = [one for one in found.decision.verdict.tried if one.type == type]
    decided = [one for one in tried if one.matched]
    return {
        "policyType": [POLICY_TYPES[type]],
        "status": "MATCH" if decided else "NOT_MATCH",
        "evaluated": {"policies": _policies(tried)},
        "undefined": {"policies": []},
        "result": {"policies": _policies(decided)},
        "verdict": verdict_data(found),
    }


def _policies(tried: list[Tried]) -> list[dict[str, object]]:
    shapes: dict[str, dict[str, object]] = {}
    for one in tried:
        shape = shapes.setdefault(
            one.policy_id,
            {"id": one.policy_id, "name": one.policy, "status": "NOT_MATCH", "conditions": [], "rules": []},
        )
        status = "MATCH" if one.matched else "NOT_MATCH"
        if one.matched:
            shape["status"] = status
        if one.rule_id:
            rule = {"id": one.rule_id, "name": one.rule, "status": status, "conditions": [], "why": one.why}
            cast("list[object]", shape["rules"]).append(rule)
    return list(shapes.values())


def _about_app(refusal: Refusal) -> bool:
    failure = refusal.verdict.failure
    return failure is not None and failure.name == "application"
