"""Users: added, suspended and restored, given a password."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from segue.admin import prefixes
from segue.admin.change import Change, changed_fields, invalid, missing, overtaken, taken
from segue.admin.group_rules import apply_rules
from segue.admin.passwords import check_password
from segue.admin.roles import check_reach
from segue.admin.text import MAX_VALUE_CHARS, check_value
from segue.core.identifiers import BadUserName, normalise_login, short_name
from segue.core.user import User, UserStatus
from segue.events import Event
from segue.signin.passwords import PasswordHasher, UnsupportedHash, check_imported
from segue.stores import AlreadyExists, Store, UserStore

_MOST_FIELDS: Final = 64
_FIELD_CHARS: Final = 64
_TRIES: Final = 4


@dataclass(frozen=True, slots=True)
class NewUser:
    """What a user begins with. ``password`` None makes one who cannot sign in with a password yet.

    ``password_hash`` is a password from elsewhere in a form of ``signin.passwords``; ``temporary`` has the user choose
    another one first. ``status`` is ``active`` or ``staged``.
    """

    login: str
    profile: Mapping[str, str]
    password: str | None = None
    limits_exempt: bool = False
    password_hash: str | None = None
    temporary: bool = False
    status: UserStatus = "active"

    def __repr__(self) -> str:
        return f"NewUser({self.login})"


async def add_user(store: Store, hasher: PasswordHasher, new: NewUser, change: Change) -> User:
    """Adds a user, active unless ``new`` says otherwise.

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
        status=new.status,
        created_at=change.now_at,
        updated_at=change.now_at,
        status_changed_at=change.now_at,
        limits_exempt=new.limits_exempt,
        password_temporary=new.temporary,
    )
    if new.password is not None:
        user = await _with_password(user, new.password, hasher, change)
    elif new.password_hash is not None:
        user = _with_imported(user, new.password_hash, change)
    user = activated(user, change.now_at)
    event = change.event("user.add", user_id=user.id, login=login)
    try:
        await store.add_user(user, event)
    except AlreadyExists:
        raise taken("login", f"There is a user {login} already.") from None
    await apply_rules(store, user, change)
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


async def set_status(store: Store, user_id: str, status: UserStatus, change: Change) -> User:
    """Suspends, restores or deprovisions a user. What was issued before ends with it: the stamp grows.

    A status the user has already is no change and writes nothing. Raises Refusal ``not_found``, ``changed_meanwhile``.
    """

    def changed(user: User) -> User:
        if user.status == status:
            return user
        changed = replace(user, status=status, stamp=user.stamp + 1, status_changed_at=change.now_at)
        return activated(changed, change.now_at)

    def event(before: User, after: User) -> Event:
        return change.event("user.status", user_id=user_id, before=before.status, after=after.status)

    after = await update_user(store, user_id, changed, event, change)
    await apply_rules(store, after, change)
    return after


async def set_password(
    store: UserStore,
    hasher: PasswordHasher,
    user_id: str,
    password: str,
    change: Change,
    *,
    temporary: bool = False,
    revoke: bool = True,
) -> User:
    """Gives a user a new password. Sessions, tickets and tokens from before it end with ``revoke``: the stamp grows.
    A ``temporary`` one is good for nothing but to choose another.

    Raises Refusal ``invalid_value``, ``not_found``, ``changed_meanwhile``; PoolFull.
    """
    user = await _load(store, user_id, change)
    hashed = await _with_password(user, password, hasher, change)

    def changed(user: User) -> User:
        changed = replace(
            user,
            password_hash=hashed.password_hash,
            password_changed_at=hashed.password_changed_at,
            password_temporary=temporary,
            stamp=user.stamp + 1 if revoke else user.stamp,
        )
        return activated(changed, change.now_at)

    def event(before: User, after: User) -> Event:
        return change.event("user.password", user_id=user_id, temporary=temporary, revoke=revoke)

    return await update_user(store, user_id, changed, event, change)


async def set_profile(
    store: Store, user_id: str, profile: Mapping[str, str], change: Change, *, login: str | None = None
) -> User:
    """Replaces the whole profile, and the login where one is given; nothing that was issued ends. Raises Refusal."""
    return await change_profile(store, user_id, lambda _: profile, change, login=login)


async def change_profile(
    store: Store,
    user_id: str,
    new: Callable[[Mapping[str, str]], Mapping[str, str]],
    change: Change,
    *,
    login: str | None = None,
) -> User:
    """Makes of the profile what ``new`` makes of the one that is stored; as :func:`set_profile`. Raises Refusal."""
    key = None if login is None else _login_key(login.strip())

    def changed(user: User) -> User:
        profile = new(user.profile)
        _check_profile(profile)
        if login is None or key is None:
            return replace(user, profile=dict(profile))
        return replace(user, profile=dict(profile), login=login.strip(), login_key=key)

    def event(before: User, after: User) -> Event:
        fields = changed_fields(before.profile, after.profile)
        renamed = [] if before.login == after.login else ["login"]
        return change.event("user.profile", user_id=user_id, fields=[*fields, *renamed])

    try:
        after = await update_user(store, user_id, changed, event, change)
    except AlreadyExists:
        raise taken("login", "There is another user of this login.") from None
    await apply_rules(store, after, change)
    return after


def activated(user: User, now_at: int) -> User:
    """The user with the moment from which they could sign in, once they can."""
    can_sign_in = user.active and user.password_hash is not None
    return replace(user, activated_at=now_at) if can_sign_in and not user.activated_at else user


async def update_user(
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
        after = replace(after, updated_at=change.now_at)
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


def _with_imported(user: User, password_hash: str, change: Change) -> User:
    """A password as another system hashed it: nothing can be said of how good it is."""
    try:
        check_imported(password_hash)
    except UnsupportedHash as error:
        raise invalid("password", f"The password hash cannot be used: {error}.") from None
    return replace(user, password_hash=password_hash, password_changed_at=change.now_at)


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
