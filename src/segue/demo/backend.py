"""The connection from an example app to Segue: plain HTTP to its public address, as from another machine."""

import ssl
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypedDict

import httpx


class ClientOptions(TypedDict):
    verify: ssl.SSLContext
    timeout: float
    trust_env: bool


@dataclass(frozen=True)
class Backend:
    """``base_url`` is Segue's address, ``ca`` the certificate file of the demo's own CA, None without TLS."""

    base_url: str
    ca: Path | None = None

    @cached_property
    def options(self) -> ClientOptions:
        """What every HTTP client of the demo is made with: it trusts the demo's CA, without TLS nobody's."""
        trust = ssl.create_default_context(cafile=self.ca) if self.ca else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # Proxies of the environment lead away from this machine.
        return {"verify": trust, "timeout": 10.0, "trust_env": False}

    def client(self, name: str) -> httpx.AsyncClient:
        """A client whose requests say which app they come from."""
        return httpx.AsyncClient(**self.options, headers={"user-agent": name})
