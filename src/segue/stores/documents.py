"""What other servers publish, as a Protocol."""

from typing import Protocol


class DocumentUnavailable(Exception):
    """A document cannot be had. The text is for operators and holds no content."""


class Documents(Protocol):
    async def read(self, url: str) -> bytes:
        """The JSON document at an address. Raises DocumentUnavailable."""
        ...
