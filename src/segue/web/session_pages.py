"""The pages about the browser's own session: the start page, signing out, and having signed out."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from segue.core.user import User
from segue.signin.sessions import assurance_of
from segue.web.account_pages import AccountPages
from segue.web.browser_session import FORM_TOKEN, browser_session, check_form_token, close_browser_session, form_token
from segue.web.frontchannel import FrontDoor
from segue.web.interaction_pages import person
from segue.web.message import Page, Redirect, Request, Response

_CONSOLE: Final = "/console"

# RFC 8176 section 2, in the words of people who are no specialists.
_METHODS: Final = {
    "pwd": "password",
    "otp": "one-time code",
    "swk": "app on a device",
    "hwk": "security key",
    "sms": "text message",
    "tel": "telephone call",
    "kba": "security question",
    "fpt": "fingerprint",
    "face": "face",
    "pin": "PIN",
    "sc": "smart card",
    "user": "touch of a device",
    "geo": "place",
}


@dataclass(frozen=True, slots=True)
class SessionPages:
    """``sign_in_path`` and ``sign_out_path`` are the dialect's own."""

    door: FrontDoor
    sign_in_path: str
    sign_out_path: str
    account: AccountPages

    async def home(self, request: Request) -> Response:
        """Who is signed in here, since when and how; or the way to sign in, and what else there is."""
        session = await browser_session(self.door, request)
        if session is None or session.subject is None:
            links = request.site.org.settings.landing_links
            return Page(template="welcome.html", context={"sign_in_path": self.sign_in_path, "links": _links(links)})
        methods = [_METHODS[value] for value in assurance_of(session).amr if value in _METHODS]
        context = {
            "user": person(session.subject.user),
            "since": _moment(session.credential.issued_at),
            "until": _moment(session.credential.expires_at),
            "methods": methods,
            **await self.account.overview(request, session.subject.user),
            "console": await self._console(session.subject.user),
            **self._form(request, self.sign_out_path),
        }
        return Page(template="home.html", context=context)

    async def sign_out(self, request: Request, target: str) -> Response:
        """Ends the session and goes on to ``target`` (absolute), or to the page that says so where it is empty.

        A GET ends it too, since applications link here. It asks first where the user may not have wanted it: another
        site made the browser come without a click, or in a frame (LO-01). Images and scripts of other sites never get
        this far, since the cookie stays away from them and the edge turns them back.
        """
        session = await browser_session(self.door, request, touch=False)
        if session is not None and request.method == "POST":
            check_form_token(self.door, request)
        elif session is not None and _unasked(request):
            # The form keeps the query: where to go afterwards is judged again when it is submitted.
            action = f"{self.sign_out_path}?{request.query.encode()}"
            return Page(template="sign_out.html", context=self._form(request, action))
        cookies = await close_browser_session(self.door, request, session, reason="signed_out")
        if target:
            status = 303 if request.method == "POST" else 302
            return Redirect(location=target, status=status, cookies=cookies)
        if request.method == "POST":
            # By a GET, so that loading the page again posts nothing.
            return Redirect(location=f"{request.site.domain.base_url}{self.sign_out_path}", status=303, cookies=cookies)
        return Page(template="signed_out.html", context={"sign_in_path": self.sign_in_path}, cookies=cookies)

    async def _console(self, user: User) -> str:
        """Where somebody administers the org who may; "" for everybody else."""
        return _CONSOLE if await self.door.store.role_assignments(user.org_id, user.id) else ""

    def _form(self, request: Request, action: str) -> dict[str, object]:
        return {"action": action, "fields": ((FORM_TOKEN, form_token(self.door, request)),)}


def _unasked(request: Request) -> bool:
    """Whether the browser says that this is no navigation of its user. Browsers that say nothing are believed."""
    framed = request.headers.get("sec-fetch-dest") in ("iframe", "frame")
    foreign = request.headers.get("sec-fetch-site") == "cross-site"
    return framed or (foreign and request.headers.get("sec-fetch-user") != "?1")


def _links(links: tuple[tuple[str, str, str], ...]) -> list[dict[str, str]]:
    return [{"label": label, "address": address, "description": description} for label, address, description in links]


def _moment(at: int) -> dict[str, str]:
    """A time for people and for machines; without JavaScript nobody knows the reader's time zone."""
    moment = datetime.fromtimestamp(at // 1000, UTC)
    return {"text": f"{moment.day} {moment:%B %Y, %H:%M} UTC", "iso": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}
