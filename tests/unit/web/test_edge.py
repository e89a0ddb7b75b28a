"""The edge with a small dialect of its own: sites, limits, methods, origins, and failures in the route's shape."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from segue.core.application import Application, OidcClient
from segue.core.clock import Source
from segue.core.org import Domain, Org, TrustedOrigin
from segue.core.refusal import Refusal
from segue.events import Event
from segue.signin.passwords import PoolFull
from segue.stores import StoreUnavailable
from segue.web.cookies import SessionCookies
from segue.web.cors import CorsPolicy
from segue.web.edge import Edge
from segue.web.limits import Limit, RateLimiter
from segue.web.message import Json, Redirect, Request, Response, SetCookie, Site
from segue.web.recorder import Recorder
from segue.web.rendering import new_renderer
from segue.web.routing import RouteTable
from segue.web.surface import Route, Surface

SITE = Site(Org("00o1", "Test"), Domain("id.example.com", "00o1", "test"))


@dataclass
class World:
    edge: Edge
    events: list[Event] = field(default_factory=list)
    calls: list[Request] = field(default_factory=list)
    raises: Exception | None = None


class Origins:
    async def application(self, org_id: str, app_id: str) -> Application | None:
        apps = {"app": "active", "switched off": "inactive"}
        if org_id != SITE.org.id or app_id not in apps:
            return None
        client = OidcClient("c", ("https://spa.example.com/cb?x=1", "com.example.app:/done", "http://[::1]:81/cb"))
        return Application(app_id, org_id, "a", "A", "exk", status=apps[app_id], oidc=client)  # type: ignore[arg-type]

    async def trusted_origins(self, org_id: str) -> Sequence[TrustedOrigin]:
        def origin(url: str, *scopes: Any, status: Any = "active") -> TrustedOrigin:
            return TrustedOrigin("tos1", org_id, url, url, frozenset(scopes), status)

        return [
            origin("https://app.example.com", "CORS"),
            origin("https://redirect.example.com", "REDIRECT"),
            origin("https://old.example.com", "CORS", status="inactive"),
        ]


@pytest.fixture
def world() -> World:
    async def handler(request: Request) -> Response:
        world.calls.append(request)
        if world.raises:
            raise world.raises
        return Json(data={"ok": True}, cookies=(SetCookie("sid", "value"),))

    async def leave(request: Request) -> Response:
        return Redirect(location="https://app.example.com/cb")

    async def for_app(request: Request) -> Response:
        if request.form.get("refuse"):
            raise Refusal("no", "No.", app_id=request.form.get("app"))
        return Json(data={"token": "t"}, app_id=request.form.get("app") or "")

    def refuse(request: Request, refusal: Refusal, event_id: str) -> Response:
        return Json(status=400, data={"reason": refusal.reason, "event": event_id})

    routes = (
        Route(("GET",), "/keys", handler, refuse, "keys", cors="public", idempotent=True),
        Route(("GET",), "/spend", handler, refuse, "spend", document=True),
        Route(("GET",), "/leave", leave, refuse, "leave"),
        Route(("POST",), "/form", handler, refuse, "form", body="form", value_limits=(("long", 20_000),)),
        Route(("POST",), "/json", handler, refuse, "json", body="json", cors="credentialed"),
        Route(("POST",), "/token", for_app, refuse, "token", body="form", cors="client"),
        Route(("POST",), "/limited", handler, refuse, "limited", limit="few"),
    )
    surface = Surface(
        "test",
        SessionCookies("sid"),
        routes,
        lambda key: f"/login?key={key}",
        "/",
        refuse,
        lambda standing, now_at: (("x-remaining", str(standing.remaining)),),
    )

    class Shelf:
        async def append(self, events: Sequence[Event]) -> None:
            world.events.extend(events)

        async def event(self, org_id: str, event_id: str) -> Event | None:
            return None

    async def find_site(authority: str) -> Site | None:
        return SITE if authority == "id.example.com" else None

    async def addresses() -> Sequence[str]:
        return ["https://id.example.com"]

    async def ready() -> bool:
        return False

    source = Source()
    edge = Edge(
        surfaces={"test": surface},
        find_site=find_site,
        addresses=addresses,
        ready=ready,
        cors=CorsPolicy(Origins()),
        limiter=RateLimiter({"few": Limit(2, 60)}),
        renderer=new_renderer(source.random),
        recorder=Recorder(Shelf()),
        source=source,
        tables={"test": RouteTable.of(routes)},
    )
    world = World(edge)
    return world


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        return json.loads(self.body)


async def ask(
    world: World,
    method: str,
    path: str,
    *,
    body: bytes = b"",
    headers: Sequence[tuple[str, str]] = (),
    host: str | None = "id.example.com",
    peer: str = "192.0.2.9",
) -> Answer:
    path, _, query = path.partition("?")
    given = [(b"host", host.encode())] if host is not None else []
    given += [(name.encode(), value.encode()) for name, value in headers]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": given,
        "client": (peer, 1),
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await world.edge(scope, receive, send)
    answer = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], answer, sent[1]["body"])


async def test_an_answer_carries_the_security_headers(world: World) -> None:
    answer = await ask(world, "GET", "/keys")
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-cache, no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["set-cookie"] == "sid=value; Path=/; HttpOnly; SameSite=Lax; Secure"
    assert "server" not in answer.headers


@pytest.mark.parametrize(
    "host", ["evil.example.com", "id.example.com.evil.com", "id.example.com:8080", "", None, "id.example.com\\@evil"]
)
async def test_ED_01_an_unknown_host_is_misdirected_and_reaches_nothing(world: World, host: str | None) -> None:
    answer = await ask(world, "GET", "/keys", host=host, headers=[("x-forwarded-host", "id.example.com")])
    assert (answer.status, answer.body) == (421, b"")
    assert not world.calls


async def test_a_caller_on_this_machine_learns_the_addresses_that_work(world: World) -> None:
    answer = await ask(world, "GET", "/keys", host="127.0.0.1", peer="127.0.0.1")
    assert answer.status == 421
    assert b"https://id.example.com" in answer.body


async def test_ED_02_two_hosts_are_none(world: World) -> None:
    answer = await ask(world, "GET", "/keys", headers=[("host", "evil.example.com")])
    assert answer.status == 400
    assert not world.calls


async def test_OT_09_a_look_at_a_link_does_not_run_it(world: World) -> None:
    for headers in ([("sec-purpose", "prefetch;prerender")], [("purpose", "prefetch")]):
        assert (await ask(world, "GET", "/spend", headers=headers)).status == 204
    assert (await ask(world, "HEAD", "/spend")).status == 204
    assert (await ask(world, "OPTIONS", "/spend")).status == 200
    assert not world.calls
    assert (await ask(world, "GET", "/spend")).status == 200
    assert len(world.calls) == 1


async def test_a_head_of_something_repeatable_has_headers_and_no_body(world: World) -> None:
    answer = await ask(world, "HEAD", "/keys")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-length"] == "11"


@pytest.mark.parametrize("destination", ["image", "script", "style", "empty", "object"])
async def test_OT_15_a_hand_off_is_for_windows_alone(world: World, destination: str) -> None:
    answer = await ask(world, "GET", "/spend", headers=[("sec-fetch-dest", destination)])
    assert answer.data["reason"] == "not_a_document"
    assert not world.calls
    for window in ("document", "iframe"):
        assert (await ask(world, "GET", "/spend", headers=[("sec-fetch-dest", window)])).status == 200


async def test_unknown_addresses_and_methods_answer_in_the_dialects_shape(world: World) -> None:
    missing = await ask(world, "GET", "/nothing")
    assert missing.data["reason"] == "not_found"
    wrong = await ask(world, "GET", "/form")
    assert wrong.data["reason"] == "wrong_method"
    assert wrong.headers["allow"] == "POST"
    assert not world.events


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b"a=%zz", "application/x-www-form-urlencoded", "malformed"),
        (b"a=%ff", "application/x-www-form-urlencoded", "malformed"),
        (b"a=" + b"x" * 9000, "application/x-www-form-urlencoded", "malformed"),
        (b"&".join([b"a=1"] * 65), "application/x-www-form-urlencoded", "malformed"),
        (b"x" * 70_000, "application/x-www-form-urlencoded", "too_large"),
        (b"a=1", "text/plain", "wrong_media_type"),
        (b"a=1", "multipart/form-data", "wrong_media_type"),
    ],
)
async def test_OA_14_bodies_outside_the_limits_are_refused_with_an_event(
    world: World, body: bytes, content_type: str, reason: str
) -> None:
    answer = await ask(world, "POST", "/form", body=body, headers=[("content-type", content_type)])
    assert answer.data["reason"] == reason
    assert answer.data["event"] == world.events[0].id
    assert not world.calls


async def test_a_named_parameter_may_be_longer(world: World) -> None:
    form = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")]
    assert (await ask(world, "POST", "/form", body=b"long=" + b"x" * 15_000, headers=form)).status == 200


async def test_MG_07_json_is_taken_as_json_alone(world: World) -> None:
    answer = await ask(world, "POST", "/json", body=b"{}", headers=[("content-type", "text/plain")])
    assert answer.data["reason"] == "wrong_media_type"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Refusal("not_assigned", "No."), "not_assigned"),
        (PoolFull(), "busy"),
        (RuntimeError("a bug"), "internal"),
        (StoreUnavailable("down"), "unavailable"),
    ],
)
async def test_ED_09_every_failure_is_an_answer_of_the_route_and_tells_nothing_inside(
    world: World, error: Exception, reason: str
) -> None:
    world.raises = error
    answer = await ask(world, "GET", "/keys")
    assert answer.data["reason"] == reason
    assert b"a bug" not in answer.body
    assert ("retry-after" in answer.headers) == (reason in ("busy", "unavailable"))


async def test_the_limit_of_a_class_holds_per_address(world: World) -> None:
    remaining = [(await ask(world, "POST", "/limited")).headers["x-remaining"] for _ in range(2)]
    assert remaining == ["1", "0"]
    refused = await ask(world, "POST", "/limited")
    assert refused.data["reason"] == "rate_limited"
    assert refused.headers["x-remaining"] == "0"
    assert int(refused.headers["retry-after"]) <= 61
    assert len(world.calls) == 2
    assert (await ask(world, "POST", "/limited", peer="192.0.2.10")).status == 200


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://app.example.com", True),
        ("https://id.example.com", True),
        ("https://redirect.example.com", False),
        ("https://old.example.com", False),
        ("https://app.example.com.evil.com", False),
        ("http://app.example.com", False),
        ("https://app.example.com:444", False),
        ("null", False),
        ("*", False),
    ],
)
async def test_ED_03_only_listed_origins_may_read(world: World, origin: str, allowed: bool) -> None:
    headers = [("content-type", "application/json"), ("origin", origin)]
    for method in ("POST", "OPTIONS"):
        answer = await ask(world, method, "/json", body=b"{}", headers=headers)
        assert answer.headers.get("access-control-allow-origin") == (origin if allowed else None)
        assert answer.headers.get("access-control-allow-credentials") == ("true" if allowed else None)
        assert answer.headers["vary"] == "Origin"


async def test_a_preflight_names_what_may_be_sent(world: World) -> None:
    asked = [
        ("origin", "https://app.example.com"),
        ("access-control-request-headers", "X-Okta-User-Agent-Extended, b@d"),
    ]
    answer = await ask(world, "OPTIONS", "/json", headers=asked)
    assert answer.headers["access-control-allow-methods"] == "POST, OPTIONS"
    assert answer.headers["access-control-allow-headers"] == "x-okta-user-agent-extended,content-type"
    assert not world.calls


async def test_public_answers_may_be_read_by_all_without_credentials(world: World) -> None:
    answer = await ask(world, "GET", "/keys", headers=[("origin", "https://anywhere.example")])
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


# The client of the application "app" has redirect addresses at two web origins, and one of its own scheme.
@pytest.mark.parametrize(
    ("origin", "app", "allowed", "credentials"),
    [
        ("https://spa.example.com", "app", True, False),
        ("http://[::1]:81", "app", True, False),
        ("https://spa.example.com", "", False, False),
        ("https://spa.example.com", "another", False, False),
        ("https://spa.example.com", "switched off", False, False),
        ("https://spa.example.com:444", "app", False, False),
        ("http://spa.example.com", "app", False, False),
        ("https://spa.example.com.evil.example", "app", False, False),
        ("https://evil.example", "app", False, False),
        ("com.example.app:", "app", False, False),
        ("null", "app", False, False),
        ("https://redirect.example.com", "app", False, False),
        ("https://app.example.com", "", True, True),
        ("https://app.example.com", "app", True, True),
    ],
)
async def test_ED_03_an_answer_for_a_client_may_be_read_where_its_tokens_go_anyway(
    world: World, origin: str, app: str, allowed: bool, credentials: bool
) -> None:
    headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", origin)]
    for refuse in ("", "1"):
        answer = await ask(world, "POST", "/token", body=f"app={app}&refuse={refuse}".encode(), headers=headers)
        assert answer.status == (400 if refuse else 200)
        assert answer.headers.get("access-control-allow-origin") == (origin if allowed else None)
        assert answer.headers.get("access-control-allow-credentials") == ("true" if credentials else None)
        assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize(
    ("origin", "allowed", "credentials"),
    [
        ("https://app.example.com", True, True),
        ("https://anywhere.example", True, False),
        ("null", False, False),
        ("https://a.example/path", False, False),
        ("*", False, False),
    ],
)
async def test_ED_03_a_preflight_cannot_know_the_client_and_lets_no_cookie_along(
    world: World, origin: str, allowed: bool, credentials: bool
) -> None:
    answer = await ask(world, "OPTIONS", "/token", headers=[("origin", origin)])
    assert answer.headers.get("access-control-allow-origin") == (origin if allowed else None)
    assert answer.headers.get("access-control-allow-credentials") == ("true" if credentials else None)
    assert ("access-control-allow-methods" in answer.headers) == allowed


async def test_health_needs_no_site(world: World) -> None:
    assert (await ask(world, "GET", "/livez", host=None)).status == 200
    assert (await ask(world, "GET", "/readyz", host=None)).status == 503


async def test_OT_16_two_cookies_of_one_name_are_none(world: World) -> None:
    await ask(world, "GET", "/keys", headers=[("cookie", "sid=a; sid=b; other=c")])
    assert world.calls[0].cookie("sid") is None
    assert world.calls[0].cookie("other") == "c"
