"""Second factors over the Authentication API: asking, answering, polling, and moving about between the steps."""

from dataclasses import dataclass

from segue.core.refusal import Refusal
from segue.dialects.okta.authn_calls import AuthnCalls, factor_answer, flag, query_flag, read_body, state_token
from segue.dialects.okta.errors import ResourceNotFound
from segue.dialects.okta.names import (
    AUTHN_CANCEL,
    AUTHN_INTROSPECT,
    AUTHN_PREVIOUS,
    AUTHN_SKIP,
    FACTOR_RESEND,
    FACTOR_VERIFY,
)
from segue.web.message import Json, Request, Response
from segue.web.surface import Route


@dataclass(frozen=True, slots=True)
class AuthnFactors:
    calls: AuthnCalls

    def routes(self) -> tuple[Route, ...]:
        route = self.calls.route
        return (
            route(AUTHN_INTROSPECT, self.introspect, "authn.introspect"),
            route(AUTHN_PREVIOUS, self.previous, "authn.previous"),
            route(AUTHN_SKIP, self.skip, "authn.skip"),
            route(AUTHN_CANCEL, self.cancel, "authn.cancel"),
            route(FACTOR_VERIFY, self.verify, "authn.factor"),
            route(FACTOR_RESEND, self.resend, "authn.factor"),
        )

    async def introspect(self, request: Request) -> Response:
        visit, steps = await self.calls.visit(request), self.calls.steps
        return self.calls.answer(request, visit, await steps.introspect(visit, state_token(read_body(request))))

    async def previous(self, request: Request) -> Response:
        visit, steps = await self.calls.visit(request), self.calls.steps
        return self.calls.answer(request, visit, await steps.previous(visit, state_token(read_body(request))))

    async def skip(self, request: Request) -> Response:
        visit, steps = await self.calls.visit(request), self.calls.steps
        return self.calls.answer(request, visit, await steps.skip(visit, state_token(read_body(request))))

    async def cancel(self, request: Request) -> Response:
        visit = await self.calls.visit(request)
        at = await self.calls.steps.cancel(visit, state_token(read_body(request)))
        return Json(data={"relayState": at.state.relay_state or ""})

    async def verify(self, request: Request) -> Response:
        """One address for both: without an answer it asks, or looks whether one has come in the meantime."""
        visit, body = await self.calls.visit(request), read_body(request)
        token, factor_id, answer = state_token(body), request.path_params["factor"], factor_answer(body)
        remember = flag(body, "rememberDevice") or query_flag(request, "rememberDevice")
        query_flag(request, "autoPush")  # a wish of the browser's, which it keeps for itself
        visit, cookies = self.calls.remembering(request, visit) if remember else (visit, ())
        verification = self.calls.steps.verification
        try:
            if answer:
                outcome = await verification.verify(visit, token, factor_id, answer, remember=remember)
            else:
                outcome = await verification.ask_or_poll(visit, token, factor_id, remember=remember)
        except Refusal as refusal:
            raise not_found(refusal, factor_id) from refusal
        return self.calls.answer(request, visit, outcome).with_cookies(*cookies)

    async def resend(self, request: Request) -> Response:
        visit, body = await self.calls.visit(request), read_body(request)
        factor_id = request.path_params["factor"]
        try:
            at = await self.calls.steps.verification.ask(visit, state_token(body), factor_id)
        except Refusal as refusal:
            raise not_found(refusal, factor_id) from refusal
        return self.calls.answer(request, visit, at)


def not_found(refusal: Refusal, factor_id: str) -> Refusal:
    """The refusal itself, or the shape this dialect has for a factor that is not there."""
    if refusal.reason != "factor_unknown" or refusal.verdict.failure is None:
        return refusal
    return ResourceNotFound(factor_id, "UserFactor", refusal.verdict.failure)
