"""Where second factors are tried out in a browser: a server of its own, its people, and all that it sends to them."""

import asyncio
import json
import re
import secrets
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

import pyotp
from playwright.async_api import BrowserContext, CDPSession, Page
from tests.installation import Installation, Person
from tests.server import Server, running_server

from segue.admin import applications
from segue.app.factors import factors_of, providers_of
from segue.core.application import AppLink, Bookmark
from segue.core.factor import FactorEnrollment, FactorType
from segue.core.org import Group, OrgSettings
from segue.core.requirement import Requirement
from segue.events import Event
from segue.signin.factors.factor import FactorContext

GROUP = "00gstrongersignins00"
STEP_S = 30


@dataclass(frozen=True)
class Place:
    """A server whose org asks the members of a group for a second factor, and the folder of what it sends."""

    server: Server
    sent: Path
    phones: "Phones"

    @property
    def url(self) -> str:
        return self.server.site.base_url

    async def person(self, *, grouped: bool = True, exempt: bool = False) -> Person:
        """Somebody new, who has no factor yet. Who is exempt may be sent as many codes as they want."""

        async def add(installation: Installation) -> Person:
            login = f"p{secrets.token_hex(6)}@x.example"
            person = await installation.add_person(login, {"firstName": "Pia"}, exempt=exempt)
            store, event = installation.segue.store, installation.change.event("group.change")
            await store.put_group(Group(GROUP, installation.org_id, "Stronger sign-ins"), event)
            if grouped:
                await store.add_member(installation.org_id, GROUP, person.id, event_of(installation))
            return person

        return await asyncio.to_thread(self.server.inside, add)

    async def enroll(self, person: Person, type: FactorType, **details: str) -> dict[str, object]:
        """Gives somebody an active factor; answers what they would have been shown."""

        async def put(installation: Installation) -> dict[str, object]:
            context = await context_of(installation, person)
            segue = installation.segue
            factors = factors_of(providers_of(segue.settings, segue.source), segue.sealer, segue.hasher, segue.store)
            offer = await factors.enroll(context, type, None, details)
            active = replace(offer.enrollment, status="active")
            await installation.segue.store.put_factor(active, event_of(installation))
            return dict(offer.shown)

        return await asyncio.to_thread(self.server.inside, put)

    async def factors(self, person: Person) -> list[FactorEnrollment]:
        async def read(installation: Installation) -> list[FactorEnrollment]:
            return list(await installation.segue.store.factors(installation.org_id, person.id))

        return await asyncio.to_thread(self.server.inside, read)

    async def demanding_client(self) -> str:
        """The authorization request of a client that wants two factors."""
        client = self.server.site.org.clients["code only"]

        async def demand(installation: Installation) -> None:
            await installation.change_application(client.app_id, requirement=Requirement(factors=2))

        await asyncio.to_thread(self.server.inside, demand)
        parameters = {
            "client_id": client.client_id,
            "redirect_uri": client.redirect_uri,
            "response_type": "code",
            "scope": "openid",
            "state": "state",
        }
        return urlencode(parameters)

    async def give_applications(self) -> None:
        """Bookmarks for everybody, one of them with two links."""

        async def give(installation: Installation) -> None:
            made = {"Time sheets": (), "Wiki": (("read", "Read the wiki"), ("write", "Write in the wiki"))}
            for label, links in made.items():
                traits = applications.Traits(
                    label=label,
                    name=label.partition(" ")[0].lower(),
                    everyone=True,
                    links=tuple(AppLink(name, name, text) for name, text in links),
                )
                bookmark = Bookmark(f"https://{traits.name}.example.com/")
                await applications.create_bookmark(installation.segue.store, traits, bookmark, installation.change)

        await asyncio.to_thread(self.server.inside, give)

    async def age_sessions(self, person: Person) -> None:
        """Moves the proofs in somebody's sessions ten minutes back."""

        def age() -> None:
            for ident, text in self.server.rows("SELECT id, data FROM credentials WHERE user_id = ?", person.id):
                data = json.loads(text)
                for proof in data.get("assurance", []):
                    proof["at"] -= 10 * 60_000
                self.server.execute("UPDATE credentials SET data = ? WHERE id = ?", json.dumps(data), ident)

        await asyncio.to_thread(age)

    def last_code(self) -> str:
        """The code in what was sent last."""
        newest = sorted(self.sent.iterdir())[-1].read_text()
        found = re.search(r"\b(\d{6})\b", newest.partition("\n\n")[2] or newest)
        assert found, newest
        return found[1]


def event_of(installation: Installation) -> Event:
    return installation.change.event("test.prepare")


async def context_of(installation: Installation, person: Person) -> FactorContext:
    org = await installation.segue.store.org(installation.org_id)
    assert org is not None
    user = await installation.user(person.id)
    return FactorContext(org, installation.domain, user, installation.where, "test")


@dataclass
class Phones:
    """The provider of pushes, with the phones of everybody: ``answer`` is what people say."""

    answer: str = "waiting"
    asked: list[dict[str, object]] = field(default_factory=list)


@contextmanager
def provider(phones: Phones) -> Iterator[str]:
    """Listens for pushes; answers the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["content-length"])))
            answer: dict[str, object] = {}
            if message["type"] == "push.start":
                phones.asked.append(message["data"])
            else:
                answer = {"id": message["data"]["id"], "status": phones.answer}
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: what is asked is in ``phones``."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def running_place(folder: Path) -> Iterator[Place]:
    every: tuple[FactorType, ...] = ("totp", "webauthn", "push", "email", "sms", "call", "question", "recovery_code")
    settings = OrgSettings(
        second_factor_groups=(GROUP,), factors=every, remember_device_s=30 * 24 * 3600, lockout_attempts=6
    )
    phones, sent = Phones(), folder / "sent"
    with (
        provider(phones) as target,
        running_server(
            folder,
            org_settings=settings,
            mail=f"file://{sent}",
            mail_from="segue@x.example",
            messages=f"file://{sent}",
            push=f"http://{target}/push",
            webhook_secret=f"whsec_{b64encode(secrets.token_bytes(32)).decode()}",
            allowed_targets=target,
        ) as server,
    ):
        yield Place(server, sent, phones)


def code(shown: dict[str, object], ahead: int = 0) -> str:
    """The code of an authenticator app, now or some steps away."""
    return pyotp.TOTP(str(shown["secret"])).at(int(time.time()) + ahead * STEP_S)


async def enter_password(page: Page, place: Place, person: Person) -> None:
    await page.goto(f"{place.url}/login/login.htm")
    await page.fill("#username", person.login)
    await page.fill("#password", person.password)
    await page.click("#login-submit")


async def enter_code(page: Page, text: str) -> None:
    await page.fill("#passcode", text)
    await page.click("#factor-submit")


async def signed_in(context: BrowserContext, place: Place) -> dict[str, object] | None:
    answer = await context.request.get(f"{place.url}/api/v1/sessions/me")
    return await answer.json() if answer.status == 200 else None


async def virtual_key(page: Page, context: BrowserContext) -> tuple[CDPSession, str]:
    """A security key in software, plugged in to the browser."""
    client = await context.new_cdp_session(page)
    await client.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "usb",
        "hasUserVerification": False,
        "automaticPresenceSimulation": True,
    }
    added = await client.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return client, added["authenticatorId"]
