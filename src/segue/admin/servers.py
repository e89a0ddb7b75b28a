"""Authorization servers: made, changed and taken away, with their scopes and claims.

A server is one value, and every change reads it, makes a new one and writes that if nobody was quicker; whoever lost
reads again. So two programs that add a scope each at the same moment both succeed.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from segue.admin import prefixes
from segue.admin.change import Change, invalid, missing, overtaken, taken
from segue.admin.keys import TOKEN_KEYS
from segue.admin.text import check_label, check_value
from segue.core.org import AuthorizationServer
from segue.core.server import RESERVED_CLAIMS, AccessPolicy, ServerClaim, ServerScope, Status
from segue.events import Event
from segue.policy.expressions import BadExpression, check_group_filter, read_expression
from segue.policy.scopes import OFFLINE_ACCESS, OPENID
from segue.stores import Store

Edit = Callable[[AuthorizationServer], tuple[AuthorizationServer, Event]]

STANDARD_SCOPES: Final = (OPENID, "profile", "email", "address", "phone", OFFLINE_ACCESS)
"""Scopes that every server has and nobody changes."""

_ROUNDS: Final = 8
_MOST_SCOPES: Final = 500
_MOST_CLAIMS: Final = 200
_MOST_TRUSTED: Final = 50
_AUDIENCE: Final = re.compile(r"[\x21-\x7e]{1,200}")
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,256}")  # RFC 6749 3.3
_CLAIM: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.:/#-]{0,127}")


@dataclass(frozen=True, slots=True)
class ServerDraft:
    """What an administrator decides of a server. ``audience`` is what its access tokens are for."""

    name: str
    audience: str
    description: str = ""


async def list_servers(store: Store, change: Change) -> Sequence[AuthorizationServer]:
    """The org's custom servers in order of id; its own server belongs to the product and is not among them."""
    return [server for server in await store.authorization_servers(change.org_id) if server.path]


async def find_server(store: Store, name: str, change: Change) -> AuthorizationServer:
    """The custom server of that id, or of that last part of its path. Raises Refusal ``not_found``."""
    for server in await list_servers(store, change):
        if name in (server.id, server.path.rpartition("/")[2]):
            return server
    raise missing("authorization server", name, "There is no such authorization server.")


async def create_server(
    store: Store,
    draft: ServerDraft,
    path: str,
    change: Change,
    *,
    policies: tuple[AccessPolicy, ...] | None = (),
) -> AuthorizationServer:
    """A new server; ``{id}`` in ``path`` stands for its id. Without ``policies`` it gives nobody tokens until it has
    some; with None every application may have them. Raises Refusal ``invalid_value``, ``already_exists``."""
    ident = change.new_id(prefixes.AUTHORIZATION_SERVER)
    server = AuthorizationServer(
        ident,
        change.org_id,
        "",
        path.replace("{id}", ident),
        "",
        TOKEN_KEYS,
        policies=policies,
        updated_at=change.now_at,
    )
    server = _drafted(server, draft)
    if any(other.path == server.path for other in await store.authorization_servers(change.org_id)):
        raise taken("path", "Another authorization server of the org has this path.")
    await store.put_authorization_server(server, _event("authorization_server.create", server, change))
    return server


async def change_server(store: Store, name: str, draft: ServerDraft, change: Change) -> AuthorizationServer:
    """Replaces what an administrator decides of a server. Raises Refusal."""

    def edit(server: AuthorizationServer) -> tuple[AuthorizationServer, Event]:
        after = _drafted(server, draft)
        return after, _event("authorization_server.update", after, change)

    return await edit_server(store, name, change, edit)


async def set_server_status(store: Store, name: str, status: Status, change: Change) -> AuthorizationServer:
    """A server that is inactive answers nothing. Raises Refusal ``not_found``."""

    def edit(server: AuthorizationServer) -> tuple[AuthorizationServer, Event]:
        act = "activate" if status == "active" else "deactivate"
        return replace(server, status=status), _event(f"authorization_server.{act}", server, change)

    return await edit_server(store, name, change, edit)


async def trust_servers(store: Store, name: str, server_ids: Sequence[str], change: Change) -> AuthorizationServer:
    """The servers whose access tokens may be exchanged for this one's, all at once. Raises Refusal."""
    known = {server.id for server in await list_servers(store, change)}
    wanted = tuple(dict.fromkeys(server_ids))
    if len(wanted) > _MOST_TRUSTED:
        raise invalid("trusted", f"A server trusts at most {_MOST_TRUSTED} others.")
    for ident in wanted:
        if ident not in known:
            raise invalid("trusted", "A server that is to be trusted does not exist.", seen=ident)

    def edit(server: AuthorizationServer) -> tuple[AuthorizationServer, Event]:
        if server.id in wanted:
            raise invalid("trusted", "A server does not have to trust itself.")
        event = _event("authorization_server.trust", server, change, trusted=list(wanted))
        return replace(server, trusted_server_ids=wanted), event

    return await edit_server(store, name, change, edit)


async def remove_server(store: Store, name: str, change: Change) -> None:
    """Takes a server away: its tokens stop verifying as soon as nobody remembers its keys. Raises Refusal."""
    server = await find_server(store, name, change)
    event = _event("authorization_server.remove", server, change)
    await store.remove_authorization_server(change.org_id, server.id, event)


# --- scopes ---


async def add_scope(store: Store, server: str, scope: ServerScope, change: Change) -> ServerScope:
    """Raises Refusal ``invalid_value``, ``already_exists``."""
    new = replace(_checked_scope(scope), id=change.new_id(prefixes.SERVER_SCOPE))

    def edit(known: AuthorizationServer) -> tuple[AuthorizationServer, Event]:
        if new.name in known.scopes:
            raise taken("name", "The server has a scope of this name.")
        if len(known.scopes) >= _MOST_SCOPES:
            raise invalid("name", f"A server has at most {_MOST_SCOPES} scopes.")
        return _with_scopes(known, [*known.scopes.values(), new]), _scope_event("add", known, new, change)

    await edit_server(store, server, change, edit)
    return new


async def find_scope(store: Store, server: str, ident: str, change: Change) -> ServerScope:
    """The server's own scope of that id or name. Raises Refusal ``not_found``."""
    return scope_of(await find_server(store, server, change), ident)


async def change_scope(store: Store, server: str, ident: str, scope: ServerScope, change: Change) -> ServerScope:
    """Replaces a scope; its name stays, since tokens and rules hold it. Raises Refusal."""
    checked = _checked_scope(scope)
    changed: list[ServerScope] = []

    def edit(known: AuthorizationServer) -> tuple[AuthorizationServer, Event]:
        old = scope_of(known, ident)
        if checked.name != old.name:
            raise invalid("name", "The name of a scope does not change; add another scope.")
        new = replace(checked, id=old.id)
        changed[:] = [new]
        scopes = [new if each.name == old.name else each for each in known.scopes.values()]
        return _with_scopes(known, scopes), _scope_event("update", known, new, change)

    await edit_server(store, server, change, edit)
    return changed[0]


async def remove_scope(store: Store, server: str, ident: str, change: Change) -> None:
    """Raises Refusal ``not_found``."""

    def edit(known: AuthorizationServer) -> tuple[AuthorizationServer, Event]:
        old = scope_of(known, ident)
        rest = [each for each in known.scopes.values() if each.name != old.name]
        return _with_scopes(known, rest), _scope_event("remove", known, old, change)

    await edit_server(store, server, change, edit)


def scope_of(server: AuthorizationServer, ident: str) -> ServerScope:
    """The scope of that id; one from before scopes had ids goes by its name. Raises Refusal ``not_found``."""
    for scope in server.scopes.values():
        if ident and ident in (scope.id, scope.name):
            return scope
    raise missing("scope", ident, "The authorization server has no such scope.")


# --- claims ---


async def add_claim(store: Store, server: str, claim: ServerClaim, change: Change) -> ServerClaim:
    """Raises Refusal ``invalid_value``, ``already_exists``."""
    new = replace(claim, id=change.new_id(prefixes.SERVER_CLAIM))

    def edit(known: AuthorizationServer) -> tuple[AuthorizationServer, Event]:
        _check_claim(known, new)
        if len(known.claims) >= _MOST_CLAIMS:
            raise invalid("name", f"A server has at most {_MOST_CLAIMS} claims.")
        return replace(known, claims=(*known.claims, new)), _claim_event("add", known, new, change)

    await edit_server(store, server, change, edit)
    return new


async def find_claim(store: Store, server: str, ident: str, change: Change) -> ServerClaim:
    """Raises Refusal ``not_found``."""
    return claim_of(await find_server(store, server, change), ident)


async def change_claim(store: Store, server: str, ident: str, claim: ServerClaim, change: Change) -> ServerClaim:
    """Replaces a claim. Raises Refusal."""
    new = replace(claim, id=ident)

    def edit(known: AuthorizationServer) -> tuple[AuthorizationServer, Event]:
        claim_of(known, ident)
        _check_claim(known, new)
        claims = tuple(new if each.id == ident else each for each in known.claims)
        return replace(known, claims=claims), _claim_event("update", known, new, change)

    await edit_server(store, server, change, edit)
    return new


async def remove_claim(store: Store, server: str, ident: str, change: Change) -> None:
    """Raises Refusal ``not_found``."""

    def edit(known: AuthorizationServer) -> tuple[AuthorizationServer, Event]:
        old = claim_of(known, ident)
        rest = tuple(each for each in known.claims if each.id != ident)
        return replace(known, claims=rest), _claim_event("remove", known, old, change)

    await edit_server(store, server, change, edit)


def claim_of(server: AuthorizationServer, ident: str) -> ServerClaim:
    """Raises Refusal ``not_found``."""
    for claim in server.claims:
        if claim.id == ident:
            return claim
    raise missing("claim", ident, "The authorization server has no such claim.")


# --- what all changes have in common ---


async def edit_server(store: Store, name: str, change: Change, edit: Edit) -> AuthorizationServer:
    """Makes a change to a server as it is now. Raises Refusal: what ``edit`` raises, ``not_found``, and
    ``changed_meanwhile`` where others were quicker time and again."""
    for _ in range(_ROUNDS):
        before = await find_server(store, name, change)
        after, event = edit(before)
        after = replace(after, updated_at=change.now_at)
        if await store.change_authorization_server(after, event):
            return replace(after, revision=before.revision + 1)
    raise overtaken("authorization server", name)


def _drafted(server: AuthorizationServer, draft: ServerDraft) -> AuthorizationServer:
    check_value("description", draft.description)
    if not _AUDIENCE.fullmatch(draft.audience):
        raise invalid("audience", "The audience is 1 to 200 printable characters, such as api://orders.")
    return replace(
        server, name=check_label("name", draft.name), audience=draft.audience, description=draft.description.strip()
    )


def _checked_scope(scope: ServerScope) -> ServerScope:
    if not _SCOPE.fullmatch(scope.name):
        raise invalid("name", "The name of a scope is 1 to 256 printable characters without spaces.")
    if scope.name in STANDARD_SCOPES:
        raise taken("name", "Every server has this scope already, and it stays as it is.")
    if scope.consent == "required":
        raise invalid("consent", "People are not asked for consent here: a scope's consent is implicit or flexible.")
    check_value("description", scope.description)
    check_value("display_name", scope.display_name)
    return scope


def _check_claim(server: AuthorizationServer, claim: ServerClaim) -> None:
    if not _CLAIM.fullmatch(claim.name):
        raise invalid("name", "The name of a claim begins with a letter and has letters, digits and _ . : / # -.")
    if claim.name in RESERVED_CLAIMS:
        raise invalid("name", "This claim is the protocol's own and cannot be set.", seen=claim.name)
    others = [each for each in server.claims if each.id != claim.id and each.token == claim.token]
    if any(each.name == claim.name for each in others):
        raise taken("name", "The server has a claim of this name for this kind of token.")
    try:
        read_expression(claim.value) if claim.kind == "expression" else check_group_filter(
            claim.group_filter, claim.value
        )
    except BadExpression as error:
        raise invalid("value", f"The value cannot be used: {error}.", seen=claim.value[:256]) from None
    unknown = sorted(claim.scopes - {*server.scopes, *STANDARD_SCOPES})
    if unknown:
        raise invalid("scopes", "The server has no scope of that name.", seen=unknown[0][:256])


def _with_scopes(server: AuthorizationServer, scopes: Sequence[ServerScope]) -> AuthorizationServer:
    return replace(server, scopes={scope.name: scope for scope in scopes})


def _scope_event(act: str, server: AuthorizationServer, scope: ServerScope, change: Change) -> Event:
    return _event(f"server_scope.{act}", server, change, scope=scope.name, scope_id=scope.id)


def _claim_event(act: str, server: AuthorizationServer, claim: ServerClaim, change: Change) -> Event:
    return _event(f"server_claim.{act}", server, change, claim=claim.name, claim_id=claim.id)


def _event(type: str, server: AuthorizationServer, change: Change, **detail: object) -> Event:
    return change.event(type, **{"server_id": server.id, "name": server.name, **detail})  # type: ignore[arg-type]
