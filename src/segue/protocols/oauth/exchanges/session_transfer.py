"""A refresh token becomes a ticket by which a browser is signed in as its user.

The refresh grant gives it where the request names an audience of its own (``SessionTransferExchange``). The refresh
token is used as for any other request: it rotates, and one that was used up is caught. Who was signed in by such a
ticket gets no other one from there (OT-17): only a sign-in that was made at the application itself is handed over.
"""

import re
from dataclasses import replace
from typing import Final

from segue.core.credential import Credential
from segue.core.refusal import Refusal
from segue.core.secret import partition_of
from segue.core.verdict import Check
from segue.handoff.kinds import KINDS
from segue.handoff.mint import Minted, mint_transfer
from segue.protocols.oauth.errors import refusal
from segue.protocols.oauth.giving import Basis, idle_ms, touch_family
from segue.protocols.oauth.issue import TRANSFERRED_FROM, Proofs, wants_id_token
from segue.protocols.oauth.profile import OAuthProfile, SessionTransferExchange
from segue.protocols.oauth.token_request import TokenRequest, Tokens, Tools
from segue.stores import Commit, ConfigStore, Guard

_NO_ACCESS_TOKEN: Final = "N_A"  # RFC 8693 2.2.1
_PORT: Final = re.compile(r":[0-9]{1,5}$")
_NOT_ALLOWED: Final = "The application may not create session transfer tokens."
_NESTED: Final = "A sign-in that was handed over to a browser is not handed on."


async def names_us(audience: str, profile: OAuthProfile, config: ConfigStore, org_id: str) -> bool:
    """Whether an audience asks for such a ticket of this org: any host name it answers at, with a port or without."""
    exchange = profile.session_transfer
    if exchange is None or not _has_form(audience, exchange):
        return False
    host = audience[len(exchange.audience_prefix) : len(audience) - len(exchange.audience_suffix)].lower()
    ours = {_PORT.sub("", domain.authority) for domain in await config.domains() if domain.org_id == org_id}
    return _PORT.sub("", host) in ours


async def asks_for_transfer(asked: TokenRequest, tools: Tools) -> bool:
    profile = tools.issuer.profile
    return await names_us(asked.get("audience"), profile, tools.rules.config, asked.where.org_id)


def check_transfer(asked: TokenRequest, basis: Basis, family: Credential) -> None:
    """Before the refresh token is used. Raises Refusal ``invalid_request`` for an application that may not do this,
    ``invalid_grant`` for a refresh token that itself came from a ticket."""
    app = asked.client.app
    if not app.transfer.can_create:
        mend = "Allow it in the application's settings of session transfer."
        check = Check("can_create_session_transfer_token", False, "allowed", "not allowed", mend)
        raise _refused(asked, "invalid_request", _NOT_ALLOWED, check, basis, family)
    came_from = basis.facts.kept.get(TRANSFERRED_FROM)
    if came_from:
        mend = "Hand over the sign-in of the application where the user signed in."
        check = Check("transfer_not_nested", False, "a sign-in made at the application", str(came_from), mend)
        raise _refused(asked, "invalid_grant", _NESTED, check, basis, family)


async def give_ticket(asked: TokenRequest, tools: Tools, basis: Basis, family: Credential) -> Tokens | None:
    """The ticket, an ID token where the user's sign-in had ``openid``, and the next refresh token where they rotate.
    None, and nothing written, where something is no longer what the grant saw."""
    exchange = tools.issuer.profile.session_transfer
    if exchange is None:
        raise ValueError("a dialect without session transfer has no audience for it")
    facts, where = await tools.rules.apply(basis.facts, asked.grant_type), asked.where
    user, app = facts.user, facts.app
    minted = mint_transfer(
        KINDS[exchange.kind], user=user, assurance=facts.assurance, parent=family, origin=app, where=where
    )
    id_token = await tools.issuer.id_token(facts, Proofs(), where) if wants_id_token(facts.scopes) else ""
    event = where.event(
        "ticket.mint",
        user_id=user.id,
        app_id=app.id,
        credential_id=minted.bearer.id,
        detail={"kind": exchange.kind, "grant": asked.grant_type, "audience": asked.get("audience")},
    )
    commit = Commit(
        org_id=where.org_id,
        partition=partition_of(user.id),
        events=(*basis.events, event),
        guard=Guard(user.id, user.stamp, app.id, assigned=not app.everyone, live_ids=basis.live_ids),
        credentials=(minted.credential,),
        advance=replace(basis.advance, idle_ms=idle_ms(asked, facts)) if basis.advance else None,
    )
    if not await tools.store.commit(commit):
        return None
    if basis.used is not None:
        await touch_family(tools, basis.used, idle_ms(asked, facts), where.now_at)
    return _tokens(asked, exchange, minted, id_token, basis)


def _tokens(
    asked: TokenRequest, exchange: SessionTransferExchange, minted: Minted, id_token: str, basis: Basis
) -> Tokens:
    rotates = asked.client.oidc.refresh_rotation == "rotate"
    return Tokens(
        minted.bearer.text,
        KINDS[exchange.kind].life_ms // 1000,
        (),
        id_token=id_token,
        refresh_token=basis.refresh_token if rotates else "",
        token_type=_NO_ACCESS_TOKEN,
        issued_token_type=exchange.issued_token_type,
    )


def _has_form(audience: str, exchange: SessionTransferExchange) -> bool:
    prefix, suffix = exchange.audience_prefix, exchange.audience_suffix
    fits = audience.startswith(prefix) and audience.endswith(suffix)
    return fits and len(audience) > len(prefix) + len(suffix)


def _refused(asked: TokenRequest, code: str, text: str, check: Check, basis: Basis, family: Credential) -> Refusal:
    return refusal(code, text, check, app_id=asked.client.app.id, user_id=basis.facts.user.id, credential_id=family.id)
