import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.core.sealing import SealBroken, Sealer, new_master_key, read_master_key, sealing_context

KEY = bytes(range(32))
OTHER = bytes(range(1, 33))
HERE = sealing_context("org1", "totp_seed", "usf1", 1)


@given(plaintext=st.binary(max_size=4096), context=st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_what_is_sealed_opens_in_its_place(plaintext: bytes, context: str) -> None:
    sealer = Sealer(KEY)
    sealed = sealer.seal(plaintext, context=context)
    assert sealer.open(sealed, context=context) == plaintext
    assert len(sealed) == len(plaintext) + 1 + 8 + 12 + 16


@given(plaintext=st.binary(min_size=16, max_size=64))
def test_a_sealed_value_shows_neither_its_content_nor_that_two_are_equal(plaintext: bytes) -> None:
    sealer = Sealer(KEY)
    first, second = sealer.seal(plaintext, context=HERE), sealer.seal(plaintext, context=HERE)
    assert plaintext not in first
    assert first[9:] != second[9:]


@given(data=st.data())
def test_KE_01_any_changed_byte_is_noticed(data: st.DataObject) -> None:
    sealer = Sealer(KEY)
    sealed = bytearray(sealer.seal(b"the secret", context=HERE))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealBroken):
        sealer.open(bytes(sealed), context=HERE)


@given(data=st.binary(max_size=200))
def test_KE_01_foreign_bytes_raise_nothing_but_SealBroken(data: bytes) -> None:
    with pytest.raises(SealBroken):
        Sealer(KEY).open(data, context=HERE)


def test_KE_01_the_tag_cannot_be_shortened() -> None:
    sealer = Sealer(KEY)
    sealed = sealer.seal(b"the secret", context=HERE)
    for length in range(len(sealed)):
        with pytest.raises(SealBroken):
            sealer.open(sealed[:length], context=HERE)
    with pytest.raises(SealBroken):
        sealer.open(sealed + b"\0", context=HERE)


@pytest.mark.parametrize(
    "elsewhere",
    [
        sealing_context("org2", "totp_seed", "usf1", 1),
        sealing_context("org1", "signing_key", "usf1", 1),
        sealing_context("org1", "totp_seed", "usf2", 1),
        sealing_context("org1", "totp_seed", "usf1", 2),
        "",
    ],
)
def test_KE_01_a_value_moved_to_another_row_does_not_open(elsewhere: str) -> None:
    sealer = Sealer(KEY)
    with pytest.raises(SealBroken):
        sealer.open(sealer.seal(b"the secret", context=HERE), context=elsewhere)


def test_KE_01_a_dump_without_the_master_key_is_worth_nothing() -> None:
    with pytest.raises(SealBroken, match="not configured"):
        Sealer(OTHER).open(Sealer(KEY).seal(b"the secret", context=HERE), context=HERE)


def test_the_key_id_cannot_be_pointed_at_another_configured_key() -> None:
    sealer = Sealer(OTHER, previous=[KEY])
    old = Sealer(KEY).seal(b"the secret", context=HERE)
    new = sealer.seal(b"the secret", context=HERE)
    with pytest.raises(SealBroken):
        sealer.open(new[:9] + old[9:], context=HERE)


def test_a_replaced_master_key_still_opens_and_no_longer_seals() -> None:
    old = Sealer(KEY)
    sealed = old.seal(b"the secret", context=HERE)
    rotated = Sealer(OTHER, previous=[KEY])
    assert rotated.open(sealed, context=HERE) == b"the secret"
    assert not rotated.is_current(sealed)
    again = rotated.seal(b"the secret", context=HERE)
    assert rotated.is_current(again)
    assert Sealer(OTHER).open(again, context=HERE) == b"the secret"
    with pytest.raises(SealBroken):
        old.open(again, context=HERE)


def test_the_nonce_comes_from_the_given_source_and_the_key_never_shows() -> None:
    drawn: list[int] = []

    def random(size: int) -> bytes:
        drawn.append(size)
        return bytes(size)

    sealed = Sealer(KEY, random=random).seal(b"", context=HERE)
    assert drawn == [12]
    assert sealed[9:21] == bytes(12)
    assert KEY[:8] not in sealed
    assert KEY.hex() not in repr(Sealer(KEY))


@pytest.mark.parametrize("key", [b"", b"short", bytes(31), bytes(33), bytes(64)])
def test_a_master_key_of_another_length_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer(key)
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer(KEY, previous=[key])


@pytest.mark.parametrize(
    ("org", "kind", "ident"), [("a|b", "k", "i"), ("a", "k|", "i"), ("a", "k", "|i"), ("", "k", "i")]
)
def test_a_context_keeps_its_parts_apart(org: str, kind: str, ident: str) -> None:
    with pytest.raises(ValueError, match="context"):
        sealing_context(org, kind, ident)


@given(key=st.binary(min_size=32, max_size=32))
def test_a_master_key_is_read_in_each_of_its_spellings(key: bytes) -> None:
    for text in (base64.b64encode(key).decode(), base64.urlsafe_b64encode(key).decode()):
        for spelling in (text, text.rstrip("="), f" {text}\n"):
            assert read_master_key(spelling) == key


def test_a_new_master_key_is_random_and_readable() -> None:
    first, second = new_master_key(), new_master_key()
    assert first != second
    assert len(read_master_key(first)) == 32
    assert new_master_key(lambda size: bytes(size)) == "A" * 43


@pytest.mark.parametrize(
    "text",
    [
        "",
        "changeme",
        "A" * 42,
        "A" * 44,
        "A" * 43 + "==",
        "A" * 42 + "B",  # spare bits that are not zero
        "A" * 42 + "é",
        "+" + "_" + "A" * 41,  # two alphabets at once
        "A" * 20 + "\n" + "A" * 22,
        "00" * 32,  # hexadecimal
    ],
)
def test_a_master_key_that_is_none_is_named_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match="master key") as refused:
        read_master_key(text)
    assert not text or text not in str(refused.value)
