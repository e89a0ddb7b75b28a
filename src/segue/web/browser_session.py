"""The session of the browser that sends a request: finding it, ending it, and proving that a form was made for it."""

import hashlib
import hmac
from typing import Final

from segue.core.refusal import Refusal
from segue.core.verdict import Check, Verdict
from segue.signin.sessions import current, end_session
from segue.stores import Found
from segue.web.frontchannel import FrontDoor
from segue.web.message import Request, SetCookie

FORM_TOKEN: Final = "form_token"
"""The hidden field that a form which changes something carries."""

_STALE: Final = "This page is out of date, or it was not ours. Open it again and repeat what you wanted to do."


async def browser_session(door: FrontDoor, request: Request, *, touch: bool = True) -> Found | None:
    """The live session that the request's cookie names, or None. ``touch`` counts the request as use of the session."""
    return await current(
        door.store,
        door.cookies[request.site.domain.dialect].read(request),
        org=request.site.org,
        domain=request.site.domain.authority,
        app_id=None,
        now_at=request.now_at,
        touch=touch,
    )


async def close_browser_session(
    door: FrontDoor, request: Request, session: Found | None, *, reason: str
) -> tuple[SetCookie, ...]:
    """Ends the session with everything bound to it; answers the cookies that make the browser forget it."""
    if session is not None:
        await end_session(door.store, session.credential.id, reason=reason, circumstances=door.circumstances(request))
    return door.cookies[request.site.domain.dialect].clear(request.site.org, request.site.domain)


def form_token(door: FrontDoor, request: Request) -> str:
    """What a form of this browser's session carries so that no other site can submit it.

    It is made from the cookie, which other sites can make a browser send but cannot read: SameSite alone would not do,
    since for a browser all ports of a host are one site.
    """
    cookie = door.cookies[request.site.domain.dialect].read(request) or ""
    return hashlib.sha256(b"form token " + cookie.encode()).hexdigest()


def check_form_token(door: FrontDoor, request: Request) -> None:
    """Raises Refusal ``form_token`` unless the form was made for the session that submits it."""
    given = request.form.get(FORM_TOKEN) or ""
    if hmac.compare_digest(given.encode(), form_token(door, request).encode()):
        return
    check = Check(
        "form_token",
        passed=False,
        expected="the token of this session's page",
        mend="Load the page again, then submit.",
    )
    raise Refusal("form_token", _STALE, Verdict((check,), rule="form"))
