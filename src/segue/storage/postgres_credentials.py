"""Credentials on PostgreSQL: spending one, finding one, and writing a decision. The hottest statements of the house.

What each may rely on. A statement sees one snapshot, taken when it begins, and waits for nobody but the holder of a row
that it locks or changes; such a row it sees, and tests again, as it is by then.

* A claim changes the credential's own row. Of two that meet there, the second waits, tests ``consumed_at IS NULL``
  again and finds it false: one winner at every isolation level.
* User, stamp and tombstones are read by a claim from its snapshot, which holds every revocation and change of the user
  that was acknowledged before the claim began. One that commits while the claim runs is as if it came after: the claim
  makes nothing that lives on, and the commit that follows asks again.
* A commit locks the user's row (FOR SHARE) and the assignment's (FOR KEY SHARE), or where there is none by name, those
  of the user's membership in groups: a change of stamp or status, an unassignment and a removal from a group wait for a
  commit under way, and a commit that waited for one of them sees the new row. Whoever is told "disabled" knows that no
  sign-in is still being written under the old state.
* A commit locks every row that it changes under a condition (the session, the stepwise credential, the factor), after
  the user's and before it changes any. A lock waits for whoever was first and tests the condition again; only where
  all of them hold does anything change. Two commits that take the same rows in different orders are a deadlock, which
  is repeated.
* Tombstones are inserts, and a row that is not there cannot be locked. It need not be: a credential written by a commit
  that missed a tombstone names the revoked ancestor in its bind path, and every later use looks for tombstones on the
  whole path. Such a credential was never alive for anybody who began after the revocation was acknowledged. The same
  holds for a renewed session by its own id. This is why ``Guard.live_ids`` belong in the bind paths of what is written.
* The application's row, and that of its assignment to a group, are read without a lock: each is one row for all of an
  application's sign-ins, and a lock would write to it every time. What is issued for an application is tested against
  them again wherever it is used.
"""
# ruff: noqa: S608 -- the texts are put together from column names written here; a value is always a parameter.

from collections.abc import Sequence
from typing import Any, Final

from segue.core.credential import Credential, Kind, NewCredential, Participation
from segue.core.verdict import Check
from segue.storage import rows, statements
from segue.storage.commit_rules import check_commit
from segue.storage.explain import Facts, claim_checks
from segue.storage.nested import to_json as to_text
from segue.storage.postgres_pool import Database
from segue.storage.postgres_statements import NOW, add_events, events_json, local, to_json
from segue.storage.postgres_users import assigned, group_ids, to_subject
from segue.storage.rows import CREDENTIAL_COLUMNS, PARTICIPATION_COLUMNS, USER_COLUMNS, Row, prefixed
from segue.stores import Advance, Claim, Commit, FactorStep, Found, OutcomeUnknown, Renewal, StoreUnavailable

_KEY: Final = "c.org_id = $1 AND c.partition = $2 AND c.id = $3"
_REVOKED: Final = "t.org_id = c.org_id AND t.partition = c.partition AND t.id = ANY (c.bind_path || c.id)"


def _live(epoch: str) -> str:
    """Usable at this moment: within its times, unspent, of this epoch, its user active and unchanged, not revoked.

    The user is looked up by a scalar subquery: beside an OR, EXISTS may be planned as a scan of all users.
    """
    return f"""
        c.consumed_at IS NULL AND c.expires_at > {NOW} AND (c.idle_expires_at IS NULL OR c.idle_expires_at > {NOW})
        AND c.epoch = {epoch}
        AND coalesce((SELECT u.status = 'active' AND u.stamp = c.user_stamp FROM users AS u
            WHERE u.org_id = c.org_id AND u.id = c.user_id), c.user_id IS NULL)
        AND NOT EXISTS (SELECT FROM tombstones AS t WHERE {_REVOKED})
    """


REVOKED: Final = _REVOKED
live = _live
"""The two, for a list that says of each row whether they hold."""


def _found(app_id: str) -> str:
    """The columns of a credential ``c`` and its user ``u``, read by :func:`_to_found`."""
    return (
        f"{prefixed('c', CREDENTIAL_COLUMNS)}, {prefixed('u', USER_COLUMNS)}, {assigned('u', app_id)}, {group_ids('u')}"
    )


_WITH_USER: Final = "LEFT JOIN users AS u ON u.org_id = c.org_id AND u.id = c.user_id"

# org, partition, id, digest, kinds, application, attempt, epoch, event
_CLAIM: Final = f"""
    WITH claimed AS (
        UPDATE credentials AS c SET consumed_at = {NOW}, consumed_by = $7
        WHERE {_KEY} AND c.digest = $4 AND c.kind = ANY ($5::text[])
        AND (c.target_app_id IS NULL OR c.target_app_id = $6) AND {_live("$8")}
        RETURNING {CREDENTIAL_COLUMNS}
    ), recorded AS (
        {add_events("$9", "EXISTS (SELECT FROM claimed)", user_id="(SELECT user_id FROM claimed)")}
    )
    SELECT {_found("$6::text")} FROM claimed AS c {_WITH_USER}
"""
# org, partition, id, digest, application, attempt. It writes the row anew, so that its answer waits for the standby as
# that of the claim should have done: a commit is durable there once a later one is.
_SETTLE: Final = f"""
    WITH claimed AS (
        UPDATE credentials AS c SET consumed_by = c.consumed_by
        WHERE {_KEY} AND c.digest = $4 AND c.consumed_by = $6
        RETURNING {CREDENTIAL_COLUMNS}
    )
    SELECT {_found("$5::text")} FROM claimed AS c {_WITH_USER}
"""
# org, partition, id, digest or NULL, kinds, application, epoch
_FIND: Final = f"""
    SELECT {_found("coalesce($6::text, c.app_id)")} FROM credentials AS c {_WITH_USER}
    WHERE {_KEY} AND ($4::bytea IS NULL OR c.digest = $4) AND c.kind = ANY ($5::text[]) AND {_live("$7")}
"""
# org, partition, id
_FACTS: Final = f"""
    SELECT {NOW}, c.digest, c.kind, c.target_app_id, c.expires_at, c.idle_expires_at, c.consumed_at, c.consumed_by,
        c.user_id, c.user_stamp, c.epoch, u.status, u.stamp, ARRAY(SELECT t.id FROM tombstones AS t WHERE {_REVOKED})
    FROM credentials AS c {_WITH_USER}
    WHERE {_KEY}
"""
# org, partition, user, kinds, epoch
_OF_USER: Final = f"""
    SELECT {prefixed("c", CREDENTIAL_COLUMNS)} FROM credentials AS c
    WHERE c.org_id = $1 AND c.partition = $2 AND c.user_id = $3 AND c.kind = ANY ($4::text[]) AND {_live("$5")}
    ORDER BY c.issued_at DESC, c.id DESC LIMIT {statements.MOST_OF_USER}
"""
# org, application, after, limit, epoch
_REFRESH_TOKENS_OF: Final = f"""
    SELECT {prefixed("c", CREDENTIAL_COLUMNS)} FROM credentials AS c
    WHERE c.org_id = $1 AND c.app_id = $2 AND c.kind = 'refresh_token' AND c.id > $3 AND {_live("$5")}
    ORDER BY c.id LIMIT $4
"""
# org, partition, session, idle_ms, epoch
_TOUCH: Final = f"""
    UPDATE credentials AS c SET idle_expires_at = least(c.expires_at, {NOW} + $4)
    WHERE {_KEY} AND c.kind IN ('session', 'backend_session', 'refresh_token')
    AND c.idle_expires_at < least(c.expires_at, {NOW} + $4) AND {_live("$5")}
"""
# org, partition, epoch; guard: user or NULL, stamp, application, assigned, live ids; renewal: session or NULL, old
# and new digest, idle_ms, data; advance: id or NULL, digest, generation, life_ms, data; factor: id or NULL, user, step,
# sealed secret, profile, status; credentials, participations, tombstones, events as JSON; idle_ms of the advance.
# ``agreed`` has its row where the guard holds, ``decided`` where what is to be changed was won as well; only then is
# anything written.
_COMMIT: Final = f"""
    WITH holder AS MATERIALIZED (
        SELECT 1 FROM users AS u
        WHERE u.org_id = $1 AND u.id = $4 AND u.status = 'active' AND u.stamp = $5 FOR SHARE
    ), assignment AS MATERIALIZED (
        SELECT 1 FROM assignments AS a WHERE a.org_id = $1 AND a.app_id = $6 AND a.user_id = $4 FOR KEY SHARE
    ), membership AS MATERIALIZED (
        SELECT 1 FROM group_members AS m
        JOIN group_assignments AS g ON g.org_id = m.org_id AND g.app_id = $6 AND g.group_id = m.group_id
        WHERE m.org_id = $1 AND m.user_id = $4 AND $7::boolean AND NOT EXISTS (SELECT FROM assignment)
        FOR KEY SHARE OF m
    ), agreed AS MATERIALIZED (
        SELECT {NOW} AS now
        WHERE $4::text IS NULL OR (
            EXISTS (SELECT FROM holder)
            AND ($6::text IS NULL OR EXISTS (
                SELECT FROM applications AS p WHERE p.org_id = $1 AND p.id = $6 AND p.status = 'active'
                AND (NOT $7::boolean OR p.everyone OR EXISTS (SELECT FROM assignment)
                    OR EXISTS (SELECT FROM membership))))
            AND NOT EXISTS (
                SELECT FROM tombstones AS t WHERE t.org_id = $1 AND t.partition = $2 AND t.id = ANY ($8::text[])))
    ), session AS MATERIALIZED (
        SELECT 1 FROM credentials AS c
        WHERE c.org_id = $1 AND c.partition = $2 AND c.id = $9 AND c.kind = 'session' AND c.digest = $10
        AND {_live("$3")} AND EXISTS (SELECT FROM agreed) FOR NO KEY UPDATE
    ), stepwise AS MATERIALIZED (
        SELECT 1 FROM credentials AS c
        WHERE c.org_id = $1 AND c.partition = $2 AND c.id = $14 AND c.digest = $15 AND c.generation = $16
        AND {_live("$3")} AND EXISTS (SELECT FROM agreed) FOR NO KEY UPDATE
    ), factor AS MATERIALIZED (
        SELECT 1 FROM factors AS f
        WHERE f.org_id = $1 AND f.partition = $2 AND f.user_id = $20 AND f.id = $19
        AND coalesce($24::text, f.status) = 'active' AND ($21::bigint IS NULL OR f.last_step < $21)
        AND EXISTS (SELECT FROM agreed) FOR NO KEY UPDATE
    ), decided AS MATERIALIZED (
        SELECT now FROM agreed
        WHERE ($9::text IS NULL OR EXISTS (SELECT FROM session))
        AND ($14::text IS NULL OR EXISTS (SELECT FROM stepwise))
        AND ($19::text IS NULL OR EXISTS (SELECT FROM factor))
    ), renewed AS (
        UPDATE credentials AS c
        SET digest = $11, idle_expires_at = least(c.expires_at, decided.now + $12), data = $13
        FROM decided WHERE c.org_id = $1 AND c.partition = $2 AND c.id = $9
    ), advanced AS (
        UPDATE credentials AS c
        SET generation = c.generation + 1, expires_at = coalesce(decided.now + $17, c.expires_at), data = $18,
            idle_expires_at = CASE WHEN $29::bigint IS NULL THEN c.idle_expires_at
                ELSE least(coalesce(decided.now + $17, c.expires_at), decided.now + $29) END
        FROM decided WHERE c.org_id = $1 AND c.partition = $2 AND c.id = $14
    ), stepped AS (
        UPDATE factors AS f
        SET last_step = coalesce($21, f.last_step), last_used_at = decided.now,
            sealed_secret = coalesce($22, f.sealed_secret), profile = coalesce($23, f.profile),
            status = coalesce($24, f.status)
        FROM decided WHERE f.org_id = $1 AND f.partition = $2 AND f.user_id = $20 AND f.id = $19
    ), minted AS (
        INSERT INTO credentials (org_id, partition, id, kind, digest, parent_id, root_id, bind_path, minted_by, user_id,
            user_stamp, app_id, target_app_id, domain, server_id, issued_at, expires_at, idle_expires_at, epoch, data)
        SELECT $1, $2, n.id, n.kind, decode(n.digest, 'hex'), n.parent_id, n.root_id, n.bind_path, n.minted_by,
            n.user_id, n.user_stamp, n.app_id, n.target_app_id, n.domain, n.server_id, decided.now,
            decided.now + n.life_ms, decided.now + n.idle_ms, $3, n.data
        FROM decided, json_to_recordset($25::json) AS n(id text, kind text, digest text, parent_id text, root_id text,
            bind_path text[], minted_by text, user_id text, user_stamp bigint, app_id text, target_app_id text,
            domain text, server_id text, life_ms bigint, idle_ms bigint, data text)
    ), joined AS (
        INSERT INTO participations ({PARTICIPATION_COLUMNS})
        SELECT $1, $2, n.session_id, n.app_id, n.protocol, n.name_id, n.session_index
        FROM decided, json_to_recordset($26::json) AS n(session_id text, app_id text, protocol text, name_id text,
            session_index text)
        ON CONFLICT (org_id, partition, session_id, app_id, protocol)
        DO UPDATE SET name_id = excluded.name_id, session_index = excluded.session_index
    ), revoked AS (
        INSERT INTO tombstones (org_id, partition, id, at, reason)
        SELECT $1, $2, n.id, decided.now, n.reason
        FROM decided, json_to_recordset($27::json) AS n(id text, reason text)
        ON CONFLICT (org_id, partition, id) DO NOTHING
    ), recorded AS (
        {add_events("$28", "EXISTS (SELECT FROM decided)")}
    )
    SELECT 1 FROM decided
"""
_CLAIM_FOREIGN: Final = local(statements.CLAIM_FOREIGN)

_CREDENTIAL_WIDTH: Final = len(CREDENTIAL_COLUMNS.split(", "))
_PARTICIPATION_NAMES: Final = PARTICIPATION_COLUMNS.split(", ")


class PostgresCredentials:
    """``CredentialStore``."""

    _database: Database
    _epoch: int

    async def claim(self, claim: Claim) -> Found | None:
        partition = rows.find_partition(claim.id)
        if partition is None:
            return None
        key = (claim.org_id, partition, claim.id, claim.digest)
        values = (*key, list(claim.kinds), claim.app_id, claim.attempt, self._epoch, events_json([claim.event]))
        try:
            claimed = await self._database.write(_CLAIM, *values)
        except OutcomeUnknown:
            claimed = await self._settle(claim, key, values)
        return _to_found(claimed[0]) if claimed else None

    async def _settle(self, claim: Claim, key: tuple[object, ...], values: tuple[object, ...]) -> list[Row]:
        """What became of a claim whose answer was lost. Raises OutcomeUnknown where that is lost too.

        Claiming again under the same attempt comes first: a statement of the lost connection that is still under way
        holds the row, and is waited for, or finds the row taken and writes nothing. After that nobody but a finished
        claim of this attempt can have put its name there.
        """
        try:
            again = await self._database.write(_CLAIM, *values)
            return again or await self._database.write(_SETTLE, *key, claim.app_id, claim.attempt)
        except StoreUnavailable as error:
            raise OutcomeUnknown("a claim may have been made") from error

    async def explain_claim(self, claim: Claim) -> tuple[Check, ...]:
        partition = rows.find_partition(claim.id)
        found = [] if partition is None else await self._database.read(_FACTS, claim.org_id, partition, claim.id)
        facts = _to_facts(found[0]) if found else None
        return claim_checks(claim, facts, epoch=self._epoch)

    async def commit(self, commit: Commit) -> bool:
        check_commit(commit)
        participations = {(part.session_id, part.app_id, part.protocol): part for part in commit.participations}
        decided = await self._database.write(
            _COMMIT,
            commit.org_id,
            commit.partition,
            self._epoch,
            *_guard_values(commit),
            *_renewal_values(commit.renewal),
            *_advance_values(commit.advance),
            *_step_values(commit.factor_step),
            to_json(_new_values(new) for new in commit.credentials),
            to_json(_participation_values(commit, part) for part in participations.values()),
            to_json({"id": stone.id, "reason": stone.reason} for stone in commit.tombstones),
            events_json(commit.events),
            commit.advance.idle_ms if commit.advance else None,
        )
        return bool(decided)

    async def find(
        self, org_id: str, ident: str, digest: bytes | None, kinds: frozenset[Kind], *, app_id: str | None = None
    ) -> Found | None:
        partition = rows.find_partition(ident)
        if partition is None:
            return None
        found = await self._database.read(_FIND, org_id, partition, ident, digest, list(kinds), app_id, self._epoch)
        return _to_found(found[0]) if found else None

    async def of_user(self, org_id: str, user_id: str, kinds: frozenset[Kind]) -> Sequence[Credential]:
        partition = rows.find_partition(user_id)
        if partition is None:
            return ()
        found = await self._database.read(_OF_USER, org_id, partition, user_id, list(kinds), self._epoch)
        return [rows.credential(row) for row in found]

    async def refresh_tokens_of(self, org_id: str, app_id: str, *, after: str, limit: int) -> Sequence[Credential]:
        found = await self._database.read(_REFRESH_TOKENS_OF, org_id, app_id, after, limit, self._epoch)
        return [rows.credential(row) for row in found]

    async def touch_session(self, org_id: str, session_id: str, *, idle_ms: int) -> None:
        partition = rows.find_partition(session_id)
        if partition is not None:
            await self._database.write(_TOUCH, org_id, partition, session_id, idle_ms, self._epoch)

    async def claim_foreign(self, org_id: str, kind: str, value: str, *, life_ms: int) -> bool:
        partition, digest = rows.foreign_key(kind, value)
        return bool(await self._database.write(_CLAIM_FOREIGN, org_id, partition, digest, life_ms))

    async def participations(self, org_id: str, session_id: str) -> Sequence[Participation]:
        partition = rows.find_partition(session_id)
        if partition is None:
            return ()
        found = await self._database.read(statements.PARTICIPATIONS, org_id, partition, session_id)
        return [rows.participation(row) for row in found]


def _to_found(row: Any) -> Found:
    credential = rows.credential(row)
    if credential.user_id is None:
        return Found(credential, None)
    return Found(credential, to_subject(row[_CREDENTIAL_WIDTH:]))


def _to_facts(row: Any) -> Facts:
    return Facts(*(*row[:-1], tuple(row[-1])))


def _guard_values(commit: Commit) -> tuple[object, ...]:
    guard = commit.guard
    if guard is None:
        return (None, None, None, False, [])
    return (guard.user_id, guard.user_stamp, guard.app_id, guard.assigned, list(guard.live_ids))


def _renewal_values(renewal: Renewal | None) -> tuple[object, ...]:
    if renewal is None:
        return (None, None, None, None, None)
    return (renewal.session_id, renewal.old_digest, renewal.new_digest, renewal.idle_ms, to_text(renewal.data))


def _advance_values(advance: Advance | None) -> tuple[object, ...]:
    if advance is None:
        return (None, None, None, None, None)
    return (advance.id, advance.digest, advance.from_generation, advance.life_ms, to_text(advance.data))


def _step_values(step: FactorStep | None) -> tuple[object, ...]:
    if step is None:
        return (None, None, None, None, None, None)
    changed = step.enrollment
    looks = (changed.sealed_secret, to_text(changed.profile), changed.status) if changed else (None, None, None)
    return (step.factor_id, step.user_id, step.step, *looks)


def _new_values(new: NewCredential) -> dict[str, object]:
    return {
        "id": new.id,
        "kind": new.kind,
        "digest": new.digest.hex(),
        "parent_id": new.parent_id,
        "root_id": new.root_id,
        "bind_path": new.bind_path,
        "minted_by": new.minted_by,
        "user_id": new.user_id,
        "user_stamp": new.user_stamp,
        "app_id": new.app_id,
        "target_app_id": new.target_app_id,
        "domain": new.domain,
        "server_id": new.server_id,
        "life_ms": new.life_ms,
        "idle_ms": None if new.idle_ms is None else min(new.idle_ms, new.life_ms),
        "data": to_text(new.data),
    }


def _participation_values(commit: Commit, part: Participation) -> dict[str, object]:
    return dict(
        zip(_PARTICIPATION_NAMES, rows.participation_values(commit.org_id, commit.partition, part), strict=True)
    )
