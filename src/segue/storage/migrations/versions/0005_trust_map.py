"""The trust map, and whether a sign-in that was handed over opens a session of the browser's.

Nothing is taken away and the new column has a default: the release before goes on reading and writing beside this one.
The index finds the targets of an origin.
"""

from alembic import op

from segue.storage.migrations.words import words

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_CHANGES = (
    """
    CREATE TABLE trust_entries (
        org_id {id} NOT NULL,
        target_app_id {id} NOT NULL,
        origin_app_id {id} NOT NULL,
        id {id} NOT NULL,
        created_at {big} NOT NULL,
        created_by {text} NOT NULL,
        PRIMARY KEY (org_id, target_app_id, origin_app_id),
        FOREIGN KEY (org_id, target_app_id) REFERENCES applications (org_id, id) ON DELETE CASCADE,
        FOREIGN KEY (org_id, origin_app_id) REFERENCES applications (org_id, id) ON DELETE CASCADE
    ) {end}
    """,
    "CREATE INDEX trust_entries_origin ON trust_entries (org_id, origin_app_id, target_app_id)",
    "ALTER TABLE applications ADD COLUMN hand_off_opens_session {flag} NOT NULL DEFAULT {false}",
)


def upgrade() -> None:
    known = words(op.get_bind().dialect.name)
    for text in _CHANGES:
        op.execute(text.format_map(known))


def downgrade() -> None:
    raise NotImplementedError("a schema is never taken back: the release before works on this one")
