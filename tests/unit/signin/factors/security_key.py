"""A security key in software: what a browser and an authenticator make of the options they are given.

Attestation is ``none``, as it is when nobody asks for more (WebAuthn 8.7). Everything it says can be bent by a test.
"""

import base64
import hashlib
import json
import os
import struct
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256

USER_PRESENT, USER_VERIFIED, BACKUP_ELIGIBLE, ATTESTED = 0x01, 0x04, 0x08, 0x40


def b64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


@dataclass
class SecurityKey:
    """One credential. ``counter`` grows by ``counts`` with every use; ``flags`` are those of every answer."""

    counter: int = 0
    counts: int = 1
    flags: int = USER_PRESENT | USER_VERIFIED
    curve: str = "P-256"
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))

    def __post_init__(self) -> None:
        self._key = (
            ec.generate_private_key(ec.SECP256R1()) if self.curve == "P-256" else ed25519.Ed25519PrivateKey.generate()
        )

    def create(self, options: Any, origin: str, /, *, rp_id: str | None = None, **client_data: Any) -> dict[str, str]:
        """navigator.credentials.create in the page at ``origin``."""
        said = self.client_data("webauthn.create", options, origin, **client_data)
        attestation = {"fmt": "none", "attStmt": {}, "authData": self.auth_data(rp_id or options["rp"]["id"], new=True)}
        return {"client_data": b64url(said), "attestation": b64url(cbor2.dumps(attestation))}

    def get(self, options: Any, origin: str, /, *, rp_id: str | None = None, **client_data: Any) -> dict[str, str]:
        """navigator.credentials.get in the page at ``origin``."""
        said = self.client_data("webauthn.get", options, origin, **client_data)
        data = self.auth_data(rp_id or options["rpId"], new=False)
        signature = self.sign(data + hashlib.sha256(said).digest())
        return {
            "client_data": b64url(said),
            "authenticator_data": b64url(data),
            "signature": b64url(signature),
        }

    def client_data(self, type: str, options: Any, origin: str, /, **changes: Any) -> bytes:
        members = {"type": type, "challenge": options["challenge"], "origin": origin, "crossOrigin": False}
        return json.dumps(members | changes).encode()

    def auth_data(self, rp_id: str, *, new: bool) -> bytes:
        self.counter += self.counts
        flags = self.flags | (ATTESTED if new else 0)
        data = hashlib.sha256(rp_id.encode()).digest() + struct.pack(">BI", flags, self.counter)
        if not new:
            return data
        return data + bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + self.cose_key()

    def cose_key(self) -> bytes:
        """RFC 9053 section 7."""
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return cbor2.dumps({1: 1, 3: -8, -1: 6, -2: self._key.public_key().public_bytes_raw()})
        numbers = self._key.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})

    def sign(self, octets: bytes) -> bytes:
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return self._key.sign(octets)
        return self._key.sign(octets, ec.ECDSA(SHA256()))
