"""What somebody typed, read and shown again."""

import pytest

from segue.console import app_forms
from segue.console.forms import Form, check_seen, choice, failed, lines, number, required
from segue.core.application import OidcClient, SamlServiceProvider
from segue.core.refusal import Refusal
from segue.core.strict import Params
from segue.core.verdict import Check, Verdict


def values(**given: str | tuple[str, ...]) -> Params:
    pairs = []
    for name, value in given.items():
        pairs += [(name, one) for one in ((value,) if isinstance(value, str) else value)]
    return Params(tuple(pairs))


def test_a_fresh_form_shows_what_is_known() -> None:
    form = Form()
    assert form.text("name", "Ann") == "Ann"
    assert form.text("name", None) == ""
    assert form.chosen("scopes", "CORS", known=True)
    assert not form.chosen("scopes", "CORS")


def test_a_form_that_failed_shows_what_was_typed() -> None:
    check = Check("origin", passed=False, mend="Use https.")
    refusal = Refusal("invalid_value", "It uses https.", Verdict((check,)))
    form = failed(values(origin="http://x", scopes=("CORS", "REDIRECT")), refusal, "evt1", {})
    assert form.text("origin", "https://known") == "http://x"
    assert form.text("name", "known") == ""
    assert form.chosen("scopes", "REDIRECT")
    assert not form.chosen("everyone", "yes", known=True)
    assert (form.wrong, form.message, form.event_id) == ("origin", "It uses https.", "evt1")


def test_a_field_has_its_own_name_in_the_form() -> None:
    refusal = Refusal("invalid_value", "No.", Verdict((Check("email", passed=False),)))
    assert failed(Params(), refusal, "", {"email": "profile.email"}).wrong == "profile.email"


@pytest.mark.parametrize("text", ["", "  ", "\t"])
def test_what_is_required_is_more_than_space(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        required(values(name=text), "name", "Name")
    assert caught.value.verdict.failure is not None
    assert caught.value.verdict.failure.name == "name"


def test_lines_without_the_empty_ones() -> None:
    assert lines(values(uris=" a \r\n\r\nb\n  \n"), "uris") == ("a", "b")


@pytest.mark.parametrize(("text", "found"), [("", None), (" 12 ", 12), ("0", 0)])
def test_a_number(text: str, found: int | None) -> None:
    assert number(values(n=text), "n", "N") == found


@pytest.mark.parametrize("text", ["-1", "1.5", "1e3", "x", "٣", "9" * 10])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(Refusal):
        number(values(n=text), "n", "N")


def test_a_choice_is_one_that_was_offered() -> None:
    assert choice(values(do="save"), "do", ("save", "stop"), "what") == "save"
    for text in ("", "remove"):
        with pytest.raises(Refusal):
            choice(values(do=text), "do", ("save", "stop"), "what")


def test_MG_09_what_a_form_was_made_from_is_still_there() -> None:
    check_seen(values(seen="7"), 7)
    check_seen(values(), 7)
    with pytest.raises(Refusal) as caught:
        check_seen(values(seen="6"), 7)
    assert caught.value.reason == "changed_meanwhile"


def test_a_client_keeps_what_its_form_does_not_show() -> None:
    known = OidcClient("c", secret_digests=(b"x" * 32,), refresh_life_s=4711, jwks_uri="https://app.example.com/keys")
    form = values(
        authentication="private_key_jwt",
        redirect_uris="https://app.example.com/a\nhttps://app.example.com/b",
        grant_types=("authorization_code", "refresh_token"),
        response_types_shown="yes",
        response_types="code",
        id_token_algorithm="ES256",
    )
    read = app_forms.read_oidc("web", form, known)
    assert read.redirect_uris == ("https://app.example.com/a", "https://app.example.com/b")
    assert read.grant_types == {"authorization_code", "refresh_token"}
    assert (read.authentication, read.id_token_algorithm) == ("private_key_jwt", "ES256")
    assert (read.secret_digests, read.refresh_life_s) == (known.secret_digests, 4711)
    assert not read.pkce_required


def test_a_client_without_keys_cannot_be_told_to_use_them() -> None:
    with pytest.raises(Refusal):
        app_forms.read_oidc("web", values(authentication="private_key_jwt"), OidcClient("c"))


def test_a_public_client_has_no_secret_and_always_pkce() -> None:
    read = app_forms.read_oidc("native", values(id_token_algorithm="RS256"), OidcClient("c"))
    assert (read.authentication, read.native, read.pkce_required) == ("none", True, True)


def test_attributes_and_certificates_of_a_service_provider() -> None:
    pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    form = values(
        entity_id="urn:sp",
        acs_urls="https://sp.example.com/acs",
        name_id_format="f",
        name_id_from="login",
        attributes="mail = email\nurn:oid:2.5.4.42=firstName",
        certificates_pem=f"{pem}\r\n{pem}",
    )
    read = app_forms.read_saml(form, SamlServiceProvider("", ()))
    assert read.attributes == {"mail": "email", "urn:oid:2.5.4.42": "firstName"}
    assert app_forms.attributes_text(read.attributes) == "mail = email\nurn:oid:2.5.4.42 = firstName"
    assert read.certificates_pem == (pem, pem)
    assert not read.sign_response
    with pytest.raises(Refusal):
        app_forms.read_saml(values(**{**dict(form.pairs), "attributes": "no sign of equality"}), read)
