"""Users over HTTP: made, found, changed and removed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from segue.admin import groups, user_credentials, user_lifecycle, users
from segue.admin.change import Change
from segue.admin.roles import check_reach
from segue.core.refusal import Refusal
from segue.core.strict import read_json_object
from segue.core.verdict import Check
from segue.dialects.okta.admin.bearer import own_account_actor
from segue.dialects.okta.admin.bodies import query_flag
from segue.dialects.okta.admin.caller import administrator, user_named
from segue.dialects.okta.admin.paging import page_after, page_limit, page_links
from segue.dialects.okta.admin.user_answers import UserAnswers, fielded
from segue.dialects.okta.admin.user_bodies import SUBJECT, WantedUser, read_user
from segue.dialects.okta.admin.user_listing import wanted_order, wanted_users
from segue.dialects.okta.errors import ResourceNotFound, ValidationFailed, write_error
from segue.dialects.okta.names import LIMIT_API, USER, USER_ME, USERS, WELCOME_PAGE
from segue.web.browser_session import browser_session
from segue.web.message import Empty, Json, Request, Response
from segue.web.surface import Handler, Route

_PAGE: Final = 200
_KEPT: Final = ("q", "filter", "search", "sortBy", "sortOrder")


@dataclass(frozen=True, slots=True)
class Users:
    answers: UserAnswers

    def routes(self) -> tuple[Route, ...]:
        me = Route(
            ("GET",),
            USER_ME,
            self.me,
            write_error,
            "users",
            cors="credentialed",
            idempotent=True,
            limit=LIMIT_API,
        )
        return (
            me,
            _route("GET", USERS, self.list),
            _route("POST", USERS, self.create),
            _route("GET", USER, self.read),
            _route("POST", USER, self.change),
            _route("PUT", USER, self.replace),
            _route("DELETE", USER, self.remove),
        )

    async def list(self, request: Request) -> Response:
        """A page of users in order of id, or as ``sortBy`` says; ``after`` is the id of the last one of the page
        before."""
        change = await self._caller(request, "users.read")
        limit, condition = page_limit(request, default=_PAGE, most=_PAGE), wanted_users(request)
        order = await wanted_order(request, self.answers.store)
        after = "" if order else page_after(request)
        try:
            found = await self.answers.store.find_users(
                change.org_id, condition, order=order, after=after, limit=limit + 1
            )
        except ValueError as error:
            raise ValidationFailed("filter", "filter", f"filter: {error}") from None
        page = found[:limit]
        following = page[-1].id if len(found) > limit else None
        headers = page_links(request, USERS, _KEPT, following)
        return Json(data=await self.answers.shapes(request, page)).with_headers(*headers)

    async def create(self, request: Request) -> Response:
        """200 with the user: active with a password, waiting for one without; staged with ``activate=false``."""
        change = await self._caller(request, "users.manage")
        wanted = read_user(read_json_object(request.body), change.org_id, new=True)
        activate = query_flag(request, "activate", default=True)
        query_flag(request, "provider", default=False)
        temporary = _next_login(request)
        new = _new_user(wanted, staged=not activate, temporary=temporary)
        if new.status == "active" and new.password is None and new.password_hash is None:
            self.answers.invitations.require_mail()
        if wanted.group_ids and change.actor is not None:
            change.actor.require("groups.manage")
        for group_id in wanted.group_ids:
            await self._check_group(group_id, change)
        try:
            user = await users.add_user(self.answers.store, self.answers.hasher, new, change)
            if wanted.question is not None:
                context = self.answers.context(request, user, change)
                await user_credentials.set_question(
                    self.answers.second, context, wanted.question.text, wanted.question.answer, change
                )
            for group_id in wanted.group_ids:
                await groups.add_member(self.answers.store, group_id, user, change)
        except Refusal as refusal:
            raise fielded(refusal, SUBJECT) from refusal
        if user.active and user.password_hash is None:
            await self.answers.invitations.send(
                self.answers.visit(request, change), user, "activate", page=WELCOME_PAGE
            )
        return Json(data=await self.answers.shape(request, user))

    async def read(self, request: Request) -> Response:
        change = await self._caller(request, "users.read")
        user = await user_named(self.answers.store, request.path_params["user"], change)
        return Json(data=await self.answers.shape(request, user))

    async def me(self, request: Request) -> Response:
        """Whoever a token speaks of; without one whoever is signed in in the browser that asks."""
        actor = await own_account_actor(self.answers.door, request, "users.read")
        owner = await self.answers.store.user(request.site.org.id, actor.id) if actor else None
        if owner is not None:
            return Json(data=await self.answers.shape(request, owner))
        session = await browser_session(self.answers.door, request, touch=False)
        if session is None or session.subject is None:
            check = Check("session_live", passed=False, expected="a live session", seen="none", mend="Sign in first.")
            raise ResourceNotFound("me", "User", check)
        return Json(data=await self.answers.shape(request, session.subject.user))

    async def change(self, request: Request) -> Response:
        """What the body names is changed; a profile field of null is taken away."""
        return await self._write(request, whole=False)

    async def replace(self, request: Request) -> Response:
        """The profile becomes the body's; credentials are changed where the body names them."""
        return await self._write(request, whole=True)

    async def remove(self, request: Request) -> Response:
        """204: the first call deactivates, the second removes."""
        change = await self._caller(request, "users.manage")
        query_flag(request, "sendEmail", default=False)
        user = await user_named(self.answers.store, request.path_params["user"], change)
        if user.status == "deprovisioned":
            await user_lifecycle.remove(self.answers.store, user, change)
        else:
            await user_lifecycle.deactivate(self.answers.store, user, change)
        return Empty(status=204)

    async def _write(self, request: Request, *, whole: bool) -> Response:
        change, store = await self._caller(request, "users.manage"), self.answers.store
        user = await user_named(store, request.path_params["user"], change)
        await check_reach(store, user.id, change)
        wanted = read_user(read_json_object(request.body), change.org_id, new=False)
        if whole and (wanted.login is None or not wanted.profile.get("email")):
            name = "login" if wanted.login is None else "email"
            raise ValidationFailed(SUBJECT, name, f"{name}: The field cannot be left blank")
        if wanted.password_hash is not None:
            raise ValidationFailed("password", "password", "password.hash: a hash is taken of a new user only")
        try:
            if wanted.password is not None:
                await users.set_password(store, self.answers.hasher, user.id, wanted.password, change)
            user = await users.change_profile(
                store, user.id, lambda known: _profile(known, wanted, whole=whole), change, login=wanted.login
            )
            if wanted.question is not None:
                context = self.answers.context(request, user, change)
                await user_credentials.set_question(
                    self.answers.second, context, wanted.question.text, wanted.question.answer, change
                )
        except Refusal as refusal:
            raise fielded(refusal, SUBJECT) from refusal
        return Json(data=await self.answers.shape(request, user))

    async def _check_group(self, group_id: str, change: Change) -> None:
        try:
            await groups.find_group(self.answers.store, group_id, change)
        except Refusal:
            raise ValidationFailed(SUBJECT, "groupIds", f"groupIds: there is no group {group_id[:64]}") from None

    async def _caller(self, request: Request, permission: str) -> Change:
        return await administrator(self.answers.door, request, permission)


def _route(method: str, path: str, handler: Handler) -> Route:
    return Route(
        (method,),
        path,
        handler,
        write_error,
        "users",
        body="json" if method in ("POST", "PUT") else "none",
        idempotent=method == "GET",
        limit=LIMIT_API,
    )


def _new_user(wanted: WantedUser, *, staged: bool, temporary: bool) -> users.NewUser:
    profile = {name: value for name, value in wanted.profile.items() if value}
    for name, value in (("login", wanted.login), ("email", profile.get("email"))):
        if not value:
            raise ValidationFailed(SUBJECT, name, f"{name}: The field cannot be left blank")
    has_password = wanted.password is not None or wanted.password_hash is not None
    if temporary and not has_password:
        raise ValidationFailed(SUBJECT, "nextLogin", "nextLogin: changePassword takes a password to change")
    return users.NewUser(
        login=wanted.login or "",
        profile=profile,
        password=wanted.password,
        password_hash=wanted.password_hash,
        temporary=temporary,
        status="staged" if staged else "active",
    )


def _next_login(request: Request) -> bool:
    given = request.query.get("nextLogin")
    if given not in (None, "changePassword"):
        raise ValidationFailed("nextLogin", "nextLogin", "nextLogin: changePassword")
    return given is not None


def _profile(known: Mapping[str, str], wanted: WantedUser, *, whole: bool) -> dict[str, str]:
    merged: dict[str, str | None] = {**({} if whole else known), **wanted.profile}
    return {name: value for name, value in merged.items() if value}
