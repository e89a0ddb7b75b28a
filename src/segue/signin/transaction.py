"""Proving the first factor: the same steps for the Authentication API, the hosted page and every later way in."""

from dataclasses import dataclass

from segue.core.assurance import PASSWORD, Assurance, Proof
from segue.core.identifiers import BadUserName, normalise_login, normalise_password
from segue.core.org import Org
from segue.core.refusal import Refusal
from segue.core.user import Subject, User
from segue.core.verdict import Check, Verdict
from segue.events import Circumstances
from segue.signin.known_browsers import KnownBrowsers
from segue.signin.passwords import PasswordHasher, Verification
from segue.signin.request import Proved
from segue.stores import Attempts, AttemptStore, UserStore

FAILED = "The user name or password is not right."
LOCKED = "This account is locked. Wait, or unlock it."


@dataclass(frozen=True, slots=True)
class Transactions:
    """Proves factors against what is stored. One instance serves a process."""

    users: UserStore
    attempts: AttemptStore
    hasher: PasswordHasher
    browsers: KnownBrowsers

    async def password(
        self, org: Org, login: str, password: str, circumstances: Circumstances, *, browser: str | None = None
    ) -> Proved:
        """The user whose password this is. ``browser`` is the secret of the browser it was typed into.

        Every failure of credentials does the same work and raises Refusal ``credentials`` with one public text (AU-04),
        but ``locked`` where the org wants locked accounts to be told so;
        the attempt is counted before anything is hashed (AU-03). Raises PoolFull where too many logins wait already.
        """
        login_key, secret = _normal_forms(login, password)
        user = await self.users.user_by_login(org.id, login_key) if login_key else None
        account = user.id if user else f"login:{login_key or login[:256]}"
        key = await self.browsers.counter_of(org.id, user, account, browser)
        attempts = await self.attempts.count_attempt(
            org.id, key, limit=org.settings.lockout_attempts, lock_ms=org.settings.lockout_s * 1000
        )
        exempt = user is not None and user.limits_exempt
        usable = user is not None and user.active and (exempt or not attempts.locked_now)
        stored = user.password_hash if user is not None and usable else None
        result = await self.hasher.verify(stored, secret)
        if user is None or not usable or not result.ok:
            raise _refusal(org, user, attempts, exempt=exempt, result=result)
        await self.attempts.clear_attempts(org.id, account, succeeded=True)
        if key != account:
            await self.attempts.clear_attempts(org.id, key)
        if result.rehash is not None and user.password_hash is not None:
            await self.users.upgrade_password_hash(org.id, user.id, user.password_hash, result.rehash)
        proof = Proof(PASSWORD, "knowledge", ("pwd",), circumstances.now_at)
        event = circumstances.event("sign_in.password", user_id=user.id)
        return Proved(Subject(user), Assurance((proof,)), (event,))


def _normal_forms(login: str, password: str) -> tuple[str | None, bytes]:
    """Normal forms of both; what cannot be anybody's name or password still takes the whole path and matches
    nothing.
    """
    try:
        login_key: str | None = normalise_login(login)
    except BadUserName:
        login_key = None
    try:
        return login_key, normalise_password(password)
    except ValueError:
        return login_key, b""


def _refusal(org: Org, user: User | None, attempts: Attempts, *, exempt: bool, result: Verification) -> Refusal:
    checks = [
        Check("user_known", user is not None, "a user of this name", mend="Check the user name, or add the user.")
    ]
    if user is not None:
        seen = f"attempt {attempts.count} of {org.settings.lockout_attempts}"
        locked = attempts.locked_now and not exempt
        checks += [
            Check("user_active", user.active, "active", user.status, "Activate the user."),
            Check("not_locked", not locked, "fewer wrong passwords in a row", seen, "Wait, or unlock the user."),
            Check(
                "password",
                result.ok,
                "the user's password",
                result.problem or seen,
                "Use the right one, or set a new one.",
            ),
        ]
    verdict = Verdict(tuple(checks), "password")
    if user is not None and user.active and attempts.locked_now and not exempt and org.settings.show_lockout:
        return Refusal("locked", LOCKED, verdict, user_id=user.id)
    return Refusal("credentials", FAILED, verdict, user_id=user.id if user else None)
