"""The applications of the demo, registered as an administrator would: made, or brought to what they are meant to be."""

from typing import Final
from urllib.parse import urlsplit

from segue.admin import applications
from segue.admin.applications import Traits
from segue.admin.change import Change
from segue.core.application import (
    Application,
    AppLink,
    Bookmark,
    OidcClient,
    SamlServiceProvider,
    WsFedRelyingParty,
)
from segue.demo.addresses import Addresses
from segue.demo.clerk import Clerk
from segue.demo.seed_native import native_applications
from segue.demo.workplace import Workplace

_ATTRIBUTES: Final = {"firstName": "firstName", "lastName": "lastName", "email": "email"}


async def seed_applications(at: Workplace, addresses: Addresses, change: Change) -> dict[str, Application]:
    """Every application, by its key in the manifest. Raises Refusal, StoreUnavailable, PoolFull."""
    known = {app.name: app for app in await applications.list_applications(at.store, change)}
    home = urlsplit(addresses.idp).netloc
    playground = addresses.playground
    clerk = Clerk(at, known, change)
    return {
        "web": await clerk.oidc(
            "web",
            Traits(label="Harbor Orders", name="harbor_orders", links=(_link("start", "Harbor Orders"),)),
            _web_client(addresses.web, goodbye="/signed-out", initiate="/login"),
        ),
        "spa": await clerk.oidc(
            "spa",
            Traits(label="Harbor Shelf", name="harbor_shelf"),
            OidcClient(
                client_id="",
                redirect_uris=(f"{addresses.spa}/callback",),
                post_logout_redirect_uris=(f"{addresses.spa}/",),
                authentication="none",
            ),
        ),
        "playground": await clerk.oidc(
            "playground",
            Traits(label="Playground", name="playground", links=(_link("start", "Playground"),)),
            _web_client(playground, goodbye="/", initiate="/initiate"),
        ),
        "saml": await clerk.saml(
            Traits(
                label="Harbor Library",
                name="harbor_library",
                home_authority=home,
                links=(
                    _link("start", "Harbor Library"),
                    _link("sea", "Harbor Library: by the sea", "/shelf/sea"),
                ),
            ),
            SamlServiceProvider(
                entity_id=f"{addresses.saml}/metadata",
                # The second one is the playground's, which stands in for the app to show the response.
                acs_urls=(f"{addresses.saml}/acs", f"{playground}/saml/acs"),
                attributes=_ATTRIBUTES,
            ),
        ),
        "playground_saml": await clerk.saml(
            Traits(
                label="Playground on SAML",
                name="playground_saml",
                home_authority=home,
                links=(_link("start", "Playground on SAML"),),
            ),
            SamlServiceProvider(
                entity_id=f"{playground}/saml/metadata", acs_urls=(f"{playground}/saml/acs",), attributes=_ATTRIBUTES
            ),
        ),
        "wsfed": await clerk.wsfed(
            Traits(
                label="Harbor Ledger",
                name="template_wsfed",
                home_authority=home,
                links=(_link("start", "Harbor Ledger"),),
            ),
            WsFedRelyingParty(
                realm=f"{addresses.wsfed}/",
                reply_urls=(f"{addresses.wsfed}/reply", f"{playground}/wsfed/reply"),
                attributes=_ATTRIBUTES,
            ),
        ),
        "bookmark": await clerk.bookmark(
            Traits(
                label="Opening hours", name="opening_hours", links=(_link("hours", "Opening hours of Harbor Books"),)
            ),
            Bookmark(f"{addresses.login}/hours"),
        ),
        **await native_applications(clerk, addresses),
    }


def _web_client(own: str, *, goodbye: str, initiate: str) -> OidcClient:
    """A client with a secret that may ask for a code, for an ID token and for both, and that a link can start."""
    return OidcClient(
        client_id="",
        redirect_uris=(f"{own}/callback",),
        post_logout_redirect_uris=(f"{own}{goodbye}",),
        response_types=frozenset({"code", "id_token", "code id_token"}),
        grant_types=frozenset({"authorization_code", "implicit"}),
        initiate_login_uri=f"{own}{initiate}",
    )


def _link(name: str, label: str, target: str = "") -> AppLink:
    return AppLink("", name, label, target)
