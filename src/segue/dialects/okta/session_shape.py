"""The session object of the sessions API."""

from segue.core.assurance import PASSWORD, from_data
from segue.core.credential import Credential
from segue.core.user import User
from segue.dialects.okta.names import SESSION, SESSION_REFRESH, USER_ME
from segue.dialects.okta.shapes import link, timestamp
from segue.stores import FactorStore
from segue.web.message import Request


def session_object(
    request: Request, session: Credential, user: User, *, of: str, mfa: bool, status: str = "ACTIVE"
) -> dict[str, object]:
    """``of`` names the session in its own links: its id, or ``me``. ``mfa`` says whether the user has a factor."""
    assurance = from_data(session.data["assurance"])
    ends = [at for at in (session.expires_at, session.idle_expires_at) if at is not None]
    knowledge = max((proof.verified_at for proof in assurance.proofs if proof.factor == PASSWORD), default=None)
    others = max((proof.verified_at for proof in assurance.proofs if proof.factor != PASSWORD), default=None)
    base = request.site.domain.base_url
    return {
        "id": session.id,
        "login": user.login,
        "userId": user.id,
        "expiresAt": timestamp(min(ends)),
        "createdAt": timestamp(session.issued_at),
        "status": status,
        "lastPasswordVerification": None if knowledge is None else timestamp(knowledge),
        "lastFactorVerification": None if others is None else timestamp(others),
        "amr": list(assurance.amr),
        "idp": {"id": session.org_id, "type": "OKTA"},
        "mfaActive": mfa,
        "_links": {
            "self": link(f"{base}{SESSION.format(id=of)}", "GET", "DELETE"),
            "refresh": link(f"{base}{SESSION_REFRESH.format(id=of)}", "POST"),
            "user": {"name": user.display_name, **link(f"{base}{USER_ME}", "GET", "POST")},
        },
    }


async def has_factor(store: FactorStore, user: User) -> bool:
    """Whether the user has any factor besides the password that is ready."""
    return any(factor.active for factor in await store.factors(user.org_id, user.id))
