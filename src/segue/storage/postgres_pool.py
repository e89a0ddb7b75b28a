"""Connections to PostgreSQL, what may be taken for the answer of a write, and what errors mean.

Connections are shared without being reset, so no statement leaves anything behind on one: no SET, LISTEN, advisory lock
or temporary table, and no transaction of several statements. An operation is one statement, and the statement is the
commit.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
from asyncpg import Connection

from segue.storage.rows import Row, storable
from segue.stores import AlreadyExists, NotFound, OutcomeUnknown, StoreUnavailable

CONNECTIONS: Final = 10
CONNECT_WITHIN_S: Final = 2.0
POOL_WAIT_S: Final = 1.0
CLOSE_WITHIN_S: Final = 10.0
# The longest pause before each repetition of a statement that the database aborted; the pause itself is random.
PAUSES_MS: Final = (5, 20, 80)

# Told at connect, so that no statement has to. The server's own synchronous_commit stays.
SERVER_SETTINGS: Final = {
    "application_name": "segue",
    "statement_timeout": "3000",
    "lock_timeout": "2000",
    "idle_in_transaction_session_timeout": "5000",
    "jit": "off",
}
# Under these a commit may be acknowledged and lost in a crash, and with it the spending of a ticket.
_FORGETFUL: Final = frozenset({"off", "local"})
# SQLSTATE of the warning that a commit did not wait for its standby: the answer looks like success (and is none).
_NOT_REPLICATED: Final = "01000"

_ABORTED: Final = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
# The connection broke or the server ended it: whether the statement had committed by then is not known.
_LOST: Final = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
# The server refused or gave up; nothing was written.
_REFUSED: Final = (
    asyncpg.OperatorInterventionError,
    asyncpg.LockNotAvailableError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)


class Database:
    """A pool of connections to the database at ``url``. Values are parameters, never part of a statement's text.

    Every method raises StoreUnavailable where the database is away, refuses, or keeps a request waiting too long.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: Any = None
        self._writes: set[asyncio.Task[list[Row]]] = set()

    async def open(self) -> None:
        """Connects. A server that acknowledges commits before they are durable is refused with StoreUnavailable."""
        try:
            self._pool = await asyncpg.create_pool(
                self._url,
                min_size=1,
                max_size=CONNECTIONS,
                reset=_nothing_to_reset,
                timeout=CONNECT_WITHIN_S,
                server_settings=SERVER_SETTINGS,
                connection_class=Connection,
            )
        except (*_LOST, *_REFUSED, TimeoutError) as error:
            raise StoreUnavailable(f"cannot connect to PostgreSQL: {error}") from error
        (row,) = await self.read("SELECT current_setting('synchronous_commit')")
        durability = row[0]
        if durability in _FORGETFUL:
            await self.close()
            raise StoreUnavailable(f"synchronous_commit is {durability}: commits of this server do not last")

    async def close(self) -> None:
        """Waits for what is under way, then closes the connections."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            async with asyncio.timeout(CLOSE_WITHIN_S):
                await pool.close()
        except TimeoutError:
            # The pool has ended its connections; a write that still waited answers its caller with OutcomeUnknown.
            return

    async def read(self, statement: str, *values: object) -> list[Row]:
        """The rows that a statement without effect answers; none where a value is a text that no column can hold."""
        if not all(storable(value) for value in values if isinstance(value, str)):
            return []
        return await _unless_aborted(lambda: self._read_once(statement, values))

    async def write(self, statement: str, *values: object) -> list[Row]:
        """The rows that a statement answers, once its commit is durable.

        A definite abort is repeated with the same values, which is why ids and nonces are made before the call. The
        statement goes on where its caller is cancelled: the driver would cancel it too, and a cancelled wait for a
        standby answers as if all were well. Raises OutcomeUnknown where it may or may not have happened, AlreadyExists
        or NotFound where a row stands in the way or is missing.
        """
        task = asyncio.create_task(_unless_aborted(lambda: self._write_once(statement, values)))
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)
        return await asyncio.shield(task)

    async def _read_once(self, statement: str, values: tuple[object, ...]) -> list[Row]:
        try:
            return await self._answer(statement, values)
        except _LOST:
            # After a restart of the server the pool holds dead connections: reading once more needs a new one.
            await self._renew_connections()
        try:
            return await self._answer(statement, values)
        except _LOST as lost:
            raise StoreUnavailable(f"the connection to PostgreSQL was lost: {lost}") from lost

    async def _write_once(self, statement: str, values: tuple[object, ...]) -> list[Row]:
        doubts: list[str] = []

        def listen(_connection: object, message: Any) -> None:
            if message.sqlstate == _NOT_REPLICATED:
                doubts.append(message.message)

        try:
            answer = await self._answer(statement, values, listen)
        except _LOST as lost:
            raise OutcomeUnknown(f"the connection to PostgreSQL was lost during a write: {lost}") from lost
        if doubts:
            raise OutcomeUnknown(f"PostgreSQL doubts a commit: {doubts[0]}")
        return answer

    async def _answer(self, statement: str, values: tuple[object, ...], listen: Any = None) -> list[Row]:
        async with self._connection() as connection:
            try:
                if listen is None:
                    return await _fetch(connection, statement, values)
                # A notice that comes before an answer is heard before the answer.
                connection.add_log_listener(listen)
                try:
                    return await _fetch(connection, statement, values)
                finally:
                    connection.remove_log_listener(listen)
            except asyncpg.ReadOnlySQLTransactionError as error:
                # This server is a standby now. Whoever took its place is found by connecting again.
                await self._renew_connections()
                raise StoreUnavailable("this PostgreSQL server is a standby") from error

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        pool = self._pool
        if pool is None:
            raise StoreUnavailable("the store is not open")
        try:
            async with asyncio.timeout(POOL_WAIT_S):
                connection = await pool.acquire()
        except TimeoutError as error:
            raise StoreUnavailable(f"no connection to PostgreSQL was free within {POOL_WAIT_S:g} s") from error
        except (*_LOST, *_REFUSED) as error:
            raise StoreUnavailable(f"cannot connect to PostgreSQL: {error}") from error
        try:
            yield connection
        finally:
            await pool.release(connection)

    async def _renew_connections(self) -> None:
        if self._pool is not None:
            await self._pool.expire_connections()


async def _fetch(connection: Any, statement: str, values: tuple[object, ...]) -> list[Row]:
    """The rows a statement answers; what refused it in the words of ``segue.stores``, unless the caller is to know."""
    try:
        answer: list[Row] = await connection.fetch(statement, *values)
        return answer
    except (*_LOST, asyncpg.ReadOnlySQLTransactionError):
        raise
    except _REFUSED as error:
        raise StoreUnavailable(f"PostgreSQL gave up: {error}") from error
    except asyncpg.UniqueViolationError as error:
        raise AlreadyExists(_unique_field(error)) from error
    except asyncpg.ForeignKeyViolationError as error:
        raise NotFound("the org, user or application that this belongs to does not exist") from error


async def _unless_aborted(statement: Callable[[], Coroutine[Any, Any, list[Row]]]) -> list[Row]:
    """The answer of ``statement``, which is run again where the database aborted it: nothing had happened then."""
    for pause_ms in PAUSES_MS:
        try:
            return await statement()
        except _ABORTED:
            await asyncio.sleep(secrets.randbelow(pause_ms * 1000) / 1_000_000)
    try:
        return await statement()
    except _ABORTED as aborted:
        raise StoreUnavailable("PostgreSQL aborted a statement again and again") from aborted


def _unique_field(error: Any) -> str:
    """The field that a unique constraint is named for (``users_login_key``); a primary key is about the id."""
    field = str(error.constraint_name).removeprefix(f"{error.table_name}_")
    return "id" if field == "pkey" else field


async def _nothing_to_reset(connection: object) -> None:
    """Takes the place of the driver's reset, a round trip for state that no statement leaves."""
