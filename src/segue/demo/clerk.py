"""Registers the demo's applications: made on the first run, and brought to what they are meant to be later on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from segue.admin import applications, prefixes
from segue.admin.applications import Traits
from segue.admin.change import Change
from segue.core.application import Application, AppLink, Bookmark, OidcClient, SamlServiceProvider, WsFedRelyingParty
from segue.demo.workplace import Workplace


@dataclass(frozen=True, slots=True)
class Clerk:
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
            changed,
            label=traits.label,
            home_authority=traits.home_authority,
            requirement=traits.requirement,
            links=self._links(before, traits),
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
