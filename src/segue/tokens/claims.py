"""What is said about a person, whatever the protocol: claims of ID tokens and userinfo, attributes of assertions.

One place knows which field of a profile answers which question, so that an app sees the same person through OpenID
Connect, SAML and WS-Federation.
"""

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Final

from segue.core.strict import JsonValue
from segue.core.user import User

CLAIMS_OF_SCOPES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "profile": (
            "name",
            "family_name",
            "given_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
        ),
        "email": ("email", "email_verified"),
        "address": ("address",),
        "phone": ("phone_number",),
    }
)
"""The user claims each scope asks for (OIDC Core 5.4), in the order they are printed."""

# OIDC Core 5.1: the profile fields behind the claims that are plain text.
_TEXT_CLAIMS: Final = {
    "family_name": "lastName",
    "given_name": "firstName",
    "middle_name": "middleName",
    "nickname": "nickName",
    "profile": "profileUrl",
    "picture": "picture",
    "website": "website",
    "gender": "gender",
    "birthdate": "birthdate",
    "zoneinfo": "timezone",
    "locale": "locale",
    "phone_number": "primaryPhone",
}
# OIDC Core 5.1.1
_ADDRESS_PARTS: Final = {
    "formatted": "postalAddress",
    "street_address": "streetAddress",
    "locality": "city",
    "region": "state",
    "postal_code": "zipCode",
    "country": "countryCode",
}


def profile_value(user: User, field: str) -> str | None:
    """The text of one profile field, or of ``login``, ``email`` and ``displayName``; None where the user has none."""
    match field:
        case "login":
            return user.login
        case "email":
            return user.email
        case "displayName":
            return user.profile.get("displayName") or user.display_name
    return user.profile.get(field) or None


def claims_for(
    user: User, scopes: Collection[str], claims_of_scopes: Mapping[str, tuple[str, ...]] = CLAIMS_OF_SCOPES
) -> dict[str, JsonValue]:
    """The claims that ``scopes`` ask for and this user has. Empty ones are left out (OIDC Core 5.3.2)."""
    wanted = [name for scope, names in claims_of_scopes.items() if scope in scopes for name in names]
    found = ((name, _claim(user, name)) for name in wanted)
    return {name: value for name, value in found if value is not None}


def _claim(user: User, name: str) -> JsonValue:
    special = _SPECIAL_CLAIMS.get(name)
    if special is not None:
        return special(user)
    field = _TEXT_CLAIMS.get(name)
    return profile_value(user, field) if field else None


def _email(user: User) -> str | None:
    """A user without an address of their own has their login instead, which need not be one."""
    return user.email if "@" in user.email else None


def _address(user: User) -> JsonValue:
    found = ((part, profile_value(user, field)) for part, field in _ADDRESS_PARTS.items())
    return {part: value for part, value in found if value is not None} or None


_SPECIAL_CLAIMS: Final[Mapping[str, Callable[[User], JsonValue]]] = MappingProxyType(
    {
        "name": lambda user: profile_value(user, "displayName"),
        "preferred_username": lambda user: user.login,
        "email": _email,
        # Apps link accounts by a verified address, so it is said only of one that somebody did verify.
        "email_verified": lambda user: user.profile.get("emailVerified") == "true" if _email(user) else None,
        "address": _address,
    }
)
