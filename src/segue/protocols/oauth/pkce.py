"""Proof Key for Code Exchange (RFC 7636) with S256, the one method that proves anything."""

import hmac
import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Final

from segue.core.verdict import Check

METHODS: Final = ("S256",)
# RFC 7636 4.1
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def check_verifier(verifier: str, challenge: str) -> Check:
    """Whether ``verifier`` answers ``challenge``; either may be "" and then both have to be (OA-04).

    A verifier without a challenge is refused too: somebody took the challenge out of the authorization request.
    """
    expected = "the code_verifier of the code_challenge" if challenge else "no code_verifier, since none was announced"
    return Check(
        "pkce",
        passed=_matches(verifier, challenge) if challenge else not verifier,
        expected=expected,
        seen="a code_verifier" if verifier else "none",
        mend="Send the code_verifier whose SHA-256 the authorization request announced.",
    )


def _matches(verifier: str, challenge: str) -> bool:
    if not _VERIFIER.fullmatch(verifier):
        return False
    made = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    return hmac.compare_digest(made.encode(), challenge.encode())
