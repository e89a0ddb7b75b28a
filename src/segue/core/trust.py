"""The trust map: which application may hand a sign-in over to which."""

from dataclasses import dataclass
from typing import Final

MOST_TRUSTED: Final = 50
"""How many origins one target can trust whatever an org's setting says."""


@dataclass(frozen=True, slots=True)
class TrustEntry:
    """That the application ``target_app_id`` takes sign-ins from ``origin_app_id``, and not the other way round.

    ``created_at`` is epoch ms; ``created_by`` is whoever made it (a user, a token, the command line).
    """

    id: str
    org_id: str
    target_app_id: str
    origin_app_id: str
    created_at: int
    created_by: str
