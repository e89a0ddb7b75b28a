"""``segue key rotate``: a new signing key, by plan or in an emergency."""

from datetime import UTC, datetime
from typing import Final

from segue.admin import keys
from segue.cli.workplace import Problem, Workplace, say
from segue.core.sealing import Sealer
from segue.settings import read_secrets
from segue.tokens.keys import DEFAULT_ALGORITHM

KEY_SETS: Final = {"tokens": keys.TOKEN_KEYS, "assertions": keys.ASSERTION_KEYS}


async def rotate(workplace: Workplace, named: str, *, algorithm: str, at_once: bool, org: str | None) -> None:
    """Publishes a new key of a set, by ``algorithm``; ``at_once`` retires every key of the set now and replaces each.

    Raises Problem, Refusal.
    """
    if named not in KEY_SETS:
        raise Problem(f"The keys are those for {' or '.join(KEY_SETS)}.")
    if KEY_SETS[named] == keys.ASSERTION_KEYS and algorithm != DEFAULT_ALGORITHM:
        raise Problem(f"Assertions are signed by {DEFAULT_ALGORITHM}, which every service provider knows.")
    owner = await workplace.org(org)
    secrets = read_secrets(workplace.settings)
    sealer = Sealer(secrets.master_key, previous=secrets.previous)
    change = workplace.change(owner.id)
    store, key_set = workplace.store, KEY_SETS[named]
    if at_once:
        key = await keys.replace_at_once(store, sealer, key_set, name=owner.name, change=change)
        say(f"Key {key.kid} signs now; whatever the earlier keys signed no longer verifies.")
    else:
        key = await keys.rotate(store, sealer, key_set, name=owner.name, change=change, algorithm=algorithm)
        begin = datetime.fromtimestamp(key.signs_from_at // 1000, UTC)
        say(f"Key {key.kid} is published and signs from {begin:%Y-%m-%d %H:%M} UTC.")
    if KEY_SETS[named] == keys.ASSERTION_KEYS:
        say("Service providers pin the certificate: give them the new metadata.")
