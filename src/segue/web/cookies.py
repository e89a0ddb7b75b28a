"""The cookies of a domain: the session and the remembered browser under their dialect's names, and our own that
prove who set them."""

import hashlib
from dataclasses import dataclass

from segue.core.org import Domain, Org
from segue.core.secret import Bearer, new_secret
from segue.events import Circumstances
from segue.web.message import Request, SameSite, SetCookie

_PROOF = "segue-proof"
_BROWSER = "segue-browser"
_DEVICE_PROOF = "segue-device-proof"
_AGREEMENT = "segue-agreed"
_AGREEMENT_S = 60
_REFUSED = "segue-refused"
_REFUSED_S = 600
_KNOWN = "segue-known"
_KNOWN_S = 400 * 24 * 3600
_DEVICE_COOKIE_S = 2 * 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class SessionCookies:
    """Reads and writes the session of one dialect. ``name`` is the vendor's cookie name, ``device`` the one by which a
    browser is remembered."""

    name: str
    device: str = ""

    def read(self, request: Request) -> str | None:
        """The session's bearer value, or None.

        On https a ``__Host-`` cookie must prove that this very host set it, so that a sibling host cannot plant a
        session of its own (OT-16). Plain http is for loopback only and has no such protection.
        """
        value = request.cookie(self.name)
        if value is None or not request.site.domain.secure:
            return value
        return value if request.cookie(own_name(_PROOF, request.site.domain)) == _proof(value) else None

    def write(self, bearer: Bearer, org: Org, domain: Domain) -> tuple[SetCookie, ...]:
        return self._both(bearer.text, org, domain)

    def clear(self, org: Org, domain: Domain) -> tuple[SetCookie, ...]:
        return self._both(None, org, domain)

    def _both(self, value: str | None, org: Org, domain: Domain) -> tuple[SetCookie, ...]:
        # An image on another site's page sets and sends a cookie with SameSite=None alone; only https may have that.
        same_site: SameSite = "None" if org.settings.session_image and domain.secure else "Lax"
        session = SetCookie(self.name, value, same_site=same_site)
        if not domain.secure:
            return (session,)
        proof = None if value is None else _proof(value)
        return (session, SetCookie(own_name(_PROOF, domain), proof, same_site=same_site))


def read_browser(request: Request) -> str | None:
    """The secret that ties a waiting sign-in to this browser."""
    return request.cookie(own_name(_BROWSER, request.site.domain))


def write_browser(request: Request, circumstances: Circumstances) -> tuple[str, SetCookie]:
    """The browser's secret, a new one where it has none, and the cookie that keeps it."""
    secret = read_browser(request) or new_secret(circumstances.source.random)
    return secret, SetCookie(own_name(_BROWSER, request.site.domain), secret)


def read_agreement(request: Request) -> str | None:
    """What this browser's person agreed to a moment ago."""
    return request.cookie(own_name(_AGREEMENT, request.site.domain))


def write_agreement(request: Request, value: str) -> SetCookie:
    """The cookie that says so, for as long as the way back takes."""
    return SetCookie(own_name(_AGREEMENT, request.site.domain), value, max_age_s=_AGREEMENT_S)


def read_known(request: Request) -> str | None:
    """The secret of a browser that somebody signed in from before."""
    return request.cookie(own_name(_KNOWN, request.site.domain))


def write_known(request: Request, circumstances: Circumstances) -> tuple[str, SetCookie]:
    """That secret, a new one where the browser has none, and the cookie that keeps it."""
    secret = read_known(request) or new_secret(circumstances.source.random)
    return secret, SetCookie(own_name(_KNOWN, request.site.domain), secret, max_age_s=_KNOWN_S)


def read_refused(request: Request) -> str | None:
    """What this browser was told a moment ago."""
    return request.cookie(own_name(_REFUSED, request.site.domain))


def write_refused(request: Request, value: str) -> SetCookie:
    """The cookie that keeps a refusal for the page that shows it."""
    return SetCookie(own_name(_REFUSED, request.site.domain), value, max_age_s=_REFUSED_S)


def read_device(request: Request, cookies: SessionCookies) -> str | None:
    """The secret by which this browser is remembered, or None.

    As with the session, a ``__Host-`` cookie proves on https who set it: a sibling host that plants a secret of its own
    would share it with whoever is remembered next (OT-16).
    """
    value = request.cookie(cookies.device) if cookies.device else None
    if value is None or not request.site.domain.secure:
        return value
    return value if request.cookie(own_name(_DEVICE_PROOF, request.site.domain)) == _device_proof(value) else None


def write_device(
    request: Request, cookies: SessionCookies, circumstances: Circumstances
) -> tuple[str, tuple[SetCookie, ...]]:
    """That secret, a new one where the browser has none, and the cookies that keep it for two years."""
    domain = request.site.domain
    secret = read_device(request, cookies) or new_secret(circumstances.source.random)
    device = SetCookie(cookies.device, secret, max_age_s=_DEVICE_COOKIE_S)
    if not domain.secure:
        return secret, (device,)
    proof = SetCookie(own_name(_DEVICE_PROOF, domain), _device_proof(secret), max_age_s=_DEVICE_COOKIE_S)
    return secret, (device, proof)


def own_name(name: str, domain: Domain) -> str:
    """The full name of a cookie of ours: on https none but this very host can have set it."""
    return f"__Host-{name}" if domain.secure else name


def _proof(value: str) -> str:
    return hashlib.sha256(b"session proof " + value.encode()).hexdigest()


def _device_proof(value: str) -> str:
    return hashlib.sha256(b"device proof " + value.encode()).hexdigest()
