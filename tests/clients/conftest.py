from tests.clients.okta_sdk import certificates, managed, sdk  # noqa: F401  # fixtures are found where conftest names them
