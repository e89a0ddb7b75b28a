"""Times for people: when something was or will be, and how far away that is."""

from datetime import UTC, datetime

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


def readable(epoch_s: float, now_s: float) -> str:
    """``2026-11-20 10:15:00 UTC (in 59 minutes)``. Whatever no calendar has is shown as the number it is."""
    try:
        moment = datetime.fromtimestamp(epoch_s, UTC)
    except (OverflowError, ValueError, OSError):
        return str(epoch_s)
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC ({distance(epoch_s - now_s)})"


def distance(seconds: float) -> str:
    """``in 59 minutes``, ``2 hours ago``, ``now``."""
    size = round(abs(seconds))
    if size < 1:
        return "now"
    count, name = next(((size // length, unit) for unit, length in _UNITS if size >= length), (size, "second"))
    words = f"{count} {name}" + ("" if count == 1 else "s")
    return f"in {words}" if seconds > 0 else f"{words} ago"
