"""What the claims of a token mean, in a few words each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from segue.demo.times import readable

_TIMES: Final = frozenset({"exp", "iat", "nbf", "auth_time", "updated_at"})
_MEANINGS: Final[Mapping[str, str]] = {
    "acr": "how strong the sign-in was, as one value",
    "amr": "how the user signed in: pwd is a password",
    "at_hash": "half a hash of the access token: ties the two together",
    "aud": "whom the token is meant for",
    "auth_time": "when the user proved who they are",
    "azp": "the client that asked for the token",
    "c_hash": "half a hash of the code: ties the two together",
    "cid": "the client that asked for the token",
    "email": "the user's e-mail address",
    "email_verified": "whether the e-mail address was checked",
    "exp": "not valid any more from then on",
    "family_name": "the user's family name",
    "given_name": "the user's given name",
    "groups": "groups the user is in",
    "iat": "when the token was made",
    "idp": "who checked the user: this org",
    "iss": "who made the token",
    "jti": "the token's own id",
    "locale": "the user's language",
    "name": "the user's name",
    "nbf": "not valid before",
    "nonce": "what the client sent along: ties the token to its request",
    "preferred_username": "the name the user signs in with",
    "scp": "what the token allows",
    "sid": "the browser session it came from",
    "sub": "whom the token is about",
    "uid": "the user's id",
    "updated_at": "when the profile was last changed",
    "ver": "the version of this token's layout",
    "zoneinfo": "the user's time zone",
}


@dataclass(frozen=True, slots=True)
class Claim:
    name: str
    value: str
    meaning: str


def explained(claims: Mapping[str, object], now_s: float) -> list[Claim]:
    """The claims in their own order, times readable."""
    return [Claim(name, _text(name, value, now_s), _MEANINGS.get(name, "")) for name, value in claims.items()]


def _text(name: str, value: object, now_s: float) -> str:
    if name in _TIMES and isinstance(value, int | float) and not isinstance(value, bool):
        return readable(value, now_s)
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
