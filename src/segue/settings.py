"""Settings of an installation: read once at the start, from ``SEGUE_…`` variables and what a command says.

The only module that reads the environment. Nothing here has a secret default: a master key is made by ``segue init`` or
given, and what looks like a placeholder is refused (ASVS 6.3.2). What an org decides is no setting but its own data.
"""

import difflib
import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit, urlunsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from segue.core.sealing import new_master_key, read_master_key

PREFIX: Final = "SEGUE_"

_PLACEHOLDER: Final = re.compile(
    r"change[-_ ]?(?:me|this)|replace[-_ ]?(?:me|this)|place[-_ ]?holder|your[-_ ](?:key|secret|pass|host|user|data)"
    r"|<[^<>]*>|\$\{|x{6,}",
    re.IGNORECASE,
)
_FEWEST_DISTINCT_BYTES: Final = 8
# Names that no public resolver answers (RFC 6761, RFC 2606, and internal, which ICANN reserved in 2024).
_PRIVATE_ENDINGS: Final = (".localhost", ".test", ".internal")
_OWNER_ONLY: Final = 0o600

CommaSeparated = NoDecode  # a list is written a,b,c and not as JSON


class SettingsError(Exception):
    """The settings cannot be used. The text is one sentence for each reason, and repeats no secret."""


class Settings(BaseSettings):
    """What an operator may set; the comment above each field is its documentation.

    Built by :func:`load`, which turns errors into sentences.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        validate_default=False,
    )

    #: The folder for what is kept on this machine: the SQLite file, the master key, the epoch.
    var: Path = Path("var")
    #: ``sqlite:///file`` or ``postgresql://user:password@host/database``; a SQLite file in ``var`` unless set.
    database_url: str = Field(default="", repr=False)
    #: 32 random bytes in base64url, under which secrets are sealed in the database; or the file that holds them.
    master_key: SecretStr | None = None
    master_key_file: Path | None = None
    #: Earlier master keys, comma-separated, for as long as something is sealed under them.
    previous_master_keys: Annotated[tuple[SecretStr, ...], CommaSeparated] = ()
    #: Wall-clock seconds since which credentials count; or the file that holds them. Raise it after a restore.
    epoch: int | None = Field(default=None, ge=0)
    epoch_file: Path | None = None

    #: ``production``, or ``demo`` for a folder that may be thrown away.
    mode: Literal["production", "demo"] = "production"
    #: More to read in the log; on loopback alone.
    debug: bool = False

    #: Where the server listens, and how many processes answer.
    host: str = "localhost"
    port: int = Field(default=8080, ge=0, le=65535)
    workers: int = Field(default=1, ge=1, le=64)
    #: PEM files; without them TLS is a proxy's business.
    tls_cert: Path | None = None
    tls_key: Path | None = None
    #: Networks (``10.0.0.0/8``) of the proxies whose X-Forwarded-For is believed, comma-separated.
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], CommaSeparated] = ()
    #: Header in which those proxies say on which device a request was made, as ``id=LAPTOP-7; managed``; unset, no
    #: device is known. A proxy has to take the header away from requests that bring one.
    device_header: str = Field(default="", pattern=r"^([A-Za-z][A-Za-z0-9-]{0,63})?$")
    #: More names of this machine, comma-separated, at which plain http is allowed: ``idp.localhost``, ``idp.test``.
    local_names: Annotated[tuple[str, ...], CommaSeparated] = ()

    #: The rate limits of sign-ins and of the API, as a multiple of what is right for most.
    limit_scale: float = Field(default=1.0, ge=0.01, le=1000)
    #: Threads that hash passwords (two for each core unless set), and how many sign-ins may wait for them.
    password_threads: int | None = Field(default=None, ge=1, le=256)
    password_waiting: int = Field(default=32, ge=0, le=1000)
    #: Connections that one process holds open.
    connections: int = Field(default=1000, ge=10, le=100_000)

    #: Where mail goes: ``smtps://user:password@host``, ``smtp://user:password@host:587``, ``smtp+plain://localhost:25``
    #: or ``file:///folder``; and the address it comes from. Without them there are no codes by mail.
    mail: SecretStr | None = None
    mail_from: str = ""
    #: Where text messages and calls go: ``https://host/path`` of a webhook, or ``file:///folder``.
    messages: SecretStr | None = None
    #: Where push requests go: ``https://host/path`` of a webhook.
    push: SecretStr | None = None
    #: The secret that signs what is sent to webhooks.
    webhook_secret: SecretStr | None = None
    #: ``host:port`` that may be called though they are private or speak plain http, comma-separated.
    allowed_targets: Annotated[tuple[str, ...], CommaSeparated] = ()

    #: Signing keys of tokens are replaced after so many days; 0 leaves it to people.
    key_rotation_days: int = Field(default=90, ge=0, le=3650)
    #: What has ended is removed after so many hours, so that it can be explained until then.
    keep_hours: int = Field(default=168, ge=1, le=24 * 366)
    #: Events are removed after so many days; 0 keeps them for ever.
    keep_events_days: int = Field(default=0, ge=0, le=36_500)

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    #: ``json``, one object a line; or ``text``, for people.
    log_format: Literal["json", "text"] = "json"

    @field_validator("previous_master_keys", "trusted_proxies", "local_names", "allowed_targets", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part for part in (part.strip() for part in value.split(",")) if part)
        return value

    @field_validator("database_url", "host", mode="after")
    @classmethod
    def _no_placeholder(cls, value: str) -> str:
        if _PLACEHOLDER.search(value):
            raise ValueError("this looks like a placeholder; set the real value")
        return value

    @field_validator("database_url", mode="after")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:///", "postgresql://", "postgres://")):
            raise ValueError("a database address starts with sqlite:/// or postgresql://")
        return value

    @field_validator("local_names", mode="after")
    @classmethod
    def _private_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if not name.lower().endswith(_PRIVATE_ENDINGS):
                raise ValueError("plain http is allowed for names that end in .localhost, .test or .internal alone")
        return tuple(name.lower() for name in names)

    @field_validator("trusted_proxies", mode="after")
    @classmethod
    def _not_everybody(cls, networks: tuple[IPv4Network | IPv6Network, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
        if any(network.prefixlen == 0 for network in networks):
            raise ValueError("a network of everybody is no proxy; name the addresses of your own")
        return networks

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("SEGUE_TLS_CERT and SEGUE_TLS_KEY are set together or not at all")
        if self.debug and not self.on_loopback:
            raise ValueError("SEGUE_DEBUG is for loopback; listen on 127.0.0.1 or turn it off")
        if self.mode == "demo" and not self.on_loopback:
            raise ValueError(
                "SEGUE_MODE=demo is for loopback; listen on 127.0.0.1, or set up a production installation"
            )
        if self.device_header and not self.trusted_proxies:
            raise ValueError("SEGUE_DEVICE_HEADER is believed from SEGUE_TRUSTED_PROXIES alone; set those too")
        if self.workers > 1 and self.port == 0:
            raise ValueError("several workers need a port of their own; SEGUE_PORT=0 is for one")
        return self

    @property
    def on_loopback(self) -> bool:
        """Whether the server can be reached from this machine alone."""
        try:
            return ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def scheme(self) -> Literal["https", "http"]:
        return "https" if self.tls_cert else "http"

    @property
    def database(self) -> str:
        """The database's address, with its password."""
        return self.database_url or f"sqlite:///{self.var / 'segue.db'}"

    @property
    def database_label(self) -> str:
        """The database's address as it may be shown: without a password and without options."""
        parts = urlsplit(self.database)
        if parts.scheme == "sqlite":
            return self.database
        host = parts.netloc.rpartition("@")[2]
        user = f"{parts.username}@" if parts.username else ""
        return urlunsplit((parts.scheme, f"{user}{host}", parts.path, "", ""))

    @property
    def key_file(self) -> Path:
        return self.master_key_file or self.var / "master.key"

    @property
    def epoch_path(self) -> Path:
        return self.epoch_file or self.var / "epoch"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the settings point at. ``master_key`` is 32 bytes, ``previous`` the ones before it."""

    master_key: bytes = field(repr=False)
    previous: tuple[bytes, ...] = field(default=(), repr=False)


def load(**given: Any) -> Settings:
    """The settings: what is ``given`` (None counts as not given), then the environment, then the defaults.

    Raises SettingsError; also for a ``SEGUE_…`` variable that is no setting, since a typing error there would leave
    something unprotected without a word.
    """
    _check_names(os.environ)
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise SettingsError("\n".join(dict.fromkeys(_sentences(error)))) from None


def export(given: Mapping[str, object]) -> None:
    """Puts settings into the environment, where the worker processes of a server find them. None is left out."""
    for name, value in given.items():
        if value is not None:
            os.environ[PREFIX + name.upper()] = str(value)


def read_secrets(settings: Settings) -> Secrets:
    """The master keys. Raises SettingsError where there is none, or one that cannot be right."""
    previous = tuple(
        _master_key(key.get_secret_value(), f"{PREFIX}PREVIOUS_MASTER_KEYS") for key in settings.previous_master_keys
    )
    if settings.master_key is not None:
        return Secrets(_master_key(settings.master_key.get_secret_value(), f"{PREFIX}MASTER_KEY"), previous)
    try:
        text = settings.key_file.read_text(encoding="ascii")
    except FileNotFoundError:
        raise SettingsError(
            f"There is no master key: run `segue init`, or set {PREFIX}MASTER_KEY or {PREFIX}MASTER_KEY_FILE "
            f"(looked for {settings.key_file})."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The master key in {settings.key_file} cannot be read: {_reason(error)}.") from None
    return Secrets(_master_key(text, str(settings.key_file)), previous)


def read_epoch(settings: Settings) -> int:
    """The epoch in seconds; 0 where none was ever set. Raises SettingsError."""
    if settings.epoch is not None:
        return settings.epoch
    path = settings.epoch_path
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        if settings.epoch_file is not None:
            raise SettingsError(
                f"There is no epoch file {path}: restore it, or write the time of today there."
            ) from None
        return 0
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The epoch in {path} cannot be read: {_reason(error)}.") from None
    if not text.isdecimal():
        raise SettingsError(f"The epoch in {path} is not a number of seconds.")
    return int(text)


def ensure_master_key(settings: Settings) -> bool:
    """Writes a new master key, readable for its owner alone, where there is none; whether it did.

    Raises SettingsError where a key is there and unusable, or the folder cannot be written.
    """
    if settings.master_key is not None or settings.key_file.exists():
        read_secrets(settings)
        return False
    _write_new(settings.key_file, new_master_key() + "\n")
    return True


def write_epoch(settings: Settings, seconds: int) -> None:
    """Writes the epoch file. Raises SettingsError where the epoch is given by the environment or cannot be written."""
    if settings.epoch is not None:
        raise SettingsError(f"The epoch is set by {PREFIX}EPOCH: raise it there.")
    beside = settings.epoch_path.with_name(f"{settings.epoch_path.name}.{os.getpid()}")
    _write_new(beside, f"{seconds}\n")
    beside.replace(settings.epoch_path)


def others_may_read(path: Path) -> bool:
    """Whether a file is open to more than its owner."""
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def _write_new(path: Path, text: str) -> None:
    """Writes a file that does not exist yet, in one piece or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(opened, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {_reason(error)}.") from None


def _master_key(text: str, where: str) -> bytes:
    if _PLACEHOLDER.search(text):
        raise SettingsError(f"The master key in {where} looks like a placeholder; `segue init` makes a real one.")
    try:
        key = read_master_key(text)
    except ValueError as error:
        end = "" if str(error).endswith("?") else "."
        raise SettingsError(f"The master key in {where} cannot be used: {error}{end}") from None
    if len(set(key)) < _FEWEST_DISTINCT_BYTES:
        raise SettingsError(f"The master key in {where} is not random; `segue init` makes a real one.")
    return key


def _check_names(environment: Mapping[str, str]) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in sorted(environment):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            near = difflib.get_close_matches(name.upper(), known, n=1)
            hint = f"; did you mean {near[0]}?" if near else "."
            raise SettingsError(f"{name} is not a setting of Segue{hint}")


def _sentences(error: ValidationError) -> Sequence[str]:
    return [_sentence(detail["loc"], detail["msg"]) for detail in error.errors(include_url=False, include_input=False)]


def _sentence(place: tuple[int | str, ...], message: str) -> str:
    text = message.removeprefix("Value error, ")
    name = f"{PREFIX}{str(place[0]).upper()}: " if place else ""
    return f"{name}{text[:1].lower() if name else text[:1]}{text[1:]}."


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return str(error.strerror or error) if isinstance(error, OSError) else "it is not text"
