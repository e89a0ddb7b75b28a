"""Pages of a list in this dialect: ``limit``, ``after``, and the Link headers that lead on (RFC 8288)."""

from typing import Final
from urllib.parse import urlencode

from segue.dialects.okta.errors import ValidationFailed
from segue.web.message import Request

_LONGEST_AFTER: Final = 512


def page_limit(request: Request, *, default: int, most: int) -> int:
    """How many items the caller wants, 1 to ``most``. Raises ValidationFailed."""
    given = request.query.get("limit")
    if given is None:
        return default
    if not given.isascii() or not given.isdigit() or len(given) > 6 or not 1 <= int(given) <= most:
        raise ValidationFailed("limit", "limit", f"limit: a number from 1 to {most}")
    return int(given)


def page_after(request: Request) -> str:
    """The cursor of the page before, "" for the first page. Raises ValidationFailed."""
    after = request.query.get("after") or ""
    if len(after) > _LONGEST_AFTER:
        raise ValidationFailed("after", "after", "after: take it from the next link of the page before")
    return after


def page_links(request: Request, path: str, kept: tuple[str, ...], following: str | None) -> list[tuple[str, str]]:
    """The Link headers of a page: itself, and the next one where ``following`` is its cursor.

    ``path`` is the list's address at this domain; ``kept`` names the parameters that lead on unchanged. Clients follow
    the next link as it is, so it names our own domain.
    """
    base = f"{request.site.domain.base_url}{path}"
    same = [(name, value) for name, value in request.query.items() if name in (*kept, "limit")]
    after = request.query.get("after")
    own = urlencode(same + ([("after", after)] if after else []))
    links = [("link", f'<{base}{"?" if own else ""}{own}>; rel="self"')]
    if following is not None:
        links.append(("link", f'<{base}?{urlencode([*same, ("after", following)])}>; rel="next"'))
    return links
