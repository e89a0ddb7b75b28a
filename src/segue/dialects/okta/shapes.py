"""JSON shapes that several answers of this dialect share."""

from datetime import UTC, datetime

from segue.core.user import User

_LOCALE = "en_US"
_TIME_ZONE = "America/Los_Angeles"


def timestamp(at: int) -> str:
    """Epoch milliseconds as ``YYYY-MM-DDTHH:MM:SS.000Z``: whole seconds, as the vendor writes them."""
    return datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def user_in_transaction(user: User) -> dict[str, object]:
    """The user as a transaction embeds it. Clients read all five profile fields, so those we do not know have the
    vendor's defaults."""
    profile = user.profile
    return {
        "id": user.id,
        "passwordChanged": timestamp(user.password_changed_at) if user.password_changed_at else None,
        "profile": {
            "login": user.login,
            "firstName": profile.get("firstName", ""),
            "lastName": profile.get("lastName", ""),
            "locale": profile.get("locale", _LOCALE),
            "timeZone": profile.get("timezone", _TIME_ZONE),
        },
    }


def link(href: str, *methods: str) -> dict[str, object]:
    """One entry of ``_links``. Where clients turn links into functions they insist on exactly one method."""
    return {"href": href, "hints": {"allow": list(methods)}}
