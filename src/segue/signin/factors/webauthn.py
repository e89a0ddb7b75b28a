"""Security keys and platform authenticators: Web Authentication Level 3, as a second factor.

Answers are the members that a browser's credential has, in base64url or in padded base64, since clients differ:
``client_data`` (clientDataJSON) with ``attestation`` (attestationObject) for a new key, or with ``authenticator_data``
and ``signature`` for a known one.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
from webauthn.helpers import decode_credential_public_key, decoded_public_key_to_cryptography
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.options_to_json_dict import options_to_json_dict
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticationCredential,
    AuthenticatorAssertionResponse,
    AuthenticatorAttestationResponse,
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    RegistrationCredential,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from segue.core import strict
from segue.core.assurance import FactorKind, Worth
from segue.core.factor import FactorEnrollment, FactorType
from segue.core.org import Domain
from segue.core.refusal import Refusal
from segue.core.url import parse_web_url
from segue.signin.factors.factor import Accepted, Asked, FactorContext, Offer
from segue.signin.factors.refusals import bad_setup, expired, not_now, used_before, wrong_answer
from segue.signin.factors.sealed_secrets import STANDARD, SealedSecrets

CHALLENGE_BYTES: Final = 32
LIFE_MS: Final = 5 * 60_000

_ALGORITHMS = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
_MAX_CHARS = 24 * 1024  # of one member; an attestation with its certificates stays far below
_MAX_CLIENT_DATA = 4096
_MAX_CREDENTIAL_ID = 1023  # WebAuthn 7.1
_MAX_NAME_CHARS = 64
_TO_STANDARD = str.maketrans("-_", "+/")
_BEST: Final = Worth(phishing_resistant=True, hardware_protected=True, user_verified=True)

_T = TypeVar("_T")


class _NotVerified(Exception):
    """What came from the browser does not hold. The text is for operators."""


@dataclass(frozen=True, slots=True)
class WebAuthn:
    """The public key lies in the sealed secret, the signature counter is the enrolment's ``last_step``."""

    secrets: SealedSecrets
    type: FactorType = "webauthn"
    kind: FactorKind = "possession"
    best: Worth = _BEST
    providers: tuple[str, ...] = (STANDARD,)
    most: int = 10
    missing: str = ""

    async def enroll(self, context: FactorContext, provider: str, details: Mapping[str, str]) -> Offer:
        """``details`` may hold a ``name`` for the key. ``shown`` are ``options`` for navigator.credentials.create."""
        name = " ".join(details.get("name", "").split())
        if len(name) > _MAX_NAME_CHARS or not name.isprintable():
            raise bad_setup(context, f"A name has at most {_MAX_NAME_CHARS} characters that can be seen.")
        profile = {"name": name or "Security key", "rp_id": _rp_id(context)}
        enrollment = self.secrets.pending(context, self.type, provider, b"", profile)
        challenge = _new_challenge(context)
        return Offer(enrollment, shown=self.show(context, enrollment, challenge), challenge=challenge)

    async def activate(
        self,
        context: FactorContext,
        enrollment: FactorEnrollment,
        challenge: Mapping[str, object],
        answer: Mapping[str, str],
    ) -> Accepted:
        """Registration, WebAuthn 7.1. The enrolment gets the public key, the counter and the credential's id."""
        expected = _open_challenge(context, challenge)
        try:
            client_data = _client_data(answer)
            response = AuthenticatorAttestationResponse(client_data, _octets(answer, "attestation"))
            verified = _checked(
                lambda: verify_registration_response(
                    credential=RegistrationCredential("", b"", response),
                    expected_challenge=expected,
                    expected_rp_id=_rp_id(context),
                    expected_origin=_origin(context.domain),
                    supported_pub_key_algs=_ALGORITHMS,
                    require_user_verification=context.user_verified,
                )
            )
            _checked(lambda: _usable_key(verified.credential_public_key))
            if len(verified.credential_id) > _MAX_CREDENTIAL_ID:
                raise _NotVerified("the credential id is too long")
        except _NotVerified as problem:
            raise bad_setup(context, "This key could not be registered. Try again.", seen=str(problem)) from problem
        credential_id = _to_base64url(verified.credential_id)
        if credential_id in _credential_ids(context, enrollment):
            raise bad_setup(context, "This key is registered already.")
        synced = verified.credential_device_type != CredentialDeviceType.SINGLE_DEVICE
        profile = {**enrollment.profile, "credential_id": credential_id, "rp_id": _rp_id(context)}
        if synced:
            profile["synced"] = "yes"
        registered = self.secrets.changed(enrollment, verified.credential_public_key, profile)
        amr = _amr(verified.credential_device_type)
        active = replace(registered, status="active", last_step=verified.sign_count)
        return Accepted(enrollment=active, amr=amr, worth=_worth(verified))

    async def ask(self, context: FactorContext, enrollment: FactorEnrollment) -> Asked:
        challenge = _new_challenge(context)
        return Asked(challenge, self.show(context, enrollment, challenge))

    def show(
        self, context: FactorContext, enrollment: FactorEnrollment, challenge: Mapping[str, object]
    ) -> Mapping[str, object]:
        """``options`` for navigator.credentials.create (pending) or .get, in the JSON form of WebAuthn 5.1.8."""
        octets = _challenge_octets(context, challenge)
        return {
            "options": _creation(context, octets) if not enrollment.active else _request(context, enrollment, octets)
        }

    async def verify(
        self,
        context: FactorContext,
        enrollment: FactorEnrollment,
        challenge: Mapping[str, object],
        answer: Mapping[str, str],
    ) -> Accepted:
        """Authentication, WebAuthn 7.2. Raises Refusal ``factor_replayed`` where the counter did not move on."""
        expected = _open_challenge(context, challenge)
        _check_registered_here(context, enrollment)
        public_key = self.secrets.open(context, enrollment)
        try:
            client_data = _client_data(answer)
            response = AuthenticatorAssertionResponse(
                client_data, _octets(answer, "authenticator_data"), _octets(answer, "signature")
            )
            verified = _checked(
                lambda: verify_authentication_response(
                    credential=AuthenticationCredential("", b"", response),
                    expected_challenge=expected,
                    expected_rp_id=_rp_id(context),
                    expected_origin=_origin(context.domain),
                    credential_public_key=public_key,
                    require_user_verification=context.user_verified,
                    credential_current_sign_count=0,  # compared below, once the signature says whose counter it is
                )
            )
        except _NotVerified as problem:
            raise wrong_answer(context, enrollment, seen=str(problem)) from problem
        amr = _amr(verified.credential_device_type)
        return Accepted(_counted(context, enrollment, verified), amr=amr, worth=_worth(verified))


def _counted(context: FactorContext, enrollment: FactorEnrollment, verified: VerifiedAuthentication) -> int | None:
    """The step to record: the counter, or None of an authenticator that never counts (WebAuthn 7.2 step 22)."""
    counter = verified.new_sign_count
    if counter == 0 and enrollment.last_step == 0:
        return None
    if counter <= enrollment.last_step:
        raise used_before(context, enrollment, seen=f"counter {counter}: the key may have been copied")
    return counter


def _creation(context: FactorContext, challenge: bytes) -> dict[str, object]:
    known = [PublicKeyCredentialDescriptor(_from_base64url(text)) for text in _credential_ids(context, None)]
    options = generate_registration_options(
        rp_id=_rp_id(context),
        rp_name=context.org.name or context.domain.authority,
        user_name=context.user.login,
        user_id=context.user.id.encode(),
        user_display_name=context.user.display_name,
        challenge=challenge,
        timeout=LIFE_MS,
        attestation=AttestationConveyancePreference.NONE,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED,
            user_verification=_user_verification(context),
        ),
        exclude_credentials=known,
        supported_pub_key_algs=_ALGORITHMS,
    )
    return options_to_json_dict(options)


def _request(context: FactorContext, enrollment: FactorEnrollment, challenge: bytes) -> dict[str, object]:
    _check_registered_here(context, enrollment)
    credential_id = _from_base64url(enrollment.profile.get("credential_id", ""))
    options = generate_authentication_options(
        rp_id=_rp_id(context),
        challenge=challenge,
        timeout=LIFE_MS,
        allow_credentials=[PublicKeyCredentialDescriptor(credential_id)],
        user_verification=_user_verification(context),
    )
    return options_to_json_dict(options)


def _user_verification(context: FactorContext) -> UserVerificationRequirement:
    return UserVerificationRequirement.REQUIRED if context.user_verified else UserVerificationRequirement.PREFERRED


def _checked(verify: Callable[[], _T]) -> _T:
    """What the library says. It raises exceptions of its own for what it expects, and others (KeyError, TypeError …)
    for structures it does not: whatever it raises, nothing was verified."""
    try:
        return verify()
    except Exception as problem:
        cause = problem.__cause__ or problem
        raise _NotVerified(f"{type(cause).__name__}: {cause}"[:200]) from problem


def _usable_key(public_key: bytes) -> object:
    """The key as the library will use it: without a signature at registration, nobody has tried it yet."""
    return decoded_public_key_to_cryptography(decode_credential_public_key(public_key))


def _client_data(answer: Mapping[str, str]) -> bytes:
    """clientDataJSON, read once by the strict reader: the library's own forgives duplicate members.

    A page of another origin that embeds ours may not ask for a key (WebAuthn 7.1 step 10, 7.2 step 14).
    """
    octets = _octets(answer, "client_data")
    try:
        members = strict.read_json_object(octets, max_bytes=_MAX_CLIENT_DATA)
    except strict.Malformed as problem:
        raise _NotVerified(f"clientDataJSON: {problem}") from problem
    if members.get("crossOrigin", False) is not False:
        raise _NotVerified("asked for inside a page of another origin")
    if not all(isinstance(members.get(name), str) for name in ("type", "challenge", "origin")):
        raise _NotVerified("clientDataJSON lacks its type, challenge or origin")
    return octets


def _octets(answer: Mapping[str, str], name: str) -> bytes:
    text = answer.get(name, "")
    try:
        if not text:
            raise strict.Malformed("missing")
        if text.endswith("=") or "+" in text or "/" in text:
            return strict.read_base64(text.translate(_TO_STANDARD), max_chars=_MAX_CHARS)
        return strict.read_base64url(text, max_chars=_MAX_CHARS)
    except strict.Malformed as problem:
        raise _NotVerified(f"{name}: {problem}") from problem


def _new_challenge(context: FactorContext) -> dict[str, object]:
    circumstances = context.circumstances
    octets = circumstances.source.random(CHALLENGE_BYTES)
    return {"challenge": _to_base64url(octets), "expires_at": circumstances.now_at + LIFE_MS}


def _open_challenge(context: FactorContext, challenge: Mapping[str, object]) -> bytes:
    expires_at = challenge.get("expires_at")
    if not isinstance(expires_at, int) or context.circumstances.now_at >= expires_at:
        raise expired(context, seen="no challenge, or an old one")
    return _challenge_octets(context, challenge)


def _challenge_octets(context: FactorContext, challenge: Mapping[str, object]) -> bytes:
    text = challenge.get("challenge")
    if not isinstance(text, str):
        raise expired(context, seen="no challenge was made in this transaction")
    return _from_base64url(text)


def _credential_ids(context: FactorContext, but: FactorEnrollment | None) -> list[str]:
    """The credential ids the user has at this relying party."""
    rp_id = _rp_id(context)
    return [
        known.profile["credential_id"]
        for known in context.enrollments
        if known.type == "webauthn" and known.active and known != but and known.profile.get("rp_id") == rp_id
    ]


def _check_registered_here(context: FactorContext, enrollment: FactorEnrollment) -> None:
    registered = enrollment.profile.get("rp_id", "")
    if registered != _rp_id(context):
        raise not_now(context, "This key was registered under another address of ours.", seen=registered)


def _rp_id(context: FactorContext) -> str:
    """The domain's host without its port. Raises Refusal where it is an address: a relying party is a name."""
    host = parse_web_url(context.domain.base_url).host
    if host.startswith("[") or host.replace(".", "").isdecimal():
        raise _no_name(context, host)
    return host


def _no_name(context: FactorContext, host: str) -> Refusal:
    return not_now(context, "Security keys need a host name, and this address has none.", seen=host)


def _origin(domain: Domain) -> str:
    return parse_web_url(domain.base_url).origin


def _amr(device: CredentialDeviceType) -> tuple[str, ...]:
    """RFC 8176: a key that stays in its device, or one that is synchronised between several; the user touched it."""
    return ("hwk" if device == CredentialDeviceType.SINGLE_DEVICE else "swk", "user")


def _worth(verified: VerifiedAuthentication | VerifiedRegistration) -> Worth:
    """A key answers its own address alone, so no page of somebody else gets an answer of use. That it stays in its
    device is what the authenticator says of itself (WebAuthn 6.1.3): no attestation is asked for."""
    return Worth(
        phishing_resistant=True,
        hardware_protected=verified.credential_device_type == CredentialDeviceType.SINGLE_DEVICE,
        user_verified=verified.user_verified,
    )


def _to_base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def _from_base64url(text: str) -> bytes:
    return strict.read_base64url(text, max_chars=_MAX_CHARS)
