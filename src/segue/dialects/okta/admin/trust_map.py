"""The trust map over HTTP: which applications may hand a sign-in over to an application of this org."""

from dataclasses import dataclass
from typing import Final

from segue.admin import trust
from segue.core.refusal import Refusal
from segue.core.strict import read_json_object
from segue.core.trust import TrustEntry
from segue.dialects.okta.admin.caller import administrator, not_found
from segue.dialects.okta.admin.paging import page_after, page_limit, page_links
from segue.dialects.okta.errors import ValidationFailed, write_error
from segue.dialects.okta.names import LIMIT_API, TRUSTED_APP, TRUSTED_APPS, TRUSTING_APPS
from segue.dialects.okta.shapes import timestamp
from segue.stores import Store
from segue.web.frontchannel import FrontDoor
from segue.web.message import Empty, Json, Request, Response
from segue.web.surface import Handler, Route

_SUBJECT: Final = "Interclient Trust Mappings"
_READ: Final = "apps.interclientTrust.read"
_MANAGE: Final = "apps.interclientTrust.manage"
_PAGE: Final = 50
_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class TrustMap:
    door: FrontDoor
    store: Store

    def routes(self) -> tuple[Route, ...]:
        return (
            _route("GET", TRUSTED_APPS, self.list_trusted),
            _route("POST", TRUSTED_APPS, self.add),
            _route("DELETE", TRUSTED_APP, self.remove),
            _route("GET", TRUSTING_APPS, self.list_targets),
        )

    async def add(self, request: Request) -> Response:
        """201 with the entry, also where it was there already."""
        change = await administrator(self.door, request, _MANAGE)
        target_id, origin_id = request.path_params["app"], _origin(request)
        try:
            entry = await trust.trust_application(self.store, target_id, origin_id, change)
        except Refusal as refusal:
            raise _as_ours(refusal, target_id) from None
        return Json(status=201, data=_shape(entry))

    async def list_trusted(self, request: Request) -> Response:
        """The ids of the origins that the target trusts, a page at a time."""
        change = await administrator(self.door, request, _READ)
        app_id, limit = request.path_params["app"], page_limit(request, default=_PAGE, most=_MOST)
        after = page_after(request)
        try:
            found = await trust.list_trusted(self.store, app_id, change, after=after, limit=limit + 1)
        except Refusal as refusal:
            raise not_found(refusal, app_id, "AppInstance") from None
        ids = [entry.origin_app_id for entry in found]
        return _page(request, TRUSTED_APPS.format(app=app_id), ids, limit)

    async def list_targets(self, request: Request) -> Response:
        """The ids of the targets that trust the origin, a page at a time."""
        change = await administrator(self.door, request, _READ)
        app_id, limit = request.path_params["app"], page_limit(request, default=_PAGE, most=_MOST)
        after = page_after(request)
        try:
            found = await trust.list_targets(self.store, app_id, change, after=after, limit=limit + 1)
        except Refusal as refusal:
            raise not_found(refusal, app_id, "AppInstance") from None
        ids = [entry.target_app_id for entry in found]
        return _page(request, TRUSTING_APPS.format(app=app_id), ids, limit)

    async def remove(self, request: Request) -> Response:
        change = await administrator(self.door, request, _MANAGE)
        target_id, origin_id = request.path_params["app"], request.path_params["origin"]
        try:
            await trust.distrust_application(self.store, target_id, origin_id, change)
        except Refusal as refusal:
            raise not_found(refusal, origin_id, "InterclientTrustMapping") from None
        return Empty(status=204)


def _route(method: str, path: str, handler: Handler) -> Route:
    return Route(
        (method,),
        path,
        handler,
        write_error,
        "trust_map",
        body="json" if method == "POST" else "none",
        idempotent=method == "GET",
        limit=LIMIT_API,
    )


def _origin(request: Request) -> str:
    origin_id = read_json_object(request.body).get("id")
    if not isinstance(origin_id, str) or not origin_id:
        raise ValidationFailed(_SUBJECT, "id", "id: the id of the application to trust")
    return origin_id


def _as_ours(refusal: Refusal, target_id: str) -> Refusal:
    failure = refusal.verdict.failure
    if refusal.reason == "invalid_value" and failure is not None:
        return ValidationFailed(_SUBJECT, failure.name, refusal.public)
    return not_found(refusal, target_id, "AppInstance")


def _page(request: Request, path: str, ids: list[str], limit: int) -> Response:
    """``ids`` holds one more than the page where there is another page."""
    page = ids[:limit]
    following = page[-1] if len(ids) > limit else None
    return Json(data=page).with_headers(*page_links(request, path, (), following))


def _shape(entry: TrustEntry) -> dict[str, object]:
    created = timestamp(entry.created_at)
    return {
        "id": entry.id,
        "orgId": entry.org_id,
        "appInstanceId": entry.target_app_id,
        "trustedAppInstanceId": entry.origin_app_id,
        "created": created,
        "lastUpdated": created,
        "lastUpdatedBy": entry.created_by,
    }
