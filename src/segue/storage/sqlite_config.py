"""Configuration on SQLite: reading it, and changing it together with the org's version and an event."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from segue.core.application import Application
from segue.core.org import AuthorizationServer, Domain, Org, TrustedOrigin
from segue.events import Event
from segue.storage import rows, server_rows, statements
from segue.storage.sqlite_connection import local
from segue.storage.sqlite_events import add_event
from segue.storage.sqlite_part import SqlitePart
from segue.stores import AlreadyExists, NotFound, StoredKey

_ORG = local(statements.ORG)
_ORGS = local(statements.ORGS)
_ORG_VERSION = local(statements.ORG_VERSION)
_DOMAIN = local(statements.DOMAIN)
_DOMAINS = local(statements.DOMAINS)
_APPLICATION = local(statements.APPLICATION)
_APPLICATION_BY_CLIENT_ID = local(statements.APPLICATION_BY_CLIENT_ID)
_APPLICATION_BY_EXTERNAL_KEY = local(statements.APPLICATION_BY_EXTERNAL_KEY)
_APPLICATIONS = local(statements.APPLICATIONS)
_AUTHORIZATION_SERVER = local(statements.AUTHORIZATION_SERVER)
_AUTHORIZATION_SERVERS = local(statements.AUTHORIZATION_SERVERS)
_SIGNING_KEYS = local(statements.SIGNING_KEYS)
_TRUSTED_ORIGINS = local(statements.TRUSTED_ORIGINS)
_PUT_ORG = local(statements.PUT_ORG)
_RAISE_VERSION = local(statements.RAISE_VERSION)
_PUT_DOMAIN = local(statements.PUT_DOMAIN)
_REMOVE_DOMAIN = local(statements.REMOVE_DOMAIN)
_PUT_APPLICATION = local(statements.PUT_APPLICATION)
_PUT_AUTHORIZATION_SERVER = local(statements.PUT_AUTHORIZATION_SERVER)
_CHANGE_AUTHORIZATION_SERVER = local(statements.CHANGE_AUTHORIZATION_SERVER)
_REMOVE_AUTHORIZATION_SERVER = local(statements.REMOVE_AUTHORIZATION_SERVER)
_PUT_TRUSTED_ORIGIN = local(statements.PUT_TRUSTED_ORIGIN)
_REMOVE_TRUSTED_ORIGIN = local(statements.REMOVE_TRUSTED_ORIGIN)
_PUT_SIGNING_KEY = local(statements.PUT_SIGNING_KEY)


class SqliteConfig(SqlitePart):
    """``ConfigStore`` and ``AdminStore`` of ``segue.stores``, without groups."""

    async def org(self, org_id: str) -> Org | None:
        row = await self._row(_ORG, org_id)
        return rows.org(row) if row else None

    async def orgs(self) -> Sequence[Org]:
        return [rows.org(row) for row in await self._rows(_ORGS)]

    async def org_version(self, org_id: str) -> int:
        row = await self._row(_ORG_VERSION, org_id)
        return int(row[0]) if row else 0

    async def domain(self, authority: str) -> Domain | None:
        row = await self._row(_DOMAIN, authority)
        return rows.domain(row) if row else None

    async def domains(self) -> Sequence[Domain]:
        return [rows.domain(row) for row in await self._rows(_DOMAINS)]

    async def application(self, org_id: str, app_id: str) -> Application | None:
        return _application(await self._row(_APPLICATION, org_id, app_id))

    async def application_by_client_id(self, org_id: str, client_id: str) -> Application | None:
        return _application(await self._row(_APPLICATION_BY_CLIENT_ID, org_id, client_id))

    async def application_by_external_key(self, org_id: str, external_key: str) -> Application | None:
        return _application(await self._row(_APPLICATION_BY_EXTERNAL_KEY, org_id, external_key))

    async def applications(self, org_id: str, *, after: str = "", limit: int = 100) -> Sequence[Application]:
        return [rows.application(row) for row in await self._rows(_APPLICATIONS, org_id, after, limit)]

    async def authorization_server(self, org_id: str, server_id: str) -> AuthorizationServer | None:
        row = await self._row(_AUTHORIZATION_SERVER, org_id, server_id)
        return server_rows.authorization_server(row) if row else None

    async def authorization_servers(self, org_id: str) -> Sequence[AuthorizationServer]:
        return [server_rows.authorization_server(row) for row in await self._rows(_AUTHORIZATION_SERVERS, org_id)]

    async def signing_keys(self, org_id: str, key_set: str) -> Sequence[StoredKey]:
        return [rows.signing_key(row) for row in await self._rows(_SIGNING_KEYS, org_id, key_set)]

    async def trusted_origins(self, org_id: str) -> Sequence[TrustedOrigin]:
        return [rows.trusted_origin(row) for row in await self._rows(_TRUSTED_ORIGINS, org_id)]

    async def put_org(self, org: Org, event: Event) -> None:
        def work(connection: sqlite3.Connection) -> None:
            connection.execute(_PUT_ORG, rows.org_values(org))
            add_event(connection, event)

        await self._write(work)

    async def put_domain(self, domain: Domain, event: Event) -> None:
        def work(connection: sqlite3.Connection) -> None:
            raise_version(connection, domain.org_id)
            if not connection.execute(_PUT_DOMAIN, rows.domain_values(domain)).fetchall():
                raise AlreadyExists("authority")
            add_event(connection, event)

        await self._write(work)

    async def remove_domain(self, authority: str, event: Event) -> None:
        """Nothing is written where the event's org has no such domain."""

        def work(connection: sqlite3.Connection) -> None:
            if connection.execute(_REMOVE_DOMAIN, (authority, event.org_id)).fetchall():
                raise_version(connection, event.org_id)
                add_event(connection, event)

        await self._write(work)

    async def put_application(self, application: Application, event: Event) -> None:
        await self._put(_PUT_APPLICATION, [rows.application_values(application)], application.org_id, event)

    async def put_authorization_server(self, server: AuthorizationServer, event: Event) -> None:
        await self._put(
            _PUT_AUTHORIZATION_SERVER, [server_rows.authorization_server_values(server)], server.org_id, event
        )

    async def change_authorization_server(self, server: AuthorizationServer, event: Event) -> bool:
        values = server_rows.authorization_server_values(server)
        return await self._changed(_CHANGE_AUTHORIZATION_SERVER, values, server.org_id, event)

    async def remove_authorization_server(self, org_id: str, server_id: str, event: Event) -> bool:
        return await self._changed(_REMOVE_AUTHORIZATION_SERVER, (org_id, server_id), org_id, event)

    async def put_trusted_origin(self, origin: TrustedOrigin, event: Event) -> None:
        await self._put(_PUT_TRUSTED_ORIGIN, [rows.trusted_origin_values(origin)], origin.org_id, event)

    async def remove_trusted_origin(self, org_id: str, origin_id: str, event: Event) -> bool:
        return await self._changed(_REMOVE_TRUSTED_ORIGIN, (org_id, origin_id), org_id, event)

    async def put_signing_keys(self, keys: Sequence[StoredKey], event: Event) -> None:
        await self._put(_PUT_SIGNING_KEY, [rows.signing_key_values(key) for key in keys], event.org_id, event)

    async def _changed(self, text: str, values: tuple[Any, ...], org_id: str, event: Event) -> bool:
        """A change that answers the rows it changed, with its event; False and nothing written where it is none."""

        def work(connection: sqlite3.Connection) -> bool:
            if not connection.execute(text, values).fetchall():
                return False
            raise_version(connection, org_id)
            add_event(connection, event)
            return True

        return await self._write(work)

    async def _put(self, text: str, values: Sequence[tuple[Any, ...]], org_id: str, event: Event) -> None:
        """Rows of one org, its new version and the event. Raises ValueError where a row belongs to another org."""
        if any(row[0] != org_id for row in values):
            raise ValueError("a change of configuration belongs to one org")

        def work(connection: sqlite3.Connection) -> None:
            raise_version(connection, org_id)
            connection.executemany(text, values)
            add_event(connection, event)

        await self._write(work)


def _application(row: tuple[Any, ...] | None) -> Application | None:
    return rows.application(row) if row else None


def raise_version(connection: sqlite3.Connection, org_id: str) -> None:
    """Inside an operation that changes an org's configuration. Raises NotFound where there is no such org."""
    if not connection.execute(_RAISE_VERSION, (org_id,)).fetchall():
        raise NotFound(f"there is no org {org_id}")
