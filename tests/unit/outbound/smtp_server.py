"""A mail server (RFC 5321) that takes everything it is set to take and remembers it."""

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field


@dataclass
class MailServer:
    """``offers`` is what EHLO lists; ``refuses`` maps a command to the answer it gets instead."""

    tls: ssl.SSLContext | None = None
    offers: tuple[str, ...] = ("STARTTLS", "AUTH PLAIN")
    refuses: dict[str, str] = field(default_factory=dict)
    silent: bool = False
    port: int = 0
    mails: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    signed_in: list[str] = field(default_factory=list)
    commands: list[tuple[str, bool]] = field(default_factory=list)
    """Each command with whether it came over TLS."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            if self.silent:
                await reader.read()
            else:
                await self._talk(reader, writer)
        writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _say(writer, "220 mail.test")
        while line := (await reader.readline()).decode().strip():
            command = line.partition(" ")[0].upper()
            self.commands.append((command, writer.get_extra_info("ssl_object") is not None))
            if refusal := self.refuses.get(command):
                await _say(writer, refusal)
            elif command == "EHLO":
                names = ("mail.test", *self.offers)
                await _say(writer, *[f"250-{name}" for name in names[:-1]], f"250 {names[-1]}")
            elif command == "STARTTLS":
                await _say(writer, "220 go on")
                assert self.tls is not None
                await writer.start_tls(self.tls)
            elif command == "AUTH":
                self.signed_in.append(base64.b64decode(line.split()[2]).decode())
                await _say(writer, "235 welcome")
            elif command == "DATA":
                await _say(writer, "354 go on")
                self.mails.append((await reader.readuntil(b"\r\n.\r\n"))[:-3])
                await _say(writer, "250 taken")
            elif command == "QUIT":
                await _say(writer, "221 bye")
                return
            else:
                if command in ("MAIL", "RCPT"):
                    (self.senders if command == "MAIL" else self.recipients).append(line.partition(":")[2].split()[0])
                await _say(writer, "250 fine")


async def _say(writer: asyncio.StreamWriter, *lines: str) -> None:
    writer.write("".join(f"{line}\r\n" for line in lines).encode())
    await writer.drain()


@contextlib.asynccontextmanager
async def running(server: MailServer, *, from_the_start: bool = False) -> AsyncIterator[MailServer]:
    """``from_the_start``: TLS before a word is said."""
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=server.tls if from_the_start else None)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        await listening.wait_closed()
