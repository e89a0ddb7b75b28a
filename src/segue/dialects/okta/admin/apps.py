"""Applications over HTTP: registered, read, replaced, put in and out of use, deleted."""

from dataclasses import dataclass, replace
from typing import Final

from segue.admin import applications, policies
from segue.admin.applications import Registered, Traits
from segue.admin.change import Change
from segue.core.application import Application, AppLink
from segue.core.org import Domain
from segue.core.refusal import Refusal
from segue.core.strict import read_json_object
from segue.dialects.okta.admin.app_assignments import shape_user
from segue.dialects.okta.admin.app_body import Wanted, mode_of, read_application
from segue.dialects.okta.admin.app_federated import EXTERNAL_KEY
from segue.dialects.okta.admin.app_routes import app_route, named_app
from segue.dialects.okta.admin.app_shapes import shape_application
from segue.dialects.okta.admin.caller import administrator, not_found
from segue.dialects.okta.admin.filters import BadFilter, Filter, equals, matches, read_filter
from segue.dialects.okta.admin.paging import page_after, page_limit, page_links
from segue.dialects.okta.errors import ValidationFailed
from segue.dialects.okta.names import APP, APP_ACTIVATE, APP_DEACTIVATE, APP_POLICY, APPS
from segue.dialects.okta.protocols import saml_profile
from segue.stores import Store
from segue.web.frontchannel import FrontDoor
from segue.web.message import Empty, Json, Request, Response
from segue.web.surface import Route

_PAGE: Final = 20
_MOST: Final = 200
_FILTERS: Final = ("id", "name", "label", "status", "signOnMode", "user.id", "group.id")
_SAML_NAME_CHARS: Final = 28


@dataclass(frozen=True, slots=True)
class Apps:
    """``local_names`` are names of this machine, where plain http is allowed."""

    door: FrontDoor
    store: Store
    local_names: tuple[str, ...] = ()

    def routes(self) -> tuple[Route, ...]:
        return (
            app_route("GET", APPS, self.list),
            app_route("POST", APPS, self.create, body=True),
            app_route("GET", APP, self.read),
            app_route("PUT", APP, self.replace, body=True),
            app_route("DELETE", APP, self.remove),
            app_route("POST", APP_ACTIVATE, self.activate),
            app_route("POST", APP_DEACTIVATE, self.deactivate),
            app_route("PUT", APP_POLICY, self.assign_policy),
        )

    async def list(self, request: Request) -> Response:
        """A page of applications in order of id. ``q`` is the beginning of a name or label."""
        change = await administrator(self.door, request, "apps.read")
        limit, after = page_limit(request, default=_PAGE, most=_MOST), page_after(request)
        fits = await self._fits(request, change)
        found = await applications.find_applications(self.store, change, fits, after=after, limit=limit + 1)
        page = found[:limit]
        following = page[-1].id if len(found) > limit else None
        headers = page_links(request, APPS, ("q", "filter", "expand", "includeNonDeleted"), following)
        return Json(data=[await self._expanded(request, app, change) for app in page]).with_headers(*headers)

    async def create(self, request: Request) -> Response:
        """200 with the application; a client's secret is in this answer alone."""
        change = await administrator(self.door, request, "apps.manage")
        wanted = read_application(read_json_object(request.body))
        made = await self._register(request, wanted, change)
        return await self._answer(request, made)

    async def read(self, request: Request) -> Response:
        change = await administrator(self.door, request, "apps.read")
        app = await named_app(self.store, request, change)
        return Json(data=await self._expanded(request, app, change))

    async def replace(self, request: Request) -> Response:
        """Everything that may be set is what the body says, or what it is by default."""
        change = await administrator(self.door, request, "apps.manage")
        known = await named_app(self.store, request, change)
        wanted = read_application(read_json_object(request.body), known)
        changed = changed_application(known, wanted, await self._own_entity_id(request, known))
        made = await applications.replace_application(self.store, changed, change, local_names=self.local_names)
        return await self._answer(request, made)

    async def remove(self, request: Request) -> Response:
        change = await administrator(self.door, request, "apps.manage")
        app = await named_app(self.store, request, change)
        await applications.remove_application(self.store, app.id, change)
        return Empty(status=204)

    async def activate(self, request: Request) -> Response:
        change = await administrator(self.door, request, "apps.manage")
        app = await named_app(self.store, request, change)
        await applications.set_status(self.store, app.id, "active", change)
        return Json(data={})

    async def deactivate(self, request: Request) -> Response:
        change = await administrator(self.door, request, "apps.manage")
        app = await named_app(self.store, request, change)
        await applications.set_status(self.store, app.id, "inactive", change)
        return Json(data={})

    async def assign_policy(self, request: Request) -> Response:
        """204: this access policy decides about the application from now on."""
        change = await administrator(self.door, request, "apps.manage")
        app = await named_app(self.store, request, change)
        ident = request.path_params["policy"]
        try:
            await policies.assign_policy(self.store, app.id, ident, change)
        except Refusal as refusal:
            raise not_found(refusal, ident, "Policy") from None
        return Empty(status=204)

    async def _register(self, request: Request, wanted: Wanted, change: Change) -> Registered:
        traits, local = self._traits(request, wanted), self.local_names
        if wanted.oidc is not None:
            return await applications.create_oidc(self.store, traits, wanted.oidc, change, local_names=local)
        if wanted.saml is not None:
            made = await applications.create_saml(self.store, traits, wanted.saml, change, local_names=local)
            return await self._with_key_in_entity_id(made, change)
        if wanted.wsfed is not None:
            return await applications.create_wsfed(self.store, traits, wanted.wsfed, change, local_names=local)
        if wanted.bookmark is not None:
            return await applications.create_bookmark(self.store, traits, wanted.bookmark, change, local_names=local)
        raise ValueError("what was read has a protocol")

    def _traits(self, request: Request, wanted: Wanted) -> Traits:
        assertions = wanted.saml is not None or wanted.wsfed is not None
        name = wanted.name
        if wanted.saml is not None:
            parts = (applications.slug(request.site.org.name), applications.slug(wanted.label))
            name = "_".join([*(part[:_SAML_NAME_CHARS].strip("_") for part in parts), "1"])
        links = (AppLink("", "start", wanted.label.strip(), wanted.relay_state),) if wanted.relay_state else ()
        return Traits(
            label=wanted.label,
            name=name,
            everyone=wanted.everyone,
            home_authority=request.site.domain.authority if assertions else "",
            links=links,
            status="inactive" if _activate(request) is False else "active",
            annotations=wanted.annotations,
        )

    async def _with_key_in_entity_id(self, made: Registered, change: Change) -> Registered:
        """The entity id that was asked for, with the key that only a registered application has."""
        app = made.application
        if app.saml is None or EXTERNAL_KEY not in app.saml.idp_entity_id:
            return made
        entity_id = app.saml.idp_entity_id.replace(EXTERNAL_KEY, app.external_key)
        named = replace(app, saml=replace(app.saml, idp_entity_id=entity_id))
        return Registered(
            await applications.update_application(self.store, named, change, local_names=self.local_names)
        )

    async def _fits(self, request: Request, change: Change) -> "_Fits":
        text, wanted = (request.query.get("q") or "").lower(), request.query.get("filter")
        if not wanted:
            return _Fits(text, None)
        try:
            found = read_filter(wanted, _FILTERS)
        except BadFilter as error:
            raise ValidationFailed("filter", "filter", f"filter: {error}") from None
        user, group = equals(found, "user.id"), equals(found, "group.id")
        by_user = await self.store.applications_of(change.org_id, user) if user else ()
        by_group = await self.store.applications_of_group(change.org_id, group) if group else ()
        return _Fits(
            text, found, user, group, frozenset(app.id for app in by_user), frozenset(app.id for app in by_group)
        )

    async def _expanded(self, request: Request, app: Application, change: Change) -> dict[str, object]:
        """The application, and with ``expand=user/ID`` how it is assigned to that user."""
        shown = shape_application(app, request.site.domain, await self._home(request, app))
        kind, slash, user_id = (request.query.get("expand") or "").partition("/")
        if kind == "user" and slash:
            assignment = await self.store.assignment(change.org_id, app.id, user_id)
            if assignment is not None:
                shown["_embedded"] = {"user": shape_user(assignment, request.site.domain)}
        return shown

    async def _answer(self, request: Request, made: Registered) -> Response:
        app = made.application
        home = await self._home(request, app)
        return Json(data=shape_application(app, request.site.domain, home, secret=made.client_secret))

    async def _home(self, request: Request, app: Application) -> Domain:
        """The domain whose issuer a reader of assertions sees."""
        used = request.site.domain
        if not app.home_authority or app.home_authority == used.authority:
            return used
        return await self.store.domain(app.home_authority) or used

    async def _own_entity_id(self, request: Request, app: Application) -> str:
        return saml_profile().entity_id(app, await self._home(request, app))


@dataclass(frozen=True, slots=True)
class _Fits:
    """Whether an application is on the list that was asked for."""

    text: str
    wanted: Filter | None
    user: str | None = None
    group: str | None = None
    by_user: frozenset[str] = frozenset()
    by_group: frozenset[str] = frozenset()

    def __call__(self, app: Application) -> bool:
        if self.text and not (app.name.lower().startswith(self.text) or app.label.lower().startswith(self.text)):
            return False
        return self.wanted is None or matches(self.wanted, lambda name: self._value(app, name))

    def _value(self, app: Application, name: str) -> str | None:
        match name:
            case "user.id":
                return self.user if app.id in self.by_user else None
            case "group.id":
                return self.group if app.id in self.by_group else None
            case "status":
                return app.status.upper()
            case "signOnMode":
                return mode_of(app)
            case "name":
                return app.name
            case "label":
                return app.label
        return app.id


def changed_application(known: Application, wanted: Wanted, own_entity_id: str) -> Application:
    """``known`` as it is wanted. What this interface has no member for stays as it was."""
    oidc, saml, wsfed = wanted.oidc, wanted.saml, wanted.wsfed
    if oidc is not None and known.oidc is not None:
        oidc = replace(
            known.oidc,
            redirect_uris=oidc.redirect_uris,
            post_logout_redirect_uris=oidc.post_logout_redirect_uris,
            response_types=oidc.response_types,
            grant_types=oidc.grant_types,
            authentication=oidc.authentication,
            pkce_required=oidc.pkce_required,
            native=oidc.native,
            initiate_login_uri=oidc.initiate_login_uri,
            refresh_rotation=oidc.refresh_rotation,
            refresh_grace_s=oidc.refresh_grace_s,
            jwks=oidc.jwks,
            jwks_uri=oidc.jwks_uri,
            dpop_bound_access_tokens=oidc.dpop_bound_access_tokens,
        )
    if saml is not None and known.saml is not None:
        entity_id = saml.idp_entity_id.replace(EXTERNAL_KEY, known.external_key)
        saml = replace(saml, idp_entity_id="" if entity_id == own_entity_id else entity_id)
    if wsfed is not None and known.wsfed is not None:
        more = tuple(url for url in known.wsfed.reply_urls[1:] if url != wsfed.reply_urls[0])
        wsfed = replace(
            known.wsfed,
            realm=wsfed.realm,
            reply_urls=(*wsfed.reply_urls, *more),
            audience=wsfed.audience,
            name_id_format=wsfed.name_id_format,
            attributes=wsfed.attributes,
        )
    links = known.links
    if known.saml is not None and links:
        links = (replace(links[0], target=wanted.relay_state), *links[1:])
    return replace(
        known,
        label=wanted.label,
        everyone=wanted.everyone,
        oidc=oidc,
        saml=saml,
        wsfed=wsfed,
        bookmark=wanted.bookmark,
        links=links,
        annotations=wanted.annotations,
    )


def _activate(request: Request) -> bool:
    given = request.query.get("activate") or "true"
    if given not in ("true", "false"):
        raise ValidationFailed("activate", "activate", "activate: true or false")
    return given == "true"
