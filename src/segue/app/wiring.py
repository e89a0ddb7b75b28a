"""Builds everything from the settings: the one module that knows every concrete class."""

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from segue.admin.keys import ASSERTION_KEYS
from segue.admin.passwords import check_password
from segue.admin.roles import actor_by_roles
from segue.app.checks import check_configuration, open_checked
from segue.app.factors import factors_of, fetcher_of, providers_of
from segue.console import TEMPLATES, Console, ConsoleChannel, Desk, Entrance, Seals
from segue.core.clock import Source
from segue.core.sealing import Sealer
from segue.dialects import auth0, okta
from segue.jobs.group_rules import GroupRules
from segue.jobs.key_rotation import KeyRotation
from segue.jobs.periodic import Periodic, run_all
from segue.jobs.purge import Purge
from segue.outbound.documents import FetchedDocuments
from segue.protocols.oauth.client_keys import ClientKeys
from segue.protocols.oauth.dpop import ProofNonces
from segue.protocols.oauth.endpoints import OAuthEndpoints
from segue.protocols.saml.sso import SamlProfile, SamlSignOn
from segue.protocols.wsfed import WsFedProfile, WsFedSignOn
from segue.settings import Settings, read_epoch, read_secrets
from segue.signin.errands import Errands
from segue.signin.known_browsers import KnownBrowsers
from segue.signin.passwords import PasswordHasher
from segue.signin.second_factor import SecondFactors
from segue.signin.steps import Steps, build_steps
from segue.signin.transaction import Transactions
from segue.storage import open_store
from segue.storage.cached import CachedConfig
from segue.stores import Store, StoreUnavailable
from segue.tokens.keys import KeyRing
from segue.tokens.signing import Signing
from segue.web.cors import CorsPolicy
from segue.web.edge import Edge
from segue.web.frontchannel import FrontChannel, FrontDoor
from segue.web.launch import Launch
from segue.web.limits import Limit, RateLimiter
from segue.web.message import Site
from segue.web.recorder import BUDGET, Recorder
from segue.web.rendering import new_renderer
from segue.web.routing import RouteTable
from segue.web.session_image import SessionImage
from segue.web.sign_in_limits import SignInLimits

log = logging.getLogger(__name__)

_PURGE_EVERY_S: Final = 300
_GROUP_RULES_EVERY_S: Final = 15
_ROTATION_CHECK_EVERY_S: Final = 900
_READY_WITHIN_S: Final = 1.0
_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 24 * _HOUR_MS


@dataclass(slots=True)
class Segue:
    """A built installation. ``start`` before the first request, ``stop`` after the last; belongs to one event loop."""

    settings: Settings
    store: Store
    config: CachedConfig
    sealer: Sealer
    ring: KeyRing
    hasher: PasswordHasher
    recorder: Recorder
    source: Source
    edge: Edge
    jobs: tuple[Periodic, ...]
    errands: Errands
    _running: asyncio.Task[None] | None = field(default=None, repr=False)

    async def start(self) -> None:
        """Opens the database and sets the jobs going.

        Raises CannotStart where the database is away or has another schema, where a domain may not be served, or where
        the master key opens nothing.
        """
        await open_checked(self.store, self.settings)
        try:
            await check_configuration(self.store, self.ring, self.settings, self.source.now_at())
        except BaseException:
            await self.store.close()
            raise
        self._running = asyncio.create_task(run_all(self.jobs), name="jobs")

    async def stop(self) -> None:
        """Ends the jobs, writes what is still to be written, closes the database."""
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running
            self._running = None
        await self.errands.finish()
        try:
            await self.recorder.flush()
        except StoreUnavailable as error:
            log.warning("the last counts of refusals could not be written", extra={"reason": str(error)})
        self.hasher.close()
        await self.store.close()


def build(settings: Settings, *, source: Source | None = None) -> Segue:
    """Everything, wired and not yet started. Raises SettingsError, ValueError for a database address of no engine."""
    source = source or Source()
    secrets = read_secrets(settings)
    sealer = Sealer(secrets.master_key, previous=secrets.previous)
    store = open_store(settings.database, epoch=read_epoch(settings))
    config = CachedConfig(store)
    ring = KeyRing(sealer)
    hasher = PasswordHasher(threads=settings.password_threads, waiting=settings.password_waiting)
    recorder = Recorder(store, budget=max(1, round(BUDGET * settings.limit_scale)))
    limiter = RateLimiter(_scaled({**okta.LIMITS, **auth0.LIMITS}, settings.limit_scale))
    channels: dict[str, dict[str, FrontChannel]] = {}
    door = FrontDoor(
        config=config,
        store=store,
        recorder=recorder,
        transactions=Transactions(users=store, attempts=store, hasher=hasher, browsers=KnownBrowsers(store)),
        source=source,
        channels=channels,
        cookies={okta.DIALECT: okta.COOKIES, auth0.DIALECT: auth0.COOKIES},
        sign_in_pages={okta.DIALECT: okta.sign_in_location, auth0.DIALECT: auth0.login_location},
    )
    providers = providers_of(settings, source)
    factors = factors_of(providers, sealer, hasher, store)
    steps = build_steps(store, factors, door.transactions, check_password=check_password, mail=providers.mail)
    signing = Signing(config, ring)
    services = _okta_services(door, store, signing, limiter, steps, settings)
    others = _auth0_services(door, store, signing, limiter, steps, settings)
    channels[okta.DIALECT] = _by_name(*okta.front_channels(services), ConsoleChannel())
    channels[auth0.DIALECT] = _by_name(*auth0.front_channels(others), ConsoleChannel())
    console = _console(door, store, sealer, hasher, steps, settings)
    surfaces = {
        surface.dialect: replace(surface, routes=(*surface.routes, *console.routes()))
        for surface in (okta.surface(services), auth0.surface(others))
    }
    edge = Edge(
        surfaces=surfaces,
        tables={dialect: RouteTable.of(surface.routes) for dialect, surface in surfaces.items()},
        find_site=Sites(config).find,
        addresses=Sites(config).addresses,
        ready=Readiness(store).ready,
        cors=CorsPolicy(config),
        limiter=limiter,
        renderer=new_renderer(source.random, TEMPLATES),
        recorder=recorder,
        source=source,
        trusted_proxies=settings.trusted_proxies,
        device_header=settings.device_header.lower(),
    )
    jobs = _jobs(settings, store, sealer, source)
    return Segue(settings, store, config, sealer, ring, hasher, recorder, source, edge, jobs, steps.recovery.errands)


@dataclass(frozen=True, slots=True)
class Sites:
    """Which site an authority is, by configuration alone (ED-01)."""

    config: CachedConfig

    async def find(self, authority: str) -> Site | None:
        domain = await self.config.domain(authority)
        org = await self.config.org(domain.org_id) if domain is not None else None
        if domain is None or org is None or org.status != "active":
            return None
        return Site(org, domain)

    async def addresses(self) -> Sequence[str]:
        return [domain.base_url for domain in await self.config.domains()]


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether this process can serve: the database answers."""

    store: Store

    async def ready(self) -> bool:
        try:
            async with asyncio.timeout(_READY_WITHIN_S):
                await self.store.ping()
        except (StoreUnavailable, TimeoutError):
            return False
        return True


def _okta_services(
    door: FrontDoor, store: Store, signing: Signing, limiter: RateLimiter, steps: Steps, settings: Settings
) -> okta.OktaServices:
    """What the dialect's routes call."""
    config, source = door.config, door.source
    saml_profile, wsfed_profile = _federation(okta.DIALECT)
    return okta.OktaServices(
        door=door,
        store=store,
        oauth=OAuthEndpoints(
            door=door,
            config=config,
            store=store,
            signing=signing,
            profile=okta.oauth_profile(),
            limits=SignInLimits(limiter, store),
            client_keys=ClientKeys(FetchedDocuments(fetcher_of(settings))),
            nonces=ProofNonces(signing.ring.sealer),
        ),
        saml=SamlSignOn(door=door, config=config, store=store, signing=signing, source=source, profile=saml_profile),
        wsfed=WsFedSignOn(door=door, config=config, signing=signing, source=source, profile=wsfed_profile),
        launch=Launch(door),
        image=SessionImage(door, CorsPolicy(config)),
        limiter=limiter,
        factors=steps.factors,
        steps=steps,
        sealer=signing.ring.sealer,
        local_names=settings.local_names,
    )


def _federation(dialect: str) -> tuple[SamlProfile, WsFedProfile]:
    """The profiles of a dialect. What an application calls us follows the domain that is its home, and with it that
    domain's dialect, whichever door was used."""
    saml = {okta.DIALECT: okta.saml_profile(), auth0.DIALECT: auth0.saml_profile()}
    wsfed = {okta.DIALECT: okta.wsfed_profile(), auth0.DIALECT: auth0.wsfed_profile()}
    return (
        replace(
            saml[dialect],
            key_set=ASSERTION_KEYS,
            sso_url=lambda app, domain: saml[domain.dialect].sso_url(app, domain),
            entity_id=lambda app, domain: saml[domain.dialect].entity_id(app, domain),
        ),
        replace(
            wsfed[dialect],
            key_set=ASSERTION_KEYS,
            entity_id=lambda app, domain: wsfed[domain.dialect].entity_id(app, domain),
        ),
    )


def _auth0_services(
    door: FrontDoor, store: Store, signing: Signing, limiter: RateLimiter, steps: Steps, settings: Settings
) -> auth0.Auth0Services:
    """What the other dialect's routes call."""
    saml_profile, wsfed_profile = _federation(auth0.DIALECT)
    config, source = door.config, door.source
    return auth0.Auth0Services(
        door=door,
        store=store,
        oauth=OAuthEndpoints(
            door=door,
            config=config,
            store=store,
            signing=signing,
            profile=auth0.oauth_profile(),
            limits=SignInLimits(limiter, store),
            client_keys=ClientKeys(FetchedDocuments(fetcher_of(settings))),
            nonces=ProofNonces(signing.ring.sealer),
        ),
        saml=SamlSignOn(door=door, config=config, store=store, signing=signing, source=source, profile=saml_profile),
        wsfed=WsFedSignOn(door=door, config=config, signing=signing, source=source, profile=wsfed_profile),
        launch=Launch(door),
        limiter=limiter,
        factors=steps.factors,
        local_names=settings.local_names,
    )


def _by_name(*channels: FrontChannel) -> dict[str, FrontChannel]:
    return {channel.name: channel for channel in channels}


def _console(
    door: FrontDoor, store: Store, sealer: Sealer, hasher: PasswordHasher, steps: Steps, settings: Settings
) -> Console:
    """The operator's console, the same at every domain."""
    second_factors = SecondFactors(steps.factors, store, store)
    entrance = Entrance(door, store, Seals(sealer), second_factors, actor_by_roles)
    desk = Desk(
        entrance,
        store,
        hasher,
        sealer,
        addresses=okta.app_addresses,
        local_names=settings.local_names,
        server_path=okta.NEW_SERVER_PATH,
    )
    return Console(desk)


def _jobs(settings: Settings, store: Store, sealer: Sealer, source: Source) -> tuple[Periodic, ...]:
    purge = Purge(store, settings.keep_hours * _HOUR_MS, settings.keep_events_days * _DAY_MS)
    jobs = [
        Periodic("purge", _PURGE_EVERY_S, purge.round),
        Periodic("group rules", _GROUP_RULES_EVERY_S, GroupRules(store, source).round),
    ]
    if settings.key_rotation_days:
        rotation = KeyRotation(store, sealer, source, settings.key_rotation_days * _DAY_MS)
        jobs.append(Periodic("key rotation", _ROTATION_CHECK_EVERY_S, rotation.round))
    return tuple(jobs)


def _scaled(limits: Mapping[str, Limit], scale: float) -> dict[str, Limit]:
    return {name: Limit(max(1, round(limit.requests * scale)), limit.window_s) for name, limit in limits.items()}
