"""Every address of the demo, from the first port and the scheme."""

from dataclasses import dataclass
from typing import Final, Literal

FIRST_PORT: Final = 8080
_IMPLIED: Final = {"http": 80, "https": 443}
MAX_FIRST_PORT: Final = 65535 - (9106 - FIRST_PORT)


@dataclass(frozen=True, slots=True)
class Listener:
    """Where one server listens. ``localhost`` stands for both loopback addresses, IPv4 and IPv6."""

    host: Literal["localhost", "127.0.0.1"]
    port: int


@dataclass(frozen=True, slots=True)
class Addresses:
    """The demo's addresses when its first port is ``port``: all others keep their distance to it.

    Raises ValueError for a port that leaves no room for the others.
    """

    port: int = FIRST_PORT
    tls: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.port <= MAX_FIRST_PORT:
            raise ValueError(f"the first port is a number from 1 to {MAX_FIRST_PORT}")

    @property
    def scheme(self) -> Literal["https", "http"]:
        return "https" if self.tls else "http"

    @property
    def idp(self) -> str:
        return self._at(self.idp_listener)

    @property
    def login(self) -> str:
        return self._at(self.login_listener)

    @property
    def foreign_login(self) -> str:
        """The same login page at another host name: cross-site as a browser sees it."""
        return self._at(self.foreign_login_listener)

    @property
    def web(self) -> str:
        return self._at(self.web_listener)

    @property
    def saml(self) -> str:
        return self._at(self.saml_listener)

    @property
    def spa(self) -> str:
        return self._at(self.spa_listener)

    @property
    def playground(self) -> str:
        return self._at(self.playground_listener)

    @property
    def wsfed(self) -> str:
        return self._at(self.wsfed_listener)

    @property
    def all(self) -> tuple[str, ...]:
        return (
            self.idp,
            self.foreign_login,
            self.login,
            self.web,
            self.saml,
            self.spa,
            self.playground,
            self.wsfed,
        )

    @property
    def listeners(self) -> tuple[Listener, ...]:
        return (
            self.idp_listener,
            self.foreign_login_listener,
            self.login_listener,
            self.web_listener,
            self.saml_listener,
            self.spa_listener,
            self.playground_listener,
            self.wsfed_listener,
        )

    @property
    def idp_listener(self) -> Listener:
        return Listener("localhost", self.port)

    @property
    def foreign_login_listener(self) -> Listener:
        return Listener("127.0.0.1", self._shifted(9100))

    @property
    def login_listener(self) -> Listener:
        return Listener("localhost", self._shifted(9101))

    @property
    def web_listener(self) -> Listener:
        return Listener("localhost", self._shifted(9102))

    @property
    def saml_listener(self) -> Listener:
        return Listener("localhost", self._shifted(9103))

    @property
    def spa_listener(self) -> Listener:
        return Listener("localhost", self._shifted(9104))

    @property
    def playground_listener(self) -> Listener:
        return Listener("localhost", self._shifted(9105))

    @property
    def wsfed_listener(self) -> Listener:
        return Listener("localhost", self._shifted(9106))

    def _shifted(self, port: int) -> int:
        return port + self.port - FIRST_PORT

    def _at(self, listener: Listener) -> str:
        # As browsers write an origin: without the port that the scheme implies.
        implied = listener.port == _IMPLIED[self.scheme]
        return f"{self.scheme}://{listener.host}" + ("" if implied else f":{listener.port}")
