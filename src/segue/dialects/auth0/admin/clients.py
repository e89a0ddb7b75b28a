"""/api/v2/clients: the OpenID Connect applications of an org."""

from dataclasses import dataclass, replace
from typing import Final

from segue.admin import applications
from segue.admin.applications import Traits
from segue.admin.change import Change
from segue.core.application import Application, OidcClient
from segue.core.secret import new_secret
from segue.core.strict import read_json_object
from segue.dialects.auth0.admin.caller import Callers, api_route
from segue.dialects.auth0.admin.client_body import BodyReader
from segue.dialects.auth0.admin.client_shape import kept_settings, shape_client
from segue.dialects.auth0.admin.errors import no_such_client
from segue.dialects.auth0.admin.members import Members
from segue.dialects.auth0.admin.paging import PAGING, Shape, chosen_fields, flag, only_parameters, read_page
from segue.stores import Store
from segue.web.message import Empty, Json, Request, Response
from segue.web.surface import Route

_READING: Final = ("read:clients", "read:client_keys")
_ID_CHARS: Final = 32
_ALL: Final = 1_000_000
_FILTERS: Final = ("is_global", "is_first_party", "app_type")
_EVENT: Final = "clients"


@dataclass(frozen=True, slots=True)
class Clients:
    """``local_names`` are names of this machine, where plain http is allowed."""

    callers: Callers
    store: Store
    local_names: tuple[str, ...] = ()

    def routes(self) -> tuple[Route, ...]:
        # The second address is how one published request writes it.
        one, as_printed = "/clients/{client}", "/clients//{client}"
        return (
            api_route("GET", "/clients", self.list, _EVENT),
            api_route("POST", "/clients", self.create, _EVENT, json=True),
            *(api_route("GET", path, self.read, _EVENT) for path in (one, as_printed)),
            *(api_route("PATCH", path, self.change, _EVENT, json=True) for path in (one, as_printed)),
            *(api_route("DELETE", path, self.remove, _EVENT) for path in (one, as_printed)),
            api_route("POST", f"{one}/rotate-secret", self.rotate, _EVENT),
        )

    async def list(self, request: Request) -> Response:
        """The clients in order of their application's id."""
        change = await self.callers.administrator(request, *_READING)
        only_parameters(request, *PAGING, *_FILTERS)
        page, chosen, id_token_s = read_page(request), chosen_fields(request), await self._id_token_s(change)
        none = flag(request, "is_global") or not flag(request, "is_first_party", default=True)
        kinds = frozenset(kind for kind in (request.query.get("app_type") or "").split(",") if kind)

        def fits(app: Application) -> bool:
            return app.oidc is not None and not none and (not kinds or kept_settings(app).get("app_type") in kinds)

        def shape(app: Application) -> Shape:
            return chosen(shape_client(app, id_token_s))

        found = await applications.find_applications(self.store, change, fits, limit=_ALL)
        return Json(data=page.of(found, "clients", lambda app: app.id, shape))

    async def create(self, request: Request) -> Response:
        """201 with the client and, this one time, its secret. Everybody in the org may use it."""
        change = await self.callers.administrator(request, "create:clients")
        id_token_s = await self._id_token_s(change)
        blank = Application(id="", org_id=change.org_id, name="", label="", external_key="")
        wanted = BodyReader(id_token_s).new(Members(read_json_object(request.body)), blank)
        traits = Traits(
            label=wanted.label,
            everyone=True,
            annotations=wanted.annotations,
            session_transfer=wanted.session_transfer,
        )
        client = replace(wanted.oidc or OidcClient(""), client_id=new_secret(change.random)[-_ID_CHARS:])
        made = await applications.create_oidc(self.store, traits, client, change, local_names=self.local_names)
        return Json(status=201, data=shape_client(made.application, id_token_s, made.client_secret))

    async def read(self, request: Request) -> Response:
        change = await self.callers.administrator(request, *_READING)
        only_parameters(request, "fields", "include_fields")
        app = await self._client(request, change)
        return Json(data=chosen_fields(request)(shape_client(app, await self._id_token_s(change))))

    async def change(self, request: Request) -> Response:
        """What the body names is changed. A client that comes to need a secret gets one, told in this answer alone."""
        change = await self.callers.administrator(request, "update:clients")
        id_token_s = await self._id_token_s(change)
        known = await self._client(request, change)
        wanted = BodyReader(id_token_s).changed(Members(read_json_object(request.body)), known)
        if wanted == known:
            return Json(data=shape_client(known, id_token_s))
        made = await applications.replace_application(self.store, wanted, change, local_names=self.local_names)
        return Json(data=shape_client(made.application, id_token_s, made.client_secret))

    async def remove(self, request: Request) -> Response:
        """204, also where there is no such client: it is gone either way."""
        change = await self.callers.administrator(request, "delete:clients")
        found = await self._found(request, change)
        if found is not None:
            await applications.set_status(self.store, found.id, "inactive", change)
            await applications.remove_application(self.store, found.id, change)
        return Empty(status=204)

    async def rotate(self, request: Request) -> Response:
        """The client with a new secret; every earlier one is dead."""
        change = await self.callers.administrator(request, "update:client_keys")
        known = await self._client(request, change)
        app, secret = await applications.new_client_secret(self.store, known.id, change, keep_old=False)
        return Json(data=shape_client(app, await self._id_token_s(change), secret))

    async def _client(self, request: Request, change: Change) -> Application:
        """The client of the address. Raises ApiRefusal."""
        found = await self._found(request, change)
        if found is None:
            raise no_such_client(request.path_params["client"])
        return found

    async def _found(self, request: Request, change: Change) -> Application | None:
        return await self.store.application_by_client_id(change.org_id, request.path_params["client"])

    async def _id_token_s(self, change: Change) -> int:
        """How long ID tokens hold: the org's own server says it for every client."""
        servers = await self.store.authorization_servers(change.org_id)
        return next(server.id_token_s for server in servers if server.path == "")
