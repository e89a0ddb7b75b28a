"""SS-01: the fetcher reaches what it may and nothing else, for a short time and a short answer."""

import asyncio
import ssl
import time

import pytest
from tests.unit.outbound.certificates import Authority
from tests.unit.outbound.conftest import NAME, to_this_machine
from tests.unit.outbound.web_server import WebServer, running, saying, saying_json

from segue.outbound.fetcher import MAX_BYTES, Fetcher, FetchFailed, look_up


async def why_not(fetcher: Fetcher, url: str) -> str:
    with pytest.raises(FetchFailed) as failed:
        await fetcher.get(url, {})
    return str(failed.value)


async def test_a_post_arrives_with_the_name_in_handshake_and_host(
    fetcher: Fetcher, web_server: WebServer, url: str
) -> None:
    web_server.reply = saying_json(b'{"ok": true}')
    answer = await fetcher.post(f"{url}?a=b", b"hello", {"Content-Type": "text/plain", "X-One": "1"})
    assert (answer.status, answer.content_type, answer.body) == (200, "application/json", b'{"ok": true}')
    (seen,) = web_server.seen
    assert seen.line == "POST /hook?a=b HTTP/1.1"
    assert seen.body == b"hello"
    assert seen.server_name == NAME
    assert seen.headers["host"] == f"{NAME}:{web_server.port}"
    assert seen.headers["x-one"] == "1"
    assert seen.headers["accept-encoding"] == "identity"


async def test_a_get_without_a_path(fetcher: Fetcher, web_server: WebServer, url: str) -> None:
    answer = await fetcher.get(url.removesuffix("/hook"), {})
    assert (answer.status, answer.content_type, answer.body) == (204, "", b"")
    assert web_server.seen[0].line == "GET / HTTP/1.1"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://example.com:8443/",
        "https://example.com:80/",
        "https://example.com:22/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:25/",
        "//example.com/",
        "/path",
        "",
        "https://",
        "https:///path",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://example.com@127.0.0.1/",
        "https://127.0.0.1@example.com/",
        "https://example.com\\@127.0.0.1/",
        "https://example.com#@127.0.0.1/\\",
        "https://example.com /",
        "https://example.com\t/",
        "https://example.com\r\nHost: x/",
        "https://exa\0mple.com/",
        "https://ex%61mple.com/",
        "https://1２7.0.0.1/",
        "https://127。0。0。1/",
        "https://127.1/",
        "https://127.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://127.0.0.1./",
        "https://[::1%25lo]/",
        "https://[::1%lo]/",
        "https://[0:0:0:0:0:0:0:1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://example.com:443:443/",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com:+443/",
        "https://example.com:４４３/",
        "https:example.com",
        "https:/example.com",
        "https://example..com/",
        "https://-example.com/",
        "https://exämple.com/",
        "https://" + "a" * 3000,
        "javascript:alert(1)",
        "data:text/plain,x",
    ],
)
async def test_SS_01_an_address_outside_the_grammar_is_not_even_looked_up(url: str) -> None:
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    await why_not(Fetcher(resolve=resolve), url)
    assert asked == []


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://0.0.0.0/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://192.168.0.1/",
        "https://100.64.0.1/",
        "https://[::1]/",
        "https://[::]/",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://[2002:7f00:1::]/",
        "https://[64:ff9b::7f00:1]/",
        "https://localhost/",
        "https://LOCALHOST/",
    ],
)
async def test_SS_01_an_address_that_is_not_public_is_not_connected_to(url: str) -> None:
    assert "not public" in await why_not(Fetcher(resolve=look_up), url)


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["10.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["2606:4700:4700::1111", "::1"], ["nonsense"]],
)
async def test_SS_01_a_name_that_means_anything_private_is_refused(addresses: list[str]) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return addresses

    assert "not public" in await why_not(Fetcher(resolve=resolve), "https://rebound.example/")


async def test_SS_01_a_name_is_looked_up_once_and_the_connection_goes_there(
    web_server: WebServer, authority: Authority, url: str
) -> None:
    answers = [["127.0.0.1"], ["169.254.169.254"]]

    async def rebinding(host: str, port: int) -> list[str]:
        return answers.pop(0)

    fetcher = Fetcher(frozenset({f"{NAME}:{web_server.port}"}), authority.client(), rebinding)
    assert (await fetcher.get(url, {})).status == 204
    assert len(answers) == 1


async def test_an_allowed_target_is_that_host_and_port_alone(web_server: WebServer, authority: Authority) -> None:
    fetcher = Fetcher(frozenset({f"{NAME}:1"}), authority.client(), to_this_machine)
    assert "not among the allowed" in await why_not(fetcher, f"https://{NAME}:{web_server.port}/")
    fetcher = Fetcher(frozenset({f"other.test:{web_server.port}"}), authority.client(), to_this_machine)
    assert "not among the allowed" in await why_not(fetcher, f"https://{NAME}:{web_server.port}/")
    assert web_server.connections == 0


async def test_an_allowed_target_may_speak_plain_http() -> None:
    async with running(None) as server:
        fetcher = Fetcher(frozenset({f"127.0.0.1:{server.port}"}))
        assert (await fetcher.get(f"http://127.0.0.1:{server.port}/", {})).status == 204
        assert "not among the allowed" in await why_not(Fetcher(), f"http://127.0.0.1:{server.port}/")


async def test_a_certificate_of_another_name_or_authority_is_refused(
    web_server: WebServer, authority: Authority, url: str
) -> None:
    allowed = frozenset({f"{NAME}:{web_server.port}", f"other.test:{web_server.port}"})
    ours = Fetcher(allowed, authority.client(), to_this_machine)
    assert "CERTIFICATE_VERIFY_FAILED" in await why_not(ours, url.replace(NAME, "other.test"))
    strangers = Fetcher(allowed, ssl.create_default_context(), to_this_machine)
    assert "CERTIFICATE_VERIFY_FAILED" in await why_not(strangers, url)
    assert web_server.seen == []


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
async def test_ASVS_15_3_2_a_redirect_is_an_answer_and_not_followed(
    fetcher: Fetcher, web_server: WebServer, url: str, status: str
) -> None:
    web_server.reply = saying(status, b"", f"Location: {url}/elsewhere")
    assert (await fetcher.get(url, {})).status == int(status[:3])
    assert len(web_server.seen) == 1


async def test_an_answer_has_a_longest_length(fetcher: Fetcher, web_server: WebServer, url: str) -> None:
    web_server.reply = saying("200 OK", b"x" * MAX_BYTES)
    assert len((await fetcher.get(url, {})).body) == MAX_BYTES
    web_server.reply = saying("200 OK", b"x" * (MAX_BYTES + 1))
    assert "longer than" in await why_not(fetcher, url)


async def test_an_endless_answer_is_cut_off(fetcher: Fetcher, web_server: WebServer, url: str) -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"2000\r\n" + b"x" * 0x2000 + b"\r\n")
            await writer.drain()

    web_server.reply = endless
    assert "longer than" in await why_not(fetcher, url)


async def test_a_compressed_answer_is_refused(fetcher: Fetcher, web_server: WebServer, url: str) -> None:
    web_server.reply = saying("200 OK", b"\x1f\x8b" + b"\0" * 40, "Content-Encoding: gzip")
    assert "compressed" in await why_not(fetcher, url)


@pytest.mark.parametrize("slow", ["silent", "dripping headers", "dripping body"])
async def test_a_slow_server_gets_no_more_than_the_time_there_is(
    web_server: WebServer, authority: Authority, url: str, slow: str
) -> None:
    over = asyncio.Event()

    async def reply(writer: asyncio.StreamWriter) -> None:
        start = {"silent": b"", "dripping headers": b"HTTP/1.1 200 OK\r\n"}.get(slow, b"HTTP/1.1 200 OK\r\n\r\n")
        writer.write(start)
        while not over.is_set():
            if slow != "silent":
                writer.write(b"a: b\r\n" if "headers" in slow else b"x")
                await writer.drain()
            await asyncio.sleep(0.05)

    web_server.reply = reply
    fetcher = Fetcher(frozenset({f"{NAME}:{web_server.port}"}), authority.client(), to_this_machine, timeout_s=0.5)
    begun = time.monotonic()
    assert "no answer within 0.5 s" in await why_not(fetcher, url)
    assert time.monotonic() - begun < 2
    over.set()


async def test_a_slow_look_up_takes_part_of_the_same_time() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        await asyncio.sleep(30)
        return []

    assert "no answer within" in await why_not(Fetcher(resolve=resolve, timeout_s=0.1), "https://slow.example/")


@pytest.mark.parametrize("octets", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort"])
async def test_what_is_no_answer_is_a_failure(fetcher: Fetcher, web_server: WebServer, url: str, octets: bytes) -> None:
    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.write(octets)
        await writer.drain()

    web_server.reply = reply
    assert await why_not(fetcher, url)


async def test_nobody_listening_and_no_such_name_are_failures(unused_tcp_port: int) -> None:
    allowed = Fetcher(frozenset({f"127.0.0.1:{unused_tcp_port}"}))
    assert await why_not(allowed, f"http://127.0.0.1:{unused_tcp_port}/")
    assert await why_not(Fetcher(), "https://no-such-name.invalid/")

    async def resolve(host: str, port: int) -> list[str]:
        return []

    assert "no address" in await why_not(Fetcher(resolve=resolve), "https://nowhere.example/")


async def test_proxies_of_the_environment_are_not_used(
    fetcher: Fetcher, web_server: WebServer, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert (await fetcher.get(url, {})).status == 204
