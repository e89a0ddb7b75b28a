"""Refresh tokens as values: their shape, how one stands in its family, and how a child is kept."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.core.assurance import Assurance, Proof
from segue.core.clock import Source
from segue.core.credential import Credential
from segue.core.sealing import SealBroken
from segue.core.secret import new_id
from segue.core.user import User
from segue.tokens.refresh import (
    FamilyIssue,
    RefreshGrant,
    RefreshToken,
    child_of,
    mint_family,
    read_family,
    read_refresh_token,
    rotate,
    standing,
)

NOW = 1_790_000_000_000
SOURCE = Source()
USER = User(new_id("00u", 7, NOW, os.urandom), "00o1", "ann@example.com", "ann@example.com", stamp=3)
GRANT = RefreshGrant(
    scopes=("openid", "offline_access"),
    assurance=Assurance((Proof("password", "knowledge", ("pwd",), NOW - 5),)),
    session_id="102session",
    acr="two",
    kept={"backend": "session"},
)
ISSUE = FamilyIssue(USER, "0oa1", "aus1", "id.example.com", 1000, 100, "cod1", "102root", ("cod1",))


def family() -> tuple[RefreshToken, Credential]:
    token, new = mint_family(ISSUE, GRANT, source=SOURCE, now_at=NOW)
    return token, stored(new.data, new.id)


def stored(data: Any, ident: str, generation: int = 0) -> Credential:
    """As it comes back from a database, through JSON."""
    plain = json.loads(json.dumps(dict(data)))
    return Credential("00o1", ident, "refresh_token", NOW, NOW + 1000, generation=generation, data=plain)


def rotated(token: RefreshToken, credential: Credential, now_at: int = NOW) -> tuple[RefreshToken, Credential]:
    child, advance = rotate(credential, token, idle_ms=100, source=SOURCE, now_at=now_at)
    assert (advance.id, advance.digest) == (token.family.id, token.family.digest)
    assert (advance.from_generation, advance.life_ms, advance.idle_ms) == (credential.generation, None, 100)
    return child, stored(advance.data, credential.id, credential.generation + 1)


def test_a_family_is_a_credential_of_its_user() -> None:
    token, new = mint_family(ISSUE, GRANT, source=SOURCE, now_at=NOW)
    assert new.id == token.family.id
    assert new.digest == token.family.digest
    assert (new.kind, new.user_id, new.user_stamp, new.app_id) == ("refresh_token", USER.id, 3, "0oa1")
    assert (new.parent_id, new.root_id, new.bind_path) == ("cod1", "102root", ("cod1",))
    assert (new.life_ms, new.idle_ms, new.domain, new.server_id) == (1000, 100, "id.example.com", "aus1")
    assert read_family(stored(new.data, new.id).data).grant == GRANT


def test_without_a_parent_it_is_a_root() -> None:
    _, new = mint_family(replace(ISSUE, parent_id=None, root_id=None, bind_path=()), GRANT, source=SOURCE, now_at=NOW)
    assert (new.parent_id, new.root_id) == (None, new.id)


def test_what_is_stored_holds_no_secret() -> None:
    token, credential = family()
    child, moved = rotated(token, credential)
    for text in map(repr, (credential, moved, token, child)):
        assert token.generation not in text
        assert child.generation not in text
        assert token.family.secret not in text


def test_a_token_is_read_back_whole() -> None:
    token, _ = family()
    assert read_refresh_token(token.text) == token
    assert len(token.text) == 20 + 1 + 43 + 1 + 43


@given(st.text(max_size=120))
def test_OA_20_nothing_else_is_a_token(text: str) -> None:
    assert read_refresh_token(text) is None


BENT: dict[str, Callable[[str], str]] = {
    "longer": lambda text: text + "a",
    "shorter": lambda text: text[:-1],
    "space before": lambda text: " " + text,
    "line end": lambda text: text + "\n",
    "two dots": lambda text: text.replace(".", "..", 1),
    "dot after": lambda text: text + ".",
    "without a generation": lambda text: text.rpartition(".")[0],
    "another alphabet": lambda text: text[:-1] + "-",
    "one part more": lambda text: f"{text}.{'a' * 43}",
}


@pytest.mark.parametrize("name", BENT)
def test_OA_20_a_truncated_or_padded_token_is_none(name: str) -> None:
    assert read_refresh_token(BENT[name](family()[0].text)) is None


def test_OA_06_how_a_token_stands() -> None:
    token, credential = family()
    assert standing(read_family(credential.data), token, grace_ms=0, now_at=NOW) == "current"
    child, moved = rotated(token, credential)
    now = read_family(moved.data)
    assert standing(now, child, grace_ms=0, now_at=NOW + 10**9) == "current"
    assert standing(now, token, grace_ms=30, now_at=NOW + 29) == "repeated"
    assert standing(now, token, grace_ms=30, now_at=NOW + 30) == "reused"
    assert standing(now, token, grace_ms=0, now_at=NOW) == "reused"
    grandchild, latest = rotated(child, moved)
    at = read_family(latest.data)
    assert standing(at, token, grace_ms=30, now_at=NOW) == "reused"
    assert standing(at, child, grace_ms=30, now_at=NOW) == "repeated"
    assert standing(at, grandchild, grace_ms=30, now_at=NOW) == "current"


def test_OA_06_before_the_first_rotation_no_other_token_is_repeated() -> None:
    token, credential = family()
    other = RefreshToken(token.family, "0" * 43)
    assert standing(read_family(credential.data), other, grace_ms=10**15, now_at=NOW) == "reused"


def test_OA_06_the_child_is_the_same_and_opens_to_its_parent_alone() -> None:
    token, credential = family()
    child, moved = rotated(token, credential)
    assert child_of(moved, token) == child
    for wrong in (child, RefreshToken(token.family, "0" * 43)):
        with pytest.raises(SealBroken):
            child_of(moved, wrong)
    with pytest.raises(SealBroken):  # put into another generation of the row
        child_of(replace(moved, generation=2), token)


@pytest.mark.parametrize("missing", ["scopes", "assurance", "kept", "current", "rotated_at", "child"])
def test_other_data_is_refused(missing: str) -> None:
    _, credential = family()
    with pytest.raises(ValueError, match="refresh token"):
        read_family({name: value for name, value in credential.data.items() if name != missing})
