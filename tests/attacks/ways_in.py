"""The six ways a ticket may come in by: where it is presented, and what it looks like where it did."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx
from tests.okta_steps import ORG, asks
from tests.server import Site
from tests.wsfed_messages import asks as wsfed_asks


@dataclass(frozen=True)
class Way:
    """``address`` is path and query for a ticket. ``kind`` is what a ticket of this way is, ``app_id`` whom it is for
    (None: nobody in particular). ``went_in`` says by the answer alone whether it did: status, Location and body."""

    address: Callable[[Site, str], str]
    went_in: Callable[[Site, int, str, bytes], bool]
    kind: str = "session_token"
    app: Callable[[Site], str] | None = None


def _authorize(site: Site, token: str) -> str:
    wanted = {"response_type": "id_token", "prompt": "none", "sessionToken": token}
    return f"{ORG}/authorize?{urlencode(asks(site.org.clients['assigned'], **wanted))}"


def _saml(site: Site, token: str) -> str:
    return f"{site.saml('assigned').sso_path}?{urlencode({'sessionToken': token})}"


def _wsfed(site: Site, token: str) -> str:
    app = site.wsfed("assigned")
    return f"{app.sso_path}?{urlencode({**wsfed_asks(app), 'onetimetoken': token})}"


def _link(site: Site, token: str) -> str:
    return f"{site.linked('assigned').links['start'][1]}?{urlencode({'onetimetoken': token})}"


def _redirect(site: Site, token: str) -> str:
    return f"/login/sessionCookieRedirect?{urlencode({'token': token, 'redirectUrl': TARGET})}"


def _image(site: Site, token: str) -> str:
    return f"/login/sessionCookie?{urlencode({'token': token})}"


TARGET = "https://portal.example.com/landing"

WAYS = {
    "authorize": Way(
        _authorize,
        lambda site, status, location, body: "#id_token=" in location,
        app=lambda site: site.org.clients["assigned"].app_id,
    ),
    "saml": Way(
        _saml,
        lambda site, status, location, body: b'name="SAMLResponse"' in body,
        app=lambda site: site.saml("assigned").app_id,
    ),
    "ws-federation": Way(
        _wsfed,
        lambda site, status, location, body: b'name="wresult"' in body,
        kind="cookie_token",
        app=lambda site: site.wsfed("assigned").app_id,
    ),
    "embed link": Way(
        _link,
        lambda site, status, location, body: location == site.linked("assigned").starts["start"],
        kind="cookie_token",
        app=lambda site: site.linked("assigned").app_id,
    ),
    "redirect link": Way(_redirect, lambda site, status, location, body: location == TARGET, kind="cookie_token"),
    # The image says nothing: whether it signed in shows in the cookie alone.
    "image": Way(_image, lambda site, status, location, body: status == 200, kind="image_token"),
}


def went_in(site: Site, way: Way, response: httpx.Response) -> bool:
    """Whether the answer is the one that a good ticket gets, with a session cookie."""
    answered = way.went_in(site, response.status_code, response.headers.get("location", ""), response.content)
    signed_in = any(cookie.startswith("sid=") for cookie in response.headers.get_list("set-cookie"))
    if way.kind != "image_token":
        assert answered == signed_in, response.headers
    return answered and signed_in
