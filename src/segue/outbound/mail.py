"""Mail: over SMTP, or into a folder."""

import asyncio
import re
import smtplib
import ssl
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from typing import Final, Literal

from segue.core.clock import Source
from segue.outbound.folder import Folder
from segue.stores import DeliveryFailed, Mail

Encryption = Literal["tls", "starttls", "none"]
"""TLS from the first octet (RFC 8314 section 3.3), TLS demanded before anything is said (RFC 3207), or none."""

THREADS: Final = 4
WAITING: Final = 64
STEP_TIMEOUT_S: Final = 8.0
TIMEOUT_S: Final = 20.0
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail is handed in. A ``user`` is signed in only over TLS."""

    host: str
    port: int
    encryption: Encryption = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)


class SmtpMail:
    """Hands mail to an SMTP server; one per process. At most THREADS speak at a time and WAITING wait for them."""

    def __init__(
        self,
        server: SmtpServer,
        sender: str,
        *,
        source: Source | None = None,
        tls: ssl.SSLContext | None = None,
        timeout_s: float = STEP_TIMEOUT_S,
    ) -> None:
        if server.encryption == "none" and server.user:
            raise ValueError("a mail server is given a password over TLS alone")
        self.server = server
        self._sender = sender
        self._source = source or Source()
        self._tls = tls or ssl.create_default_context()
        self._timeout_s = timeout_s
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="mail")
        self._lock = threading.Lock()
        self._admitted = 0

    async def send(self, mail: Mail) -> None:
        """Returns once the server has taken the mail. Raises DeliveryFailed."""
        message = mail_message(mail, self._sender, self._source)
        with self._lock:
            if self._admitted >= THREADS + WAITING:
                raise DeliveryFailed("too many mails wait to be sent")
            future = self._pool.submit(self._hand_over, message)
            self._admitted += 1
        future.add_done_callback(self._leave)
        try:
            async with asyncio.timeout(TIMEOUT_S):  # a server that is slow at every step still takes part of a request
                await asyncio.wrap_future(future)
        except TimeoutError as error:
            raise DeliveryFailed("the mail server is too slow") from error
        except (smtplib.SMTPException, OSError) as error:
            raise DeliveryFailed(_reason(error)) from error

    def close(self) -> None:
        """Drops what waits and lets what is being sent end on its own."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _leave(self, _: Future[None]) -> None:
        with self._lock:
            self._admitted -= 1

    def _hand_over(self, message: EmailMessage) -> None:
        with self._connect() as connection:
            if self.server.encryption == "starttls":
                connection.starttls(context=self._tls)  # raises where the server offers none
            if self.server.user:
                connection.login(self.server.user, self.server.password)
            connection.send_message(message)

    def _connect(self) -> smtplib.SMTP:
        host, port = self.server.host, self.server.port
        if self.server.encryption == "tls":
            return smtplib.SMTP_SSL(host, port, timeout=self._timeout_s, context=self._tls)
        return smtplib.SMTP(host, port, timeout=self._timeout_s)


@dataclass(frozen=True, slots=True)
class FolderMail:
    """Writes mail as ``.eml`` files, which mail programs open."""

    folder: Folder
    sender: str

    async def send(self, mail: Mail) -> None:
        """Raises DeliveryFailed."""
        await self.folder.write(".eml", mail_message(mail, self.sender, self.folder.source).as_bytes())


def mail_message(mail: Mail, sender: str, source: Source) -> EmailMessage:
    """The message of RFC 5322. Control characters in the subject become spaces, so no header ends early."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = mail.to
    message["Subject"] = _CONTROL.sub(" ", mail.subject).strip()
    message["Date"] = format_datetime(datetime.fromtimestamp(source.now_at() / 1000, UTC))
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].rstrip(">"))
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday notice answers
    message.set_content(mail.text)
    return message


def _reason(error: smtplib.SMTPException | OSError) -> str:
    """Why it failed, without what was sent: a refused recipient is not written to a log."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"the mail server answered {error.smtp_code}"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = sorted({code for code, _ in error.recipients.values()})
        return f"the mail server refused the recipient ({', '.join(map(str, codes))})"
    return f"{type(error).__name__}: {error}"[:200]
