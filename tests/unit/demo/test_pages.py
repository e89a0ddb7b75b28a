"""What every example app has: its own address, its own forms, and pages that load nothing from elsewhere."""

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from segue.demo.pages import Doorkeeper, FormTooLarge, local_path, new_pages, read_form, static_files

OWN = "http://localhost:9101"


async def echo(request: Request) -> Response:
    try:
        return JSONResponse(await read_form(request))
    except FormTooLarge as error:
        return JSONResponse(str(error), 413)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(
        routes=[Route("/", echo, methods=["GET", "POST"]), Route("/open", echo, methods=["POST"]), static_files()],
        middleware=[Middleware(Doorkeeper, own=OWN, open_paths=("/open",))],
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=OWN) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/", {"origin": OWN}, 200),
        ("/", {"origin": OWN, "sec-fetch-site": "cross-site"}, 200),
        ("/", {}, 200),
        ("/", {"sec-fetch-site": "same-origin"}, 200),
        ("/", {"origin": "null"}, 403),
        ("/", {"origin": "http://localhost:8080"}, 403),
        ("/", {"origin": "http://127.0.0.1:9101"}, 403),
        ("/", {"sec-fetch-site": "same-site"}, 403),
        ("/", {"sec-fetch-site": "cross-site"}, 403),
        ("/open", {"origin": "null"}, 200),
        ("/open", {"sec-fetch-site": "cross-site"}, 200),
    ],
)
async def test_forms_of_other_pages_are_refused(
    client: httpx.AsyncClient, path: str, headers: dict[str, str], status: int
) -> None:
    assert (await client.post(path, data={"a": "1"}, headers=headers)).status_code == status


@pytest.mark.parametrize("host", ["localhost", "localhost:9102", "127.0.0.1:9101", "elsewhere.example"])
async def test_another_host_name_is_told_the_right_one(client: httpx.AsyncClient, host: str) -> None:
    answer = await client.get("/", headers={"host": host})
    assert answer.status_code == 421
    assert OWN in answer.text


async def test_forms_are_read_once_and_within_limits(client: httpx.AsyncClient) -> None:
    answer = await client.post("/", content=b"a=1&a=2&b=%C3%A9&c=", headers={"origin": OWN})
    assert answer.json() == {"a": "1", "b": "é", "c": ""}
    assert (await client.post("/", content=b"a=" + b"x" * 600_000)).status_code == 413


async def test_static_files(client: httpx.AsyncClient) -> None:
    assert (await client.get("/static/demo.css")).headers["content-type"].startswith("text/css")
    assert (await client.get("/static/../pages.py")).status_code == 404
    assert (await client.get("/static/%2e%2e/pages.py")).status_code == 404


def test_a_page_loads_nothing_from_elsewhere() -> None:
    pages = new_pages(
        connect=("http://localhost:8080",),
        title_of_app="<App>",
        look="harbor",
        home="/",
        idp="",
        speaks="",
        neighbours=(),
    )
    answer = pages.html("login_wrong_way.html", status=400)
    assert answer.status_code == 400
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["connect-src"] == "'self' http://localhost:8080"
    assert policy["frame-src"] == policy["frame-ancestors"] == "'none'"
    assert answer.headers["cache-control"] == "no-store"
    assert b"&lt;App&gt;" in answer.body
    assert b"<App>" not in answer.body


@pytest.mark.parametrize("path", ["/", "/shelf/sea", "/a?b=c&d=%2F"])
def test_paths_of_the_app_itself(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path", ["", "shelf", "//elsewhere.example", "/\\elsewhere.example", "https://a.example/", "/a b", "/é", "/" * 2049]
)
def test_paths_that_lead_elsewhere(path: str) -> None:
    assert local_path(path) is None
