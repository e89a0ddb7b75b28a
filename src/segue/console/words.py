"""How the console names things to people: moments, states, kinds of application."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from segue.core.application import Application
from segue.core.user import UserStatus

_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 60 * _MINUTE_MS
_DAY_MS: Final = 24 * _HOUR_MS

USER_STATUS: Final[Mapping[UserStatus, tuple[str, str]]] = {
    "staged": ("Not started", "quiet"),
    "provisioned": ("Invited", "quiet"),
    "active": ("Active", "good"),
    "suspended": ("Suspended", "warn"),
    "deprovisioned": ("Deactivated", "bad"),
}
"""A user's status in words, and the tone of its badge."""


def moment(at: int | None, now_at: int) -> dict[str, str] | None:
    """A time (epoch ms) for people, for machines, and how far away it is; None where there is none.

    Without JavaScript nobody knows the reader's time zone, so it is told in UTC, and as a distance.
    """
    if not at:
        return None
    stamp = datetime.fromtimestamp(at / 1000, UTC)
    return {
        "iso": f"{stamp:%Y-%m-%dT%H:%M:%SZ}",
        "text": f"{stamp.day} {stamp:%B %Y, %H:%M:%S} UTC",
        "near": _near(at, now_at, stamp),
    }


def _near(at: int, now_at: int, stamp: datetime) -> str:
    """``3 minutes ago``, ``in 2 hours``; a date beyond a week."""
    distance = abs(now_at - at)
    if distance < _MINUTE_MS:
        return "just now" if at <= now_at else "in a moment"
    if distance >= 7 * _DAY_MS:
        return f"{stamp.day} {stamp:%b %Y}"
    size, unit = next(
        (size, unit)
        for size, unit in ((_DAY_MS, "day"), (_HOUR_MS, "hour"), (_MINUTE_MS, "minute"))
        if distance >= size
    )
    count = distance // size
    words = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{words} ago" if at <= now_at else f"in {words}"


def kind_of(app: Application) -> tuple[str, str]:
    """The kind of an application, as a word of the form and in words for people."""
    if app.oidc is not None:
        return ("native", "Native app") if app.oidc.native else _oidc_kind(app)
    if app.saml is not None:
        return ("saml", "SAML 2.0")
    if app.wsfed is not None:
        return ("wsfed", "WS-Federation")
    return ("bookmark", "Bookmark")


def _oidc_kind(app: Application) -> tuple[str, str]:
    public = app.oidc is not None and app.oidc.public
    return ("browser", "Single-page app") if public else ("web", "Web app")


def counted(count: int, one: str, several: str = "") -> str:
    """``1 session``, ``3 sessions``."""
    return f"{count} {one if count == 1 else several or one + 's'}"
