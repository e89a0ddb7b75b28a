"""Setting up a factor over the Authentication API."""

from dataclasses import dataclass
from typing import Final

from segue.core.refusal import Refusal
from segue.core.strict import JsonValue
from segue.dialects.okta.authn_calls import (
    AuthnCalls,
    Body,
    factor_answer,
    needed,
    query_flag,
    read_body,
    state_token,
    text,
)
from segue.dialects.okta.authn_factors import not_found
from segue.dialects.okta.errors import ValidationFailed, write_error
from segue.dialects.okta.factor_shapes import find_name
from segue.dialects.okta.names import (
    FACTOR_ACTIVATE,
    FACTOR_ACTIVATE_POLL,
    FACTOR_ACTIVATE_RESEND,
    FACTOR_PICTURE,
    FACTOR_QUESTIONS,
    FACTORS,
    LIMIT_API,
)
from segue.signin.factors.question import QUESTIONS
from segue.web.message import Document, Json, Request, Response
from segue.web.surface import Route

_SUBJECT: Final = "factorEnrollRequest"
_PROFILE: Final = {
    "question": "question",
    "answer": "answer",
    "phoneNumber": "phone",
    "email": "address",
    "name": "name",
}


@dataclass(frozen=True, slots=True)
class AuthnEnroll:
    calls: AuthnCalls

    def routes(self) -> tuple[Route, ...]:
        route = self.calls.route
        return (
            route(FACTORS, self.enroll, "authn.enroll"),
            route(FACTOR_ACTIVATE, self.activate, "authn.activate"),
            route(FACTOR_ACTIVATE_POLL, self.activate, "authn.activate"),
            route(FACTOR_ACTIVATE_RESEND, self.resend, "authn.activate"),
            Route(
                ("GET",),
                FACTOR_QUESTIONS,
                self.questions,
                write_error,
                "authn.questions",
                cors="credentialed",
                idempotent=True,
                limit=LIMIT_API,
            ),
            Route(
                ("GET",), FACTOR_PICTURE, self.picture, write_error, "authn.picture", idempotent=True, limit=LIMIT_API
            ),
        )

    async def enroll(self, request: Request) -> Response:
        visit, body = await self.calls.visit(request), read_body(request)
        token = state_token(body)
        factor_type = needed(body, "factorType", subject=_SUBJECT)
        provider = needed(body, "provider", subject=_SUBJECT)
        query_flag(request, "updatePhone")
        name = find_name(factor_type, provider)
        if name is None:
            raise ValidationFailed(_SUBJECT, "factorType", "factorType: a factor of this provider that is offered here")
        details = _details(body)
        outcome = await self.calls.steps.enrolment.enroll(visit, token, name.type, name.provider, details)
        return self.calls.answer(request, visit, outcome)

    async def activate(self, request: Request) -> Response:
        visit, body = await self.calls.visit(request), read_body(request)
        factor_id = request.path_params["factor"]
        try:
            outcome = await self.calls.steps.enrolment.activate(
                visit, state_token(body), factor_id, factor_answer(body)
            )
        except Refusal as refusal:
            raise not_found(refusal, factor_id) from refusal
        return self.calls.answer(request, visit, outcome)

    async def resend(self, request: Request) -> Response:
        visit, body = await self.calls.visit(request), read_body(request)
        factor_id = request.path_params["factor"]
        try:
            at = await self.calls.steps.enrolment.resend(visit, state_token(body), factor_id)
        except Refusal as refusal:
            raise not_found(refusal, factor_id) from refusal
        return self.calls.answer(request, visit, at)

    async def questions(self, _request: Request) -> Response:
        """The same list for every user, so that it tells nobody who there is."""
        return Json(data=[{"question": key, "questionText": question} for key, question in QUESTIONS.items()])

    async def picture(self, request: Request) -> Response:
        """The QR code, as an image: its address carries a secret of its own, which the transaction was told."""
        visit = await self.calls.visit(request)
        factor_id = request.path_params["factor"]
        ident, _, secret = request.path_params["token"].partition(".")
        try:
            image = await self.calls.steps.enrolment.picture(visit, ident, secret, factor_id)
        except Refusal as refusal:
            raise not_found(refusal, factor_id) from refusal
        return Document(body=image, content_type="image/png")


def _details(body: Body) -> dict[str, str]:
    profile: JsonValue = body.get("profile")
    if profile is None:
        return {}
    if not isinstance(profile, dict):
        raise ValidationFailed(_SUBJECT, "profile", "profile: an object")
    found = {ours: text(profile, theirs, subject=_SUBJECT) for theirs, ours in _PROFILE.items()}
    return {name: value for name, value in found.items() if value is not None}
