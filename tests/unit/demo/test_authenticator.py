"""The stand-in for an authenticator app."""

import pyotp

from segue.demo.authenticator import Authenticator

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def test_it_shows_what_an_app_would() -> None:
    now = 1_700_000_015.0
    app = Authenticator(SECRET, lambda: now)
    assert app.code() == pyotp.TOTP(SECRET).at(int(now))
    assert app.left_s == 30 - int(now) % 30


def test_codes_given_out_differ_while_the_window_lasts() -> None:
    now = 1_700_000_000.0
    app = Authenticator(SECRET, lambda: now)
    first, second, third = (app.unused_code() for _ in range(3))
    assert first == app.code()
    assert second == third == pyotp.TOTP(SECRET).at(int(now) + 30)
    now += 30
    assert app.unused_code() == pyotp.TOTP(SECRET).at(int(now) + 30)
