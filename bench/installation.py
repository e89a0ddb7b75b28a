"""An installation of Segue to be measured: its org and people, and the tickets that a run spends."""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from segue.admin import applications, orgs, users
from segue.admin.change import Change
from segue.app import Segue, build
from segue.core.application import OidcClient, SamlServiceProvider
from segue.core.assurance import PASSWORD, Assurance, Proof
from segue.core.org import Domain
from segue.core.secret import partition_of
from segue.core.user import User
from segue.events import Circumstances
from segue.handoff.kinds import SESSION_TOKEN
from segue.handoff.mint import mint
from segue.settings import Settings, ensure_master_key, load
from segue.storage import migrate
from segue.stores import Commit, Guard

PAGE: Final = "https://app.example.com/callback"
SP: Final = "https://sp.example.com"
PASSWORD_OF_ALL: Final = "the same for everybody here"
PEOPLE: Final = 64
AUDIENCE: Final = "api://orders"
SCOPES: Final = {"orders:read": "Read orders"}
_AT_ONCE: Final = 64
_CODE_S: Final = 300
"""The longest life a code may have: codes are made before the clock of a round starts."""


@dataclass(frozen=True, slots=True)
class Client:
    client_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Installation:
    """Segue in this process, on the database that the server under test serves.

    ``clients`` by the algorithm of their ID tokens.
    """

    segue: Segue
    domain: Domain
    people: tuple[User, ...]
    clients: dict[str, Client]
    saml_path: str

    def where(self) -> Circumstances:
        source = self.segue.source
        return Circumstances(self.domain.org_id, source.now_at(), source, self.domain.authority)

    async def session_tokens(self, count: int) -> list[str]:
        """Session tokens as the Authentication API gives them out, without its password check; evenly to everybody."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(number: int) -> str:
            async with gate:
                return await self._session_token(self.people[number % len(self.people)])

        return await asyncio.gather(*(one(number) for number in range(count)))

    async def _session_token(self, user: User) -> str:
        where = self.where()
        minted = mint(
            SESSION_TOKEN,
            user=user,
            assurance=Assurance((Proof(PASSWORD, "knowledge", ("pwd",), where.now_at),)),
            domain=where.domain,
            source=where.source,
            now_at=where.now_at,
        )
        event = where.event("ticket.mint", user_id=user.id, credential_id=minted.bearer.id)
        guard = Guard(user.id, user.stamp)
        commit = Commit(user.org_id, partition_of(user.id), (event,), guard, credentials=(minted.credential,))
        if not await self.segue.store.commit(commit):
            raise RuntimeError("a session token could not be minted")
        return minted.bearer.text

    async def close(self) -> None:
        await self.segue.store.close()
        self.segue.hasher.close()


def new_settings(folder: Path, database_url: str | None, port: int) -> Settings:
    """Settings of an installation in ``folder`` (SQLite without a URL), its master key and its schema made."""
    settings = load(
        var=folder,
        database_url=database_url or f"sqlite:///{folder / 'segue.db'}",
        host="127.0.0.1",
        port=port,
        limit_scale=1000,
        log_level="warning",
    )
    folder.mkdir(parents=True, exist_ok=True)
    ensure_master_key(settings)
    migrate.upgrade(settings.database)
    return settings


async def install(settings: Settings) -> Installation:
    """The org with its people and applications, and this process's hold on it: close it at the end."""
    segue = build(settings)
    await segue.store.open()
    servers = (orgs.NewServer("Org", ""), orgs.NewServer("Orders", "oauth2/default", AUDIENCE, SCOPES))
    new = orgs.NewOrg("Benchmark", f"http://localhost:{settings.port}", "okta", servers)
    made = await orgs.establish_org(segue.store, segue.sealer, new, _change(segue, ""))
    change = _change(segue, made.org.id)
    await orgs.put_server(segue.store, replace(made.servers[1], code_s=_CODE_S), change)
    people = [await _person(segue, number, change) for number in range(PEOPLE)]
    clients = {
        "RS256": await _client(segue, "RS256", change),
        "ES256": await _client(segue, "ES256", change),
    }
    provider = SamlServiceProvider(
        f"{SP}/metadata", (f"{SP}/acs",), attributes={"email": "email", "first": "firstName", "last": "lastName"}
    )
    traits = applications.Traits(label="SAML", name="saml", everyone=True, home_authority=made.domain.authority)
    saml = (await applications.create_saml(segue.store, traits, provider, change)).application
    return Installation(segue, made.domain, tuple(people), clients, f"/app/{saml.name}/{saml.external_key}/sso/saml")


def _change(segue: Segue, org_id: str) -> Change:
    return Change(Circumstances(org_id, segue.source.now_at(), segue.source), "bench")


async def _person(segue: Segue, number: int, change: Change) -> User:
    login = f"person-{number:02}@example.com"
    profile = {"email": login, "firstName": "Ann", "lastName": f"Lee {number}", "locale": "en_GB"}
    new = users.NewUser(login, profile, PASSWORD_OF_ALL, limits_exempt=True)
    return await users.add_user(segue.store, segue.hasher, new, change)


async def _client(segue: Segue, algorithm: Literal["RS256", "ES256"], change: Change) -> Client:
    client = OidcClient(f"client-{algorithm}", (PAGE,), pkce_required=True, id_token_algorithm=algorithm)
    traits = applications.Traits(label=f"Web {algorithm}", name=f"web-{algorithm.lower()}", everyone=True)
    made = await applications.create_oidc(segue.store, traits, client, change, sealer=segue.sealer)
    return Client(f"client-{algorithm}", made.client_secret or "")
