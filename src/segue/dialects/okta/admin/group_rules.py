"""Group rules over HTTP: who belongs to a group by what is known of them."""

from dataclasses import dataclass
from typing import Final

from segue.admin import group_rules
from segue.admin.group_rules import WantedRule
from segue.core.org import GroupRule
from segue.core.refusal import Refusal
from segue.core.strict import read_json_object
from segue.dialects.okta.admin.bodies import Body, ids_member, needed_text, object_member, only, query_flag
from segue.dialects.okta.admin.caller import administrator, not_found
from segue.dialects.okta.admin.paging import page_after, page_limit, page_links
from segue.dialects.okta.admin.user_answers import fielded
from segue.dialects.okta.errors import ValidationFailed, write_error
from segue.dialects.okta.names import (
    GROUP_RULE,
    GROUP_RULE_ACTIVATE,
    GROUP_RULE_DEACTIVATE,
    GROUP_RULES,
    LIMIT_API,
)
from segue.dialects.okta.shapes import timestamp
from segue.stores import Store
from segue.web.frontchannel import FrontDoor
from segue.web.message import Empty, Json, Request, Response
from segue.web.surface import Handler, Route

_SUBJECT: Final = "groupRule"
_LANGUAGE: Final = "urn:okta:expression:1.0"
_PAGE: Final = 50
_MOST: Final = 200
_MOST_IDS: Final = 100
_SHOWN: Final = frozenset({"id", "status", "created", "lastUpdated", "allGroupsValid", "_links", "_embedded"})


@dataclass(frozen=True, slots=True)
class GroupRules:
    door: FrontDoor
    store: Store

    def routes(self) -> tuple[Route, ...]:
        return (
            _route("GET", GROUP_RULES, self.list),
            _route("POST", GROUP_RULES, self.create),
            _route("GET", GROUP_RULE, self.read),
            _route("PUT", GROUP_RULE, self.replace),
            _route("DELETE", GROUP_RULE, self.remove),
            _route("POST", GROUP_RULE_ACTIVATE, self.activate, body=False),
            _route("POST", GROUP_RULE_DEACTIVATE, self.deactivate, body=False),
        )

    async def list(self, request: Request) -> Response:
        """A page in order of id; ``search`` is a part of a name. An org has few rules, read as a whole."""
        change = await administrator(self.door, request, "groups.read")
        limit, after = page_limit(request, default=_PAGE, most=_MOST), page_after(request)
        part = (request.query.get("search") or "").casefold()
        found = [
            rule
            for rule in await self.store.group_rules(change.org_id)
            if rule.id > after and part in rule.name.casefold()
        ]
        page = found[:limit]
        following = page[-1].id if len(found) > limit else None
        headers = page_links(request, GROUP_RULES, ("search",), following)
        return Json(data=[_shape(rule) for rule in page]).with_headers(*headers)

    async def create(self, request: Request) -> Response:
        """200 with the rule, which is not active yet."""
        change, wanted = await administrator(self.door, request, "groups.manage"), _read(request)
        try:
            return Json(data=_shape(await group_rules.create_rule(self.store, wanted, change)))
        except Refusal as refusal:
            raise fielded(refusal, _SUBJECT) from refusal

    async def read(self, request: Request) -> Response:
        change, ident = await administrator(self.door, request, "groups.read"), request.path_params["rule"]
        try:
            return Json(data=_shape(await group_rules.find_rule(self.store, ident, change)))
        except Refusal as refusal:
            raise not_found(refusal, ident, "GroupRule") from None

    async def replace(self, request: Request) -> Response:
        """200 with the rule; an active one has to be deactivated before."""
        change, ident = await administrator(self.door, request, "groups.manage"), request.path_params["rule"]
        wanted = _read(request)
        try:
            return Json(data=_shape(await group_rules.change_rule(self.store, ident, wanted, change)))
        except Refusal as refusal:
            raise not_found(fielded(refusal, _SUBJECT), ident, "GroupRule") from refusal

    async def remove(self, request: Request) -> Response:
        """202. Whom the rule put into groups left them when it was deactivated, whatever ``removeUsers`` says."""
        change, ident = await administrator(self.door, request, "groups.manage"), request.path_params["rule"]
        query_flag(request, "removeUsers", default=False)
        try:
            await group_rules.remove_rule(self.store, ident, change)
        except Refusal as refusal:
            raise not_found(refusal, ident, "GroupRule") from None
        return Empty(status=202)

    async def activate(self, request: Request) -> Response:
        """204; the rule holds for whoever is changed from now on, and for everybody else within a minute."""
        change, ident = await administrator(self.door, request, "groups.manage"), request.path_params["rule"]
        try:
            await group_rules.activate_rule(self.store, ident, change)
        except Refusal as refusal:
            raise not_found(refusal, ident, "GroupRule") from None
        return Empty(status=204)

    async def deactivate(self, request: Request) -> Response:
        """204; whom this rule alone put into a group leaves it."""
        change, ident = await administrator(self.door, request, "groups.manage"), request.path_params["rule"]
        try:
            await group_rules.deactivate_rule(self.store, ident, change)
        except Refusal as refusal:
            raise not_found(refusal, ident, "GroupRule") from None
        return Empty(status=204)


def _shape(rule: GroupRule) -> dict[str, object]:
    return {
        "type": "group_rule",
        "id": rule.id,
        "status": rule.status.upper(),
        "name": rule.name,
        "created": timestamp(rule.created_at),
        "lastUpdated": timestamp(rule.updated_at),
        "conditions": {
            "people": {"users": {"exclude": list(rule.excluded)}, "groups": {"exclude": []}},
            "expression": {"value": rule.expression, "type": _LANGUAGE},
        },
        "actions": {"assignUserToGroups": {"groupIds": list(rule.group_ids)}},
        "allGroupsValid": True,
    }


def _read(request: Request) -> WantedRule:
    """Raises ValidationFailed."""
    body = read_json_object(request.body)
    only(body, {"type", "name", "conditions", "actions"} | _SHOWN, _SUBJECT)
    if body.get("type", "group_rule") != "group_rule":
        raise ValidationFailed(_SUBJECT, "type", "type: group_rule")
    conditions, actions = _object(body, "conditions"), _object(body, "actions")
    only(conditions, {"people", "expression"}, _SUBJECT)
    only(actions, {"assignUserToGroups"}, _SUBJECT)
    expression, groups = _object(conditions, "expression"), _object(actions, "assignUserToGroups")
    only(expression, {"value", "type"}, _SUBJECT)
    only(groups, {"groupIds"}, _SUBJECT)
    if expression.get("type", _LANGUAGE) != _LANGUAGE:
        raise ValidationFailed(_SUBJECT, "expression", f"expression.type: {_LANGUAGE}")
    return WantedRule(
        name=needed_text(body, "name", _SUBJECT, longest=100),
        expression=needed_text(expression, "value", _SUBJECT, longest=4096),
        group_ids=ids_member(groups, "groupIds", _SUBJECT, most=_MOST_IDS),
        excluded=_excluded(object_member(conditions, "people", _SUBJECT)),
    )


def _excluded(people: Body | None) -> tuple[str, ...]:
    if people is None:
        return ()
    only(people, {"users", "groups"}, _SUBJECT)
    for name in ("users", "groups"):
        only(object_member(people, name, _SUBJECT) or {}, {"exclude", "include"}, _SUBJECT)
    users, groups = object_member(people, "users", _SUBJECT) or {}, object_member(people, "groups", _SUBJECT) or {}
    if users.get("include") or groups.get("include") or groups.get("exclude"):
        raise ValidationFailed(_SUBJECT, "people", "people: only users.exclude is offered; say the rest as expression")
    return ids_member(users, "exclude", _SUBJECT, most=_MOST_IDS)


def _object(body: Body, name: str) -> Body:
    found = object_member(body, name, _SUBJECT)
    if found is None:
        raise ValidationFailed(_SUBJECT, name, f"{name}: an object is needed")
    return found


def _route(method: str, path: str, handler: Handler, *, body: bool = True) -> Route:
    return Route(
        (method,),
        path,
        handler,
        write_error,
        "group_rules",
        body="json" if body and method in ("POST", "PUT") else "none",
        idempotent=method == "GET",
        limit=LIMIT_API,
    )
