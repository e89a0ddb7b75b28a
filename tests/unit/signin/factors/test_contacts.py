"""Addresses and numbers: what is one, and what a mask leaves to see."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.signin.factors.contacts import (
    MAX_MAIL_CHARS,
    NotAContact,
    mask_mail_address,
    mask_phone_number,
    read_mail_address,
    read_phone_number,
)

LOCAL = st.from_regex(r"[a-z0-9]([a-z0-9.+-]{0,40}[a-z0-9])?", fullmatch=True).filter(lambda text: ".." not in text)
HOST = st.from_regex(r"[a-z]{1,12}(\.[a-z]{2,6}){1,2}", fullmatch=True)
NUMBER = st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True)


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("ann@x.io", "a...n@x.io"),
        ("ab@x.io", "a...@x.io"),
        ("a@x.io", "...@x.io"),
        ("first.last+tag@mail.example.com", "f...g@mail.example.com"),
    ],
)
def test_the_mask_of_an_address(address: str, masked: str) -> None:
    assert mask_mail_address(read_mail_address(address)) == masked


@given(LOCAL, HOST)
def test_a_masked_address_hides_at_least_one_letter_and_keeps_the_host(local: str, host: str) -> None:
    masked = mask_mail_address(read_mail_address(f"{local}@{host}"))
    shown, _, behind = masked.partition("@")
    assert behind == host
    assert len(shown.replace("...", "")) < len(local)
    assert local not in shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "@x.io",
        "ann@",
        "ann@x.io, bob@x.io",
        "ann@x.io\r\nBcc: bob@x.io",
        "ann@x.io\n",
        "<ann@x.io>",
        "Ann <ann@x.io>",
        "an n@x.io",
        "ann@@x.io",
        "a@b@c",
        ".ann@x.io",
        "ann.@x.io",
        "a..n@x.io",
        "ann@-x.io",
        "ann@x-.io",
        "ann@x..io",
        "ann@x.io.",
        "ann@[127.0.0.1]",
        '"ann b"@x.io',
        "änn@x.io",
        "ann@bücher.example",
        "ann@x.io\0",
        "-oQ/etc ann@x.io",
        "a" * 65 + "@x.io",
        "ann@" + ".".join(["a" * 60] * 5),
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(NotAContact) as refused:
        read_mail_address(text)
    assert not text or text not in str(refused.value)


@given(st.text(max_size=300))
def test_whatever_is_taken_for_an_address_fits_in_one_header(text: str) -> None:
    try:
        address = read_mail_address(text)
    except NotAContact:
        return
    assert address == text
    assert len(address) <= MAX_MAIL_CHARS
    assert re.fullmatch(r"[!-~]+", address)
    assert not set(address) & set('<>,;:\\"()[]')


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("+15551234567", "+15551234567"),
        ("+1 (555) 123-4567", "+15551234567"),
        ("  +49 30/123456 ", "+4930123456"),
        ("+44.20.7946.0000", "+442079460000"),
    ],
)
def test_a_number_as_people_write_it(typed: str, number: str) -> None:
    assert read_phone_number(typed) == number


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "+",
        "5551234567",
        "0015551234567",
        "+0 123456789",
        "+123456",
        "+1234567890123456",
        "+1555123456x",
        "+1 555 123 4567 ext 8",
        "+１５５５１２３４５６７",
        "+1555+1234567",
        "+15551234567\n+15557654321",
        "+1" + " " * 100 + "5551234567",
        "++15551234567",
    ],
)
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(NotAContact):
        read_phone_number(typed)


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("+15551231234", "+1 XXX-XXX-1234"),
        ("+442079460000", "+44 XXX-XXX-0000"),
        ("+4930123456", "+49 XXX-X-3456"),
        ("+79161234567", "+7 XXX-XXX-4567"),
        ("+35312345678", "+353 XXX-X-5678"),
        ("+2901234", "+290 XXX-X"),
        ("+5921234567", "+592 XXX-X-567"),
    ],
)
def test_the_mask_of_a_number(number: str, masked: str) -> None:
    assert mask_phone_number(number) == masked


@given(NUMBER)
def test_a_masked_number_hides_at_least_four_digits_and_shows_at_most_four_of_its_own(number: str) -> None:
    masked = mask_phone_number(number)
    code, _, rest = masked.partition(" ")
    national = number[len(code) :]
    assert number.startswith(code)
    plain = rest.replace("-", "")
    assert len(plain) == len(national)
    shown = plain.lstrip("X")
    assert "X" not in shown
    assert len(shown) <= 4
    assert national.endswith(shown)
    assert plain.count("X") >= min(4, len(national))
