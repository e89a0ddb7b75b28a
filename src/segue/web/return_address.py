"""Where a browser may be sent after a sign-in or a sign-out that no protocol asked for (F2-01, F2-02)."""

from dataclasses import dataclass
from urllib.parse import unquote_plus

from segue.core.refusal import Refusal
from segue.core.url import BadUrl, parse_local_path, parse_web_url, same_origin
from segue.core.verdict import Check, Verdict
from segue.stores import ConfigStore
from segue.web.message import Site

_NOT_ALLOWED = "The address to go on to is not one of this organisation."


@dataclass(frozen=True, slots=True)
class ReturnAddresses:
    """Judges such addresses. ``dropped`` are parameters that carry a ticket: they never go out again (OT-11)."""

    config: ConfigStore
    dropped: frozenset[str] = frozenset()

    async def absolute(self, site: Site, text: str) -> str:
        """``text`` as an absolute address, if it is a path of ours, an address of ours, or one of an active trusted
        origin with the scope REDIRECT, compared as a whole origin. Raises Refusal ``return_address``."""
        try:
            return f"{site.domain.base_url}{self._clean(parse_local_path(text))}"
        except BadUrl:
            pass
        try:
            url = parse_web_url(text)
        except BadUrl as error:
            raise _refusal(str(error)) from None
        if not same_origin(url, site.domain.base_url) and not await self._trusts(site, url.origin):
            raise _refusal(f"origin {url.origin}")
        return self._clean(str(url))

    async def _trusts(self, site: Site, origin: str) -> bool:
        origins = await self.config.trusted_origins(site.org.id)
        return any(
            trusted.origin == origin and trusted.status == "active" and "REDIRECT" in trusted.scopes
            for trusted in origins
        )

    def _clean(self, address: str) -> str:
        """Without tickets; every other octet stays as it is, since some parameters are signed as they stand."""
        before, hash_mark, fragment = address.partition("#")
        path, mark, query = before.partition("?")
        kept = "&".join(pair for pair in query.split("&") if unquote_plus(pair.partition("=")[0]) not in self.dropped)
        return f"{path}{mark if kept else ''}{kept}{hash_mark}{fragment}"


def _refusal(seen: str) -> Refusal:
    check = Check(
        "return_address",
        passed=False,
        expected="a path here, or an address of a trusted origin with the scope REDIRECT",
        seen=seen[:200],
        mend="Add the origin to the trusted origins with the scope REDIRECT, or send a path.",
    )
    return Refusal("return_address", _NOT_ALLOWED, Verdict((check,), rule="return_address"))
