"""Authorization servers: what their tokens are for, which scopes they grant, what they say, and whom they serve."""

from dataclasses import dataclass
from typing import Any, Final, cast

from segue.admin import servers
from segue.admin.servers import ServerDraft
from segue.console import paths
from segue.console.confirming import confirm_page
from segue.console.desk import Desk
from segue.console.forms import check_seen, choice, optional, required
from segue.console.visit import Done, Visit, done
from segue.core.org import built_in_policies
from segue.core.server import AccessPolicy, AccessRule, ServerClaim, ServerScope
from segue.web.message import Page
from segue.web.surface import Route

_READ: Final = "authorizationServers.read"
_MANAGE: Final = "authorizationServers.manage"
_NEW: Final = f"{paths.SERVERS}/new"
_ONE: Final = f"{paths.SERVERS}/{{id}}"
_CRUMBS: Final = (("Authorization servers", paths.SERVERS),)
_BUTTONS: Final = ("state", "remove", "remove_scope", "remove_claim")
TOKENS: Final = (("access", "Access tokens"), ("identity", "ID tokens and userinfo"))


@dataclass(frozen=True, slots=True)
class Servers:
    desk: Desk

    def routes(self) -> tuple[Route, ...]:
        entrance = self.desk.entrance
        return (
            entrance.shows(paths.SERVERS, self.index, _READ),
            entrance.shows(_NEW, self.new, _MANAGE),
            entrance.changes(_NEW, self.new, self.add, _MANAGE),
            entrance.shows(_ONE, self.show, _READ),
            entrance.changes(_ONE, self.show, self.change, _MANAGE, buttons=_BUTTONS),
        )

    async def index(self, visit: Visit) -> Page:
        domain = visit.request.site.domain
        rows = [
            {
                "name": server.name,
                "issuer": server.issuer(domain),
                "audience": server.audience or server.issuer(domain),
                "active": server.status == "active",
                "own": not server.path,
                "address": f"{paths.SERVERS}/{server.id}" if server.path else "",
            }
            for server in await self.desk.store.authorization_servers(visit.org_id)
        ]
        return visit.page("servers.html", "Authorization servers", servers=rows, editable=visit.may(_MANAGE))

    async def new(self, visit: Visit) -> Page:
        return visit.page("server_new.html", "Add an authorization server", crumbs=_CRUMBS, section=paths.SERVERS)

    async def add(self, visit: Visit) -> Done:
        path = self.desk.server_path
        server = await servers.create_server(self.desk.store, _draft(visit), path, visit.change, policies=None)
        return done(f"{paths.SERVERS}/{server.id}", f"{server.name} was added. Every application may use it.")

    async def show(self, visit: Visit) -> Page:
        server = await servers.find_server(self.desk.store, visit.param("id"), visit.change)
        one = f"{paths.SERVERS}/{server.id}"
        if visit.query.get("sure") == "remove":
            visit.actor.require(_MANAGE)
            return confirm_page(
                visit,
                f"Remove the authorization server {server.name}?",
                lead="Its issuer answers no more, and its tokens are refused as soon as their readers ask again.",
                ends=[{"name": f"The scope {name}", "detail": ""} for name in server.scopes],
                action=one,
                hidden=(("do", "remove"),),
                button="Remove the server",
                back=one,
                crumbs=(*_CRUMBS, (server.name, one)),
                section=paths.SERVERS,
            )
        policies = built_in_policies(server) if server.policies is None else server.policies
        return visit.page(
            "server.html",
            server.name,
            crumbs=_CRUMBS,
            section=paths.SERVERS,
            server=server,
            one=one,
            issuer=server.issuer(visit.request.site.domain),
            scopes=list(server.scopes.values()),
            claims=[_claim(claim) for claim in server.claims],
            policies=[_policy(policy) for policy in policies],
            tokens=TOKENS,
            editable=visit.may(_MANAGE),
        )

    async def change(self, visit: Visit) -> Done:
        store, given, change = self.desk.store, visit.posted, visit.change
        server = await servers.find_server(store, visit.param("id"), change)
        here = f"{paths.SERVERS}/{server.id}"
        match choice(given, "do", ("save", "add_scope", "add_claim", *_BUTTONS), "what to do"):
            case "add_scope":
                scope = _scope(visit)
                await servers.add_scope(store, server.id, scope, change)
                return done(here, f"The scope {scope.name} was added.")
            case "remove_scope":
                await servers.remove_scope(store, server.id, required(given, "scope", "Scope"), change)
                return done(here, "The scope was removed.")
            case "add_claim":
                claim = _new_claim(visit)
                await servers.add_claim(store, server.id, claim, change)
                return done(here, f"The claim {claim.name} was added.")
            case "remove_claim":
                await servers.remove_claim(store, server.id, required(given, "claim", "Claim"), change)
                return done(here, "The claim was removed.")
            case "state":
                active = server.status == "active"
                await servers.set_server_status(store, server.id, "inactive" if active else "active", change)
                return done(here, f"{server.name} is {'out of' if active else 'in'} use.")
            case "remove":
                await servers.remove_server(store, server.id, change)
                return done(paths.SERVERS, f"{server.name} was removed.")
        check_seen(given, server.revision)
        await servers.change_server(store, server.id, _draft(visit), change)
        return done(here, "The server was saved.")


def _draft(visit: Visit) -> ServerDraft:
    given = visit.posted
    name, audience = required(given, "name", "Name"), required(given, "audience", "Audience")
    return ServerDraft(name, audience, optional(given, "description"))


def _scope(visit: Visit) -> ServerScope:
    given = visit.posted
    return ServerScope(
        required(given, "scope", "Scope"),
        description=optional(given, "scope_for"),
        default=given.get("default") == "yes",
    )


def _new_claim(visit: Visit) -> ServerClaim:
    given = visit.posted
    return ServerClaim(
        "",
        required(given, "claim", "Claim"),
        cast(Any, choice(given, "token", dict(TOKENS), "where it stands")),
        value=required(given, "value", "Value"),
    )


def _claim(claim: ServerClaim) -> dict[str, object]:
    named = f"groups whose name {claim.group_filter.replace('_', ' ')} {claim.value}"
    return {
        "id": claim.id,
        "name": claim.name,
        "token": dict(TOKENS)[claim.token],
        "value": claim.value if claim.kind == "expression" else named,
        "scopes": ", ".join(sorted(claim.scopes)) or "any",
        "active": claim.status == "active",
    }


def _policy(policy: AccessPolicy) -> dict[str, object]:
    clients = "every application" if policy.client_ids is None else f"{len(policy.client_ids)} applications"
    return {
        "name": policy.name,
        "clients": clients,
        "active": policy.status == "active",
        "rules": [{"name": rule.name, "what": _rule(rule)} for rule in policy.rules if rule.status == "active"],
    }


def _rule(rule: AccessRule) -> str:
    grants = "any grant" if rule.grant_types is None else ", ".join(sorted(rule.grant_types))
    whom = "everybody" if rule.everyone else f"{len(rule.user_ids) + len(rule.group_ids)} users and groups"
    scopes = "any scope" if rule.scopes is None else ", ".join(sorted(rule.scopes))
    return f"{grants}; {whom}; {scopes}; access tokens for {rule.access_token_s // 60} minutes"
