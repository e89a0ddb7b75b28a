"""The strict readers: what they refuse (M8, M9, JO-05, JO-07, OA-14, OT-12), and that they fail in no other way."""

import base64
import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from segue.core import strict
from segue.core.strict import Duplicate, Malformed, Params

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def b64url(data: bytes | str) -> str:
    octets = data if isinstance(data, bytes) else data.encode()
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def jwt(header: str = '{"alg":"RS256"}', payload: bytes | str = "{}", signature: str = "AAAA") -> str:
    return f"{b64url(header)}.{b64url(payload)}.{signature}"


# --- JSON ---

BAD_JSON: dict[str, bytes] = {
    "empty": b"",
    "NaN": b'{"exp": NaN}',
    "Infinity": b"Infinity",
    "minus Infinity": b"[-Infinity]",
    "overflow to infinity": b'{"exp": 1e400}',
    "negative overflow": b"-1e400",
    "5000 digits": b"9" * 5000,
    "beyond 2**53": str(2**53 + 1).encode(),
    "below -2**53": str(-(2**53) - 1).encode(),
    "leading zero": b"01",
    "plus": b"+1",
    "duplicate key": b'{"a":1,"a":1}',
    "duplicate key, escaped": b'{"a":1,"\\u0061":2}',
    "duplicate key, nested": b'[{"x":{"a":1,"a":2}}]',
    "lone high surrogate": b'"\\ud800"',
    "lone low surrogate": b'["\\udc00"]',
    "surrogates the wrong way round": b'"\\udc00\\ud800"',
    "lone surrogate in a key": b'{"\\ud800":1}',
    "lone surrogate deep down": b'{"a":[{"b":["\\ud83d"]}]}',
    "NUL": b'"a\\u0000b"',
    "NUL in a key": b'{"\\u0000":1}',
    "NUL, raw": b'"\0"',
    "control character, raw": b'"\x1f"',
    "byte order mark": b'\xef\xbb\xbf{"a":1}',
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "UTF-16 without mark": '{"a":1}'.encode("utf-16-le"),
    "UTF-32": "[1]".encode("utf-32-be"),
    "latin-1": b'"\xe9"',
    "overlong UTF-8": b'"\xc0\xaf"',
    "surrogate in UTF-8": b'"\xed\xa0\x80"',
    "trailing text": b"{} {}",
    "trailing comma": b"[1,]",
    "comment": b"/* */ 1",
    "single quotes": b"{'a':1}",
    "unterminated string": b'"abc',
    "unterminated object": b'{"a":1',
    "bad escape": b'"\\x41"',
    "short escape": b'"\\u00"',
    "no-break space around": b"\xc2\xa01",
}


@pytest.mark.parametrize("data", BAD_JSON.values(), ids=BAD_JSON.keys())
def test_M9_bad_json_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        strict.read_json(data)
    assert str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'{"a":[1,2.5,true,null,"x"]}', {"a": [1, 2.5, True, None, "x"]}),
        (b' \n\t"\xc3\xa9" ', "é"),
        (b'"\\ud83d\\ude00"', "😀"),
        (b'"\\\\u0000"', "\\u0000"),  # an escaped backslash, no NUL
        (b'"\\\\ud800"', "\\ud800"),
        (b"9007199254740992", 2**53),
        (b"-9007199254740992", -(2**53)),
        (b"1e3", 1000.0),
        (b"1e-400", 0.0),
        (b'{"a":{"k":1},"b":{"k":1}}', {"a": {"k": 1}, "b": {"k": 1}}),
        (b'"' + b"[" * 1000 + b'"', "[" * 1000),
        (b'{"\\"[[[[[[[[[[[[[[[[[[[[": "]"}', {'"[[[[[[[[[[[[[[[[[[[[': "]"}),
    ],
)
def test_good_json(data: bytes, value: object) -> None:
    assert strict.read_json(data) == value


def test_M9_depth_is_counted_outside_strings_and_before_parsing() -> None:
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
        assert strict.read_json(opening * 16 + b"1" + closing * 16)
        with pytest.raises(Malformed, match="nested"):
            strict.read_json(opening * 17 + b"1" + closing * 17)
    assert strict.read_json(b"[" + b",".join([b"[[]]"] * 500) + b"]", max_depth=3)
    with pytest.raises(Malformed, match="nested"):
        strict.read_json(b'["\\"",' + b"[" * 16 + b"]" * 17)
    with pytest.raises(Malformed, match="nested"):
        strict.read_json(b"[" * 100_000, max_bytes=200_000)
    with pytest.raises(Malformed):  # a caller who allows what the interpreter cannot do
        strict.read_json(b"[" * 100_000 + b"]" * 100_000, max_bytes=200_000, max_depth=200_000)


def test_json_size_is_checked_in_octets() -> None:
    assert strict.read_json(b'"' + b"a" * 8 + b'"', max_bytes=10) == "a" * 8
    with pytest.raises(Malformed, match="long"):
        strict.read_json(b'"' + b"a" * 9 + b'"', max_bytes=10)
    with pytest.raises(Malformed, match="long"):
        strict.read_json(b" " * 65537)


def test_an_object_is_an_object() -> None:
    assert strict.read_json_object(b'{"a":1}') == {"a": 1}
    for data in (b"[]", b'"x"', b"1", b"null", b"true"):
        with pytest.raises(Malformed, match="object"):
            strict.read_json_object(data)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(JSON_VALUES, st.booleans())
def test_json_written_by_others_reads_back(value: Any, ascii_only: bool) -> None:
    assert strict.read_json(json.dumps(value, ensure_ascii=ascii_only).encode(), max_depth=64) == value


JSON_SCRAPS = st.lists(
    st.sampled_from(
        ["{", "}", "[", "]", '"', ":", ",", "\\", "\\u", "0000", "d800", "1", "-", "e", ".", "a", " ", "null", "NaN"]
    ),
    max_size=40,
).map(lambda scraps: "".join(scraps).encode())


@settings(max_examples=500)
@given(JSON_SCRAPS | st.binary(max_size=60))
def test_M9_json_reader_says_value_or_malformed(data: bytes) -> None:
    try:
        value = strict.read_json(data)
    except Malformed:
        return
    assert json.loads(data) == value
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


# --- base64 ---


@given(st.binary(max_size=200))
def test_base64_round_trip(data: bytes) -> None:
    assert strict.read_base64url(b64url(data), max_chars=300) == data
    assert strict.read_base64(base64.b64encode(data).decode(), max_chars=300) == data
    lines = base64.encodebytes(data).decode().replace("\n", "\r\n")
    assert strict.read_base64(lines, max_chars=400, allow_line_breaks=True) == data


@settings(max_examples=500)
@given(st.text("AZaz09+/-_=! \n\r\té", max_size=12))
@example("YWI=")
@example("YWJj!ZGVm")
def test_M8_one_octet_string_has_one_spelling(text: str) -> None:
    for read, write in (
        (strict.read_base64url, b64url),
        (strict.read_base64, lambda data: base64.b64encode(data).decode()),
    ):
        try:
            data = read(text, max_chars=100)
        except Malformed:
            continue
        assert write(data) == text


@pytest.mark.parametrize(
    "text",
    [
        "YWJj!ZGVm",  # a foreign character, which the standard decoder drops
        "YWI=",  # padding
        "YWJj====",
        "=",
        "YR",  # unused bits that are not zero: YQ is the spelling
        "YWJ",
        "Y",
        "YWJjZ",
        "+/+/",
        "YWJj\n",
        " YWJj",
        "YW Jj",
        "YWJjé",
        "\u212a",
        "YWJj\0",
        "\ud800",
    ],
)
def test_M8_bad_base64url(text: str) -> None:
    with pytest.raises(Malformed):
        strict.read_base64url(text, max_chars=100)


@pytest.mark.parametrize(
    "text", ["YWI", "YWJ=", "YR==", "YQ=", "YQ===", "-_-_", "YWJj!", "YQ==YQ==", "YWJj\n", " YWJj", "YWJjé", "="]
)
def test_M8_bad_base64(text: str) -> None:
    with pytest.raises(Malformed):
        strict.read_base64(text, max_chars=100)


def test_line_breaks_are_the_only_thing_skipped() -> None:
    assert strict.read_base64("YW\r\nJj\n", max_chars=10, allow_line_breaks=True) == b"abc"
    for text in ("YW Jj", "YW\tJj", "YW\x0bJj", "YW\u2028Jj"):
        with pytest.raises(Malformed):
            strict.read_base64(text, max_chars=10, allow_line_breaks=True)


def test_JO_07_base64_size_is_checked_before_decoding() -> None:
    assert strict.read_base64url("YWI", max_chars=3) == b"ab"
    assert strict.read_base64("YWI=", max_chars=4) == b"ab"
    for refuse in (
        lambda: strict.read_base64url("YWI", max_chars=2),
        lambda: strict.read_base64("YWI=", max_chars=3),
        lambda: strict.read_base64("YWJj" + "\n" * 100, max_chars=50, allow_line_breaks=True),
    ):
        with pytest.raises(Malformed, match="long"):
            refuse()


# --- JWT ---


def test_a_jwt_comes_apart_and_keeps_its_signed_octets() -> None:
    token = jwt('{"alg":"ES256","kid":"k1","typ":"at+jwt"}', '{"sub":"ann","exp":1700000000}', "c2ln")
    parts = strict.split_jwt(token)
    assert parts.header == {"alg": "ES256", "kid": "k1", "typ": "at+jwt"}
    assert parts.payload == {"sub": "ann", "exp": 1700000000}
    assert parts.signature == b"sig"
    assert parts.signing_input == token.rpartition(".")[0].encode()
    assert "ann" not in repr(parts)


BAD_TOKENS: dict[str, str] = {
    "empty": "",
    "dots only": "..",
    "one part": b64url("{}"),
    "two parts": f"{b64url('{}')}.{b64url('{}')}",
    "JWE with five parts": f"{b64url('{}')}.a.a.a.a",
    "four parts": jwt() + ".AAAA",
    "trailing dot": jwt() + ".",
    "unsigned": jwt('{"alg":"none"}', signature=""),
    "empty payload part": f"{b64url('{}')}..AAAA",
    "JSON serialisation": '{"payload":"e30","protected":"e30","signature":"AAAA"}',
    "padded header": f"{b64url('{}')}=.{b64url('{}')}.AAAA",
    "white space": jwt() + "\n",
    "leading space": " " + jwt(),
    "not ASCII": jwt() + "é",
    "signature spelt otherwise": jwt(signature="AAB"),
    "header not an object": jwt('["RS256"]'),
    "payload not an object": jwt(payload='"x"'),
    "nested token": jwt('{"alg":"RS256","cty":"JWT"}', jwt()),
    "no alg": jwt("{}"),
    "alg a number": jwt('{"alg":1}'),
    "alg null": jwt('{"alg":null}'),
    "alg a list": jwt('{"alg":["RS256"]}'),
    "alg empty": jwt('{"alg":""}'),
    "crit": jwt('{"alg":"RS256","crit":["exp"],"exp":1}'),
    "crit empty": jwt('{"alg":"RS256","crit":[]}'),
    "b64 false": jwt('{"alg":"RS256","b64":false,"crit":["b64"]}'),
    "b64 true": jwt('{"alg":"RS256","b64":true}'),
    "zip": jwt('{"alg":"RS256","zip":"DEF"}'),
    "jku": jwt('{"alg":"RS256","jku":"https://evil.example"}'),
    "x5u": jwt('{"alg":"RS256","x5u":"https://evil.example"}'),
    "jwk": jwt('{"alg":"RS256","jwk":{}}'),
    "x5c": jwt('{"alg":"RS256","x5c":[]}'),
    "crit spelt with an escape": jwt('{"alg":"RS256","cr\\u0069t":["exp"]}'),
    "alg twice": jwt('{"alg":"RS256","alg":"none"}'),
    "exp twice": jwt(payload='{"exp":1,"exp":2}'),
    "exp NaN": jwt(payload='{"exp":NaN}'),
    "exp infinite": jwt(payload='{"exp":1e400}'),
    "exp huge": jwt(payload='{"exp":' + "9" * 4000 + "}"),
    "deep payload": jwt(payload='{"a":' + "[" * 16 + "]" * 16 + "}"),
    "payload not UTF-8": jwt(payload=b'{"a":"\xff"}'),
}


@pytest.mark.parametrize("token", BAD_TOKENS.values(), ids=BAD_TOKENS.keys())
def test_JO_05_bad_tokens_are_malformed(token: str) -> None:
    with pytest.raises(Malformed):
        strict.split_jwt(token)


def test_JO_07_giant_tokens_are_refused_by_length() -> None:
    header, rest = jwt().split(".", 1)
    with pytest.raises(Malformed, match="long"):
        strict.split_jwt(header + "A" * 20_000_000 + "." + rest)
    token = jwt(payload=json.dumps({"a": "x" * 200}))
    assert strict.split_jwt(token, max_chars=len(token)).payload
    with pytest.raises(Malformed, match="long"):
        strict.split_jwt(token, max_chars=len(token) - 1)


@settings(max_examples=500)
@given(st.data())
def test_JO_05_a_token_cannot_be_respelt(data: st.DataObject) -> None:
    token = jwt('{"alg":"RS256"}', '{"sub":"ann"}', b64url(b"signature"))
    place = data.draw(st.integers(0, len(token) - 1))
    change = data.draw(st.text("AQgw=.-_+/! \n{", max_size=2))
    other = token[:place] + change + token[place + 1 :]
    try:
        parts = strict.split_jwt(other)
    except Malformed:
        return
    assert f"{parts.signing_input.decode()}.{b64url(parts.signature)}" == other


# --- forms and queries ---


def test_a_form_reads_as_browsers_write_it() -> None:
    params = strict.read_form(b"scope=openid+profile&state=%7Ba%3D1%26b%7D&empty=&bare&n=%C3%A9&&plus=%2B")
    assert params.items() == (
        ("scope", "openid profile"),
        ("state", "{a=1&b}"),
        ("empty", ""),
        ("bare", ""),
        ("n", "é"),
        ("plus", "+"),
    )
    assert params.get("scope") == "openid profile"
    assert params.get("absent") is None
    assert "bare" in params
    assert "absent" not in params
    assert params.names() == ("scope", "state", "empty", "bare", "n", "plus")
    assert len(params) == 6
    assert strict.read_form(b"") == Params()


def test_escapes_are_decoded_once() -> None:
    assert strict.read_query(b"a=%2541%252F&%2561=x").items() == (("a", "%41%2F"), ("%61", "x"))


def test_OT_12_a_parameter_given_twice_is_never_first_wins() -> None:
    params = strict.read_query(b"token=a&x=1&%74oken=b&resource=r1&resource=r1")
    for name in ("token", "resource"):
        with pytest.raises(Duplicate) as refused:
            params.get(name)
        assert refused.value.name == name
    assert params.all("token") == ("a", "b")
    assert params.get("x") == "1"
    assert params.get("Token") is None
    assert params.without("token", "absent").items() == (("x", "1"), ("resource", "r1"), ("resource", "r1"))


@pytest.mark.parametrize(
    "data",
    [
        b"a=%",
        b"a=%4",
        b"a=%zz",
        b"a=%u0041",
        b"%=1",
        b"a=%C3",
        b"a=%FF",
        b"a=%C0%AF",
        b"a=%ED%A0%80",
        b"a=%00",
        b"%00=1",
        b"a=\0",
        b"a=\xff",
        b"a=1&b=%4g",
        b"a=%+41",
    ],
)
def test_bad_escapes_and_text_are_malformed(data: bytes) -> None:
    for read in (strict.read_form, strict.read_query):
        with pytest.raises(Malformed):
            read(data)


def test_OA_14_floods_are_refused() -> None:
    assert len(strict.read_form(b"&".join([b"a=1"] * 64))) == 64
    at_limit = b"a=" + b"x" * 8192
    assert strict.read_form(at_limit).get("a")
    assert strict.read_form(b"a=" + b"%41" * 8192).get("a")  # the limit is on what is meant, not on how it is written
    for data in (b"&".join([b"a=1"] * 65), b"&" * 64, at_limit + b"x", b"a=" + b"%41" * 8193, b"n" * 257 + b"=1"):
        with pytest.raises(Malformed):
            strict.read_form(data)
    with pytest.raises(Malformed, match="long"):
        strict.read_form(b"a=1&b=" + b"x" * 65536)
    with pytest.raises(Malformed, match="many"):
        strict.raw_pairs(b"&" * 64)


def test_a_name_can_have_its_own_limit() -> None:
    limits = {"SAMLResponse": 65536}
    big = b"SAMLResponse=" + b"x" * 60000
    value = strict.read_form(big, value_limits=limits).get("SAMLResponse")
    assert value is not None
    assert len(value) == 60000
    with pytest.raises(Malformed):
        strict.read_form(big)
    with pytest.raises(Malformed):
        strict.read_form(big.replace(b"SAMLResponse", b"RelayState"), value_limits=limits)
    with pytest.raises(Malformed):
        strict.read_form(b"pin=12345", value_limits={"pin": 4})


@given(st.lists(st.tuples(TEXT, TEXT), max_size=8))
def test_params_encode_and_read_back(pairs: list[tuple[str, str]]) -> None:
    params = Params(tuple(pairs))
    assert strict.read_query(params.encode().encode()) == params


@settings(max_examples=500)
@given(st.binary(max_size=40) | st.text("a=&%+;4100C39é", max_size=30).map(str.encode))
def test_form_reader_says_params_or_malformed(data: bytes) -> None:
    try:
        params = strict.read_form(data)
    except Malformed:
        return
    assert strict.read_form(params.encode().encode()) == params


def test_params_hide_their_values() -> None:
    params = strict.read_form(b"password=hunter2&hunter2=x")
    assert "hunter2" not in repr(params)
    with pytest.raises(AttributeError):
        params.pairs = ()  # type: ignore[misc]


def test_raw_pairs_keep_the_octets_that_were_signed() -> None:
    query = b"SAMLRequest=fZ%2bJ%2B%3d&RelayState=a+b%20c&SigAlg=http%3A%2F%2Fx&Signature=q==&bare"
    assert strict.raw_pairs(query) == (
        ("SAMLRequest", "fZ%2bJ%2B%3d"),
        ("RelayState", "a+b%20c"),
        ("SigAlg", "http%3A%2F%2Fx"),
        ("Signature", "q=="),
        ("bare", ""),
    )
    disguised = b"SAMLRequest=signed&%53AMLRequest=evil"
    assert [name for name, _ in strict.raw_pairs(disguised)] == ["SAMLRequest", "%53AMLRequest"]
    with pytest.raises(Duplicate):
        strict.read_query(disguised).get("SAMLRequest")
    with pytest.raises(Malformed):
        strict.raw_pairs("SAMLRequest=é".encode())


# --- cookies ---


def test_cookies_keep_every_value() -> None:
    cookies = strict.parse_cookies('sid=a; theme="x y"; sid=b;broken; =nameless;\tspaced = v ; eq=a=b; é=ü; empty=')
    assert cookies == {
        "sid": ("a", "b"),
        "theme": ('"x y"',),
        "spaced": ("v",),
        "eq": ("a=b",),
        "é": ("ü",),
        "empty": ("",),
    }
    assert strict.parse_cookies("") == {}
    with pytest.raises(TypeError):
        cookies["sid"] = ("c",)  # type: ignore[index]


@given(st.text(max_size=60))
def test_cookie_parser_never_fails(header: str) -> None:
    strict.parse_cookies(header)


# --- cost ---

SIZE = 256 * 1024
COSTLY: dict[str, Callable[[], object]] = {
    "open string of escaped quotes": lambda: strict.read_json(
        b"[" * 17 + b'"' + b'\\"' * (SIZE // 2), max_bytes=SIZE * 2
    ),
    "quotes": lambda: strict.read_json(b"[" * 17 + b'"' * SIZE, max_bytes=SIZE * 2),
    "backslashes": lambda: strict.read_json(b"[" * 17 + b'"' + b"\\" * SIZE, max_bytes=SIZE * 2),
    "openings": lambda: strict.read_json(b"[" * SIZE, max_bytes=SIZE * 2),
    "flat brackets": lambda: strict.read_json(b"[" + b"[]," * (SIZE // 3) + b"[]]", max_bytes=SIZE * 2),
    "digits": lambda: strict.read_json(b"1" * SIZE, max_bytes=SIZE * 2),
    "fraction": lambda: strict.read_json(b"0." + b"1" * SIZE, max_bytes=SIZE * 2),
    "surrogates": lambda: strict.read_json(b'"' + b"\\ud800" * (SIZE // 6) + b'"', max_bytes=SIZE * 2),
    "escapes": lambda: strict.read_form(b"a=" + b"%41" * (SIZE // 3), max_bytes=SIZE, max_value_chars=SIZE),
    "percent signs": lambda: strict.read_form(b"%" * SIZE, max_bytes=SIZE),
    "ampersands": lambda: strict.read_form(b"&" * SIZE, max_bytes=SIZE, max_params=SIZE + 1),
    "pairs": lambda: strict.read_form(b"a&" * (SIZE // 2), max_bytes=SIZE, max_params=SIZE),
    "cookies of one name": lambda: strict.parse_cookies("a=;" * (SIZE // 3)),
    "dots": lambda: strict.split_jwt("." * SIZE, max_chars=SIZE),
    "line breaks": lambda: strict.read_base64("\n" * SIZE, max_chars=SIZE, allow_line_breaks=True),
}


@pytest.mark.parametrize("read", COSTLY.values(), ids=COSTLY.keys())
def test_M9_hostile_input_is_read_to_its_end(read: Callable[[], object]) -> None:
    """A quadratic reader would take minutes for a quarter of a megabyte, and stop the suite."""
    with contextlib.suppress(Malformed):
        read()
