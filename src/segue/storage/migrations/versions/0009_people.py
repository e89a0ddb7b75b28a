"""What is known of users and groups besides their names, rules that fill groups, and when a user last signed in.

A sign-in leaves its moment on the row that counts attempts, which it writes anyway. Each org gets its built-in group
for everybody, unless it has one of that name: who is in it is never stored. The release before goes on beside this one:
it reads none of the new columns, and what it writes has their defaults.
"""

from alembic import op

from segue.storage.migrations.words import words

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_CHANGES = (
    "ALTER TABLE users ADD COLUMN status_changed_at {big} NOT NULL DEFAULT 0",
    "ALTER TABLE users ADD COLUMN activated_at {big} NOT NULL DEFAULT 0",
    "ALTER TABLE users ADD COLUMN updated_at {big} NOT NULL DEFAULT 0",
    "UPDATE users SET status_changed_at = created_at, updated_at = created_at, activated_at = created_at",
    "CREATE INDEX users_updated_at ON users (org_id, updated_at)",
    "ALTER TABLE login_attempts ADD COLUMN succeeded_at {big} NOT NULL DEFAULT 0",
    "ALTER TABLE groups ADD COLUMN description {text} NOT NULL DEFAULT ''",
    "ALTER TABLE groups ADD COLUMN type {text} NOT NULL DEFAULT 'standard'",
    "ALTER TABLE groups ADD COLUMN created_at {big} NOT NULL DEFAULT 0",
    "ALTER TABLE groups ADD COLUMN updated_at {big} NOT NULL DEFAULT 0",
    "ALTER TABLE groups ADD COLUMN members_changed_at {big} NOT NULL DEFAULT 0",
    "ALTER TABLE group_members ADD COLUMN by_rule {flag} NOT NULL DEFAULT {false}",
    """
    INSERT INTO groups (org_id, id, name, description, type)
    SELECT id, '00g' || substr(id, 4), 'Everyone', 'All users of this org', 'built_in' FROM orgs
    WHERE NOT EXISTS (
        SELECT 1 FROM groups AS g
        WHERE g.org_id = orgs.id AND (g.name = 'Everyone' OR g.id = '00g' || substr(orgs.id, 4)))
    """,
    """
    CREATE TABLE group_rules (
        org_id {id} NOT NULL REFERENCES orgs (id),
        id {id} NOT NULL,
        name {text} NOT NULL,
        status {text} NOT NULL,
        expression {text} NOT NULL,
        excluded {text} NOT NULL,
        group_ids {text} NOT NULL,
        created_at {big} NOT NULL,
        updated_at {big} NOT NULL,
        applied_to {id},
        PRIMARY KEY (org_id, id),
        CONSTRAINT group_rules_name UNIQUE (org_id, name)
    ) {end}
    """,
)

# As ``storage.conditions`` asks for the address of a profile.
_EMAIL = {
    "sqlite": "lower(coalesce(json_extract(profile, '$.email'), ''))",
    "postgresql": "lower((coalesce((profile::jsonb ->> 'email'), '')) COLLATE \"C\")",
}


def upgrade() -> None:
    engine = op.get_bind().dialect.name
    for text in _CHANGES:
        op.execute(text.format_map(words(engine)))
    op.execute(f"CREATE INDEX users_email ON users (org_id, {_EMAIL[engine]}, id)")


def downgrade() -> None:
    raise NotImplementedError("a schema is never taken back: the release before works on this one")
