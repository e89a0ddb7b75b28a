"""The JSON in which settings are kept inside a row: compact, plain ASCII, looked into by no query.

Reading ignores members it does not know and leaves missing ones to the value's defaults, so that two releases can share
a database during an upgrade.
"""

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from segue.core.application import ClientSecret, ScopeGrant
from segue.core.org import PasswordRules
from segue.core.requirement import Requirement, read_constraints

Readers = Mapping[str, Callable[[Any], Any]]


def _links(value: Iterable[Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(link) for link in value)


def _digests(value: Iterable[str]) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(digest) for digest in value)


def _secrets(value: Iterable[Mapping[str, Any]]) -> tuple[ClientSecret, ...]:
    return tuple(ClientSecret(**known(secret, CLIENT_SECRET)) for secret in value)


def _grants(value: Iterable[Mapping[str, Any]]) -> tuple[ScopeGrant, ...]:
    return tuple(ScopeGrant(**known(grant, SCOPE_GRANT)) for grant in value)


def same(value: Any) -> Any:
    return value


def _password_rules(value: Mapping[str, Any]) -> PasswordRules:
    return PasswordRules(**known(value, PASSWORD_RULES))


def _requirements(value: Iterable[Mapping[str, Any]]) -> tuple[Requirement, ...]:
    return tuple(requirement(one) for one in value)


def requirement(value: Mapping[str, Any]) -> Requirement:
    return Requirement(**known(value, REQUIREMENT))


# The fields of each nested value and how its JSON member is read back.
PASSWORD_RULES: Readers = {"min_length": int, "expire_days": int, "warn_days": int}
SETTINGS: Readers = {
    "lockout_attempts": int,
    "lockout_s": int,
    "session_idle_s": int,
    "session_life_s": int,
    "password_rules": _password_rules,
    "show_lockout": bool,
    "second_factor_groups": tuple,
    "factors": tuple,
    "remember_device_s": int,
    "session_image": bool,
    "confirm_links": bool,
    "gateways": tuple,
    "trust_limit": int,
    "landing_links": _links,
    "use_dpop_nonce": bool,
}
REQUIREMENT: Readers = {
    "factors": int,
    "max_age_s": same,
    "fresh_after_at": same,
    "reauthenticate_s": same,
    "constraints": read_constraints,
    "also": _requirements,
    "second_if_held": bool,
}
CLIENT_SECRET: Readers = {
    "id": str,
    "digest": bytes.fromhex,
    "created_at": int,
    "updated_at": int,
    "active": bool,
}
SCOPE_GRANT: Readers = {"id": str, "permission": str, "created_at": int, "created_by": str}
OIDC: Readers = {
    "client_id": str,
    "redirect_uris": tuple,
    "post_logout_redirect_uris": tuple,
    "response_types": frozenset,
    "grant_types": frozenset,
    "authentication": str,
    "secret_digests": _digests,
    "secrets": _secrets,
    "pkce_required": bool,
    "native": bool,
    "initiate_login_uri": str,
    "id_token_algorithm": str,
    "refresh_rotation": str,
    "refresh_grace_s": int,
    "refresh_life_s": int,
    "refresh_idle_s": int,
    "jwks": tuple,
    "jwks_uri": str,
    "scope_grants": _grants,
    "dpop_bound_access_tokens": bool,
}
SAML: Readers = {
    "entity_id": str,
    "acs_urls": tuple,
    "audience": str,
    "name_id_format": str,
    "name_id_from": str,
    "attributes": dict,
    "want_signed_requests": bool,
    "certificates_pem": tuple,
    "sign_response": bool,
    "sign_assertion": bool,
    "assertion_s": int,
    "idp_entity_id": str,
}
WSFED: Readers = {
    "realm": str,
    "reply_urls": tuple,
    "token_type": str,
    "audience": str,
    "name_id_format": str,
    "name_id_from": str,
    "attributes": dict,
    "assertion_s": int,
    "idp_entity_id": str,
}
SESSION_TRANSFER: Readers = {
    "can_create": bool,
    "carriers": tuple,
    "device_binding": str,
    "allow_refresh_token": bool,
    "online_refresh_tokens": bool,
    "cascade": bool,
}
BOOKMARK: Readers = {"url": str}
APP_LINK: Readers = {"id": str, "name": str, "label": str, "target": str}


def members(stored: str, readers: Readers) -> dict[str, Any]:
    """The members of a stored nested value, ready to be its constructor's arguments."""
    return known(json.loads(stored), readers)


def known(data: Mapping[str, Any], readers: Readers) -> dict[str, Any]:
    """The members that this release knows, read back."""
    return {name: read(data[name]) for name, read in readers.items() if name in data}


def text(value: object, readers: Readers) -> str:
    """A nested value as it is stored."""
    return to_json({name: getattr(value, name) for name in readers})


def to_json(value: object) -> str:
    """Compact JSON. Sets become sorted lists, bytes hexadecimal, dataclasses objects of their fields.

    Raises TypeError or ValueError for what JSON lacks.
    """
    return json.dumps(value, separators=(",", ":"), allow_nan=False, default=_plain)


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    match value:
        case Mapping():
            return dict(value)
        case frozenset():
            return sorted(value)
        case bytes():
            return value.hex()
    raise TypeError(f"{type(value).__name__} has no JSON form")
