"""Which keys may sign, which certificates may verify, and the signature of the redirect binding."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.unit.protocols.saml.messages import ECDSA_SHA256, RSA_SHA1, RSA_SHA256, ec_pair, key_pair, raw_sign, rsa_pair

from segue.protocols.saml.keys import SignatureRefused, SigningKey, certificates_for, verify_detached


def test_a_signing_key_is_loaded_from_pem_and_chooses_its_algorithm() -> None:
    assert SigningKey.from_pem(rsa_pair("a").private_pem, rsa_pair("a").pem.encode()).algorithm == RSA_SHA256
    assert SigningKey.from_pem(ec_pair("a").private_pem, ec_pair("a").pem.encode()).algorithm == ECDSA_SHA256


def test_a_stronger_curve_takes_a_longer_hash() -> None:
    pair = key_pair(ec.generate_private_key(ec.SECP521R1()))
    assert SigningKey(pair.private_key, pair.certificate).algorithm.endswith("#ecdsa-sha512")


def test_the_private_key_is_not_in_the_repr() -> None:
    assert "private_key" not in repr(SigningKey(rsa_pair("a").private_key, rsa_pair("a").certificate))


def test_a_certificate_of_another_key_is_refused() -> None:
    with pytest.raises(ValueError, match="not for this private key"):
        SigningKey(rsa_pair("a").private_key, rsa_pair("b").certificate)


@pytest.mark.parametrize(
    ("weak", "why"),
    [
        (lambda: rsa.generate_private_key(65537, 1024), "2048"),
        (lambda: ec.generate_private_key(ec.SECP256K1()), "P-256"),
    ],
)
def test_a_weak_or_odd_key_does_not_sign(weak, why) -> None:
    pair = key_pair(weak())
    with pytest.raises(ValueError, match=why):
        SigningKey(pair.private_key, pair.certificate)


def test_a_dsa_key_does_not_sign() -> None:
    pem = dsa.generate_private_key(2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(ValueError, match="RSA or elliptic curve"):
        SigningKey.from_pem(pem, rsa_pair("a").pem.encode())


def test_only_certificates_that_fit_the_algorithm_are_tried() -> None:
    pems = [ec_pair("a").pem, rsa_pair("a").pem, rsa_pair("b").pem]
    found = certificates_for(RSA_SHA256, pems)
    assert found == [rsa_pair("a").certificate, rsa_pair("b").certificate]


@pytest.mark.parametrize("algorithm", [RSA_SHA1, "", None, "none", RSA_SHA256.upper(), RSA_SHA256 + " "])
def test_an_algorithm_off_the_list_is_refused(algorithm) -> None:
    with pytest.raises(SignatureRefused, match="not allowed"):
        certificates_for(algorithm, [rsa_pair("a").pem])


@pytest.mark.parametrize(
    ("pems", "why"),
    [
        ([], "fits"),
        (["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"], "cannot be read"),
        (["no certificate"], "cannot be read"),
        ([lambda: key_pair(rsa.generate_private_key(65537, 1024)).pem], "2048"),
    ],
)
def test_registered_certificates_that_are_no_use_are_refused(pems, why) -> None:
    with pytest.raises(SignatureRefused, match=why):
        certificates_for(RSA_SHA256, [pem() if callable(pem) else pem for pem in pems])


def test_a_detached_signature_verifies_with_any_registered_key() -> None:
    signature = raw_sign(rsa_pair("b"), b"octets")
    verify_detached(b"octets", signature, RSA_SHA256, [rsa_pair("a").pem, rsa_pair("b").pem])


def test_a_detached_ecdsa_signature_comes_in_both_forms() -> None:
    pair = ec_pair("a")
    verify_detached(b"octets", raw_sign(pair, b"octets"), ECDSA_SHA256, [pair.pem])
    der = pair.private_key.sign(b"octets", ec.ECDSA(hashes.SHA256()))
    verify_detached(b"octets", der, ECDSA_SHA256, [pair.pem])


@pytest.mark.parametrize("signature", [b"", b"\0" * 64, b"x" * 70, b"\xff" * 256])
@pytest.mark.parametrize("algorithm", [RSA_SHA256, ECDSA_SHA256])
def test_nonsense_is_no_signature(signature, algorithm) -> None:
    with pytest.raises(SignatureRefused):
        verify_detached(b"octets", signature, algorithm, [rsa_pair("a").pem, ec_pair("a").pem])


def test_another_key_or_other_octets_do_not_verify() -> None:
    signature = raw_sign(rsa_pair("a"), b"octets")
    with pytest.raises(SignatureRefused):
        verify_detached(b"octets", signature, RSA_SHA256, [rsa_pair("b").pem])
    with pytest.raises(SignatureRefused):
        verify_detached(b"octetz", signature, RSA_SHA256, [rsa_pair("a").pem])
