"""A user's factors over HTTP: looked at, set up, proved and taken away."""

from dataclasses import dataclass, replace
from typing import Final

from segue.admin import user_factors
from segue.admin.change import Change
from segue.core.factor import FactorEnrollment
from segue.core.refusal import Refusal
from segue.core.strict import read_json_object
from segue.core.user import User
from segue.dialects.okta.admin.bodies import Body, needed_text, object_member, only, query_flag, text_member
from segue.dialects.okta.admin.caller import administrator, not_found, user_named
from segue.dialects.okta.admin.user_answers import UserAnswers, fielded
from segue.dialects.okta.errors import ValidationFailed, write_error
from segue.dialects.okta.factor_shapes import NOT_OFFERED, factor_object, find_name
from segue.dialects.okta.names import (
    LIMIT_API,
    USER_FACTOR,
    USER_FACTOR_ACTIVATE,
    USER_FACTOR_VERIFY,
    USER_FACTORS,
)
from segue.dialects.okta.shapes import link, timestamp
from segue.signin.factors.factor import FactorContext
from segue.web.message import Empty, Json, Request, Response
from segue.web.surface import Handler, Route

_SUBJECT: Final = "factorEnrollRequest"


@dataclass(frozen=True, slots=True)
class UserFactors:
    answers: UserAnswers

    def routes(self) -> tuple[Route, ...]:
        return (
            _route("GET", USER_FACTORS, self.list),
            _route("POST", USER_FACTORS, self.enroll),
            _route("GET", USER_FACTOR, self.read),
            _route("DELETE", USER_FACTOR, self.remove),
            _route("POST", USER_FACTOR_ACTIVATE, self.activate),
            _route("POST", USER_FACTOR_VERIFY, self.verify),
        )

    async def list(self, request: Request) -> Response:
        """All factors of the user but what this vendor has no name for."""
        _, context = await self._context(request, "users.read")
        shown = [one for one in context.enrollments if one.type not in NOT_OFFERED]
        return Json(data=[_shape(request, context.user, one) for one in shown])

    async def enroll(self, request: Request) -> Response:
        """200 with the factor: an app waits for its first code, and its secret is in this answer alone."""
        change, context = await self._context(request, "users.manage")
        body = read_json_object(request.body)
        only(body, {"factorType", "provider", "profile"}, _SUBJECT)
        query_flag(request, "activate", default=False)
        name = find_name(needed_text(body, "factorType", _SUBJECT), needed_text(body, "provider", _SUBJECT))
        if name is None:
            raise ValidationFailed(_SUBJECT, "factorType", "factorType: a factor of this provider that is offered here")
        profile = object_member(body, "profile", _SUBJECT) or {}
        only(profile, {"question", "answer", "questionText", "credentialId"}, _SUBJECT)
        details = {member: text_member(profile, member, _SUBJECT) or "" for member in ("question", "answer")}
        try:
            offer = await user_factors.enroll_factor(
                self.answers.second, context, name.type, name.provider, details, change
            )
        except Refusal as refusal:
            raise fielded(refusal, _SUBJECT) from refusal
        shown = _shape(request, context.user, offer.enrollment)
        if "secret" in offer.shown:
            shown["_embedded"] = {
                "activation": {
                    "timeStep": offer.shown["step_s"],
                    "sharedSecret": offer.shown["secret"],
                    "encoding": "base32",
                    "keyLength": offer.shown["digits"],
                }
            }
        return Json(data=shown)

    async def read(self, request: Request) -> Response:
        _, context = await self._context(request, "users.read")
        return Json(data=_shape(request, context.user, self._factor(request, context)))

    async def remove(self, request: Request) -> Response:
        """204; every browser that was remembered is asked for a factor again."""
        change, context = await self._context(request, "users.manage")
        query_flag(request, "removeRecoveryEnrollment", default=False)
        factor = self._factor(request, context)
        await user_factors.remove_factor(self.answers.store, context, factor.id, change)
        return Empty(status=204)

    async def activate(self, request: Request) -> Response:
        """200 with the factor, active from now on."""
        change, context = await self._context(request, "users.manage")
        factor, answer = self._factor(request, context), _answer(read_json_object(request.body))
        answers = self.answers
        try:
            await user_factors.activate_factor(answers.store, answers.second, context, factor.id, answer, change)
        except Refusal as refusal:
            raise fielded(refusal, _SUBJECT) from refusal
        return Json(data=_shape(request, context.user, replace(factor, status="active")))

    async def verify(self, request: Request) -> Response:
        """200 with SUCCESS where the answer is right; it signs nobody in."""
        change, context = await self._context(request, "users.manage")
        factor, answer = self._factor(request, context), _answer(read_json_object(request.body))
        answers = self.answers
        try:
            await user_factors.verify_factor(answers.store, answers.second, context, factor.id, answer, change)
        except Refusal as refusal:
            raise fielded(refusal, "factorVerifyRequest") from refusal
        return Json(data={"factorResult": "SUCCESS"})

    def _factor(self, request: Request, context: FactorContext) -> FactorEnrollment:
        ident = request.path_params["factor"]
        try:
            return user_factors.find_factor(context, ident)
        except Refusal as refusal:
            raise not_found(refusal, ident, "UserFactor") from None

    async def _context(self, request: Request, permission: str) -> tuple[Change, FactorContext]:
        """For whom the call is, with all factors they have."""
        answers = self.answers
        change = await administrator(answers.door, request, permission)
        user = await user_named(answers.store, request.path_params["user"], change)
        enrollments = tuple(await answers.store.factors(user.org_id, user.id))
        return change, replace(answers.context(request, user, change), enrollments=enrollments)


def _shape(request: Request, user: User, factor: FactorEnrollment) -> dict[str, object]:
    own = f"{request.site.domain.base_url}{USER_FACTOR.format(user=user.id, factor=factor.id)}"
    following = "verify" if factor.active else "activate"
    path = "/verify" if factor.active else "/lifecycle/activate"
    return {
        **factor_object(user, factor),
        "status": "ACTIVE" if factor.active else "PENDING_ACTIVATION",
        "created": timestamp(factor.created_at),
        "lastUpdated": timestamp(factor.last_used_at or factor.created_at),
        "_links": {
            "self": link(own, "GET", "DELETE"),
            following: link(f"{own}{path}", "POST"),
            "user": link(f"{request.site.domain.base_url}/api/v1/users/{user.id}", "GET"),
        },
    }


def _answer(body: Body) -> dict[str, str]:
    only(body, {"passCode", "answer"}, "factorVerifyRequest")
    found = {"code": text_member(body, "passCode", _SUBJECT), "answer": text_member(body, "answer", _SUBJECT)}
    return {name: value for name, value in found.items() if value}


def _route(method: str, path: str, handler: Handler) -> Route:
    return Route(
        (method,),
        path,
        handler,
        write_error,
        "users.factors",
        body="json" if method == "POST" else "none",
        idempotent=method == "GET",
        limit=LIMIT_API,
    )
