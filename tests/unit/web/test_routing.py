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
