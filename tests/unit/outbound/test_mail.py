"""Mail against a server that speaks SMTP, and into a folder."""

import asyncio
import email
import email.policy
import ssl
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

import pytest
from tests.unit.outbound.certificates import Authority
from tests.unit.outbound.smtp_server import MailServer, running

from segue.core.clock import Source
from segue.outbound.folder import Folder
from segue.outbound.mail import THREADS, WAITING, Encryption, FolderMail, SmtpMail, SmtpServer
from segue.stores import DeliveryFailed, Mail

SENDER = "Segue <segue@id.example.com>"
MAIL = Mail("ann@example.com", "Your code for Büro", "Your code: 123456\n\nGrüße.\n")


def parsed(octets: bytes) -> EmailMessage:
    message = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def written_in(folder: Path) -> EmailMessage:
    (file,) = folder.glob("*.eml")
    return parsed(file.read_bytes())


@contextmanager
def sender_to(
    server: MailServer,
    authority: Authority,
    encryption: Encryption = "starttls",
    *,
    host: str = "localhost",
    user: str = "",
    tls: ssl.SSLContext | None = None,
    timeout_s: float = 5,
) -> Iterator[SmtpMail]:
    where = SmtpServer(host, server.port, encryption, user, "pass word" if user else "")
    mail = SmtpMail(where, SENDER, tls=tls or authority.client(), timeout_s=timeout_s)
    yield mail
    mail.close()


@pytest.fixture(scope="session")
def localhost_tls(authority: Authority) -> ssl.SSLContext:
    return authority.server("localhost")


async def test_a_mail_goes_over_tls_that_was_asked_for(authority: Authority, localhost_tls: ssl.SSLContext) -> None:
    async with running(MailServer(localhost_tls)) as server:
        with sender_to(server, authority, user="segue") as mail:
            await mail.send(MAIL)
    assert server.senders == ["<segue@id.example.com>"]
    assert server.recipients == ["<ann@example.com>"]
    assert server.signed_in == ["\0segue\0pass word"]
    message = parsed(server.mails[0])
    assert message["From"] == SENDER
    assert message["To"] == "ann@example.com"
    assert message["Subject"] == "Your code for Büro"
    assert message["Message-ID"].endswith("@id.example.com>")
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"] is not None
    assert message.get_content().replace("\r\n", "\n") == MAIL.text
    # Nothing but the greeting was said in the clear.
    assert {command for command, over_tls in server.commands if not over_tls} == {"EHLO", "STARTTLS"}


async def test_a_mail_goes_over_tls_from_the_start(authority: Authority, localhost_tls: ssl.SSLContext) -> None:
    async with running(MailServer(localhost_tls, offers=("AUTH PLAIN",)), from_the_start=True) as server:
        with sender_to(server, authority, "tls", user="segue") as mail:
            await mail.send(MAIL)
    assert len(server.mails) == 1
    assert all(over_tls for _, over_tls in server.commands)


async def test_a_mail_goes_in_the_clear_where_that_was_chosen(authority: Authority) -> None:
    async with running(MailServer(offers=("SIZE",))) as server:
        with sender_to(server, authority, "none") as mail:
            await mail.send(MAIL)
    assert len(server.mails) == 1


def test_a_password_is_never_sent_in_the_clear() -> None:
    with pytest.raises(ValueError, match="over TLS alone"):
        SmtpMail(SmtpServer("localhost", 25, "none", "segue", "secret"), SENDER)


async def test_a_server_that_drops_starttls_gets_no_mail(authority: Authority, localhost_tls: ssl.SSLContext) -> None:
    stripped = MailServer(localhost_tls, offers=("AUTH PLAIN",))
    async with running(stripped) as server:
        with sender_to(server, authority, user="segue") as mail, pytest.raises(DeliveryFailed, match="STARTTLS"):
            await mail.send(MAIL)
    assert (server.mails, server.signed_in) == ([], [])


async def test_a_server_with_another_certificate_gets_no_mail(
    authority: Authority, localhost_tls: ssl.SSLContext
) -> None:
    async with running(MailServer(localhost_tls)) as server:
        with (
            sender_to(server, authority, host="127.0.0.1") as mail,
            pytest.raises(DeliveryFailed, match="CERTIFICATE_VERIFY_FAILED"),
        ):
            await mail.send(MAIL)
        with (
            sender_to(server, authority, tls=ssl.create_default_context()) as mail,
            pytest.raises(DeliveryFailed, match="CERTIFICATE_VERIFY_FAILED"),
        ):
            await mail.send(MAIL)
    assert server.mails == []


@pytest.mark.parametrize(
    ("command", "answer", "said"),
    [
        ("RCPT", "550 no such user ann@example.com", "refused the recipient (550)"),
        ("MAIL", "451 later", "answered 451"),
        ("DATA", "552 too much", "answered 552"),
        ("AUTH", "535 wrong password for segue", "answered 535"),
    ],
)
async def test_a_refusal_is_told_without_what_was_sent(
    authority: Authority, localhost_tls: ssl.SSLContext, command: str, answer: str, said: str
) -> None:
    async with running(MailServer(localhost_tls, refuses={command: answer})) as server:
        with sender_to(server, authority, user="segue") as mail, pytest.raises(DeliveryFailed) as failed:
            await mail.send(MAIL)
    assert said in str(failed.value)
    assert "ann" not in str(failed.value)
    assert "segue" not in str(failed.value)


async def test_a_silent_server_takes_a_bounded_time(authority: Authority) -> None:
    async with running(MailServer(silent=True)) as server:
        with sender_to(server, authority, timeout_s=0.3) as mail, pytest.raises(DeliveryFailed):
            await asyncio.wait_for(mail.send(MAIL), 5)


async def test_more_than_can_wait_is_refused_at_once(authority: Authority) -> None:
    async with running(MailServer(silent=True)) as server:
        with sender_to(server, authority, timeout_s=0.5) as mail:
            waiting = [asyncio.create_task(mail.send(MAIL)) for _ in range(THREADS + WAITING)]
            await asyncio.sleep(0)
            with pytest.raises(DeliveryFailed, match="too many"):
                await mail.send(MAIL)
            for task in waiting[THREADS:]:
                task.cancel()
            results = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(result, (DeliveryFailed, asyncio.CancelledError)) for result in results)


async def test_nobody_listening_is_a_failure(authority: Authority, unused_tcp_port: int) -> None:
    with sender_to(MailServer(port=unused_tcp_port), authority) as mail, pytest.raises(DeliveryFailed):
        await mail.send(MAIL)


async def test_a_line_that_begins_with_a_dot_arrives(authority: Authority, localhost_tls: ssl.SSLContext) -> None:
    async with running(MailServer(localhost_tls)) as server:
        with sender_to(server, authority) as mail:
            await mail.send(Mail("ann@example.com", "Dots", "one\n.\n.two\n"))
    assert b"\r\n..\r\n..two" in server.mails[0]


async def test_a_folder_takes_whole_files_for_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "mail"
    mail = FolderMail(Folder(folder, Source()), SENDER)
    await mail.send(MAIL)
    await mail.send(MAIL)
    files = sorted(folder.iterdir())
    assert [file.suffix for file in files] == [".eml", ".eml"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    message = parsed(files[0].read_bytes())
    assert message["To"] == "ann@example.com"
    assert message.get_content().replace("\r\n", "\n") == MAIL.text


@pytest.mark.parametrize("subject", ["a\r\nBcc: eve@example.com", "a\nb", "a\u2028b\x85c\0d", "\r\n\r\nbody"])
async def test_no_subject_makes_another_header(tmp_path: Path, subject: str) -> None:
    await FolderMail(Folder(tmp_path, Source()), SENDER).send(Mail("ann@example.com", subject, "text\n"))
    message = written_in(tmp_path)
    assert message["Bcc"] is None
    assert set(message.keys()) == {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
    }
    assert message.get_content().strip() == "text"


def test_the_text_of_a_mail_is_in_no_repr() -> None:
    assert "123456" not in repr(MAIL)
    assert "secret" not in repr(SmtpServer("localhost", 25, "tls", "segue", "secret"))
