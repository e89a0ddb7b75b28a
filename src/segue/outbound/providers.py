"""Providers from the addresses in the settings. Each function raises ValueError with a sentence for the operator, which
repeats neither address nor secret: an address may hold a password.

- mail: ``smtps://user:password@host:465`` (TLS from the start), ``smtp://user:password@host:587`` (TLS demanded by
  STARTTLS), ``smtp+plain://host:25`` (no TLS; on this machine alone), ``file:///folder``
- messages and pushes: ``https://host/path`` with a webhook secret; messages also ``file:///folder``
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from segue.core.clock import Source
from segue.core.url import BadUrl, parse_web_url
from segue.outbound.fetcher import Fetcher
from segue.outbound.folder import Folder
from segue.outbound.mail import Encryption, FolderMail, SmtpMail, SmtpServer
from segue.outbound.messages import FolderMessages, WebhookMessages
from segue.outbound.push import WebhookPush
from segue.outbound.webhook import Webhook, read_webhook_secret

_SMTP: Final[dict[str, tuple[Encryption, int]]] = {
    "smtps": ("tls", 465),
    "smtp": ("starttls", 587),
    "smtp+plain": ("none", 25),
}
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def mail_provider(address: str, sender: str, source: Source) -> SmtpMail | FolderMail:
    """``sender`` is what stands in From: ``segue@example.com`` or ``Name <segue@example.com>``."""
    if "@" not in sender or not sender.isprintable():
        raise ValueError("mail needs the address it comes from")
    parts = _split(address)
    if parts.scheme == "file":
        return FolderMail(_folder(parts, source), sender)
    if parts.scheme not in _SMTP:
        raise ValueError("the address of mail starts with smtps://, smtp://, smtp+plain:// or file:///")
    encryption, port = _SMTP[parts.scheme]
    host = parts.hostname or ""
    if not host or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError("the address of a mail server is a host, and if need be a port, a user and a password")
    if encryption == "none" and host not in _LOOPBACK:
        raise ValueError("mail without TLS (smtp+plain://) is for a server on this machine")
    server = SmtpServer(
        host, _port(parts) or port, encryption, unquote(parts.username or ""), unquote(parts.password or "")
    )
    return SmtpMail(server, sender, source=source)


def message_provider(address: str, secret: str, fetcher: Fetcher, source: Source) -> WebhookMessages | FolderMessages:
    parts = _split(address)
    if parts.scheme == "file":
        return FolderMessages(_folder(parts, source))
    return WebhookMessages(_webhook(address, secret, fetcher, source))


def push_provider(address: str, secret: str, fetcher: Fetcher, source: Source) -> WebhookPush:
    return WebhookPush(_webhook(address, secret, fetcher, source))


def allowed_targets(entries: Iterable[str]) -> frozenset[str]:
    """What a Fetcher may reach besides the public internet: each entry is ``host:port``, as it stands in addresses."""
    return frozenset(_allowed_target(entry) for entry in entries)


def _allowed_target(entry: str) -> str:
    try:
        url = parse_web_url(f"http://{entry}")
    except BadUrl:
        url = None
    if url is None or url.port is None or entry.lower() != f"{url.host}:{url.port}":
        raise ValueError("an allowed target is host:port, like sms.internal:8443")
    return f"{url.host}:{url.port}"


def _webhook(address: str, secret: str, fetcher: Fetcher, source: Source) -> Webhook:
    try:
        url = parse_web_url(address)
    except BadUrl:
        raise ValueError("the address of a webhook is a plain https address") from None
    if url.fragment is not None:
        raise ValueError("the address of a webhook has no fragment")
    return Webhook(str(url), read_webhook_secret(secret), fetcher, source)


def _folder(parts: SplitResult, source: Source) -> Folder:
    if parts.netloc or not parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("the address of a folder is file:// and its whole path: file:///var/lib/segue/mail")
    return Folder(Path(unquote(parts.path)), source)


def _split(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:
        raise ValueError("this address cannot be read") from None


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        raise ValueError("the port of the address is not a number up to 65535") from None
