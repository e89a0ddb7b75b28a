"""The refresh tokens of an application are found by it: they lie in the partitions of all its users.

The index has refresh tokens alone, by columns that no rotation changes: nothing else that is issued pays for it. It is
not unique, so no write waits for another one there.
"""

from alembic import op

from segue.storage.migrations.words import words

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_CHANGE = "CREATE INDEX credentials_refresh ON credentials (org_id, app_id, id) WHERE kind = 'refresh_token'"


def upgrade() -> None:
    op.execute(_CHANGE.format_map(words(op.get_bind().dialect.name)))


def downgrade() -> None:
    raise NotImplementedError("a schema is never taken back: the release before works on this one")
