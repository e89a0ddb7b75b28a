"""What a caller sends about a user: every member that is taken is named here, and any other one is refused (MG-03)."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from segue.dialects.okta.admin.bodies import Body, ids_member, needed_text, object_member, only, text_member
from segue.dialects.okta.admin.user_shapes import user_type_id
from segue.dialects.okta.errors import ValidationFailed

SUBJECT: Final = "newUser"
LONGEST_PASSWORD: Final = 2048
_MOST_GROUPS: Final = 20
# What a caller got from us and sends back with its changes: not to be changed, and no reason to refuse the rest.
_SHOWN: Final = frozenset(
    {
        "id",
        "status",
        "created",
        "activated",
        "statusChanged",
        "lastLogin",
        "lastUpdated",
        "passwordChanged",
        "transitioningToStatus",
        "realmId",
        "_links",
        "_embedded",
    }
)
_TAKEN: Final = frozenset({"profile", "credentials", "type"})
_CREDENTIALS: Final = frozenset({"password", "recovery_question", "provider", "emails"})
_HASH_MEMBERS: Final = frozenset(
    {"algorithm", "value", "salt", "saltOrder", "workFactor", "iterationCount", "keySize", "digestAlgorithm"}
)
_HASHES: Final = {"SHA256_HMAC": "sha256", "SHA512_HMAC": "sha512"}


@dataclass(frozen=True, slots=True)
class Question:
    """A recovery question in the words it was asked in, and its answer."""

    text: str
    answer: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class WantedUser:
    """What a caller sent, once its form is right. ``profile`` has None for a field to be taken away; it lacks the
    login, which stands apart. ``password_hash`` is a password from elsewhere in the form that we store."""

    login: str | None
    profile: Mapping[str, str | None]
    password: str | None = field(default=None, repr=False)
    password_hash: str | None = field(default=None, repr=False)
    question: Question | None = None
    group_ids: tuple[str, ...] = ()


def read_user(body: Body, org_id: str, *, new: bool) -> WantedUser:
    """Raises ValidationFailed. ``new`` users may name groups."""
    only(body, _TAKEN | _SHOWN | ({"groupIds"} if new else set()), SUBJECT)
    kind = object_member(body, "type", SUBJECT)
    if kind is not None and kind.get("id") not in (None, "default", user_type_id(org_id)):
        raise ValidationFailed(SUBJECT, "type", "type: there is one type of user here")
    login, profile = read_profile(object_member(body, "profile", SUBJECT) or {})
    credentials = object_member(body, "credentials", SUBJECT) or {}
    only(credentials, _CREDENTIALS, SUBJECT)
    _check_provider(object_member(credentials, "provider", SUBJECT))
    password, password_hash = _password(object_member(credentials, "password", SUBJECT))
    asked = object_member(credentials, "recovery_question", SUBJECT)
    return WantedUser(
        login,
        profile,
        password,
        password_hash,
        # A question without its answer is what we show of one: nothing to be changed.
        read_question(asked) if asked is not None and asked.get("answer") is not None else None,
        ids_member(body, "groupIds", SUBJECT, most=_MOST_GROUPS) if new else (),
    )


def read_profile(given: Body) -> tuple[str | None, dict[str, str | None]]:
    """The login and the other fields. Raises ValidationFailed."""
    profile: dict[str, str | None] = {}
    for name, value in given.items():
        if value is not None and not isinstance(value, str):
            raise ValidationFailed(SUBJECT, "profile", f"{name[:80]}: fields of a profile are texts here")
        profile[name] = value
    login = profile.pop("login", None)
    if "login" in given and not login:
        raise ValidationFailed(SUBJECT, "login", "login: The field cannot be left blank")
    return login, profile


def read_question(given: Body) -> Question:
    """Raises ValidationFailed."""
    only(given, {"question", "answer"}, "recovery_question")
    text = needed_text(given, "question", "recovery_question", longest=100)
    return Question(text, needed_text(given, "answer", "recovery_question", longest=128))


def password_value(body: Body, name: str) -> str:
    """The password in ``{"value": …}`` under ``name``. Raises ValidationFailed."""
    found = object_member(body, name, name)
    if found is None:
        raise ValidationFailed(name, name, f"{name}: needed")
    only(found, {"value"}, name)
    return needed_text(found, "value", name, longest=LONGEST_PASSWORD)


def _password(given: Body | None) -> tuple[str | None, str | None]:
    if given is None:
        return None, None
    only(given, {"value", "hash", "hook"}, "password")
    if given.get("hook") is not None:
        raise ValidationFailed("password", "password", "password.hook: passwords are not imported by a hook here")
    value, hashed = (
        text_member(given, "value", "password", longest=LONGEST_PASSWORD),
        object_member(given, "hash", "password"),
    )
    if value is not None and hashed is not None:
        raise ValidationFailed("password", "password", "password: a value or a hash, not both")
    return value, None if hashed is None else _hash(hashed)


def _hash(given: Body) -> str:
    """The hash in the form that we store. Of this vendor's algorithms that is PBKDF2; the others are faster than a
    password can bear, or need a library that is not here."""
    only(given, _HASH_MEMBERS, "password")
    algorithm = needed_text(given, "algorithm", "password", longest=32)
    if algorithm != "PBKDF2":
        raise ValidationFailed(
            "password",
            "password",
            f"password.hash: {algorithm} hashes are not imported here, only PBKDF2; let these users choose a password",
        )
    digest = needed_text(given, "digestAlgorithm", "password", longest=32)
    iterations = given.get("iterationCount")
    if digest not in _HASHES or isinstance(iterations, bool) or not isinstance(iterations, int):
        raise ValidationFailed(
            "password", "password", "password.hash: digestAlgorithm SHA256_HMAC or SHA512_HMAC, and an iterationCount"
        )
    salt, value = (_octets(needed_text(given, name, "password", longest=256), name) for name in ("salt", "value"))
    size = given.get("keySize")
    if size is not None and size != len(value):
        raise ValidationFailed("password", "password", "password.hash: keySize is the length of the value in octets")
    parts = (base64.b64encode(octets).decode().rstrip("=") for octets in (salt, value))
    return f"$pbkdf2-{_HASHES[digest]}$i={iterations}${'$'.join(parts)}"


def _octets(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValidationFailed("password", "password", f"password.hash.{name}: not base64") from None


def _check_provider(given: Body | None) -> None:
    if given is not None and given.get("type", "OKTA") not in ("OKTA", "IMPORT"):
        raise ValidationFailed(SUBJECT, "provider", "credentials.provider: users prove themselves here, type OKTA")
