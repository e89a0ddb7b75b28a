"""@okta/okta-auth-js as a page's script: tokens by a message from a hidden frame, and the session across origins."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page
from tests.browser import steps
from tests.browser.foreign_site import ForeignSite
from tests.demo_process import Demo

pytestmark = [pytest.mark.browser, pytest.mark.node, pytest.mark.asyncio(loop_scope="session")]

# The bundle that pages load by a script element; installed with the Node.js clients.
BUNDLE = Path(__file__).parents[1] / "clients/node/node_modules/@okta/okta-auth-js/dist/okta-auth-js.min.js"
ISSUERS = ["issuer", "default_issuer"]
QUIET_MS = 1500

# Tells what a client's call came to, in values that leave the page.
DESCRIBED = """
    const described = async (work) => {
        try { return await work(); }
        catch (error) { return { name: error.name, code: error.errorCode, text: error.errorSummary || error.message }; }
    };
"""


def settings(demo: Demo, issuer: str = "issuer") -> dict[str, Any]:
    spa = steps.app(demo, "spa")
    return {
        "issuer": demo.manifest["okta"][issuer],
        "clientId": spa["client_id"],
        "redirectUri": spa["redirect_uri"],
        "scopes": ["openid", "profile", "email"],
        "tokenManager": {"autoRenew": False},
    }


async def load_client(page: Page) -> None:
    await page.evaluate(BUNDLE.read_text(encoding="utf-8"))
    assert await page.evaluate("typeof OktaAuth") == "function"


async def in_app(page: Page, demo: Demo, issuer: str, script: str, **given: object) -> Any:
    """Runs the body of an asynchronous function in the page, with ``client`` and ``given``."""
    task = {"settings": settings(demo, issuer), **given}
    body = f"async (given) => {{ {DESCRIBED} const client = new OktaAuth(given.settings); {script} }}"
    return await page.evaluate(body, task)


def credentials(demo: Demo) -> dict[str, str]:
    ann = steps.user(demo, "ann")
    return {"username": ann["login"], "password": ann["password"]}


@pytest.fixture
def spa(demo: Demo) -> str:
    """The origin of the single-page app: a trusted one."""
    return demo.addresses.spa


@pytest.mark.parametrize("issuer", ISSUERS)
async def test_tokens_without_a_prompt(page: Page, context: BrowserContext, demo: Demo, spa: str, issuer: str) -> None:
    await page.goto(spa)
    await load_client(page)
    assert await in_app(page, demo, issuer, "return client.session.exists();") is False
    answer = await in_app(
        page,
        demo,
        issuer,
        """
        const { status, sessionToken } = await client.signInWithCredentials(given.user);
        const { tokens } = await client.token.getWithoutPrompt({ sessionToken });
        const verified = await client.token.verify(tokens.idToken, { accessToken: tokens.accessToken.accessToken });
        return {
            status,
            claims: verified.claims,
            scopes: tokens.accessToken.scopes,
            userInfo: await client.token.getUserInfo(tokens.accessToken, tokens.idToken),
            exists: await client.session.exists(),
            session: await client.session.get(),
            frames: document.querySelectorAll('iframe').length,
        };
        """,
        user=credentials(demo),
    )
    ann = steps.user(demo, "ann")
    assert answer["status"] == "SUCCESS"
    assert (answer["claims"]["sub"], answer["claims"]["iss"]) == (ann["id"], demo.manifest["okta"][issuer])
    assert set(answer["scopes"]) == {"openid", "profile", "email"}
    assert answer["userInfo"]["preferred_username"] == ann["login"]
    assert answer["exists"] is True
    assert answer["session"]["userId"] == ann["id"]
    assert answer["frames"] == 0
    assert page.url == f"{spa}/"
    assert await steps.signed_in_as(context, demo) == ann["login"]


async def test_the_session_is_enough_from_then_on(page: Page, demo: Demo, spa: str) -> None:
    """Other pages of the app get tokens without a session token, until the session is closed."""
    await steps.sign_in(page, demo)
    await page.goto(spa)
    await load_client(page)
    answer = await in_app(
        page,
        demo,
        "default_issuer",
        """
        const { tokens } = await client.token.getWithoutPrompt();
        await client.session.close();
        return {
            sub: tokens.idToken.claims.sub,
            exists: await client.session.exists(),
            afterwards: await described(() => client.token.getWithoutPrompt()),
        };
        """,
    )
    assert answer["sub"] == steps.user(demo, "ann")["id"]
    assert answer["exists"] is False
    assert (answer["afterwards"]["name"], answer["afterwards"]["code"]) == ("OAuthError", "login_required")


async def test_a_wrong_password_is_told_across_origins(page: Page, demo: Demo, spa: str) -> None:
    await page.goto(spa)
    await load_client(page)
    wrong = {**credentials(demo), "password": "not it"}
    error = await in_app(
        page, demo, "issuer", "return described(() => client.signInWithCredentials(given.user));", user=wrong
    )
    assert (error["name"], error["code"]) == ("AuthApiError", "E0000004")


async def test_ED_03_an_untrusted_origin_can_read_nothing(
    page: Page, context: BrowserContext, demo: Demo, elsewhere: ForeignSite
) -> None:
    await steps.sign_in(page, demo)
    await page.goto(elsewhere.page(""))
    await load_client(page)
    answer = await in_app(
        page,
        demo,
        "issuer",
        """
        return {
            signIn: await described(() => client.signInWithCredentials(given.user)),
            session: await client.session.get(),
            close: await described(() => client.session.close()),
        };
        """,
        user=credentials(demo),
    )
    assert answer["signIn"].get("name") == "AuthApiError"
    assert "status" not in answer["signIn"]
    assert answer["session"] == {"status": "INACTIVE"}
    assert await steps.signed_in_as(context, demo) == steps.user(demo, "ann")["login"]


# --- F1-04: who hears the message -------------------------------------------------------------------------------------

LISTEN = "window.heard = []; window.addEventListener('message', (e) => heard.push([e.origin, e.data]));"


def message_url(demo: Demo, **more: str) -> str:
    return steps.authorize_url(demo, "spa", response_mode="okta_post_message", prompt="none", **more)


async def heard(page: Page) -> list[list[Any]]:
    found: list[list[Any]] = await page.evaluate("window.heard")
    return found


async def open_window(page: Page, url: str) -> None:
    async with page.expect_popup() as opened:
        await page.evaluate("(url) => void window.open(url)", url)
    popup = await opened.value
    await popup.wait_for_selector("text=handed to the page")


async def embed(page: Page, url: str) -> None:
    async with page.expect_response(lambda answer: answer.url == url):
        await page.evaluate(
            """(url) => {
                const frame = document.createElement('iframe');
                frame.src = url;
                document.body.append(frame);
            }""",
            url,
        )


@pytest.mark.parametrize("how", [open_window, embed])
async def test_the_page_that_asked_hears_the_answer(page: Page, demo: Demo, spa: str, how: Any) -> None:
    await steps.sign_in(page, demo)
    await page.goto(spa)
    await page.evaluate(LISTEN)
    await how(page, message_url(demo))
    for _ in range(100):  # the page's own policy keeps a script from waiting in it
        if await heard(page):
            break
        await page.wait_for_timeout(100)
    [[origin, data]] = await heard(page)
    assert origin == demo.addresses.idp
    assert data["code"]
    assert data["state"] == "state-of-the-test"


@pytest.mark.parametrize("how", [open_window, embed])
@pytest.mark.parametrize("with_token", [False, True], ids=["session", "session token"])
async def test_F1_04_a_page_of_another_origin_hears_nothing(
    page: Page, demo: Demo, elsewhere: ForeignSite, how: Any, with_token: bool
) -> None:
    await steps.sign_in(page, demo)
    await page.goto(elsewhere.page(""))
    await page.evaluate(LISTEN)
    more = {"sessionToken": steps.new_session_token(demo, "ann")} if with_token else {}
    await how(page, message_url(demo, **more))
    await page.wait_for_timeout(QUIET_MS)
    assert await heard(page) == []
