"""No hot operation looks through a table: each finds its rows by key, so its cost stays flat as tables grow."""

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from segue.storage import assignment_rows, sqlite_credentials, sqlite_factors, statements, trust_rows
from segue.storage.sqlite_connection import connect, local
from segue.storage.sqlite_users import SUBJECT

TEXTS = {
    "claim": sqlite_credentials._CLAIM,
    "find": sqlite_credentials._FIND,
    "facts": sqlite_credentials._FACTS,
    "renew": sqlite_credentials._RENEW,
    "advance": sqlite_credentials._ADVANCE,
    "of_user": sqlite_credentials._OF_USER,
    "refresh_tokens_of": sqlite_credentials._REFRESH_TOKENS_OF,
    "factor_step": sqlite_factors._STEP,
    "factors": local(statements.FACTORS),
    "remembers_device": local(statements.REMEMBERS_DEVICE),
    "forget_devices": local(statements.FORGET_DEVICES),
    "applications_of": local(statements.APPLICATIONS_OF),
    "trust_entry": local(trust_rows.TRUST_ENTRY),
    "standing_trust": local(trust_rows.STANDING_TRUST),
    "trusted_origins_of": local(trust_rows.TRUSTED_ORIGINS_OF),
    "trusting_targets_of": local(trust_rows.TRUSTING_TARGETS_OF),
    "groups": local(statements.GROUPS),
    "assignments": local(assignment_rows.ASSIGNMENTS),
    "assignment": local(assignment_rows.ASSIGNMENT),
    "group_assignments": local(assignment_rows.GROUP_ASSIGNMENTS),
    "touch": sqlite_credentials._TOUCH,
    "guard": sqlite_credentials._GUARD,
    "subject": SUBJECT,
    "participations": local(statements.PARTICIPATIONS),
    "user_by_login": local(statements.USER_BY_LOGIN),
    "users_by_short_name": local(statements.USERS_BY_SHORT_NAME),
    "users": local(statements.USERS),
    "application_by_client_id": local(statements.APPLICATION_BY_CLIENT_ID),
    "application_by_external_key": local(statements.APPLICATION_BY_EXTERNAL_KEY),
    "applications": local(statements.APPLICATIONS),
    "signing_keys": local(statements.SIGNING_KEYS),
    "event": local(statements.EVENT),
    "count_attempt": local(statements.COUNT_ATTEMPT),
    "purge_page": local(statements.purge_page("credentials")),
    "purge": local(statements.purge("credentials")),
}


@pytest.fixture
def connection(url: str, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = connect(tmp_path / "segue.db", writes=True)
    yield connection
    connection.close()


@pytest.mark.parametrize("name", TEXTS)
def test_a_hot_statement_finds_its_rows_by_key(connection: sqlite3.Connection, name: str) -> None:
    text = TEXTS[name]
    named = dict.fromkeys(re.findall(r":(\w+)", text))
    numbered = [None] * max((int(mark) for mark in re.findall(r"\?(\d+)", text)), default=0)
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", named or numbered)]
    scans = [step for step in plan if step.startswith("SCAN") and "VIRTUAL TABLE" not in step and "page" not in step]
    assert not scans, plan


def test_a_scan_would_be_noticed(connection: sqlite3.Connection) -> None:
    plan = [row[3] for row in connection.execute("EXPLAIN QUERY PLAN SELECT 1 FROM credentials WHERE digest = x'00'")]
    assert any(step.startswith("SCAN") for step in plan)


def test_the_clock_is_one_moment_for_a_whole_statement(connection: sqlite3.Connection) -> None:
    clock = local("{now}")
    (answer,) = connection.execute(
        f"WITH RECURSIVE n (i, at) AS (SELECT 1, {clock} UNION ALL SELECT i + 1, {clock} FROM n WHERE i < 100000) "
        "SELECT json_group_array(DISTINCT at) FROM n"
    ).fetchone()
    assert len(json.loads(answer)) == 1
