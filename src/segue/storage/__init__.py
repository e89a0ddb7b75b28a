"""Storage: what ``segue.stores`` asks for, on SQLite (the embedded default) and on PostgreSQL (production).

Owns the schema (``migrations``, brought up by ``migrate``), the SQL and the process cache of configuration
(``cached``). Both engines answer the same operations and pass one conformance suite; ``rows`` and ``factor_rows`` (row
to value and back), ``commit_rules`` (what a commit may hold), ``explain`` (why a claim did not match) and
``statements`` (text that both engines share) belong to neither.

SQLite: ``sqlite_writer`` is the one thread that writes, committing whole groups; ``sqlite_checkpoint`` moves its log
into the file; ``sqlite_connection`` opens connections and names errors; then one module per aggregate, put together in
``sqlite``. Beside the file ``x.db`` lie SQLite's own ``x.db-wal`` and ``x.db-shm`` and two empty files that only carry
locks, ``x.db-turn`` and ``x.db-checkpoint``.

PostgreSQL: ``postgres_pool`` holds the connections and says what a write's answer may be taken for;
``postgres_statements`` puts an operation, its events and its answer into one statement; then one module per aggregate,
put together in ``postgres``. What statements may rely on while others run is at the top of ``postgres_credentials``.

To add an aggregate: its Protocol in ``segue.stores``, its tables in a new migration, its reading and writing in
``rows``, its text in ``statements`` (or beside each engine where it is hot), one module per engine, its tests in the
conformance suite. A hot table's key is (org_id, partition, id) and stays its only unique index; an operation is one
write that answers after the commit.
"""

from pathlib import Path

from segue.stores import Store

_SQLITE = "sqlite:///"


def open_store(url: str, *, epoch: int) -> Store:
    """The store at ``url``, not yet opened: ``sqlite:///relative``, ``sqlite:////absolute`` or ``postgresql://…``.

    ``epoch`` (wall-clock seconds, kept outside the database) voids every credential written under another one. Raises
    ValueError for any other address.
    """
    path = sqlite_path(url)
    if path is not None:
        from segue.storage.sqlite import SqliteStore

        return SqliteStore(path, epoch=epoch)
    if url.startswith(("postgresql://", "postgres://")):
        from segue.storage.postgres import PostgresStore

        return PostgresStore(url, epoch=epoch)
    raise ValueError("a database address starts with sqlite:/// or postgresql://")


def sqlite_path(url: str) -> Path | None:
    """The file of a SQLite address, or None where ``url`` names another engine. Raises ValueError without a file."""
    if not url.startswith("sqlite:"):
        return None
    name = url.removeprefix(_SQLITE)
    if name == url or not name or ":memory:" in name or "?" in name:
        raise ValueError("a SQLite address is sqlite:/// and the path of a file")
    return Path(name)
