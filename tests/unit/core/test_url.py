"""The strict address grammar (M5, F2-01, F2-02, F2-04, OA-01, OA-16), with a browser's parser as second opinion."""

import contextlib
import json
import random
import subprocess
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue.core import url
from segue.core.url import BadUrl, WebUrl

HOSTILE = [
    # no http or https address at all
    "",
    "https",
    "https:",
    "https:/",
    "https://",
    "app.example",
    "//app.example/",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "javascript:alert(1)",
    "JavaScript://app.example/%0aalert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>1</script>",
    "vbscript:msgbox(1)",
    "file:///etc/passwd",
    "blob:https://app.example/1",
    "ftp://app.example/",
    "ws://app.example/",
    "view-source:https://app.example/",
    "httpſ://app.example/",
    # slashes
    "https:app.example",
    "https:/app.example",
    "https:///evil.example",
    "https:\\\\evil.example",
    "https:/\\evil.example",
    "https://\\evil.example",
    "https:////evil.example/",
    # user information
    "https://app.example@evil.example/",
    "https://a@b@evil.example/",
    "https://app.example:443@evil.example/",
    "https://:pw@app.example/",
    "https://@app.example/",
    "https://app.example%40evil.example/",
    "https://evil.example\\@app.example/",
    # backslashes, spaces, controls
    "https://evil.example\\.app.example",
    "https://app.example\\evil",
    "https://app.example/\\evil",
    "https://app.example/a b",
    " https://app.example/",
    "https://app.example/ ",
    "https://app.example/\n",
    "https://app.example\n.evil.example/",
    "https://app.exa\tmple/",
    "https://app.example/\r\nSet-Cookie: sid=evil",
    "https://app.example/\x00",
    "https://app.example\x00.evil.example/",
    "https://app.example/\x7f",
    "\x01https://app.example/",
    "https://app.example/\x85",
    # hosts
    "https://.app.example/",
    "https://app.example./",
    "https://app..example/",
    "https://-app.example/",
    "https://app-.example/",
    "https://app_1.example/",
    "https://*.example/",
    "https://app.example%2eevil.example/",
    "https://app%2eexample/",
    "https://app.example%00.evil.example/",
    "https://app.example;evil.example/",
    "https://app.example,evil.example/",
    "https://app.example'evil/",
    "https://" + "a" * 64 + ".example/",
    "https://" + "a." * 127 + "example/",
    # not ASCII
    "https://аpp.example/",
    "https://app。example/",
    "https://app．example/",
    "https://ａｐｐ.example/",
    "https://app.example／evil",
    "https://app.example\u2044evil",
    "https://app.exa\u200bmple/",
    "https://app.exa\u00admple/",
    "https://faß.example/",
    "https://app.example/\u202e",
    "https://app.example/é",
    "https://\ud800.example/",
    # labels that claim to be internationalised names
    "https://xn--/",
    "https://xn--a/",
    "https://xn--a-ecp.example/",
    "https://xn--app-.example/",
    "https://xn--mnchen-3YA-.example/",
    "https://xn---tda.example/",  # tda with a delimiter too many
    *(
        f"https://xn--{name.encode('punycode').decode()}.example/"
        for name in ("Ü", "u\u0308", "\u0308u", "ａ", "a\u200db", "אa", "²", "ꭰ", "\u00ad", "a\u2024b", "a\u2044b", "♥")
    ),
    "https://1.xn--4db.example/",
    "https://xn--99999999.example/",
    "https://xn--adm-1na-.example/",
    "https://xn--4dbc5h.1a.xn--4dbc5h-.example/",
    # numbers
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://127.0.0.1.1/",
    "http://127.0.0.256/",
    "http://127.0.0.01/",
    "http://127.0.0.0x1/",
    "http://app.example.1/",
    "http://app.0x/",
    "http://1.2.3.4./",
    "http://127.0.0.1%2f/",
    # IPv6
    "http://[::1",
    "http://::1/",
    "http://[]/",
    "http://[::0001]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::FFFF]/",
    "http://[1:0:0:2::3:4]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://[::1].evil.example/",
    "http://[::1]evil.example/",
    "http://[app.example]/",
    # ports
    "https://app.example:/",
    "https://app.example:0/",
    "https://app.example:0443/",
    "https://app.example:65536/",
    "https://app.example:99999999999/",
    "https://app.example:+443/",
    "https://app.example:-1/",
    "https://app.example:44 3/",
    "https://app.example:443x/",
    "https://app.example:443:443/",
    "https://app.example:４４３/",
    # escapes and characters
    "https://app.example/%",
    "https://app.example/%4",
    "https://app.example/%zz",
    "https://app.example/?%u0041",
    "https://app.example/#%",
    "https://app.example/<script>",
    'https://app.example/"',
    "https://app.example/a|b",
    "https://app.example/^",
    "https://app.example/`",
    "https://app.example/{x}",
    "https://app.example/?a=[1]",
    "https://app.example/##",
    "https://app.example/#a#b",
    "https://app.example/" + "a" * 2048,
]

GOOD = {
    "https://app.example": "https://app.example",
    "https://app.example/": "https://app.example",
    "https://app.example?x=1": "https://app.example",
    "https://app.example#frag/ment?": "https://app.example",
    "HTTPS://App.Example/Path": "https://app.example",
    "https://app.example:443/": "https://app.example",
    "https://evil.example#@app.example:80/": "https://evil.example",
    "http://app.example:80/": "http://app.example",
    "http://app.example:443/": "http://app.example:443",
    "https://app.example:65535/": "https://app.example:65535",
    "https://app.example:1": "https://app.example:1",
    "https://app.example/a@b:c/..;/d//e?x=/?@:&y=%2F#/?": "https://app.example",
    "https://app.example/%00%0d%0a": "https://app.example",
    "http://localhost:8080/cb": "http://localhost:8080",
    "http://127.0.0.1:49152/cb": "http://127.0.0.1:49152",
    "http://[::1]:8080/cb": "http://[::1]:8080",
    "https://[2001:db8::a:0:0:1]/": "https://[2001:db8::a:0:0:1]",
    "https://[1:0:2:3:4:5:6:7]/": "https://[1:0:2:3:4:5:6:7]",
    "https://1password.example/": "https://1password.example",
    "https://127.0.0.1.nip.io/": "https://127.0.0.1.nip.io",
    "https://0x7f.example/": "https://0x7f.example",
    "https://app.0xyz/": "https://app.0xyz",
    "https://r3---sn.example/": "https://r3---sn.example",
    "https://" + "a" * 63 + ".example/": "https://" + "a" * 63 + ".example",
    "https://xn--mnchen-3ya.example/": "https://xn--mnchen-3ya.example",
    "https://XN--MNCHEN-3YA.example/": "https://xn--mnchen-3ya.example",
    "https://xn--fa-hia.example/": "https://xn--fa-hia.example",
    "https://xn--r8jz45g.xn--zckzah/": "https://xn--r8jz45g.xn--zckzah",
    "https://www.xn--4dbcagdahymbxekheh6e0a7fei0b.com/": "https://www.xn--4dbcagdahymbxekheh6e0a7fei0b.com",
}


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:60])
def test_F2_01_hostile_addresses_are_refused_everywhere(text: str) -> None:
    with pytest.raises(BadUrl) as refused:
        url.parse_web_url(text)
    assert str(refused.value)
    with pytest.raises(BadUrl):
        url.parse_origin(text)
    with pytest.raises(BadUrl):
        url.parse_local_path(text)
    for native in (False, True):
        with pytest.raises(BadUrl):
            url.check_redirect_registration(text, native=native, allow_http=True)
        assert not url.registered_redirect(text, [text], native=native)


@pytest.mark.parametrize(("text", "origin"), GOOD.items(), ids=lambda text: text[:60])
def test_plain_addresses_are_read_and_written_back(text: str, origin: str) -> None:
    parsed = url.parse_web_url(text)
    assert parsed.origin == origin
    prefix = text.partition("//")[2].partition("/")[0].partition("?")[0].partition("#")[0]
    assert str(parsed) == text.replace(prefix, prefix.lower(), 1).replace("HTTPS", "https")
    assert url.parse_web_url(str(parsed)) == parsed
    assert url.same_origin(parsed, origin)


def test_an_address_in_its_parts() -> None:
    assert url.parse_web_url("https://App.example:8443/a?b=c#d") == WebUrl(
        "https", "app.example", 8443, "/a", "b=c", "d"
    )
    assert url.parse_web_url("https://app.example?#") == WebUrl("https", "app.example", None, "", "", "")
    assert url.parse_web_url("http://[::1]") == WebUrl("http", "[::1]", None, "", None, None)
    with pytest.raises(BadUrl, match="long"):
        url.parse_web_url("https://app.example/", max_chars=19)
    with pytest.raises(BadUrl, match="ASCII"):
        url.parse_web_url("https://app.example/é")


def test_origins() -> None:
    assert url.parse_origin("HTTPS://App.Example:443") == "https://app.example"
    assert url.parse_origin("http://localhost:8080") == "http://localhost:8080"
    for text in ("https://app.example/", "https://app.example?", "https://app.example#", "null", "*", "https://a.b/c"):
        with pytest.raises(BadUrl):
            url.parse_origin(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://app.example.evil/",
        "https://evilapp.example/",
        "https://app.example.evil.example/",
        "https://sub.app.example/",
        "https://app.exampl/",
        "https://app.example:444/",
        "https://app.example:80/",
        "http://app.example/",
        "http://app.example:443/",
        "https://evil.example/https://app.example/",
        "https://evil.example/?https://app.example",
        "https://evil.example#app.example",
    ],
)
def test_F2_02_an_origin_is_equal_or_foreign(text: str) -> None:
    assert not url.same_origin(url.parse_web_url(text), "https://app.example")
    assert url.same_origin(url.parse_web_url("https://app.example:443/x"), "https://app.example")
    with pytest.raises(BadUrl):
        url.same_origin(url.parse_web_url(text), "https://app.example/")


LOCAL = [
    "/",
    "/app",
    "/app/x?y=1&z=%2F#f",
    "/a//b",
    "/a:b@c",
    "/.well-known/x",
    "/...",
    "/a..b/",
    "/?x=../..",
    "/%252e%252e/",
]
NOT_LOCAL = ["", "app", "?x", "#x", "./a", "../a", "//evil.example", "/\\evil.example", "/\\/evil.example", "///evil"]
NOT_LOCAL += ["/\t/evil.example", "/\n/evil.example", "/a\\b", "/..", "/.", "/../", "/a/../b", "/a/./b", "/%2e%2e/b"]
NOT_LOCAL += [
    "/.%2E/b",
    "/%2E",
    "/..;/admin",
    "/a/..;x=1/b",
    "/.;/",
    "/é",
    "/a b",
    "/%",
    "/a\r\nX: y",
    "/a\n",
    "/<",
    "/a#b#c",
]
NOT_LOCAL += [
    ".//evil.example",
    "/.//evil.example",
    "/%2e//evil.example",
    "https://org.example/",
    "http:/a",
    "/" * 3000,
]


@pytest.mark.parametrize("text", LOCAL)
def test_local_paths(text: str) -> None:
    assert url.parse_local_path(text) == text


@pytest.mark.parametrize("text", NOT_LOCAL, ids=lambda text: ascii(text)[:40])
def test_F2_01_other_places_are_no_local_path(text: str) -> None:
    with pytest.raises(BadUrl):
        url.parse_local_path(text)


# --- redirect addresses ---

REGISTERED = "https://app.example/cb"
NEAR_MISSES = [
    "https://app.example/cb/",
    "https://app.example/cb?",
    "https://app.example/cb?x=1",
    "https://app.example/cb#",
    "https://app.example/cb#x",
    "https://app.example/cb/../evil",
    "https://app.example/x/../cb",
    "https://app.example/..;/cb",
    "https://app.example/cb%2f..%2fevil",
    "https://app.example/cbx",
    "https://app.example/c",
    "https://app.example/CB",
    "https://app.example/%63b",
    "https://app.example//cb",
    "https://App.example/cb",
    "HTTPS://app.example/cb",
    "https://app.example:443/cb",
    "https://app.example:8443/cb",
    "http://app.example/cb",
    "https://app.example.evil.example/cb",
    "https://evil.example/app.example/cb",
    "https://app.example@evil.example/cb",
    "https://evil.example#https://app.example/cb",
    "https://appxexample/cb",
    "https://app.example./cb",
    " https://app.example/cb",
    "https://app.example/cb ",
    "https://app.example/cb\n",
    "https://app.example/cb\0",
    "https://app.exampl",
    "h",
    "",
]


@pytest.mark.parametrize("requested", NEAR_MISSES, ids=ascii)
def test_OA_01_a_redirect_address_matches_to_the_octet(requested: str) -> None:
    for native in (False, True):
        assert not url.registered_redirect(requested, [REGISTERED, "https://other.example/cb"], native=native)
        assert not url.registered_redirect(REGISTERED, [requested], native=native)


def test_OA_01_what_is_registered_works_and_nothing_else() -> None:
    assert url.registered_redirect(REGISTERED, ["https://other.example/", REGISTERED], native=False)
    assert url.registered_redirect(REGISTERED, iter([REGISTERED]), native=True)
    assert not url.registered_redirect(REGISTERED, [], native=False)
    assert not url.registered_redirect("app.example", "https://app.example/cb", native=False)
    assert url.registered_redirect("http://intranet/cb", ["http://intranet/cb"], native=False)


@pytest.mark.parametrize(
    ("registered", "requested", "matches"),
    [
        ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb", True),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:65535/cb", True),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1/cb", True),
        ("http://[::1]/cb?x=1", "http://[::1]:8080/cb?x=1", True),
        ("http://127.0.0.1", "http://127.0.0.1:8080", True),
        ("http://127.0.0.1/cb", "http://127.0.0.1:8080/cb2", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:8080/cb?x", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:8080", False),
        ("http://127.0.0.1", "http://127.0.0.1:8080/", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:0/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:65536/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:08080/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:80@evil.example/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:8080/cb#", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1.evil.example:8080/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.2:8080/cb", False),
        ("http://127.0.0.1/cb", "http://[::1]:8080/cb", False),
        ("http://127.0.0.1/cb", "http://localhost:8080/cb", False),
        ("http://127.0.0.1/cb", "https://127.0.0.1:8080/cb", False),
        ("http://127.0.0.1/cb", "HTTP://127.0.0.1:8080/cb", False),
        ("http://localhost/cb", "http://localhost:8080/cb", False),
        ("https://127.0.0.1/cb", "https://127.0.0.1:8080/cb", False),
        ("https://app.example/cb", "https://app.example:8080/cb", False),
        ("http://app.example/cb", "http://app.example:8080/cb", False),
    ],
)
def test_OA_01_only_a_native_client_chooses_its_loopback_port(registered: str, requested: str, matches: bool) -> None:
    assert url.registered_redirect(requested, [registered], native=True) is matches
    assert not url.registered_redirect(requested, [registered], native=False)


@pytest.mark.parametrize(
    "text",
    [
        REGISTERED,
        "https://app.example",
        "https://app.example/cb?tenant=1",
        "http://localhost:8080/cb",
        "http://127.0.0.1/cb",
        "http://[::1]:9/cb",
    ],
)
def test_addresses_that_may_be_registered(text: str) -> None:
    url.check_redirect_registration(text, native=False)
    url.check_redirect_registration(text, native=True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("https://app.example/cb#", "fragment"),
        ("https://app.example/#/cb", "fragment"),
        ("https://*.app.example/cb", "wildcard"),
        ("https://app.example/*", "wildcard"),
        ("https://app.example/cb?x=*", "wildcard"),
        ("http://app.example/cb", "https"),
        ("http://127.0.0.2/cb", "https"),
        ("http://localhost.evil.example/cb", "https"),
        ("https://app.example/a/../cb", "dot"),
        ("https://app.example/%2e%2e/cb", "dot"),
        ("https://app.example/..;/cb", "dot"),
        ("javascript:alert(1)", "plain"),
        ("javascript://app.example/%0aalert(1)", "plain"),
        ("data:text/html,x", "plain"),
        ("vbscript:x", "plain"),
        ("file:///etc/passwd", "plain"),
        ("blob:https://app.example/x", "plain"),
        ("about:blank", "plain"),
        ("urn:ietf:wg:oauth:2.0:oob", "plain"),
        ("myapp://cb", "plain"),
        ("com.example.app:cb", "plain"),
        ("com.example.app:/c b", "plain"),
        ("com.example.app:/\\evil", "plain"),
        (".example:/cb", "plain"),
        ("com..example:/cb", "plain"),
        ("Com.Example:/cb", "plain"),
        ("com.example.app:/cb\n", "plain"),
        ("/cb", "plain"),
        ("", "plain"),
    ],
)
def test_OA_16_addresses_that_may_not_be_registered(text: str, reason: str) -> None:
    for native in (False, True):
        with pytest.raises(BadUrl, match=reason):
            url.check_redirect_registration(text, native=native)
        if reason != "https":
            assert not url.registered_redirect(text, [text], native=native)


@pytest.mark.parametrize("text", ["com.example.app:/cb", "com.example.app://cb/x?y=1", "com.okta.dev-1:/callback"])
def test_private_use_schemes_are_for_native_clients(text: str) -> None:
    url.check_redirect_registration(text, native=True)
    assert url.registered_redirect(text, [text], native=True)
    with pytest.raises(BadUrl):
        url.check_redirect_registration(text, native=False)
    assert not url.registered_redirect(text, [text], native=False)


def test_plain_http_needs_leave() -> None:
    url.check_redirect_registration("http://intranet/cb", native=False, allow_http=True)
    with pytest.raises(BadUrl):
        url.check_redirect_registration("http://intranet/cb", native=False)


# --- answers ---


@pytest.mark.parametrize(
    ("address", "result"),
    [
        ("https://app.example/cb", "https://app.example/cb?code=a%20b&state=%26%3D%23"),
        ("https://app.example/cb?", "https://app.example/cb?code=a%20b&state=%26%3D%23"),
        ("https://app.example/cb?x=a+b%20c", "https://app.example/cb?x=a+b%20c&code=a%20b&state=%26%3D%23"),
        ("https://app.example/cb?x&", "https://app.example/cb?x&code=a%20b&state=%26%3D%23"),
        ("com.example.app:/cb", "com.example.app:/cb?code=a%20b&state=%26%3D%23"),
    ],
)
def test_an_answer_keeps_the_query_of_the_redirect_address(address: str, result: str) -> None:
    params = [("code", "a b"), ("state", "&=#")]
    assert url.add_query(address, params) == result
    assert url.add_query(address, []) == address


def test_an_answer_in_the_fragment() -> None:
    params = [("id_token", "a.b-c_d"), ("state", "é +\r\n")]
    expected = "https://app.example/cb?x=1#id_token=a.b-c_d&state=%C3%A9%20%2B%0D%0A"
    assert url.add_fragment("https://app.example/cb?x=1", params) == expected
    assert url.add_fragment(REGISTERED, []) == REGISTERED
    for add in (url.add_query, url.add_fragment):
        with pytest.raises(BadUrl):
            add("https://app.example/cb#", params)


@given(
    st.sampled_from([t for t in GOOD if "#" not in t]), st.lists(st.tuples(st.text(max_size=9), st.text(max_size=9)))
)
def test_F2_04_an_answer_is_an_address_of_the_same_origin(address: str, pairs: list[tuple[str, str]]) -> None:
    before = url.parse_web_url(address)
    for answer in (url.add_query(address, pairs), url.add_fragment(address, pairs)):
        after = url.parse_web_url(answer, max_chars=10_000)
        assert (after.origin, after.path) == (before.origin, before.path)


# --- the second opinion ---

HOSTS = st.sampled_from(
    [
        *(
            "app.example",
            "evil.example",
            "localhost",
            "a",
            "A.B",
            "a-.b",
            "a..b",
            "a.1",
            "xn--mnchen-3ya.de",
            "xn--a",
            "",
        ),
        *("127.0.0.1", "1.1", "0x1", "08.1.1.1", "010.1.1.1", "1.2.3.4.5", "1.2.3.4"),
        *("[::1]", "[2001:db8::1]", "[::ffff:1.2.3.4]", "[::ffff:102:304]", "[1::0]", "[::A]"),
    ]
)
NOISE = st.text(
    "/\\@:?#.%;[]&=+-_~!$'()*,|^`{}<>\" \t\n\r\x00\x0b\x7f0123456789abcdefx2e5c\u3002\uff0f\u00ad\u2024\u212a",
    max_size=4,
)
ADDRESSES = st.tuples(
    st.sampled_from(["http", "https", "HTTPS", "javascript", "ftp", ""]),
    st.sampled_from(["://", "://", "://", ":/", ":", ":///", ":\\\\", "//", ":/\\"]),
    st.sampled_from(["", "", "", "u@", "u:p@", "@"]),
    HOSTS,
    st.sampled_from(["", "", ":80", ":443", ":8080", ":0", ":65536", ":", ":080"]),
    st.sampled_from(["", "/", "/a", "/a/..//b", "//evil.example", "/%2e%2e/x", "/..;/x"]),
    st.sampled_from(["", "?", "?x=1", "?//@evil.example"]),
    st.sampled_from(["", "#", "#x", "#@evil.example/"]),
).map("".join)
MANGLED = st.tuples(ADDRESSES, st.integers(0, 40), st.integers(0, 3), NOISE).map(
    lambda drawn: drawn[0][: drawn[1]] + drawn[3] + drawn[0][drawn[1] + drawn[2] :]
)
PATHS = st.tuples(
    st.sampled_from(["/", "/a", "/a/", ""]), NOISE, st.sampled_from(["", "/evil.example", "a"]), NOISE
).map("".join)


def internationalised_addresses(count: int) -> list[str]:
    """Addresses with xn-- labels, right and wrong ones, out of scripts that every Unicode version in use knows."""
    chance = random.Random(20)
    letters = [
        chr(code)
        for code in [*range(0xA1, 0x250), *range(0x300, 0x600), *range(0x900, 0x980), *range(0x3041, 0x30FF), 0x200D]
        if unicodedata.category(chr(code)) != "Cn"
    ]
    addresses = []
    for _ in range(count):
        label = "".join(
            chance.choice(letters if chance.random() < 0.7 else "abc019-") for _ in range(chance.randint(1, 5))
        )
        noise = "".join(chance.choice("abcdefghijklmnopqrstuvwxyz0123456789-") for _ in range(chance.randint(1, 8)))
        puny = chance.choice([label.encode("punycode").decode(), noise])
        addresses.append(f"https://{chance.choice(['', '0.', 'a.', '1a.', 'a-b.'])}xn--{puny}.example/")
    return addresses


@pytest.mark.node
def test_M5_whatever_we_accept_a_browser_reads_alike() -> None:
    texts = [*HOSTILE, *GOOD, *NEAR_MISSES, *internationalised_addresses(4000)]
    paths = [*LOCAL, *NOT_LOCAL]

    @settings(max_examples=3000, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(ADDRESSES | MANGLED | MANGLED, PATHS)
    def collect(text: str, path: str) -> None:
        texts.append(text)
        paths.append(path)

    collect()
    base = "https://org.example"
    accepted = [(text, parsed) for text in texts if (parsed := accept(text)) is not None]
    accepted_paths = [path for path in paths if is_local(path)]
    questions = [
        *([text, None] for text, _ in accepted),
        *([str(parsed), None] for _, parsed in accepted),
        *([path, base] for path in accepted_paths),
    ]
    answers = ask_node(questions)
    origins = [answer and answer["origin"] for answer in answers]
    expected = [parsed.origin for _, parsed in accepted] * 2 + [base] * len(accepted_paths)
    disagreements = [
        (question, ours, theirs)
        for question, ours, theirs in zip(questions, expected, origins, strict=True)
        if ours != theirs
    ]
    assert disagreements == []
    seen_paths = [answer and answer["pathname"] for answer in answers[2 * len(accepted) :]]
    assert seen_paths == [path.partition("#")[0].partition("?")[0] for path in accepted_paths]
    # The comparison means something only if enough was accepted, and if node refuses or reads otherwise what we refuse.
    assert len({parsed.origin for _, parsed in accepted}) > 200
    assert len(set(accepted_paths)) > 30
    refused = [text for text in HOSTILE if text.isascii()]
    assert sum(answer is not None for answer in ask_node([[text, base] for text in refused])) > 42


def accept(text: str) -> WebUrl | None:
    try:
        return url.parse_web_url(text)
    except BadUrl:
        return None


def is_local(path: str) -> bool:
    try:
        return url.parse_local_path(path) == path
    except BadUrl:
        return False


def ask_node(questions: list[list[str | None]]) -> list[dict[str, str] | None]:
    script = Path(__file__).with_name("whatwg_oracle.mjs")
    answer = subprocess.run(
        ["node", str(script)], input=json.dumps(questions), capture_output=True, text=True, check=True, timeout=60
    )
    answers: list[dict[str, str] | None] = json.loads(answer.stdout)
    return answers


@pytest.mark.parametrize("filler", ["a", ".", "a.", "-", ":", "/", "%41", "%", "?", "@", "[", "xn--a.", "./", "..;/"])
def test_hostile_addresses_are_read_to_their_end(filler: str) -> None:
    """A quadratic grammar would take minutes for these, and stop the suite."""
    for start in ("https://", "https://a/", "https://[", "/", "com.", "com.a:/", "http://127.0.0.1:"):
        for end in ("", "\\"):
            text = start + filler * (200_000 // len(filler)) + end
            with contextlib.suppress(BadUrl):
                url.parse_web_url(text, max_chars=300_000)
            assert not is_local(text)
            assert not url.registered_redirect(text, [text], native=True)
            is_local(text[:2048])
            url.registered_redirect(text[:2048], [text[:2048]], native=True)
