"""Rows to values and values to rows, the same for both engines.

A reading function takes the columns in the order of its ``*_COLUMNS``, a writing function answers in that order.
"""

import dataclasses
import hashlib
import json
from typing import Any, Protocol

from segue.core.application import (
    Application,
    AppLink,
    Bookmark,
    OidcClient,
    SamlServiceProvider,
    SessionTransfer,
    WsFedRelyingParty,
)
from segue.core.credential import Credential, Participation
from segue.core.org import Domain, Org, OrgSettings, TrustedOrigin
from segue.core.requirement import Requirement
from segue.core.secret import is_id, partition_for, partition_of
from segue.core.user import RoleAssignment, Subject, User
from segue.events import Event
from segue.storage import nested
from segue.stores import EventPage, StoredKey


class Row(Protocol):
    """What both drivers answer with: columns by position."""

    def __getitem__(self, index: int, /) -> Any: ...


Values = tuple[Any, ...]

ORG_COLUMNS = "id, name, status, settings"
DOMAIN_COLUMNS = "authority, org_id, dialect, scheme"
APPLICATION_COLUMNS = (
    "org_id, id, name, label, external_key, status, client_id, oidc, saml, requirement, home_authority, "
    "everyone, when_other_user, wsfed, bookmark, links, annotations, updated_at, "
    "hand_off_opens_session, policy_id, session_transfer"
)
SIGNING_KEY_COLUMNS = (
    "org_id, key_set, kid, algorithm, public_jwk, certificate_pem, sealed_private, created_at, signs_from_at, "
    "signs_until_at, retired_at"
)
TRUSTED_ORIGIN_COLUMNS = "org_id, id, name, origin, scopes, status"
USER_COLUMNS = (
    "org_id, id, login, login_key, short_key, status, stamp, profile, password_hash, password_changed_at, "
    "limits_exempt, password_temporary, status_changed_at, activated_at, updated_at, created_at"
)
ROLE_COLUMNS = "org_id, user_id, role, assigned_at"
# What a reader sees of a credential: never its digest.
CREDENTIAL_COLUMNS = (
    "org_id, id, kind, issued_at, expires_at, user_id, user_stamp, parent_id, root_id, bind_path, minted_by, "
    "app_id, target_app_id, domain, server_id, idle_expires_at, consumed_at, consumed_by, generation, epoch, data"
)
PARTICIPATION_COLUMNS = "org_id, partition, session_id, app_id, protocol, name_id, session_index"
EVENT_COLUMNS = (
    "org_id, partition, id, at, type, outcome, reason, actor_id, user_id, app_id, credential_id, domain, "
    "address, user_agent, request_id, count, detail"
)


def prefixed(table: str, columns: str) -> str:
    """``columns`` as columns of ``table``, for a join."""
    return ", ".join(f"{table}.{column}" for column in columns.split(", "))


def storable(text: str) -> bool:
    """Whether a text column can hold ``text`` at all. A look-up by a text that none can hold finds nothing."""
    return "\0" not in text and text == text.encode("utf-8", "replace").decode()


def _seen(text: str) -> str:
    """What a client sent, for an event: what no text column can hold becomes a question mark."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "?").encode("utf-8", "replace").decode()


# --- configuration ---------------------------------------------------------------------------------------------------


def org(row: Row) -> Org:
    return Org(row[0], row[1], row[2], OrgSettings(**nested.members(row[3], nested.SETTINGS)))


def org_values(value: Org) -> Values:
    return (value.id, value.name, value.status, nested.text(value.settings, nested.SETTINGS))


def domain(row: Row) -> Domain:
    return Domain(row[0], row[1], row[2], row[3])


def domain_values(value: Domain) -> Values:
    return (value.authority, value.org_id, value.dialect, value.scheme)


def application(row: Row) -> Application:
    return Application(
        org_id=row[0],
        id=row[1],
        name=row[2],
        label=row[3],
        external_key=row[4],
        status=row[5],
        oidc=None if row[7] is None else OidcClient(**nested.members(row[7], nested.OIDC)),
        saml=None if row[8] is None else SamlServiceProvider(**nested.members(row[8], nested.SAML)),
        requirement=Requirement(**nested.members(row[9], nested.REQUIREMENT)),
        home_authority=row[10],
        everyone=bool(row[11]),
        when_other_user=row[12],
        wsfed=None if row[13] is None else WsFedRelyingParty(**nested.members(row[13], nested.WSFED)),
        bookmark=None if row[14] is None else Bookmark(**nested.members(row[14], nested.BOOKMARK)),
        links=tuple(AppLink(**nested.known(link, nested.APP_LINK)) for link in json.loads(row[15])),
        annotations=json.loads(row[16]),
        updated_at=row[17],
        hand_off_opens_session=bool(row[18]),
        policy_id=row[19],
        session_transfer=_session_transfer(row[20]),
    )


def _session_transfer(text: str) -> SessionTransfer | None:
    return SessionTransfer(**nested.members(text, nested.SESSION_TRANSFER)) if text else None


def application_values(value: Application) -> Values:
    return (
        value.org_id,
        value.id,
        value.name,
        value.label,
        value.external_key,
        value.status,
        value.oidc.client_id if value.oidc else None,
        nested.text(value.oidc, nested.OIDC) if value.oidc else None,
        nested.text(value.saml, nested.SAML) if value.saml else None,
        nested.text(value.requirement, nested.REQUIREMENT),
        value.home_authority,
        value.everyone,
        value.when_other_user,
        nested.text(value.wsfed, nested.WSFED) if value.wsfed else None,
        nested.text(value.bookmark, nested.BOOKMARK) if value.bookmark else None,
        nested.to_json(value.links),
        nested.to_json(value.annotations),
        value.updated_at,
        value.hand_off_opens_session,
        value.policy_id,
        nested.text(value.session_transfer, nested.SESSION_TRANSFER) if value.session_transfer else "",
    )


def signing_key(row: Row) -> StoredKey:
    return StoredKey(*(row[index] for index in range(11)))


def signing_key_values(value: StoredKey) -> Values:
    return dataclasses.astuple(value)


def trusted_origin(row: Row) -> TrustedOrigin:
    return TrustedOrigin(
        org_id=row[0], id=row[1], name=row[2], origin=row[3], scopes=frozenset(json.loads(row[4])), status=row[5]
    )


def trusted_origin_values(value: TrustedOrigin) -> Values:
    return (value.org_id, value.id, value.name, value.origin, nested.to_json(value.scopes), value.status)


# --- users -----------------------------------------------------------------------------------------------------------


def short_key(login_key: str) -> str:
    """The short name of a user: the part before ``@``."""
    return login_key.partition("@")[0]


def user(row: Row) -> User:
    return User(
        org_id=row[0],
        id=row[1],
        login=row[2],
        login_key=row[3],
        status=row[5],
        stamp=row[6],
        profile=json.loads(row[7]),
        password_hash=row[8],
        password_changed_at=row[9],
        limits_exempt=bool(row[10]),
        password_temporary=bool(row[11]),
        status_changed_at=row[12],
        activated_at=row[13],
        updated_at=row[14],
        created_at=row[15],
    )


def user_values(value: User) -> Values:
    return (
        value.org_id,
        value.id,
        value.login,
        value.login_key,
        short_key(value.login_key),
        value.status,
        value.stamp,
        nested.to_json(value.profile),
        value.password_hash,
        value.password_changed_at,
        value.limits_exempt,
        value.password_temporary,
        value.status_changed_at,
        value.activated_at,
        value.updated_at,
        value.created_at,
    )


def role_assignment(row: Row) -> RoleAssignment:
    return RoleAssignment(org_id=row[0], user_id=row[1], role=row[2], assigned_at=row[3])


def role_values(value: RoleAssignment) -> Values:
    return (value.org_id, value.user_id, value.role, value.assigned_at)


def subject(user: User, user_name: str | None, by_group: object, group_ids: object) -> Subject:
    """``user_name`` is None where no assignment names the user, ``by_group`` a flag of either engine, ``group_ids`` an
    array or its JSON text. What is for everyone is known from the application.
    """
    assigned = user_name is not None or bool(by_group)
    return Subject(user, assigned, frozenset(_ids(group_ids)), user_name or "")


# --- credentials -----------------------------------------------------------------------------------------------------


def _ids(value: Any) -> tuple[str, ...]:
    """Ids as PostgreSQL answers them (an array) or SQLite (JSON text)."""
    return tuple(json.loads(value) if isinstance(value, str) else value)


def find_partition(ident: str) -> int | None:
    """The partition of an id that came from outside, or None where it is no id and so names no row."""
    return partition_of(ident) if is_id(ident) else None


def credential(row: Row) -> Credential:
    return Credential(
        org_id=row[0],
        id=row[1],
        kind=row[2],
        issued_at=row[3],
        expires_at=row[4],
        user_id=row[5],
        user_stamp=row[6],
        parent_id=row[7],
        root_id=row[8],
        bind_path=_ids(row[9]),
        minted_by=row[10],
        app_id=row[11],
        target_app_id=row[12],
        domain=row[13],
        server_id=row[14],
        idle_expires_at=row[15],
        consumed_at=row[16],
        consumed_by=row[17],
        generation=row[18],
        epoch=row[19],
        data=json.loads(row[20]),
    )


# --- participations, foreign uses, attempts --------------------------------------------------------------------------


def participation(row: Row) -> Participation:
    return Participation(row[2], row[3], row[4], row[5], row[6])


def participation_values(org_id: str, partition: int, value: Participation) -> Values:
    return (
        org_id,
        partition,
        value.session_id,
        value.app_id,
        value.protocol,
        _seen(value.name_id),
        value.session_index,
    )


def foreign_key(kind: str, value: str) -> tuple[int, bytes]:
    """Partition and SHA-256 under which a foreign single-use value is remembered.

    The length of ``kind`` keeps two pairs from running together; ``surrogatepass`` gives any text a digest of its own.
    """
    digest = hashlib.sha256(f"{len(kind)}:{kind}{value}".encode("utf-8", "surrogatepass")).digest()
    return partition_for(digest.hex()), digest


def attempt_key(key: str) -> tuple[int, str]:
    """Partition and stored form of a key of :meth:`count_attempt`."""
    clean = _seen(key)
    return partition_for(clean), clean


# --- events ----------------------------------------------------------------------------------------------------------


def event(row: Row) -> Event:
    return Event(
        org_id=row[0],
        id=row[2],
        at=row[3],
        type=row[4],
        outcome=row[5],
        reason=row[6],
        actor_id=row[7],
        user_id=row[8],
        app_id=row[9],
        credential_id=row[10],
        domain=row[11],
        address=row[12],
        user_agent=row[13],
        request_id=row[14],
        count=row[15],
        detail=json.loads(row[16]),
    )


def event_values(value: Event) -> Values:
    return (
        value.org_id,
        partition_of(value.id),
        value.id,
        value.at,
        value.type,
        value.outcome,
        value.reason,
        value.actor_id,
        value.user_id,
        value.app_id,
        value.credential_id,
        value.domain,
        _seen(value.address),
        _seen(value.user_agent),
        _seen(value.request_id),
        value.count,
        nested.to_json(value.detail),
    )


def events_read(org_id: str, page: EventPage) -> tuple[bool, Values] | None:
    """What a statement that reads a stretch of the log is given; the flag says that it is the one about a user. None
    where the user is none of ours and so has no events."""
    start = page.after or ((page.until_at, "") if page.newest_first else (page.since_at, ""))
    end = page.since_at if page.newest_first else page.until_at
    values = (*start, end, page.limit)
    if page.user_id is None:
        return False, (org_id, *values)
    partition = find_partition(page.user_id)
    return None if partition is None else (True, (org_id, partition, page.user_id, *values))
