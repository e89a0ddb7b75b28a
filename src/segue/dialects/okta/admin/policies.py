"""Policies over HTTP: session policies and access policies of applications, with their rules."""

from dataclasses import dataclass
from typing import Final

from segue.admin import policies
from segue.admin.change import Change
from segue.admin.policies import PolicyWish
from segue.core.policy import Conditions, Policy, PolicyType
from segue.core.refusal import Refusal
from segue.core.strict import read_json_object
from segue.dialects.okta.admin.app_shapes import shape_application
from segue.dialects.okta.admin.caller import administrator, not_found
from segue.dialects.okta.admin.fields import Fields
from segue.dialects.okta.admin.paging import page_after, page_limit, page_links
from segue.dialects.okta.admin.policy_shapes import POLICY_TYPES, shape_policy, shape_rule
from segue.dialects.okta.admin.rule_fields import read_conditions, read_rule
from segue.dialects.okta.errors import ValidationFailed, write_error
from segue.dialects.okta.names import (
    APP,
    LIMIT_API,
    POLICIES,
    POLICY,
    POLICY_ACTIVATE,
    POLICY_APPS,
    POLICY_CLONE,
    POLICY_DEACTIVATE,
    POLICY_MAPPINGS,
    POLICY_RULE,
    POLICY_RULE_ACTIVATE,
    POLICY_RULE_DEACTIVATE,
    POLICY_RULES,
)
from segue.dialects.okta.shapes import link
from segue.stores import Store
from segue.web.frontchannel import FrontDoor
from segue.web.message import Empty, Json, Request, Response
from segue.web.surface import Handler, Route

EVENT: Final = "policies"
_PAGE: Final = 20
_MOST: Final = 200
_TYPES: Final = {theirs: ours for ours, theirs in POLICY_TYPES.items()}
#: What a caller sends back of what it was given.
_ECHO: Final = ("id", "created", "lastUpdated", "system", "_links", "_embedded")


@dataclass(frozen=True, slots=True)
class Policies:
    door: FrontDoor
    store: Store

    def routes(self) -> tuple[Route, ...]:
        return (
            _route("GET", POLICIES, self.list),
            _route("POST", POLICIES, self.create, body=True),
            _route("GET", POLICY, self.read),
            _route("PUT", POLICY, self.replace, body=True),
            _route("DELETE", POLICY, self.remove),
            _route("POST", POLICY_ACTIVATE, self.activate),
            _route("POST", POLICY_DEACTIVATE, self.deactivate),
            _route("POST", POLICY_CLONE, self.clone),
            _route("GET", POLICY_APPS, self.apps),
            _route("GET", POLICY_MAPPINGS, self.mappings),
            _route("POST", POLICY_MAPPINGS, self.map, body=True),
            _route("GET", POLICY_RULES, self.rules),
            _route("POST", POLICY_RULES, self.create_rule, body=True),
            _route("GET", POLICY_RULE, self.read_rule),
            _route("PUT", POLICY_RULE, self.replace_rule, body=True),
            _route("DELETE", POLICY_RULE, self.remove_rule),
            _route("POST", POLICY_RULE_ACTIVATE, self.activate_rule),
            _route("POST", POLICY_RULE_DEACTIVATE, self.deactivate_rule),
        )

    async def list(self, request: Request) -> Response:
        """The policies of the ``type`` that is asked for, in their order; ``q`` is a part of their name."""
        change = await administrator(self.door, request, "policies.read")
        type = _type(request.query.get("type") or "")
        status, text = request.query.get("status") or "", (request.query.get("q") or "").lower()
        found = [
            policy
            for policy in await policies.list_policies(self.store, type, change)
            if (not status or policy.status.upper() == status) and text in policy.name.lower()
        ]
        limit, after = page_limit(request, default=_MOST, most=_MOST), page_after(request)
        ids = [policy.id for policy in found]
        start = ids.index(after) + 1 if after in ids else 0
        page = found[start : start + limit]
        following = page[-1].id if len(found) > start + limit else None
        headers = page_links(request, POLICIES, ("type", "status", "q"), following)
        return Json(data=[shape_policy(request, policy) for policy in page]).with_headers(*headers)

    async def create(self, request: Request) -> Response:
        """200 with the policy; in use unless ``activate`` is false."""
        change = await administrator(self.door, request, "policies.manage")
        fields = Fields(read_json_object(request.body))
        type = _type(fields.needed("type"))
        active = _flag(request, "activate") and fields.choice("status", ("ACTIVE", "INACTIVE"), "ACTIVE") == "ACTIVE"
        made = await policies.create_policy(self.store, type, _read(fields, type), change, active=active)
        return Json(data=shape_policy(request, made))

    async def read(self, request: Request) -> Response:
        change = await administrator(self.door, request, "policies.read")
        return Json(data=shape_policy(request, await self._named(request, change)))

    async def replace(self, request: Request) -> Response:
        change = await administrator(self.door, request, "policies.manage")
        policy, fields = await self._named(request, change), Fields(read_json_object(request.body))
        fields.choice("type", (POLICY_TYPES[policy.type],), POLICY_TYPES[policy.type])
        changed = await policies.replace_policy(self.store, policy.id, _read(fields, policy.type), change)
        return Json(data=shape_policy(request, changed))

    async def remove(self, request: Request) -> Response:
        change = await administrator(self.door, request, "policies.manage")
        await policies.remove_policy(self.store, (await self._named(request, change)).id, change)
        return Empty()

    async def activate(self, request: Request) -> Response:
        return await self._set(request, active=True)

    async def deactivate(self, request: Request) -> Response:
        return await self._set(request, active=False)

    async def clone(self, request: Request) -> Response:
        change = await administrator(self.door, request, "policies.manage")
        copy = await policies.clone_policy(self.store, (await self._named(request, change)).id, change)
        return Json(data=shape_policy(request, copy))

    async def apps(self, request: Request) -> Response:
        """The applications that have the policy."""
        change = await administrator(self.door, request, "policies.read")
        found = await policies.applications_of(self.store, (await self._named(request, change)).id, change)
        own = request.site.domain
        homes = {app.id: await self.door.config.domain(app.home_authority) or own for app in found[:_MOST]}
        return Json(data=[shape_application(app, own, homes[app.id]) for app in found[:_MOST]])

    async def mappings(self, request: Request) -> Response:
        """The same as links: one for each application."""
        change = await administrator(self.door, request, "policies.read")
        policy = await self._named(request, change)
        found = await policies.applications_of(self.store, policy.id, change)
        return Json(data=[_mapping(request, policy, app.id) for app in found[:_MOST]])

    async def map(self, request: Request) -> Response:
        """Gives an application this policy."""
        change = await administrator(self.door, request, "policies.manage")
        policy, fields = await self._named(request, change), Fields(read_json_object(request.body))
        fields.only("resourceId", "resourceType")
        fields.choice("resourceType", ("APP", "ACCESS_POLICY"), "APP")
        app_id = fields.needed("resourceId")
        try:
            await policies.assign_policy(self.store, app_id, policy.id, change)
        except Refusal as refusal:
            raise not_found(refusal, app_id, "AppInstance") from None
        return Json(data=_mapping(request, policy, app_id))

    async def rules(self, request: Request) -> Response:
        change = await administrator(self.door, request, "policies.read")
        policy = await self._named(request, change)
        return Json(data=[shape_rule(request, policy, rule) for rule in policy.rules])

    async def create_rule(self, request: Request) -> Response:
        change = await administrator(self.door, request, "policies.manage")
        policy, fields = await self._named(request, change), Fields(read_json_object(request.body))
        active = _flag(request, "activate") and fields.choice("status", ("ACTIVE", "INACTIVE"), "ACTIVE") == "ACTIVE"
        wish = read_rule(fields, policy.type)
        changed, rule = await policies.create_rule(self.store, policy.id, wish, change, active=active)
        return Json(data=shape_rule(request, changed, rule))

    async def read_rule(self, request: Request) -> Response:
        change = await administrator(self.door, request, "policies.read")
        policy = await self._named(request, change)
        ident = request.path_params["rule"]
        try:
            rule = await policies.find_rule(self.store, policy.id, ident, change)
        except Refusal as refusal:
            raise not_found(refusal, ident, "PolicyRule") from None
        return Json(data=shape_rule(request, policy, rule))

    async def replace_rule(self, request: Request) -> Response:
        change = await administrator(self.door, request, "policies.manage")
        policy, ident = await self._named(request, change), request.path_params["rule"]
        wish = read_rule(Fields(read_json_object(request.body)), policy.type)
        try:
            changed, rule = await policies.replace_rule(self.store, policy.id, ident, wish, change)
        except Refusal as refusal:
            raise not_found(refusal, ident, "PolicyRule") from None
        return Json(data=shape_rule(request, changed, rule))

    async def remove_rule(self, request: Request) -> Response:
        change = await administrator(self.door, request, "policies.manage")
        policy, ident = await self._named(request, change), request.path_params["rule"]
        try:
            await policies.remove_rule(self.store, policy.id, ident, change)
        except Refusal as refusal:
            raise not_found(refusal, ident, "PolicyRule") from None
        return Empty()

    async def activate_rule(self, request: Request) -> Response:
        return await self._set_rule(request, active=True)

    async def deactivate_rule(self, request: Request) -> Response:
        return await self._set_rule(request, active=False)

    async def _set(self, request: Request, *, active: bool) -> Response:
        change = await administrator(self.door, request, "policies.manage")
        policy = await self._named(request, change)
        await policies.set_policy_status(self.store, policy.id, change, active=active)
        return Empty()

    async def _set_rule(self, request: Request, *, active: bool) -> Response:
        change = await administrator(self.door, request, "policies.manage")
        policy, ident = await self._named(request, change), request.path_params["rule"]
        try:
            await policies.set_rule_status(self.store, policy.id, ident, change, active=active)
        except Refusal as refusal:
            raise not_found(refusal, ident, "PolicyRule") from None
        return Empty()

    async def _named(self, request: Request, change: Change) -> Policy:
        ident = request.path_params["policy"]
        try:
            return await policies.find_policy(self.store, ident, change)
        except Refusal as refusal:
            raise not_found(refusal, ident, "Policy") from None


def _route(method: str, path: str, handler: Handler, *, body: bool = False) -> Route:
    return Route(
        (method,),
        path,
        handler,
        write_error,
        EVENT,
        body="json" if body else "none",
        idempotent=method == "GET",
        limit=LIMIT_API,
    )


def _read(fields: Fields, type: PolicyType) -> PolicyWish:
    fields.only("type", "name", "description", "priority", "status", "conditions", *_ECHO)
    conditions = Conditions()
    if fields.has("conditions"):
        conditions = read_conditions(fields.part("conditions"), type)
    priority = fields.number("priority", 1) if fields.has("priority") else None
    return PolicyWish(fields.needed("name"), fields.text("description"), priority, conditions)


def _type(name: str) -> PolicyType:
    """What else this vendor has policies for is not governed by policies here."""
    if name not in _TYPES:
        raise ValidationFailed("type", "type", f"type: one of {', '.join(_TYPES)}")
    return _TYPES[name]


def _flag(request: Request, name: str) -> bool:
    given = request.query.get(name) or "true"
    if given not in ("true", "false"):
        raise ValidationFailed(name, name, f"{name}: true or false")
    return given == "true"


def _mapping(request: Request, policy: Policy, app_id: str) -> dict[str, object]:
    base = request.site.domain.base_url
    own = f"{base}{POLICY_MAPPINGS.format(policy=policy.id)}"
    return {
        "id": app_id,
        "_links": {
            "self": link(own, "GET", "POST"),
            "application": link(f"{base}{APP.format(app=app_id)}", "GET"),
            "policy": link(f"{base}{POLICY.format(policy=policy.id)}", "GET"),
        },
    }
