"""Second factors, remembered devices, and what sign-in and applications gained with them.

Nothing is taken away and every new column has a default: the release before goes on reading and writing beside this
one. Factors and remembered devices lie in their user's partition and are as hot as credentials: one key, no foreign
key. The index finds what a user holds; it is not unique, so no write waits for another one there.
"""

from alembic import op

from segue.storage.migrations.words import words

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_CHANGES = (
    "ALTER TABLE users ADD COLUMN password_temporary {flag} NOT NULL DEFAULT {false}",
    "ALTER TABLE applications ADD COLUMN wsfed {text}",
    "ALTER TABLE applications ADD COLUMN bookmark {text}",
    "ALTER TABLE applications ADD COLUMN links {text} NOT NULL DEFAULT '[]'",
    """
    CREATE TABLE factors (
        org_id {id} NOT NULL,
        partition {int} NOT NULL,
        user_id {id} NOT NULL,
        id {id} NOT NULL,
        type {text} NOT NULL,
        provider {text} NOT NULL,
        status {text} NOT NULL,
        sealed_secret {bytes} NOT NULL,
        last_step {big} NOT NULL,
        profile {text} NOT NULL,
        created_at {big} NOT NULL,
        last_used_at {big} NOT NULL,
        PRIMARY KEY (org_id, partition, user_id, id)
    ) {updated}
    """,
    """
    CREATE TABLE remembered_devices (
        org_id {id} NOT NULL,
        partition {int} NOT NULL,
        user_id {id} NOT NULL,
        digest {bytes} NOT NULL,
        expires_at {big} NOT NULL,
        epoch {big} NOT NULL,
        PRIMARY KEY (org_id, partition, user_id, digest)
    ) {end}
    """,
    "CREATE INDEX credentials_user ON credentials (org_id, partition, user_id, kind) WHERE user_id IS NOT NULL",
)


def upgrade() -> None:
    known = words(op.get_bind().dialect.name)
    for text in _CHANGES:
        op.execute(text.format_map(known))


def downgrade() -> None:
    raise NotImplementedError("a schema is never taken back: the release before works on this one")
