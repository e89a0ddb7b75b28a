"""Taking a message out of its carrier; the hostile half is in tests/attacks/test_saml_input.py."""

from urllib.parse import parse_qs, quote_plus

import pytest
from tests.unit.protocols.saml.messages import (
    ECDSA_SHA256,
    authn_request,
    b64,
    deflated,
    ec_pair,
    redirect_query,
    rsa_pair,
)

from segue.core.refusal import Refusal
from segue.protocols.saml.binding import (
    MAX_RELAY_STATE_BYTES,
    RedirectMessage,
    inflate_message,
    open_redirect,
    post_message,
    read_relay_state,
)

REQUEST = authn_request(at=1_900_000_000_000)
RSA = rsa_pair("binding")


def test_what_is_deflated_comes_back() -> None:
    assert inflate_message(deflated(REQUEST)) == REQUEST.encode()


def test_what_is_posted_comes_back_with_or_without_line_breaks() -> None:
    text = b64(REQUEST)
    assert post_message(text) == REQUEST.encode()
    assert post_message("\r\n".join(text[i : i + 76] for i in range(0, len(text), 76))) == REQUEST.encode()


@pytest.mark.parametrize("relay_state", [None, "", "/deep?a=b&c", "ünï%26code + spaces", "x" * MAX_RELAY_STATE_BYTES])
def test_a_signed_query_is_verified_and_read(relay_state) -> None:
    message = open_redirect(redirect_query(RSA, deflated(REQUEST), relay_state), [rsa_pair("old").pem, RSA.pem])
    assert message == RedirectMessage(deflated(REQUEST), relay_state, signed=True)


def test_an_ecdsa_signature_is_verified() -> None:
    query = redirect_query(ec_pair("binding"), deflated(REQUEST), algorithm=ECDSA_SHA256)
    assert open_redirect(query, [RSA.pem, ec_pair("binding").pem]).signed


def test_the_order_of_parameters_and_those_of_others_do_not_matter() -> None:
    parameters = redirect_query(RSA, deflated(REQUEST)).split(b"&")
    query = b"&".join([b"sessionToken=20111", *reversed(parameters), b"RelayStat=1", b"empty", b"x=1&x=2"])
    assert open_redirect(query, [RSA.pem]).signed


def test_an_unsigned_query_is_read_and_called_unsigned() -> None:
    query = f"SAMLRequest={quote_plus(deflated(REQUEST))}&RelayState=a".encode()
    assert open_redirect(query, [RSA.pem]) == RedirectMessage(deflated(REQUEST), "a", signed=False)


def test_a_signature_that_nobody_can_check_counts_for_nothing() -> None:
    assert not open_redirect(redirect_query(RSA, deflated(REQUEST))).signed


def test_a_query_without_a_request_is_the_start_of_our_own_accord() -> None:
    assert open_redirect(b"RelayState=%2Fdeep&onetimetoken=00abc") == RedirectMessage(None, "/deep", signed=False)
    assert open_redirect(b"") == RedirectMessage(None, None, signed=False)


def test_the_encoding_may_be_named() -> None:
    deflate = quote_plus("urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE")
    query = redirect_query(RSA, deflated(REQUEST)) + f"&SAMLEncoding={deflate}".encode()
    assert open_redirect(query, [RSA.pem]).signed
    with pytest.raises(Refusal):
        open_redirect(redirect_query(RSA, deflated(REQUEST)) + b"&SAMLEncoding=none", [RSA.pem])


def test_values_are_those_under_the_signature() -> None:
    query = redirect_query(RSA, deflated(REQUEST), "a b+c%2B")
    assert open_redirect(query, [RSA.pem]).relay_state == parse_qs(query.decode())["RelayState"][0] == "a b+c%2B"


def test_relay_state_is_kept_as_it_is_up_to_its_limit() -> None:
    assert read_relay_state(None) is None
    assert read_relay_state("<é>") == "<é>"
    with pytest.raises(Refusal) as refused:
        read_relay_state("é" * (MAX_RELAY_STATE_BYTES // 2 + 1))
    assert refused.value.reason == "saml_message_malformed"


def test_a_refusal_explains_itself_without_repeating_the_message() -> None:
    with pytest.raises(Refusal) as refused:
        inflate_message("!!secret!!")
    failure = refused.value.verdict.failure
    assert failure is not None
    assert failure.mend
    assert "secret" not in repr(refused.value.verdict) + str(refused.value)
