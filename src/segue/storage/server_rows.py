"""Authorization servers as rows: what queries look into has columns, the rest is one JSON text.

The column ``scopes`` keeps what the release before reads there (what each scope is for); their settings lie in
``settings`` beside claims and policies.
"""

import json
from collections.abc import Mapping
from typing import Any

from segue.core.org import AuthorizationServer
from segue.core.server import AccessPolicy, AccessRule, ServerClaim, ServerScope
from segue.storage import nested
from segue.storage.nested import Readers

AUTHORIZATION_SERVER_COLUMNS = (
    "org_id, id, name, path, audience, key_set, scopes, access_token_s, id_token_s, code_s, status, settings, revision"
)


def _set_or_none(value: Any) -> frozenset[str] | None:
    return None if value is None else frozenset(value)


def _same(value: Any) -> Any:
    return value


_SCOPE: Readers = {
    "id": str,
    "display_name": str,
    "consent": str,
    "default": bool,
    "published": bool,
    "optional": bool,
}
_CLAIM: Readers = {
    "id": str,
    "name": str,
    "token": str,
    "kind": str,
    "value": str,
    "group_filter": str,
    "scopes": frozenset,
    "always": bool,
    "status": str,
}
_RULE: Readers = {
    "id": str,
    "name": str,
    "grant_types": _set_or_none,
    "user_ids": frozenset,
    "group_ids": frozenset,
    "everyone": bool,
    "scopes": _set_or_none,
    "access_token_s": int,
    "refresh_life_s": _same,
    "refresh_idle_s": _same,
    "status": str,
    "updated_at": int,
    "system": bool,
}


def _rules(value: Any) -> tuple[AccessRule, ...]:
    return tuple(AccessRule(**nested.known(each, _RULE)) for each in value)


_POLICY: Readers = {
    "id": str,
    "name": str,
    "description": str,
    "client_ids": _set_or_none,
    "rules": _rules,
    "status": str,
    "updated_at": int,
    "system": bool,
}


def _claims(value: Any) -> tuple[ServerClaim, ...]:
    return tuple(ServerClaim(**nested.known(each, _CLAIM)) for each in value)


def _policies(value: Any) -> tuple[AccessPolicy, ...] | None:
    return None if value is None else tuple(AccessPolicy(**nested.known(each, _POLICY)) for each in value)


_SETTINGS: Readers = {
    "description": str,
    "claims": _claims,
    "policies": _policies,
    "trusted_server_ids": tuple,
    "rotation": str,
    "updated_at": int,
}


def authorization_server(row: Any) -> AuthorizationServer:
    settings = json.loads(row[11])
    return AuthorizationServer(
        org_id=row[0],
        id=row[1],
        name=row[2],
        path=row[3],
        audience=row[4],
        key_set=row[5],
        scopes=_scopes(json.loads(row[6]), settings.get("scopes", {})),
        access_token_s=row[7],
        id_token_s=row[8],
        code_s=row[9],
        status=row[10],
        revision=row[12],
        **nested.known(settings, _SETTINGS),
    )


def authorization_server_values(value: AuthorizationServer) -> tuple[Any, ...]:
    settings = {name: getattr(value, name) for name in _SETTINGS}
    scopes = {name: {field: getattr(scope, field) for field in _SCOPE} for name, scope in value.scopes.items()}
    return (
        value.org_id,
        value.id,
        value.name,
        value.path,
        value.audience,
        value.key_set,
        nested.to_json({name: scope.description for name, scope in value.scopes.items()}),
        value.access_token_s,
        value.id_token_s,
        value.code_s,
        value.status,
        nested.to_json({**settings, "scopes": scopes}),
        value.revision,
    )


def _scopes(purposes: Mapping[str, str], settings: Mapping[str, Mapping[str, Any]]) -> dict[str, ServerScope]:
    return {
        name: ServerScope(name=name, description=purpose, **nested.known(settings.get(name, {}), _SCOPE))
        for name, purpose in purposes.items()
    }
