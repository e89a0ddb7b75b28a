"""Hostile queries: row SA-07 of the threat model, the signature of the HTTP-Redirect binding."""

from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.attacks.hostile_saml import CERTIFICATES, EVIL, NOW, SP_KEYS, STRANGER, refused
from tests.unit.protocols.saml.messages import (
    ECDSA_SHA256,
    HMAC_SHA256,
    RSA_SHA1,
    RSA_SHA256,
    authn_request,
    b64,
    deflated,
    raw_sign,
    redirect_query,
)

from segue.core.refusal import Refusal
from segue.protocols.saml.binding import open_redirect
from segue.protocols.saml.request import AuthnRequest, read_redirect

GOOD = authn_request(at=NOW)
QUERY = redirect_query(SP_KEYS, deflated(GOOD), "/deep?a=b&c")
PARTS = dict(part.split("=", 1) for part in QUERY.decode().split("&"))
OTHER_REQUEST = quote_plus(deflated(authn_request(at=NOW, issuer=EVIL)))


def query_of(**changes: str | None) -> bytes:
    parts = PARTS | changes
    return "&".join(f"{name}={value}" for name, value in parts.items() if value is not None).encode()


def signed_over(octets: str, pair=SP_KEYS, algorithm: str = RSA_SHA256) -> str:
    return quote_plus(b64(raw_sign(pair, octets.encode(), algorithm)))


def lower_case_escapes(text: str) -> str:
    return "%".join(piece if at == 0 else piece[:2].lower() + piece[2:] for at, piece in enumerate(text.split("%")))


def pollution() -> Iterator[tuple[str, bytes]]:
    other = {"SAMLRequest": OTHER_REQUEST, "RelayState": "%2Fevil", "SigAlg": quote_plus(RSA_SHA1), "Signature": "AAAA"}
    for name, value in PARTS.items():
        yield f"{name} twice the same", QUERY + f"&{name}={value}".encode()
        yield f"{name} twice, the other last", QUERY + f"&{name}={other[name]}".encode()
        yield f"{name} twice, the other first", f"{name}={other[name]}&".encode() + QUERY
        yield f"{name} twice, once empty", QUERY + f"&{name}=".encode()
        yield f"{name} twice, once without a value", QUERY + f"&{name}".encode()
        yield f"{name} again behind an escape", QUERY + f"&%{ord(name[0]):02X}{name[1:]}={other[name]}".encode()
        yield f"{name} only behind an escape", QUERY.replace(name.encode(), f"%{ord(name[0]):02X}{name[1:]}".encode())
        yield f"{name} emptied", query_of(**{name: ""})
        yield f"{name} changed", query_of(**{name: other[name]})
        yield f"{name} removed", query_of(**{name: None})
        yield f"{name} with a space", query_of(**{name: value + "+"})
        yield f"{name} with another spelling", query_of(**{name: "".join(f"%{ord(c):02X}" for c in "A") + value})
    yield "escapes in lower case", query_of(**{name: lower_case_escapes(value) for name, value in PARTS.items()})
    yield "escapes of what needs none", query_of(RelayState=PARTS["RelayState"].replace("deep", "d%65ep"))
    plain = f"SAMLRequest={deflated(GOOD)}&RelayState=/deep?a=b&c&SigAlg={RSA_SHA256}"
    yield "signed over decoded values", query_of(Signature=signed_over(plain))
    turned = f"RelayState={PARTS['RelayState']}&SAMLRequest={PARTS['SAMLRequest']}&SigAlg={PARTS['SigAlg']}"
    yield "signed in another order", query_of(Signature=signed_over(turned))
    short = f"SAMLRequest={PARTS['SAMLRequest']}&SigAlg={PARTS['SigAlg']}"
    yield "signed without the relay state", query_of(Signature=signed_over(short))
    yield "signed without the algorithm", query_of(Signature=signed_over(short.rpartition("&")[0]))
    empty = f"SAMLRequest={PARTS['SAMLRequest']}&RelayState=&SigAlg={PARTS['SigAlg']}"
    yield "signed over an empty relay state", query_of(RelayState=None, Signature=signed_over(empty))
    yield "signed by a stranger", redirect_query(STRANGER, deflated(GOOD))
    yield "signed with SHA-1", redirect_query(SP_KEYS, deflated(GOOD), algorithm=RSA_SHA1)
    yield "signed with the certificate", redirect_query(SP_KEYS, deflated(GOOD), algorithm=HMAC_SHA256)
    yield "another algorithm named", query_of(SigAlg=quote_plus(ECDSA_SHA256))
    yield "no algorithm named", query_of(SigAlg="none")
    yield (
        "signature in the url alphabet",
        query_of(Signature=PARTS["Signature"].replace("%2B", "-").replace("%2F", "_")),
    )
    yield "signature and more", query_of(Signature=PARTS["Signature"] + "AAAA")
    yield "a response beside the request", QUERY + b"&SAMLResponse=" + OTHER_REQUEST.encode()
    yield "a response before the request", b"SAMLResponse=" + OTHER_REQUEST.encode() + b"&" + QUERY
    yield "an artifact beside the request", QUERY + b"&SAMLart=AAQ"
    yield "another encoding", QUERY + b"&SAMLEncoding=urn%3Anone"
    yield "a bad escape", QUERY + b"&x=%zz"
    yield "a nul", QUERY + b"&x=%00"
    yield "a value that is not UTF-8", QUERY + b"&x=%ff"
    yield "an octet that is not ASCII", QUERY + b"&x=\xc3\xa9"
    yield "a flood of parameters", QUERY + b"&x=1" * 100
    yield "a long relay state", redirect_query(SP_KEYS, deflated(GOOD), "x" * 2049)


POLLUTION = dict(pollution())


def read_query(query: bytes) -> AuthnRequest:
    message = open_redirect(query, CERTIFICATES)
    assert message.saml_request is not None
    return read_redirect(message.saml_request, signed=message.signed)


@pytest.mark.parametrize("query", POLLUTION.values(), ids=POLLUTION)
def test_SA_07_a_polluted_query_is_refused(query) -> None:
    assert query != QUERY
    assert refused(lambda: read_query(query)).reason in ("saml_message_malformed", "saml_signature_invalid")


def test_SA_07_the_matrix_is_large_and_made_from_a_good_query() -> None:
    assert len(POLLUTION) >= 40
    assert read_query(QUERY).signed


def test_SA_07_a_query_signed_with_lower_case_escapes_is_verified_as_it_stands() -> None:
    """The signature covers the octets, not what we would have written."""
    octets = lower_case_escapes(QUERY.decode().rpartition("&")[0])
    query = f"{octets}&Signature={signed_over(octets)}".encode()
    assert b"%2f" in query
    assert open_redirect(query, CERTIFICATES).signed
    spaced = f"SAMLRequest={PARTS['SAMLRequest']}&RelayState={quote('a b')}&SigAlg={PARTS['SigAlg']}"
    message = open_redirect(f"{spaced}&Signature={signed_over(spaced)}".encode(), CERTIFICATES)
    assert (message.signed, message.relay_state) == (True, "a b")


@pytest.mark.parametrize("certificates", [(), CERTIFICATES])
def test_SA_07_a_signature_of_nothing_is_refused(certificates) -> None:
    for query in (query_of(SAMLRequest=None), query_of(SAMLRequest=None, Signature=None), query_of(SigAlg=None)):
        assert "incomplete" in str(refused(lambda query=query: open_redirect(query, certificates)).verdict)


@given(st.binary(max_size=80), st.integers(0, len(QUERY)))
def test_SA_07_any_query_is_read_or_refused(data, at) -> None:
    for query in (data, QUERY[:at] + data + QUERY[at:]):
        try:
            message = open_redirect(query, CERTIFICATES)
        except Refusal:
            continue
        if message.signed:  # then only something that is not ours was added
            assert (message.saml_request, message.relay_state) == (deflated(GOOD), "/deep?a=b&c")
