"""The first schema.

Ids are text in byte order, digests bytes, times epoch milliseconds, flags 0/1 on SQLite. What no query looks into is
JSON text. Every key starts with the org; the hot tables (credentials, tombstones, participations, foreign_uses,
login_attempts, events) go on with the partition and have neither foreign keys nor a second unique index, so that one
hot operation touches one (org, partition) and waits for nobody else's row.
"""

from alembic import op

from segue.storage.migrations.words import words

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE orgs (
        id {id} PRIMARY KEY,
        name {text} NOT NULL,
        status {text} NOT NULL,
        settings {text} NOT NULL,
        config_version {big} NOT NULL
    ) {updated}
    """,
    """
    CREATE TABLE domains (
        authority {id} PRIMARY KEY,
        org_id {id} NOT NULL REFERENCES orgs (id),
        dialect {text} NOT NULL,
        scheme {text} NOT NULL
    ) {end}
    """,
    """
    CREATE TABLE applications (
        org_id {id} NOT NULL REFERENCES orgs (id),
        id {id} NOT NULL,
        name {text} NOT NULL,
        label {text} NOT NULL,
        external_key {id} NOT NULL,
        status {text} NOT NULL,
        client_id {id},
        oidc {text},
        saml {text},
        requirement {text} NOT NULL,
        home_authority {text} NOT NULL,
        everyone {flag} NOT NULL,
        when_other_user {text},
        PRIMARY KEY (org_id, id),
        CONSTRAINT applications_client_id UNIQUE (org_id, client_id),
        CONSTRAINT applications_external_key UNIQUE (org_id, external_key)
    ) {end}
    """,
    """
    CREATE TABLE authorization_servers (
        org_id {id} NOT NULL REFERENCES orgs (id),
        id {id} NOT NULL,
        name {text} NOT NULL,
        path {text} NOT NULL,
        audience {text} NOT NULL,
        key_set {text} NOT NULL,
        scopes {text} NOT NULL,
        access_token_s {int} NOT NULL,
        id_token_s {int} NOT NULL,
        code_s {int} NOT NULL,
        status {text} NOT NULL,
        PRIMARY KEY (org_id, id)
    ) {end}
    """,
    """
    CREATE TABLE signing_keys (
        org_id {id} NOT NULL REFERENCES orgs (id),
        key_set {id} NOT NULL,
        kid {id} NOT NULL,
        algorithm {text} NOT NULL,
        public_jwk {text} NOT NULL,
        certificate_pem {text} NOT NULL,
        sealed_private {bytes} NOT NULL,
        created_at {big} NOT NULL,
        signs_from_at {big} NOT NULL,
        signs_until_at {big},
        retired_at {big},
        PRIMARY KEY (org_id, key_set, kid)
    ) {end}
    """,
    """
    CREATE TABLE trusted_origins (
        org_id {id} NOT NULL REFERENCES orgs (id),
        id {id} NOT NULL,
        name {text} NOT NULL,
        origin {text} NOT NULL,
        scopes {text} NOT NULL,
        status {text} NOT NULL,
        PRIMARY KEY (org_id, id)
    ) {end}
    """,
    """
    CREATE TABLE users (
        org_id {id} NOT NULL REFERENCES orgs (id),
        id {id} NOT NULL,
        login {text} NOT NULL,
        login_key {id} NOT NULL,
        short_key {id} NOT NULL,
        status {text} NOT NULL,
        stamp {big} NOT NULL,
        profile {text} NOT NULL,
        password_hash {text},
        password_changed_at {big} NOT NULL,
        created_at {big} NOT NULL,
        limits_exempt {flag} NOT NULL,
        PRIMARY KEY (org_id, id),
        CONSTRAINT users_login_key UNIQUE (org_id, login_key)
    ) {end}
    """,
    "CREATE INDEX users_short_key ON users (org_id, short_key)",
    """
    CREATE TABLE groups (
        org_id {id} NOT NULL REFERENCES orgs (id),
        id {id} NOT NULL,
        name {text} NOT NULL,
        PRIMARY KEY (org_id, id),
        CONSTRAINT groups_name UNIQUE (org_id, name)
    ) {end}
    """,
    """
    CREATE TABLE group_members (
        org_id {id} NOT NULL,
        user_id {id} NOT NULL,
        group_id {id} NOT NULL,
        PRIMARY KEY (org_id, user_id, group_id),
        FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id),
        FOREIGN KEY (org_id, group_id) REFERENCES groups (org_id, id)
    ) {end}
    """,
    """
    CREATE TABLE assignments (
        org_id {id} NOT NULL,
        app_id {id} NOT NULL,
        user_id {id} NOT NULL,
        PRIMARY KEY (org_id, app_id, user_id),
        FOREIGN KEY (org_id, app_id) REFERENCES applications (org_id, id),
        FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id)
    ) {end}
    """,
    """
    CREATE TABLE credentials (
        org_id {id} NOT NULL,
        partition {int} NOT NULL,
        id {id} NOT NULL,
        kind {text} NOT NULL,
        digest {bytes} NOT NULL,
        parent_id {id},
        root_id {id},
        bind_path {ids} NOT NULL DEFAULT {no_ids},
        minted_by {id},
        user_id {id},
        user_stamp {big},
        app_id {id},
        target_app_id {id},
        domain {text},
        server_id {id},
        issued_at {big} NOT NULL,
        expires_at {big} NOT NULL,
        idle_expires_at {big},
        consumed_at {big},
        consumed_by {id},
        generation {int} NOT NULL DEFAULT 0,
        cnf {text},
        epoch {big} NOT NULL,
        data {text} NOT NULL,
        PRIMARY KEY (org_id, partition, id)
    ) {updated}
    """,
    """
    CREATE TABLE tombstones (
        org_id {id} NOT NULL,
        partition {int} NOT NULL,
        id {id} NOT NULL,
        at {big} NOT NULL,
        reason {text} NOT NULL,
        PRIMARY KEY (org_id, partition, id)
    ) {end}
    """,
    """
    CREATE TABLE participations (
        org_id {id} NOT NULL,
        partition {int} NOT NULL,
        session_id {id} NOT NULL,
        app_id {id} NOT NULL,
        protocol {id} NOT NULL,
        name_id {text} NOT NULL,
        session_index {text} NOT NULL,
        PRIMARY KEY (org_id, partition, session_id, app_id, protocol)
    ) {end}
    """,
    """
    CREATE TABLE foreign_uses (
        org_id {id} NOT NULL,
        partition {int} NOT NULL,
        digest {bytes} NOT NULL,
        expires_at {big} NOT NULL,
        PRIMARY KEY (org_id, partition, digest)
    ) {end}
    """,
    """
    CREATE TABLE login_attempts (
        org_id {id} NOT NULL,
        partition {int} NOT NULL,
        key {id} NOT NULL,
        count {int} NOT NULL,
        locked_until_at {big} NOT NULL,
        last_at {big} NOT NULL,
        PRIMARY KEY (org_id, partition, key)
    ) {updated}
    """,
    """
    CREATE TABLE events (
        org_id {id} NOT NULL,
        partition {int} NOT NULL,
        id {id} NOT NULL,
        at {big} NOT NULL,
        type {text} NOT NULL,
        outcome {text} NOT NULL,
        reason {text} NOT NULL,
        actor_id {id},
        user_id {id},
        app_id {id},
        credential_id {id},
        domain {text} NOT NULL,
        address {text} NOT NULL,
        user_agent {text} NOT NULL,
        request_id {text} NOT NULL,
        count {int} NOT NULL,
        detail {text} NOT NULL,
        PRIMARY KEY (org_id, partition, id)
    ) {end}
    """,
)


def upgrade() -> None:
    known = words(op.get_bind().dialect.name)
    for text in _TABLES:
        op.execute(text.format_map(known))


def downgrade() -> None:
    raise NotImplementedError("there is nothing before the first schema")
