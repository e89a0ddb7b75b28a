"""The dialect of Okta's classic sign-in interfaces: its addresses, its JSON, its cookie.

Owns nothing but names and shapes; start reading at ``names``. ``surface`` puts the routes together. What has to exist
before it (the cookie, the address of the sign-in page, the front channel of the start page, the profiles of the
protocols) is exported here for ``app``.

To add an endpoint: its path in ``names``, its handler in the module of its subject, its ``Route`` there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from segue.core.sealing import Sealer
from segue.dialects.okta.admin.api_token_list import ApiTokenList
from segue.dialects.okta.admin.app_assignments import AppAssignments
from segue.dialects.okta.admin.app_credentials import AppCredentials
from segue.dialects.okta.admin.app_grants import AppGrants
from segue.dialects.okta.admin.app_links import AppLinks
from segue.dialects.okta.admin.app_tokens import AppTokens
from segue.dialects.okta.admin.apps import Apps
from segue.dialects.okta.admin.authorization_servers import PATH as NEW_SERVER_PATH
from segue.dialects.okta.admin.authorization_servers import AuthorizationServers
from segue.dialects.okta.admin.clients import Clients
from segue.dialects.okta.admin.group_rules import GroupRules
from segue.dialects.okta.admin.groups import Groups
from segue.dialects.okta.admin.org import OrgPages
from segue.dialects.okta.admin.policies import Policies
from segue.dialects.okta.admin.server_policies import ServerPolicies
from segue.dialects.okta.admin.server_scopes import ServerScopesAndClaims
from segue.dialects.okta.admin.simulation import Simulation
from segue.dialects.okta.admin.system_log import SystemLog
from segue.dialects.okta.admin.trust_map import TrustMap
from segue.dialects.okta.admin.trusted_origins import TrustedOrigins
from segue.dialects.okta.admin.user_answers import UserAnswers
from segue.dialects.okta.admin.user_factors import UserFactors
from segue.dialects.okta.admin.user_lifecycle import UserLifecycle
from segue.dialects.okta.admin.user_tokens import UserTokens
from segue.dialects.okta.admin.users import Users
from segue.dialects.okta.admin.zones import Zones
from segue.dialects.okta.app_addresses import app_addresses
from segue.dialects.okta.authn import PrimaryAuthentication
from segue.dialects.okta.authn_calls import AuthnCalls
from segue.dialects.okta.authn_enroll import AuthnEnroll
from segue.dialects.okta.authn_factors import AuthnFactors
from segue.dialects.okta.authn_passwords import AuthnPasswords
from segue.dialects.okta.authn_recovery import AuthnRecovery
from segue.dialects.okta.errors import limit_headers, write_by_path
from segue.dialects.okta.links import Links, start_path
from segue.dialects.okta.names import (
    APP_SLOTS,
    DEVICE_COOKIE,
    DIALECT,
    HOME,
    LIMIT_API,
    MY_FACTORS,
    REQUEST_ID_HEADER,
    SESSION_COOKIE,
    SIGN_IN,
    SIGN_OUT,
    WELCOME_PAGE,
    sign_in_location,
)
from segue.dialects.okta.pages import Pages
from segue.dialects.okta.protocols import (
    OAuthRoutes,
    SamlRoutes,
    oauth_profile,
    saml_profile,
    wsfed_profile,
)
from segue.dialects.okta.recovery_links import RecoveryLinks
from segue.dialects.okta.sessions import SessionMe
from segue.dialects.okta.sessions_api import SessionsApi
from segue.protocols.oauth.endpoints import OAuthEndpoints
from segue.protocols.saml.sso import SamlSignOn
from segue.protocols.wsfed import WsFedSignOn
from segue.signin.factors.registry import Factors
from segue.signin.invitation import Invitations
from segue.signin.recovery import ACTIVATIONS
from segue.signin.second_factor import SecondFactors
from segue.signin.steps import Steps
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
from segue.web.recovery_pages import RecoveryPages
from segue.web.return_address import ReturnAddresses
from segue.web.second_factor_pages import SecondFactorPages
from segue.web.session_image import SessionImage
from segue.web.session_pages import SessionPages
from segue.web.sign_in_limits import LIMITS as PASSWORD_LIMITS
from segue.web.sign_in_limits import SignInLimits
from segue.web.surface import Route, Surface

__all__ = [
    "COOKIES",
    "DIALECT",
    "LIMITS",
    "NEW_SERVER_PATH",
    "OktaServices",
    "app_addresses",
    "front_channels",
    "home_channel",
    "oauth_profile",
    "saml_profile",
    "sign_in_location",
    "surface",
    "wsfed_profile",
]

COOKIES: Final = SessionCookies(SESSION_COOKIE, device=DEVICE_COOKIE)

LIMITS: Final[Mapping[str, Limit]] = MappingProxyType({**PASSWORD_LIMITS, LIMIT_API: Limit(12_000, 60)})
"""Limits to start a ``RateLimiter`` with. The classes ``oauth`` and ``page`` are named by routes and have none."""


@dataclass(frozen=True, slots=True)
class OktaServices:
    """What the routes call. ``local_names`` are names of this machine, where plain http is allowed."""

    door: FrontDoor
    store: Store
    oauth: OAuthEndpoints
    saml: SamlSignOn
    wsfed: WsFedSignOn
    launch: Launch
    image: SessionImage
    limiter: RateLimiter
    factors: Factors
    steps: Steps
    sealer: Sealer
    local_names: tuple[str, ...] = ()


def home_channel(config: ConfigStore) -> HomeChannel:
    """The front channel of a sign-in that only leads to the start page, or to an address of the org."""
    return HomeChannel(_addresses(config))


def front_channels(services: OktaServices) -> tuple[FrontChannel, ...]:
    """Every way in that a front door has to know by name."""
    own = (home_channel(services.door.config), EnrollmentChannel(HOME))
    return (services.oauth.channel, services.saml, services.wsfed, services.launch, services.image, *own)


def surface(services: OktaServices) -> Surface:
    """The dialect as the web layer sees it."""
    door, config = services.door, services.door.config
    limits = SignInLimits(services.limiter, door.store)
    second_factors = SecondFactors(services.factors, door.store, services.store)
    second_factor = SecondFactorPages(door, second_factors, limits)
    account = AccountPages(door, second_factors, home_channel(config), start_path, HOME, MY_FACTORS)
    pages = Pages(
        door=door,
        interactions=InteractionPages(door, limits, second_factor, EnrollmentPages(second_factor, HOME)),
        sessions=SessionPages(door, sign_in_path=SIGN_IN, sign_out_path=SIGN_OUT, account=account),
        home_channel=home_channel(config),
        addresses=_addresses(config),
    )
    links = Links(
        door=door,
        config=config,
        home_channel=home_channel(config),
        launch=services.launch,
        image=services.image,
        saml=services.saml,
        wsfed=services.wsfed,
    )
    calls = AuthnCalls(door, services.steps)
    recovery = RecoveryPages(door, services.steps.recovery, services.steps.passwords, SIGN_IN)
    mailing = services.steps.recovery
    invitations = Invitations(services.store, services.store, mailing.errands, mailing.mail)
    people = UserAnswers(door, services.store, second_factors, invitations)
    routes = (
        *PrimaryAuthentication(calls, limits).routes(),
        *AuthnFactors(calls).routes(),
        *AuthnEnroll(calls).routes(),
        *AuthnPasswords(calls).routes(),
        *AuthnRecovery(calls, limits, _addresses(config)).routes(),
        *RecoveryLinks(recovery).routes(),
        *RecoveryLinks(replace(recovery, purposes=ACTIVATIONS), (WELCOME_PAGE,)).routes(),
        *Users(people).routes(),
        *UserLifecycle(people).routes(),
        *UserFactors(people).routes(),
        *UserTokens(door, services.store).routes(),
        *Groups(people).routes(),
        *GroupRules(door, services.store).routes(),
        *SessionMe(door).routes(),
        *SessionsApi(door, services.store, limits).routes(),
        *TrustedOrigins(door, services.store, services.local_names).routes(),
        *SystemLog(door, services.store).routes(),
        *AuthorizationServers(door, services.store, services.oauth.signing, services.sealer).routes(),
        *ServerScopesAndClaims(door, services.store).routes(),
        *ServerPolicies(door, services.store).routes(),
        *ApiTokenList(door, services.store).routes(),
        *OrgPages(door).routes(),
        *AppLinks(door, services.store).routes(),
        *TrustMap(door, services.store).routes(),
        *Apps(door, services.store, services.local_names).routes(),
        *AppAssignments(door, services.store).routes(),
        *AppCredentials(door, services.store, services.saml).routes(),
        *AppGrants(door, services.store).routes(),
        *AppTokens(door, services.store).routes(),
        *Simulation(door, services.store).routes(),
        *Policies(door, services.store).routes(),
        *Zones(door, services.store).routes(),
        *Clients(door, services.store, services.local_names).routes(),
        *OAuthRoutes(config, services.oauth).routes(),
        *SamlRoutes(config, services.saml).routes(),
        *links.routes(),
        *pages.routes(),
    )
    return Surface(
        dialect=DIALECT,
        cookies=COOKIES,
        routes=tuple(_named(route) for route in routes),
        sign_in_location=sign_in_location,
        home_location=HOME,
        refuse=lambda request, refusal, event_id: _with_id(write_by_path(request, refusal, event_id), request),
        limit_headers=limit_headers,
    )


def _addresses(config: ConfigStore) -> ReturnAddresses:
    return ReturnAddresses(config, frozenset(slot.name for slot in APP_SLOTS))


def _named(route: Route) -> Route:
    """The route with the request's id on whatever it answers."""
    handler, refuse = route.handler, route.refuse

    async def handle(request: Request) -> Response:
        return _with_id(await handler(request), request)

    return replace(
        route,
        handler=handle,
        refuse=lambda request, refusal, event_id: _with_id(refuse(request, refusal, event_id), request),
    )


def _with_id(response: Response, request: Request) -> Response:
    return response.with_headers((REQUEST_ID_HEADER, request.request_id))
