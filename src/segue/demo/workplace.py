"""What seeding works with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from segue.admin.change import Change
from segue.core.clock import Source
from segue.core.sealing import Sealer
from segue.demo.folder import Kept
from segue.events import Circumstances
from segue.signin.passwords import PasswordHasher
from segue.stores import Store

_ACTOR: Final = "demo"


@dataclass(frozen=True, slots=True)
class Workplace:
    """What seeding works with. ``save`` writes the secrets in ``kept`` to the demo's folder, before they matter."""

    store: Store
    sealer: Sealer
    hasher: PasswordHasher
    source: Source
    kept: Kept
    save: Callable[[], None]

    def change(self, org_id: str) -> Change:
        return Change(Circumstances(org_id, self.source.now_at(), self.source), _ACTOR)
