"""Configuration of orgs on PostgreSQL: reading it, and writing it with its event and a new version in one statement."""
# ruff: noqa: S608 -- the texts are put together from column names written here; a value is always a parameter.

from collections.abc import Sequence
from typing import Final

from segue.core.application import Application
from segue.core.org import AuthorizationServer, Domain, Org, TrustedOrigin
from segue.events import Event
from segue.storage import rows, server_rows, statements
from segue.storage.postgres_pool import Database
from segue.storage.postgres_statements import add_events, events_json, raise_version, to_json, with_event
from segue.stores import AlreadyExists, StoredKey

# Its own statement already gives an org its new version.
_PUT_ORG: Final = with_event(statements.PUT_ORG)
_PUT_DOMAIN: Final = with_event(statements.PUT_DOMAIN, new_version_of="$2")
_REMOVE_DOMAIN: Final = with_event(statements.REMOVE_DOMAIN, new_version_of="$2")
_PUT_APPLICATION: Final = with_event(statements.PUT_APPLICATION, new_version_of="$1")
_PUT_AUTHORIZATION_SERVER: Final = with_event(statements.PUT_AUTHORIZATION_SERVER, new_version_of="$1")
_CHANGE_AUTHORIZATION_SERVER: Final = with_event(statements.CHANGE_AUTHORIZATION_SERVER, new_version_of="$1")
_REMOVE_AUTHORIZATION_SERVER: Final = with_event(statements.REMOVE_AUTHORIZATION_SERVER, new_version_of="$1")
_PUT_TRUSTED_ORIGIN: Final = with_event(statements.PUT_TRUSTED_ORIGIN, new_version_of="$1")
_REMOVE_TRUSTED_ORIGIN: Final = with_event(statements.REMOVE_TRUSTED_ORIGIN, new_version_of="$1")
# org, keys as JSON, event as JSON: any number of keys in one statement.
_PUT_SIGNING_KEYS: Final = f"""
    WITH changed AS (
        INSERT INTO signing_keys ({rows.SIGNING_KEY_COLUMNS})
        SELECT $1, key_set, kid, algorithm, public_jwk, certificate_pem, decode(sealed_private, 'hex'), created_at,
            signs_from_at, signs_until_at, retired_at
        FROM json_to_recordset($2::json) AS key(key_set text, kid text, algorithm text, public_jwk text,
            certificate_pem text, sealed_private text, created_at bigint, signs_from_at bigint, signs_until_at bigint,
            retired_at bigint)
        ON CONFLICT (org_id, key_set, kid) DO UPDATE SET algorithm = excluded.algorithm,
            public_jwk = excluded.public_jwk, certificate_pem = excluded.certificate_pem,
            sealed_private = excluded.sealed_private, created_at = excluded.created_at,
            signs_from_at = excluded.signs_from_at, signs_until_at = excluded.signs_until_at,
            retired_at = excluded.retired_at
        RETURNING 1
    ), raised AS (
        {raise_version("$1")}
    ), recorded AS (
        {add_events("$3", "EXISTS (SELECT FROM changed)")}
    )
    SELECT 1 FROM changed LIMIT 1
"""


class PostgresConfiguration:
    """``ConfigStore`` and ``AdminStore``, without groups."""

    _database: Database

    async def org(self, org_id: str) -> Org | None:
        found = await self._database.read(statements.ORG, org_id)
        return rows.org(found[0]) if found else None

    async def orgs(self) -> Sequence[Org]:
        return [rows.org(row) for row in await self._database.read(statements.ORGS)]

    async def org_version(self, org_id: str) -> int:
        found = await self._database.read(statements.ORG_VERSION, org_id)
        return int(found[0][0]) if found else 0

    async def domain(self, authority: str) -> Domain | None:
        found = await self._database.read(statements.DOMAIN, authority)
        return rows.domain(found[0]) if found else None

    async def domains(self) -> Sequence[Domain]:
        return [rows.domain(row) for row in await self._database.read(statements.DOMAINS)]

    async def application(self, org_id: str, app_id: str) -> Application | None:
        return await self._application(statements.APPLICATION, org_id, app_id)

    async def application_by_client_id(self, org_id: str, client_id: str) -> Application | None:
        return await self._application(statements.APPLICATION_BY_CLIENT_ID, org_id, client_id)

    async def application_by_external_key(self, org_id: str, external_key: str) -> Application | None:
        return await self._application(statements.APPLICATION_BY_EXTERNAL_KEY, org_id, external_key)

    async def applications(self, org_id: str, *, after: str = "", limit: int = 100) -> Sequence[Application]:
        found = await self._database.read(statements.APPLICATIONS, org_id, after, limit)
        return [rows.application(row) for row in found]

    async def authorization_server(self, org_id: str, server_id: str) -> AuthorizationServer | None:
        found = await self._database.read(statements.AUTHORIZATION_SERVER, org_id, server_id)
        return server_rows.authorization_server(found[0]) if found else None

    async def authorization_servers(self, org_id: str) -> Sequence[AuthorizationServer]:
        found = await self._database.read(statements.AUTHORIZATION_SERVERS, org_id)
        return [server_rows.authorization_server(row) for row in found]

    async def signing_keys(self, org_id: str, key_set: str) -> Sequence[StoredKey]:
        found = await self._database.read(statements.SIGNING_KEYS, org_id, key_set)
        return [rows.signing_key(row) for row in found]

    async def trusted_origins(self, org_id: str) -> Sequence[TrustedOrigin]:
        found = await self._database.read(statements.TRUSTED_ORIGINS, org_id)
        return [rows.trusted_origin(row) for row in found]

    async def put_org(self, org: Org, event: Event) -> None:
        await self._put(_PUT_ORG, rows.org_values(org), event)

    async def put_domain(self, domain: Domain, event: Event) -> None:
        if not await self._put(_PUT_DOMAIN, rows.domain_values(domain), event):
            # An authority belongs to one org; only that org can give it up.
            raise AlreadyExists("authority")

    async def remove_domain(self, authority: str, event: Event) -> None:
        """Nothing is written where the event's org has no such domain."""
        await self._put(_REMOVE_DOMAIN, (authority, event.org_id), event)

    async def put_application(self, application: Application, event: Event) -> None:
        await self._put(_PUT_APPLICATION, rows.application_values(application), event)

    async def put_authorization_server(self, server: AuthorizationServer, event: Event) -> None:
        await self._put(_PUT_AUTHORIZATION_SERVER, server_rows.authorization_server_values(server), event)

    async def change_authorization_server(self, server: AuthorizationServer, event: Event) -> bool:
        return await self._put(_CHANGE_AUTHORIZATION_SERVER, server_rows.authorization_server_values(server), event)

    async def remove_authorization_server(self, org_id: str, server_id: str, event: Event) -> bool:
        return await self._put(_REMOVE_AUTHORIZATION_SERVER, (org_id, server_id), event)

    async def put_trusted_origin(self, origin: TrustedOrigin, event: Event) -> None:
        await self._put(_PUT_TRUSTED_ORIGIN, rows.trusted_origin_values(origin), event)

    async def remove_trusted_origin(self, org_id: str, origin_id: str, event: Event) -> bool:
        return await self._put(_REMOVE_TRUSTED_ORIGIN, (org_id, origin_id), event)

    async def put_signing_keys(self, keys: Sequence[StoredKey], event: Event) -> None:
        if any(key.org_id != event.org_id for key in keys):
            raise ValueError("a change of configuration belongs to one org")
        names = rows.SIGNING_KEY_COLUMNS.split(", ")
        values = [dict(zip(names, rows.signing_key_values(key), strict=True)) for key in keys]
        for value in values:
            value["sealed_private"] = value["sealed_private"].hex()
        await self._database.write(_PUT_SIGNING_KEYS, event.org_id, to_json(values), events_json([event]))

    async def _application(self, statement: str, org_id: str, name: str) -> Application | None:
        found = await self._database.read(statement, org_id, name)
        return rows.application(found[0]) if found else None

    async def _put(self, statement: str, values: tuple[object, ...], event: Event) -> bool:
        """Whether anything changed."""
        return bool(await self._database.write(statement, *values, events_json([event])))
