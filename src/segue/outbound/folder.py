"""A folder that takes what would be sent: for a demo, for tests, and to look at."""

import asyncio
import os
from dataclasses import dataclass, field
from pathlib import Path

from segue.core.clock import Source
from segue.stores import DeliveryFailed


@dataclass(frozen=True, slots=True)
class Folder:
    """Files are readable for their owner alone, appear whole, and sort in the order they were written."""

    path: Path
    source: Source = field(default_factory=Source)

    async def write(self, suffix: str, content: bytes) -> None:
        """A new file. Raises DeliveryFailed."""
        name = f"{self.source.now_at():013}-{self.source.random(6).hex()}{suffix}"
        try:
            await asyncio.to_thread(self._write, name, content)
        except OSError as error:
            raise DeliveryFailed(f"the folder cannot be written: {error.strerror or error}") from error

    def _write(self, name: str, content: bytes) -> None:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = self.path / f".{name}"
        opened = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "wb") as file:
            file.write(content)
        beside.rename(self.path / name)
