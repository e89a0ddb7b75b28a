"""One row per kind of ticket: how it is minted, how long it lives, and what its redemption may do."""

from dataclasses import dataclass
from typing import Final, Literal

from segue.core.application import WhenOtherUser
from segue.core.credential import Kind

BadTicket = Literal["prompt", "refuse", "ignore"]


@dataclass(frozen=True, slots=True)
class TicketKind:
    """``life_ms`` is a duration in milliseconds. ``when_other_user`` is the default an application may override.

    ``bad_ticket`` is what a ticket that cannot be used leads to where a page may be shown: the sign-in page, an error,
    or nothing. ``opens_session`` says whether redemption signs the browser in beyond the application asked for.
    ``typ`` is the header of a kind that is a signed token; "" for those that are a bearer value.
    """

    kind: Kind
    id_prefix: str
    life_ms: int
    when_other_user: WhenOtherUser
    bad_ticket: BadTicket = "prompt"
    opens_session: bool = True
    typ: str = ""


SESSION_TOKEN: Final = TicketKind("session_token", "20t", life_ms=5 * 60_000, when_other_user="ask")

COOKIE_TOKEN: Final = TicketKind("cookie_token", "20c", life_ms=5 * 60_000, when_other_user="ask")
IMAGE_TOKEN: Final = TicketKind("image_token", "20i", life_ms=5 * 60_000, when_other_user="keep", bad_ticket="ignore")
INTERCLIENT: Final = TicketKind(
    "interclient",
    "itk",
    life_ms=5 * 60_000,
    when_other_user="keep",
    bad_ticket="refuse",
    opens_session=False,
    typ="interclient+jwt",
)

KINDS: Final = {row.kind: row for row in (SESSION_TOKEN, COOKIE_TOKEN, IMAGE_TOKEN, INTERCLIENT)}


@dataclass(frozen=True, slots=True)
class Slot:
    """A named place in a request that carries a ticket, and the constant set of kinds it accepts (OT-04).

    Where it carries signed tokens, ``audience_prefix`` and the application's id are their audience.
    """

    name: str
    kinds: frozenset[Kind]
    audience_prefix: str = ""

    @property
    def signed(self) -> bool:
        return bool(self.audience_prefix)

    @property
    def refuses(self) -> bool:
        """Whether a ticket that cannot be used is told to the application instead of leading to a page."""
        return all(KINDS[kind].bad_ticket == "refuse" for kind in self.kinds)
