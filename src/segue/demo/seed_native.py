"""Native to Web SSO in the demo: applications that hand a sign-in over, those that take one, and who trusts whom."""

from collections.abc import Mapping
from typing import Final

from segue.admin import trust
from segue.admin.applications import Traits
from segue.admin.change import Change
from segue.core.application import Application, OidcClient
from segue.core.requirement import Requirement
from segue.demo.addresses import Addresses
from segue.demo.clerk import Clerk
from segue.demo.workplace import Workplace

_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
_NATIVE_GRANTS: Final = frozenset({"password", "refresh_token", _EXCHANGE})
_TARGETS: Final = ("target", "target_mfa", "saml", "playground_saml", "wsfed")
_ORIGINS: Final = ("native", "native_public")


async def native_applications(clerk: Clerk, addresses: Addresses) -> dict[str, Application]:
    """The applications of both sides, by their keys in the manifest."""
    back = f"{addresses.playground}/callback"
    return {
        "native": await clerk.oidc("native", Traits("Harbor Pocket", name="harbor_pocket"), _origin()),
        "native_public": await clerk.oidc(
            "native_public",
            Traits("Harbor Pocket (no secret)", name="harbor_pocket_public"),
            OidcClient(
                client_id="",
                redirect_uris=(back,),
                grant_types=frozenset({"authorization_code", "refresh_token", _EXCHANGE}),
                authentication="none",
                native=True,
            ),
        ),
        "stranger": await clerk.oidc("stranger", Traits("Stranger", name="stranger"), _origin()),
        "target": await clerk.oidc("target", Traits("Harbor Deliveries", name="harbor_deliveries"), _target(back)),
        "target_mfa": await clerk.oidc(
            "target_mfa",
            Traits("Harbor Payroll", name="harbor_payroll", requirement=Requirement(factors=2)),
            _target(back),
        ),
    }


async def seed_trust(at: Workplace, apps: Mapping[str, Application], change: Change) -> None:
    """Every target trusts the origins; the stranger is trusted by nobody."""
    for target in _TARGETS:
        for origin in _ORIGINS:
            await trust.trust_application(at.store, apps[target].id, apps[origin].id, change)


def _origin() -> OidcClient:
    """A native application that takes the user's password itself and has a secret, as the flow is usually shown."""
    return OidcClient(client_id="", response_types=frozenset(), grant_types=_NATIVE_GRANTS)


def _target(back: str) -> OidcClient:
    return OidcClient(client_id="", redirect_uris=(back,))
