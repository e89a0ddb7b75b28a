"""A form that came as JSON is read into the same parameters, within the same limits."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.core.strict import Malformed, Params, read_json_form

_NAMES = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=20)
_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=50)


@given(st.dictionaries(_NAMES, _TEXTS | st.none(), max_size=20))
def test_texts_arrive_as_they_are_and_null_is_absent(members: dict[str, str | None]) -> None:
    read = read_json_form(json.dumps(members).encode())
    assert dict(read.items()) == {name: value for name, value in members.items() if value is not None}


def test_numbers_and_truth_values_become_their_text() -> None:
    assert read_json_form(b'{"a": 60, "b": true, "c": false}') == Params((("a", "60"), ("b", "true"), ("c", "false")))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'"x"',
        b'{"a": []}',
        b'{"a": {}}',
        b'{"a": {"b": 1}}',
        b'{"a": 1, "a": 2}',
        b'{"a": "\\u0000"}',
        b'{"a": NaN}',
        json.dumps({"a": "x" * 8193}).encode(),
        json.dumps({"a" * 1000: "x"}).encode(),
        json.dumps({str(number): "x" for number in range(65)}).encode(),
    ],
)
def test_OA_14_what_is_no_form_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        read_json_form(body)


@given(st.binary(max_size=200))
def test_OA_14_any_octets_are_read_or_malformed(body: bytes) -> None:
    with contextlib.suppress(Malformed):
        assert isinstance(read_json_form(body), Params)
