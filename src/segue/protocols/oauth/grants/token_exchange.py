"""The token exchange grant (RFC 8693): the type of token that is asked for says which exchange it is."""

from typing import Final

from segue.core.verdict import Check
from segue.protocols.oauth.errors import refusal
from segue.protocols.oauth.exchanges.ticket import exchange_ticket
from segue.protocols.oauth.token_request import TokenRequest, Tokens, Tools

TOKEN_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
_UNKNOWN: Final = "There is no exchange for a token of that type."


async def token_exchange(asked: TokenRequest, tools: Tools) -> Tokens:
    """Exchanges tokens. Raises Refusal, ``invalid_request`` for a type of token that is not given here (RFC 8693
    2.2.2)."""
    requested = asked.need("requested_token_type")
    exchange = tools.issuer.profile.exchanges.get(requested)
    if exchange is None:
        known = " ".join(tools.issuer.profile.exchanges)
        check = Check("requested_token_type", False, known, requested[:256], "Ask for one of these types.")
        raise refusal("invalid_request", _UNKNOWN, check, app_id=asked.client.app.id)
    return await exchange_ticket(asked, tools, exchange)
