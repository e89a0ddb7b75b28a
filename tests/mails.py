"""The mails that a server leaves in a folder instead of sending them."""

import asyncio
import email
import email.policy
import re
import time
from email.message import EmailMessage
from pathlib import Path

PATIENCE_S = 10


async def mail_to(folder: Path, address: str) -> str:
    """The text of the newest mail to the address, as soon as there is one: the call that asks for it does not wait."""
    return await asyncio.to_thread(wait_for_mail, folder, address)


def wait_for_mail(folder: Path, address: str) -> str:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        for path in sorted(folder.glob("*"), reverse=True):
            mail = email.message_from_bytes(path.read_bytes(), _class=EmailMessage, policy=email.policy.default)
            if mail["To"] == address:
                return str(mail.get_content())
        time.sleep(0.05)
    raise AssertionError(f"no mail for {address}")


async def recovery_token(folder: Path, address: str, page: str) -> str:
    """The token in the one link to that page (its address without the token) of the newest mail."""
    [token] = re.findall(rf"{re.escape(page)}(\S+)", await mail_to(folder, address))
    return str(token)
