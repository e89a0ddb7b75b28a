"""The page that says no to a person: what happened, what to do next, and the id of the event that explains it."""

from typing import Final

from segue.core.refusal import Refusal
from segue.web.message import Page

STATUS: Final = {
    "access_denied": 403,
    "not_trusted": 403,
    "ticket_refused": 401,
    "assurance_not_met": 403,
    "forbidden": 403,
    "not_found": 404,
    "wrong_method": 405,
    "too_large": 413,
    "wrong_media_type": 415,
    "rate_limited": 429,
    "busy": 429,
    "internal": 500,
    "unavailable": 503,
}
"""HTTP status of a refusal by its reason, where it is not 400."""


def error_page(refusal: Refusal, event_id: str, *, error: str = "", title: str = "This did not work") -> Page:
    """``error`` is a protocol's own code, shown beside the event's id for whoever is asked for help."""
    context = {"title": title, "message": refusal.public, "error": error or refusal.reason, "event_id": event_id}
    return Page(template="error.html", status=STATUS.get(refusal.reason, 400), context=context)
