"""The front channel of somebody who comes to set up a factor and to nothing else."""

from dataclasses import dataclass

from segue.core.refusal import Refusal
from segue.signin.request import SignedIn, SignInRequest
from segue.web.enrollment_pages import ENROLL_CHANNEL
from segue.web.error_page import error_page
from segue.web.frontchannel import Finished
from segue.web.message import Redirect, Response


@dataclass(frozen=True, slots=True)
class EnrollmentChannel:
    """It ends at somebody's own page, whose path is ``home_location``."""

    home_location: str
    name: str = ENROLL_CHANNEL

    async def finish(self, request: SignInRequest, signed_in: SignedIn) -> Finished:
        return Finished(Redirect(location=f"{request.domain.base_url}{self.home_location}"))

    async def refuse(self, request: SignInRequest, refusal: Refusal, event_id: str) -> Response:
        return error_page(refusal, event_id)
