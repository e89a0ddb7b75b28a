"""A new password over the Authentication API: instead of one that ended, and after it was forgotten."""

from dataclasses import dataclass
from typing import Final

from segue.dialects.okta.authn_calls import AuthnCalls, flag, needed, read_body, state_token
from segue.dialects.okta.names import CHANGE_PASSWORD, RESET_PASSWORD
from segue.web.message import Request, Response
from segue.web.surface import Route

_LONGEST_PASSWORD: Final = 2048


@dataclass(frozen=True, slots=True)
class AuthnPasswords:
    calls: AuthnCalls

    def routes(self) -> tuple[Route, ...]:
        return (
            self.calls.route(CHANGE_PASSWORD, self.change, "authn.change_password"),
            self.calls.route(RESET_PASSWORD, self.reset, "authn.reset_password"),
        )

    async def change(self, request: Request) -> Response:
        """``revokeSessions`` ends the user's other sessions and tokens; without it they go on."""
        visit, body = await self.calls.visit(request), read_body(request)
        outcome = await self.calls.steps.passwords.change(
            visit,
            state_token(body),
            needed(body, "oldPassword", longest=_LONGEST_PASSWORD),
            needed(body, "newPassword", longest=_LONGEST_PASSWORD),
            revoke=flag(body, "revokeSessions"),
        )
        return self.calls.answer(request, visit, outcome)

    async def reset(self, request: Request) -> Response:
        """What was issued under the forgotten password ends, whether ``revokeSessions`` asks for it or not."""
        visit, body = await self.calls.visit(request), read_body(request)
        flag(body, "revokeSessions")
        password = needed(body, "newPassword", longest=_LONGEST_PASSWORD)
        outcome = await self.calls.steps.passwords.reset(visit, state_token(body), password)
        return self.calls.answer(request, visit, outcome)
