"""The tests' own PostgreSQL: there, durable, and a new database each time."""

import asyncpg
import pytest
from tests.postgres_server import FreshDatabase


async def test_the_server_answers_and_commits_durably(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    try:
        assert await connection.fetchval("select 1") == 1
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            assert await connection.fetchval(f"show {name}") == "on"
        assert await connection.fetchval("show server_encoding") == "UTF8"
    finally:
        await connection.close()


async def test_every_database_is_new_and_a_template_is_copied(fresh_database: FreshDatabase) -> None:
    first, second = fresh_database(), fresh_database()
    assert first != second
    connection = await asyncpg.connect(first)
    await connection.execute("create table kept (n int); insert into kept values (7)")
    await connection.close()

    connection = await asyncpg.connect(fresh_database(template=first))
    assert await connection.fetchval("select n from kept") == 7
    await connection.close()

    connection = await asyncpg.connect(second)
    with pytest.raises(asyncpg.UndefinedTableError):
        await connection.fetchval("select n from kept")
    await connection.close()


async def test_a_connection_needs_the_password(postgres_url: str) -> None:
    user, _, rest = postgres_url.partition("@")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(f"{user}wrong@{rest}")


def test_tests_with_a_database_carry_the_mark(request: pytest.FixtureRequest, postgres_url: str) -> None:
    assert request.node.get_closest_marker("postgres")
