"""Giving tokens: every grant that is about a user ends here, in one write that holds only while what the grant relied
on is still so."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from segue.core.credential import Credential, NewCredential
from segue.core.secret import partition_of
from segue.core.strict import JsonValue
from segue.events import Event
from segue.policy.scopes import OFFLINE_ACCESS
from segue.protocols.oauth.backend_sessions import keep_session
from segue.protocols.oauth.issue import Parent, Proofs, from_family, wants_id_token
from segue.protocols.oauth.profile import TokenFacts
from segue.protocols.oauth.token_request import TokenRequest, Tokens, Tools
from segue.stores import Advance, Commit, Guard
from segue.tokens.refresh import FamilyIssue, RefreshGrant, RefreshToken, mint_family

_TOUCH_SHARE: Final = 10


@dataclass(frozen=True, slots=True)
class Basis:
    """What a grant established. The tokens hang on ``parent``; none of ``live_ids`` may have been revoked by the time
    they are written. ``events`` say how it was established and are written together with the tokens.

    A grant that has a refresh token already names it, with the write that brings it about; or with its family, where
    the token stays what it is and is only used.
    """

    facts: TokenFacts
    parent: Parent
    live_ids: tuple[str, ...] = ()
    nonce: str = ""
    events: tuple[Event, ...] = ()
    refresh_token: str = field(default="", repr=False)
    advance: Advance | None = None
    used: Credential | None = None


async def give(asked: TokenRequest, tools: Tools, basis: Basis) -> Tokens | None:
    """The tokens of an answer; None, and nothing written, where the user, the assignment, one of ``live_ids`` or the
    refresh token is no longer what the grant saw."""
    facts, where = await tools.rules.apply(basis.facts, asked.grant_type), asked.where
    kept = await keep_session(asked, tools, facts, basis.parent)
    facts = kept.facts
    basis, user, app = replace(basis, facts=facts), facts.user, facts.app
    refresh_token, parent, credentials = basis.refresh_token, basis.parent, list(kept.credentials)
    if not refresh_token and OFFLINE_ACCESS in facts.scopes:
        token, family = _new_family(asked, basis)
        refresh_token, parent = token.text, from_family(family)
        credentials.append(family)
    access_token, credential = await tools.issuer.access_token(facts, parent=parent, where=where)
    credentials.append(credential)
    id_token = ""
    if wants_id_token(facts.scopes):
        id_token = await tools.issuer.id_token(facts, Proofs(basis.nonce, access_token), where)
    tokens = Tokens(access_token, facts.server.access_token_s, facts.scopes, id_token, refresh_token)
    commit = Commit(
        org_id=where.org_id,
        partition=partition_of(user.id),
        events=(*basis.events, *kept.events, _event(asked, facts, tokens, credential)),
        guard=Guard(user.id, user.stamp, app.id, assigned=not app.everyone, live_ids=basis.live_ids),
        credentials=tuple(credentials),
        advance=replace(basis.advance, idle_ms=idle_ms(asked, facts)) if basis.advance else None,
    )
    if not await tools.store.commit(commit):
        return None
    if basis.used is not None:
        await touch_family(tools, basis.used, idle_ms(asked, facts), where.now_at)
    return tokens


def idle_ms(asked: TokenRequest, facts: TokenFacts) -> int:
    """For how long a refresh token may lie unused: as the rule says that lets it, else as the application does."""
    seconds = asked.client.oidc.refresh_idle_s if facts.refresh_idle_s is None else facts.refresh_idle_s
    return seconds * 1000


async def touch_family(tools: Tools, family: Credential, life_ms: int, now_at: int) -> None:
    """Moves the end of the idle time, which is ``life_ms``. A write of its own, so at most every tenth of it."""
    idle_end_at = family.idle_expires_at
    if idle_end_at is not None and idle_end_at - now_at < life_ms - life_ms // _TOUCH_SHARE:
        await tools.store.touch_session(family.org_id, family.id, idle_ms=life_ms)


def _new_family(asked: TokenRequest, basis: Basis) -> tuple[RefreshToken, NewCredential]:
    """Offline access outlives the browser session on purpose, so what binds it is what the tokens come from alone."""
    facts, client, where = basis.facts, asked.client.oidc, asked.where
    issue = FamilyIssue(
        user=facts.user,
        app_id=facts.app.id,
        server_id=asked.server.id,
        domain=where.domain,
        life_ms=(client.refresh_life_s if facts.refresh_life_s is None else facts.refresh_life_s) * 1000,
        idle_ms=idle_ms(asked, facts),
        parent_id=basis.parent.id,
        root_id=basis.parent.root_id,
        bind_path=basis.parent.bind_path,
    )
    grant = RefreshGrant(facts.scopes, facts.assurance, facts.session_id or "", facts.acr, _kept(asked, facts))
    return mint_family(issue, grant, source=where.source, now_at=where.now_at)


def _kept(asked: TokenRequest, facts: TokenFacts) -> Mapping[str, JsonValue]:
    """RFC 9449 5: the refresh token of a client that cannot prove who it is works with the key of its proof alone."""
    if asked.proof_key is None or not asked.client.oidc.public:
        return facts.kept
    return {**facts.kept, "jkt": asked.proof_key}


def _event(asked: TokenRequest, facts: TokenFacts, tokens: Tokens, credential: NewCredential) -> Event:
    given = {"id_token": bool(tokens.id_token), "refresh_token": bool(tokens.refresh_token)}
    return asked.where.event(
        "token.issue",
        user_id=facts.user.id,
        app_id=facts.app.id,
        credential_id=credential.id,
        detail={"grant": asked.grant_type, "server": asked.server.id, **given},
    )
