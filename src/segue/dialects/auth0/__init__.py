"""The dialect of Auth0: its addresses, its JSON, its cookie.

Owns nothing but names and shapes; start reading at ``names``. ``surface`` puts the routes together. To add an endpoint:
its path in ``names``, its handler in the module of its subject, its ``Route`` there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from segue.core.refusal import Refusal
from segue.dialects.auth0.admin.caller import Callers
from segue.dialects.auth0.admin.clients import Clients
from segue.dialects.auth0.errors import limit_headers, write_by_path
from segue.dialects.auth0.federation import Federation, saml_profile, wsfed_profile
from segue.dialects.auth0.names import (
    APP_SLOTS,
    DEVICE_COOKIE,
    DIALECT,
    HOME,
    LIMIT_API,
    LOGIN,
    MY_FACTORS,
    OPENED_BY_TICKET,
    SESSION_COOKIE,
    SIGN_OUT,
    login_location,
)
from segue.dialects.auth0.pages import Pages, start_path
from segue.dialects.auth0.profile import oauth_profile
from segue.dialects.auth0.protocols import OAuthRoutes
from segue.protocols.oauth.endpoints import OAuthEndpoints
from segue.protocols.saml.sso import SamlSignOn
from segue.protocols.wsfed import WsFedSignOn
from segue.signin.factors.registry import Factors
from segue.signin.second_factor import SecondFactors
from segue.stores import ConfigStore, Store
from segue.web.account_pages import AccountPages
from segue.web.cookies import SessionCookies
from segue.web.enrollment_channel import EnrollmentChannel
from segue.web.enrollment_pages import EnrollmentPages
from segue.web.frontchannel import FrontChannel, FrontDoor
from segue.web.interaction_pages import HomeChannel, InteractionPages
from segue.web.launch import Launch
from segue.web.limits import Limit, RateLimiter
from segue.web.message import Request, Response
from segue.web.presented_ticket import without_cookies
from segue.web.return_address import ReturnAddresses
from segue.web.second_factor_pages import SecondFactorPages
from segue.web.session_pages import SessionPages
from segue.web.sign_in_limits import LIMITS as PASSWORD_LIMITS
from segue.web.sign_in_limits import SignInLimits
from segue.web.surface import Route, Surface

__all__ = [
    "COOKIES",
    "DIALECT",
    "LIMITS",
    "Auth0Services",
    "front_channels",
    "login_location",
    "oauth_profile",
    "saml_profile",
    "surface",
    "wsfed_profile",
]

COOKIES: Final = SessionCookies(SESSION_COOKIE, device=DEVICE_COOKIE)
LIMITS: Final[Mapping[str, Limit]] = MappingProxyType({**PASSWORD_LIMITS, LIMIT_API: Limit(3_000, 60)})


@dataclass(frozen=True, slots=True)
class Auth0Services:
    """What the routes call. ``local_names`` are names of this machine, where plain http is allowed."""

    door: FrontDoor
    store: Store
    oauth: OAuthEndpoints
    saml: SamlSignOn
    wsfed: WsFedSignOn
    launch: Launch
    limiter: RateLimiter
    factors: Factors
    local_names: tuple[str, ...] = ()


def front_channels(services: Auth0Services) -> tuple[FrontChannel, ...]:
    """Every way in that a front door has to know by name."""
    own = (_home_channel(services.door.config), EnrollmentChannel(HOME))
    return (services.oauth.channel, services.saml, services.wsfed, services.launch, *own)


def surface(services: Auth0Services) -> Surface:
    """The dialect as the web layer sees it."""
    door, config = services.door, services.door.config
    limits, home_channel = SignInLimits(services.limiter, door.store), _home_channel(config)
    second_factors = SecondFactors(services.factors, door.store, services.store)
    second_factor = SecondFactorPages(door, second_factors, limits)
    account = AccountPages(door, second_factors, home_channel, start_path, HOME, MY_FACTORS)
    federation = Federation(config, services.saml, services.wsfed)
    pages = Pages(
        door=door,
        interactions=InteractionPages(door, limits, second_factor, EnrollmentPages(second_factor, HOME)),
        sessions=SessionPages(door, sign_in_path=LOGIN, sign_out_path=SIGN_OUT, account=account),
        home_channel=home_channel,
        addresses=home_channel.addresses,
        launch=services.launch,
        federation=federation,
    )
    callers = Callers(door, services.store)
    routes = (
        *OAuthRoutes(config, services.oauth, federation).routes(),
        *federation.routes(),
        *Clients(callers, services.store, services.local_names).routes(),
        *pages.routes(),
    )
    return Surface(
        dialect=DIALECT,
        cookies=COOKIES,
        routes=tuple(_without_tickets(route) for route in routes),
        sign_in_location=login_location,
        home_location=HOME,
        refuse=write_by_path,
        limit_headers=limit_headers,
    )


def _without_tickets(route: Route) -> Route:
    """The route, which takes away the cookie of a ticket with whatever it answers: it is used up by then (ST-05)."""
    handler, refuse = route.handler, route.refuse
    if route.path not in OPENED_BY_TICKET:
        return route

    async def handle(request: Request) -> Response:
        return without_cookies(request, APP_SLOTS, await handler(request))

    def say_no(request: Request, refusal: Refusal, event_id: str) -> Response:
        return without_cookies(request, APP_SLOTS, refuse(request, refusal, event_id))

    return replace(route, handler=handle, refuse=say_no)


def _home_channel(config: ConfigStore) -> HomeChannel:
    return HomeChannel(ReturnAddresses(config, frozenset(slot.name for slot in APP_SLOTS)))
