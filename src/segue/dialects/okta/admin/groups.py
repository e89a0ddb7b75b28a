"""Groups over HTTP: made, found and changed, and who is in them."""

from dataclasses import dataclass
from typing import Final

from segue.admin import groups
from segue.admin.change import Change
from segue.core.condition import AllOf, Condition, Where
from segue.core.org import Domain, Group, everyone_id
from segue.core.refusal import Refusal
from segue.core.strict import read_json_object
from segue.dialects.okta.admin.app_shapes import shape_application
from segue.dialects.okta.admin.bodies import needed_text, object_member, only, text_member
from segue.dialects.okta.admin.caller import administrator, not_found, user_named
from segue.dialects.okta.admin.conditions import ListFields, read_condition
from segue.dialects.okta.admin.filters import BadFilter, Comparison
from segue.dialects.okta.admin.paging import page_after, page_limit, page_links
from segue.dialects.okta.admin.user_answers import UserAnswers, fielded
from segue.dialects.okta.errors import ValidationFailed, write_error
from segue.dialects.okta.names import (
    GROUP,
    GROUP_APPS,
    GROUP_USER,
    GROUP_USERS,
    GROUPS,
    LIMIT_API,
    USER_GROUPS,
)
from segue.dialects.okta.shapes import timestamp
from segue.stores import Store
from segue.web.message import Empty, Json, Request, Response
from segue.web.surface import Handler, Route

_SUBJECT: Final = "group"

_MOST: Final = 1000
_MOST_GROUPS: Final = 10_000
_TYPES: Final = {"standard": "OKTA_GROUP", "built_in": "BUILT_IN"}
# What a caller got from us and sends back with its changes.
_SHOWN: Final = frozenset(
    {"id", "created", "lastUpdated", "lastMembershipUpdated", "objectClass", "type", "_links", "_embedded"}
)


def _type(wanted: Comparison) -> Condition:
    words = {word.lower(): type for type, word in _TYPES.items()}
    type = words.get(str(wanted.value).lower(), "none" if str(wanted.value).upper() == "APP_GROUP" else None)
    if wanted.operator not in ("eq", "ne") or type is None:
        raise BadFilter("type is eq or ne to OKTA_GROUP, APP_GROUP or BUILT_IN")
    return Where("type", wanted.operator, type)


_FIELDS: Final = ListFields(
    {
        "id": ("id", "text"),
        "profile.name": ("name", "text"),
        "profile.description": ("description", "text"),
        "created": ("created_at", "moment"),
        "lastUpdated": ("updated_at", "moment"),
        "lastMembershipUpdated": ("members_changed_at", "moment"),
    },
    words={"type": _type},
)


@dataclass(frozen=True, slots=True)
class Groups:
    answers: UserAnswers

    def routes(self) -> tuple[Route, ...]:
        return (
            _route("GET", GROUPS, self.list),
            _route("POST", GROUPS, self.create),
            _route("GET", GROUP, self.read),
            _route("PUT", GROUP, self.replace),
            _route("DELETE", GROUP, self.remove),
            _route("GET", GROUP_USERS, self.members),
            _route("PUT", GROUP_USER, self.join, body=False),
            _route("DELETE", GROUP_USER, self.leave),
            _route("GET", GROUP_APPS, self.apps),
            _route("GET", USER_GROUPS, self.of_user),
        )

    @property
    def store(self) -> Store:
        return self.answers.store

    async def list(self, request: Request) -> Response:
        """A page of groups in order of id; ``q`` is the beginning of a name."""
        change = await self._caller(request, "groups.read")
        limit, after = page_limit(request, default=_MOST_GROUPS, most=_MOST_GROUPS), page_after(request)
        query = request.query
        parts = [read_condition(text, name, _FIELDS) for name in ("filter", "search") if (text := query.get(name))]
        if query.get("q"):
            parts.append(Where("name", "sw", query.get("q")))
        try:
            found = await self.store.find_groups(
                change.org_id, AllOf(tuple(parts)) if parts else None, after=after, limit=limit + 1
            )
        except ValueError as error:
            raise ValidationFailed("filter", "filter", f"filter: {error}") from None
        page = found[:limit]
        following = page[-1].id if len(found) > limit else None
        headers = page_links(request, GROUPS, ("q", "filter", "search"), following)
        return Json(data=[group_object(request, group) for group in page]).with_headers(*headers)

    async def create(self, request: Request) -> Response:
        change = await self._caller(request, "groups.manage")
        name, description = _read(request)
        try:
            made = await groups.create_group(self.store, name, description, change)
        except Refusal as refusal:
            raise fielded(refusal, _SUBJECT) from refusal
        return Json(data=group_object(request, made))

    async def read(self, request: Request) -> Response:
        change = await self._caller(request, "groups.read")
        return Json(data=group_object(request, await self._group(request, change)))

    async def replace(self, request: Request) -> Response:
        change = await self._caller(request, "groups.manage")
        group, (name, description) = await self._group(request, change), _read(request)
        try:
            changed = await groups.change_group(self.store, group.id, name, description, change)
        except Refusal as refusal:
            raise fielded(refusal, _SUBJECT) from refusal
        return Json(data=group_object(request, changed))

    async def remove(self, request: Request) -> Response:
        """204; memberships and assignments of the group are gone with it."""
        change = await self._caller(request, "groups.manage")
        group = await self._group(request, change)
        await groups.remove_group(self.store, group.id, change)
        return Empty(status=204)

    async def members(self, request: Request) -> Response:
        """A page of the members in order of id."""
        change = await self._caller(request, "groups.read")
        group = await self._group(request, change)
        limit, after = page_limit(request, default=_MOST, most=_MOST), page_after(request)
        if group.type == "built_in":
            found = await self.store.users(change.org_id, after=after, limit=limit + 1)
        else:
            found = await self.store.members(change.org_id, group.id, after=after, limit=limit + 1)
        page = found[:limit]
        following = page[-1].id if len(found) > limit else None
        headers = page_links(request, GROUP_USERS.format(group=group.id), (), following)
        return Json(data=await self.answers.shapes(request, page)).with_headers(*headers)

    async def join(self, request: Request) -> Response:
        change = await self._caller(request, "groups.manage")
        group = await self._group(request, change)
        user = await user_named(self.store, request.path_params["user"], change)
        await groups.add_member(self.store, group.id, user, change)
        return Empty(status=204)

    async def leave(self, request: Request) -> Response:
        change = await self._caller(request, "groups.manage")
        group = await self._group(request, change)
        user = await user_named(self.store, request.path_params["user"], change)
        await groups.remove_member(self.store, group.id, user, change)
        return Empty(status=204)

    async def apps(self, request: Request) -> Response:
        """The applications assigned to the group, all on one page: there are few of them."""
        change = await self._caller(request, "groups.read")
        if change.actor is not None:
            change.actor.require("apps.read")
        group = await self._group(request, change)
        found = await self.store.applications_of_group(change.org_id, group.id)
        domains = {domain.authority: domain for domain in await self.store.domains()}
        here = request.site.domain

        def home(authority: str) -> Domain:
            known = domains.get(authority, here)
            return known if known.org_id == change.org_id else here

        shown = [shape_application(app, here, home(app.home_authority)) for app in found]
        headers = page_links(request, GROUP_APPS.format(group=group.id), (), None)
        return Json(data=shown).with_headers(*headers)

    async def of_user(self, request: Request) -> Response:
        """All groups of a user, the built-in one among them."""
        change = await self._caller(request, "users.read")
        user = await user_named(self.store, request.path_params["user"], change)
        everyone = await self.store.group(change.org_id, everyone_id(change.org_id))
        found = [*([everyone] if everyone else []), *await self.store.groups_of(change.org_id, user.id)]
        headers = page_links(request, USER_GROUPS.format(user=user.id), (), None)
        return Json(data=[group_object(request, group) for group in found]).with_headers(*headers)

    async def _group(self, request: Request, change: Change) -> Group:
        ident = request.path_params["group"]
        try:
            return await groups.find_group(self.store, ident, change)
        except Refusal as refusal:
            raise not_found(refusal, ident, "UserGroup") from None

    async def _caller(self, request: Request, permission: str) -> Change:
        return await administrator(self.answers.door, request, permission)


def group_object(request: Request, group: Group) -> dict[str, object]:
    own = f"{request.site.domain.base_url}{GROUP.format(group=group.id)}"
    return {
        "id": group.id,
        "created": timestamp(group.created_at),
        "lastUpdated": timestamp(group.updated_at),
        "lastMembershipUpdated": timestamp(group.members_changed_at or group.created_at),
        "objectClass": ["okta:user_group"],
        "type": _TYPES[group.type],
        "profile": {"name": group.name, "description": group.description or None},
        "_links": {"users": {"href": f"{own}/users"}, "apps": {"href": f"{own}/apps"}},
    }


def _read(request: Request) -> tuple[str, str]:
    """Name and description. Raises ValidationFailed."""
    body = read_json_object(request.body)
    only(body, {"profile"} | _SHOWN, _SUBJECT)
    profile = object_member(body, "profile", _SUBJECT)
    if profile is None:
        raise ValidationFailed(_SUBJECT, "profile", "profile: an object is needed")
    only(profile, {"name", "description", "objectClass"}, _SUBJECT)
    name = needed_text(profile, "name", _SUBJECT, longest=255)
    return name, text_member(profile, "description", _SUBJECT) or ""


def _route(method: str, path: str, handler: Handler, *, body: bool = True) -> Route:
    return Route(
        (method,),
        path,
        handler,
        write_error,
        "groups",
        body="json" if body and method in ("POST", "PUT") else "none",
        idempotent=method == "GET",
        limit=LIMIT_API,
    )
