"""What an application's settings say of handing sign-ins over from refresh tokens to browsers; "" says nothing."""

from alembic import op

from segue.storage.migrations.words import words

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_CHANGE = "ALTER TABLE applications ADD COLUMN session_transfer {text} NOT NULL DEFAULT ''"


def upgrade() -> None:
    op.execute(_CHANGE.format_map(words(op.get_bind().dialect.name)))


def downgrade() -> None:
    raise NotImplementedError("a schema is never taken back: the release before works on this one")
