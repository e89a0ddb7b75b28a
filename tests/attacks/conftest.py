from tests.unit.protocols.oauth.fixtures import provider, quick_hasher, signing_key  # noqa: F401
