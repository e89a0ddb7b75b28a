"""The applications of the demo, registered as an administrator would: made, or brought to what they are meant to be."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from segue.admin import applications, prefixes
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
from segue.demo.workplace import Workplace

_ATTRIBUTES: Final = {"firstName": "firstName", "lastName": "lastName", "email": "email"}


async def seed_applications(at: Workplace, addresses: Addresses, change: Change) -> dict[str, Application]:
    """Every application, by its key in the manifest. Raises Refusal, StoreUnavailable, PoolFull."""
    known = {app.name: app for app in await applications.list_applications(at.store, change)}
    home = urlsplit(addresses.idp).netloc
    playground = addresses.playground
    clerk = _Clerk(at, known, change)
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


@dataclass(frozen=True, slots=True)
class _Clerk:
    """Registers applications. ``known`` are those of an earlier run, by name: ids and client secrets stay theirs."""

    at: Workplace
    known: Mapping[str, Application]
    change: Change

    async def oidc(self, key: str, traits: Traits, client: OidcClient) -> Application:
        app = self.known.get(traits.name)
        if app is None or app.oidc is None:
            registered = await applications.create_oidc(self.at.store, traits, client, self.change)
            if registered.client_secret is not None:
                self._keep_client_secret(key, registered.client_secret)
            return registered.application
        client = replace(client, client_id=app.oidc.client_id, secret_digests=app.oidc.secret_digests)
        app = await self._updated(app, replace(app, oidc=client), traits)
        if not client.public and key not in self.at.kept.client_secrets:
            app, secret = await applications.new_client_secret(self.at.store, app.id, self.change, keep_old=False)
            self._keep_client_secret(key, secret)
        return app

    async def saml(self, traits: Traits, provider: SamlServiceProvider) -> Application:
        app = self.known.get(traits.name)
        if app is None:
            return (await applications.create_saml(self.at.store, traits, provider, self.change)).application
        return await self._updated(app, replace(app, saml=provider), traits)

    async def wsfed(self, traits: Traits, party: WsFedRelyingParty) -> Application:
        app = self.known.get(traits.name)
        if app is None:
            return (await applications.create_wsfed(self.at.store, traits, party, self.change)).application
        return await self._updated(app, replace(app, wsfed=party), traits)

    async def bookmark(self, traits: Traits, bookmark: Bookmark) -> Application:
        app = self.known.get(traits.name)
        if app is None:
            return (await applications.create_bookmark(self.at.store, traits, bookmark, self.change)).application
        return await self._updated(app, replace(app, bookmark=bookmark), traits)

    async def _updated(self, before: Application, changed: Application, traits: Traits) -> Application:
        """Writes ``changed`` with what else ``traits`` say, if that is anything new."""
        after = replace(
            changed, label=traits.label, home_authority=traits.home_authority, links=self._links(before, traits)
        )
        return before if after == before else await applications.update_application(self.at.store, after, self.change)

    def _links(self, before: Application, traits: Traits) -> tuple[AppLink, ...]:
        """The links that are wanted, each with the id it had: what people kept of an earlier run goes on working."""
        ids = {link.name: link.id for link in before.links}
        return tuple(
            replace(link, id=ids.get(link.name) or self.change.new_id(prefixes.APP_LINK)) for link in traits.links
        )

    def _keep_client_secret(self, key: str, secret: str) -> None:
        self.at.kept.client_secrets[key] = secret
        self.at.save()
