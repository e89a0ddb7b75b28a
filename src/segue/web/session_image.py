"""A one-pixel image that signs a browser in. Off unless an org switches it on: browsers block third-party cookies, and
any page of the world can hold an image (F6-01).

The answer is the same octets whatever happened (F6-02). It never replaces a session, and it answers only where the
browser says that it is an image, asked for by the org's own pages or those of a trusted origin.
"""

from base64 import b64decode
from dataclasses import dataclass
from typing import Final

from segue.core.refusal import Refusal
from segue.core.url import BadUrl, parse_web_url
from segue.core.verdict import Check, Verdict
from segue.handoff.redeem import PresentedTicket
from segue.signin.request import SignedIn, SignInRequest
from segue.web.cors import CorsPolicy
from segue.web.frontchannel import Finished, FrontDoor
from segue.web.message import Document, Request, Response

CHANNEL: Final = "session_image"
_PIXEL: Final = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAAC0lEQVR42mNgAAIAAAUAAen63NgAAAAASUVORK5CYII="
)
_MEND: Final = "Hold the image on a page of a trusted origin with the scope CORS."


@dataclass(frozen=True, slots=True)
class SessionImage:
    """The front channel of the image."""

    door: FrontDoor
    origins: CorsPolicy

    @property
    def name(self) -> str:
        return CHANNEL

    async def show(self, request: Request, ticket: PresentedTicket | None) -> Response:
        """The image; with a ticket that can be used, and no session in the browser, it signs in."""
        refusal = await self._unwanted(request)
        if refusal is not None or ticket is None:
            if refusal is not None:
                await self.door.recorder.refuse(self.door.circumstances(request), refusal, "sign_in.session_image")
            return image()
        wanted = self.door.sign_in_request(
            request, channel=CHANNEL, app=None, parameters={}, passive=True, ticket=ticket, when_other_user="keep"
        )
        return await self.door.begin(request, wanted)

    async def finish(self, request: SignInRequest, signed_in: SignedIn) -> Finished:
        return Finished(image())

    async def refuse(self, request: SignInRequest, refusal: Refusal, event_id: str) -> Response:
        return image()

    async def _unwanted(self, request: Request) -> Refusal | None:
        page = request.headers.get("origin") or request.headers.get("referer") or ""
        destination = request.headers.get("sec-fetch-dest")
        checks = (
            Check("switched_on", request.site.org.settings.session_image, mend="Switch the image on for this org."),
            Check("destination", destination in (None, "image"), "an image", destination or "", mend=_MEND),
            Check("page_trusted", await self._trusted(request, page), "a trusted origin", page[:200], mend=_MEND),
        )
        verdict = Verdict(checks, rule="session_image")
        return None if verdict.allowed else Refusal("image_refused", "The image does not sign in here.", verdict)

    async def _trusted(self, request: Request, page: str) -> bool:
        """A browser that names no page at all is an old one, or a person trying the address: it is believed, since the
        ticket in it is what counts."""
        if not page:
            return request.headers.get("sec-fetch-site") in (None, "none", "same-origin")
        try:
            return await self.origins.trusts(request.site, parse_web_url(page).origin)
        except BadUrl:
            return False


def image() -> Document:
    """The pixel, the same whatever happened."""
    headers = (("cross-origin-resource-policy", "cross-origin"),)
    return Document(body=_PIXEL, content_type="image/png", headers=headers)
