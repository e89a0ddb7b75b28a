"""Credentials on SQLite: spending one, finding one, and writing a decision.

Within the writer's transaction nobody else writes, so a guard that holds when it is read holds until the commit.
"""

import dataclasses
import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from segue.core.credential import Credential, Kind, NewCredential, Participation
from segue.core.verdict import Check
from segue.storage import rows, statements
from segue.storage.assignment_rows import by_group
from segue.storage.commit_rules import check_commit
from segue.storage.explain import Facts, claim_checks
from segue.storage.nested import to_json
from segue.storage.sqlite_connection import local
from segue.storage.sqlite_events import add_event
from segue.storage.sqlite_factors import record_step
from segue.storage.sqlite_part import SqlitePart
from segue.storage.sqlite_users import SUBJECT, SUBJECT_COLUMNS, subject
from segue.storage.sqlite_writer import RolledBack
from segue.stores import Advance, Claim, Commit, Found, Guard, Renewal

# ruff: noqa: S608 -- the texts are put together from column names written here; a value is always bound.

_PATH_REVOKED = """
    SELECT 1 FROM json_each(c.bind_path) AS ancestor JOIN tombstones AS t
    ON t.org_id = c.org_id AND t.partition = c.partition AND t.id = ancestor.value
"""
# Usable at this moment: within its times, unspent, of this epoch (:epoch), its user active with an unchanged stamp, and
# neither it nor anything that it hangs on revoked.
_LIVE = f"""
    c.consumed_at IS NULL AND c.expires_at > {{now}} AND (c.idle_expires_at IS NULL OR c.idle_expires_at > {{now}})
    AND c.epoch = :epoch
    AND (c.user_id IS NULL OR EXISTS (
        SELECT 1 FROM users AS u
        WHERE u.org_id = c.org_id AND u.id = c.user_id AND u.status = 'active' AND u.stamp = c.user_stamp))
    AND NOT EXISTS (
        SELECT 1 FROM tombstones AS t WHERE t.org_id = c.org_id AND t.partition = c.partition AND t.id = c.id)
    AND NOT EXISTS ({_PATH_REVOKED})
"""
LIVE = _LIVE
"""The same, for a list that says of each row whether it holds."""

_KEY = "c.org_id = :org_id AND c.partition = :partition AND c.id = :id"
_KINDS = "c.kind IN (SELECT value FROM json_each(:kinds))"
_CLAIM = local(f"""
    UPDATE credentials AS c SET consumed_at = {{now}}, consumed_by = :attempt
    WHERE {_KEY} AND c.digest = :digest AND {_KINDS}
    AND (c.target_app_id IS NULL OR c.target_app_id = :app_id) AND {_LIVE}
    RETURNING {rows.CREDENTIAL_COLUMNS}
""")
_FIND = local(f"""
    SELECT {rows.prefixed("c", rows.CREDENTIAL_COLUMNS)}, {SUBJECT_COLUMNS.replace("?1", "coalesce(:app_id, c.app_id)")}
    FROM credentials AS c LEFT JOIN users AS u ON u.org_id = c.org_id AND u.id = c.user_id
    WHERE {_KEY} AND (:digest IS NULL OR c.digest = :digest) AND {_KINDS} AND {_LIVE}
""")
_FACTS = local(f"""
    SELECT {{now}}, c.digest, c.kind, c.target_app_id, c.expires_at, c.idle_expires_at, c.consumed_at, c.consumed_by,
        c.user_id, c.user_stamp, c.epoch, u.status, u.stamp,
        (SELECT json_group_array(t.id) FROM tombstones AS t
         WHERE t.org_id = c.org_id AND t.partition = c.partition
         AND (t.id = c.id OR t.id IN (SELECT value FROM json_each(c.bind_path))))
    FROM credentials AS c LEFT JOIN users AS u ON u.org_id = c.org_id AND u.id = c.user_id
    WHERE {_KEY}
""")
_ADD = local("""
    INSERT INTO credentials (org_id, partition, id, kind, digest, parent_id, root_id, bind_path, minted_by, user_id,
        user_stamp, app_id, target_app_id, domain, server_id, issued_at, expires_at, idle_expires_at, epoch, data)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16 + $17, $16 + $18, $19, $20)
""")
_RENEW = local(f"""
    UPDATE credentials AS c
    SET digest = :new_digest, idle_expires_at = MIN(c.expires_at, {{now}} + :idle_ms), data = :data
    WHERE {_KEY} AND c.kind = 'session' AND c.digest = :old_digest AND {_LIVE}
    RETURNING id
""")
_ADVANCE = local(f"""
    UPDATE credentials AS c
    SET generation = c.generation + 1, expires_at = coalesce({{now}} + :life_ms, c.expires_at), data = :data,
        idle_expires_at = CASE WHEN :idle_ms IS NULL THEN c.idle_expires_at
            ELSE MIN(coalesce({{now}} + :life_ms, c.expires_at), {{now}} + :idle_ms) END
    WHERE {_KEY} AND c.digest = :digest AND c.generation = :from_generation AND {_LIVE}
    RETURNING id
""")
_OF_USER = local(f"""
    SELECT {rows.prefixed("c", rows.CREDENTIAL_COLUMNS)} FROM credentials AS c
    WHERE c.org_id = :org_id AND c.partition = :partition AND c.user_id = :user_id AND {_KINDS} AND {_LIVE}
    ORDER BY c.issued_at DESC, c.id DESC LIMIT {statements.MOST_OF_USER}
""")
_REFRESH_TOKENS_OF = local(f"""
    SELECT {rows.prefixed("c", rows.CREDENTIAL_COLUMNS)} FROM credentials AS c
    WHERE c.org_id = :org_id AND c.app_id = :app_id AND c.kind = 'refresh_token' AND c.id > :after AND {_LIVE}
    ORDER BY c.id LIMIT :limit
""")
_TOUCH = local(f"""
    UPDATE credentials AS c SET idle_expires_at = MIN(c.expires_at, {{now}} + :idle_ms)
    WHERE {_KEY} AND c.kind IN ('session', 'backend_session', 'refresh_token')
    AND c.idle_expires_at < MIN(c.expires_at, {{now}} + :idle_ms) AND {_LIVE}
""")
_GUARD = f"""
    SELECT 1 FROM users AS u
    WHERE u.org_id = :org_id AND u.id = :user_id AND u.status = 'active' AND u.stamp = :user_stamp
    AND (:app_id IS NULL OR EXISTS (
        SELECT 1 FROM applications AS p
        WHERE p.org_id = u.org_id AND p.id = :app_id AND p.status = 'active'
        AND (NOT :assigned OR p.everyone OR EXISTS (
            SELECT 1 FROM assignments AS a WHERE a.org_id = u.org_id AND a.app_id = p.id AND a.user_id = u.id)
            OR {by_group("u", "p.id")})))
    AND NOT EXISTS (
        SELECT 1 FROM json_each(:live_ids) AS live JOIN tombstones AS t
        ON t.org_id = :org_id AND t.partition = :partition AND t.id = live.value)
"""
_CLOCK = local(statements.CLOCK)
_PUT_TOMBSTONE = local(statements.PUT_TOMBSTONE)
_PUT_PARTICIPATION = local(statements.PUT_PARTICIPATION)
_PARTICIPATIONS = local(statements.PARTICIPATIONS)
_CLAIM_FOREIGN = local(statements.CLAIM_FOREIGN)
_CREDENTIAL_WIDTH = len(rows.CREDENTIAL_COLUMNS.split(", "))


class SqliteCredentials(SqlitePart):
    """``CredentialStore`` of ``segue.stores``."""

    async def claim(self, claim: Claim) -> Found | None:
        partition = rows.find_partition(claim.id)
        if partition is None:
            return None
        values = {
            "org_id": claim.org_id,
            "partition": partition,
            "id": claim.id,
            "digest": claim.digest,
            "kinds": to_json(claim.kinds),
            "app_id": claim.app_id,
            "attempt": claim.attempt,
            "epoch": self._epoch,
        }

        def work(connection: sqlite3.Connection) -> Found | None:
            spent = connection.execute(_CLAIM, values).fetchall()
            if not spent:
                return None
            credential = rows.credential(spent[0])
            user_id = credential.user_id
            add_event(connection, dataclasses.replace(claim.event, user_id=user_id) if user_id else claim.event)
            if user_id is None:
                return Found(credential, None)
            row = connection.execute(SUBJECT, (claim.app_id, claim.org_id, user_id)).fetchall()[0]
            return Found(credential, subject(row))

        return await self._write(work)

    async def explain_claim(self, claim: Claim) -> tuple[Check, ...]:
        partition = rows.find_partition(claim.id)
        row = None
        if partition is not None:
            row = await self._one(_FACTS, {"org_id": claim.org_id, "partition": partition, "id": claim.id})
        facts = Facts(*(*row[:-1], tuple(json.loads(row[-1])))) if row else None
        return claim_checks(claim, facts, epoch=self._epoch)

    async def commit(self, commit: Commit) -> bool:
        check_commit(commit)

        def work(connection: sqlite3.Connection) -> None:
            if commit.guard and not connection.execute(_GUARD, _guard_values(commit, commit.guard)).fetchall():
                raise RolledBack
            if commit.renewal:
                values = _renewal_values(commit, commit.renewal, self._epoch)
                if not connection.execute(_RENEW, values).fetchall():
                    raise RolledBack
            if commit.advance:
                values = _advance_values(commit, commit.advance, self._epoch)
                if not connection.execute(_ADVANCE, values).fetchall():
                    raise RolledBack
            if commit.factor_step and not record_step(connection, commit.org_id, commit.partition, commit.factor_step):
                raise RolledBack
            _add_credentials(connection, commit, self._epoch)
            for part in commit.participations:
                connection.execute(_PUT_PARTICIPATION, rows.participation_values(commit.org_id, commit.partition, part))
            for stone in commit.tombstones:
                connection.execute(_PUT_TOMBSTONE, (commit.org_id, commit.partition, stone.id, stone.reason))
            for event in commit.events:
                add_event(connection, event)

        try:
            await self._write(work)
        except RolledBack:
            return False
        return True

    async def find(
        self, org_id: str, ident: str, digest: bytes | None, kinds: frozenset[Kind], *, app_id: str | None = None
    ) -> Found | None:
        partition = rows.find_partition(ident)
        if partition is None:
            return None
        values = {
            "org_id": org_id,
            "partition": partition,
            "id": ident,
            "digest": digest,
            "kinds": to_json(kinds),
            "app_id": app_id,
            "epoch": self._epoch,
        }
        row = await self._one(_FIND, values)
        if row is None:
            return None
        credential = rows.credential(row)
        return Found(credential, subject(row[_CREDENTIAL_WIDTH:]) if credential.user_id else None)

    async def of_user(self, org_id: str, user_id: str, kinds: frozenset[Kind]) -> Sequence[Credential]:
        partition = rows.find_partition(user_id)
        if partition is None:
            return ()
        values = {
            "org_id": org_id,
            "partition": partition,
            "user_id": user_id,
            "kinds": to_json(kinds),
            "epoch": self._epoch,
        }
        return [rows.credential(row) for row in await self._all(_OF_USER, values)]

    async def refresh_tokens_of(self, org_id: str, app_id: str, *, after: str, limit: int) -> Sequence[Credential]:
        if not (rows.storable(app_id) and rows.storable(after)):
            return ()
        values = {"org_id": org_id, "app_id": app_id, "after": after, "limit": limit, "epoch": self._epoch}
        return [rows.credential(row) for row in await self._all(_REFRESH_TOKENS_OF, values)]

    async def touch_session(self, org_id: str, session_id: str, *, idle_ms: int) -> None:
        partition = rows.find_partition(session_id)
        if partition is None:
            return
        values = {
            "org_id": org_id,
            "partition": partition,
            "id": session_id,
            "idle_ms": idle_ms,
            "epoch": self._epoch,
        }

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(_TOUCH, values)

        await self._write(work)

    async def claim_foreign(self, org_id: str, kind: str, value: str, *, life_ms: int) -> bool:
        partition, digest = rows.foreign_key(kind, value)

        def work(connection: sqlite3.Connection) -> bool:
            return bool(connection.execute(_CLAIM_FOREIGN, (org_id, partition, digest, life_ms)).fetchall())

        return await self._write(work)

    async def participations(self, org_id: str, session_id: str) -> Sequence[Participation]:
        partition = rows.find_partition(session_id)
        if partition is None:
            return ()
        return [rows.participation(row) for row in await self._rows(_PARTICIPATIONS, org_id, partition, session_id)]


def _guard_values(commit: Commit, guard: Guard) -> dict[str, Any]:
    return {
        "org_id": commit.org_id,
        "partition": commit.partition,
        "user_id": guard.user_id,
        "user_stamp": guard.user_stamp,
        "app_id": guard.app_id,
        "assigned": guard.assigned,
        "live_ids": to_json(guard.live_ids),
    }


def _renewal_values(commit: Commit, renewal: Renewal, epoch: int) -> dict[str, Any]:
    return {
        "org_id": commit.org_id,
        "partition": commit.partition,
        "id": renewal.session_id,
        "old_digest": renewal.old_digest,
        "new_digest": renewal.new_digest,
        "idle_ms": renewal.idle_ms,
        "data": to_json(renewal.data),
        "epoch": epoch,
    }


def _advance_values(commit: Commit, advance: Advance, epoch: int) -> dict[str, Any]:
    return {
        "org_id": commit.org_id,
        "partition": commit.partition,
        "id": advance.id,
        "digest": advance.digest,
        "from_generation": advance.from_generation,
        "life_ms": advance.life_ms,
        "idle_ms": advance.idle_ms,
        "data": to_json(advance.data),
        "epoch": epoch,
    }


def _add_credentials(connection: sqlite3.Connection, commit: Commit, epoch: int) -> None:
    """All with one moment of issue: the database's clock, read once."""
    if commit.credentials:
        ((now_at,),) = connection.execute(_CLOCK).fetchall()
        values = (_new_values(commit.partition, new, now_at, epoch) for new in commit.credentials)
        connection.executemany(_ADD, values)


def _new_values(partition: int, new: NewCredential, now_at: int, epoch: int) -> tuple[Any, ...]:
    idle_ms = None if new.idle_ms is None else min(new.idle_ms, new.life_ms)
    return (
        new.org_id,
        partition,
        new.id,
        new.kind,
        new.digest,
        new.parent_id,
        new.root_id,
        to_json(new.bind_path),
        new.minted_by,
        new.user_id,
        new.user_stamp,
        new.app_id,
        new.target_app_id,
        new.domain,
        new.server_id,
        now_at,
        new.life_ms,
        idle_ms,
        epoch,
        to_json(new.data),
    )
