"""The log in the order of time: an index for those who read it, beside the key that writes go by.

It is not unique and leads with the org; the org's newest entries lie at its end.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX events_at ON events (org_id, at, id)")


def downgrade() -> None:
    raise NotImplementedError("a schema is never taken back: the release before works on this one")
