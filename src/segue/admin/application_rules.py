"""What the protocol settings of an application have to satisfy. Each function raises Refusal ``invalid_value``."""

import re
from collections.abc import Collection, Mapping
from typing import Final

from cryptography import x509

from segue.admin.addresses import check_address, is_loopback
from segue.admin.change import invalid
from segue.admin.text import check_label, check_value
from segue.core.application import (
    Application,
    AppLink,
    Bookmark,
    OidcClient,
    SamlServiceProvider,
    WsFedRelyingParty,
)
from segue.core.url import BadUrl, check_redirect_registration, parse_web_url
from segue.tokens.client_keys import BadKey, read_key
from segue.tokens.keys import ALGORITHMS

MOST_ADDRESSES: Final = 100
_MOST_ENTRIES: Final = 64
_MOST_LINKS: Final = 20
_LINK_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_\-]{0,62}[A-Za-z0-9])?")
_TOKEN_TYPES: Final = frozenset({"saml20", "saml11"})
_ENTITY_ID_CHARS: Final = 1024  # SAML Core 8.3.6
_ASSERTION_S = range(30, 3601)
_GRACE_S: Final = range(61)
_REFRESH_LIFE_S: Final = range(600, 5 * 366 * 24 * 3600 + 1)
_AUTHENTICATIONS = frozenset({"client_secret_basic", "client_secret_post", "private_key_jwt", "none"})
_MOST_KEYS: Final = 10

# The grant type that each part of a response type stands for (RFC 7591 section 2.1, OIDC Registration section 2).
_GRANT_OF = {"code": "authorization_code", "id_token": "implicit", "token": "implicit"}
# A client is registered for each combination by itself: who may get a code may not for that get a token in a fragment.
_RESPONSE_TYPES = frozenset(
    {"code", "id_token", "code id_token", "code token", "id_token token", "code id_token token"}
)
_GRANT_TYPES = frozenset(
    {
        "authorization_code",
        "client_credentials",
        "implicit",
        "password",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:token-exchange",  # RFC 8693
    }
)


def grant_types() -> frozenset[str]:
    """The grant types that a client can be registered for."""
    return _GRANT_TYPES


def check_oidc(client: OidcClient, local_names: Collection[str] = ()) -> None:
    """The settings of an OpenID Connect client. ``local_names`` are more names of this machine."""
    if not 1 <= len(client.client_id) <= 128 or not all("!" <= char <= "~" for char in client.client_id):
        raise invalid("client_id", "The client id has 1 to 128 visible ASCII characters.")
    if client.authentication not in _AUTHENTICATIONS:
        raise invalid("authentication", f"A client authenticates by one of: {', '.join(sorted(_AUTHENTICATIONS))}.")
    if client.has_secret and not client.secret_digests:
        raise invalid("authentication", "A client that authenticates by a secret needs one: make a new secret.")
    _check_keys(client, local_names)
    _check_types(client)
    _check_refresh(client)
    _check_redirects("redirect_uris", client.redirect_uris, client, local_names)
    _check_redirects("post_logout_redirect_uris", client.post_logout_redirect_uris, client, local_names)
    _check_start(client.initiate_login_uri, local_names)
    if client.response_types and not client.redirect_uris:
        raise invalid("redirect_uris", "A client that is answered in the browser needs a redirect address.")


def _check_keys(client: OidcClient, local_names: Collection[str]) -> None:
    """The public keys that the client signs with."""
    if client.jwks and client.jwks_uri:
        raise invalid("jwks_uri", "Keys are given as jwks or by jwks_uri, not by both.")
    if client.authentication == "private_key_jwt" and not client.jwks and not client.jwks_uri:
        raise invalid("jwks", "A client that authenticates by private_key_jwt needs public keys, as jwks or jwks_uri.")
    if client.jwks_uri and check_address("jwks_uri", client.jwks_uri, local_names=local_names).fragment is not None:
        raise invalid("jwks_uri", "The address of the keys has no fragment.")
    if len(client.jwks) > _MOST_KEYS:
        raise invalid("jwks", f"A client has at most {_MOST_KEYS} keys.")
    try:
        kids = [read_key(jwk).kid for jwk in client.jwks]
    except BadKey as error:
        raise invalid("jwks", f"A key cannot be used: {error}.") from None
    if len(set(kids)) != len(kids):
        raise invalid("jwks", "Two keys have the same kid.")
    if client.dpop_bound_access_tokens and any("token" in each.split() for each in client.response_types):
        raise invalid("dpop_bound_access_tokens", "A token in an address cannot be bound to a key.")


def check_saml(provider: SamlServiceProvider, local_names: Collection[str] = ()) -> None:
    """The settings of a SAML service provider."""
    _check_entity_id("entity_id", provider.entity_id)
    if provider.idp_entity_id:
        _check_entity_id("idp_entity_id", provider.idp_entity_id)
    if provider.audience:
        _check_entity_id("audience", provider.audience)
    _check_count("acs_urls", provider.acs_urls, least=1)
    for address in provider.acs_urls:
        url = check_address("acs_urls", address, local_names=local_names)
        if url.fragment is not None:
            raise invalid("acs_urls", "An assertion consumer address has no fragment.", seen=address)
    _check_attributes(provider.attributes)
    _check_subject(provider.name_id_format, provider.name_id_from)
    _check_life(provider.assertion_s)
    _check_certificates(provider)


def check_wsfed(party: WsFedRelyingParty, local_names: Collection[str] = ()) -> None:
    """The settings of a WS-Federation relying party."""
    _check_entity_id("realm", party.realm)
    if party.idp_entity_id:
        _check_entity_id("idp_entity_id", party.idp_entity_id)
    if party.audience:
        _check_entity_id("audience", party.audience)
    _check_count("reply_urls", party.reply_urls, least=1)
    for address in party.reply_urls:
        if check_address("reply_urls", address, local_names=local_names).fragment is not None:
            raise invalid("reply_urls", "A reply address has no fragment.", seen=address)
    if party.token_type not in _TOKEN_TYPES:
        raise invalid("token_type", f"The token is one of: {', '.join(sorted(_TOKEN_TYPES))}.")
    _check_attributes(party.attributes)
    _check_subject(party.name_id_format, party.name_id_from)
    _check_life(party.assertion_s)


def check_bookmark(bookmark: Bookmark, local_names: Collection[str] = ()) -> None:
    """The address that a bookmark leads to."""
    check_address("url", bookmark.url, local_names=local_names)


def check_links(app: Application, local_names: Collection[str] = ()) -> None:
    """The named links of an application. A bookmark's link may lead to an address of its own."""
    if len(app.links) > _MOST_LINKS:
        raise invalid("links", f"An application has at most {_MOST_LINKS} links.")
    if len({part for link in app.links for part in {link.id, link.name}}) != sum(
        len({link.id, link.name}) for link in app.links
    ):
        raise invalid("links", "Two links of an application have the same name.")
    for link in app.links:
        _check_link(app, link, local_names)


def _check_link(app: Application, link: AppLink, local_names: Collection[str]) -> None:
    if not _LINK_NAME.fullmatch(link.name) or not _LINK_NAME.fullmatch(link.id):
        raise invalid("links", "The name of a link has 1 to 64 letters, digits, - and _, and is part of its address.")
    check_label("links", link.label)
    if app.bookmark is not None and link.target:
        check_address("links", link.target, local_names=local_names)
    else:
        check_value("links", link.target)


def _check_attributes(attributes: Mapping[str, str]) -> None:
    if len(attributes) > _MOST_ENTRIES:
        raise invalid("attributes", f"At most {_MOST_ENTRIES} attributes are sent.")
    for name, source in attributes.items():
        if not name or not source:
            raise invalid("attributes", "An attribute has a name, and a profile field that it is taken from.")
        check_value("attributes", name)
        check_value("attributes", source)


def _check_subject(name_id_format: str, name_id_from: str) -> None:
    for value in (name_id_format, name_id_from):
        if not value:
            raise invalid("name_id_format", "The NameID has a format, and a profile field that it is taken from.")
        check_value("name_id_format", value)


def _check_life(assertion_s: int) -> None:
    if assertion_s not in _ASSERTION_S:
        raise invalid("assertion_s", f"An assertion is valid for {_ASSERTION_S[0]} to {_ASSERTION_S[-1]} seconds.")


def _check_start(address: str, local_names: Collection[str]) -> None:
    """The address that starts a client's own sign-in (OIDC Core 4), where it has one."""
    if address and check_address("initiate_login_uri", address, local_names=local_names).fragment is not None:
        raise invalid("initiate_login_uri", "The address that starts a sign-in has no fragment.")


def _check_types(client: OidcClient) -> None:
    if not client.response_types <= _RESPONSE_TYPES:
        raise invalid("response_types", f"Response types are: {', '.join(sorted(_RESPONSE_TYPES))}.")
    if client.id_token_algorithm not in ALGORITHMS:
        raise invalid("id_token_algorithm", f"ID tokens are signed by one of: {', '.join(ALGORITHMS)}.")
    if not client.grant_types <= _GRANT_TYPES:
        raise invalid("grant_types", f"Grant types are: {', '.join(sorted(_GRANT_TYPES))}.")
    if client.public and "client_credentials" in client.grant_types:
        raise invalid("grant_types", "client_credentials needs a client that can prove who it is.")
    for response_type in sorted(client.response_types):
        needed = {_GRANT_OF[part] for part in response_type.split()}
        if not needed <= client.grant_types:
            raise invalid(
                "grant_types",
                f"The response type {response_type} needs the grant type {' and '.join(sorted(needed))}.",
            )


def _check_refresh(client: OidcClient) -> None:
    if client.refresh_rotation not in ("rotate", "static"):
        raise invalid("refresh_rotation", "Refresh tokens are one of: rotate, static.")
    if client.refresh_rotation == "static" and client.public:
        # RFC 9700 2.2.2: nothing else would show that a token of a client without a secret was stolen.
        raise invalid("refresh_rotation", "The refresh tokens of a client without a secret change with every use.")
    if client.refresh_grace_s not in _GRACE_S:
        raise invalid("refresh_grace_s", f"The grace period is 0 to {_GRACE_S.stop - 1} seconds.")
    for name, seconds in (("refresh_life_s", client.refresh_life_s), ("refresh_idle_s", client.refresh_idle_s)):
        if seconds not in _REFRESH_LIFE_S:
            raise invalid(name, "A refresh token works for ten minutes at least and for five years at most.")


def _check_redirects(field: str, addresses: Collection[str], client: OidcClient, local_names: Collection[str]) -> None:
    _check_count(field, addresses)
    for address in addresses:
        try:
            check_redirect_registration(address, native=client.native, allow_http=_is_local(address, local_names))
        except BadUrl as error:
            raise invalid(field, f"A redirect address cannot be used: {error}.", seen=address[:256]) from None


def _is_local(address: str, local_names: Collection[str]) -> bool:
    try:
        return is_loopback(parse_web_url(address).host, local_names)
    except BadUrl:
        return False


def _check_count(field: str, addresses: Collection[str], *, least: int = 0) -> None:
    if not least <= len(addresses) <= MOST_ADDRESSES:
        raise invalid(field, f"{field} holds {least} to {MOST_ADDRESSES} addresses.")
    if len(set(addresses)) != len(addresses):
        raise invalid(field, f"{field} names an address twice.")


def _check_entity_id(field: str, text: str) -> None:
    """A URI of at most 1,024 characters; partners write all kinds, so no more is asked than that it stays one word."""
    if not 1 <= len(text) <= _ENTITY_ID_CHARS or not all("!" <= char <= "~" for char in text):
        raise invalid(field, f"The {field} is a URI of at most {_ENTITY_ID_CHARS} characters, without spaces.")


def _check_certificates(provider: SamlServiceProvider) -> None:
    if provider.want_signed_requests and not provider.certificates_pem:
        raise invalid("certificates_pem", "Signed requests can be asked for once there is a certificate to check them.")
    if len(provider.certificates_pem) > _MOST_ENTRIES:
        raise invalid("certificates_pem", f"At most {_MOST_ENTRIES} certificates are kept.")
    for pem in provider.certificates_pem:
        try:
            x509.load_pem_x509_certificate(pem.encode())
        except ValueError:
            raise invalid("certificates_pem", "A certificate is not an X.509 certificate in PEM form.") from None
