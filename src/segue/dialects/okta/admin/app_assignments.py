"""Who may use an application, over HTTP: users by name, groups, and everybody who has it."""

from dataclasses import dataclass
from typing import Final

from segue.admin import applications, assignments
from segue.admin.assignments import WantedAssignment
from segue.admin.change import Change
from segue.core.assignment import GroupAssignment, UserAssignment
from segue.core.org import Domain
from segue.core.refusal import Refusal
from segue.core.strict import read_json_object
from segue.core.verdict import Check
from segue.dialects.okta.admin.app_routes import app_route, named_app
from segue.dialects.okta.admin.caller import administrator, not_found, user_named
from segue.dialects.okta.admin.fields import Fields
from segue.dialects.okta.admin.paging import page_after, page_limit, page_links
from segue.dialects.okta.errors import ResourceNotFound
from segue.dialects.okta.names import APP, APP_GROUP, APP_GROUPS, APP_USER, APP_USERS
from segue.dialects.okta.shapes import timestamp
from segue.stores import Store
from segue.web.frontchannel import FrontDoor
from segue.web.message import Empty, Json, Request, Response
from segue.web.surface import Route

_USERS: Final = 50
_MOST_USERS: Final = 500
_GROUPS: Final = 20
_MOST_GROUPS: Final = 200
_USER: Final = "/api/v1/users/{id}"
_GROUP: Final = "/api/v1/groups/{id}"


@dataclass(frozen=True, slots=True)
class AppAssignments:
    door: FrontDoor
    store: Store

    def routes(self) -> tuple[Route, ...]:
        return (
            app_route("GET", APP_USERS, self.users),
            app_route("POST", APP_USERS, self.assign_user, body=True),
            app_route("GET", APP_USER, self.user),
            app_route("POST", APP_USER, self.change_user, body=True),
            app_route("DELETE", APP_USER, self.unassign_user),
            app_route("GET", APP_GROUPS, self.groups),
            app_route("GET", APP_GROUP, self.group),
            app_route("PUT", APP_GROUP, self.assign_group, body=True),
            app_route("DELETE", APP_GROUP, self.unassign_group),
        )

    async def users(self, request: Request) -> Response:
        """Everybody who has the application, by name or through a group; ``q`` is the beginning of their name there."""
        change = await administrator(self.door, request, "apps.read")
        app = await named_app(self.store, request, change)
        limit, after = page_limit(request, default=_USERS, most=_MOST_USERS), page_after(request)
        begins = (request.query.get("q") or "")[:256]
        found = await assignments.list_assignments(
            self.store, app.id, change, begins=begins, after=after, limit=limit + 1
        )
        page = found[:limit]
        following = page[-1].user_id if len(found) > limit else None
        headers = page_links(request, APP_USERS.format(app=app.id), ("q", "expand"), following)
        return Json(data=[shape_user(one, request.site.domain) for one in page]).with_headers(*headers)

    async def assign_user(self, request: Request) -> Response:
        change = await administrator(self.door, request, "apps.manage")
        app = await named_app(self.store, request, change)
        body = Fields(read_json_object(request.body))
        return await self._assign(request, app.id, body.needed("id"), body, change)

    async def user(self, request: Request) -> Response:
        change = await administrator(self.door, request, "apps.read")
        app = await named_app(self.store, request, change)
        return Json(data=shape_user(await self._assignment(request, app.id, change), request.site.domain))

    async def change_user(self, request: Request) -> Response:
        """Changes what is said; what is left out stays."""
        change = await administrator(self.door, request, "apps.manage")
        app = await named_app(self.store, request, change)
        known = await self._assignment(request, app.id, change)
        body = Fields(read_json_object(request.body))
        return await self._assign(request, app.id, known.user_id, body, change, known)

    async def unassign_user(self, request: Request) -> Response:
        change = await administrator(self.door, request, "apps.manage")
        app = await named_app(self.store, request, change)
        known = await self._assignment(request, app.id, change)
        if not await applications.unassign(self.store, app.id, known.user_id, change):
            mend = "Take the user out of the group, or the application away from the group."
            check = Check("assigned_by_name", passed=False, expected="by name", seen="through a group", mend=mend)
            raise ResourceNotFound(known.user_id, "AppUser", check)
        return Empty(status=204)

    async def groups(self, request: Request) -> Response:
        change = await administrator(self.door, request, "apps.read")
        app = await named_app(self.store, request, change)
        limit, after = page_limit(request, default=_GROUPS, most=_MOST_GROUPS), page_after(request)
        found = await self.store.group_assignments(change.org_id, app.id, after=after, limit=limit + 1)
        page = found[:limit]
        following = page[-1].group_id if len(found) > limit else None
        headers = page_links(request, APP_GROUPS.format(app=app.id), ("expand",), following)
        return Json(data=[shape_group(one, request.site.domain) for one in page]).with_headers(*headers)

    async def group(self, request: Request) -> Response:
        change = await administrator(self.door, request, "apps.read")
        app = await named_app(self.store, request, change)
        ident = request.path_params["group"]
        try:
            found = await assignments.find_group_assignment(self.store, app.id, ident, change)
        except Refusal as refusal:
            raise not_found(refusal, ident, "ApplicationGroupAssignment") from None
        return Json(data=shape_group(found, request.site.domain))

    async def assign_group(self, request: Request) -> Response:
        change = await administrator(self.door, request, "apps.manage")
        app = await named_app(self.store, request, change)
        body = Fields(read_json_object(request.body) if request.body.strip() else {})
        body.only("id", "priority", "profile", "lastUpdated", "_links", "_embedded")
        ident, profile = request.path_params["group"], body.part("profile").data
        try:
            made = await assignments.assign_group(
                self.store, app.id, ident, body.number("priority", 0), dict(profile), change
            )
        except Refusal as refusal:
            raise not_found(refusal, ident, "UserGroup") from None
        return Json(data=shape_group(made, request.site.domain))

    async def unassign_group(self, request: Request) -> Response:
        change = await administrator(self.door, request, "apps.manage")
        app = await named_app(self.store, request, change)
        ident = request.path_params["group"]
        if not await assignments.unassign_group(self.store, app.id, ident, change):
            check = Check("group_assigned", passed=False, expected="an assigned group", seen=ident[:80])
            raise ResourceNotFound(ident[:80], "ApplicationGroupAssignment", check)
        return Empty(status=204)

    async def _assign(
        self,
        request: Request,
        app_id: str,
        user_name: str,
        body: Fields,
        change: Change,
        known: UserAssignment | None = None,
    ) -> Response:
        body.only("id", "scope", "credentials", "profile", *_READ_ONLY)
        body.choice("scope", ("USER", "GROUP"), "USER")
        credentials = body.part("credentials")
        credentials.only("userName")
        before = known or UserAssignment(change.org_id, app_id, "")
        wanted = WantedAssignment(
            user_name=credentials.text("userName", before.user_name),
            profile=dict(body.part("profile").data) if body.has("profile") else before.profile,
        )
        user = await user_named(self.store, user_name, change)
        try:
            made = await assignments.assign_user(self.store, app_id, user.id, wanted, change)
        except Refusal as refusal:
            raise not_found(refusal, app_id, "AppInstance") from None
        return Json(data=shape_user(made, request.site.domain))

    async def _assignment(self, request: Request, app_id: str, change: Change) -> UserAssignment:
        user = await user_named(self.store, request.path_params["user"], change)
        try:
            return await assignments.find_assignment(self.store, app_id, user.id, change)
        except Refusal as refusal:
            raise not_found(refusal, user.id, "AppUser") from None


_READ_ONLY: Final = (
    "created",
    "externalId",
    "lastUpdated",
    "lastSync",
    "passwordChanged",
    "status",
    "statusChanged",
    "syncState",
    "_embedded",
    "_links",
)


def shape_user(assignment: UserAssignment, domain: Domain) -> dict[str, object]:
    """A user as an application has them."""
    changed = timestamp(assignment.updated_at) if assignment.updated_at else None
    return {
        "id": assignment.user_id,
        "externalId": None,
        "created": timestamp(assignment.created_at) if assignment.created_at else None,
        "lastUpdated": changed,
        "scope": "USER" if assignment.by_name else "GROUP",
        "status": "ACTIVE",
        "statusChanged": changed,
        "passwordChanged": None,
        "syncState": "DISABLED",
        "credentials": {"userName": assignment.user_name or assignment.login},
        "profile": dict(assignment.profile),
        "_links": {
            "app": {"href": f"{domain.base_url}{APP.format(app=assignment.app_id)}"},
            "user": {"href": f"{domain.base_url}{_USER.format(id=assignment.user_id)}"},
        },
    }


def shape_group(assignment: GroupAssignment, domain: Domain) -> dict[str, object]:
    base = domain.base_url
    own = APP_GROUP.format(app=assignment.app_id, group=assignment.group_id)
    return {
        "id": assignment.group_id,
        "lastUpdated": timestamp(assignment.updated_at),
        "priority": assignment.priority,
        "profile": dict(assignment.profile),
        "_links": {
            "self": {"href": f"{base}{own}"},
            "app": {"href": f"{base}{APP.format(app=assignment.app_id)}"},
            "group": {"href": f"{base}{_GROUP.format(id=assignment.group_id)}"},
        },
    }
