"""Which other sites a browser sends the session to."""

import os

import pytest

from segue.core.org import Domain, Org, OrgSettings
from segue.core.secret import new_bearer
from segue.web.cookies import SessionCookies
from segue.web.rendering import set_cookie

COOKIES = SessionCookies("sid")
BEARER = new_bearer("102", 1, 1_790_000_000_000, os.urandom)


@pytest.mark.parametrize(
    ("image", "scheme", "same_site"),
    [(False, "https", "Lax"), (True, "https", "None"), (False, "http", "Lax"), (True, "http", "Lax")],
)
def test_F6_01_none_but_an_org_with_the_image_on_https(image: bool, scheme: str, same_site: str) -> None:
    org = Org("00o", "Org", settings=OrgSettings(session_image=image))
    domain = Domain("id.example.com", "00o", "okta", scheme)  # type: ignore[arg-type]
    for cookies in (COOKIES.write(BEARER, org, domain), COOKIES.clear(org, domain)):
        assert len(cookies) == (2 if domain.secure else 1)
        for cookie in cookies:
            header = set_cookie(cookie, secure=domain.secure)
            assert f"; SameSite={same_site}" in header
            assert ("; Secure" in header) == domain.secure
            assert "HttpOnly" in header
