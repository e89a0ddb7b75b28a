"""What the SAML attack tests share: who is registered, how a refusal is looked at, and a server nobody may call."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from tests.unit.protocols.saml.messages import rsa_pair

from segue.core.refusal import Refusal

NOW = 1_900_000_000_000
SP_KEYS, STRANGER = rsa_pair("registered"), rsa_pair("stranger")
CERTIFICATES = (SP_KEYS.pem,)
EVIL = "https://evil.example"


def refused(run: Callable[[], object]) -> Refusal:
    """The refusal that ``run`` ends in; it explains itself."""
    with pytest.raises(Refusal) as caught:
        run()
    assert caught.value.verdict.failure is not None
    return caught.value


@contextmanager
def nobody_calls() -> Iterator[str]:
    """The address of a server on this machine that nobody may connect to while the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
