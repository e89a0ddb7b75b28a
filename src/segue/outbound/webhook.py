"""Signed posts to a provider of the operator's choosing, as the Standard Webhooks specification writes them.

``webhook-signature`` is ``v1,`` and the base64 of HMAC-SHA256 over ``id.timestamp.body``; libraries that check it exist
for most languages. The timestamp (seconds) lets the receiver refuse what is old, the id what it has seen.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from segue.core import strict
from segue.core.clock import Source
from segue.core.secret import new_secret
from segue.outbound.fetcher import Answer, Fetcher, FetchFailed
from segue.stores import DeliveryFailed

SECRET_PREFIX: Final = "whsec_"
_SECRET_BYTES: Final = range(24, 65)
_MAX_SECRET_CHARS: Final = 128


def read_webhook_secret(text: str) -> bytes:
    """The octets of a secret written ``whsec_`` and base64, 24 to 64 of them. Raises ValueError, which repeats nothing
    of it."""
    try:
        secret = strict.read_base64(text.strip().removeprefix(SECRET_PREFIX), max_chars=_MAX_SECRET_CHARS)
    except strict.Malformed:
        secret = b""
    if len(secret) not in _SECRET_BYTES:
        raise ValueError(f"a webhook secret is {SECRET_PREFIX} and 24 to 64 random bytes in base64")
    return secret


def signature(secret: bytes, ident: str, timestamp_s: int, body: bytes) -> str:
    """The value of ``webhook-signature``."""
    signed = b".".join((ident.encode(), str(timestamp_s).encode(), body))
    return f"v1,{base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()}"


@dataclass(frozen=True, slots=True)
class Webhook:
    """One address that takes posts, and the secret shared with it."""

    url: str
    secret: bytes = field(repr=False)
    fetcher: Fetcher
    source: Source = field(default_factory=Source)

    async def post(self, kind: str, data: Mapping[str, object]) -> Answer:
        """Posts ``{"type", "timestamp", "data"}``. Raises DeliveryFailed unless the answer's status is 2xx."""
        ident = f"msg_{new_secret(self.source.random)}"
        timestamp_s = self.source.now_at() // 1000
        body = json.dumps({"type": kind, "timestamp": timestamp_s, "data": data}, ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "User-Agent": "Segue",
            "webhook-id": ident,
            "webhook-timestamp": str(timestamp_s),
            "webhook-signature": signature(self.secret, ident, timestamp_s, body),
        }
        try:
            answer = await self.fetcher.post(self.url, body, headers)
        except FetchFailed as failed:
            raise DeliveryFailed(str(failed)) from failed
        if not 200 <= answer.status < 300:
            raise DeliveryFailed(f"the provider answered with status {answer.status}")
        return answer
