"""How often passwords may be tried: by client address and by user name, before anything is hashed (AU-03).

The edge's limits count requests before anybody knows whose they are. These count after the user was looked up, so that
a user who is exempt (a demo's or a test's) is counted nowhere and never waits for the sins of a neighbour.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from segue.core.identifiers import BadUserName, normalise_login
from segue.core.refusal import Refusal
from segue.core.verdict import Check, Verdict
from segue.stores import UserStore
from segue.web.limits import Limit, RateLimiter, Standing
from segue.web.message import Request

BY_ADDRESS: Final = "password.address"
BY_USER_NAME: Final = "password.user"
BY_BACKEND_SESSION: Final = "exchange.session"

LIMITS: Final[Mapping[str, Limit]] = MappingProxyType(
    {BY_ADDRESS: Limit(600, 60), BY_USER_NAME: Limit(20, 5), BY_BACKEND_SESSION: Limit(30, 60)}
)
"""What is right for most: an office behind one address signs in of a morning, one user name never four times a
second for long; one sign-in is handed over to a dashboard of applications at once, and not time and again."""

_TOO_MANY: Final = "Too many sign-ins in a short time. Wait a moment, then try again."


@dataclass(frozen=True, slots=True)
class SignInLimits:
    limiter: RateLimiter
    users: UserStore

    async def take(self, request: Request, login: str) -> Standing | None:
        """Counts one attempt and says how the caller stands; None where nothing is limited.

        The name counts as it was typed, in its normal form. Were it counted for the account that it leads to, a short
        and a full name that share a bucket would give away that the account exists (AU-04).
        """
        org = request.site.org
        try:
            login_key = normalise_login(login)
        except BadUserName:
            login_key = ""
        user = await self.users.user_by_login(org.id, login_key) if login_key else None
        if user is not None and user.limits_exempt:
            return self._untouched()
        by_address = self.limiter.take(BY_ADDRESS, f"{org.id} {request.address}")
        if by_address is not None and not by_address.allowed:
            return by_address
        by_name = self.limiter.take(BY_USER_NAME, f"{org.id} {login_key or login[:256]}")
        if by_name is not None and not by_name.allowed:
            return by_name
        return by_address or by_name

    def _untouched(self) -> Standing | None:
        limit = self.limiter.limits.get(BY_ADDRESS)
        return Standing(True, limit.requests, limit.requests, 0) if limit else None


def check_standing(standing: Standing | None) -> None:
    """Raises Refusal ``rate_limited`` where the attempt is one too many."""
    if standing is None or standing.allowed:
        return
    check = Check(
        "rate_limit",
        passed=False,
        expected=f"at most {standing.limit}",
        seen=f"more than {standing.limit} in the window",
        mend=f"Wait {standing.reset_s} seconds; a user who is exempt from limits never waits.",
    )
    raise Refusal("rate_limited", _TOO_MANY, Verdict((check,), rule="rate_limit"))
