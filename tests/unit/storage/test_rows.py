"""What is written is read back, by either engine and by the release before or after."""

import dataclasses
import json
from types import MappingProxyType
from typing import Any

import pytest

from segue.core.application import Application, AppLink, Bookmark, OidcClient, SamlServiceProvider, WsFedRelyingParty
from segue.core.credential import NewCredential, Participation
from segue.core.factor import FactorEnrollment
from segue.core.org import AuthorizationServer, Domain, Group, Org, OrgSettings, PasswordRules, TrustedOrigin
from segue.core.requirement import Requirement
from segue.core.secret import new_id, partition_of
from segue.core.server import AccessPolicy, AccessRule, ServerClaim, ServerScope
from segue.core.user import User
from segue.events import Event
from segue.storage import factor_rows, group_rows, nested, rows, server_rows
from segue.storage.commit_rules import check_commit
from segue.stores import Advance, Commit, FactorStep, Guard, Renewal, StoredKey, Tombstone


def some_id(prefix: str, partition: int) -> str:
    return new_id(prefix, partition, 1_700_000_000_000, lambda size: bytes(size))


FULL_APPLICATION = Application(
    "app1",
    "org1",
    "mail",
    "Mail",
    "0oa1",
    status="inactive",
    oidc=OidcClient(
        "client1",
        redirect_uris=("https://a.example/cb", "https://b.example/cb"),
        post_logout_redirect_uris=("https://a.example/",),
        response_types=frozenset({"code", "id_token"}),
        grant_types=frozenset({"authorization_code", "refresh_token"}),
        authentication="client_secret_post",
        secret_digests=(bytes(range(32)), b"\xff" * 32),
        pkce_required=True,
        native=True,
        initiate_login_uri="https://a.example/login",
        id_token_algorithm="ES256",
    ),
    saml=SamlServiceProvider(
        "https://sp.example/metadata",
        ("https://sp.example/acs", "https://sp.example/acs2"),
        audience="aud",
        name_id_format="format",
        name_id_from="email",
        attributes=MappingProxyType({"mail": "email"}),
        want_signed_requests=True,
        certificates_pem=("PEM",),
        assertion_s=61,
        idp_entity_id="urn:idp",
    ),
    wsfed=WsFedRelyingParty(
        "urn:rp",
        ("https://rp.example/", "https://rp.example/wsfed"),
        token_type="saml11",
        audience="aud",
        name_id_format="format",
        name_id_from="email",
        attributes=MappingProxyType({"mail": "email"}),
        assertion_s=62,
        idp_entity_id="urn:idp",
    ),
    bookmark=Bookmark("https://wiki.example/"),
    links=(AppLink("1", "inbox", "Inbox", "/inbox"), AppLink("2", "calendar", "Calendar")),
    requirement=Requirement(2, 900, 1),
    home_authority="localhost:8080",
    everyone=True,
    when_other_user="ask",
)


FULL_SETTINGS = OrgSettings(
    lockout_attempts=3,
    lockout_s=4,
    session_idle_s=5,
    session_life_s=6,
    password_rules=PasswordRules(12, 90, 7),
    show_lockout=True,
    second_factor_groups=("g1", "g2"),
    factors=("totp", "sms"),
    remember_device_s=7,
    session_image=True,
    gateways=("192.0.2.0/24",),
    landing_links=(("a", "/b", "c"),),
)
FULL_FACTOR = FactorEnrollment(
    some_id("ufs", 9),
    "org1",
    some_id("usr", 9),
    "question",
    "standard",
    "active",
    b"\0sealed",
    7,
    {"question": "Wo wärst du?"},
    8,
    9,
)


FULL_SERVER = AuthorizationServer(
    "srv1",
    "org1",
    "n",
    "oauth2/default",
    "api://x",
    "ks",
    {
        "read": ServerScope("read", "scp1", "Reads", "Read", "flexible", default=True, published=False, optional=True),
        "plain": ServerScope("plain"),
    },
    1,
    2,
    3,
    "inactive",
    "What it is for",
    (
        ServerClaim("ocl1", "dept", "access", value="user.department"),
        ServerClaim(
            "ocl2", "groups", "identity", "groups", "a.*", "regex", frozenset({"read"}), always=False, status="inactive"
        ),
    ),
    (
        AccessPolicy(
            "00p1",
            "P",
            "d",
            frozenset({"web"}),
            (
                AccessRule("0pr1", "All"),
                AccessRule(
                    "0pr2",
                    "Some",
                    frozenset({"password"}),
                    frozenset({"00u1"}),
                    frozenset({"00g1"}),
                    everyone=False,
                    scopes=frozenset({"read"}),
                    access_token_s=301,
                    refresh_life_s=0,
                    refresh_idle_s=600,
                    status="inactive",
                    updated_at=7,
                ),
            ),
            "inactive",
            8,
        ),
    ),
    ("aus2",),
    "manual",
    9,
)


@pytest.mark.parametrize(
    ("value", "write", "read"),
    [
        (FULL_APPLICATION, rows.application_values, rows.application),
        (Application("app1", "org1", "n", "l", "k"), rows.application_values, rows.application),
        (Org("org1", "One", "inactive", FULL_SETTINGS), rows.org_values, rows.org),
        (Group("grp1", "org1", "People"), group_rows.group_values, group_rows.group),
        (FULL_FACTOR, factor_rows.factor_values, factor_rows.factor),
        (Domain("localhost:8080", "org1", "okta", "http"), rows.domain_values, rows.domain),
        (
            AuthorizationServer("srv1", "org1", "n", "oauth2/default", "api://x", "ks", {}, 1, 2, 3),
            server_rows.authorization_server_values,
            server_rows.authorization_server,
        ),
        (FULL_SERVER, server_rows.authorization_server_values, server_rows.authorization_server),
        (
            TrustedOrigin("to1", "org1", "n", "https://a.example", frozenset({"CORS", "REDIRECT"}), "inactive"),
            rows.trusted_origin_values,
            rows.trusted_origin,
        ),
        (
            StoredKey("org1", "ks", "kid", "RS256", "{}", "PEM", b"\0sealed", 1, 2, 3, 4),
            rows.signing_key_values,
            rows.signing_key,
        ),
        (
            User(
                "usr1", "org1", "Ann@X", "ann@x", "suspended", 4, {"firstName": "Ännchen"}, "$argon2", 5, True, 6, True
            ),
            rows.user_values,
            rows.user,
        ),
        (
            Event(
                some_id("evt", 9),
                "org1",
                5,
                "a.b",
                "refused",
                "why",
                "a",
                "b",
                "c",
                "d",
                detail={"deep": [1, {"x": None}]},
            ),
            rows.event_values,
            rows.event,
        ),
    ],
    ids=[
        "application",
        "bare application",
        "org",
        "group",
        "factor",
        "domain",
        "server",
        "full server",
        "origin",
        "key",
        "user",
        "event",
    ],
)
def test_what_is_written_is_read_back(value: Any, write: Any, read: Any) -> None:
    assert read(write(value)) == value


def test_participation_is_read_back() -> None:
    part = Participation(some_id("ses", 9), "app1", "saml", "ann@x", "_index")
    assert rows.participation(rows.participation_values("org1", 9, part)) == part


def test_every_writing_function_answers_in_the_order_of_its_columns() -> None:
    values = dict(zip(rows.USER_COLUMNS.split(", "), rows.user_values(User("u", "o", "L@x", "l@x")), strict=True))
    assert (values["id"], values["org_id"], values["login"], values["short_key"]) == ("u", "o", "L@x", "l")
    values = dict(zip(rows.APPLICATION_COLUMNS.split(", "), rows.application_values(FULL_APPLICATION), strict=True))
    assert (values["client_id"], values["external_key"], values["everyone"]) == ("client1", "0oa1", True)


@pytest.mark.parametrize(
    ("readers", "kind"),
    [
        (nested.SETTINGS, OrgSettings),
        (nested.PASSWORD_RULES, PasswordRules),
        (nested.WSFED, WsFedRelyingParty),
        (nested.BOOKMARK, Bookmark),
        (nested.APP_LINK, AppLink),
        (nested.REQUIREMENT, Requirement),
        (nested.OIDC, OidcClient),
        (nested.SAML, SamlServiceProvider),
    ],
)
def test_no_setting_is_forgotten(readers: nested.Readers, kind: Any) -> None:
    assert list(readers) == [field.name for field in dataclasses.fields(kind)]


def test_a_release_reads_what_its_neighbours_wrote() -> None:
    values = list(rows.application_values(FULL_APPLICATION))
    values[9] = json.dumps({"factors": 2, "invented_later": True})
    values[15] = json.dumps([{"id": "1", "name": "n", "label": "L", "invented_later": 1}])
    read = rows.application(values)
    assert (read.requirement, read.links) == (Requirement(2), (AppLink("1", "n", "L"),))
    settings = json.dumps({"password_rules": {"min_length": 9, "invented_later": True}})
    assert rows.org(("org1", "One", "active", settings)).settings == OrgSettings(password_rules=PasswordRules(9))


@pytest.mark.parametrize(
    ("text", "seen", "fits"),
    [("plain", "plain", True), ("Ä", "Ä", True), ("a\0b", "a?b", False), ("a\ud800b", "a?b", False)],
)
def test_text_that_no_column_holds(text: str, seen: str, fits: bool) -> None:
    assert rows.storable(text) is fits
    values = rows.event_values(Event(some_id("evt", 9), "org1", 1, "a.b", user_agent=text, detail={"said": text}))
    event = rows.event(values)
    assert event.user_agent == seen
    assert event.detail == {"said": text}
    assert values[-1].isascii()


def test_foreign_values_do_not_run_together() -> None:
    keys = {rows.foreign_key(*pair) for pair in [("ab", "c"), ("a", "bc"), ("", "abc"), ("1:a", "bc"), ("a", "\ud800")]}
    assert len(keys) == 5
    assert all(0 <= partition < 4096 and len(digest) == 32 for partition, digest in keys)


@pytest.mark.parametrize("ident", ["", "x", "tkt" + "z" * 17, "tkt" + "0" * 16 + "é", "'; DROP TABLE users"])
def test_what_is_no_id_has_no_partition(ident: str) -> None:
    assert rows.find_partition(ident) is None


def _commit(**parts: Any) -> Commit:
    return Commit("org1", 5, (), **parts)


def _factor(**changes: Any) -> FactorEnrollment:
    mine = dataclasses.replace(FULL_FACTOR, id=some_id("ufs", 5), user_id=some_id("usr", 5))
    return dataclasses.replace(mine, **changes)


def _credential(partition: int = 5, org_id: str = "org1", path: tuple[str, ...] = ()) -> NewCredential:
    return NewCredential(org_id, some_id("tkt", partition), "session_token", b"", 1, bind_path=path)


@pytest.mark.parametrize(
    "commit",
    [
        _commit(credentials=(_credential(6),)),
        _commit(credentials=(_credential(5, "org2"),)),
        _commit(credentials=(_credential(path=(some_id("ses", 6),)),)),
        _commit(tombstones=(Tombstone(some_id("ses", 6), "out"),)),
        _commit(participations=(Participation(some_id("ses", 6), "app1", "oidc"),)),
        _commit(guard=Guard("usr1", 1, live_ids=(some_id("ses", 6),))),
        _commit(renewal=Renewal(some_id("ses", 6), b"", b"", 1, {})),
        _commit(advance=Advance(some_id("stt", 6), b"", 0, 1, {})),
        _commit(factor_step=FactorStep(some_id("ufs", 6), some_id("usr", 5), 1)),
        _commit(factor_step=FactorStep(some_id("ufs", 5), some_id("usr", 6), 1)),
        _commit(factor_step=FactorStep(some_id("ufs", 5), some_id("usr", 5), 1, _factor(org_id="org2"))),
        Commit("org1", 5, (Event(some_id("evt", 5), "org2", 1, "a.b"),)),
    ],
)
def test_OT_05_a_commit_never_reaches_into_another_partition_or_org(commit: Commit) -> None:
    with pytest.raises(ValueError, match="touches one"):
        check_commit(commit)


@pytest.mark.parametrize("changes", [{"id": some_id("ufx", 5)}, {"user_id": some_id("usx", 5)}])
def test_AU_08_a_step_changes_its_own_factor_alone(changes: dict[str, str]) -> None:
    step = FactorStep(some_id("ufs", 5), some_id("usr", 5), 1, _factor(**changes))
    with pytest.raises(ValueError, match="that factor alone"):
        check_commit(_commit(factor_step=step))


def test_a_credential_takes_one_way_on_at_a_time() -> None:
    ident = some_id("ses", 5)
    both = _commit(renewal=Renewal(ident, b"", b"", 1, {}), advance=Advance(ident, b"", 0, 1, {}))
    with pytest.raises(ValueError, match="not both"):
        check_commit(both)


def test_a_factor_lies_with_its_user_and_its_event_in_its_org() -> None:
    event = Event(some_id("evt", 5), "org1", 1, "a.b")
    factor_rows.check_factor(_factor(), event)
    for wrong in ({"id": some_id("ufs", 6)}, {"user_id": some_id("usr", 6)}, {"org_id": "org2"}):
        with pytest.raises(ValueError, match=r"user's partition|one org"):
            factor_rows.check_factor(_factor(**wrong), event)


def test_a_commit_within_its_partition_passes() -> None:
    session = some_id("ses", 5)
    assert partition_of(session) == 5
    check_commit(
        _commit(
            credentials=(_credential(path=(session,)),),
            tombstones=(Tombstone(session, "out"),),
            guard=Guard("usr1", 1, live_ids=(session,)),
            renewal=Renewal(session, b"", b"", 1, {}),
            advance=Advance(some_id("stt", 5), b"", 0, 1, {}),
            factor_step=FactorStep(some_id("ufs", 5), some_id("usr", 5), None, _factor()),
        )
    )


@pytest.mark.parametrize("value", [float("nan"), object(), {1, 2}])
def test_what_has_no_json_form_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        nested.to_json({"x": value})
