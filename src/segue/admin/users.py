"""Users: added, suspended and restored, given a password."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from segue.admin import prefixes
from segue.admin.change import Change, changed_fields, invalid, missing, overtaken, taken
from segue.admin.passwords import check_password
from segue.admin.roles import check_reach
from segue.admin.text import MAX_VALUE_CHARS, check_value
from segue.core.identifiers import BadUserName, normalise_login, short_name
from segue.core.user import User, UserStatus
from segue.events import Event
from segue.signin.passwords import PasswordHasher
from segue.stores import AlreadyExists, UserStore

_MOST_FIELDS: Final = 64
_FIELD_CHARS: Final = 64
_TRIES: Final = 4


@dataclass(frozen=True, slots=True)
class NewUser:
    """What a user begins with. ``password`` None makes one who cannot sign in with a password yet."""

    login: str
    profile: Mapping[str, str]
    password: str | None = None
    limits_exempt: bool = False

    def __repr__(self) -> str:
        return f"NewUser({self.login})"


async def add_user(store: UserStore, hasher: PasswordHasher, new: NewUser, change: Change) -> User:
    """Adds an active user.

    Raises Refusal ``invalid_value`` naming the field, or ``already_exists`` where the login's normal form is taken;
    PoolFull, StoreUnavailable.
    """
    login = new.login.strip()
    login_key = _login_key(login)
    _check_profile(new.profile)
    user = User(
        id=change.new_id(prefixes.USER),
        org_id=change.org_id,
        login=login,
        login_key=login_key,
        profile=dict(new.profile),
        created_at=change.now_at,
        limits_exempt=new.limits_exempt,
    )
    if new.password is not None:
        user = await _with_password(user, new.password, hasher, change)
    event = change.event("user.add", user_id=user.id, login=login)
    try:
        await store.add_user(user, event)
    except AlreadyExists:
        raise taken("login", f"There is a user {login} already.") from None
    return user


async def find_user(store: UserStore, name: str, change: Change) -> User:
    """The user of that id, login or unambiguous short name. Raises Refusal ``not_found``."""
    user = await store.user(change.org_id, name)
    if user is None:
        try:
            user = await store.user_by_login(change.org_id, normalise_login(name.strip()))
        except BadUserName:
            user = None
    if user is None:
        raise missing("user", name, f"There is no user {name[:MAX_VALUE_CHARS]} here.")
    return user


async def list_users(store: UserStore, change: Change, *, after: str = "", limit: int = 100) -> Sequence[User]:
    """Users in order of id, a page at a time; ``after`` is the last id of the page before."""
    return await store.users(change.org_id, after=after, limit=limit)


async def set_status(store: UserStore, user_id: str, status: UserStatus, change: Change) -> User:
    """Suspends, restores or deprovisions a user. What was issued before ends with it: the stamp grows.

    A status the user has already is no change and writes nothing. Raises Refusal ``not_found``, ``changed_meanwhile``.
    """

    def changed(user: User) -> User:
        return user if user.status == status else replace(user, status=status, stamp=user.stamp + 1)

    def event(before: User, after: User) -> Event:
        return change.event("user.status", user_id=user_id, before=before.status, after=after.status)

    return await _update(store, user_id, changed, event, change)


async def set_password(store: UserStore, hasher: PasswordHasher, user_id: str, password: str, change: Change) -> User:
    """Gives a user a new password. Sessions, tickets and tokens from before it end: the stamp grows.

    Raises Refusal ``invalid_value``, ``not_found``, ``changed_meanwhile``; PoolFull.
    """
    user = await _load(store, user_id, change)
    hashed = await _with_password(user, password, hasher, change)

    def changed(user: User) -> User:
        return replace(
            user,
            password_hash=hashed.password_hash,
            password_changed_at=hashed.password_changed_at,
            stamp=user.stamp + 1,
        )

    return await _update(
        store, user_id, changed, lambda before, after: change.event("user.password", user_id=user_id), change
    )


async def set_profile(store: UserStore, user_id: str, profile: Mapping[str, str], change: Change) -> User:
    """Replaces the whole profile; nothing that was issued ends. Raises Refusal."""
    _check_profile(profile)

    def event(before: User, after: User) -> Event:
        fields = changed_fields(before.profile, after.profile)
        return change.event("user.profile", user_id=user_id, fields=fields)

    return await _update(store, user_id, lambda user: replace(user, profile=dict(profile)), event, change)


async def _update(
    store: UserStore,
    user_id: str,
    changed: Callable[[User], User],
    event: Callable[[User, User], Event],
    change: Change,
) -> User:
    """Writes what ``changed`` makes of the user as stored now, again where somebody else was quicker."""
    for _ in range(_TRIES):
        before = await _load(store, user_id, change)
        after = changed(before)
        if after == before:
            return before
        if await store.update_user(after, expected_stamp=before.stamp, event=event(before, after)):
            return after
    raise overtaken("user", user_id)


async def _load(store: UserStore, user_id: str, change: Change) -> User:
    user = await store.user(change.org_id, user_id)
    if user is None:
        raise missing("user", user_id, "There is no such user.")
    await check_reach(store, user_id, change)
    return user


async def _with_password(user: User, password: str, hasher: PasswordHasher, change: Change) -> User:
    names = (user.login_key, short_name(user.login_key), *user.profile.values())
    octets = check_password(password, about=names)
    return replace(user, password_hash=await hasher.hash(octets), password_changed_at=change.now_at)


def _login_key(login: str) -> str:
    try:
        return normalise_login(login)
    except BadUserName as error:
        raise invalid("login", f"The login cannot be used: {error}.") from None


def _check_profile(profile: Mapping[str, str]) -> None:
    if len(profile) > _MOST_FIELDS:
        raise invalid("profile", f"A profile has at most {_MOST_FIELDS} fields.")
    for name, value in profile.items():
        if not (name.isascii() and name.isidentifier() and len(name) <= _FIELD_CHARS):
            raise invalid(
                "profile", f"A profile field is named by 1 to {_FIELD_CHARS} letters, digits and underscores."
            )
        check_value(name, value)
    email = profile.get("email")
    if email is not None and not _is_email(email):
        raise invalid("email", "The email is not an address.")


def _is_email(text: str) -> bool:
    """Whether mail could be sent there; that it arrives, only a sent mail can show."""
    local, at, host = text.rpartition("@")
    return bool(local and at and host) and not any(char.isspace() for char in text)
