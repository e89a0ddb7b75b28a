"""Browsers that somebody signed in from before: a stranger's wrong guesses do not lock their owner out there (AU-03).

A browser is known by a secret in a cookie of its own, and kept as remembered devices are, under a name that excuses
from no second factor. It is known to the users who gave their right password there, to each for itself.
"""

from dataclasses import dataclass
from typing import Final

from segue.core.secret import digest
from segue.core.user import User
from segue.stores import CredentialStore

_LIFE_MS: Final = 180 * 24 * 3_600_000
_PURPOSE: Final = "known browser"


@dataclass(frozen=True, slots=True)
class KnownBrowsers:
    store: CredentialStore

    async def counter_of(self, org_id: str, user: User | None, account: str, browser: str | None) -> str:
        """The name under which a guess is counted: the account's, or that of the account in this very browser.

        It looks whether or not there is such a user, so that the time it takes tells nothing (AU-04).
        """
        if not browser:
            return account
        known = await self.store.remembers_device(org_id, user.id if user else org_id, _name(browser))
        return f"{account} {digest(browser).hex()}" if known and user else account

    async def remember(self, user: User, browser: str) -> None:
        """For half a year from now."""
        await self.store.remember_device(user.org_id, user.id, _name(browser), life_ms=_LIFE_MS)


def _name(browser: str) -> str:
    return f"{_PURPOSE} {browser}"
