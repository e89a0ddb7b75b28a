"""Making a ticket: a credential to be written and the one bearer value that will ever be shown."""

from dataclasses import dataclass

from segue.core.application import Application
from segue.core.assurance import Assurance, to_data
from segue.core.clock import Source
from segue.core.credential import Credential, NewCredential
from segue.core.secret import Bearer, new_bearer, partition_of
from segue.core.user import User
from segue.events import Circumstances
from segue.handoff.kinds import TicketKind
from segue.handoff.redeem import WaitingSession, waiting_data


@dataclass(frozen=True, slots=True)
class Minted:
    """``bearer`` goes to the caller once ``credential`` is committed; ``expires_at`` is epoch ms."""

    bearer: Bearer
    credential: NewCredential
    expires_at: int


def mint(
    kind: TicketKind,
    *,
    user: User,
    assurance: Assurance,
    domain: str,
    source: Source,
    now_at: int,
    minted_by: str | None = None,
    waiting: WaitingSession | None = None,
) -> Minted:
    """A ticket that carries ``assurance`` of ``user``. Nothing is stored yet: commit the credential first.

    ``waiting`` is a session that is written together with the ticket and handed out when it is redeemed; the ticket
    ends with it.
    """
    session = {"session": waiting_data(waiting)} if waiting else {}
    bearer = new_bearer(kind.id_prefix, partition_of(user.id), now_at, source.random)
    credential = NewCredential(
        org_id=user.org_id,
        id=bearer.id,
        kind=kind.kind,
        digest=bearer.digest,
        life_ms=kind.life_ms,
        user_id=user.id,
        user_stamp=user.stamp,
        root_id=bearer.id,
        bind_path=(waiting.session_id,) if waiting else (),
        domain=domain,
        minted_by=minted_by,
        data={"assurance": to_data(assurance), **session},
    )
    return Minted(bearer, credential, now_at + kind.life_ms)


def mint_transfer(
    kind: TicketKind, *, user: User, assurance: Assurance, parent: Credential, origin: Application, where: Circumstances
) -> Minted:
    """A ticket that carries the sign-in of ``parent``, a refresh token of ``origin``, to a browser on the same device.

    It ends with its parent. What comes of it does too where the application wants that (``SessionTransfer.cascade``),
    as its settings are now.
    """
    bearer = new_bearer(kind.id_prefix, partition_of(user.id), where.now_at, where.source.random)
    credential = NewCredential(
        org_id=user.org_id,
        id=bearer.id,
        kind=kind.kind,
        digest=bearer.digest,
        life_ms=kind.life_ms,
        user_id=user.id,
        user_stamp=user.stamp,
        parent_id=parent.id,
        root_id=parent.root_id or parent.id,
        bind_path=parent.lineage_path,
        app_id=origin.id,
        domain=where.domain,
        data={
            "assurance": to_data(assurance),
            "address": where.address,
            "user_agent": where.user_agent,
            "cascade": origin.transfer.cascade,
        },
    )
    return Minted(bearer, credential, where.now_at + kind.life_ms)
