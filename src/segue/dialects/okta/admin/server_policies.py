"""Access policies of an authorization server and their rules over HTTP."""

from dataclasses import dataclass
from typing import Final

from segue.admin import server_policies as policies
from segue.admin.change import Change
from segue.admin.server_policies import PolicyDraft
from segue.admin.servers import find_server
from segue.core.org import AuthorizationServer
from segue.core.server import AccessPolicy, AccessRule
from segue.core.strict import read_json_object
from segue.dialects.okta.admin.fields import Fields
from segue.dialects.okta.admin.server_routes import ServerCall, paged, server_route, times
from segue.dialects.okta.names import (
    ACTIVATE,
    DEACTIVATE,
    SERVER_POLICIES,
    SERVER_POLICY,
    SERVER_RULE,
    SERVER_RULES,
)
from segue.dialects.okta.shapes import link
from segue.stores import Store
from segue.web.frontchannel import FrontDoor
from segue.web.message import Empty, Json, Request, Response
from segue.web.surface import Route

_POLICY_TYPE: Final = "OAUTH_AUTHORIZATION_POLICY"
_RULE_TYPE: Final = "RESOURCE_ACCESS"
_ALL_CLIENTS: Final = "ALL_CLIENTS"
_EVERYONE: Final = "EVERYONE"
_ALL: Final = "*"
_SHARED: Final = (
    "id",
    "type",
    "name",
    "status",
    "priority",
    "system",
    "conditions",
    "created",
    "lastUpdated",
    "_links",
)
#: What a rule without grant types of its own stands for, and what a caller may name.
GRANT_TYPES: Final = (
    "authorization_code",
    "implicit",
    "password",
    "client_credentials",
    "refresh_token",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:saml2-bearer",
    "urn:openid:params:grant-type:ciba",
    "urn:okta:params:oauth:grant-type:otp",
    "urn:okta:params:oauth:grant-type:oob",
    "http://auth0.com/oauth/grant-type/mfa-otp",
    "http://auth0.com/oauth/grant-type/mfa-oob",
    "interaction_code",
)


@dataclass(frozen=True, slots=True)
class ServerPolicies:
    door: FrontDoor
    store: Store

    def routes(self) -> tuple[Route, ...]:
        def at(method: str, path: str, call: ServerCall, *, body: bool = False) -> Route:
            return server_route(self.door, method, path, call, body=body)

        return (
            at("GET", SERVER_POLICIES, self.list_policies),
            at("POST", SERVER_POLICIES, self.add_policy, body=True),
            at("GET", SERVER_POLICY, self.read_policy),
            at("PUT", SERVER_POLICY, self.replace_policy, body=True),
            at("DELETE", SERVER_POLICY, self.remove_policy),
            at("POST", f"{SERVER_POLICY}{ACTIVATE}", self.activate_policy),
            at("POST", f"{SERVER_POLICY}{DEACTIVATE}", self.deactivate_policy),
            at("GET", SERVER_RULES, self.list_rules),
            at("POST", SERVER_RULES, self.add_rule, body=True),
            at("GET", SERVER_RULE, self.read_rule),
            at("PUT", SERVER_RULE, self.replace_rule, body=True),
            at("DELETE", SERVER_RULE, self.remove_rule),
            at("POST", f"{SERVER_RULE}{ACTIVATE}", self.activate_rule),
            at("POST", f"{SERVER_RULE}{DEACTIVATE}", self.deactivate_rule),
        )

    async def list_policies(self, request: Request, change: Change) -> Response:
        server = await self._server(request, change)
        found = [(each.id, _policy(request, server, each)) for each in policies.policies_of(server)]
        return paged(request, SERVER_POLICIES.format(server=request.path_params["server"]), found)

    async def add_policy(self, request: Request, change: Change) -> Response:
        draft, active = _read_policy(Fields(read_json_object(request.body)))
        server = request.path_params["server"]
        made = await policies.add_policy(self.store, server, draft, change)
        if not active:
            made = await policies.set_policy_status(self.store, server, made.id, "inactive", change)
        return Json(status=201, data=_policy(request, await self._server(request, change), made))

    async def read_policy(self, request: Request, change: Change) -> Response:
        server = await self._server(request, change)
        return Json(data=_policy(request, server, policies.policy_of(server, request.path_params["policy"])))

    async def replace_policy(self, request: Request, change: Change) -> Response:
        draft, _ = _read_policy(Fields(read_json_object(request.body)))
        names = request.path_params
        changed = await policies.change_policy(self.store, names["server"], names["policy"], draft, change)
        return Json(data=_policy(request, await self._server(request, change), changed))

    async def remove_policy(self, request: Request, change: Change) -> Response:
        names = request.path_params
        await policies.remove_policy(self.store, names["server"], names["policy"], change)
        return Empty(status=204)

    async def activate_policy(self, request: Request, change: Change) -> Response:
        names = request.path_params
        await policies.set_policy_status(self.store, names["server"], names["policy"], "active", change)
        return Empty(status=204)

    async def deactivate_policy(self, request: Request, change: Change) -> Response:
        names = request.path_params
        await policies.set_policy_status(self.store, names["server"], names["policy"], "inactive", change)
        return Empty(status=204)

    async def list_rules(self, request: Request, change: Change) -> Response:
        server, names = await self._server(request, change), request.path_params
        policy = policies.policy_of(server, names["policy"])
        found = [(rule.id, _rule(request, server, policy, rule)) for rule in policy.rules]
        return paged(request, SERVER_RULES.format(server=names["server"], policy=policy.id), found)

    async def add_rule(self, request: Request, change: Change) -> Response:
        rule, place = _read_rule(Fields(read_json_object(request.body)))
        names = request.path_params
        made = await policies.add_rule(self.store, names["server"], names["policy"], rule, change, place=place)
        return Json(status=201, data=await self._rule_shape(request, change, made))

    async def read_rule(self, request: Request, change: Change) -> Response:
        server, names = await self._server(request, change), request.path_params
        policy = policies.policy_of(server, names["policy"])
        return Json(data=_rule(request, server, policy, policies.rule_of(policy, names["rule"])))

    async def replace_rule(self, request: Request, change: Change) -> Response:
        names = request.path_params
        rule, place = _read_rule(Fields(read_json_object(request.body)), names["rule"])
        changed = await policies.change_rule(self.store, names["server"], names["policy"], rule, change, place=place)
        return Json(data=await self._rule_shape(request, change, changed))

    async def remove_rule(self, request: Request, change: Change) -> Response:
        names = request.path_params
        await policies.remove_rule(self.store, names["server"], names["policy"], names["rule"], change)
        return Empty(status=204)

    async def activate_rule(self, request: Request, change: Change) -> Response:
        names = request.path_params
        await policies.set_rule_status(self.store, names["server"], names["policy"], names["rule"], "active", change)
        return Empty(status=204)

    async def deactivate_rule(self, request: Request, change: Change) -> Response:
        names = request.path_params
        await policies.set_rule_status(self.store, names["server"], names["policy"], names["rule"], "inactive", change)
        return Empty(status=204)

    async def _server(self, request: Request, change: Change) -> AuthorizationServer:
        return await find_server(self.store, request.path_params["server"], change)

    async def _rule_shape(self, request: Request, change: Change, rule: AccessRule) -> dict[str, object]:
        server = await self._server(request, change)
        return _rule(request, server, policies.policy_of(server, request.path_params["policy"]), rule)


def _read_policy(sent: Fields) -> tuple[PolicyDraft, bool]:
    """What is wanted of a policy, and whether it is to be active from the start."""
    sent.only("description", *_SHARED)
    sent.choice("type", (_POLICY_TYPE,), _POLICY_TYPE)
    conditions = sent.part("conditions")
    conditions.only("clients")
    clients = conditions.part("clients")
    clients.only("include")
    named = clients.texts("include")
    if not named:
        clients.refuse("include", f"client ids, or {_ALL_CLIENTS}")
    client_ids = None if _ALL_CLIENTS in named else frozenset(named)
    draft = PolicyDraft(sent.needed("name"), sent.text("description"), client_ids, _place(sent))
    return draft, sent.choice("status", ("ACTIVE", "INACTIVE"), "ACTIVE") == "ACTIVE"


def _read_rule(sent: Fields, ident: str = "") -> tuple[AccessRule, int | None]:
    sent.only("actions", *_SHARED)
    sent.choice("type", (_RULE_TYPE,), _RULE_TYPE)
    conditions = sent.part("conditions")
    conditions.only("grantTypes", "people", "scopes")
    grants, scopes = _include(conditions, "grantTypes"), _include(conditions, "scopes")
    for grant in grants:
        if grant not in GRANT_TYPES:
            conditions.refuse("grantTypes.include", f"each is one of {', '.join(GRANT_TYPES)}")
    people = conditions.part("people")
    people.only("users", "groups")
    users, groups = _include(people, "users"), _include(people, "groups")
    actions = sent.part("actions")
    actions.only("token")
    token = actions.part("token")
    token.only("accessTokenLifetimeMinutes", "refreshTokenLifetimeMinutes", "refreshTokenWindowMinutes", "inlineHook")
    token.unless("inlineHook", {"id": ""}, why="there are no inline hooks here")
    rule = AccessRule(
        id=ident,
        name=sent.needed("name"),
        grant_types=frozenset(grants),
        user_ids=frozenset(users),
        group_ids=frozenset(groups) - {_EVERYONE},
        everyone=_EVERYONE in groups,
        scopes=None if _ALL in scopes else frozenset(scopes),
        access_token_s=token.number("accessTokenLifetimeMinutes", 60) * 60,
        refresh_life_s=token.number("refreshTokenLifetimeMinutes", 0) * 60 or None,
        refresh_idle_s=token.number("refreshTokenWindowMinutes", 0) * 60 or None,
        status="active" if sent.choice("status", ("ACTIVE", "INACTIVE"), "ACTIVE") == "ACTIVE" else "inactive",
    )
    return rule, _place(sent)


def _include(of: Fields, name: str) -> tuple[str, ...]:
    part = of.part(name)
    part.only("include", "exclude")
    part.unless("exclude", [], why="only what is included can be named")
    return part.texts("include")


def _place(sent: Fields) -> int | None:
    return sent.number("priority", 0) or None


def _policy(request: Request, server: AuthorizationServer, policy: AccessPolicy) -> dict[str, object]:
    own = f"{request.site.domain.base_url}{SERVER_POLICY.format(server=server.id, policy=policy.id)}"
    clients = [_ALL_CLIENTS] if policy.client_ids is None else sorted(policy.client_ids)
    return {
        "type": _POLICY_TYPE,
        "id": policy.id,
        "status": policy.status.upper(),
        "name": policy.name,
        # The vendor's clients take no empty text for a description.
        "description": policy.description or policy.name,
        "priority": _priority(policies.policies_of(server), policy.id),
        "system": policy.system,
        "conditions": {"clients": {"include": clients}},
        **times(policy.id, policy.updated_at),
        "_links": {**_links(own, policy.status), "rules": link(f"{own}/rules", "GET")},
    }


def _rule(request: Request, server: AuthorizationServer, policy: AccessPolicy, rule: AccessRule) -> dict[str, object]:
    path = SERVER_RULE.format(server=server.id, policy=policy.id, rule=rule.id)
    token: dict[str, object] = {
        "accessTokenLifetimeMinutes": rule.access_token_s // 60,
        "refreshTokenLifetimeMinutes": (rule.refresh_life_s or 0) // 60,
        "refreshTokenWindowMinutes": (rule.refresh_idle_s or 0) // 60,
    }
    groups = [*([_EVERYONE] if rule.everyone else []), *sorted(rule.group_ids)]
    return {
        "type": _RULE_TYPE,
        "id": rule.id,
        "status": rule.status.upper(),
        "name": rule.name,
        "priority": _priority(policy.rules, rule.id),
        "system": rule.system,
        "conditions": {
            "people": {"users": {"include": sorted(rule.user_ids)}, "groups": {"include": groups}},
            "grantTypes": {"include": list(GRANT_TYPES) if rule.grant_types is None else sorted(rule.grant_types)},
            "scopes": {"include": [_ALL] if rule.scopes is None else sorted(rule.scopes)},
        },
        "actions": {"token": token},
        **times(rule.id, rule.updated_at),
        "_links": _links(f"{request.site.domain.base_url}{path}", rule.status),
    }


def _priority(items: tuple[AccessPolicy, ...] | tuple[AccessRule, ...], ident: str) -> int:
    """The place in which it is asked, from 1."""
    return [item.id for item in items].index(ident) + 1


def _links(own: str, status: str) -> dict[str, object]:
    other = "deactivate" if status == "active" else "activate"
    return {"self": link(own, "GET", "PUT", "DELETE"), other: link(f"{own}/lifecycle/{other}", "POST")}
