"""What a commit may hold, asked before either engine is."""

from segue.core.secret import partition_of
from segue.stores import Commit, FactorStep


def check_commit(commit: Commit) -> None:
    """Raises ValueError unless everything in ``commit`` belongs to its org and partition.

    A tombstone is looked for in the partition of the credential it may end: an ancestor elsewhere could be revoked
    without ending its descendants. A factor lies in its user's partition.
    """
    renewed = [commit.renewal.session_id] if commit.renewal else []
    advanced = [commit.advance.id] if commit.advance else []
    step = commit.factor_step
    ids = [
        *(ident for new in commit.credentials for ident in (new.id, *new.bind_path)),
        *(part.session_id for part in commit.participations),
        *(stone.id for stone in commit.tombstones),
        *(commit.guard.live_ids if commit.guard else ()),
        *renewed,
        *advanced,
        *((step.factor_id, step.user_id) if step else ()),
    ]
    if any(partition_of(ident) != commit.partition for ident in ids):
        raise ValueError("a commit touches one partition: an id in it belongs to another")
    orgs = {*(new.org_id for new in commit.credentials), *(event.org_id for event in commit.events)}
    if step and step.enrollment:
        _check_step(step)
        orgs.add(step.enrollment.org_id)
    if orgs - {commit.org_id}:
        raise ValueError("a commit touches one org: something in it belongs to another")
    if renewed and renewed == advanced:
        raise ValueError("a credential is renewed or advanced, not both at once")


def _check_step(step: FactorStep) -> None:
    """A secret is sealed for one factor and opens for no other one."""
    if step.enrollment and (step.enrollment.id, step.enrollment.user_id) != (step.factor_id, step.user_id):
        raise ValueError("a factor's step changes that factor alone")
