"""Providers from the addresses of the settings."""

import json
from pathlib import Path

import pytest

from segue.core.clock import Source
from segue.outbound.fetcher import Fetcher
from segue.outbound.mail import FolderMail, SmtpMail, SmtpServer
from segue.outbound.messages import FolderMessages, WebhookMessages
from segue.outbound.providers import allowed_targets, mail_provider, message_provider, push_provider

SENDER = "segue@id.example.com"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def smtp(address: str) -> SmtpServer:
    provider = mail_provider(address, SENDER, Source())
    assert isinstance(provider, SmtpMail)
    provider.close()
    return provider.server


@pytest.mark.parametrize(
    ("address", "server"),
    [
        ("smtps://mail.example.com", SmtpServer("mail.example.com", 465, "tls")),
        ("smtp://mail.example.com", SmtpServer("mail.example.com", 587, "starttls")),
        ("smtp://mail.example.com:2525/", SmtpServer("mail.example.com", 2525, "starttls")),
        ("smtp://a%40b:p%3A%2F@mail.example.com", SmtpServer("mail.example.com", 587, "starttls", "a@b", "p:/")),
        ("smtp+plain://localhost", SmtpServer("localhost", 25, "none")),
        ("smtp+plain://[::1]:1025", SmtpServer("::1", 1025, "none")),
    ],
)
def test_an_address_of_a_mail_server(address: str, server: SmtpServer) -> None:
    assert smtp(address) == server


@pytest.mark.parametrize(
    "address",
    [
        "",
        "mail.example.com",
        "https://mail.example.com",
        "smtp://",
        "smtp://:587",
        "smtp://user:secret@mail.example.com/inbox",
        "smtp://user:secret@mail.example.com?tls=no",
        "smtp://user:secret@mail.example.com:99999",
        "smtp://user:secret@mail.example.com:port",
        "smtp://user:secret@[::1",
        "smtp+plain://mail.example.com",
        "smtp+plain://user:secret@localhost",
        "file://secret/mail",
        "file:///",
        "file:///mail?secret",
    ],
)
def test_an_address_that_is_none_is_refused_in_a_sentence_without_it(address: str) -> None:
    with pytest.raises(ValueError) as refused:
        mail_provider(address, SENDER, Source())
    assert "secret" not in str(refused.value)
    assert " " in str(refused.value)


@pytest.mark.parametrize("sender", ["", "segue", "segue@x\nBcc: eve@x"])
def test_mail_needs_somebody_it_comes_from(sender: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="comes from"):
        mail_provider(f"file://{tmp_path}", sender, Source())


async def test_folders_take_mail_and_messages(tmp_path: Path) -> None:
    mail = mail_provider(f"file://{tmp_path}/a%20b", SENDER, Source())
    assert isinstance(mail, FolderMail)
    assert mail.folder.path == tmp_path / "a b"
    messages = message_provider(f"file://{tmp_path}/messages", "", Fetcher(), Source())
    assert isinstance(messages, FolderMessages)
    await messages.send("sms", "+15551234567", "Grüße")
    (file,) = (tmp_path / "messages").glob("*.json")
    assert json.loads(file.read_text()) == {"kind": "sms", "to": "+15551234567", "text": "Grüße"}


def test_webhooks_take_messages_and_pushes() -> None:
    fetcher, source = Fetcher(), Source()
    messages = message_provider("https://sms.example.com/hook?tenant=1", SECRET, fetcher, source)
    assert isinstance(messages, WebhookMessages)
    assert messages.webhook.url == "https://sms.example.com/hook?tenant=1"
    assert push_provider("https://push.example.com/", SECRET, fetcher, source).webhook.fetcher is fetcher


@pytest.mark.parametrize(
    ("address", "secret"),
    [
        ("https://sms.example.com/", ""),
        ("https://sms.example.com/", "whsec_short"),
        ("https://user:secret@sms.example.com/", SECRET),
        ("https://sms.example.com/#secret", SECRET),
        ("sms.example.com/secret", SECRET),
        ("", SECRET),
    ],
)
def test_a_webhook_needs_an_address_and_a_secret(address: str, secret: str) -> None:
    for make in (message_provider, push_provider):
        with pytest.raises(ValueError) as refused:
            make(address, secret, Fetcher(), Source())
        assert SECRET not in str(refused.value)
        assert "/" not in str(refused.value).replace("https://", "")


def test_allowed_targets_are_hosts_with_ports() -> None:
    entries = ["sms.internal:8443", "127.0.0.1:9000", "[::1]:80", "SMS.Internal:1"]
    assert allowed_targets(entries) == {"sms.internal:8443", "127.0.0.1:9000", "[::1]:80", "sms.internal:1"}
    for entry in (
        "",
        "sms.internal",
        "sms.internal:",
        "sms.internal:0",
        "http://a:1",
        "a:1/",
        "*:80",
        "a b:1",
        "a:1,b:2",
    ):
        with pytest.raises(ValueError, match="host:port"):
            allowed_targets([entry])
