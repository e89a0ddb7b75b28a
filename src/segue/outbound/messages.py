"""Text messages and calls: through a webhook that the operator connects to a provider, or into a folder."""

import json
from dataclasses import dataclass
from typing import Literal

from segue.outbound.folder import Folder
from segue.outbound.webhook import Webhook


@dataclass(frozen=True, slots=True)
class WebhookMessages:
    """Posts ``message.sms`` or ``message.call`` with ``{"to", "text"}``; any 2xx means it is on its way."""

    webhook: Webhook

    async def send(self, kind: Literal["sms", "call"], to: str, text: str) -> None:
        """Raises DeliveryFailed."""
        await self.webhook.post(f"message.{kind}", {"to": to, "text": text})


@dataclass(frozen=True, slots=True)
class FolderMessages:
    """Writes one JSON file for each message: ``{"kind", "to", "text"}``."""

    folder: Folder

    async def send(self, kind: Literal["sms", "call"], to: str, text: str) -> None:
        """Raises DeliveryFailed."""
        content = json.dumps({"kind": kind, "to": to, "text": text}, ensure_ascii=False, indent=2)
        await self.folder.write(".json", content.encode())
