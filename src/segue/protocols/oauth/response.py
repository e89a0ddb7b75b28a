"""How an authorization response, good or bad, reaches the client: in the query, the fragment, a form or a message."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, cast, get_args

from segue.core.refusal import Refusal
from segue.core.url import add_fragment, add_query, parse_web_url
from segue.protocols.oauth.errors import code_of, description_of
from segue.web.message import AutoPost, PostMessage, Redirect, Response

ResponseMode: TypeAlias = Literal["query", "fragment", "form_post", "post_message"]
MODES: Final[frozenset[str]] = frozenset(get_args(ResponseMode))


def read_mode(text: str) -> ResponseMode:
    """A mode that was stored. Raises ValueError for anything else."""
    if text not in MODES:
        raise ValueError("not a response mode")
    return cast("ResponseMode", text)


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where an answer goes and how. ``redirect_uri`` is one the client registered; nothing else may be put here (I5).

    Every answer names its ``issuer`` (RFC 9207), so that a client of several servers knows who speaks (OA-05).
    """

    redirect_uri: str
    mode: ResponseMode
    state: str
    issuer: str

    def answer(self, params: Mapping[str, str | int]) -> Response:
        fields: dict[str, str | int] = {**params, **({"state": self.state} if self.state else {}), "iss": self.issuer}
        if self.mode == "post_message":
            # Only the registered address's own origin may read it (F1-04).
            return PostMessage(target_origin=parse_web_url(self.redirect_uri).origin, data=fields)
        pairs = tuple((name, str(value)) for name, value in fields.items())
        if self.mode == "form_post":
            return AutoPost(action=self.redirect_uri, fields=pairs)
        add = add_fragment if self.mode == "fragment" else add_query
        return Redirect(location=add(self.redirect_uri, pairs))

    def refuse(self, refusal: Refusal, event_id: str, *, code: str = "", texts: Mapping[str, str]) -> Response:
        """The response that says no (RFC 6749 4.1.2.1); ``code`` replaces the one of the refusal's reason.

        The event's id stands at the end of the description: clients show that text, and drop fields they do not know.
        """
        description = f"{description_of(refusal, texts)} [{event_id}]"
        return self.answer({"error": code or code_of(refusal.reason), "error_description": description})
