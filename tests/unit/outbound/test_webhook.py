"""Signed posts, and what messages and pushes say in them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.outbound.web_server import Reply, WebServer, saying, saying_json

from segue.core.clock import Source
from segue.outbound.fetcher import Fetcher
from segue.outbound.messages import WebhookMessages
from segue.outbound.push import WebhookPush
from segue.outbound.webhook import Webhook, read_webhook_secret, signature
from segue.stores import DeliveryFailed, PushRequest

SECRET = bytes(range(32))
REQUEST = PushRequest("r" * 43, "Example", "00u1", "ann@example.com", "42", "192.0.2.1", "Browser/1", 1_790_000_120_000)


@pytest.fixture
def webhook(fetcher: Fetcher, url: str) -> Webhook:
    return Webhook(url, SECRET, fetcher, Source(now_at=lambda: 1_790_000_000_123))


def test_the_signature_of_the_specification() -> None:
    """The example that the libraries of the Standard Webhooks specification are tested with."""
    secret = read_webhook_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    said = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert said == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    "text", ["", "whsec_", "whsec_AAAA", "secret", "whsec_" + "A" * 200, "whsec_%%%", "whsec_" + "A" * 43]
)
def test_a_weak_or_broken_secret_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="24 to 64 random bytes") as refused:
        read_webhook_secret(text)
    assert len(text) < 10 or text not in str(refused.value)


async def test_a_post_is_signed_over_its_id_time_and_body(webhook: Webhook, web_server: WebServer) -> None:
    await webhook.post("test.event", {"name": "Ä"})
    await webhook.post("test.event", {"name": "Ä"})
    seen, again = web_server.seen
    ident, body = seen.headers["webhook-id"], seen.body
    assert json.loads(body) == {"type": "test.event", "timestamp": 1_790_000_000, "data": {"name": "Ä"}}
    assert seen.headers["webhook-timestamp"] == "1790000000"
    assert seen.headers["webhook-signature"] == signature(SECRET, ident, 1_790_000_000, body)
    assert seen.headers["content-type"] == "application/json"
    assert again.headers["webhook-id"] != ident


@pytest.mark.parametrize("status", ["199 Odd", "302 Found", "400 Bad", "401 No", "500 Broken", "503 Later"])
async def test_any_status_but_2xx_is_a_failure(webhook: Webhook, web_server: WebServer, status: str) -> None:
    web_server.reply = saying(status)
    with pytest.raises(DeliveryFailed):
        await webhook.post("test.event", {})


async def test_a_target_that_may_not_be_reached_is_a_failure(url: str) -> None:
    with pytest.raises(DeliveryFailed, match="not among the allowed"):
        await Webhook(url, SECRET, Fetcher()).post("test.event", {})


def test_the_secret_is_in_no_repr(webhook: Webhook) -> None:
    assert repr(SECRET) not in repr(webhook)
    assert SECRET.hex() not in repr(webhook)


@pytest.mark.parametrize("kind", ["sms", "call"])
async def test_a_message_names_its_kind_number_and_text(webhook: Webhook, web_server: WebServer, kind: Any) -> None:
    await WebhookMessages(webhook).send(kind, "+15551234567", "123456 is your code")
    said = json.loads(web_server.seen[0].body)
    assert said["type"] == f"message.{kind}"
    assert said["data"] == {"to": "+15551234567", "text": "123456 is your code"}


async def test_a_push_says_who_asks_from_where(webhook: Webhook, web_server: WebServer) -> None:
    await WebhookPush(webhook).start(REQUEST)
    said = json.loads(web_server.seen[0].body)
    assert said["type"] == "push.start"
    assert said["data"] == {
        "id": REQUEST.id,
        "org": "Example",
        "user": {"id": "00u1", "login": "ann@example.com"},
        "number": "42",
        "address": "192.0.2.1",
        "user_agent": "Browser/1",
        "expires_at": 1_790_000_120_000,
    }


@pytest.mark.parametrize("status", ["waiting", "approved", "rejected"])
async def test_a_poll_brings_what_the_user_said(webhook: Webhook, web_server: WebServer, status: str) -> None:
    web_server.reply = saying_json(json.dumps({"id": REQUEST.id, "status": status, "more": 1}).encode())
    assert await WebhookPush(webhook).poll(REQUEST.id) == status
    assert json.loads(web_server.seen[0].body)["data"] == {"id": REQUEST.id}


def said(text: str, content_type: str = "application/json") -> Callable[[], Reply]:
    return lambda: saying("200 OK", text.encode(), f"Content-Type: {content_type}")


@pytest.mark.parametrize(
    "reply",
    [
        said(""),
        said("approved"),
        said('"approved"'),
        said('{"status": "approved"}'),
        said('{"id": "another", "status": "approved"}'),
        said(f'{{"id": "{REQUEST.id}"}}'),
        said(f'{{"id": "{REQUEST.id}", "status": "APPROVED"}}'),
        said(f'{{"id": "{REQUEST.id}", "status": true}}'),
        said(f'{{"id": "{REQUEST.id}", "status": "rejected", "status": "approved"}}'),
        said(f'{{"id": "{REQUEST.id}", "status": "approved"}}', "text/html"),
        lambda: saying_json(f'{{"id": "{REQUEST.id}", "status": "approved"}}'.encode(), "500 Broken"),
        lambda: saying_json(b"[" * 5000),
    ],
    ids=range(12),
)
async def test_an_answer_that_is_not_plainly_an_approval_is_none(
    webhook: Webhook, web_server: WebServer, reply: Callable[[], Reply]
) -> None:
    web_server.reply = reply()
    with pytest.raises(DeliveryFailed):
        await WebhookPush(webhook).poll(REQUEST.id)
