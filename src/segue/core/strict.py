"""The one reader of JSON, base64, JWT segments, forms, queries and cookies that come from outside.

The standard library's parsers are forgiving: they take duplicate keys, NaN, lone surrogates, stray characters in base64
and nesting that ends in RecursionError. Two readers that forgive differently are how a check is bypassed, so everything
from outside goes through here. Every reader checks sizes before it parses, costs linear time, and raises nothing but
:class:`Malformed`.
"""

import base64
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias
from urllib.parse import unquote_to_bytes, urlencode

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"

MAX_INTEGER = 2**53  # beyond it two integers share one double, and readers elsewhere disagree (RFC 7493 section 2.2)
MAX_NAME_CHARS = 256

_NO_LIMITS: Mapping[str, int] = MappingProxyType({})
_JSON_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)  # an open string runs to the end: no rescans
_BRACKET = re.compile(rb"[\[{\]}]")
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_LINE_BREAKS = str.maketrans("", "", "\r\n")

# Headers that change how a token is read or where its key comes from (RFC 7515 section 4.1, RFC 7516 section 4.1.3,
# RFC 7797 section 3).
_REFUSED_JWT_HEADERS = frozenset({"crit", "b64", "zip", "jku", "x5u", "jwk", "x5c"})


class Malformed(ValueError):
    """Input outside its grammar or limits. The text is fit for the public and never repeats the input."""


class Duplicate(Malformed):
    """A parameter that may occur once occurs more often (RFC 6749 section 3.1). ``name`` is the one asked for."""

    def __init__(self, name: str) -> None:
        super().__init__("a parameter is given more than once")
        self.name = name


# --- JSON ---


def read_json(data: bytes, *, max_bytes: int = 65536, max_depth: int = 16) -> JsonValue:
    """One JSON value (RFC 8259) in the I-JSON subset (RFC 7493).

    Refused besides bad syntax: NaN and infinities (also ``1e400``), duplicate keys, integers beyond 2**53, NUL and lone
    surrogates in strings, a byte order mark, anything but UTF-8, more than ``max_depth`` nested arrays and objects.
    Raises :class:`Malformed`.
    """
    if len(data) > max_bytes:
        raise Malformed("the JSON text is too long")
    _check_depth(data, max_depth)
    try:
        value: JsonValue = _DECODER.decode(data.decode())
    except Malformed:
        raise
    except UnicodeDecodeError:
        raise Malformed("the JSON text is not UTF-8") from None
    except (ValueError, RecursionError):  # the latter only where a caller allows a depth the interpreter does not
        raise Malformed("not valid JSON") from None
    if b"\\u" in data:  # the only way to write a NUL or a surrogate in UTF-8 JSON
        _check_strings(value)
    return value


def read_json_object(data: bytes, *, max_bytes: int = 65536, max_depth: int = 16) -> dict[str, JsonValue]:
    """As :func:`read_json`, and the value must be an object. Raises :class:`Malformed`."""
    value = read_json(data, max_bytes=max_bytes, max_depth=max_depth)
    if not isinstance(value, dict):
        raise Malformed("a JSON object is expected")
    return value


def _check_depth(data: bytes, max_depth: int) -> None:
    if data.count(b"[") + data.count(b"{") <= max_depth:
        return
    depth = 0
    for bracket in _BRACKET.findall(_JSON_STRING.sub(b"", data)):
        depth += 1 if bracket in b"[{" else -1
        if depth > max_depth:
            raise Malformed("the JSON text is nested too deeply")


def _check_strings(value: JsonValue) -> None:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            _check_text(item)
        elif isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, dict):
            pending.extend(item.keys())
            pending.extend(item.values())


def _check_text(text: str) -> None:
    if "\0" in text:  # PostgreSQL text cannot hold it, and C libraries stop at it
        raise Malformed("a NUL character is not allowed")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Malformed("a lone surrogate is not a character") from None


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("a JSON object has a key twice")
    return members


def _read_integer(text: str) -> int:
    number = int(text) if len(text) <= 17 else None  # the length first: converting thousands of digits is quadratic
    if number is None or abs(number) > MAX_INTEGER:
        raise Malformed("a JSON number is out of range")
    return number


def _read_float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise Malformed("a JSON number is out of range")
    return number


def _refuse_constant(_text: str) -> None:
    raise Malformed("NaN and Infinity are not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique_keys,
    parse_int=_read_integer,
    parse_float=_read_float,
    parse_constant=_refuse_constant,
)


# --- base64 ---


def read_base64url(text: str, *, max_chars: int) -> bytes:
    """The octets of unpadded base64url (RFC 7515 section 2), at most ``max_chars`` characters.

    One byte string has exactly one spelling: foreign characters, padding and unused bits that are not zero are refused
    (RFC 4648 sections 3.3 and 3.5), so a replay cache cannot be passed by respelling. Raises :class:`Malformed`.
    """
    if "=" in text:  # the one character that the comparison below would not show
        raise Malformed("not valid base64")
    padding = "=" * (-len(text) % 4)
    return _read_canonical(text + padding, base64.urlsafe_b64decode, base64.urlsafe_b64encode, max_chars + len(padding))


def read_base64(text: str, *, max_chars: int, allow_line_breaks: bool = False) -> bytes:
    """The octets of padded base64 in the standard alphabet (RFC 4648 section 4), at most ``max_chars`` characters.

    Canonical as in :func:`read_base64url`. ``allow_line_breaks`` skips CR and LF, which MIME-minded peers insert.
    Raises :class:`Malformed`.
    """
    if allow_line_breaks and len(text) <= max_chars:
        text = text.translate(_LINE_BREAKS)
    return _read_canonical(text, base64.b64decode, base64.b64encode, max_chars)


def _read_canonical(
    text: str, decode: Callable[[str], bytes], encode: Callable[[bytes], bytes], max_chars: int
) -> bytes:
    if len(text) > max_chars:
        raise Malformed("the base64 text is too long")
    try:
        data = decode(text)
    except ValueError:  # a wrong length, or not ASCII
        raise Malformed("not valid base64") from None
    if encode(data).decode() != text:  # the decoder drops what it does not know; encoding again shows it
        raise Malformed("not valid base64")
    return data


# --- JWT ---


@dataclass(frozen=True, slots=True)
class JwtParts:
    """A JWT taken apart and NOT verified: nothing in ``header`` or ``payload`` may be believed yet.

    ``signing_input`` are the octets that the ``signature`` covers. The payload stays out of the repr, since it may
    name people.
    """

    header: dict[str, JsonValue]
    payload: dict[str, JsonValue] = field(repr=False)
    signing_input: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def split_jwt(token: str, *, max_chars: int = 16384, own_key: bool = False) -> JwtParts:
    """Take a JWT in compact form (RFC 7515 section 7.1) apart. **This does NOT verify anything**: no signature, no
    time, no audience. It only promises that the three parts are well formed, so that a verifier can choose a key.

    Refused: anything over ``max_chars`` before a byte is decoded, JWE and JSON serialisations, an empty part (so no
    unsigned token), a header with crit, b64, zip, jku, x5u, jwk or x5c, a header without a text ``alg``, a payload that
    is no JSON object (so no nested token). ``own_key`` is for proofs of possession, which name the key that they are
    made with (RFC 9449 4.2): a jwk is then allowed in the header. Raises :class:`Malformed`.
    """
    if len(token) > max_chars:
        raise Malformed("the token is too long")
    parts = token.split(".", 3)
    if len(parts) != 3 or not all(parts):
        raise Malformed("not a signed token in compact form")
    header_text, payload_text, signature_text = parts
    header = read_json_object(read_base64url(header_text, max_chars=max_chars), max_bytes=max_chars)
    if not (_REFUSED_JWT_HEADERS - ({"jwk"} if own_key else set())).isdisjoint(header):
        raise Malformed("the token has a header that is not accepted")
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or not algorithm:
        raise Malformed("the token names no algorithm")
    payload = read_json_object(read_base64url(payload_text, max_chars=max_chars), max_bytes=max_chars)
    signature = read_base64url(signature_text, max_chars=max_chars)
    return JwtParts(header, payload, f"{header_text}.{payload_text}".encode(), signature)


# --- forms, queries, cookies ---


@dataclass(frozen=True, slots=True, repr=False)
class Params:
    """The decoded parameters of a form or query in their order. A name may occur more than once; asking for a single
    value of it is then an error, never the first or the last one."""

    pairs: tuple[tuple[str, str], ...] = ()
    _values: dict[str, tuple[str, ...]] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        # An endpoint asks for dozens of names, most of them absent: each is one look-up.
        values: dict[str, tuple[str, ...]] = {}
        for name, value in self.pairs:
            values[name] = (*values[name], value) if name in values else (value,)
        object.__setattr__(self, "_values", values)

    def get(self, name: str) -> str | None:
        """The one value of ``name``, None where it is absent. Raises :class:`Duplicate` if it occurs more than once."""
        values = self.all(name)
        if len(values) > 1:
            raise Duplicate(name)
        return values[0] if values else None

    def all(self, name: str) -> tuple[str, ...]:
        return self._values.get(name, ())

    def names(self) -> tuple[str, ...]:
        """Every name once, in the order of first appearance."""
        return tuple(self._values)

    def items(self) -> tuple[tuple[str, str], ...]:
        return self.pairs

    def without(self, *names: str) -> "Params":
        return Params(tuple(pair for pair in self.pairs if pair[0] not in names))

    def encode(self) -> str:
        """As application/x-www-form-urlencoded; reading it again gives the same parameters."""
        return urlencode(self.pairs)

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __len__(self) -> int:
        return len(self.pairs)

    def __repr__(self) -> str:  # values are passwords and tokens, names may be anything: neither belongs in a log
        return f"Params({len(self.pairs)} pairs)"


def read_form(
    data: bytes,
    *,
    max_bytes: int = 65536,
    max_params: int = 64,
    max_value_chars: int = 8192,
    value_limits: Mapping[str, int] = _NO_LIMITS,
) -> Params:
    """The parameters of an application/x-www-form-urlencoded body.

    Escapes are decoded once. Refused: bad escapes, text that is not UTF-8, NUL, more than ``max_params`` pairs (counted
    before parsing), a value longer than ``max_value_chars`` characters, or than ``value_limits[name]`` where a name has
    its own limit. Empty pairs (``a=1&&b=2``) are skipped. Raises :class:`Malformed`.
    """
    _check_size(data, max_bytes, max_params)
    if _BAD_ESCAPE.search(data):
        raise Malformed("a parameter has a bad percent escape")
    pairs = []
    for piece in data.split(b"&"):
        if not piece:
            continue
        raw_name, _, raw_value = piece.partition(b"=")
        name, value = _decode_once(raw_name), _decode_once(raw_value)
        if len(name) > MAX_NAME_CHARS or len(value) > value_limits.get(name, max_value_chars):
            raise Malformed("a parameter is too long")
        pairs.append((name, value))
    return Params(tuple(pairs))


def read_json_form(
    data: bytes,
    *,
    max_params: int = 64,
    max_value_chars: int = 8192,
    value_limits: Mapping[str, int] = _NO_LIMITS,
) -> Params:
    """The members of a JSON object as the parameters of a form, for clients that send either.

    A number or a truth value becomes its JSON text, null is as if absent. An array or an object is no value of a
    parameter. The limits are those of :func:`read_form`. Raises :class:`Malformed`.
    """
    members = read_json_object(data, max_depth=2)
    if len(members) > max_params:
        raise Malformed("there are too many parameters")
    pairs = []
    for name, value in members.items():
        if value is None:
            continue
        if isinstance(value, (list, dict)):
            raise Malformed("a parameter is not a single value")
        text = value if isinstance(value, str) else json.dumps(value)
        if len(name) > MAX_NAME_CHARS or len(text) > value_limits.get(name, max_value_chars):
            raise Malformed("a parameter is too long")
        pairs.append((name, text))
    return Params(tuple(pairs))


read_query = read_form
"""The parameters of a query string (octets, without the question mark): the same grammar and limits as a form."""


def raw_pairs(query: bytes, *, max_bytes: int = 65536, max_params: int = 64) -> tuple[tuple[str, str], ...]:
    """The ``name=value`` pairs of a query as they stand, nothing decoded, in their order.

    For signatures over the original octets (SAML 2.0 Bindings section 3.4.4.1). A name that is itself escaped stays
    escaped here, so look names up by exact text and let :func:`read_query` tell whether one occurs twice. Raises
    :class:`Malformed`.
    """
    _check_size(query, max_bytes, max_params)
    if not query.isascii():
        raise Malformed("the query is not ASCII")
    pieces = (piece.partition("=") for piece in query.decode("ascii").split("&") if piece)
    return tuple((name, value) for name, _, value in pieces)


def _check_size(data: bytes, max_bytes: int, max_params: int) -> None:
    if len(data) > max_bytes:
        raise Malformed("the parameters are too long")
    if data.count(b"&") >= max_params:
        raise Malformed("there are too many parameters")


def _decode_once(raw: bytes) -> str:
    try:
        text = (unquote_to_bytes(raw.replace(b"+", b" ")) if b"%" in raw or b"+" in raw else raw).decode()
    except UnicodeDecodeError:
        raise Malformed("a parameter is not UTF-8") from None
    if "\0" in text:
        raise Malformed("a NUL character is not allowed")
    return text


def parse_cookies(header: str) -> Mapping[str, tuple[str, ...]]:
    """Every value of every cookie in a Cookie header (RFC 6265 section 4.2.1), by name.

    Lenient, since cookies of other applications on the host arrive too: what is no ``name=value`` is skipped, quotes
    stay. All values of a name are kept, because two cookies of one name can mean that somebody planted one.
    """
    values: dict[str, list[str]] = {}
    for piece in header.split(";"):
        name, equals, value = piece.partition("=")
        name = name.strip(" \t")
        if equals and name:
            values.setdefault(name, []).append(value.strip(" \t"))
    return MappingProxyType({name: tuple(found) for name, found in values.items()})
