"""A refusal of a link with a ticket, shown at an address without it.

The ticket is spent and the address would stay in the browser's history all the same, so the browser is sent on to a
page of its own. What that page says travels in a cookie: it is for this browser and for a moment.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from segue.signin.request import SignInRequest
from segue.web.cookies import read_refused, write_refused
from segue.web.message import Page, Redirect, Request, Response

REFUSED_PATH: Final = "/login/refused"
_TEMPLATE: Final = "error.html"
_SHOWN: Final = ("title", "message", "error", "event_id")
_FORGOTTEN: Final = {
    "title": "This did not work",
    "message": "What went wrong is not known any more. Start again where you came from.",
    "error": "",
    "event_id": "",
}


def without_ticket(request: Request, wanted: SignInRequest, answer: Response) -> Response:
    """``answer``, or the way to the same page where it is an error page at an address that carries a ticket."""
    if wanted.ticket is None or request.method != "GET" or not isinstance(answer, Page) or answer.template != _TEMPLATE:
        return answer
    kept = {"status": answer.status, **{name: answer.context.get(name) or "" for name in _SHOWN}}
    cookie = write_refused(request, urlsafe_b64encode(json.dumps(kept).encode()).decode())
    location = f"{request.site.domain.base_url}{REFUSED_PATH}"
    return Redirect(location=location, cookies=(*answer.cookies, cookie), status=303)


async def refused_page(request: Request) -> Response:
    """The page of the refusal that this browser was sent on with, with that refusal's status; loading it again shows
    it again."""
    status, shown = _read(read_refused(request) or "")
    return Page(template=_TEMPLATE, status=status, context=shown)


def _read(text: str) -> tuple[int, dict[str, str]]:
    """What the cookie says. Whatever it is not, a person gets a page: nothing here decides anything."""
    try:
        kept = json.loads(urlsafe_b64decode(text.encode("ascii")))
    except (ValueError, RecursionError):
        return 400, _FORGOTTEN
    match kept:
        case {"status": int(status), "title": str(), "message": str(), "error": str(), "event_id": str()}:
            return status if 400 <= status < 600 else 400, {name: kept[name] for name in _SHOWN}
    return 400, _FORGOTTEN
