"""One request to the console by somebody who may be there: who they are, what they may do, and the page they get."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlencode

from segue.admin.actor import Actor
from segue.admin.change import Change
from segue.console import paths
from segue.console.forms import Form
from segue.console.seals import Notice
from segue.core.strict import Params
from segue.core.user import User
from segue.stores import Found
from segue.web.browser_session import FORM_TOKEN
from segue.web.message import Page, Redirect, Request, Response, SetCookie

Crumbs = Sequence[tuple[str, str]]
"""The way to a page: label and address of each page above it."""

_NAVIGATION: Final = (
    ("", (("Overview", paths.HOME, ""),)),
    (
        "People",
        (
            ("Users", paths.USERS, "users.read"),
            ("Groups", paths.GROUPS, "groups.read"),
            ("Group rules", paths.GROUP_RULES, "groups.read"),
        ),
    ),
    (
        "Sign-in",
        (
            ("Applications", paths.APPS, "apps.read"),
            ("Policies", paths.POLICIES, "policies.read"),
            ("Simulator", paths.SIMULATOR, "policies.read"),
            ("Network zones", paths.ZONES, "networkZones.read"),
            ("Trusted origins", paths.ORIGINS, "trustedOrigins.read"),
            ("Authorization servers", paths.SERVERS, "authorizationServers.read"),
            ("Signing keys", paths.KEYS, "keys.read"),
        ),
    ),
    (
        "Administration",
        (
            ("Settings", paths.SETTINGS, "orgs.read"),
            ("Administrators", paths.ROLES, "roles.read"),
            ("API tokens", paths.TOKENS, "apiTokens.read"),
            ("Events", paths.EVENTS, "logs.read"),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Visit:
    """``token`` stands in every form. ``actor`` is reduced to permissions; ``roles`` are for people to read."""

    request: Request
    user: User
    actor: Actor
    change: Change
    session: Found
    token: str
    notice: Notice | None = None
    form: Form = field(default_factory=Form)

    @property
    def org_id(self) -> str:
        return self.request.site.org.id

    @property
    def query(self) -> Params:
        return self.request.query

    @property
    def posted(self) -> Params:
        return self.request.form

    def param(self, name: str) -> str:
        """A part of the address."""
        return self.request.path_params[name]

    def may(self, permission: str) -> bool:
        return self.actor.may(permission)

    def with_form(self, form: Form) -> "Visit":
        return replace(self, form=form)

    def page(self, template: str, title: str, *, crumbs: Crumbs = (), section: str = "", **context: object) -> Page:
        """A page of the console. ``section`` is the address of its entry in the navigation, where it is not its own."""
        return Page(
            template=f"console/{template}",
            status=400 if self.form.message else 200,
            stays_here=True,
            context={
                "title": title,
                "crumbs": crumbs,
                "navigation": self._navigation(section or self.request.path),
                "visitor": {"name": self.user.display_name, "login": self.user.login},
                "notice": self.notice,
                "form": self.form,
                "token_name": FORM_TOKEN,
                "token": self.token,
                "may": self.may,
                "paths": paths,
                "now_at": self.request.now_at,
                **context,
            },
        )

    def _navigation(self, section: str) -> list[dict[str, object]]:
        parts: list[dict[str, object]] = []
        for heading, entries in _NAVIGATION:
            shown = [
                {"label": label, "address": address, "here": address == section}
                for label, address, permission in entries
                if not permission or self.may(permission)
            ]
            if shown:
                parts.append({"heading": heading, "entries": shown})
        return parts


@dataclass(frozen=True, slots=True)
class Done:
    """That a change was made: where to go on, and what to tell there."""

    location: str
    notice: Notice

    def response(self, visit: Visit, *cookies: SetCookie) -> Response:
        # By a GET, so that loading the page again changes nothing again.
        base = visit.request.site.domain.base_url
        return Redirect(location=f"{base}{self.location}", status=303, cookies=cookies)


def done(location: str, text: str, **secrets: str) -> Done:
    """A change that was made; ``secrets`` are shown once, each under its label with spaces for underscores."""
    return Done(location, Notice(text, {label.replace("_", " "): secret for label, secret in secrets.items()}))


def with_query(path: str, **parameters: str) -> str:
    """An address of ours with those parameters that are not empty."""
    query = urlencode({name: value for name, value in parameters.items() if value})
    return f"{path}?{query}" if query else path
