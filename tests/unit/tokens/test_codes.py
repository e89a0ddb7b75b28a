"""What an authorization code remembers, and what it hangs on."""

import os

import pytest

from segue.core.assurance import Assurance, Proof
from segue.core.clock import Source
from segue.core.secret import digest, new_id, partition_of, read_bearer
from segue.core.user import User
from segue.tokens.codes import CodeGrant, CodeIssue, mint_code, read_code

GRANT = CodeGrant(
    redirect_uri="https://web.example.net/cb",
    scopes=("openid", "email"),
    assurance=Assurance((Proof("password", "knowledge", ("pwd",), 1_000),)),
    session_id="102session",
    nonce="n",
    code_challenge="c",
    acr="one",
)
USER = User(new_id("00u", 77, 1, os.urandom), "00o", "ann", "ann", stamp=3)
ISSUE = CodeIssue(USER, "0oa", "aus", "id.example.com", 60_000, ("102parent", "102session"), "20troot")


def test_what_is_written_is_read_again():
    _, credential = mint_code(ISSUE, GRANT, source=Source(), now_at=2_000)
    assert read_code(credential.data) == GRANT


def test_the_credential():
    bearer, credential = mint_code(ISSUE, GRANT, source=Source(), now_at=2_000)
    assert read_bearer(bearer.text) == bearer
    assert partition_of(credential.id) == partition_of(USER.id)
    assert (credential.kind, credential.digest) == ("authorization_code", digest(bearer.secret))
    assert (credential.user_id, credential.user_stamp) == (USER.id, 3)
    assert credential.app_id == credential.target_app_id == "0oa"
    assert (credential.parent_id, credential.root_id) == ("102session", "20troot")
    assert credential.bind_path == ("102parent", "102session")
    assert (credential.domain, credential.server_id, credential.life_ms) == ("id.example.com", "aus", 60_000)
    assert bearer.secret not in repr(credential)


@pytest.mark.parametrize("data", [{}, {"redirect_uri": 1}, {"scopes": "openid"}])
def test_anything_else_is_refused(data: dict[str, object]):
    _, credential = mint_code(ISSUE, GRANT, source=Source(), now_at=2_000)
    with pytest.raises(ValueError, match="authorization code"):
        read_code({**credential.data, **data} if data else {})
