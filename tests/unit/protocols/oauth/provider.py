"""An authorization server on a real SQLite store, with three clients and three users, and a browser to drive it."""

import asyncio
import hashlib
import os
import shutil
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from segue.core.application import Application, OidcClient
from segue.core.assurance import Assurance, Proof
from segue.core.clock import Source
from segue.core.org import AuthorizationServer, Domain, Org
from segue.core.refusal import Refusal
from segue.core.requirement import Requirement
from segue.core.sealing import Sealer
from segue.core.secret import digest, new_id, partition_of, random_partition
from segue.core.server import ServerScope
from segue.core.strict import Params
from segue.core.user import User
from segue.events import Circumstances, Event
from segue.handoff.kinds import SESSION_TOKEN, Slot
from segue.handoff.mint import mint
from segue.protocols.oauth.client_keys import ClientKeys
from segue.protocols.oauth.dpop import ProofNonces
from segue.protocols.oauth.endpoints import OAuthEndpoints
from segue.protocols.oauth.profile import Endpoints, OAuthProfile
from segue.signin.known_browsers import KnownBrowsers
from segue.signin.passwords import PasswordHasher
from segue.signin.transaction import Transactions
from segue.storage import open_store
from segue.storage.migrate import upgrade
from segue.stores import Commit, Guard, Store, Tombstone
from segue.stores.documents import DocumentUnavailable
from segue.tokens import keys
from segue.tokens.keys import KeyRing, SigningKey
from segue.tokens.signing import Signing
from segue.web.cookies import SessionCookies
from segue.web.frontchannel import FrontDoor
from segue.web.limits import RateLimiter
from segue.web.message import AutoPost, PostMessage, Redirect, Request, Response, Site
from segue.web.recorder import Recorder
from segue.web.sign_in_limits import SignInLimits

SEALER = Sealer(b"k" * 32)
KEY_SET = "oidc"
SECRET = "web-client-secret-1"
POST_SECRET = "post-client-secret"
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
WEB_CALLBACK = "https://web.example.net/callback"
SPA_CALLBACK = "https://spa.example.net/"
TICKETS = frozenset({"session_token"})


def _endpoints(server: AuthorizationServer, domain: Domain) -> Endpoints:
    base = f"{domain.base_url}/{server.path or 'main'}"
    return Endpoints(f"{base}/authorize", f"{base}/token", f"{base}/userinfo", f"{base}/keys", f"{base}/logout")


PROFILE = OAuthProfile(
    endpoints=_endpoints,
    subject=lambda user: user.id,
    access_token_claims=lambda facts: {
        "sub": facts.user.login,
        "scp": list(facts.scopes),
        "client_id": facts.client_id,
        "aud": "overridden",
    },
    sign_out_path="/signed-out",
    id_token_claims=lambda facts: {"ver": 1, "sid": facts.session_id},
    ticket_slots=(Slot("ticket", TICKETS), Slot("once", TICKETS)),
    access_token_prefix="AT.",
    id_token_prefix="ID.",
    # Without a typ nothing but claims tells the two kinds of token apart: the harder case.
    access_token_typ=None,
    id_token_typ=None,
    post_message_mode="message",
    slim_id_token=frozenset({"name", "email", "preferred_username"}),
    acr_requirements={"one": Requirement(1), "two": Requirement(2)},
)


def ident(prefix: str) -> str:
    return new_id(prefix, random_partition(os.urandom), 1_790_000_000_000, os.urandom)


def a_key(org_id: str, key_set: str = KEY_SET, algorithm: str = "RS256") -> SigningKey:
    return keys.generate(org_id, key_set, algorithm, sealer=SEALER, now_ms=0, common_name="test")


def basic(client_id: str, secret: str) -> str:
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return "Basic " + b64encode(pair.encode()).decode()


def answer_of(response: Response) -> dict[str, Any]:
    """The parameters of an authorization response, whatever its mode."""
    match response:
        case PostMessage(data=data):
            return dict(data)
        case AutoPost(fields=fields):
            return dict(fields)
        case Redirect(location=location):
            url = urlsplit(location)
            pairs = parse_qsl(url.query, keep_blank_values=True) + parse_qsl(url.fragment, keep_blank_values=True)
            assert len(dict(pairs)) == len(pairs)
            return dict(pairs)
    raise AssertionError(f"not an authorization response: {response}")


@dataclass
class Published:
    """What other servers publish, by address; ``asked`` counts how often each was read."""

    documents: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client_keys = ClientKeys(self)

    async def read(self, url: str) -> bytes:
        self.asked.append(url)
        if url not in self.documents:
            raise DocumentUnavailable("nothing is there")
        return self.documents[url]


@dataclass
class Provider:
    """``browser`` holds the cookies that the next request sends; responses put theirs there."""

    store: Store
    org: Org
    domain: Domain
    server: AuthorizationServer
    custom: AuthorizationServer
    web: Application
    spa: Application
    post: Application
    ann: User
    bob: User
    outsider: User
    source: Source
    recorder: Recorder
    signing: Signing
    channels: dict[str, Any]
    transactions: Transactions
    profile: OAuthProfile = PROFILE
    limiter: RateLimiter = field(default_factory=lambda: RateLimiter({}))
    browser: dict[str, str] = field(default_factory=dict)
    documents: Published = field(default_factory=Published)

    @property
    def client_keys(self) -> ClientKeys:
        return self.documents.client_keys

    @property
    def site(self) -> Site:
        return Site(self.org, self.domain)

    @property
    def endpoints(self) -> OAuthEndpoints:
        door = FrontDoor(
            config=self.store,
            store=self.store,
            recorder=self.recorder,
            transactions=self.transactions,
            source=self.source,
            channels={self.domain.dialect: self.channels},
            cookies={"test": SessionCookies("session")},
            sign_in_pages={"test": lambda key: f"/sign-in?key={key}"},
        )
        endpoints = OAuthEndpoints(
            door=door,
            config=self.store,
            store=self.store,
            signing=self.signing,
            profile=self.profile,
            limits=SignInLimits(self.limiter, self.store),
            client_keys=self.client_keys,
            nonces=ProofNonces(SEALER),
        )
        self.channels[self.profile.channel] = endpoints.channel
        return endpoints

    def where(self) -> Circumstances:
        return Circumstances(self.org.id, self.source.now_at(), self.source, domain=self.domain.authority)

    def request(
        self,
        method: str = "GET",
        *,
        query: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        form: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Request:
        def params(given: Mapping[str, str] | Sequence[tuple[str, str]]) -> Params:
            return Params(tuple(given.items() if isinstance(given, Mapping) else given))

        return Request(
            method=method,
            site=self.site,
            path="/",
            now_at=self.source.now_at(),
            request_id=ident("req"),
            query=params(query),
            form=params(form),
            headers=headers or {},
            cookies={name: (value,) for name, value in self.browser.items()},
            address="192.0.2.1",
        )

    def keep_cookies(self, response: Response) -> Response:
        for cookie in response.cookies:
            if cookie.value is None:
                self.browser.pop(cookie.name, None)
            else:
                self.browser[cookie.name] = cookie.value
        return response

    # --- the authorization endpoint ---

    def wish(self, app: Application | None = None, **changes: str | None) -> dict[str, str]:
        """A good authorization request; None removes a parameter."""
        app = app or self.web
        assert app.oidc
        params: dict[str, str | None] = {
            "client_id": app.oidc.client_id,
            "redirect_uri": app.oidc.redirect_uris[0],
            "response_type": "code",
            "scope": "openid email",
            "state": "st&te",
            **({"code_challenge": CHALLENGE, "code_challenge_method": "S256"} if app.oidc.needs_pkce else {}),
            **changes,
        }
        return {name: value for name, value in params.items() if value is not None}

    async def authorize(
        self,
        params: Mapping[str, str] | Sequence[tuple[str, str]],
        *,
        server: AuthorizationServer | None = None,
        method: str = "GET",
    ) -> Response:
        request = self.request("POST", form=params) if method == "POST" else self.request(query=params)
        return self.keep_cookies(await self.endpoints.authorize(request, server or self.server))

    async def answer(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return answer_of(await self.authorize(*args, **kwargs))

    async def ticket(self, user: User | None = None, *, age_s: float = 0) -> str:
        """A session token of a user who entered their password ``age_s`` seconds ago."""
        user = user or self.ann
        proof = Proof("password", "knowledge", ("pwd",), self.source.now_at() - int(age_s * 1000))
        minted = mint(
            SESSION_TOKEN,
            user=user,
            assurance=Assurance((proof,)),
            domain=self.domain.authority,
            source=self.source,
            now_at=self.source.now_at(),
        )
        event = self.where().event("ticket.mint", user_id=user.id)
        commit = Commit(
            self.org.id, partition_of(user.id), (event,), Guard(user.id, user.stamp), credentials=(minted.credential,)
        )
        assert await self.store.commit(commit)
        return minted.bearer.text

    async def sign_in(self, user: User | None = None, *, age_s: float = 0) -> None:
        """Gives the browser a session of ``user``."""
        answer = await self.answer(self.wish(self.post, ticket=await self.ticket(user, age_s=age_s)))
        assert "code" in answer

    async def code(self, app: Application | None = None, **changes: str | None) -> str:
        """A code for somebody who came with a ticket."""
        answer = await self.answer(self.wish(app, ticket=await self.ticket(), **changes))
        return str(answer["code"])

    async def revoke(self, ident: str) -> None:
        event = self.where().event("test.revoke", credential_id=ident)
        stones = (Tombstone(ident, "test"),)
        assert await self.store.commit(Commit(self.org.id, partition_of(ident), (event,), tombstones=stones))

    # --- the token endpoint and behind ---

    def exchange(self, code: str, /, **changes: str | None) -> dict[str, str]:
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": WEB_CALLBACK,
            **changes,
        }
        return {name: value for name, value in form.items() if value is not None}

    async def token(
        self,
        form: Mapping[str, str] | Sequence[tuple[str, str]],
        *,
        authorization: str | None = basic("web", SECRET),
        server: AuthorizationServer | None = None,
        query: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    ) -> dict[str, Any]:
        """The body of a good answer. Raises Refusal."""
        headers = {"authorization": authorization} if authorization else {}
        request = self.request("POST", form=form, query=query, headers=headers)
        response = await self.endpoints.token(request, server or self.server)
        assert response.status == 200
        assert response.cache_s == 0
        return dict(response.data)  # type: ignore[attr-defined]

    async def tokens(self, app: Application | None = None, **changes: str | None) -> dict[str, Any]:
        """All the way from a ticket to tokens, with the scopes of ``changes``."""
        return await self.token(self.exchange(await self.code(app, **changes)))

    async def userinfo(self, access_token: str, server: AuthorizationServer | None = None) -> dict[str, Any]:
        request = self.request(headers={"authorization": f"Bearer {access_token}"})
        response = await self.endpoints.userinfo(request, server or self.server)
        return dict(response.data)  # type: ignore[attr-defined]

    async def refused(self, call: Any) -> Refusal:
        """The refusal that ``call`` ends in."""
        try:
            result = await call
        except Refusal as refusal:
            return refusal
        raise AssertionError(f"not refused: {result}")

    async def events(self) -> list[Event]:
        rows = await self.store._rows("SELECT org_id, id FROM events ORDER BY at, id")  # type: ignore[attr-defined]
        found = [await self.store.event(row[0], row[1]) for row in rows]
        return [event for event in found if event is not None]


@dataclass(frozen=True)
class Scene:
    """What the database in ``folder`` is filled with."""

    folder: Path
    org: Org
    domain: Domain
    server: AuthorizationServer
    custom: AuthorizationServer
    web: Application
    spa: Application
    post: Application
    ann: User
    bob: User
    outsider: User


def _new_scene(folder: Path, org_id: str) -> Scene:
    server = AuthorizationServer(ident("aus"), org_id, "main", "", "", KEY_SET)
    custom = replace(server, id=ident("aus"), name="custom", path="as/custom", audience="api://custom")

    def client(name: str, **settings: Any) -> Application:
        oidc = OidcClient(name, response_types=frozenset({"code", "id_token"}), **settings)
        return Application(ident("0oa"), org_id, name, name.title(), f"ext{name}", oidc=oidc)

    def user(name: str, **profile: str) -> User:
        login = f"{name}@example.com"
        return User(ident("00u"), org_id, login, login, profile={"email": login, "firstName": name.title(), **profile})

    return Scene(
        folder=folder,
        org=Org(org_id, "Test"),
        domain=Domain("id.example.com", org_id, "test"),
        server=server,
        custom=replace(custom, scopes={"reports": ServerScope("reports", description="Read reports")}),
        web=client(
            "web",
            redirect_uris=(WEB_CALLBACK, "https://web.example.net/other?x=1"),
            post_logout_redirect_uris=("https://web.example.net/bye",),
            secret_digests=(digest(SECRET), digest("next-secret")),
        ),
        spa=client("spa", redirect_uris=(SPA_CALLBACK,), authentication="none"),
        post=client(
            "post",
            redirect_uris=("https://post.example.net/cb",),
            secret_digests=(digest(POST_SECRET),),
            authentication="client_secret_post",
        ),
        ann=user("ann", lastName="Example", nickName="A"),
        bob=user("bob"),
        outsider=user("outsider"),
    )


def _url(folder: Path) -> str:
    return f"sqlite:///{folder / 'segue.db'}"


async def seed(folder: Path, key: SigningKey) -> Scene:
    """Makes a database with a scene in it."""
    made, source = _new_scene(folder, key.org_id), Source()
    await asyncio.to_thread(upgrade, _url(folder))
    store = open_store(_url(folder), epoch=1)
    await store.open()
    where = Circumstances(made.org.id, source.now_at(), source)
    await store.put_org(made.org, where.event("org.create"))
    await store.put_domain(made.domain, where.event("domain.create"))
    for server in (made.server, made.custom):
        await store.put_authorization_server(server, where.event("server.create"))
    await store.put_signing_keys([keys.to_stored(key)], where.event("keys.create"))
    for person in (made.ann, made.bob, made.outsider):
        await store.add_user(person, where.event("user.create", user_id=person.id))
    for app in (made.web, made.spa, made.post):
        await store.put_application(app, where.event("application.create"))
        for person in (made.ann, made.bob):
            await store.assign(made.org.id, app.id, person.id, where.event("application.assign", user_id=person.id))
    await store.close()
    return made


async def open_provider(made: Scene, folder: Path, hasher: PasswordHasher) -> Provider:
    """A provider on a copy of that database in ``folder``."""
    shutil.copytree(made.folder, folder, dirs_exist_ok=True)
    store = open_store(_url(folder), epoch=1)
    await store.open()
    return Provider(
        store=store,
        org=made.org,
        domain=made.domain,
        server=made.server,
        custom=made.custom,
        web=made.web,
        spa=made.spa,
        post=made.post,
        ann=made.ann,
        bob=made.bob,
        outsider=made.outsider,
        source=Source(),
        recorder=Recorder(store),
        signing=Signing(store, KeyRing(SEALER)),
        channels={},
        transactions=Transactions(store, store, hasher, KnownBrowsers(store)),
    )
