"""Finding a ticket in a request: in the query, the form, and only in the slots a route names."""

from collections.abc import Iterable
from typing import Final

from segue.core.refusal import Refusal
from segue.core.strict import Duplicate, Params
from segue.core.verdict import Check, Verdict
from segue.handoff.kinds import Slot
from segue.handoff.redeem import PresentedTicket

_ONE_TICKET: Final = "Send one sign-in token, once."


def find(slots: Iterable[Slot], *sources: Params) -> PresentedTicket | None:
    """The one ticket a request carries. Raises Refusal ``two_tickets`` where there is more than one, by whatever name
    or source: nothing is spent then (OT-12, F3-03)."""
    found: list[PresentedTicket] = []
    for slot in slots:
        for params in sources:
            try:
                text = params.get(slot.name)
            except Duplicate as error:
                raise _two_tickets(slot.name) from error
            if text:
                found.append(PresentedTicket(slot, text))
    if len(found) > 1:
        raise _two_tickets(", ".join(ticket.slot.name for ticket in found))
    return found[0] if found else None


def _two_tickets(seen: str) -> Refusal:
    check = Check("one_ticket", passed=False, expected="one sign-in token, once", seen=seen, mend=_ONE_TICKET)
    return Refusal("two_tickets", _ONE_TICKET, Verdict((check,), rule="carriers"))
