"""``segue key rotate``: a new signing key, by plan or in an emergency."""

from datetime import UTC, datetime
from typing import Final

from segue.admin import keys
from segue.cli.workplace import Problem, Workplace, say
from segue.core.sealing import Sealer
from segue.settings import read_secrets

KEY_SETS: Final = {"tokens": keys.TOKEN_KEYS, "assertions": keys.ASSERTION_KEYS}


async def rotate(workplace: Workplace, named: str, *, at_once: bool, org: str | None) -> None:
    """Publishes a new key of a set; ``at_once`` also retires every earlier one now. Raises Problem, Refusal."""
    if named not in KEY_SETS:
        raise Problem(f"The keys are those for {' or '.join(KEY_SETS)}.")
    owner = await workplace.org(org)
    secrets = read_secrets(workplace.settings)
    sealer = Sealer(secrets.master_key, previous=secrets.previous)
    change = workplace.change(owner.id)
    make = keys.replace_at_once if at_once else keys.rotate
    key = await make(workplace.store, sealer, KEY_SETS[named], name=owner.name, change=change)
    if at_once:
        say(f"Key {key.kid} signs now; whatever the earlier keys signed no longer verifies.")
    else:
        begin = datetime.fromtimestamp(key.signs_from_at // 1000, UTC)
        say(f"Key {key.kid} is published and signs from {begin:%Y-%m-%d %H:%M} UTC.")
    if KEY_SETS[named] == keys.ASSERTION_KEYS:
        say("Service providers pin the certificate: give them the new metadata.")
