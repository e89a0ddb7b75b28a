"""Giving tokens: every grant that is about a user ends here, in one write that holds only while what the grant relied
on is still so."""

from dataclasses import dataclass

from segue.core.secret import partition_of
from segue.events import Event
from segue.protocols.oauth.issue import Parent, Proofs, wants_id_token
from segue.protocols.oauth.profile import TokenFacts
from segue.protocols.oauth.token_request import TokenRequest, Tokens, Tools
from segue.stores import Commit, Guard


@dataclass(frozen=True, slots=True)
class Basis:
    """What a grant established. The tokens hang on ``parent``; none of ``live_ids`` may have been revoked by the time
    they are written. ``events`` say how it was established and are written together with the tokens."""

    facts: TokenFacts
    parent: Parent
    live_ids: tuple[str, ...] = ()
    nonce: str = ""
    events: tuple[Event, ...] = ()


async def give(asked: TokenRequest, tools: Tools, basis: Basis) -> Tokens | None:
    """The tokens of an answer; None, and nothing written, where the user, the assignment or one of ``live_ids`` is no
    longer what the grant saw."""
    facts, where = basis.facts, asked.where
    user, app = facts.user, facts.app
    access_token, credential = await tools.issuer.access_token(facts, parent=basis.parent, where=where)
    id_token = ""
    if wants_id_token(facts.scopes):
        id_token = await tools.issuer.id_token(facts, Proofs(basis.nonce, access_token), where)
    detail = {"grant": asked.grant_type, "server": asked.server.id, "id_token": bool(id_token)}
    event = where.event("token.issue", user_id=user.id, app_id=app.id, credential_id=credential.id, detail=detail)
    commit = Commit(
        org_id=where.org_id,
        partition=partition_of(user.id),
        events=(*basis.events, event),
        guard=Guard(user.id, user.stamp, app.id, assigned=not app.everyone, live_ids=basis.live_ids),
        credentials=(credential,),
    )
    if not await tools.store.commit(commit):
        return None
    return Tokens(access_token, asked.server.access_token_s, facts.scopes, id_token)
