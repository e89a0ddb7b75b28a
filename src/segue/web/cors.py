"""Which other origin may read an answer: an attribute of the route, and lists of the org and of its applications."""

from dataclasses import dataclass
from typing import Final

from segue.core.url import BadUrl, parse_origin, parse_web_url
from segue.stores import ConfigStore
from segue.web.message import Site
from segue.web.surface import Route

_EXPOSED: Final = (
    "date, dpop-nonce, link, www-authenticate, x-okta-request-id, x-rate-limit-limit, x-rate-limit-remaining, "
    "x-rate-limit-reset"
)
Header = tuple[str, str]
_VARY: Final[Header] = ("vary", "Origin")


@dataclass(frozen=True, slots=True)
class CorsPolicy:
    """Reads the trusted origins of an org, and the redirect addresses of its applications, from configuration."""

    config: ConfigStore

    async def headers(self, site: Site, route: Route, origin: str | None, app_id: str = "") -> tuple[Header, ...]:
        """The headers for an actual answer, which is for the application ``app_id``: none for an origin that is not
        allowed (ED-03; ``null`` never is)."""
        if route.cors == "none":
            return ()
        if route.cors == "public":
            return (("access-control-allow-origin", "*"),)
        if origin is not None and await self.trusts(site, origin):
            return _allowed(origin, credentials=True)
        if origin is not None and route.cors == "client" and await self._belongs(site, origin, app_id):
            return _allowed(origin, credentials=False)
        return (_VARY,)

    async def preflight(
        self, site: Site, route: Route, origin: str | None, asked_headers: str, methods: tuple[str, ...]
    ) -> tuple[Header, ...]:
        """The headers that answer an OPTIONS request for a route."""
        allowed = await self.headers(site, route, origin)
        if route.cors == "client" and allowed == (_VARY,) and origin is not None and _is_origin(origin):
            # Which client asks stands in the request that is still to come: that one decides who reads the answer.
            allowed = _allowed(origin, credentials=False)
        if not any(name == "access-control-allow-origin" for name, _ in allowed):
            return allowed
        asked = [name.strip().lower() for name in asked_headers.split(",") if name.strip()][:32]
        names = ",".join(dict.fromkeys([*(name for name in asked if name.replace("-", "").isalnum()), "content-type"]))
        return (
            *allowed,
            ("access-control-allow-methods", ", ".join((*methods, "OPTIONS"))),
            ("access-control-allow-headers", names),
            ("access-control-max-age", "3600"),
        )

    async def trusts(self, site: Site, origin: str) -> bool:
        """Whether ``origin`` is this site's own or a trusted origin of its org with the CORS scope."""
        try:
            asked = parse_origin(origin)
        except BadUrl:
            return False
        if asked == site.domain.base_url:
            return True
        origins = await self.config.trusted_origins(site.org.id)
        return any(
            trusted.origin == asked and trusted.status == "active" and "CORS" in trusted.scopes for trusted in origins
        )

    async def _belongs(self, site: Site, origin: str, app_id: str) -> bool:
        """Whether the application has a redirect address at ``origin``: its tokens go there anyway."""
        app = await self.config.application(site.org.id, app_id) if app_id else None
        if app is None or app.oidc is None or not app.active or not _is_origin(origin):
            return False
        web = (address for address in app.oidc.redirect_uris if address.startswith(("https://", "http://")))
        return any(parse_web_url(address).origin == parse_origin(origin) for address in web)


def _allowed(origin: str, *, credentials: bool) -> tuple[Header, ...]:
    return (
        ("access-control-allow-origin", origin),
        *((("access-control-allow-credentials", "true"),) if credentials else ()),
        ("access-control-expose-headers", _EXPOSED),
        _VARY,
    )


def _is_origin(text: str) -> bool:
    try:
        parse_origin(text)
    except BadUrl:
        return False
    return True
