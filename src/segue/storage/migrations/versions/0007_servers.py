"""Authorization servers gain claims, policies and settings of their scopes: one JSON text that no query looks into."""

from alembic import op

from segue.storage.migrations.words import words

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_CHANGE = "ALTER TABLE authorization_servers ADD COLUMN settings {text} NOT NULL DEFAULT '{{}}'"


def upgrade() -> None:
    op.execute(_CHANGE.format_map(words(op.get_bind().dialect.name)))


def downgrade() -> None:
    raise NotImplementedError("a schema is never taken back: the release before works on this one")
