"""Sign-on policies with their rules, network zones, and which access policy an application has.

Nothing is taken away and the new column has a default: the release before goes on reading and writing beside this one.
It knows no policies, so they count once every process is of this release.
"""

from alembic import op

from segue.storage.migrations.words import words

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_CHANGES = (
    """
    CREATE TABLE policies (
        org_id {id} NOT NULL REFERENCES orgs (id),
        id {id} NOT NULL,
        revision {big} NOT NULL,
        body {text} NOT NULL,
        PRIMARY KEY (org_id, id)
    ) {end}
    """,
    """
    CREATE TABLE zones (
        org_id {id} NOT NULL REFERENCES orgs (id),
        id {id} NOT NULL,
        body {text} NOT NULL,
        PRIMARY KEY (org_id, id)
    ) {end}
    """,
    "ALTER TABLE applications ADD COLUMN policy_id {text} NOT NULL DEFAULT ''",
)


def upgrade() -> None:
    known = words(op.get_bind().dialect.name)
    for text in _CHANGES:
        op.execute(text.format_map(known))


def downgrade() -> None:
    raise NotImplementedError("a schema is never taken back: the release before works on this one")
