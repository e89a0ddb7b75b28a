"""Authorization servers count their changes: of two administrators who change one at once none undoes the other."""

from alembic import op

from segue.storage.migrations.words import words

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_CHANGE = "ALTER TABLE authorization_servers ADD COLUMN revision {big} NOT NULL DEFAULT 0"


def upgrade() -> None:
    op.execute(_CHANGE.format_map(words(op.get_bind().dialect.name)))


def downgrade() -> None:
    raise NotImplementedError("a schema is never taken back: the release before works on this one")
