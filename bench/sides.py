"""The two sides: each makes the jobs of an operation, and each job checks that it got the answer it was after."""

import asyncio
import base64
import json
import secrets
import zlib
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit

from bench.client import Answer, Caller, Request, Unexpected, prepare
from bench.installation import PAGE, PASSWORD_OF_ALL, SP, Client, Installation

Job = Callable[[Caller], Awaitable[Any]]
"""One piece of work. It answers what it got, and raises Unexpected for anything else."""

CALLERS: Final = 16
SESSIONS: Final = 4 * CALLERS
"""A multiple of the callers: job ``n`` goes to caller ``n % CALLERS`` and has session ``n % SESSIONS``, so that no two
callers use one session at once."""

_SCOPE: Final = "openid profile email orders:read"
# The example of RFC 7636, appendix B.
_VERIFIER: Final = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
_CHALLENGE: Final = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
_PEER_SECRET: Final = "a secret of the benchmark, known to all"
_FORM: Final = {"content-type": "application/x-www-form-urlencoded"}
_JSON: Final = {"content-type": "application/json", "accept": "application/json"}
_BROWSER: Final = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
_REDIRECTS_TO_SIGN_IN: Final = 3


async def run_jobs(jobs: Sequence[Job], callers: Sequence[Caller]) -> list[Any]:
    """All jobs, dealt out to the callers by turns; the results in the order of the jobs."""
    results: list[Any] = [None] * len(jobs)

    async def work(first: int, caller: Caller) -> None:
        for number in range(first, len(jobs), len(callers)):
            results[number] = await jobs[number](caller)

    await asyncio.gather(*(work(first, caller) for first, caller in enumerate(callers)))
    return results


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The issuer of a side with one client that uses it. Addresses are paths."""

    authority: str
    authorize: str
    token: str
    discovery: str
    keys: str
    client: Client

    def authorization(self, cookie: str = "", **more: str) -> Request:
        """An authorization request for a code with PKCE, as a browser brings it from a web application."""
        query = {
            "client_id": self.client.client_id,
            "response_type": "code",
            "redirect_uri": PAGE,
            "scope": _SCOPE,
            "state": secrets.token_urlsafe(12),
            "nonce": secrets.token_urlsafe(12),
            "code_challenge": _CHALLENGE,
            "code_challenge_method": "S256",
            **more,
        }
        return browser_get(self.authority, f"{self.authorize}?{urlencode(query)}", cookie)

    def exchange(self, code: str) -> Request:
        """The token request for ``code``, with the client's secret in the header."""
        pair = f"{quote_plus(self.client.client_id)}:{quote_plus(self.client.secret)}"
        headers = {**_FORM, "authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": PAGE, "code_verifier": _VERIFIER}
        return prepare("POST", self.token, self.authority, headers, urlencode(form).encode())


class CodeSide(ABC):
    """What both sides do alike: with a session an authorization request becomes a code, and a code tokens.

    ``endpoints`` are named by the algorithm of the client's ID tokens; ``sessions`` holds cookies once people are
    signed in.
    """

    def __init__(self, name: str, endpoints: dict[str, Endpoints]) -> None:
        self.name = name
        self.endpoints = endpoints
        self.sessions: list[str] = []

    @abstractmethod
    async def open(self, caller: Caller) -> None:
        """Signs people in, so that there are sessions to work with."""

    async def jobs(self, operation: str, count: int, callers: Sequence[Caller]) -> list[Job]:
        """That many jobs of an operation; ``callers`` fetch what they need beforehand."""
        kind, _, algorithm = operation.partition("-")
        at = self.endpoints[algorithm.upper() or "RS256"]
        match kind:
            case "authorize":
                return [self._authorize(at, number) for number in range(count)]
            case "exchange":
                codes = await run_jobs([self._authorize(at, number) for number in range(count)], callers)
                return [_expecting(at.exchange(code), b'"id_token"') for code in codes]
            case "flow":
                return [self._flow(at, number) for number in range(count)]
            case "discovery":
                return [_expecting(browser_get(at.authority, at.discovery), b'"issuer"')] * count
            case "keys":
                return [_expecting(browser_get(at.authority, at.keys), b'"kty"')] * count
        raise KeyError(operation)

    def session(self, number: int) -> str:
        return self.sessions[number % len(self.sessions)]

    def _authorize(self, at: Endpoints, number: int) -> Job:
        return _for_code(at.authorization(self.session(number)))

    def _flow(self, at: Endpoints, number: int) -> Job:
        begin = self._authorize(at, number)

        async def job(caller: Caller) -> Answer:
            code = await begin(caller)
            return (await caller.ask(at.exchange(code))).expect(200, b'"id_token"')

        return job

    async def algorithms(self, name: str, caller: Caller) -> tuple[str, str]:
        """What the access token and the ID token of the endpoints ``name`` are really signed with."""
        (job,) = await self.jobs(f"exchange-{name.lower()}", 1, [caller])
        tokens = json.loads((await job(caller)).body)
        return _algorithm(tokens["access_token"]), _algorithm(tokens["id_token"])


class SegueSide(CodeSide):
    """Segue, by the addresses of its Okta dialect. ``installation`` makes the tickets that a run spends."""

    def __init__(self, name: str, installation: Installation) -> None:
        self._authority = installation.domain.authority
        self._installation = installation
        super().__init__(name, {algorithm: self._of(client) for algorithm, client in installation.clients.items()})

    def _of(self, client: Client) -> Endpoints:
        base = "/oauth2/default"
        return Endpoints(
            self._authority,
            f"{base}/v1/authorize",
            f"{base}/v1/token",
            f"{base}/.well-known/openid-configuration",
            f"{base}/v1/keys",
            client,
        )

    async def open(self, caller: Caller) -> None:
        for token in await self._installation.session_tokens(SESSIONS):
            answer = await caller.ask(self._redemption(token))
            code_of(answer)
            self.sessions.append("; ".join(line.partition(";")[0] for line in answer.headers("set-cookie")))

    async def jobs(self, operation: str, count: int, callers: Sequence[Caller]) -> list[Job]:
        match operation:
            case "redeem":
                return [_for_code(self._redemption(token)) for token in await self._installation.session_tokens(count)]
            case "mint" | "mint-cheap":
                return [_expecting(self._authentication(number), b'"sessionToken"') for number in range(count)]
            case "saml":
                return [_expecting(self._saml(number), b'name="SAMLResponse"') for number in range(count)]
            case "session":
                looks = [browser_get(self._authority, "/api/v1/sessions/me", cookie) for cookie in self.sessions]
                return [_expecting(looks[number % len(looks)], b'"ACTIVE"') for number in range(count)]
        return await super().jobs(operation, count, callers)

    def _redemption(self, token: str) -> Request:
        return self.endpoints["RS256"].authorization(prompt="none", sessionToken=token)

    def _authentication(self, number: int) -> Request:
        people = self._installation.people
        body = json.dumps({"username": people[number % len(people)].login, "password": PASSWORD_OF_ALL}).encode()
        return prepare("POST", "/api/v1/authn", self._authority, {**_JSON, **_BROWSER}, body)

    def _saml(self, number: int) -> Request:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        message = (
            f'<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" '
            f'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_{secrets.token_hex(16)}" Version="2.0" '
            f'IssueInstant="{now}"><saml:Issuer>{SP}/metadata</saml:Issuer></samlp:AuthnRequest>'
        )
        compressor = zlib.compressobj(wbits=-15)
        deflated = compressor.compress(message.encode()) + compressor.flush()
        query = urlencode({"SAMLRequest": base64.b64encode(deflated).decode(), "RelayState": "/orders"})
        return browser_get(self._authority, f"{self._installation.saml_path}?{query}", self.session(number))


class PeerSide(CodeSide):
    """The peer, by its default addresses."""

    def __init__(self, authority: str) -> None:
        self._authority = authority
        super().__init__("peer", {algorithm: self._at(algorithm) for algorithm in ("RS256", "ES256")})

    def _at(self, algorithm: str) -> Endpoints:
        client = Client(f"client-{algorithm}", _PEER_SECRET)
        return Endpoints(self._authority, "/auth", "/token", "/.well-known/openid-configuration", "/jwks", client)

    async def open(self, caller: Caller) -> None:
        for number in range(SESSIONS):
            cookies: dict[str, str] = {}
            request = self.endpoints["RS256"].authorization(login_hint=f"person-{number:02}@example.com")
            for _ in range(_REDIRECTS_TO_SIGN_IN):
                answer = (await caller.ask(request)).expect(303)
                pairs = (line.partition(";")[0].partition("=") for line in answer.headers("set-cookie"))
                cookies |= {name: value for name, _, value in pairs}
                target = answer.header("location").removeprefix(f"http://{self._authority}")
                header = "; ".join(f"{name}={value}" for name, value in cookies.items())
                request = browser_get(self._authority, target, header)
            code_of(answer)
            self.sessions.append(f"_session={cookies['_session']}")


def browser_get(authority: str, target: str, cookie: str = "") -> Request:
    return prepare("GET", target, authority, {**_BROWSER, **({"cookie": cookie} if cookie else {})})


def code_of(answer: Answer) -> str:
    """The code in a redirect to the application. Raises Unexpected."""
    location = answer.header("location")
    code = parse_qs(urlsplit(location).query).get("code") if location.startswith(PAGE) else None
    if not code:
        raise Unexpected(f"wanted a code, got\n{(answer.head + answer.body)[:2000].decode('latin-1')}")
    return code[0]


def _for_code(request: Request) -> Job:
    async def job(caller: Caller) -> str:
        return code_of(await caller.ask(request))

    return job


def _expecting(request: Request, text: bytes) -> Job:
    async def job(caller: Caller) -> Answer:
        return (await caller.ask(request)).expect(200, text)

    return job


def _algorithm(token: str) -> str:
    """The ``alg`` of a token's header."""
    head = token.partition(".")[0]
    found: str = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["alg"]
    return found
