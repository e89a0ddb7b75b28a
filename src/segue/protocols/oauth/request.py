"""Reading an authorization request (RFC 6749 4.1.1, OIDC Core 3.1.2.1, RFC 7636 4.3): an endpoint as a table of rules.

Until client and redirect address are known to belong together, nothing may be sent anywhere: :func:`find_client` and
:func:`check_redirect` come first and their refusals are shown on a page of ours. From then on every refusal goes to the
client, in the mode it asked for. Rules only look; what they let pass is read off afterwards.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NoReturn, cast

from segue.core.application import Application, OidcClient
from segue.core.org import AuthorizationServer
from segue.core.refusal import Refusal
from segue.core.strict import Duplicate, Params
from segue.core.url import registered_redirect
from segue.core.verdict import Check, Verdict
from segue.policy.scopes import OPENID, ScopeDecision
from segue.protocols.oauth import scopes as scope_rules
from segue.protocols.oauth.dpop import is_thumbprint
from segue.protocols.oauth.errors import refusal
from segue.protocols.oauth.profile import OAuthProfile
from segue.protocols.oauth.response import ResponseMode, read_mode
from segue.stores import ConfigStore

RESPONSE_TYPES: Final[Mapping[frozenset[str], str]] = {
    frozenset(name.split()): name
    for name in ("code", "id_token", "code id_token", "code token", "id_token token", "code id_token token")
}
"""The response types that exist, by the set of their words, since their order does not matter (RFC 6749 3.1.1, OAuth
Multiple Response Types 5). The value is how a client registers one. An access token never comes alone: nothing would
tie it to the client it is for (RFC 9700 2.1.2).
"""

PROMPTS: Final = ("none", "login", "consent", "select_account")
_LATEST_MAX_AGE_S: Final = 2**31 - 1
_MOST_NONCE_BYTES: Final = 2048
_MOST_HINT_CHARS: Final = 256
_MAX_AGE: Final = re.compile(r"[0-9]{1,10}")
# RFC 7636 4.2: the base64url of a SHA-256, which has 43 characters and no padding.
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_ON_OTHER_TERMS: Final = {
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",
    "registration": "registration_not_supported",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """An authorization request on trial: what was sent, and what it is judged by. The redirect address is settled."""

    params: Params
    app: Application
    client: OidcClient
    server: AuthorizationServer
    profile: OAuthProfile
    redirect_uri: str

    def get(self, name: str) -> str:
        """The value of a parameter, "" where it is absent or empty (RFC 6749 3.1 takes both alike) or repeated."""
        values = self.params.all(name)
        return values[0] if len(values) == 1 else ""

    @property
    def words(self) -> frozenset[str]:
        """The words of ``response_type``; none where one stands there twice."""
        words = [word for word in self.get("response_type").split(" ") if word]
        return frozenset(words) if len(set(words)) == len(words) else frozenset()

    @property
    def prompts(self) -> tuple[str, ...]:
        return tuple(self.get("prompt").split())

    @property
    def mode(self) -> ResponseMode:
        """The response mode: the one asked for where it may be used, else the default of the response type.

        A token never travels in a query (F1-01), and what needs a web page needs a web address (OA-16).
        """
        asked = self.get("response_mode")
        default: ResponseMode = "fragment" if _carries_token(self.words) else "query"
        web = self.redirect_uri.startswith(("https://", "http://"))
        if asked == self.profile.post_message_mode and asked:
            return "post_message" if web else default
        if asked == "form_post":
            return "form_post" if web else default
        if asked == "fragment" or (asked == "query" and default == "query"):
            return cast("ResponseMode", asked)
        return default

    @property
    def scopes(self) -> ScopeDecision:
        # OIDC Core 11: offline access comes by a code or not at all.
        offline = "code" in self.words
        return scope_rules.decide(self.get("scope"), self.server, self.client, self.profile, offline=offline)

    @property
    def acr(self) -> str:
        """The first class of ``acr_values`` that we know; others are ignored (OIDC Core 3.1.2.1)."""
        return next((value for value in self.get("acr_values").split() if value in self.profile.acr_requirements), "")


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request that passed every rule.

    ``response_type`` is a value of RESPONSE_TYPES. ``subject`` is the ``sub`` that an ``id_token_hint`` named, "" where
    none came; ``acr`` the class asked for.
    """

    server_id: str
    redirect_uri: str
    response_type: str
    mode: ResponseMode
    state: str
    scopes: tuple[str, ...]
    nonce: str = ""
    code_challenge: str = ""
    acr: str = ""
    subject: str = ""
    proof_key: str = ""

    def gives(self, word: str) -> bool:
        """Whether the answer carries a ``code``, an ``id_token`` or an access ``token``."""
        return word in self.response_type.split()

    def to_parameters(self) -> dict[str, object]:
        """The JSON shape in which the request waits with the front door."""
        return {**{name: getattr(self, name) for name in self.__slots__}, "scopes": list(self.scopes)}


def from_parameters(parameters: Mapping[str, object]) -> AuthorizationRequest:
    """What :meth:`AuthorizationRequest.to_parameters` wrote. Raises ValueError for anything else."""
    match parameters:
        case {
            "server_id": str(server_id),
            "redirect_uri": str(redirect_uri),
            "response_type": str(response_type),
            "mode": str(mode),
            "state": str(state),
            "scopes": list(scopes),
            "nonce": str(nonce),
            "code_challenge": str(code_challenge),
            "acr": str(acr),
            "subject": str(subject),
        }:
            names = tuple(str(scope) for scope in scopes)
            return AuthorizationRequest(
                server_id,
                redirect_uri,
                response_type,
                read_mode(mode),
                state,
                names,
                nonce,
                code_challenge,
                acr,
                subject,
                str(parameters.get("proof_key", "")),
            )
    raise ValueError("not an authorization request of ours")


async def find_client(params: Params, config: ConfigStore, org_id: str) -> tuple[Application, OidcClient]:
    """The client a request names. Raises Refusal, for a page of ours (RFC 6749 4.1.2.1)."""
    client_id = _needed(params, "client_id")
    app = await config.application_by_client_id(org_id, client_id)
    if app is None or app.oidc is None or not app.active:
        seen = "no such application" if app is None else app.status
        check = Check("client_known", passed=False, expected="an active application", seen=seen, mend=_MEND_CLIENT)
        raise refusal("unauthorized_client", "No application is registered under this client_id.", check)
    return app, app.oidc


def check_redirect(params: Params, app: Application, client: OidcClient) -> str:
    """The redirect address, if it is one the client registered (OA-01). Raises Refusal, for a page of ours."""
    asked = _needed(params, "redirect_uri")
    if not registered_redirect(asked, client.redirect_uris, native=client.native):
        check = Check(
            "redirect_uri_registered",
            passed=False,
            expected=" ".join(client.redirect_uris),
            seen=asked[:512],
            mend="Register exactly this address for the application, or send one that is registered.",
        )
        raise refusal(
            "invalid_request", "The redirect_uri is not registered for this application.", check, app_id=app.id
        )
    return asked


def read(asked: Asked, *, subject: str = "") -> AuthorizationRequest:
    """The request, if it passes every rule. Raises Refusal, to be delivered to the client."""
    for rule in RULES:
        rule(asked)
    gives_code = "code" in asked.words
    return AuthorizationRequest(
        server_id=asked.server.id,
        redirect_uri=asked.redirect_uri,
        response_type=RESPONSE_TYPES[asked.words],
        mode=asked.mode,
        state=asked.get("state"),
        scopes=asked.scopes.granted,
        nonce=asked.get("nonce"),
        code_challenge=asked.get("code_challenge") if gives_code else "",
        acr=asked.acr,
        subject=subject,
        proof_key=asked.get("dpop_jkt") if gives_code else "",
    )


def max_age_s(asked: Asked) -> int | None:
    """``max_age`` in seconds, None where it was not sent. Call after :func:`read`."""
    return int(asked.get("max_age")) if asked.get("max_age") else None


def login_hint(asked: Asked) -> str:
    """A name to put into the sign-in form; one too long to be a name is left out, since a hint may be ignored."""
    hint = asked.get("login_hint")
    return hint if len(hint) <= _MOST_HINT_CHARS else ""


# --- the rules, in the order in which they are asked ---


def _no_repetition(asked: Asked) -> None:
    """RFC 6749 3.1: a parameter occurs once (OT-12)."""
    repeated = [name for name in asked.params.names() if len(asked.params.all(name)) > 1]
    if repeated:
        _refuse(asked, "invalid_request", "A parameter is given more than once.", "parameters_once", repeated[0])


def _response_type(asked: Asked) -> None:
    registered = RESPONSE_TYPES.get(asked.words)
    if not asked.get("response_type").strip(" "):
        _refuse(asked, "invalid_request", "The parameter response_type is missing.", "response_type")
    if registered is None or registered not in asked.client.response_types:
        text = "This application may not use that response_type."
        _refuse(asked, "unsupported_response_type", text, "response_type", asked.get("response_type"))
    if "code" in asked.words and "authorization_code" not in asked.client.grant_types:
        text = "This application may not use authorization codes."
        _refuse(asked, "unauthorized_client", text, "grant_type_allowed", " ".join(sorted(asked.client.grant_types)))


def _response_mode(asked: Asked) -> None:
    sent = asked.get("response_mode")
    if sent and sent not in ("query", "fragment", "form_post", asked.profile.post_message_mode):
        _refuse(asked, "unsupported_response_mode", "There is no such response_mode.", "response_mode", sent)
    named = "post_message" if sent == asked.profile.post_message_mode else sent
    if sent and asked.mode != named:
        text = "This response_mode cannot be used with the response_type or the redirect_uri."
        _refuse(asked, "invalid_request", text, "response_mode_fits", sent)


def _on_our_terms(asked: Asked) -> None:
    """OIDC Core 6.1, 6.2, 7.2.1: what cannot be honoured is named, since ignoring it would drop what it asks."""
    for name, code in _ON_OTHER_TERMS.items():
        if asked.get(name):
            _refuse(asked, code, f"The parameter {name} is not supported.", name)


def _state(asked: Asked) -> None:
    if asked.profile.state_required and not asked.get("state"):
        _refuse(asked, "invalid_request", "The parameter state is missing.", "state_present")


def _scope(asked: Asked) -> None:
    if not asked.get("scope") and not asked.profile.default_scope:
        _refuse(asked, "invalid_request", "The parameter scope is missing.", "scope_present")
    verdict = asked.scopes.verdict
    if not verdict.allowed:
        raise Refusal("invalid_scope", scope_rules.REFUSED, verdict, app_id=asked.app.id)
    if "id_token" in asked.words and OPENID not in asked.scopes.granted:
        _refuse(asked, "invalid_scope", "An ID token needs the scope openid.", "scope_openid")


def _hand_off(asked: Asked) -> None:
    """The scope that keeps a sign-in here comes by a code alone, and never with a sign-in that was handed over itself
    (OT-17)."""
    scope = asked.profile.hand_off_scope
    if not scope or scope not in asked.scopes.granted:
        return
    if asked.words != {"code"}:
        _refuse(asked, "invalid_scope", f"The scope {scope} comes by a code alone.", "hand_off_by_code", scope)
    carried = [slot.name for slot in asked.profile.ticket_slots if slot.signed and asked.get(slot.name)]
    if carried:
        text = f"The scope {scope} cannot be had together with {carried[0]}."
        _refuse(asked, "invalid_scope", text, "hand_off_not_nested", carried[0])


def _pkce(asked: Asked) -> None:
    """RFC 7636, RFC 9700 2.1.1: S256 alone, and never weaker than what the client needs (OA-04)."""
    if "code" not in asked.words:
        return
    challenge, method = asked.get("code_challenge"), asked.get("code_challenge_method")
    if not challenge and (method or asked.client.needs_pkce):
        _refuse(asked, "invalid_request", "The parameter code_challenge is missing.", "pkce_challenge_present")
    if challenge and method != "S256":  # RFC 7636 4.3: absent means plain
        _refuse(asked, "invalid_request", "The code_challenge_method has to be S256.", "pkce_method", method)
    if challenge and not _CHALLENGE.fullmatch(challenge):
        _refuse(asked, "invalid_request", "The code_challenge is not a SHA-256 in base64url.", "pkce_challenge_form")


def _proof_key(asked: Asked) -> None:
    """RFC 9449 10: the thumbprint of the key that the code will be redeemed with."""
    thumbprint = asked.get("dpop_jkt")
    if thumbprint and not is_thumbprint(thumbprint):
        _refuse(asked, "invalid_request", "The dpop_jkt is not a SHA-256 in base64url.", "proof_key_form")


def _nonce(asked: Asked) -> None:
    """OIDC Core 3.2.2.1: an ID token from this endpoint answers a nonce, or it could be replayed into another login."""
    nonce = asked.get("nonce")
    if "id_token" in asked.words and not nonce:
        _refuse(asked, "invalid_request", "The parameter nonce is missing.", "nonce_present")
    if len(nonce.encode()) > _MOST_NONCE_BYTES:
        _refuse(asked, "invalid_request", "The nonce is too long.", "nonce_length", f"{len(nonce)} characters")


def _prompt(asked: Asked) -> None:
    prompts = asked.prompts
    if not set(prompts) <= set(PROMPTS):
        _refuse(asked, "invalid_request", "The prompt is not one we know.", "prompt_known", " ".join(prompts))
    if "none" in prompts and len(prompts) > 1:
        _refuse(asked, "invalid_request", "The prompt none stands alone.", "prompt_alone", " ".join(prompts))


def _max_age(asked: Asked) -> None:
    text = asked.get("max_age")
    if text and (not _MAX_AGE.fullmatch(text) or int(text) > _LATEST_MAX_AGE_S):
        message = f"The parameter max_age is a number of seconds up to {_LATEST_MAX_AGE_S}."
        _refuse(asked, "invalid_request", message, "max_age", text)
    if text and int(text) == 0 and "none" in asked.prompts:
        message = "A fresh sign-in (max_age=0) and no prompt (prompt=none) cannot both be had."
        _refuse(asked, "invalid_request", message, "max_age_with_none", text)


RULES: Final[tuple[Callable[[Asked], None], ...]] = (
    _no_repetition,
    _response_type,
    _response_mode,
    _on_our_terms,
    _state,
    _scope,
    _hand_off,
    _pkce,
    _proof_key,
    _nonce,
    _prompt,
    _max_age,
)
"""Each asks one question and raises Refusal."""

_MEND_CLIENT: Final = "Use the client_id of an active application of this org, at this org's address."


def _carries_token(words: frozenset[str]) -> bool:
    return not words.isdisjoint({"id_token", "token"})


def _needed(params: Params, name: str) -> str:
    try:
        value = params.get(name)
    except Duplicate:
        check = Check("parameters_once", passed=False, expected="one value", seen=name, mend="Send it once.")
        raise Refusal(
            "invalid_request", f"The parameter {name} is given more than once.", Verdict((check,), rule="oauth")
        ) from None
    if not value:
        check = Check(f"{name}_present", passed=False, expected=name, seen="nothing", mend=f"Send {name}.")
        raise refusal("invalid_request", f"The parameter {name} is missing.", check)
    return value


def _refuse(asked: Asked, code: str, public: str, check: str, seen: str = "nothing") -> NoReturn:
    raise refusal(code, public, Check(check, passed=False, seen=seen[:256], mend=public), app_id=asked.app.id)
