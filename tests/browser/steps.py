"""What people and apps do in these tests: sign in, ask who is signed in, open an authorization request."""

from typing import Any
from urllib.parse import urlencode

from playwright.async_api import BrowserContext, Page
from tests.clients.by_hand import new_browser, session_token
from tests.demo_process import Demo


def new_session_token(demo: Demo, name: str) -> str:
    """A session token for the user, made elsewhere: not in the browser under test."""
    with new_browser(demo) as elsewhere:
        return session_token(elsewhere, demo, name)


def user(demo: Demo, name: str) -> dict[str, str]:
    return demo.manifest["okta"]["users"][name]


def app(demo: Demo, name: str) -> dict[str, str]:
    return demo.manifest["okta"]["apps"][name]


def authorize_parameters(demo: Demo, name: str = "web", **more: str) -> dict[str, str]:
    """An authorization request for a code; the public app's carries the challenge it needs."""
    parameters = {
        "client_id": app(demo, name)["client_id"],
        "redirect_uri": app(demo, name)["redirect_uri"],
        "response_type": "code",
        "scope": "openid",
        "state": "state-of-the-test",
        **more,
    }
    if "client_secret" not in app(demo, name):
        # RFC 7636, appendix B.
        parameters |= {
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "code_challenge_method": "S256",
        }
    return parameters


def authorize_endpoint(demo: Demo) -> str:
    return f"{demo.addresses.idp}/oauth2/v1/authorize"


def authorize_url(demo: Demo, name: str = "web", **more: str) -> str:
    return f"{authorize_endpoint(demo)}?{urlencode(authorize_parameters(demo, name, **more))}"


async def fill_in(page: Page, demo: Demo, name: str, password: str | None = None) -> None:
    """The form of a sign-in page, ours or the custom one: both have these fields."""
    await page.fill("#username", user(demo, name)["login"])
    await page.fill("#password", user(demo, name)["password"] if password is None else password)


async def sign_in(page: Page, demo: Demo, name: str = "ann") -> None:
    """Signs in on the hosted page, for nothing in particular; ends on the start page."""
    await page.goto(f"{demo.addresses.idp}/login/login.htm")
    await fill_in(page, demo, name)
    await page.click("#login-submit")
    await page.wait_for_selector("#signed-in-as")


async def session(context: BrowserContext, demo: Demo) -> dict[str, Any] | None:
    """The browser's session as the sessions API tells it, or None."""
    answer = await context.request.get(f"{demo.addresses.idp}/api/v1/sessions/me")
    assert answer.status in (200, 404), await answer.text()
    return await answer.json() if answer.status == 200 else None


async def signed_in_as(context: BrowserContext, demo: Demo) -> str | None:
    """The login of the browser's session, or None."""
    found = await session(context, demo)
    return found["login"] if found else None
