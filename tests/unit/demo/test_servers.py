import asyncio
import os
import signal
import socket
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from segue.demo.addresses import Listener
from segue.demo.backend import Backend
from segue.demo.certificates import ensure_certificates
from segue.demo.servers import Site, Sockets, serving, stop_signal, until
from segue.demo.trouble import Trouble


def app(text: str) -> Starlette:
    async def answer(_request: Request) -> Response:
        return PlainTextResponse(text)

    return Starlette(routes=[Route("/", answer)])


def free_port() -> int:
    """A port that is free on both loopback addresses, as far as one can know."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port: int = probe.getsockname()[1]
            try:
                with socket.create_server(("::1", port), family=socket.AF_INET6):
                    return port
            except OSError:
                continue


async def test_several_servers_at_their_addresses() -> None:
    one, two = Listener("localhost", free_port()), Listener("127.0.0.1", free_port())
    with Sockets([one, two]) as sockets:
        async with serving([Site(one, app("one")), Site(two, app("two"))], sockets, None) as running:
            async with Backend("").client("test") as client:
                assert (await client.get(f"http://127.0.0.1:{one.port}/")).text == "one"
                assert (await client.get(f"http://[::1]:{one.port}/")).text == "one"
                assert (await client.get(f"http://127.0.0.1:{two.port}/")).text == "two"
                with pytest.raises(httpx.ConnectError):
                    await client.get(f"http://[::1]:{two.port}/")
            assert not running.done()
        assert running.done()
    async with Backend("").client("test") as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"http://127.0.0.1:{one.port}/")


async def test_tls_and_who_trusts_it(tmp_path: Path) -> None:
    files, listener = ensure_certificates(tmp_path / "tls"), Listener("localhost", free_port())
    address = f"https://localhost:{listener.port}/"
    with Sockets([listener]) as sockets:
        async with serving([Site(listener, app("safe"))], sockets, files):
            async with Backend("", files.ca).client("test") as client:
                assert (await client.get(address)).text == "safe"
                assert (await client.get(f"https://127.0.0.1:{listener.port}/")).text == "safe"
            async with Backend("").client("test") as client:
                with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
                    await client.get(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_busy_port_is_named_and_nothing_stays_open(host: str) -> None:
    first, busy = Listener("localhost", free_port()), Listener("localhost", free_port())
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    refused = pytest.raises(Trouble, match=rf"^Port {busy.port} is in use: .* --port N ")
    with socket.create_server((host, busy.port), family=family), refused:
        Sockets([first, busy])
    with Sockets([first, busy]):
        pass


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it(number: signal.Signals) -> None:
    stop = stop_signal()
    running = asyncio.create_task(asyncio.sleep(60))
    asyncio.get_running_loop().call_soon(os.kill, os.getpid(), number)
    async with asyncio.timeout(5):
        await until(stop, running)
    assert not running.done()
    running.cancel()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().remove_signal_handler(each)


async def test_a_server_that_ends_by_itself_ends_the_wait() -> None:
    async with asyncio.timeout(5):
        await until(asyncio.Event(), asyncio.create_task(asyncio.sleep(0)))
