"""Secrets and ids: shape, order, partition, and that only a whole one is read."""

import os
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.core.secret import (
    PARTITIONS,
    digest,
    is_id,
    made_at,
    new_bearer,
    new_id,
    new_secret,
    partition_of,
    read_bearer,
)

moments = st.integers(min_value=0, max_value=3_000_000_000_000)
partitions = st.integers(min_value=0, max_value=PARTITIONS - 1)


@given(moments, partitions, st.binary(min_size=6, max_size=6))
def test_an_id_carries_its_partition(now_at: int, partition: int, noise: bytes) -> None:
    ident = new_id("102", partition, now_at, lambda count: noise[:count])
    assert len(ident) == 20
    assert is_id(ident)
    assert partition_of(ident) == partition


@given(moments, moments, partitions)
def test_ids_of_one_prefix_sort_by_time(first: int, second: int, partition: int) -> None:
    ids = [new_id("102", partition, at, os.urandom) for at in (first, second)]
    if first != second:
        assert (ids[0] < ids[1]) == (first < second)


@given(st.binary(min_size=32, max_size=32))
def test_a_secret_keeps_all_256_bits(bits: bytes) -> None:
    flipped = bytes([bits[0] ^ 1]) + bits[1:]
    assert len(new_secret(lambda _: bits)) == 43
    assert new_secret(lambda _: bits) != new_secret(lambda _: flipped)


def test_OT_06_secrets_do_not_repeat_and_are_evenly_spread() -> None:
    secrets = {new_secret(os.urandom) for _ in range(20_000)}
    assert len(secrets) == 20_000
    counts = Counter(secret[-1] for secret in secrets)  # the last digit is uniform, the first is bounded by 2**256
    expected = 20_000 / 62
    chi_square = sum((count - expected) ** 2 / expected for count in counts.values())
    assert chi_square < 120  # 61 degrees of freedom: beyond 120 once in 10^5 runs


def test_OT_07_only_a_whole_bearer_value_is_read() -> None:
    text = new_bearer("20t", 7, 1_790_000_000_000, os.urandom).text
    read = read_bearer(text)
    assert read is not None
    assert read.text == text
    for end in range(len(text)):
        assert read_bearer(text[:end]) is None
    for extra in ("x", " ", "\n", "."):
        assert read_bearer(text + extra) is None
        assert read_bearer(extra + text) is None


def test_a_bearer_value_does_not_print_its_secret() -> None:
    bearer = new_bearer("20t", 7, 1_790_000_000_000, os.urandom)
    assert bearer.secret not in repr(bearer)
    assert bearer.digest == digest(bearer.secret)
    assert len(bearer.digest) == 32


@pytest.mark.parametrize("text", ["", "102", "é" * 20, "102" + "z" * 17, "0" * 19, "0" * 21, "0" * 19 + "\n"])
def test_what_is_not_an_id_has_no_partition(text: str) -> None:
    with pytest.raises(ValueError, match="not an id"):
        partition_of(text)


def test_an_id_needs_a_prefix_of_three_and_a_partition_in_range() -> None:
    for prefix, partition in (("1", 0), ("1022", 0), ("102", -1), ("102", PARTITIONS)):
        with pytest.raises(ValueError, match="three-character prefix"):
            new_id(prefix, partition, 0, os.urandom)


def test_a_time_that_does_not_fit_makes_no_id() -> None:
    assert made_at(new_id("00u", 1, 62**7 - 1, os.urandom)) == 62**7 - 1
    with pytest.raises(ValueError, match="fit"):
        new_id("00u", 1, 62**7, os.urandom)


def test_a_partition_that_nobody_has_makes_no_id() -> None:
    assert not is_id("00u" + "0000000" + "zzz" + "0000000")
