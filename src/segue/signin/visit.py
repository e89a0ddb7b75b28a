"""Where a request of a transaction arrives."""

from dataclasses import dataclass

from segue.core.org import Domain, Org
from segue.events import Circumstances


@dataclass(frozen=True, slots=True)
class Visit:
    """Where a request of a transaction arrives. ``device`` names the user's device, as a digest ("" unknown);
    ``trusted_by`` is the API token of a caller that is trusted."""

    org: Org
    domain: Domain
    circumstances: Circumstances
    device: str = ""
    trusted_by: str = ""
