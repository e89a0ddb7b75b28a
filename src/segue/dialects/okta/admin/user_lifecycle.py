"""What becomes of an account, and its credentials, over HTTP."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from segue.admin import user_credentials, user_lifecycle
from segue.admin.change import Change
from segue.admin.roles import check_reach
from segue.admin.sessions import close_sessions_of
from segue.core.refusal import Refusal
from segue.core.strict import read_json_object
from segue.core.user import User
from segue.dialects.okta.admin.bodies import flag_member, object_member, only, query_flag
from segue.dialects.okta.admin.caller import administrator, user_named
from segue.dialects.okta.admin.user_answers import UserAnswers, fielded
from segue.dialects.okta.admin.user_bodies import password_value, read_question
from segue.dialects.okta.admin.user_shapes import credentials_object
from segue.dialects.okta.errors import ValidationFailed, write_error
from segue.dialects.okta.names import LIMIT_API, RESET_PAGE, USER_CREDENTIALS, USER_LIFECYCLE, WELCOME_PAGE
from segue.signin.state import Purpose
from segue.web.message import Json, Request, Response
from segue.web.surface import Handler, Route

_Act = Callable[[Request, User, Change], Awaitable[dict[str, object]]]
_EVENT: Final = "users.lifecycle"
_RECOVERABLE: Final = "A password can be recovered by an active user only."


@dataclass(frozen=True, slots=True)
class UserLifecycle:
    answers: UserAnswers

    def routes(self) -> tuple[Route, ...]:
        acts: dict[str, _Act] = {
            "activate": self._activate,
            "reactivate": self._reactivate,
            "deactivate": self._deactivate,
            "suspend": self._suspend,
            "unsuspend": self._unsuspend,
            "unlock": self._unlock,
            "reset_factors": self._reset_factors,
            "reset_password": self._reset_password,
            "expire_password": self._expire_password,
            "expire_password_with_temp_password": self._temporary_password,
        }
        credentials = {
            "change_password": self.change_password,
            "change_recovery_question": self.change_question,
        }
        return (
            *(_route(f"{USER_LIFECYCLE}{name}", self._handler(act), body=False) for name, act in acts.items()),
            _route(f"{USER_CREDENTIALS}forgot_password", self._handler(self._forgot_password), body=False),
            *(_route(f"{USER_CREDENTIALS}{name}", handler, body=True) for name, handler in credentials.items()),
        )

    async def change_password(self, request: Request) -> Response:
        """200 with the credentials. ``strict`` asks for the rules of the org, which are asked for in any case."""
        user, change = await self._user(request)
        body = read_json_object(request.body)
        only(body, {"oldPassword", "newPassword", "revokeSessions"}, "changePasswordRequest")
        query_flag(request, "strict", default=False)
        old, new = password_value(body, "oldPassword"), password_value(body, "newPassword")
        revoke = flag_member(body, "revokeSessions", "changePasswordRequest")
        answers, org = self.answers, request.site.org
        transactions = answers.door.transactions
        try:
            changed = await user_credentials.change_password(
                answers.store, transactions, org, user, old, new, change, revoke=revoke
            )
        except Refusal as refusal:
            raise fielded(refusal, "password") from refusal
        return Json(data=credentials_object(changed))

    async def change_question(self, request: Request) -> Response:
        """200 with the credentials; it takes the user's password."""
        user, change = await self._user(request)
        body = read_json_object(request.body)
        only(body, {"password", "recovery_question"}, "userCredentials")
        password = password_value(body, "password")
        given = object_member(body, "recovery_question", "userCredentials")
        if given is None:
            raise ValidationFailed("recovery_question", "recovery_question", "recovery_question: needed")
        question, answers = read_question(given), self.answers
        await user_credentials.prove_password(answers.door.transactions, request.site.org, user, password, change)
        context = answers.context(request, user, change)
        try:
            await user_credentials.set_question(answers.second, context, question.text, question.answer, change)
        except Refusal as refusal:
            raise fielded(refusal, "recovery_question") from refusal
        factors = await answers.store.factors(user.org_id, user.id)
        return Json(data=credentials_object(user, next((one for one in factors if one.type == "question"), None)))

    def _handler(self, act: _Act) -> Handler:
        async def handle(request: Request) -> Response:
            user, change = await self._user(request)
            return Json(data=await act(request, user, change))

        return handle

    async def _activate(self, request: Request, user: User, change: Change) -> dict[str, object]:
        """A link where the user has to choose a password and ``sendEmail`` is false; nothing to tell elsewhere."""
        send = self._send(request, needed=user.password_hash is None)
        changed = await user_lifecycle.activate(self.answers.store, user, change)
        if changed.password_hash is not None:
            return {}
        return await self._invite(request, changed, change, send=send)

    async def _reactivate(self, request: Request, user: User, change: Change) -> dict[str, object]:
        """Another link for somebody who has not chosen a password yet."""
        send = self._send(request, needed=True)
        _, state = await self.answers.standing(request, user)
        user_lifecycle.require_state(state, {"provisioned"}, "Only a user who waits for activation is reactivated.")
        return await self._invite(request, user, change, send=send)

    async def _deactivate(self, request: Request, user: User, change: Change) -> dict[str, object]:
        query_flag(request, "sendEmail", default=False)
        await user_lifecycle.deactivate(self.answers.store, user, change)
        return {}

    async def _suspend(self, request: Request, user: User, change: Change) -> dict[str, object]:
        await user_lifecycle.suspend(self.answers.store, user, change)
        return {}

    async def _unsuspend(self, request: Request, user: User, change: Change) -> dict[str, object]:
        await user_lifecycle.unsuspend(self.answers.store, user, change)
        return {}

    async def _unlock(self, request: Request, user: User, change: Change) -> dict[str, object]:
        await user_lifecycle.unlock(self.answers.store, user, change)
        return {}

    async def _reset_factors(self, request: Request, user: User, change: Change) -> dict[str, object]:
        await user_lifecycle.reset_factors(self.answers.store, user, change)
        return {}

    async def _reset_password(self, request: Request, user: User, change: Change) -> dict[str, object]:
        """The old password is void at once, and with it all that was issued, whatever ``revokeSessions`` says."""
        send = self._send(request, needed=True)
        query_flag(request, "revokeSessions", default=False)
        changed = await user_lifecycle.require_recovery(self.answers.store, user, change)
        return await self._recover(request, changed, change, send=send)

    async def _forgot_password(self, request: Request, user: User, change: Change) -> dict[str, object]:
        """A link; the old password goes on until another one is chosen."""
        send = self._send(request, needed=True)
        _, state = await self.answers.standing(request, user)
        user_lifecycle.require_state(state, {"active", "password_expired", "locked", "recovery"}, _RECOVERABLE)
        return await self._recover(request, user, change, send=send)

    async def _expire_password(self, request: Request, user: User, change: Change) -> dict[str, object]:
        changed = await user_lifecycle.expire_password(self.answers.store, user, change)
        return await self.answers.shape(request, changed)

    async def _temporary_password(self, request: Request, user: User, change: Change) -> dict[str, object]:
        """The password is in this answer and nowhere else. Sessions end with the password they were opened by."""
        revoke = query_flag(request, "revokeSessions", default=False)
        answers = self.answers
        changed, password = await user_lifecycle.give_temporary_password(answers.store, answers.hasher, user, change)
        if revoke:
            await close_sessions_of(answers.store, changed, change, tokens=True)
        return {"tempPassword": password}

    async def _invite(self, request: Request, user: User, change: Change, *, send: bool) -> dict[str, object]:
        visit, invitations = self.answers.visit(request, change), self.answers.invitations
        if send:
            await invitations.send(visit, user, "activate", page=WELCOME_PAGE)
            return {}
        link = await invitations.link(visit, user, "activate", page=WELCOME_PAGE)
        return {"activationUrl": link.url, "activationToken": link.token}

    async def _recover(self, request: Request, user: User, change: Change, *, send: bool) -> dict[str, object]:
        visit, invitations = self.answers.visit(request, change), self.answers.invitations
        purpose: Purpose = "reset_password"
        if send:
            await invitations.send(visit, user, purpose, page=RESET_PAGE)
            return {}
        link = await invitations.link(visit, user, purpose, page=RESET_PAGE)
        return {"resetPasswordUrl": link.url}

    def _send(self, request: Request, *, needed: bool) -> bool:
        """Whether a mail is wanted. Raises Refusal before anything is changed where one is, and none can be sent."""
        send = query_flag(request, "sendEmail", default=True)
        if send and needed:
            self.answers.invitations.require_mail()
        return send

    async def _user(self, request: Request) -> tuple[User, Change]:
        change = await administrator(self.answers.door, request, "users.manage")
        user = await user_named(self.answers.store, request.path_params["user"], change)
        await check_reach(self.answers.store, user.id, change)
        return user, change


def _route(path: str, handler: Handler, *, body: bool) -> Route:
    return Route(("POST",), path, handler, write_error, _EVENT, body="json" if body else "none", limit=LIMIT_API)
