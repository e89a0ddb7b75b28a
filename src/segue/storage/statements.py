"""SQL that both engines run: ``$n`` for a value, ``{now}`` for the database's clock in epoch milliseconds.

Statements are named for their purpose. Every one names the org and, on a hot table, the partition. Values are given in
the order of the ``*_COLUMNS`` of ``rows`` unless a comment says otherwise.
"""
# ruff: noqa: S608 -- the texts are put together from column names written here; a value is always bound.

from segue.storage.factor_rows import FACTOR_COLUMNS
from segue.storage.group_rows import GROUP_COLUMNS, GROUP_RULE_COLUMNS
from segue.storage.rows import (
    APPLICATION_COLUMNS,
    DOMAIN_COLUMNS,
    EVENT_COLUMNS,
    ORG_COLUMNS,
    PARTICIPATION_COLUMNS,
    ROLE_COLUMNS,
    SIGNING_KEY_COLUMNS,
    TRUSTED_ORIGIN_COLUMNS,
    USER_COLUMNS,
)
from segue.storage.server_rows import AUTHORIZATION_SERVER_COLUMNS


def _values(columns: str) -> str:
    return ", ".join(f"${number}" for number, _ in enumerate(columns.split(", "), start=1))


def _insert(table: str, columns: str) -> str:
    return f"INSERT INTO {table} ({columns}) VALUES ({_values(columns)})"


def _put(table: str, columns: str, key: str) -> str:
    """Inserts a row or replaces the one with the same key."""
    rest = (column for column in columns.split(", ") if column not in key.split(", "))
    changes = ", ".join(f"{column} = excluded.{column}" for column in rest)
    return f"{_insert(table, columns)} ON CONFLICT ({key}) DO UPDATE SET {changes}"


CLOCK = "SELECT {now}"

# --- configuration ---------------------------------------------------------------------------------------------------

ORG = f"SELECT {ORG_COLUMNS} FROM orgs WHERE id = $1"
ORGS = f"SELECT {ORG_COLUMNS} FROM orgs ORDER BY id"
ORG_VERSION = "SELECT config_version FROM orgs WHERE id = $1"
DOMAIN = f"SELECT {DOMAIN_COLUMNS} FROM domains WHERE authority = $1"
DOMAINS = f"SELECT {DOMAIN_COLUMNS} FROM domains ORDER BY authority"
_APPLICATION = f"SELECT {APPLICATION_COLUMNS} FROM applications WHERE org_id = $1"
APPLICATION = f"{_APPLICATION} AND id = $2"
APPLICATION_BY_CLIENT_ID = f"{_APPLICATION} AND client_id = $2"
APPLICATION_BY_EXTERNAL_KEY = f"{_APPLICATION} AND external_key = $2"
# org, after, limit
APPLICATIONS = f"{_APPLICATION} AND id > $2 ORDER BY id LIMIT $3"
_SERVER = f"SELECT {AUTHORIZATION_SERVER_COLUMNS} FROM authorization_servers WHERE org_id = $1"
AUTHORIZATION_SERVER = f"{_SERVER} AND id = $2"
AUTHORIZATION_SERVERS = f"{_SERVER} ORDER BY id"
SIGNING_KEYS = (
    f"SELECT {SIGNING_KEY_COLUMNS} FROM signing_keys WHERE org_id = $1 AND key_set = $2 ORDER BY created_at, kid"
)
TRUSTED_ORIGINS = f"SELECT {TRUSTED_ORIGIN_COLUMNS} FROM trusted_origins WHERE org_id = $1 ORDER BY id"

# A new org starts at version 1.
PUT_ORG = (
    f"INSERT INTO orgs ({ORG_COLUMNS}, config_version) VALUES ({_values(ORG_COLUMNS)}, 1) ON CONFLICT (id) DO UPDATE "
    "SET name = excluded.name, status = excluded.status, settings = excluded.settings, "
    "config_version = orgs.config_version + 1"
)
# Answers no row where there is no such org.
RAISE_VERSION = "UPDATE orgs SET config_version = config_version + 1 WHERE id = $1 RETURNING config_version"
# Answers no row where another org has the authority.
PUT_DOMAIN = (
    _put("domains", DOMAIN_COLUMNS, "authority") + " WHERE domains.org_id = excluded.org_id RETURNING authority"
)
REMOVE_DOMAIN = "DELETE FROM domains WHERE authority = $1 AND org_id = $2 RETURNING authority"
PUT_APPLICATION = _put("applications", APPLICATION_COLUMNS, "org_id, id")
PUT_AUTHORIZATION_SERVER = _put("authorization_servers", AUTHORIZATION_SERVER_COLUMNS, "org_id, id")
# The values of a server, whose revision is the one that it was read at. Answers no row where that has passed.
CHANGE_AUTHORIZATION_SERVER = (
    "UPDATE authorization_servers SET name = $3, path = $4, audience = $5, key_set = $6, scopes = $7, "
    "access_token_s = $8, id_token_s = $9, code_s = $10, status = $11, settings = $12, revision = revision + 1 "
    "WHERE org_id = $1 AND id = $2 AND revision = $13 RETURNING id"
)
REMOVE_AUTHORIZATION_SERVER = "DELETE FROM authorization_servers WHERE org_id = $1 AND id = $2 RETURNING id"
PUT_TRUSTED_ORIGIN = _put("trusted_origins", TRUSTED_ORIGIN_COLUMNS, "org_id, id")
REMOVE_TRUSTED_ORIGIN = "DELETE FROM trusted_origins WHERE org_id = $1 AND id = $2 RETURNING id"
PUT_SIGNING_KEY = _put("signing_keys", SIGNING_KEY_COLUMNS, "org_id, key_set, kid")

# --- groups ----------------------------------------------------------------------------------------------------------

_GROUP = f"SELECT {GROUP_COLUMNS} FROM groups WHERE org_id = $1"
GROUP = f"{_GROUP} AND id = $2"
FIND_GROUPS = _GROUP
# When its members last changed is known by those who change them.
PUT_GROUP = (
    f"{_insert('groups', GROUP_COLUMNS)} ON CONFLICT (org_id, id) DO UPDATE SET "
    "name = excluded.name, description = excluded.description, updated_at = excluded.updated_at"
)
# org, group. The built-in one stays.
REMOVE_GROUP = "DELETE FROM groups WHERE org_id = $1 AND id = $2 AND type = 'standard' RETURNING id"
REMOVE_MEMBERS = "DELETE FROM group_members WHERE org_id = $1 AND group_id = $2"
# org, after, limit
GROUPS = f"SELECT {GROUP_COLUMNS} FROM groups WHERE org_id = $1 AND id > $2 ORDER BY id LIMIT $3"
# org, group, user; both answer no row where nothing changed. Whom a rule put there is there in their own right then.
ADD_MEMBER = (
    "INSERT INTO group_members (org_id, group_id, user_id, by_rule) VALUES ($1, $2, $3, {false}) "
    "ON CONFLICT (org_id, user_id, group_id) DO UPDATE SET by_rule = {false} WHERE group_members.by_rule "
    "RETURNING user_id"
)
REMOVE_MEMBER = "DELETE FROM group_members WHERE org_id = $1 AND group_id = $2 AND user_id = $3 RETURNING user_id"

# org, group
TOUCH_MEMBERS = "UPDATE groups SET members_changed_at = {now} WHERE org_id = $1 AND id = $2"
# org, user
GROUPS_OF = f"{_GROUP} AND id IN (SELECT group_id FROM group_members WHERE org_id = $1 AND user_id = $2) ORDER BY id"
# org, group, after, limit
_MEMBERS = "SELECT user_id FROM group_members WHERE org_id = $1 AND group_id = $2 AND user_id > $3"
MEMBERS = (
    f"SELECT {USER_COLUMNS} FROM users WHERE org_id = $1 AND id IN ({_MEMBERS} ORDER BY user_id LIMIT $4) ORDER BY id"
)
PUT_GROUP_RULE = _put("group_rules", GROUP_RULE_COLUMNS, "org_id, id")
GROUP_RULES = f"SELECT {GROUP_RULE_COLUMNS} FROM group_rules WHERE org_id = $1 ORDER BY id"
REMOVE_GROUP_RULE = "DELETE FROM group_rules WHERE org_id = $1 AND id = $2 RETURNING id"
# org, rule, where it was, where it is now; answers no row where somebody else was quicker
ADVANCE_GROUP_RULE = (
    "UPDATE group_rules SET applied_to = $4 WHERE org_id = $1 AND id = $2 AND applied_to = $3 RETURNING id"
)
UNFINISHED_RULES = f"SELECT {GROUP_RULE_COLUMNS} FROM group_rules WHERE applied_to IS NOT NULL ORDER BY org_id, id"

# --- roles -----------------------------------------------------------------------------------------------------------

_ROLES = f"SELECT {ROLE_COLUMNS} FROM role_assignments WHERE org_id = $1"
ROLES = f"{_ROLES} ORDER BY user_id, role"
ROLES_OF_USER = f"{_ROLES} AND user_id = $2 ORDER BY role"
# Both answer no row where nothing changed.
ASSIGN_ROLE = (
    _insert("role_assignments", ROLE_COLUMNS) + " ON CONFLICT (org_id, user_id, role) DO NOTHING RETURNING user_id"
)
REMOVE_ROLE = "DELETE FROM role_assignments WHERE org_id = $1 AND user_id = $2 AND role = $3 RETURNING user_id"

# --- users -----------------------------------------------------------------------------------------------------------

_USER = f"SELECT {USER_COLUMNS} FROM users WHERE org_id = $1"
USERS_OF = _USER  # each engine has its own way to name several ids
USER = f"{_USER} AND id = $2"
USER_BY_LOGIN = f"{_USER} AND login_key = $2"
# Two rows are enough to know that a short name is ambiguous.
USERS_BY_SHORT_NAME = f"{_USER} AND short_key = $2 LIMIT 2"
# org, after, limit
USERS = f"{_USER} AND id > $2 ORDER BY id LIMIT $3"
FIND_USERS = _USER
ADD_USER = _insert("users", USER_COLUMNS)
# org, user: who is removed was deprovisioned before.
REMOVE_USER = "DELETE FROM users WHERE org_id = $1 AND id = $2 AND status = 'deprovisioned' RETURNING id"
# What goes with a user: org, user
OF_USER = tuple(
    f"DELETE FROM {table} WHERE org_id = $1 AND user_id = $2"
    for table in ("group_members", "assignments", "role_assignments")
)
# … and what lies in the user's partition: org, user, partition
OF_USER_HOT = tuple(
    f"DELETE FROM {table} WHERE org_id = $1 AND partition = $3 AND user_id = $2"
    for table in ("factors", "remembered_devices", "credentials")
)
# The values of a user without the last, its creation; then the stamp expected. Answers no row where that differs.
UPDATE_USER = (
    "UPDATE users SET login = $3, login_key = $4, short_key = $5, status = $6, stamp = $7, profile = $8, "
    "password_hash = $9, password_changed_at = $10, limits_exempt = $11, password_temporary = $12, "
    "status_changed_at = $13, activated_at = $14, updated_at = $15 "
    "WHERE org_id = $1 AND id = $2 AND stamp = $16 RETURNING id"
)
# org, user, old hash, new hash
UPGRADE_PASSWORD_HASH = (
    "UPDATE users SET password_hash = $4 WHERE org_id = $1 AND id = $2 AND password_hash = $3 RETURNING id"
)
# org, user
APPLICATIONS_OF = (
    f"{_APPLICATION} AND status = 'active' AND (everyone OR EXISTS (SELECT 1 FROM assignments AS a "
    "WHERE a.org_id = applications.org_id AND a.app_id = applications.id AND a.user_id = $2) "
    "OR EXISTS (SELECT 1 FROM group_members AS m JOIN group_assignments AS g ON g.org_id = m.org_id "
    "AND g.app_id = applications.id AND g.group_id = m.group_id "
    "WHERE m.org_id = applications.org_id AND m.user_id = $2)) ORDER BY id"
)

# --- factors and remembered devices: org, partition, user ------------------------------------------------------------

FACTORS = (
    f"SELECT {FACTOR_COLUMNS} FROM factors WHERE org_id = $1 AND partition = $2 AND user_id = $3 "
    "ORDER BY last_used_at DESC, created_at, id"
)
# What was accepted once stays so: a factor that was read before its last step and is put after it keeps that step.
PUT_FACTOR = f"""
    {_insert("factors", FACTOR_COLUMNS)} ON CONFLICT (org_id, partition, user_id, id) DO UPDATE SET
        type = excluded.type, provider = excluded.provider, status = excluded.status,
        sealed_secret = excluded.sealed_secret, profile = excluded.profile, created_at = excluded.created_at,
        last_used_at = excluded.last_used_at,
        last_step = CASE WHEN factors.last_step > excluded.last_step THEN factors.last_step ELSE excluded.last_step END
"""
REMOVE_FACTOR = "DELETE FROM factors WHERE org_id = $1 AND partition = $2 AND user_id = $3 AND id = $4 RETURNING id"
# … digest, life_ms, epoch
REMEMBER_DEVICE = """
    INSERT INTO remembered_devices (org_id, partition, user_id, digest, expires_at, epoch)
    VALUES ($1, $2, $3, $4, {now} + $5, $6)
    ON CONFLICT (org_id, partition, user_id, digest)
    DO UPDATE SET expires_at = excluded.expires_at, epoch = excluded.epoch
"""
# … digest, epoch
REMEMBERS_DEVICE = (
    "SELECT 1 FROM remembered_devices WHERE org_id = $1 AND partition = $2 AND user_id = $3 AND digest = $4 "
    "AND epoch = $5 AND expires_at > {now}"
)
FORGET_DEVICES = "DELETE FROM remembered_devices WHERE org_id = $1 AND partition = $2 AND user_id = $3"

# --- attempts and foreign single use: org, partition, key -----------------------------------------------------------

# … limit, lock_ms. Answers no row while the key is locked.
COUNT_ATTEMPT = """
    INSERT INTO login_attempts (org_id, partition, key, count, locked_until_at, last_at)
    VALUES ($1, $2, $3, 1, CASE WHEN $4 <= 1 THEN {now} + $5 ELSE 0 END, {now})
    ON CONFLICT (org_id, partition, key) DO UPDATE SET
        count = CASE WHEN login_attempts.locked_until_at > 0 THEN 1 ELSE login_attempts.count + 1 END,
        locked_until_at = CASE
            WHEN $4 <= CASE WHEN login_attempts.locked_until_at > 0 THEN 1 ELSE login_attempts.count + 1 END
            THEN {now} + $5 ELSE 0 END,
        last_at = {now}
    WHERE login_attempts.locked_until_at <= {now}
    RETURNING count, locked_until_at
"""
ATTEMPTS = "SELECT count, locked_until_at FROM login_attempts WHERE org_id = $1 AND partition = $2 AND key = $3"
# … succeeded: the moment of the last success stays on record.
CLEAR_ATTEMPTS = (
    "UPDATE login_attempts SET count = 0, locked_until_at = 0, "
    "succeeded_at = CASE WHEN $4 THEN {now} ELSE succeeded_at END WHERE org_id = $1 AND partition = $2 AND key = $3"
)
REMOVE_ATTEMPTS = "DELETE FROM login_attempts WHERE org_id = $1 AND partition = $2 AND key = $3"
# org, partition, digest, life_ms. Answers no row where the value was seen before and its time has not run out.
CLAIM_FOREIGN = """
    INSERT INTO foreign_uses (org_id, partition, digest, expires_at) VALUES ($1, $2, $3, {now} + $4)
    ON CONFLICT (org_id, partition, digest) DO UPDATE SET expires_at = excluded.expires_at
    WHERE foreign_uses.expires_at <= {now}
    RETURNING expires_at
"""

# --- credentials -----------------------------------------------------------------------------------------------------

# How many credentials of one user are listed at most.
MOST_OF_USER = 200
# The same for those that are shown as the record has them, ended ones too.
MOST_OF_LINEAGE = 1000
# org, partition, id, reason. The first revocation of an id keeps its moment and reason.
PUT_TOMBSTONE = """
    INSERT INTO tombstones (org_id, partition, id, at, reason) VALUES ($1, $2, $3, {now}, $4)
    ON CONFLICT (org_id, partition, id) DO NOTHING
"""
PUT_PARTICIPATION = _put("participations", PARTICIPATION_COLUMNS, "org_id, partition, session_id, app_id, protocol")
PARTICIPATIONS = (
    f"SELECT {PARTICIPATION_COLUMNS} FROM participations WHERE org_id = $1 AND partition = $2 AND session_id = $3 "
    "ORDER BY app_id, protocol"
)

# --- events ----------------------------------------------------------------------------------------------------------

ADD_EVENT = _insert("events", EVENT_COLUMNS)
EVENT = f"SELECT {EVENT_COLUMNS} FROM events WHERE org_id = $1 AND partition = $2 AND id = $3"
# org, moment and id to start behind, the moment that ends the stretch, limit. Reading the log is the only thing that
# crosses partitions: its index is for people and programs who watch, and nobody who signs in waits for it.
EVENTS_FORWARD = (
    f"SELECT {EVENT_COLUMNS} FROM events WHERE org_id = $1 AND (at, id) > ($2, $3) AND at < $4 ORDER BY at, id LIMIT $5"
)
EVENTS_BACKWARD = (
    f"SELECT {EVENT_COLUMNS} FROM events WHERE org_id = $1 AND (at, id) < ($2, $3) AND at >= $4 "
    "ORDER BY at DESC, id DESC LIMIT $5"
)
# org, the user's partition, user, then the same
EVENTS_OF_USER_FORWARD = (
    f"SELECT {EVENT_COLUMNS} FROM events WHERE org_id = $1 AND partition = $2 AND user_id = $3 AND (at, id) > ($4, $5) "
    "AND at < $6 ORDER BY at, id LIMIT $7"
)
EVENTS_OF_USER_BACKWARD = (
    f"SELECT {EVENT_COLUMNS} FROM events WHERE org_id = $1 AND partition = $2 AND user_id = $3 AND (at, id) < ($4, $5) "
    "AND at >= $6 ORDER BY at DESC, id DESC LIMIT $7"
)
# org, keep_ms, limit
PURGE_EVENTS = (
    "DELETE FROM events WHERE (org_id, partition, id) IN (SELECT org_id, partition, id FROM events "
    "WHERE org_id = $1 AND at < {now} - $2 ORDER BY at, id LIMIT $3)"
)

# --- purge -----------------------------------------------------------------------------------------------------------

# A tombstone stays while a credential that it ends is still on record, whatever the clock does meanwhile.
# ``{bound}`` is whether the bind path of ``c`` names ``tombstones.id``.
DEAD = {
    "credentials": "(expires_at < {now} - $1 OR consumed_at < {now} - $1 OR idle_expires_at < {now} - $1)",
    "tombstones": "at < {now} - $1 AND NOT EXISTS (SELECT 1 FROM credentials AS c WHERE c.org_id = tombstones.org_id "
    "AND c.partition = tombstones.partition AND (c.id = tombstones.id OR {bound}))",
    "participations": "CAST($1 AS bigint) >= 0 AND NOT EXISTS (SELECT 1 FROM credentials AS c "
    "WHERE c.org_id = participations.org_id "
    "AND c.partition = participations.partition AND c.id = participations.session_id)",
    "foreign_uses": "expires_at < {now} - $1",
    "login_attempts": "last_at < {now} - $1 AND locked_until_at < {now} AND succeeded_at = 0",
    "remembered_devices": "expires_at < {now} - $1",
    # Nobody comes back to an enrolment that was begun so long ago.
    "factors": "status = 'pending' AND created_at < {now} - $1",
}
_KEYS = {
    "participations": "session_id",
    "foreign_uses": "digest",
    "login_attempts": "key",
    "remembered_devices": "user_id",
    "factors": "user_id",
}


def purge_page(table: str) -> str:
    """The last key of the page of ``table`` after a key: org, partition, third column, rows of a page."""
    key = f"org_id, partition, {_KEYS.get(table, 'id')}"
    last = ", ".join(f"{column} DESC" for column in key.split(", "))
    page = f"SELECT {key} FROM {table} WHERE ({key}) > ($1, $2, $3) ORDER BY {key} LIMIT $4"
    return f"SELECT {key} FROM ({page}) AS page ORDER BY {last} LIMIT 1"


def purge(table: str) -> str:
    """Removes what is dead between two keys: keep_ms, the key before the page, the last key of the page."""
    key = f"org_id, partition, {_KEYS.get(table, 'id')}"
    return f"DELETE FROM {table} WHERE ({key}) > ($2, $3, $4) AND ({key}) <= ($5, $6, $7) AND {DEAD[table]}"
