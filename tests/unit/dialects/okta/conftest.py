"""One org of this dialect on a real store, behind the real edge, and a browser that keeps cookies."""

import json
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

import pytest

from segue.admin.passwords import check_password
from segue.core.application import Application, OidcClient, SamlServiceProvider
from segue.core.clock import Source
from segue.core.org import AuthorizationServer, Domain, Org, OrgSettings, TrustedOrigin
from segue.core.sealing import Sealer
from segue.core.secret import digest, new_id, partition_of, random_partition
from segue.core.user import User
from segue.dialects import okta
from segue.events import Circumstances, Event
from segue.handoff.kinds import SESSION_TOKEN
from segue.handoff.mint import mint
from segue.outbound.documents import FetchedDocuments
from segue.outbound.fetcher import Fetcher
from segue.outbound.folder import Folder
from segue.outbound.mail import FolderMail
from segue.outbound.messages import FolderMessages
from segue.protocols.oauth.client_keys import ClientKeys
from segue.protocols.oauth.dpop import ProofNonces
from segue.protocols.oauth.endpoints import OAuthEndpoints
from segue.protocols.saml.sso import SamlSignOn
from segue.protocols.wsfed import WsFedSignOn
from segue.signin.factors.registry import Factors, build_factors
from segue.signin.known_browsers import KnownBrowsers
from segue.signin.passwords import PasswordHasher
from segue.signin.steps import Steps, build_steps
from segue.signin.transaction import Transactions
from segue.storage import open_store
from segue.storage.migrate import upgrade
from segue.stores import Commit, Guard, PushAnswer, PushRequest, Store
from segue.tokens.keys import KeyRing, SigningKey, generate, to_stored
from segue.tokens.signing import Signing
from segue.web.cors import CorsPolicy
from segue.web.edge import Edge
from segue.web.frontchannel import FrontDoor
from segue.web.launch import Launch
from segue.web.limits import RateLimiter
from segue.web.message import Site
from segue.web.recorder import Recorder
from segue.web.rendering import new_renderer
from segue.web.routing import RouteTable
from segue.web.session_image import SessionImage
from segue.web.sign_in_limits import SignInLimits

BASE = "http://localhost:8080"
PASSWORD = "a long enough password"
TRUSTED = "https://login.example.com"
CORS_ONLY = "https://cors.example.com"
CALLBACK = "https://web.example.com/callback"
CLIENT_SECRET = "a secret of the web application"
MASTER_KEY = bytes(range(32))


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def header(self, name: str) -> str | None:
        values = self.all(name)
        assert len(values) < 2, f"{name} is there {len(values)} times"
        return values[0] if values else None

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def location(self) -> str:
        location = self.header("location")
        assert location is not None, f"{self.status} without a Location"
        return location


@dataclass
class Browser:
    """Talks to the edge as ASGI; keeps the cookies it is given."""

    edge: Edge
    cookies: dict[str, str] = field(default_factory=dict)
    address: str = "192.0.2.7"
    page: str = ""

    async def get(self, address: str, **headers: str) -> Answer:
        return await self.send("GET", address, headers=headers)

    async def post_form(self, address: str, fields: dict[str, str], **headers: str) -> Answer:
        body = urlencode(fields).encode()
        headers = {"content_type": "application/x-www-form-urlencoded", **headers}
        return await self.send("POST", address, body=body, headers=headers)

    async def post_json(self, address: str, data: object, **headers: str) -> Answer:
        headers = {"content_type": "application/json", **headers}
        return await self.send("POST", address, body=json.dumps(data).encode(), headers=headers)

    async def open(self, address: str, **headers: str) -> Answer:
        """Opens an address and follows it to a page; ``page`` is where that is."""
        answer = await self.get(address, **headers)
        self.page = address
        while answer.status in (302, 303) and answer.location.startswith(f"{BASE}/"):
            self.page = answer.location
            answer = await self.get(self.page)
        return answer

    async def send(
        self, method: str, address: str, *, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        url = urlsplit(urljoin(BASE, address))
        sent = {"host": url.netloc, "content-length": str(len(body))}
        sent |= {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        if self.cookies and "cookie" not in sent:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        scope = {
            "type": "http",
            "method": method,
            "path": url.path or "/",
            "query_string": url.query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
            "client": (self.address, 50_000),
        }
        messages: list[dict] = []

        async def receive() -> dict:
            return {"type": "http.request", "body": body}

        async def keep(message: dict) -> None:
            messages.append(message)

        await self.edge(scope, receive, keep)
        start, content = messages
        answer = Answer(
            start["status"], [(name.decode(), value.decode()) for name, value in start["headers"]], content["body"]
        )
        self._keep_cookies(answer)
        return answer

    def _keep_cookies(self, answer: Answer) -> None:
        for line in answer.all("set-cookie"):
            name, _, rest = line.partition("=")
            value = rest.partition(";")[0]
            if "Max-Age=0" in line:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value


@dataclass
class Form:
    """The one form of a page."""

    method: str
    action: str
    fields: dict[str, dict[str, str]]
    buttons: list[dict[str, str]]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.labels: set[str] = set()
        self.texts: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append((tag, found))
        if tag == "form":
            self.forms.append(Form(found.get("method", ""), found.get("action", ""), {}, []))
        elif tag == "input":
            self.forms[-1].fields[found["name"]] = found
        elif tag == "button":
            self.forms[-1].buttons.append(found)
        elif tag == "label":
            self.labels.add(found["for"])

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read_page(answer: Answer) -> _Reader:
    reader = _Reader()
    reader.feed(answer.text)
    return reader


def read_form(answer: Answer) -> Form:
    (form,) = read_page(answer).forms
    return form


@dataclass
class House:
    """Everything one org of this dialect is made of. ``now_at`` may be moved by a test."""

    store: Store
    org: Org
    domain: Domain
    ann: User
    bob: User
    web: Application
    saml: Application
    edge: Edge
    door: FrontDoor
    limiter: RateLimiter
    clock: "Clock"
    events: "Events"
    factors: Factors
    steps: Steps
    outbox: Path
    devices: "Devices"
    sites: dict[str, Site]

    def browser(self) -> Browser:
        return Browser(self.edge)

    async def configure(self, **settings: object) -> None:
        """Changes settings of the org, for the requests that follow."""
        self.org = replace(self.org, settings=replace(self.org.settings, **settings))
        await self.store.put_org(self.org, self.where().event("org.update"))
        self.sites[self.domain.authority] = Site(self.org, self.domain)

    def where(self) -> Circumstances:
        return Circumstances(self.org.id, self.clock.now_at(), self.door.source, domain=self.domain.authority)

    async def session_token(self, user: User) -> str:
        """A session token as the API gives it out."""
        answer = await self.browser().post_json("/api/v1/authn", {"username": user.login, "password": PASSWORD})
        assert answer.status == 200, answer.text
        return answer.json["sessionToken"]

    async def sign_in(self, user: User, browser: Browser | None = None) -> Browser:
        """A browser that signed in at the hosted page."""
        browser = browser or self.browser()
        page = await browser.open("/login/login.htm")
        assert page.status == 200, page.text
        answer = await browser.post_form(browser.page, {"username": user.login, "password": PASSWORD})
        assert answer.status == 303, answer.text
        return browser

    async def mint(self, user: User, *, life_ms: int | None = None) -> str:
        """A session token with another life than usual."""
        kind = SESSION_TOKEN if life_ms is None else replace(SESSION_TOKEN, life_ms=life_ms)
        where = self.where()
        proved = await self.door.transactions.password(self.org, user.login, PASSWORD, where)
        minted = mint(
            kind,
            user=user,
            assurance=proved.assurance,
            domain=self.domain.authority,
            source=where.source,
            now_at=where.now_at,
        )
        event = where.event("ticket.mint", user_id=user.id)
        guard = Guard(user.id, user.stamp)
        written = await self.store.commit(
            Commit(self.org.id, partition_of(user.id), (event,), guard, credentials=(minted.credential,))
        )
        assert written
        return minted.bearer.text


@dataclass
class Devices:
    """A provider of pushes with the devices in it: a test says what people answer."""

    asked: list[PushRequest] = field(default_factory=list)
    answer: PushAnswer = "waiting"

    async def start(self, request: PushRequest) -> None:
        self.asked.append(request)

    async def poll(self, _request_id: str) -> PushAnswer:
        return self.answer


@dataclass
class Clock:
    """The real clock, which a test may push forward."""

    ahead_ms: int = 0

    def now_at(self) -> int:
        return Source().now_at() + self.ahead_ms


@dataclass
class Events:
    """Remembers refusals on their way to the store."""

    store: Store
    seen: list[Event] = field(default_factory=list)

    async def append(self, events) -> None:
        self.seen.extend(events)
        await self.store.append(events)

    async def event(self, org_id: str, event_id: str) -> Event | None:
        return await self.store.event(org_id, event_id)


def ident(prefix: str) -> str:
    return new_id(prefix, random_partition(os.urandom), 1_790_000_000_000, os.urandom)


@pytest.fixture(scope="session")
def quick_hasher() -> Iterator[PasswordHasher]:
    pool = PasswordHasher(memory_kib=64, passes=1, lanes=1)
    yield pool
    pool.close()


@pytest.fixture(scope="session")
def signing_key() -> SigningKey:
    sealer = Sealer(MASTER_KEY)
    return generate(ident("00o"), "main", "RS256", sealer=sealer, now_ms=Source().now_at(), common_name="Test")


@pytest.fixture
async def house(tmp_path: Path, quick_hasher: PasswordHasher, signing_key: SigningKey) -> AsyncIterator[House]:
    url = f"sqlite:///{tmp_path / 'segue.db'}"
    upgrade(url)
    store = open_store(url, epoch=1)
    await store.open()
    clock = Clock()
    source = Source(now_at=clock.now_at)
    links = (("Playground", "http://localhost:9103/", "Every flow, <step> by step"),)
    org = Org(signing_key.org_id, "Acme & Daughters", settings=OrgSettings(landing_links=links))
    domain = Domain("localhost:8080", org.id, okta.DIALECT, "http")
    where = Circumstances(org.id, source.now_at(), source, domain=domain.authority)
    await store.put_org(org, where.event("org.create"))
    await store.put_domain(domain, where.event("domain.create"))
    await store.put_signing_keys([to_stored(signing_key)], where.event("keys.create"))
    ann, bob, web, saml = await _fill(store, org, where, await quick_hasher.hash(PASSWORD.encode()))
    sites = {domain.authority: Site(org, domain)}

    events = Events(store)
    recorder = Recorder(events)
    limiter = RateLimiter({})
    channels: dict = {}
    door = FrontDoor(
        config=store,
        store=store,
        recorder=recorder,
        transactions=Transactions(store, store, quick_hasher, KnownBrowsers(store)),
        source=source,
        channels={okta.DIALECT: channels},
        cookies={okta.DIALECT: okta.COOKIES},
        sign_in_pages={okta.DIALECT: okta.sign_in_location},
    )
    signing = Signing(store, KeyRing(Sealer(MASTER_KEY)))
    oauth = OAuthEndpoints(
        door=door,
        config=store,
        store=store,
        signing=signing,
        profile=okta.oauth_profile(),
        limits=SignInLimits(limiter, store),
        client_keys=ClientKeys(FetchedDocuments(Fetcher())),
        nonces=ProofNonces(signing.ring.sealer),
    )
    sso = SamlSignOn(door=door, config=store, store=store, signing=signing, source=source, profile=okta.saml_profile())
    wsfed = WsFedSignOn(door=door, config=store, signing=signing, source=source, profile=okta.wsfed_profile())
    image = SessionImage(door, CorsPolicy(store))
    outbox, devices = tmp_path / "out", Devices()
    folder = Folder(outbox, source)
    mail = FolderMail(folder, "Segue <segue@id.example.com>")
    factors = build_factors(
        sealer=Sealer(MASTER_KEY),
        hasher=quick_hasher,
        attempts=store,
        mail=mail,
        messages=FolderMessages(folder),
        push=devices,
    )
    steps = build_steps(store, factors, door.transactions, check_password=check_password, mail=mail)
    services = okta.OktaServices(
        door, store, oauth, sso, wsfed, Launch(door), image, limiter, factors, steps, Sealer(MASTER_KEY)
    )
    channels |= {channel.name: channel for channel in okta.front_channels(services)}
    surface = okta.surface(services)

    async def find_site(authority: str) -> Site | None:
        return sites.get(authority)

    async def addresses() -> list[str]:
        return [domain.base_url]

    async def ready() -> bool:
        return True

    edge = Edge(
        surfaces={okta.DIALECT: surface},
        find_site=find_site,
        addresses=addresses,
        ready=ready,
        cors=CorsPolicy(store),
        limiter=limiter,
        renderer=new_renderer(os.urandom),
        recorder=recorder,
        source=source,
        tables={okta.DIALECT: RouteTable.of(surface.routes)},
    )
    yield House(
        store,
        org,
        domain,
        ann,
        bob,
        web,
        saml,
        edge,
        door,
        limiter,
        clock,
        events,
        factors,
        steps,
        outbox,
        devices,
        sites,
    )
    await store.close()


async def _fill(
    store: Store, org: Org, where: Circumstances, password_hash: str
) -> tuple[User, User, Application, Application]:
    def user(name: str, first: str, last: str) -> User:
        login = f"{name}@example.com"
        profile = {"firstName": first, "lastName": last, "email": login}
        changed_at = 1_790_000_000_123
        return User(
            ident("00u"),
            org.id,
            login,
            login,
            profile=profile,
            password_hash=password_hash,
            password_changed_at=changed_at,
        )

    ann, bob = user("ann", "Ann", "Lee"), user("bob", "Bob", "Stone")
    web = Application(
        ident("0oa"),
        org.id,
        "web",
        "Web",
        "exkweb",
        oidc=OidcClient(
            "webclient",
            redirect_uris=(CALLBACK,),
            response_types=frozenset({"code", "id_token"}),
            grant_types=frozenset({"authorization_code", "implicit"}),
            secret_digests=(digest(CLIENT_SECRET),),
        ),
    )
    saml = Application(
        ident("0oa"),
        org.id,
        "acme_expenses_1",
        "Expenses",
        "exksaml",
        saml=SamlServiceProvider("https://sp.example.com", ("https://sp.example.com/acs",)),
    )
    for person in (ann, bob):
        await store.add_user(person, where.event("user.create", user_id=person.id))
    for app in (web, saml):
        await store.put_application(app, where.event("application.create"))
        for person in (ann, bob):
            await store.assign(org.id, app.id, person.id, where.event("application.assign", user_id=person.id))
    own = AuthorizationServer(ident("aus"), org.id, "Own", "", "", "main")
    default = AuthorizationServer("default", org.id, "Default", "oauth2/default", "api://default", "main")
    for server in (own, default):
        await store.put_authorization_server(server, where.event("authorization_server.create"))
    for name, origin, scopes in (("login", TRUSTED, {"CORS", "REDIRECT"}), ("api", CORS_ONLY, {"CORS"})):
        trusted = TrustedOrigin(ident("tos"), org.id, name, origin, frozenset(scopes))
        await store.put_trusted_origin(trusted, where.event("trusted_origin.create"))
    return ann, bob, web, saml
