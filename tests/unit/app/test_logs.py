"""What a log line holds, and what it never holds."""

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.app import logs
from segue.core.clock import Source
from segue.core.secret import new_bearer
from segue.settings import load

BEARER = new_bearer("20t", 1, Source().now_at(), Source().random)
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"


def line(capsys: pytest.CaptureFixture[str], text: str, *, form: str = "json", **extra: object) -> str:
    logs.configure(load(log_format=form))
    logging.getLogger("segue.test").warning(text, extra=extra)
    return capsys.readouterr().err


def test_a_line_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    written = line(capsys, "a job failed", job="purge", rows=3)
    assert written.count("\n") == 1
    record = json.loads(written)
    assert {name: record[name] for name in ("event", "level", "logger", "job", "rows")} == {
        "event": "a job failed",
        "level": "warning",
        "logger": "segue.test",
        "job": "purge",
        "rows": 3,
    }
    assert record["timestamp"].endswith("Z")


SECRETS = [
    (f"GET /authorize?client_id=x&sessionToken={BEARER.text}&state=1", BEARER.secret),
    (f"opened {BEARER.text} in a window", BEARER.secret),
    ("GET /cb?code=abcdefgh123&state=1", "abcdefgh123"),
    ("POST grant_type=authorization_code&code_verifier=dBjftJeZ4CVP&client_secret=s3cr3tly", "s3cr3tly"),
    ("POST grant_type=authorization_code&code_verifier=dBjftJeZ4CVP&client_secret=s3cr3tly", "dBjftJeZ4CVP"),
    (f"id_token_hint={JWT}", "c2lnbmF0dXJl"),
    (f"a token {JWT} was refused", "eyJzdWIiOiJhbm4ifQ"),
    ("SAMLResponse=PHNhbWxwOlJlc3BvbnNl&RelayState=x", "PHNhbWxwOlJlc3BvbnNl"),
    ("Authorization: Basic Y2xpZW50OnNlY3JldA==", "Y2xpZW50OnNlY3JldA"),
    ("authorization: SSWS 00abcdefghijklmnop", "00abcdefghijklmnop"),
    ("{'Cookie': 'sid=102abcdefghijkl'}", "102abcdefghijkl"),
    ("sent DPoP eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI", "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI"),
    ("cannot connect to postgresql://segue:hunter7@db/segue", "hunter7"),
    ("username=ann&password=winter+river", "winter+river"),
]


@pytest.mark.parametrize(("text", "secret"), SECRETS)
@pytest.mark.parametrize("form", ["json", "text"])
def test_ED_08_secrets_are_hidden_wherever_they_stand(
    capsys: pytest.CaptureFixture[str], text: str, secret: str, form: str
) -> None:
    for written in (
        line(capsys, text, form=form),
        line(capsys, "a handler failed", form=form, path=text),
        line(capsys, "a handler failed", form=form, detail={"deep": [{"er": text}]}),
        line(capsys, "a handler failed", form=form, error=ValueError(text)),
    ):
        assert secret not in written
        assert logs.REDACTED in written


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "client_secret",
        "sessionToken",
        "tokens",
        "id_token_hint",
        "Authorization",
        "Set-Cookie",
        "masterKey",
    ],
)
def test_ED_08_a_field_of_that_name_is_hidden_whatever_it_holds(capsys: pytest.CaptureFixture[str], name: str) -> None:
    for written in (line(capsys, "x", **{name: "plain words"}), line(capsys, "x", detail={name: ["plain words"]})):
        assert "plain words" not in written


def test_ED_08_a_traceback_is_cleaned_too(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(load())
    try:
        raise ValueError(f"cannot read {BEARER.text}")
    except ValueError:
        logging.getLogger("segue.test").exception("a handler failed")
    written = capsys.readouterr().err
    assert "ValueError" in written
    assert BEARER.secret not in written
    assert BEARER.id in written


@pytest.mark.parametrize("form", ["json", "text"])
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_ED_08_no_input_starts_a_line_or_steers_a_terminal(form: str, text: str) -> None:
    record = logging.LogRecord("segue.test", logging.WARNING, __file__, 1, "%s", (text,), None)
    record.user_agent = text
    logs.configure(load(log_format=form))
    written = logging.getLogger().handlers[0].format(record)
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 or char in "\u2028\u2029\u202e\u2066" for char in written)


def test_ids_and_ordinary_words_stay(capsys: pytest.CaptureFixture[str]) -> None:
    fields = {
        "error_code": "E0000004",
        "path": "/oauth2/v1/token",
        "token_kind": "session_token",
        "credential_id": "20t",
    }
    written = line(capsys, f"the interaction {BEARER.id} has ended", **fields)
    for kept in (BEARER.id, *fields.values()):
        assert kept in written


def test_the_level_is_the_settings_and_access_is_never_logged(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(load(log_level="error"))
    logging.getLogger("segue.test").warning("quiet")
    logging.getLogger("uvicorn.access").critical("GET /authorize?sessionToken=x")
    logging.getLogger("uvicorn.error").info("Started")
    assert capsys.readouterr().err == ""
    logs.configure(load(debug=True))
    logging.getLogger("segue.test").debug("loud")
    assert "loud" in capsys.readouterr().err


def test_a_huge_value_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(line(capsys, "x", body="a b " * 100_000)) < 20_000


def test_a_nest_without_end_is_not_followed(capsys: pytest.CaptureFixture[str]) -> None:
    nest: list[object] = []
    nest.append(nest)
    assert logs.REDACTED in line(capsys, "x", nest=nest)
