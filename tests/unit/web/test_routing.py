"""Paths to routes."""

import pytest

from segue.web.message import Empty, Request
from segue.web.routing import RouteTable
from segue.web.surface import Route


async def handler(request: Request) -> Empty:
    return Empty()


def refuse(request, refusal, event_id) -> Empty:
    return Empty(status=400)


def route(path: str, *methods: str) -> Route:
    return Route(methods, path, handler, refuse, "test")


TABLE = RouteTable.of(
    [
        route("/login", "GET"),
        route("/login", "POST"),
        route("/app/{name}/{key}/sso", "GET", "POST"),
        route("/app/{key}/metadata.xml", "GET"),
    ]
)


@pytest.mark.parametrize(
    ("path", "method", "expected"),
    [
        ("/login", "GET", "/login"),
        ("/login", "HEAD", "/login"),
        ("/login", "OPTIONS", "/login"),
        ("/app/web/exk1/sso", "POST", "/app/{name}/{key}/sso"),
        ("/app/exk1/metadata.xml", "GET", "/app/{key}/metadata.xml"),
    ],
)
def test_a_path_finds_its_route(path: str, method: str, expected: str) -> None:
    match = TABLE.find(path, method)
    assert match is not None
    assert match.route.path == expected


def test_names_in_a_path_are_given_to_the_handler() -> None:
    match = TABLE.find("/app/web/exk1/sso", "GET")
    assert match is not None
    assert match.path_params == {"name": "web", "key": "exk1"}


@pytest.mark.parametrize(
    "path",
    ["/login/", "//login", "/LOGIN", "/app//exk/sso", "/app/a/b/c/sso", "/app/a/b%2fc/sso", "/app/a/b/sso\n", ""],
)
def test_ED_04_what_is_not_exactly_an_address_is_none(path: str) -> None:
    assert TABLE.find(path, "GET") is None
    assert TABLE.methods(path) == ()


def test_another_method_names_the_ones_that_work() -> None:
    assert TABLE.find("/login", "DELETE") is None
    assert TABLE.methods("/login") == ("GET", "POST")


def test_the_order_of_routes_decides_whatever_they_begin_with() -> None:
    """The index narrows the search down and changes nothing: it answers as a walk over all routes does."""
    paths = [
        "/a/{b}/c/{d}", "/{a}/b/c/{d}", "/a/b/{c}/d", "/a/b/c/{d}", "/{a}/{b}", "/a/{b}", "/a/b/c/d/{e}", "/a/b-{c}",
        "/a/b/c-{d}/e",
    ]  # fmt: skip
    for order in (paths, paths[::-1]):
        table = RouteTable.of(route(path, "GET") for path in order)
        for asked in (
            "/a/b/c/d",
            "/x/b/c/d",
            "/a/x/c/d",
            "/a/b/x/d",
            "/a/b",
            "/x/y",
            "/a/b/c/d/e",
            "/a/b-x",
            "/a",
            "/",
        ):
            walked = [path for path in order if RouteTable.of([route(path, "GET")]).find(asked, "GET")]
            found = table.find(asked, "GET")
            assert (found.route.path if found else None) == (walked[0] if walked else None), asked
        assert table.find("/a/b", "GET") is not None
