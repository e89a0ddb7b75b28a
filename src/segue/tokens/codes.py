"""Authorization codes: what one remembers of the request that it answers.

Lineage. A code hangs on the browser session: its bind path is the session's, so a sign-out between authorization and
token request ends the code. An access token that the code gave hangs on the code alone: spending a code a second time
revokes the code's id and with it all it gave (RFC 6749 4.1.2), while a sign-out leaves tokens to their own lifetime,
as apps that work in the background expect. A token of a family that must end with the session binds to it as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from segue.core.assurance import Assurance, from_data, to_data
from segue.core.clock import Source
from segue.core.credential import Kind, NewCredential
from segue.core.secret import Bearer, new_bearer, partition_of
from segue.core.user import User

CODE_KINDS: Final[frozenset[Kind]] = frozenset({"authorization_code"})
_ID_PREFIX: Final = "cod"


@dataclass(frozen=True, slots=True)
class CodeGrant:
    """What a code stands for, apart from whose it is.

    ``code_challenge`` is the S256 challenge of RFC 7636, "" where the request sent none; ``nonce`` likewise. ``acr`` is
    the class that was asked for and met, "" where none was asked for.
    """

    redirect_uri: str
    scopes: tuple[str, ...]
    assurance: Assurance
    session_id: str
    nonce: str = ""
    code_challenge: str = ""
    acr: str = ""
    #: Thumbprint of the key that the code is bound to (RFC 9449 10); "" where the request named none.
    proof_key: str = ""
    #: The refresh token that the session came from to the browser; "" for a sign-in made there.
    transferred_from: str = ""


@dataclass(frozen=True, slots=True)
class CodeIssue:
    """Where a code comes from: whose sign-in, for which application, at which server and domain, for how long.

    ``session_path`` is the bind path of what ends with the session; ``root_id`` the root of the session's lineage.
    """

    user: User
    app_id: str
    server_id: str
    domain: str
    life_ms: int
    session_path: tuple[str, ...]
    root_id: str


def mint_code(issue: CodeIssue, grant: CodeGrant, *, source: Source, now_at: int) -> tuple[Bearer, NewCredential]:
    """A code and the credential to be written before it is given out.

    The application is its target: another one can neither spend nor burn it (OA-03).
    """
    bearer = new_bearer(_ID_PREFIX, partition_of(issue.user.id), now_at, source.random)
    credential = NewCredential(
        org_id=issue.user.org_id,
        id=bearer.id,
        kind="authorization_code",
        digest=bearer.digest,
        life_ms=issue.life_ms,
        user_id=issue.user.id,
        user_stamp=issue.user.stamp,
        parent_id=grant.session_id,
        root_id=issue.root_id,
        bind_path=issue.session_path,
        app_id=issue.app_id,
        target_app_id=issue.app_id,
        domain=issue.domain,
        server_id=issue.server_id,
        data={
            "redirect_uri": grant.redirect_uri,
            "scopes": list(grant.scopes),
            "assurance": to_data(grant.assurance),
            "session_id": grant.session_id,
            "nonce": grant.nonce,
            "code_challenge": grant.code_challenge,
            "acr": grant.acr,
            "proof_key": grant.proof_key,
            "transferred_from": grant.transferred_from,
        },
    )
    return bearer, credential


def read_code(data: Mapping[str, object]) -> CodeGrant:
    """What :func:`mint_code` wrote. Raises ValueError for anything else."""
    match data:
        case {
            "redirect_uri": str(redirect_uri),
            "scopes": list(scopes),
            "assurance": assurance,
            "session_id": str(session_id),
            "nonce": str(nonce),
            "code_challenge": str(code_challenge),
            "acr": str(acr),
        }:
            names = tuple(str(scope) for scope in scopes)
            key, transferred = str(data.get("proof_key", "")), str(data.get("transferred_from", ""))
            proved = from_data(assurance)
            return CodeGrant(redirect_uri, names, proved, session_id, nonce, code_challenge, acr, key, transferred)
    raise ValueError("an authorization code is kept with its redirect_uri, scopes, assurance, session and proofs")
