"""A link with a ticket that asks before anything is spent (OT-09, OT-15).

Mail scanners and previews follow links, and somebody may have been sent a link with another person's ticket. Where an
org has ``confirm_links`` on, following such a link shows a page; its button brings the browser back to the same address
with a cookie that says so, and only then is the ticket spent. A request that may show no page, and a form, do not ask.
"""

import hmac
from typing import Final

from segue.core.refusal import Refusal
from segue.core.url import MAX_CHARS, BadUrl, parse_local_path
from segue.core.verdict import Check, Verdict
from segue.signin.request import SignInRequest
from segue.web.cookies import read_agreement, read_browser, write_agreement, write_browser
from segue.web.message import Page, Redirect, Request, Response

CONTINUE_PATH: Final = "/login/continue"
_TO: Final = "to"
_PROOF: Final = "proof"
_STALE: Final = "This page cannot be used any more. Follow the link again."


def asks_first(request: Request, wanted: SignInRequest) -> bool:
    """Whether the person has yet to say that they want to go on with the ticket of this link."""
    if not wanted.org.settings.confirm_links or wanted.ticket is None or wanted.passive or request.method != "GET":
        return False
    if wanted.ticket.in_cookie:  # an application on this device put it there: nobody was sent a link
        return False
    if len(_address(request)) > MAX_CHARS:  # no link that somebody was sent: it carries a signed request as well
        return False
    browser, agreed = read_browser(request), read_agreement(request)
    return not (browser and agreed and _same(agreed, _mark(browser, "agreed", _address(request))))


def question(request: Request, wanted: SignInRequest) -> Page:
    """The page. What its form carries is bound to this browser, so that no other site can press the button."""
    browser, cookie = write_browser(request, wanted.circumstances)
    address = _address(request)
    context = {
        "app_label": wanted.app.label if wanted.app else "",
        "action": CONTINUE_PATH,
        "fields": ((_TO, address), (_PROOF, _mark(browser, "asked", address))),
    }
    return Page(template="asked_first.html", context=context, keeps_opener=True).with_cookies(cookie)


async def go_on(request: Request) -> Response:
    """Back to the link, agreed to. Raises Refusal ``form_token`` for a form that this browser was not given."""
    browser, address = read_browser(request) or "", request.form.get(_TO) or ""
    proof = request.form.get(_PROOF) or ""
    if not browser or not _same(proof, _mark(browser, "asked", address)):
        raise _stale("another form")
    try:
        location = f"{request.site.domain.base_url}{parse_local_path(address)}"
    except BadUrl as error:
        raise _stale(str(error)) from None
    cookie = write_agreement(request, _mark(browser, "agreed", address))
    return Redirect(location=location, status=303, cookies=(cookie,))


def _address(request: Request) -> str:
    """Path and query as both requests spell them."""
    return f"{request.path}?{request.query.encode()}"


def _mark(browser: str, purpose: str, address: str) -> str:
    return hmac.digest(browser.encode(), f"{purpose} {address}".encode(), "sha256").hex()


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode(), right.encode())


def _stale(seen: str) -> Refusal:
    check = Check("form_token", passed=False, expected="the form of this browser's page", seen=seen[:200], mend=_STALE)
    return Refusal("form_token", _STALE, Verdict((check,), rule="asked_first"))
