"""The public keys of a client: those it registered, or those at its ``jwks_uri``."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from segue.core.application import OidcClient
from segue.core.strict import Malformed, read_json_object
from segue.stores.documents import Documents, DocumentUnavailable
from segue.tokens.client_keys import BadKey, ClientKey, read_key, read_key_set

KEEP_MS: Final = 300_000
ASK_AGAIN_MS: Final = 10_000
_MOST_ADDRESSES: Final = 1000
_LARGEST: Final = 64 * 1024


@dataclass(slots=True)
class _Fetched:
    keys: tuple[ClientKey, ...]
    at: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ClientKeys:
    """One instance a process. Fetched keys are used for five minutes; a kid that is not among them is looked for once
    more, but no address is asked twice within ten seconds, whoever sends what."""

    documents: Documents
    _fetched: OrderedDict[str, _Fetched] = field(default_factory=OrderedDict)

    async def of(self, client: OidcClient, kid: str | None, now_at: int) -> tuple[tuple[ClientKey, ...], str]:
        """The keys, and why there are none where they could not be had ("" otherwise)."""
        if not client.jwks_uri:
            return tuple(map(read_key, client.jwks)), ""
        known = self._fetched.get(client.jwks_uri)
        if known is None or self._asks(known, kid, now_at):
            known = await self._fetch(client.jwks_uri, now_at)
        return known.keys, known.problem

    def _asks(self, known: _Fetched, kid: str | None, now_at: int) -> bool:
        age_ms = now_at - known.at
        missing = bool(known.problem) or kid not in {None, *(key.kid for key in known.keys)}
        return age_ms >= KEEP_MS or (missing and age_ms >= ASK_AGAIN_MS)

    async def _fetch(self, url: str, now_at: int) -> _Fetched:
        before = self._fetched.get(url)
        # Written before the answer is there, so that requests meanwhile do not ask as well.
        self._fetched[url] = _Fetched(before.keys if before else (), now_at, "it is being fetched")
        self._fetched.move_to_end(url)
        while len(self._fetched) > _MOST_ADDRESSES:
            self._fetched.popitem(last=False)
        try:
            document = read_json_object(await self.documents.read(url), max_bytes=_LARGEST)
            found = _Fetched(read_key_set(document), now_at)
        except (DocumentUnavailable, Malformed, BadKey) as problem:
            found = _Fetched((), now_at, str(problem)[:256])
        self._fetched[url] = found
        return found
