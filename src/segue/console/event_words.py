"""How the console tells of an event."""

from collections.abc import Mapping
from typing import Final

from segue.admin.event_words import told as told_by_type
from segue.events import Event, Outcome

OUTCOMES: Final[Mapping[Outcome, tuple[str, str]]] = {
    "success": ("Done", "quiet"),
    "refused": ("Refused", "bad"),
    "failure": ("Failed", "warn"),
}
"""An outcome in words, and the tone of its badge."""


def told(event: Event) -> str:
    """The event in a few words."""
    return told_by_type(event.type)
