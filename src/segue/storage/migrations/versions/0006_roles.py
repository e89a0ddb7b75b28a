"""Who administers an org.

An API token acted for the whole org until now; from here on it may do what its owner's role allows. So that every
program in use goes on working, whoever owns an API token becomes an owner of the org.
"""

from alembic import op

from segue.storage.migrations.words import words

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_CHANGES = (
    """
    CREATE TABLE role_assignments (
        org_id {id} NOT NULL,
        user_id {id} NOT NULL,
        role {id} NOT NULL,
        assigned_at {big} NOT NULL,
        PRIMARY KEY (org_id, user_id, role),
        FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE
    ) {end}
    """,
    """
    INSERT INTO role_assignments (org_id, user_id, role, assigned_at)
    SELECT c.org_id, c.user_id, 'owner', min(c.issued_at)
    FROM credentials AS c JOIN users AS u ON u.org_id = c.org_id AND u.id = c.user_id
    WHERE c.kind = 'api_token' AND c.consumed_at IS NULL GROUP BY c.org_id, c.user_id
    """,
)


def upgrade() -> None:
    known = words(op.get_bind().dialect.name)
    for text in _CHANGES:
        op.execute(text.format_map(known))


def downgrade() -> None:
    raise NotImplementedError("a schema is never taken back: the release before works on this one")
