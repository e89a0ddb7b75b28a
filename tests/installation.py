"""What the orgs under test hold, and ways to change them as an administrator would, through ``segue.admin``."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from segue.admin import applications, orgs, origins, roles, tokens, trust, users
from segue.admin.change import Change
from segue.app import Segue
from segue.core.application import (
    Application,
    AppLink,
    Bookmark,
    OidcClient,
    SamlServiceProvider,
    WsFedRelyingParty,
)
from segue.core.assurance import PASSWORD, Assurance, Proof
from segue.core.org import Domain, OrgSettings
from segue.core.requirement import Requirement
from segue.core.secret import partition_of
from segue.core.strict import JsonValue
from segue.core.user import User, UserStatus
from segue.events import Circumstances, Event
from segue.handoff.kinds import SESSION_TOKEN
from segue.handoff.mint import mint
from segue.protocols.oauth.grants.token_exchange import TOKEN_EXCHANGE
from segue.stores import Commit, Guard, Tombstone
from segue.tokens.signing import Signing

APP = "https://app.example.com"
TRUSTED_ORIGIN = "https://login.example.com"
REDIRECT_ONLY_ORIGIN = "https://portal.example.com"
CORS_ONLY_ORIGIN = "https://calls.example.com"
SP = "https://sp.example.com"
WSFED_REALM = "https://example.com/App/"
MAIL = "https://mail.google.com/a/your-subdomain"
AUDIENCE = "api://default"


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    login: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Client:
    """An OIDC client as its developer knows it; ``secret`` is "" for a public one."""

    app_id: str
    client_id: str
    secret: str = field(repr=False)
    redirect_uri: str
    authentication: str


@dataclass(frozen=True, slots=True)
class SamlApp:
    app_id: str
    sso_path: str
    metadata_path: str
    entity_id: str
    acs_url: str
    link_path: str = ""


@dataclass(frozen=True, slots=True)
class WsFedApp:
    app_id: str
    sso_path: str
    link_path: str
    external_key: str
    realm: str
    reply_url: str


@dataclass(frozen=True, slots=True)
class LinkedApp:
    """An application that its links start: ``links`` are names and paths of both kinds, ``starts`` where each leads."""

    app_id: str
    name: str
    links: Mapping[str, tuple[str, str]]
    starts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SeededOrg:
    org_id: str
    domain: Domain
    people: Mapping[str, Person]
    clients: Mapping[str, Client]
    saml: Mapping[str, SamlApp]
    wsfed: Mapping[str, WsFedApp]
    linked: Mapping[str, LinkedApp]
    api_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Installation:
    """An org of an installation in the hands of an administrator."""

    segue: Segue
    org_id: str
    domain: Domain

    @property
    def where(self) -> Circumstances:
        source = self.segue.source
        return Circumstances(self.org_id, source.now_at(), source, self.domain.authority)

    @property
    def change(self) -> Change:
        return Change(self.where, "cli:test")

    async def add_person(
        self, login: str, profile: Mapping[str, str] | None = None, *, password: str | None = None, exempt: bool = False
    ) -> Person:
        """A new user; ``password`` "" makes one without a password."""
        password = new_password() if password is None else password
        new = users.NewUser(login, {"email": login, **(profile or {})}, password or None, exempt)
        user = await users.add_user(self.segue.store, self.segue.hasher, new, self.change)
        return Person(user.id, login, password)

    async def set_status(self, user_id: str, status: UserStatus) -> None:
        await users.set_status(self.segue.store, user_id, status, self.change)

    async def set_password(self, user_id: str, password: str) -> None:
        await users.set_password(self.segue.store, self.segue.hasher, user_id, password, self.change)

    async def set_profile(self, user_id: str, profile: Mapping[str, str]) -> None:
        await users.set_profile(self.segue.store, user_id, profile, self.change)

    async def assign(self, app_id: str, user_id: str) -> None:
        await applications.assign(self.segue.store, app_id, user_id, self.change)

    async def unassign(self, app_id: str, user_id: str) -> None:
        await applications.unassign(self.segue.store, app_id, user_id, self.change)

    async def change_application(self, app_id: str, **changes: object) -> None:
        known = await applications.find_application(self.segue.store, app_id, self.change)
        await applications.update_application(self.segue.store, replace(known, **changes), self.change)  # type: ignore[arg-type]

    async def user(self, user_id: str) -> User:
        found = await self.segue.store.user(self.org_id, user_id)
        assert found is not None
        return found

    async def event(self, event_id: str) -> Event:
        found = await self.segue.store.event(self.org_id, event_id)
        assert found is not None, event_id
        return found

    async def revoke(self, credential_id: str, reason: str = "revoked") -> None:
        event = self.change.event("session.revoke", credential_id=credential_id)
        stones = (Tombstone(credential_id, reason),)
        await self.segue.store.commit(Commit(self.org_id, partition_of(credential_id), (event,), tombstones=stones))

    async def session_tokens(self, user_id: str, count: int = 1) -> list[str]:
        """Session tokens as the Authentication API gives them out, without its password check."""
        user, where, given = await self.user(user_id), self.where, []
        for _ in range(count):
            proved = Assurance((Proof(PASSWORD, "knowledge", ("pwd",), where.now_at),))
            minted = mint(
                SESSION_TOKEN,
                user=user,
                assurance=proved,
                domain=where.domain,
                source=where.source,
                now_at=where.now_at,
            )
            commit = Commit(
                self.org_id,
                partition_of(user.id),
                (where.event("ticket.mint", user_id=user.id, credential_id=minted.bearer.id),),
                Guard(user.id, user.stamp),
                credentials=(minted.credential,),
            )
            assert await self.segue.store.commit(commit)
            given.append(minted.bearer.text)
        return given

    async def sign(self, claims: Mapping[str, JsonValue], *, typ: str | None = None, key_set: str = "main") -> str:
        """A token with these claims that really is signed by the org's key."""
        signing = Signing(self.segue.store, self.segue.ring)
        key = await signing.current(self.org_id, key_set, self.where.now_at)
        return await signing.issue(claims, typ=typ, key=key)


async def seed(segue: Segue, base_url: str, settings: OrgSettings) -> SeededOrg:
    """An org at ``base_url`` that speaks the Okta dialect, with all that the tests use.

    Client ids, names and people are the same in every org, so that nothing but the org tells their credentials apart.
    """
    new = orgs.NewOrg(
        name="Tests & Trials",
        base_url=base_url,
        dialect="okta",
        servers=(
            orgs.NewServer("Org", ""),
            orgs.NewServer("default", "oauth2/default", AUDIENCE, {"orders:read": "Read orders"}),
        ),
        settings=settings,
    )
    nowhere = Change(Circumstances("", segue.source.now_at(), segue.source), "cli:test")
    made = await orgs.establish_org(segue.store, segue.sealer, new, nowhere)
    installation = Installation(segue, made.org.id, made.domain)
    change = installation.change
    for name, origin, scopes in (
        ("Login page", TRUSTED_ORIGIN, ["CORS", "REDIRECT"]),
        ("Portal", REDIRECT_ONLY_ORIGIN, ["REDIRECT"]),
        ("Calls only", CORS_ONLY_ORIGIN, ["CORS"]),
        ("The seeds' application", "https://your-app.example.com", ["REDIRECT"]),
        ("The seeds' portal", "https://www.example.com", ["REDIRECT"]),
    ):
        await origins.trust_origin(segue.store, name=name, origin=origin, scopes=scopes, change=change)  # type: ignore[arg-type]
    people = await _people(installation)
    clients = await _clients(installation, people)
    saml = await _service_providers(installation, people)
    wsfed = await _relying_parties(installation, people)
    linked = await _linked(installation, people)
    await _trust_map(installation, clients, saml, wsfed)
    owner = await installation.user(people["carol"].id)
    await roles.assign_role(segue.store, owner, "owner", installation.change)
    token = await tokens.mint_api_token(segue.store, owner, "tests", installation.change)
    return SeededOrg(made.org.id, made.domain, people, clients, saml, wsfed, linked, token.bearer.text)


async def _people(installation: Installation) -> dict[str, Person]:
    """ann and bob sign in all over the tests; everybody else is there for one thing."""
    ann = {"firstName": "Ann", "lastName": "Lee", "locale": "en_GB", "timezone": "Europe/London", "city": "Leeds"}
    people = {
        "ann": await installation.add_person("ann@example.com", ann, exempt=True),
        "bob": await installation.add_person("bob@example.com", {"firstName": "Bob"}, exempt=True),
        "carol": await installation.add_person("carol@example.com"),
        "suspended": await installation.add_person("sue@example.com"),
        "deprovisioned": await installation.add_person("dee@example.com"),
        "no password": await installation.add_person("nemo@example.com", password=""),
        "art": await installation.add_person(
            "art.vandelay@example.com", password="correct horse battery staple", exempt=True
        ),
        "victim": await installation.add_person("victor@example.com"),
    }
    await installation.set_status(people["suspended"].id, "suspended")
    await installation.set_status(people["deprovisioned"].id, "deprovisioned")
    return people


async def _clients(installation: Installation, people: Mapping[str, Person]) -> dict[str, Client]:
    both = frozenset({"code", "id_token"})
    grants = frozenset({"authorization_code", "implicit"})
    direct = frozenset({"authorization_code", "password", "refresh_token"})
    offline = frozenset({"authorization_code", "refresh_token"})
    code = frozenset({"code"})
    phone = (code, direct)
    exchanging = direct | {TOKEN_EXCHANGE}
    callback, goodbye = (f"{APP}/callback",), (f"{APP}/goodbye",)
    settings = {
        "web": OidcClient("web-client", callback, goodbye, both, grants, "client_secret_basic"),
        "post": OidcClient("post-client", (f"{APP}/post",), (), both, grants, "client_secret_post"),
        "spa": OidcClient("spa-client", (f"{APP}/spa", f"{APP}/spa?tab=1"), goodbye, both, grants, "none"),
        "native": OidcClient(
            "native-client", ("http://127.0.0.1/done", "com.example.app:/done"), authentication="none", native=True
        ),
        "strict": OidcClient("strict-client", (f"{APP}/strict",), pkce_required=True),
        "code only": OidcClient("code-client", (f"{APP}/code",)),
        "seed": OidcClient("seed-client", ("https://your-app.example.com",), (), both, grants, "none"),
        "assigned": OidcClient("assigned-client", (f"{APP}/assigned",), (), both, grants, "client_secret_basic"),
        "replacing": OidcClient("replacing-client", (f"{APP}/replacing",), (), both, grants, "client_secret_basic"),
        "refusing": OidcClient("refusing-client", (f"{APP}/refusing",), (), both, grants, "client_secret_basic"),
        "keeping": OidcClient("keeping-client", (f"{APP}/keeping",), (), both, grants, "client_secret_basic"),
        "strict about users": OidcClient("users-client", (f"{APP}/users",), (), both, grants, "client_secret_basic"),
        "ending": OidcClient("ending-client", (f"{APP}/ending",), (), both, grants, "client_secret_basic"),
        "direct": OidcClient("direct-client", (f"{APP}/direct",), grant_types=direct),
        "phone": OidcClient("phone-client", ("com.example.phone:/done",), (), *phone, "none", native=True),
        "single page": OidcClient("single-page-client", (f"{APP}/single",), (), frozenset({"code"}), offline, "none"),
        "lasting": OidcClient("lasting-client", (f"{APP}/lasting",), grant_types=direct, refresh_rotation="static"),
        "demanding": OidcClient("demanding-client", (f"{APP}/demanding",), grant_types=direct),
        "origin": OidcClient("origin-client", (f"{APP}/origin",), grant_types=exchanging),
        "phone origin": OidcClient(
            "phone-origin-client", ("com.example.origin:/done",), (), code, exchanging, "none", native=True
        ),
        "page origin": OidcClient("page-origin-client", (f"{APP}/page",), (), code, exchanging, "none"),
        "lonely": OidcClient("lonely-client", (f"{APP}/lonely",), grant_types=exchanging),
        "direct assigned": OidcClient("direct-assigned-client", (f"{APP}/direct-assigned",), grant_types=direct),
    }
    outcomes = {
        "replacing": "replace",
        "refusing": "refuse",
        "keeping": "keep",
        "strict about users": "login_required",
        "ending": "end_and_prompt",
    }
    clients = {}
    for name, client in settings.items():
        traits = applications.Traits(
            label=f"The {name} <app>",
            name=name.replace(" ", "-"),
            everyone=name not in ("assigned", "direct assigned"),
            requirement=Requirement(factors=2 if name == "demanding" else 1),
            when_other_user=outcomes.get(name),  # type: ignore[arg-type]
        )
        made = await applications.create_oidc(installation.segue.store, traits, client, installation.change)
        clients[name] = Client(
            made.application.id,
            client.client_id,
            made.client_secret or "",
            client.redirect_uris[0],
            client.authentication,
        )
    for name in ("assigned", "direct assigned"):
        await _assign_both(installation, clients[name].app_id, people)
    return clients


async def _service_providers(installation: Installation, people: Mapping[str, Person]) -> dict[str, SamlApp]:
    attributes = {"email": "email", "first": "firstName", "last": "lastName"}
    settings = {
        "saml": SamlServiceProvider(f"{SP}/saml", (f"{SP}/auth/saml20", f"{SP}/acs/second"), attributes=attributes),
        "other": SamlServiceProvider(f"{SP}/other", (f"{SP}/other/acs",)),
        "assigned": SamlServiceProvider(f"{SP}/assigned", (f"{SP}/assigned/acs",)),
        "template": SamlServiceProvider(f"{SP}/template", (f"{SP}/auth/saml20",)),
        "accepting": SamlServiceProvider(
            f"{SP}/accepting",
            (f"{SP}/accepting/acs",),
            certificates_pem=(service_provider_key().certificate_pem,),
        ),
        "signed": SamlServiceProvider(
            f"{SP}/signed",
            (f"{SP}/signed/acs",),
            want_signed_requests=True,
            certificates_pem=(service_provider_key().certificate_pem,),
        ),
    }
    found = {}
    for name, provider in settings.items():
        traits = applications.Traits(
            label=f"SAML {name}",
            name="template_saml_2_0" if name == "template" else f"app_{name}_1",
            everyone=name != "assigned",
            home_authority=installation.domain.authority,
        )
        made = await applications.create_saml(installation.segue.store, traits, provider, installation.change)
        app: Application = made.application
        found[name] = SamlApp(
            app.id,
            f"/app/{app.name}/{app.external_key}/sso/saml",
            f"/app/{app.external_key}/sso/saml/metadata",
            provider.entity_id,
            provider.acs_urls[0],
            f"/home/{app.name}/{app.id}/{app.links[0].id}",
        )
    await _assign_both(installation, found["assigned"].app_id, people)
    return found


async def _assign_both(installation: Installation, app_id: str, people: Mapping[str, Person]) -> None:
    for person in ("ann", "bob"):
        await installation.assign(app_id, people[person].id)


async def _relying_parties(installation: Installation, people: Mapping[str, Person]) -> dict[str, WsFedApp]:
    attributes = {
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress": "email",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname": "firstName",
    }
    settings = {
        "wsfed": WsFedRelyingParty(
            WSFED_REALM, (f"{WSFED_REALM}signin", f"{WSFED_REALM}second"), attributes=attributes
        ),
        "wsfed11": WsFedRelyingParty("urn:example:app11", (f"{APP}/wsfed11",), "saml11", attributes=attributes),
        "assigned": WsFedRelyingParty("urn:example:assigned", (f"{APP}/wsfed-assigned",)),
    }
    found = {}
    for name, party in settings.items():
        traits = applications.Traits(
            label=f"WS-Fed {name}",
            name="template_wsfed",
            everyone=name != "assigned",
            home_authority=installation.domain.authority,
        )
        made = await applications.create_wsfed(installation.segue.store, traits, party, installation.change)
        app = made.application
        found[name] = WsFedApp(
            app.id,
            f"/app/{app.name}/{app.external_key}/sso/wsfed/passive",
            f"/app/{app.name}/{app.external_key}/{app.links[0].name}",
            app.external_key,
            party.realm,
            party.reply_urls[0],
        )
    await _assign_both(installation, found["assigned"].app_id, people)
    return found


async def _trust_map(
    installation: Installation,
    clients: Mapping[str, Client],
    saml: Mapping[str, SamlApp],
    wsfed: Mapping[str, WsFedApp],
) -> None:
    """Three applications that may hand sign-ins over, and applications of every protocol that take them."""
    targets = [clients[name].app_id for name in ("web", "assigned", "code only", "demanding")]
    targets += [saml[name].app_id for name in ("saml", "assigned")] + [
        wsfed[name].app_id for name in ("wsfed", "assigned")
    ]
    for target in targets:
        for origin in ("origin", "phone origin", "page origin"):
            store, change = installation.segue.store, installation.change
            await trust.trust_application(store, target, clients[origin].app_id, change)


async def _linked(installation: Installation, people: Mapping[str, Person]) -> dict[str, LinkedApp]:
    """A bookmark with two links for everybody, one for ann and bob alone, and a client that begins its own sign-in."""
    store, change = installation.segue.store, installation.change
    links = (AppLink("", "mail", "Mail", MAIL), AppLink("", "calendar", "Calendar", f"{MAIL}/calendar?view=week"))
    traits = applications.Traits("Suite", name="google", everyone=True, links=links)
    suite = await applications.create_bookmark(store, traits, Bookmark(MAIL), change)
    assigned = await applications.create_bookmark(store, applications.Traits("Wiki"), Bookmark(f"{APP}/wiki"), change)
    client = OidcClient("starting-client", (f"{APP}/starting",), initiate_login_uri=f"{APP}/login?from=dashboard")
    starting = await applications.create_oidc(store, applications.Traits("Starting", everyone=True), client, change)
    await _assign_both(installation, assigned.application.id, people)
    address = f"{APP}/login?from=dashboard&iss={quote(installation.domain.base_url, safe='')}"
    return {
        "suite": _linked_app(suite.application, {"mail": MAIL, "calendar": f"{MAIL}/calendar?view=week"}),
        "assigned": _linked_app(assigned.application, {"start": f"{APP}/wiki"}),
        "starting": _linked_app(starting.application, {"start": address}),
    }


def _linked_app(app: Application, starts: Mapping[str, str]) -> LinkedApp:
    links = {
        link.name: (f"/home/{app.name}/{app.id}/{link.id}", f"/app/{app.name}/{app.external_key}/{link.name}")
        for link in app.links
    }
    return LinkedApp(app.id, app.name, links, starts)


@dataclass(frozen=True, slots=True)
class KeyWithCertificate:
    key: rsa.RSAPrivateKey = field(repr=False)
    certificate: x509.Certificate

    @property
    def certificate_pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()


@cache
def service_provider_key() -> KeyWithCertificate:
    """The key that the service provider ``signed`` signs its requests with; one for the whole run."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sp.example.com")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(int.from_bytes(os.urandom(8), "big") | 1)
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=9))
    return KeyWithCertificate(key, builder.sign(key, hashes.SHA256()))


def new_password() -> str:
    """A password that nobody guesses, and that is found wherever it was written."""
    return f"pw-{secrets.token_hex(12)}"
