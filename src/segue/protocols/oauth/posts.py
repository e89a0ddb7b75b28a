"""What is special about a browser's POST to an endpoint that answers GET as well."""

from typing import Final

from segue.core.url import add_query
from segue.core.verdict import Check
from segue.protocols.oauth.errors import refusal
from segue.web.frontchannel import FrontDoor
from segue.web.message import Redirect, Request

_LONGEST_QUERY: Final = 6000


def check_one_source(request: Request) -> None:
    """A POST has its parameters in the form alone: two sources could disagree (OT-12). Raises Refusal."""
    if request.method == "POST" and len(request.query):
        text = "Send the parameters in the form alone."
        check = Check("one_source", passed=False, expected="a form", seen="a form and a query", mend=text)
        raise refusal("invalid_request", text, check)


def again_by_get(door: FrontDoor, request: Request, address: str) -> Redirect | None:
    """The way to the same request as a GET, where a POST came without a session that a GET may bring.

    Browsers keep Lax cookies out of a POST from another site. Not for a form with a secret in it: the parameters come
    to stand in an address.
    """
    session = door.cookies[request.site.domain.dialect].read(request)
    if request.method != "POST" or session is not None or len(request.form.encode()) > _LONGEST_QUERY:
        return None
    return Redirect(location=add_query(address, request.form.items()), status=303)
