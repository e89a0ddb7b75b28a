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
    #: Whether it is for the device it was made on, as far as the application that takes it says.
    binds_device: bool = False
    #: Whether the session it opens remembers where it came from, and gives no such ticket itself (OT-17).
    marks_session: bool = False


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

SESSION_TRANSFER: Final = TicketKind(
    "session_transfer",
    "stt",
    life_ms=60_000,
    when_other_user="end_and_prompt",
    binds_device=True,
    marks_session=True,
)

KINDS: Final = {row.kind: row for row in (SESSION_TOKEN, COOKIE_TOKEN, IMAGE_TOKEN, INTERCLIENT, SESSION_TRANSFER)}


@dataclass(frozen=True, slots=True)
class Slot:
    """A named place in a request that carries a ticket, and the constant set of kinds it accepts (OT-04).

    It may come in one of ``cookies`` as well. ``by_leave`` means that the application has to allow the carrier
    (``SessionTransfer.carriers``). Where it carries signed tokens, ``audience_prefix`` and the application's id are
    their audience.
    """

    name: str
    kinds: frozenset[Kind]
    audience_prefix: str = ""
    cookies: tuple[str, ...] = ()
    by_leave: bool = False

    @property
    def signed(self) -> bool:
        return bool(self.audience_prefix)

    @property
    def refuses(self) -> bool:
        """Whether a ticket that cannot be used is told to the application instead of leading to a page."""
        return all(KINDS[kind].bad_ticket == "refuse" for kind in self.kinds)
