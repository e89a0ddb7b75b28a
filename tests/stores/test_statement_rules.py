"""What keeps scale-out open, read off the statements, the source and the schema."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import asyncpg
import pytest
from tests.stores.databases import TestDatabase
from tests.stores.scene import a_scene

from segue import storage
from segue.core.credential import Participation
from segue.storage import postgres_credentials
from segue.stores import Tombstone

HOT = (
    "credentials",
    "tombstones",
    "participations",
    "foreign_uses",
    "login_attempts",
    "events",
    "factors",
    "remembered_devices",
)
HOUSE = Path(storage.__path__[0])
SOURCES = sorted(path.relative_to(HOUSE) for path in HOUSE.rglob("*.py"))
MODULES = [
    importlib.import_module(f"segue.storage.{found.name}")
    for found in pkgutil.iter_modules(storage.__path__)
    if found.name != "migrations"
]
STATEMENT = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s")
USE = re.compile(r"\b(FROM|JOIN|UPDATE|INTO)\s+(\w+)(?:\s+AS\s+(\w+))?")

# What binds work to a session, a server or a row that everybody shares.
FORBIDDEN = {
    "session state": r"^\s*(SET|RESET|DISCARD|LISTEN|UNLISTEN|NOTIFY|PREPARE|DECLARE|LOCK)\s|set_config|pg_notify",
    "temporary table": r"\bTEMP(ORARY)?\b",
    "advisory lock": r"pg_(try_)?advisory",
    "sequence": r"\bnextval|\bSEQUENCE\b|\b(BIG|SMALL)?SERIAL\b|\bIDENTITY\b|\bAUTOINCREMENT\b",
    "trigger": r"\bTRIGGER\b",
    "procedure": r"\b(CREATE|REPLACE)\s+(FUNCTION|PROCEDURE)\b|^\s*CALL\s|^\s*DO\s+\$",
    "recursion": r"\bRECURSIVE\b",
    "row-level security": r"\bROW LEVEL SECURITY\b|\bPOLICY\b",
    "another clock": r"clock_timestamp|transaction_timestamp|\bnow\(\)|CURRENT_TIMESTAMP|LOCALTIMESTAMP",
}


def texts(tree: ast.Module) -> Iterator[str]:
    """Every text in a module but the docstrings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_no_statement_leaves_anything_behind_or_leaves_its_org(source: Path) -> None:
    for text in texts(ast.parse((HOUSE / source).read_text())):
        for name, pattern in FORBIDDEN.items():
            assert not re.search(pattern, text), (name, text)


def test_the_rules_can_fail() -> None:
    broken = [
        "SET search_path = other",
        "SELECT pg_advisory_xact_lock(1)",
        "SELECT pg_try_advisory_lock(1)",
        "SELECT nextval('ids')",
        "id BIGSERIAL PRIMARY KEY",
        "CREATE TRIGGER t AFTER INSERT",
        "CREATE OR REPLACE FUNCTION f()",
        "WITH RECURSIVE tree AS",
        "LISTEN changes",
        "SELECT clock_timestamp()",
        "CREATE TEMP TABLE t",
    ]
    for text in broken:
        assert any(re.search(pattern, text) for pattern in FORBIDDEN.values()), text
    good = "UPDATE credentials AS c SET consumed_at = 1 WHERE c.org_id = $1"
    assert not any(re.search(pattern, good) for pattern in FORBIDDEN.values())


def statements(module: ModuleType) -> Iterator[tuple[str, str]]:
    """The named statements of a module; those in lists and tuples too."""

    def flat(value: object) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list | tuple):
            for one in value:
                yield from flat(one)

    for name, value in vars(module).items():
        for text in flat(value):
            if STATEMENT.match(text):
                yield f"{module.__name__}.{name}", text


STATEMENTS = [(name, text) for module in MODULES for name, text in statements(module)]


def unbound_uses(text: str) -> list[str]:
    """The hot tables that a statement uses without naming org and partition."""
    missing = []
    for match in USE.finditer(text):
        verb, table, alias = match.groups()
        if table not in HOT:
            continue
        rest = text[match.end() :]
        if verb == "INTO":
            bound = re.match(r"\s*\(org_id, partition, ", rest)
        else:
            names = rf"(?:{alias}\.)" if alias else rf"(?:{table}\.)?"
            equal = rf"\b{names}org_id = .*?\b{names}partition = "
            page = r"\(org_id, partition, \w+\) (>|<=) \("
            bound = re.search(equal, text, re.DOTALL) or re.search(page, text)
        if not bound:
            missing.append(match.group())
    return missing


# The log is read, and goes, by time: that crosses the partitions of one org, by an index of its own.
BY_TIME = ("EVENTS_FORWARD", "EVENTS_BACKWARD", "PURGE_EVENTS")

# An administrator's page of refresh tokens, whosever they are: by an index that has nothing but refresh tokens.
BY_APPLICATION = "_REFRESH_TOKENS_OF"


def test_every_statement_on_a_hot_table_names_org_and_partition() -> None:
    crossing = [(name, unbound_uses(text)) for name, text in STATEMENTS if unbound_uses(text)]
    assert [(name, uses) for name, uses in crossing if not name.endswith((*BY_TIME, BY_APPLICATION))] == []


def test_what_crosses_partitions_stays_in_one_org_and_goes_by_time() -> None:
    by_time = [text for name, text in STATEMENTS if name.endswith(BY_TIME)]
    assert len(by_time) >= len(BY_TIME)
    for text in by_time:
        assert re.search(r"\borg_id = [$?]1 AND (\(at, id\) [<>]|at <) ", text), text


def test_what_an_application_holds_is_read_in_one_org_by_the_index_of_refresh_tokens() -> None:
    by_application = [text for name, text in STATEMENTS if name.endswith(BY_APPLICATION)]
    assert len(by_application) == 2  # one for each database
    wanted = r"WHERE c.org_id = \S+ AND c.app_id = \S+ AND c.kind = 'refresh_token' AND c.id > \S+ AND .* LIMIT "
    for text in by_application:
        assert text.lstrip().startswith("SELECT ")
        assert re.search(wanted, text, re.DOTALL), text


def test_the_rule_about_org_and_partition_sees_statements_and_can_fail() -> None:
    seen = {table for _, text in STATEMENTS for _, table, _ in USE.findall(text) if table in HOT}
    assert seen == set(HOT)
    names = " ".join(name for name, _ in STATEMENTS)
    wanted = "_CLAIM _COMMIT _FIND _TOUCH COUNT_ATTEMPT CLAIM_FOREIGN _SETTLE _RENEW _ADVANCE _STEP _OF_USER"
    for operation in wanted.split():
        assert operation in names
    assert unbound_uses("SELECT 1 FROM credentials AS c WHERE c.id = $1")
    assert unbound_uses("SELECT 1 FROM credentials AS c WHERE c.org_id = $1 AND c.id = $2")
    assert unbound_uses("UPDATE credentials SET digest = $1 WHERE partition = $2")
    assert unbound_uses("INSERT INTO events (id, org_id) VALUES ($1, $2)")
    assert unbound_uses("SELECT 1 FROM users JOIN tombstones AS t ON t.id = users.id")
    assert not unbound_uses("SELECT 1 FROM events WHERE org_id = $1 AND partition = $2 AND id = $3")


@pytest.mark.parametrize("source", [one for one in SOURCES if one.name.startswith("postgres")], ids=str)
def test_M4_nothing_gives_up_on_a_statement_from_outside(source: Path) -> None:
    """A client-side timeout cancels a commit that may have happened; statement_timeout on the server does not."""
    tree = ast.parse((HOUSE / source).read_text())
    names = [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    assert "wait_for" not in names
    assert "command_timeout" not in (HOUSE / source).read_text()
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("fetch", "execute")
        ):
            assert "timeout" not in [keyword.arg for keyword in node.keywords]
        if isinstance(node, ast.AsyncWith) and "asyncio.timeout" in ast.unparse(node.items[0]):
            (awaited,) = [inner for inner in ast.walk(node) if isinstance(inner, ast.Await)]
            assert ast.unparse(awaited) in ("await pool.acquire()", "await pool.close()")


# --- the schema -------------------------------------------------------------------------------------------------------


@pytest.fixture
def engine() -> str:
    return "postgresql"


@pytest.mark.postgres
async def test_hot_tables_have_one_key_and_nothing_that_waits_for_other_rows(database: TestDatabase) -> None:
    indexes = """
        SELECT t.relname, i.indisunique, ARRAY(
            SELECT a.attname::text FROM unnest(i.indkey) WITH ORDINALITY AS k(n, o)
            JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = k.n ORDER BY k.o)
        FROM pg_index AS i JOIN pg_class AS t ON t.oid = i.indrelid
        WHERE t.relnamespace = 'public'::regnamespace
    """
    found = await database.rows(indexes)
    for table in HOT:
        assert [unique for name, unique, _ in found if name == table].count(True) == 1
        leading = [columns[:2] for name, _, columns in found if name == table]
        crossing = {"events": [["org_id", "at"]], "credentials": [["org_id", "app_id"]]}.get(table, [])
        assert [columns for columns in leading if columns != ["org_id", "partition"]] == crossing
    keys = "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f'"
    for table, definition in await database.rows(keys):
        assert table not in HOT
        assert definition.startswith(("FOREIGN KEY (org_id) REFERENCES orgs(id)", "FOREIGN KEY (org_id, "))


@pytest.mark.postgres
async def test_the_schema_has_no_sequences_triggers_or_procedures(database: TestDatabase) -> None:
    for text in (
        "SELECT sequencename FROM pg_sequences",
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
        "SELECT polname FROM pg_policy",
    ):
        assert await database.rows(text) == []


HOT_STATEMENTS = ["_CLAIM", "_SETTLE", "_FIND", "_FACTS", "_TOUCH", "_COMMIT", "_CLAIM_FOREIGN", "_OF_USER"]


@pytest.mark.postgres
async def test_hot_statements_find_their_rows_by_key(own_database: TestDatabase) -> None:
    """The plan that every connection keeps reads no hot table from end to end, and no user either."""
    store = own_database.store()
    await store.open()
    scene = await a_scene(store, own_database)
    tickets = [scene.new() for _ in range(2000)]
    assert await store.commit(
        scene.writing(
            *(replace(ticket, new=replace(ticket.new, bind_path=(tickets[0].id,))) for ticket in tickets),
            tombstones=tuple(Tombstone(ticket.id, "test") for ticket in tickets),
            participations=tuple(Participation(ticket.id, "0oaA", "oidc") for ticket in tickets),
            events=tuple(scene.event() for _ in tickets),
        )
    )
    for table, columns in {
        "users": "$1, 'u' || n, '', 'l' || n, 's' || n, 'active', 1, '{}', NULL, 0, 0, false",
        "assignments": "$1, $2, 'u' || n",
        "foreign_uses": "$1, n, '', 0",
        "credentials": "$1, n, 'c' || n, 'session', '', NULL, NULL, '{}', NULL, 'u' || n, 1, NULL, NULL, NULL, NULL, "
        "0, 0, NULL, NULL, NULL, 0, NULL, 0, '{}'",
        "factors": "$1, n, 'u' || n, 'f' || n, 'totp', '', 'active', '', 0, '{}', 0, 0",
    }.items():
        values = (scene.org_id, scene.app.id)[: columns.count("$")]
        await own_database.execute(f"INSERT INTO {table} SELECT {columns} FROM generate_series(1, 2000) AS n", *values)
    await store.close()
    connection = await asyncpg.connect(own_database.url)
    try:
        await connection.execute("ANALYZE")
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        for name in HOT_STATEMENTS:
            text = getattr(postgres_credentials, name)
            values = ", ".join(["NULL"] * max(int(number) for number in re.findall(r"[$]([0-9]+)", text)))
            await connection.execute(f"PREPARE {name} AS {text}")
            plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN EXECUTE {name}({values})"))
            assert not re.search(rf"Seq Scan on ({'|'.join(HOT)}|users|assignments)", plan), plan
    finally:
        await connection.close()
