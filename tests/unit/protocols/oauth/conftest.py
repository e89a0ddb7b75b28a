from tests.unit.protocols.oauth.fixtures import provider, quick_hasher, seeded, signing_key  # noqa: F401
