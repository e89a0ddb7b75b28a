"""The grant types: one module each, one line here. No grant imports another.

A grant gets a client that is authenticated and may use it, and answers with tokens or raises Refusal.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from segue.protocols.oauth.grants.authorization_code import authorization_code
from segue.protocols.oauth.grants.client_credentials import client_credentials
from segue.protocols.oauth.grants.password import password
from segue.protocols.oauth.grants.refresh_token import refresh_token
from segue.protocols.oauth.grants.token_exchange import TOKEN_EXCHANGE, token_exchange
from segue.protocols.oauth.token_request import Grant

GRANTS: Final[Mapping[str, Grant]] = MappingProxyType(
    {
        "authorization_code": authorization_code,
        "refresh_token": refresh_token,
        "client_credentials": client_credentials,
        "password": password,
        TOKEN_EXCHANGE: token_exchange,
    }
)
"""By the value of ``grant_type``."""
