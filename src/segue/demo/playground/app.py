"""The pages of the playground."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from segue.demo.handover import add_query
from segue.demo.pages import Doorkeeper, Pages, new_pages, read_form, static_files
from segue.demo.playground.flow import Flow
from segue.demo.playground.flows import FLOWS, flow
from segue.demo.playground.kit import Kit
from segue.demo.playground.recording import Exchange, arrived, departed, new_sent
from segue.demo.playground.runs import Done, Run, new_run
from segue.demo.playground.steps import BrowserStep, ServerStep
from segue.demo.playground.tokens import decode
from segue.demo.remembered import Remembered

_RUN_S: Final = 3600


@dataclass(frozen=True, slots=True)
class Playground:
    """``people`` are (login, password) of the demo's users, ``explain`` the command that explains an event."""

    kit: Kit
    people: tuple[tuple[str, str], ...]
    explain: str
    apps: tuple[tuple[str, str], ...] = ()
    neighbours: tuple[tuple[str, str], ...] = ()


def playground(config: Playground) -> Starlette:
    """The ASGI application."""
    return _Playground(config).application()


class _Playground:
    def __init__(self, config: Playground) -> None:
        self.config = config
        self.kit = config.kit
        self.runs: Remembered[Run] = Remembered(life_s=_RUN_S, most=500)
        self.pages: Pages = new_pages(
            connect=(self.kit.idp,),
            images=(self.kit.idp,),
            title_of_app="Segue playground",
            look="",
            home="/",
            idp=self.kit.idp,
            speaks="Demo app: every request shown as it happened",
            neighbours=config.neighbours,
            people=config.people,
            explain=config.explain,
            apps=config.apps,
            flows=FLOWS,
        )

    def application(self) -> Starlette:
        own = self.kit.own
        return Starlette(
            routes=[
                Route("/", self.index, methods=["GET"]),
                Route("/runs", self.start, methods=["POST"]),
                Route("/runs/{id}", self.show, methods=["GET"]),
                Route("/runs/{id}/step", self.step, methods=["POST"]),
                Route("/callback", self.callback, methods=["GET"]),
                Route("/callback", self.callback_form, methods=["POST"]),
                Route("/callback/fragment", self.callback_fragment, methods=["POST"]),
                Route("/saml/acs", self.callback_saml, methods=["POST"]),
                Route("/wsfed/reply", self.callback_wsfed, methods=["POST"]),
                Route("/landing", self.land, methods=["GET"]),
                Route("/initiate", self.start_sign_in, methods=["GET"]),
                Route("/image", self.show_image, methods=["GET"]),
                Route("/image/seen", self.image_seen, methods=["POST"]),
                Route("/authenticator", self.show_codes, methods=["GET"]),
                static_files(),
            ],
            middleware=[
                Middleware(Doorkeeper, own=own, open_paths=("/callback", "/saml/acs", "/wsfed/reply")),
                Middleware(
                    SessionMiddleware,
                    secret_key=secrets.token_urlsafe(32),
                    session_cookie="segue_playground",
                    same_site="lax",
                    https_only=own.startswith("https:"),
                ),
            ],
        )

    async def index(self, _request: Request) -> Response:
        return self.pages.html("playground/index.html")

    async def start(self, request: Request) -> Response:
        chosen = flow((await read_form(request)).get("flow", ""))
        if chosen is None:
            return self._lost("There is no such flow.")
        browser = request.session.setdefault("browser", secrets.token_urlsafe(18))
        run = new_run(chosen.id, browser)
        self.runs.put(run.id, run)
        self._prepare(run, chosen)
        return RedirectResponse(f"/runs/{run.id}", 303)

    async def show(self, request: Request) -> Response:
        found = self._run(request, request.path_params["id"])
        if found is None:
            return self._lost("This run is gone, or belongs to another browser.")
        run, walked = found
        waiting = None if run.over or run.position >= len(walked.steps) else walked.steps[run.position]
        if isinstance(waiting, BrowserStep):
            # For the one way back that brings no state along: see start_sign_in.
            request.session["expected"] = run.id
        asked = waiting.person if isinstance(waiting, ServerStep) and waiting.code else ""
        return self.pages.html(
            "playground/run.html",
            run=run,
            flow=walked,
            waiting=waiting,
            server_step=isinstance(waiting, ServerStep),
            person=self._person(waiting.person) if isinstance(waiting, ServerStep) else ("", ""),
            code=self.kit.authenticators[asked].unused_code() if asked else "",
            outgoing=new_sent("GET", run.outgoing) if isinstance(waiting, BrowserStep) else None,
            address=run.outgoing,
            tokens=[decoded for name, raw in run.tokens.items() if (decoded := decode(name, raw))],
            sign_out=add_query(f"{self.kit.idp}/login/signout", fromURI=f"{self.kit.own}/"),
        )

    async def step(self, request: Request) -> Response:
        """Makes the server step that waits."""
        found = self._run(request, request.path_params["id"])
        if found is None:
            return self._lost("This run is gone, or belongs to another browser.")
        run, walked = found
        form = await read_form(request)
        waiting = walked.steps[run.position] if not run.over and run.position < len(walked.steps) else None
        # A form sent twice must not make the next step instead.
        if isinstance(waiting, ServerStep) and form.get("position") == str(run.position):
            try:
                done = await waiting.act(self.kit, run, form)
            except (httpx.HTTPError, ValueError) as error:
                done = Done([], f"Segue gave no answer that could be read ({type(error).__name__}).", failed=True)
            self._advance(run, walked, done)
        return self._back_to(run)

    async def callback(self, request: Request) -> Response:
        """The answer in the address; or a page whose script reads what stands behind the #."""
        params = dict(request.query_params)
        if not params:
            return self.pages.html("playground/fragment.html")
        url = f"{self.kit.redirect_uri}?{request.url.query}"
        return self._receive(request, params, arrived("GET", url, request.headers), params.get("state", ""))

    async def callback_form(self, request: Request) -> Response:
        form = await read_form(request)
        exchange = arrived("POST", self.kit.redirect_uri, request.headers, tuple(form.items()))
        return self._receive(request, form, exchange, form.get("state", ""))

    async def callback_fragment(self, request: Request) -> Response:
        """What the script found behind the #, or a whole address that somebody without scripts pasted."""
        form = await read_form(request)
        if "address" in form:
            form = dict(parse_qsl(urlsplit(form["address"].strip()).fragment))
        exchange = arrived("GET", self.kit.redirect_uri, {}, fragment=tuple(form.items()))
        return self._receive(request, form, exchange, form.get("state", ""))

    async def callback_saml(self, request: Request) -> Response:
        form = await read_form(request)
        exchange = arrived("POST", self.kit.acs_url, request.headers, tuple(form.items()))
        return self._receive(request, form, exchange, form.get("RelayState", ""))

    async def callback_wsfed(self, request: Request) -> Response:
        form = await read_form(request)
        exchange = arrived("POST", self.kit.reply_url, request.headers, tuple(form.items()))
        return self._receive(request, form, exchange, form.get("wctx", ""))

    async def land(self, request: Request) -> Response:
        """Where links lead back to."""
        params = dict(request.query_params)
        exchange = arrived("GET", f"{self.kit.landing}?{request.url.query}", request.headers)
        return self._receive(request, params, exchange, params.get("state", ""))

    async def start_sign_in(self, request: Request) -> Response:
        """The playground's initiate_login_uri. Somebody else's link may lead here too, so that it does nothing but go
        on with a run of this browser that waits for just this."""
        found = self._run(request, request.session.pop("expected", ""))
        state = found[0].values.get("state", "") if found else ""
        exchange = arrived("GET", f"{self.kit.own}/initiate?{request.url.query}", request.headers)
        return self._receive(request, dict(request.query_params), exchange, state)

    async def show_image(self, request: Request) -> Response:
        """A page that holds the session image of a run."""
        state = request.query_params.get("state", "")
        found = self._run(request, state.partition(".")[0])
        image = found[0].values.get("cookieTokenUrl") if found else None
        if image is None:
            return self._lost("There is no image to show.")
        return self.pages.html("playground/image.html", image=image, state=state)

    async def image_seen(self, request: Request) -> Response:
        form = await read_form(request)
        exchange = arrived("POST", f"{self.kit.own}/image/seen", request.headers, tuple(form.items()))
        return self._receive(request, form, exchange, form.get("state", ""))

    async def show_codes(self, _request: Request) -> Response:
        """The stand-in for an authenticator app."""
        shown = [
            {"login": self._person(name)[0], "code": app.code(), "secret": app.secret}
            for name, app in self.kit.authenticators.items()
        ]
        left_s = min(app.left_s for app in self.kit.authenticators.values())
        return self.pages.html("playground/authenticator.html", shown=shown, left_s=left_s)

    def _person(self, name: str) -> tuple[str, str]:
        """Login and password of one of the demo's people, by the name before the @."""
        return next((one for one in self.config.people if one[0].startswith(f"{name}@")), self.config.people[0])

    def _receive(self, request: Request, params: Mapping[str, str], exchange: Exchange, state: str) -> Response:
        """Goes on with the run that ``state`` names, if it waits for just this."""
        found = self._run(request, state.partition(".")[0])
        if found is None or not secrets.compare_digest(found[0].values.get("state", "").encode(), state.encode()):
            return self._lost("This answer belongs to no request of this browser that is still open here.")
        run, walked = found
        waiting = walked.steps[run.position] if not run.over and run.position < len(walked.steps) else None
        if not isinstance(waiting, BrowserStep):
            return self._lost("This run waits for something else.")
        del run.values["state"]
        done = waiting.receive(run, params)
        done.exchanges = [departed(run.outgoing), exchange]
        self._advance(run, walked, done)
        return self._back_to(run)

    def _advance(self, run: Run, walked: Flow, done: Done) -> None:
        run.finish_step(done)
        self._prepare(run, walked)

    def _prepare(self, run: Run, walked: Flow) -> None:
        """Where the next step takes the browser is fixed before it is shown."""
        waiting = walked.steps[run.position] if not run.over and run.position < len(walked.steps) else None
        run.outgoing = waiting.leave(self.kit, run) if isinstance(waiting, BrowserStep) else ""

    def _run(self, request: Request, run_id: str) -> tuple[Run, Flow] | None:
        """The run of that id, if this browser started it."""
        run = self.runs.get(run_id)
        walked = flow(run.flow_id) if run else None
        if run is None or walked is None or run.browser != request.session.get("browser"):
            return None
        return run, walked

    def _back_to(self, run: Run) -> Response:
        return RedirectResponse(f"/runs/{run.id}#now", 303)

    def _lost(self, text: str) -> Response:
        return self.pages.html("playground/lost.html", status=404, text=text)
