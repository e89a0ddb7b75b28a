"""Which other origin may read an answer: an attribute of the route and a list of the org, never a reflected header."""

from dataclasses import dataclass
from typing import Final

from segue.core.url import BadUrl, parse_origin
from segue.stores import ConfigStore
from segue.web.message import Site
from segue.web.surface import Route

_EXPOSED: Final = (
    "date, dpop-nonce, link, www-authenticate, x-okta-request-id, x-rate-limit-limit, x-rate-limit-remaining, "
    "x-rate-limit-reset"
)
Header = tuple[str, str]


@dataclass(frozen=True, slots=True)
class CorsPolicy:
    """Reads the trusted origins of an org from configuration."""

    config: ConfigStore

    async def headers(self, site: Site, route: Route, origin: str | None) -> tuple[Header, ...]:
        """The headers for an actual answer: none for an origin that is not allowed (ED-03; ``null`` never is)."""
        match route.cors:
            case "none":
                return ()
            case "public":
                return (("access-control-allow-origin", "*"),)
            case "credentialed":
                if origin is None or not await self.trusts(site, origin):
                    return (("vary", "Origin"),)
                return (
                    ("access-control-allow-origin", origin),
                    ("access-control-allow-credentials", "true"),
                    ("access-control-expose-headers", _EXPOSED),
                    ("vary", "Origin"),
                )

    async def preflight(
        self, site: Site, route: Route, origin: str | None, asked_headers: str, methods: tuple[str, ...]
    ) -> tuple[Header, ...]:
        """The headers that answer an OPTIONS request for a route."""
        allowed = await self.headers(site, route, origin)
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
