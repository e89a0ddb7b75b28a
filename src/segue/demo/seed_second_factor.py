"""The group that is always asked for a second factor, and the authenticator app of its member."""

import base64
import binascii
from typing import Final

from segue.admin.change import Change
from segue.core.factor import FactorEnrollment
from segue.core.org import Domain, Group, Org
from segue.core.refusal import Refusal
from segue.core.user import User
from segue.demo.workplace import Workplace
from segue.signin.factors.factor import FactorContext
from segue.signin.factors.sealed_secrets import STANDARD, SealedSecrets
from segue.signin.factors.totp import SECRET_BYTES

_NAME: Final = "Second factor"
_PREFIX: Final = "00g"


async def ensure_group(at: Workplace, change: Change) -> Group:
    """The group of that name, made where it is not there."""
    for known in await at.store.groups(change.org_id):
        if known.name == _NAME:
            return known
    group = Group(change.new_id(_PREFIX), change.org_id, _NAME)
    await at.store.put_group(group, change.event("group.create", group_id=group.id))
    return group


async def ensure_member(at: Workplace, group: Group, user: User, change: Change) -> None:
    subject = await at.store.subject(change.org_id, user.id, None)
    if subject is None or group.id not in subject.group_ids:
        event = change.event("group.join", user_id=user.id, group_id=group.id)
        await at.store.add_member(change.org_id, group.id, user.id, event)


async def ensure_totp(at: Workplace, name: str, user: User, org: Org, domain: Domain, change: Change) -> None:
    """Sees to it that the user has an authenticator app whose secret is kept under ``name``: the one there is where
    both are, another one where either was lost."""
    enrolled = [
        one
        for one in await at.store.factors(org.id, user.id)
        if one.active and (one.type, one.provider) == ("totp", STANDARD)
    ]
    context = FactorContext(org, domain, user, change.circumstances, transaction_id="demo")
    secrets, seed = SealedSecrets(at.sealer), _seed(at.kept.totp_secrets.get(name, ""))
    if seed is not None and any(_opens(secrets, context, one, seed) for one in enrolled):
        return
    seed = seed or at.source.random(SECRET_BYTES)
    at.kept.totp_secrets[name] = base64.b32encode(seed).decode()
    at.save()
    for one in enrolled:
        event = change.event("factor.remove", user_id=user.id, factor=one.type)
        await at.store.remove_factor(org.id, user.id, one.id, event)
    factor = secrets.active(context, "totp", STANDARD, seed, {"account": user.login})
    await at.store.put_factor(factor, change.event("factor.enroll", user_id=user.id, factor=factor.type))


def _seed(secret: str) -> bytes | None:
    """The seed that was kept, None for what is none."""
    try:
        return base64.b32decode(secret) or None
    except binascii.Error:
        return None


def _opens(secrets: SealedSecrets, context: FactorContext, enrolled: FactorEnrollment, seed: bytes) -> bool:
    """Whether the app enrolled has this seed; not where what is stored opens no more."""
    try:
        return secrets.open(context, enrolled) == seed
    except Refusal:
        return False
