"""Applications assigned to groups, what an application calls a user, and what is kept for those who manage it.

The table of group assignments is configuration: written seldom, and looked up by its key where a sign-in asks whether
one of the user's groups has the application. Deleting a group ends its assignments.
"""

from alembic import op

from segue.storage.migrations.words import words

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_CHANGES = (
    "ALTER TABLE applications ADD COLUMN annotations {text} NOT NULL DEFAULT '{{}}'",
    "ALTER TABLE applications ADD COLUMN updated_at {big} NOT NULL DEFAULT 0",
    "ALTER TABLE assignments ADD COLUMN user_name {text} NOT NULL DEFAULT ''",
    "ALTER TABLE assignments ADD COLUMN profile {text} NOT NULL DEFAULT '{{}}'",
    "ALTER TABLE assignments ADD COLUMN created_at {big} NOT NULL DEFAULT 0",
    "ALTER TABLE assignments ADD COLUMN updated_at {big} NOT NULL DEFAULT 0",
    """
    CREATE TABLE group_assignments (
        org_id {id} NOT NULL,
        app_id {id} NOT NULL,
        group_id {id} NOT NULL,
        priority {int} NOT NULL,
        profile {text} NOT NULL,
        created_at {big} NOT NULL,
        updated_at {big} NOT NULL,
        PRIMARY KEY (org_id, app_id, group_id),
        FOREIGN KEY (org_id, app_id) REFERENCES applications (org_id, id),
        FOREIGN KEY (org_id, group_id) REFERENCES groups (org_id, id) ON DELETE CASCADE
    ) {end}
    """,
    "CREATE INDEX group_assignments_group ON group_assignments (org_id, group_id, app_id)",
    "CREATE INDEX group_members_group ON group_members (org_id, group_id, user_id)",
)


def upgrade() -> None:
    known = words(op.get_bind().dialect.name)
    for text in _CHANGES:
        op.execute(text.format_map(known))


def downgrade() -> None:
    raise NotImplementedError("a schema is never taken back: the release before works on this one")
