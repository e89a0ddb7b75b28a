"""How the settings of session transfer are merged."""

import pytest

from segue.admin.session_transfer import merged
from segue.core.application import SessionTransfer
from segue.core.refusal import Refusal


def test_the_first_change_brings_the_defaults_of_the_rest() -> None:
    assert merged(None, {}) == SessionTransfer(
        can_create=False,
        carriers=(),
        device_binding="ip",
        allow_refresh_token=False,
        online_refresh_tokens=True,
        cascade=True,
    )
    assert merged(None, {"can_create": True}) == SessionTransfer(can_create=True)


def test_what_is_not_named_stays() -> None:
    known = SessionTransfer(carriers=("query",), device_binding="none", allow_refresh_token=True, cascade=False)
    assert merged(known, {"carriers": ["cookie", "query", "cookie"]}) == SessionTransfer(
        carriers=("cookie", "query"), device_binding="none", allow_refresh_token=True, cascade=False
    )
    assert merged(known, {"carriers": None}).carriers == ()
    assert merged(known, {}) == known


@pytest.mark.parametrize(
    "changes",
    [
        {"unheard_of": True},
        {"can_create": "true"},
        {"cascade": 1},
        {"allow_refresh_token": None},
        {"carriers": "query"},
        {"carriers": ["header"]},
        {"carriers": [["query"]]},
        {"device_binding": "mac"},
        {"device_binding": None},
    ],
)
def test_what_is_no_setting_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(Refusal) as refused:
        merged(SessionTransfer(), changes)
    assert refused.value.reason == "invalid_value"
