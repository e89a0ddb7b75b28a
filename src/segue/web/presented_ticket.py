"""The ticket of a request to an application's own address: in a parameter or a cookie, as the application allows."""

from collections.abc import Iterable, Sequence

from segue.core.application import Application, Carrier
from segue.core.refusal import Refusal
from segue.core.strict import Params
from segue.core.verdict import Check, Verdict
from segue.handoff.kinds import Slot
from segue.handoff.redeem import PresentedTicket
from segue.web.carriers import find
from segue.web.frontchannel import FrontDoor
from segue.web.message import Request, Response, SetCookie

_NOT_ALLOWED = "The application does not take a sign-in in this way."


async def carried(
    door: FrontDoor, request: Request, slots: Sequence[Slot], app: Application, *sources: Params
) -> PresentedTicket | None:
    """The one ticket a request carries, None where it has none that the application takes.

    A parameter goes before a cookie: it was sent with this very request. A ticket by a carrier that the application
    does not allow is as if absent, and an event says so; it stays unspent (ST-05). Raises Refusal ``two_tickets``.
    """
    in_parameter, in_cookie = find(slots, *sources), _in_cookie(request, slots)
    refused: list[Carrier] = []
    for carrier, ticket in (("query", in_parameter), ("cookie", in_cookie)):
        if ticket is None:
            continue
        if not ticket.slot.by_leave or carrier in app.transfer.carriers:
            return ticket
        refused.append("cookie" if carrier == "cookie" else "query")
    if refused:
        await door.recorder.refuse(door.circumstances(request), _not_allowed(app, refused), "ticket.redeem")
    return None


def without_cookies(request: Request, slots: Iterable[Slot], answer: Response) -> Response:
    """The answer, with the cookies that carried a ticket taken away: what came in one is used up, or never will be."""
    names = [name for slot in slots for name in slot.cookies if name in request.cookies]
    return answer.with_cookies(*(SetCookie(name, None) for name in names))


def _in_cookie(request: Request, slots: Iterable[Slot]) -> PresentedTicket | None:
    """Two cookies of one name mean that somebody planted one: neither counts (OT-16)."""
    for slot in slots:
        for name in slot.cookies:
            text = request.cookie(name)
            if text:
                return PresentedTicket(slot, text, in_cookie=True)
    return None


def _not_allowed(app: Application, seen: list[Carrier]) -> Refusal:
    allowed = ", ".join(app.transfer.carriers) or "none"
    mend = f"Allow {' and '.join(seen)} among the ways by which the application takes a sign-in."
    check = Check("carrier_allowed", passed=False, expected=allowed, seen=", ".join(seen), mend=mend)
    return Refusal("ticket_not_usable", _NOT_ALLOWED, Verdict((check,), rule="carriers"), app_id=app.id)
