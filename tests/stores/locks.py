"""Holding a row on PostgreSQL, so that a statement stops in the middle, and seeing that it did."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from tests.stores.scene import Minted, Scene


@asynccontextmanager
async def held(scene: Scene, minted: Minted) -> AsyncIterator[Any]:
    """Locks the credential's row, so that a statement of the store waits in the middle of its work.

    Gives the connection that holds it; its transaction is committed at the end.
    """
    holder = await asyncpg.connect(scene.database.url)
    async with holder.transaction():
        text = "SELECT 1 FROM credentials WHERE org_id = $1 AND id = $2 FOR UPDATE"
        await holder.fetchval(text, scene.org_id, minted.id)
        yield holder
    await holder.close()


async def waiting(admin: Any, at_least: int = 1) -> list[int]:
    """The server processes that wait for a lock, as soon as there are so many."""
    text = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with asyncio.timeout(10):
        while len(found := await admin.fetch(text)) < at_least:  # noqa: ASYNC110 -- another process tells nobody
            await asyncio.sleep(0.005)
    return [row["pid"] for row in found]
