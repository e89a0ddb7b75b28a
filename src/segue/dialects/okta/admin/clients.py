"""OAuth clients as RFC 7591 and RFC 7592 speak of them: the same applications, in the registration's own words.

Errors of the metadata have the shape of RFC 7591 3.2.2; everything else has this vendor's error body.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from segue.admin import applications
from segue.admin.applications import Registered, Traits
from segue.admin.change import Change
from segue.core.application import Application
from segue.core.refusal import Refusal
from segue.core.secret import made_at
from segue.core.strict import JsonValue, read_json_object
from segue.core.verdict import Check
from segue.dialects.okta.admin.app_body import OIDC, Wanted, read_application
from segue.dialects.okta.admin.app_oidc import shape_credentials, shape_settings
from segue.dialects.okta.admin.apps import changed_application
from segue.dialects.okta.admin.caller import administrator
from segue.dialects.okta.admin.fields import Fields
from segue.dialects.okta.admin.paging import page_after, page_limit, page_links
from segue.dialects.okta.errors import ResourceNotFound, ValidationFailed, write_error
from segue.dialects.okta.names import CLIENT, CLIENT_NEW_SECRET, CLIENTS, LIMIT_API
from segue.stores import Store
from segue.web.frontchannel import FrontDoor
from segue.web.message import Empty, Json, Request, Response
from segue.web.surface import Handler, Route

_PAGE: Final = 20
_MOST: Final = 200
_READ_ONLY: Final = ("client_id_issued_at", "client_secret_expires_at", "client_secret", "_links")
_SHOWN: Final = (
    "redirect_uris",
    "post_logout_redirect_uris",
    "response_types",
    "grant_types",
    "application_type",
    "initiate_login_uri",
    "logo_uri",
    "client_uri",
    "policy_uri",
    "tos_uri",
    "jwks",
    "jwks_uri",
    "dpop_bound_access_tokens",
)


@dataclass(frozen=True, slots=True)
class Clients:
    """``local_names`` are names of this machine, where plain http is allowed."""

    door: FrontDoor
    store: Store
    local_names: tuple[str, ...] = ()

    def routes(self) -> tuple[Route, ...]:
        return (
            _route("GET", CLIENTS, self.list),
            _route("POST", CLIENTS, self.register, body=True),
            _route("GET", CLIENT, self.read),
            _route("PUT", CLIENT, self.replace, body=True),
            _route("DELETE", CLIENT, self.remove),
            _route("POST", CLIENT_NEW_SECRET, self.new_secret),
        )

    async def list(self, request: Request) -> Response:
        """A page of clients in order of the application's id; ``q`` is the beginning of a name."""
        change = await administrator(self.door, request, "clients.read")
        limit, after = page_limit(request, default=_PAGE, most=_MOST), page_after(request)
        begins = (request.query.get("q") or "").lower()
        found = await applications.find_applications(
            self.store,
            change,
            lambda app: app.oidc is not None and app.label.lower().startswith(begins),
            after=after,
            limit=limit + 1,
        )
        page = found[:limit]
        headers = page_links(request, CLIENTS, ("q",), page[-1].id if len(found) > limit else None)
        return Json(data=[_shape(app) for app in page]).with_headers(*headers)

    async def register(self, request: Request) -> Response:
        """201 with the client and, this one time, its secret."""
        change = await administrator(self.door, request, "clients.manage")
        wanted = _read(read_json_object(request.body))
        if wanted.oidc is None:
            raise ValueError("what is read here is a client")
        traits = Traits(label=wanted.label, name=wanted.name, annotations=wanted.annotations)
        made = await applications.create_oidc(self.store, traits, wanted.oidc, change, local_names=self.local_names)
        return Json(status=201, data=_shape(made.application, made.client_secret))

    async def read(self, request: Request) -> Response:
        change = await administrator(self.door, request, "clients.read")
        return Json(data=_shape(await self._client(request, change)))

    async def replace(self, request: Request) -> Response:
        change = await administrator(self.door, request, "clients.manage")
        known = await self._client(request, change)
        wanted = _read(read_json_object(request.body), known)
        made: Registered = await applications.replace_application(
            self.store, changed_application(known, wanted, ""), change, local_names=self.local_names
        )
        return Json(data=_shape(made.application, made.client_secret))

    async def remove(self, request: Request) -> Response:
        change = await administrator(self.door, request, "clients.manage")
        known = await self._client(request, change)
        await applications.set_status(self.store, known.id, "inactive", change)
        await applications.remove_application(self.store, known.id, change)
        return Empty(status=204)

    async def new_secret(self, request: Request) -> Response:
        """The client with a new secret; every earlier one is dead."""
        change = await administrator(self.door, request, "clients.manage")
        known = await self._client(request, change)
        app, secret = await applications.new_client_secret(self.store, known.id, change, keep_old=False)
        return Json(data=_shape(app, secret))

    async def _client(self, request: Request, change: Change) -> Application:
        """The client of the address. Raises ResourceNotFound."""
        ident = request.path_params["client"]
        found = await self.store.application_by_client_id(change.org_id, ident)
        if found is None:
            check = Check("client", passed=False, expected="a client of this org", seen=ident[:80])
            raise ResourceNotFound(ident[:80], "OAuthClient", check)
        return found


def _read(body: dict[str, JsonValue], known: Application | None = None) -> Wanted:
    """A registration as an application. What is absent has the defaults of RFC 7591 2."""
    fields = Fields(body)
    settings = {
        name: value
        for name, value in body.items()
        if name not in (*_READ_ONLY, "client_name", "client_id", "token_endpoint_auth_method")
    }
    settings.setdefault("grant_types", ["authorization_code"])
    credentials = fields.kept("client_id", "token_endpoint_auth_method")
    wanted: dict[str, JsonValue] = {
        "label": fields.needed("client_name"),
        "signOnMode": OIDC,
        "name": "oidc_client" if known is None else known.name,
        "credentials": {"oauthClient": credentials},
        "settings": {"oauthClient": settings, "implicitAssignment": known is not None and known.everyone},
    }
    return read_application(wanted, known)


def _shape(app: Application, secret: str | None = None) -> dict[str, object]:
    client = app.oidc
    if client is None:
        raise ValueError("a client has the settings of one")
    kept = app.annotations.get("oauthClient")
    known: dict[str, JsonValue] = dict(kept) if isinstance(kept, Mapping) else {}
    settings, credentials = shape_settings(client, known), shape_credentials(client, known, secret)
    return {
        "client_id": client.client_id,
        **({"client_secret": secret} if secret is not None else {}),
        "client_id_issued_at": made_at(app.id) // 1000,
        "client_secret_expires_at": 0,
        "client_name": app.label,
        "token_endpoint_auth_method": credentials["token_endpoint_auth_method"],
        **{name: settings[name] for name in _SHOWN if name in settings},
    }


def write_client_error(request: Request, refusal: Refusal, event_id: str) -> Response:
    """RFC 7591 3.2.2 for what is wrong with the metadata."""
    if isinstance(refusal, ValidationFailed):
        field = refusal.subject.rpartition(".")[2]
    elif refusal.reason in ("invalid_value", "already_exists") and refusal.verdict.failure is not None:
        field = refusal.verdict.failure.name
    else:
        return write_error(request, refusal, event_id)
    error = "invalid_redirect_uri" if field == "redirect_uris" else "invalid_client_metadata"
    return Json(status=400, data={"error": error, "error_description": f"{refusal.public} ({event_id})"})


def _route(method: str, path: str, handler: Handler, *, body: bool = False) -> Route:
    return Route(
        (method,),
        path,
        handler,
        write_client_error,
        "clients",
        body="json" if body else "none",
        idempotent=method == "GET",
        limit=LIMIT_API,
    )
