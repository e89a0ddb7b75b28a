"""One key of each kind for the whole run: making RSA keys is slow, and no test changes one."""

import pytest

from segue.core.sealing import Sealer
from segue.tokens.keys import KeyRing, SigningKey, generate

NOW = 1_800_000_000_000


@pytest.fixture(scope="session")
def sealer() -> Sealer:
    return Sealer(bytes(range(32)))


@pytest.fixture(scope="session")
def rsa_key(sealer: Sealer) -> SigningKey:
    return generate("org1", "oidc", "RS256", sealer=sealer, now_ms=NOW, common_name="Example")


@pytest.fixture(scope="session")
def ec_key(sealer: Sealer) -> SigningKey:
    return generate("org1", "oidc", "ES256", sealer=sealer, now_ms=NOW, common_name="Example")


@pytest.fixture(scope="session")
def ed_key(sealer: Sealer) -> SigningKey:
    return generate("org1", "oidc", "Ed25519", sealer=sealer, now_ms=NOW, common_name="Example")


@pytest.fixture
def ring(sealer: Sealer) -> KeyRing:
    return KeyRing(sealer)
