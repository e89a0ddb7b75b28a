"""Tickets that are signed tokens: a JWT whose ``jti`` names the credential. The signature says that it is ours and for
whom; whether it may still be used is the store's to say, in the same one write as for every other ticket."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from segue.core import strict
from segue.core.application import Application
from segue.core.assurance import Assurance, to_data
from segue.core.credential import Credential, NewCredential
from segue.core.org import AuthorizationServer
from segue.core.refusal import Refusal
from segue.core.secret import Bearer, digest, new_id, partition_of
from segue.core.strict import JsonValue
from segue.core.user import User
from segue.core.verdict import Check, Verdict
from segue.events import Circumstances
from segue.handoff.kinds import KINDS, TicketKind
from segue.handoff.redeem import NOT_USABLE, PresentedTicket
from segue.stores import ConfigStore
from segue.tokens import keys
from segue.tokens.jwt import MAX_TOKEN_CHARS, TokenRefused, verify
from segue.tokens.signing import Signing


@dataclass(frozen=True, slots=True)
class HandingOver:
    """What a signed ticket says: whose sign-in, from where, to where.

    ``session`` is the backend session it comes from. ``also_binds`` are ids, besides the session's, whose revocation
    ends the ticket. ``issuer`` is that of ``server`` at the domain in use, ``audience`` names ``target``.
    """

    user: User
    assurance: Assurance
    session: Credential
    origin: Application
    target: Application
    server: AuthorizationServer
    issuer: str
    audience: str
    also_binds: tuple[str, ...] = ()


async def mint_signed(
    kind: TicketKind, handing: HandingOver, *, signing: Signing, where: Circumstances
) -> tuple[str, NewCredential]:
    """The token and the credential to be written before it is given out."""
    user, server, session = handing.user, handing.server, handing.session
    ident = new_id(kind.id_prefix, partition_of(user.id), where.now_at, where.source.random)
    now_s = where.now_at // 1000
    claims: dict[str, JsonValue] = {
        "iss": handing.issuer,
        "aud": handing.audience,
        "sub": user.id,
        "tid": handing.target.id,
        "sid": session.id,
        "jti": ident,
        "iat": now_s,
        "exp": now_s + kind.life_ms // 1000,
    }
    key = await signing.current(server.org_id, server.key_set, where.now_at)
    token = await signing.issue(claims, typ=kind.typ, key=key)
    credential = NewCredential(
        org_id=user.org_id,
        id=ident,
        kind=kind.kind,
        digest=digest(token),
        life_ms=kind.life_ms,
        user_id=user.id,
        user_stamp=user.stamp,
        parent_id=session.id,
        root_id=session.root_id or session.id,
        bind_path=tuple(dict.fromkeys((*session.lineage_path, *handing.also_binds))),
        app_id=handing.origin.id,
        target_app_id=handing.target.id,
        domain=where.domain,
        server_id=server.id,
        data={"assurance": to_data(handing.assurance)},
    )
    return token, credential


async def read_signed(
    config: ConfigStore, presented: PresentedTicket, *, app: Application | None, where: Circumstances
) -> PresentedTicket:
    """The ticket once its signature, its issuer (any of the org's), its audience and its times hold.

    Raises Refusal ``ticket_refused`` with one public text for every cause; nothing is spent then.
    """
    try:
        issuer, server = await _issuer(config, presented.text, where.org_id)
        claims = verify(
            presented.text,
            keys=keys.published(
                tuple(map(keys.from_stored, await config.signing_keys(server.org_id, server.key_set))), where.now_at
            ),
            typ={KINDS[kind].typ for kind in presented.slot.kinds},
            issuer=issuer,
            audience=f"{presented.slot.audience_prefix}{app.id if app else ''}",
            now_ms=where.now_at,
            leeway_s=0,
            required=("jti", "sub", "tid", "sid"),
        )
    except TokenRefused as refused:
        raise refused_ticket(_unverified(f"{refused.reason} {refused.claim or ''}".strip(), app)) from refused
    if app is None or claims["tid"] != app.id:
        raise refused_ticket(_unverified("made for another application", app))
    return replace(presented, verified=Bearer(str(claims["jti"]), presented.text))


def refused_ticket(*checks: Check, reason: str = "ticket_refused", credential_id: str | None = None) -> Refusal:
    return Refusal(reason, NOT_USABLE, Verdict(checks, rule="redeem"), credential_id=credential_id)


async def _issuer(config: ConfigStore, text: str, org_id: str) -> tuple[str, AuthorizationServer]:
    """Whose token it says it is. Any server of the org may have made it, at any of its domains; which one decides the
    keys that have to hold."""
    try:
        claims: Mapping[str, JsonValue] = strict.split_jwt(text, max_chars=MAX_TOKEN_CHARS).payload
    except strict.Malformed:
        raise TokenRefused("malformed") from None
    domains = [domain for domain in await config.domains() if domain.org_id == org_id]
    for server in await config.authorization_servers(org_id):
        for domain in domains:
            issuer = server.issuer(domain)
            if server.status == "active" and claims.get("iss") == issuer:
                return issuer, server
    raise TokenRefused("wrong_issuer", "iss")


def _unverified(seen: str, app: Application | None) -> Check:
    expected = f"a token of this org, signed by us, for {app.id if app else 'an application'}"
    mend = "Exchange the tokens again, and pass the new token on unchanged to the application it is for."
    return Check("signed_token", passed=False, expected=expected, seen=seen, mend=mend)
