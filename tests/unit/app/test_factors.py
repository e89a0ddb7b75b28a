"""What the settings say about mail, messages and pushes becomes providers, or one sentence."""

import base64
from pathlib import Path

import pytest

from segue.app.factors import providers_of
from segue.core.clock import Source
from segue.outbound.mail import FolderMail, SmtpMail
from segue.outbound.messages import FolderMessages, WebhookMessages
from segue.outbound.push import WebhookPush
from segue.settings import SettingsError, load

SECRET = f"whsec_{base64.b64encode(bytes(range(32))).decode()}"


def test_nothing_is_set_up_unless_it_is_set() -> None:
    found = providers_of(load(), Source())
    assert (found.mail, found.messages, found.push) == (None, None, None)


def test_folders(tmp_path: Path) -> None:
    given = load(mail=f"file://{tmp_path}", mail_from="segue@x.example", messages=f"file://{tmp_path}")
    found = providers_of(given, Source())
    assert isinstance(found.mail, FolderMail)
    assert isinstance(found.messages, FolderMessages)


def test_servers() -> None:
    given = load(
        mail="smtps://segue:hunter2@mail.example.com",
        mail_from="Segue <segue@x.example>",
        messages="https://sms.example.com/send",
        push="https://push.example.com/ask",
        webhook_secret=SECRET,
        allowed_targets="sms.internal:8443",
    )
    found = providers_of(given, Source())
    assert isinstance(found.mail, SmtpMail)
    assert isinstance(found.messages, WebhookMessages)
    assert isinstance(found.push, WebhookPush)
    assert found.push.webhook.fetcher.allowed == {"sms.internal:8443"}
    for secret in ("hunter2", SECRET):
        assert secret not in repr(given)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"mail": "smtps://user:hunter2@mail.example.com"}, "SEGUE_MAIL"),
        ({"mail": "https://hunter2.example.com", "mail_from": "a@x.example"}, "SEGUE_MAIL"),
        ({"messages": "ftp://hunter2/", "webhook_secret": SECRET}, "SEGUE_MESSAGES"),
        ({"push": "https://push.example.com/hunter2"}, "SEGUE_PUSH"),
        ({"push": "https://push.example.com/", "webhook_secret": "whsec_hunter2"}, "SEGUE_PUSH"),
        ({"allowed_targets": "hunter2"}, "SEGUE_ALLOWED_TARGETS"),
    ],
)
def test_what_cannot_be_used_is_named_and_not_repeated(given: dict[str, str], name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        providers_of(load(**given), Source())
    assert str(caught.value).startswith(f"{name}: ")
    assert "hunter2" not in str(caught.value)
