"""The strict grammar of every address that a browser is sent to.

Parsers guess, and two parsers guess differently: what ``urlsplit`` takes for a path, a browser takes for a host. So
this grammar accepts only what every parser reads alike and refuses the rest. Targets are compared as whole origins or
as whole strings, never by prefix, suffix or pattern (RFC 9700 sections 2.1 and 4.1).
"""

import ipaddress
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from precis_i18n import get_profile
from precis_i18n.bidi import bidi_rule, has_rtl

MAX_CHARS = 2048

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})

# RFC 3986 section 3.3: what a path segment is made of. Backslash, space, control and non-ASCII are not among it.
_PCHARS = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@{extra}]|%[0-9A-Fa-f]{{2}})*+"
_PATH = _PCHARS.format(extra="/")
_TAIL = _PCHARS.format(extra="/?")
_WEB_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:]+\]|[a-z0-9.\-]+)(?::(?P<port>[1-9][0-9]{0,4}))?"
    rf"(?P<path>(?:/{_PATH})?)(?:\?(?P<query>{_TAIL}))?(?:\#(?P<fragment>{_TAIL}))?",
    re.IGNORECASE | re.ASCII,
)
_LOCAL_PATH = re.compile(rf"(?P<path>/(?!/){_PATH})(?:\?{_TAIL})?(?:\#{_TAIL})?")
_PRIVATE_USE_URL = re.compile(rf"[a-z][a-z0-9+\-]*(?:\.[a-z0-9+\-]+)+:/{_PATH}(?:\?{_TAIL})?")
_LOOPBACK_ADDRESS = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::[0-9]+)?([/?].*)?")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?")
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
_USERNAME = get_profile("UsernameCaseMapped")


class BadUrl(ValueError):
    """An address outside the grammar. The text is fit for the public and never repeats the input."""


@dataclass(frozen=True, slots=True)
class WebUrl:
    """An http or https address in its parts; made by :func:`parse_web_url` only.

    ``scheme`` and ``host`` are in lower case; an IPv6 ``host`` keeps its brackets. ``port`` is None where none was
    written. ``path`` is empty or starts with a slash; ``query`` and ``fragment`` are None where absent, without their
    mark where present.
    """

    scheme: str
    host: str
    port: int | None
    path: str
    query: str | None
    fragment: str | None

    @property
    def origin(self) -> str:
        """``scheme://host[:port]`` without the scheme's own port, as a browser writes it (RFC 6454 section 6.2)."""
        default = self.port is None or self.port == _DEFAULT_PORTS[self.scheme]
        return f"{self.scheme}://{self.host}" if default else f"{self.scheme}://{self.host}:{self.port}"

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        query = "" if self.query is None else f"?{self.query}"
        fragment = "" if self.fragment is None else f"#{self.fragment}"
        return f"{self.scheme}://{self.host}{port}{self.path}{query}{fragment}"


def parse_web_url(text: str, *, max_chars: int = MAX_CHARS) -> WebUrl:
    """An absolute http or https address that every parser reads alike.

    ASCII only; no user information, backslash, space or control character; the host is a name of letter-digit-hyphen
    labels (an ``xn--`` label must stand for a real name), an IPv4 address in four plain decimals or an IPv6 address in
    canonical form (RFC 5952); the port is 1 to 65535 without leading zeros; escapes are well formed. Raises
    :class:`BadUrl`.
    """
    _check_text(text, max_chars)
    match = _WEB_URL.fullmatch(text)
    if match is None:
        raise BadUrl("not a plain http or https address")
    host = match["host"] if match["host"].startswith("[") else match["host"].lower()
    _check_host(host)
    port = int(match["port"]) if match["port"] else None
    if port is not None and port > 65535:
        raise BadUrl("the port is out of range")
    return WebUrl(match["scheme"].lower(), host, port, match["path"], match["query"], match["fragment"])


def parse_origin(text: str) -> str:
    """The canonical form of an origin: ``scheme://host[:port]`` and nothing behind it. Raises :class:`BadUrl`."""
    url = parse_web_url(text)
    if url.path or url.query is not None or url.fragment is not None:
        raise BadUrl("an origin has no path, query or fragment")
    return url.origin


def same_origin(url: WebUrl, origin: str) -> bool:
    """Whether ``url`` is of ``origin``: scheme, host and port all equal. Raises :class:`BadUrl` on a bad ``origin``."""
    return url.origin == parse_origin(origin)


def parse_local_path(text: str) -> str:
    """``text`` itself, if it is a path on our own host, with or without query and fragment.

    It starts with one slash and not two, has no dot segments (also as ``%2e``) and only the characters of an address.
    Raises :class:`BadUrl`.
    """
    _check_text(text, MAX_CHARS)
    match = _LOCAL_PATH.fullmatch(text)
    if match is None or _has_dot_segment(match["path"]):
        raise BadUrl("not a plain path on this host")
    return text


def check_redirect_registration(text: str, *, native: bool, allow_http: bool = False) -> None:
    """Whether ``text`` may be registered as a redirect address. Raises :class:`BadUrl` with the reason.

    https anywhere; http on this machine (localhost, 127.0.0.1, [::1]), elsewhere only with ``allow_http``; a ``native``
    client also has private-use schemes with a dot, ``com.example.app:/callback`` (RFC 8252 section 7.1). No fragment
    (RFC 6749 section 3.1.2), no wildcard, no dot segments.
    """
    _check_text(text, MAX_CHARS)
    if "*" in text:
        raise BadUrl("wildcards are not offered: register each address in full")
    if "#" in text:
        raise BadUrl("a redirect address has no fragment")
    if native and _PRIVATE_USE_URL.fullmatch(text):
        return
    url = parse_web_url(text)
    if _has_dot_segment(url.path):
        raise BadUrl("a redirect address has no dot segments")
    if url.scheme == "http" and url.host not in _LOOPBACK_HOSTS and not allow_http:
        raise BadUrl("a redirect address uses https")


def registered_redirect(requested: str, registered: Iterable[str], *, native: bool) -> bool:
    """Whether ``requested`` is, character for character, one of the ``registered`` addresses.

    The one exception: the port of http://127.0.0.1 and http://[::1] is free for a ``native`` client, which listens
    where it can (RFC 8252 section 7.3); not that of localhost (section 8.3). The grammar is checked again here, so that
    a bad address which came into storage by another way stays unusable.
    """
    try:
        check_redirect_registration(requested, native=native, allow_http=True)
    except BadUrl:
        return False
    portless = _without_port(requested) if native else None
    return any(
        requested == known or (portless is not None and portless == _without_port(known)) for known in registered
    )


def add_query(url: str, params: Sequence[tuple[str, str]]) -> str:
    """``url`` with ``params`` appended to its query; the query it has is kept as it is (RFC 6749 section 4.1.2).

    A space becomes ``%20``, which both form decoders and plain decoders read. Raises :class:`BadUrl` if ``url`` has a
    fragment.
    """
    _check_no_fragment(url)
    if not params:
        return url
    if "?" not in url:
        joint = "?"
    else:
        joint = "" if url.endswith(("?", "&")) else "&"
    return url + joint + urlencode(params, quote_via=quote)


def add_fragment(url: str, params: Sequence[tuple[str, str]]) -> str:
    """``url`` with ``params`` as its fragment (RFC 6749 section 4.2.2). Raises :class:`BadUrl` if it has one."""
    _check_no_fragment(url)
    return f"{url}#{urlencode(params, quote_via=quote)}" if params else url


def _check_text(text: str, max_chars: int) -> None:
    if len(text) > max_chars:
        raise BadUrl("the address is too long")
    if not text.isascii():
        raise BadUrl("an address is written in ASCII")


def _check_no_fragment(url: str) -> None:
    if "#" in url:
        raise BadUrl("a redirect address has no fragment")


def _has_dot_segment(path: str) -> bool:
    """Also when escaped or with a path parameter (``..;``), which servers behind a proxy strip."""
    segments = path.lower().replace("%2e", ".").split("/")
    return any(segment.partition(";")[0] in (".", "..") for segment in segments)


def _without_port(address: str) -> tuple[str, str] | None:
    """A loopback address in two parts around its port, None for every other address."""
    match = _LOOPBACK_ADDRESS.fullmatch(address)
    return (match[1], match[2] or "") if match else None


def _check_host(host: str) -> None:
    labels = host.split(".")
    if host.startswith("["):
        good = _is_canonical_ipv6(host[1:-1])
    elif _NUMERIC_LABEL.fullmatch(labels[-1]):  # browsers take such a host for a number, whatever stands before it
        good = _is_plain_ipv4(host)
    else:
        good = len(host) <= 253 and all(map(_LABEL.fullmatch, labels))
        if good and "xn--" in host:
            good = _is_internationalised(labels)
    if not good:
        raise BadUrl("the host is not a plain name or address")


def _is_plain_ipv4(text: str) -> bool:
    try:
        return str(ipaddress.IPv4Address(text)) == text
    except ValueError:
        return False


def _is_canonical_ipv6(text: str) -> bool:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return address.ipv4_mapped is None and str(address) == text


def _is_internationalised(labels: Sequence[str]) -> bool:
    """Whether the labels make a valid internationalised name. Browsers refuse those that do not, other parsers follow
    them."""
    try:
        names = [_unicode_label(label) for label in labels]
    except (ValueError, OverflowError):
        return False
    ucd = _USERNAME.base.ucd
    # One right-to-left label binds all labels (RFC 5893 section 2).
    return all(bidi_rule(name, ucd) for name in names) or not any(has_rtl(name, ucd) for name in names)


def _unicode_label(label: str) -> str:
    """The name behind an ``xn--`` label, any other label as it is. Raises ValueError or OverflowError where the name is
    not one that IDNA (RFC 5891 section 5.4) writes so."""
    if not label.startswith("xn--"):
        return label
    name = label[4:].encode().decode("punycode")
    stable = _USERNAME.enforce(name) == name  # lower case, normalised, nothing but letters, digits and marks
    # RFC 5892 section 2.2, with the two letters that IDNA keeps although case folding changes them
    folded = all(char.casefold() == char for char in name if char not in "ßς")
    written_so = not name.isascii() and name.encode("punycode").decode() == label[4:]
    if not (stable and folded and written_so) or unicodedata.category(name[0]).startswith("M"):
        raise ValueError("not an internationalised label")
    return name
