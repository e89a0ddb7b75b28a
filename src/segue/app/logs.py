"""Logging: one JSON object a line, without secrets and without anything a terminal would obey (ED-08).

Modules log through the standard library; what they pass as ``extra`` becomes a field. Access is not logged at all:
addresses carry tickets (OT-10), and what happened is told by events.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from segue.settings import Settings

REDACTED: Final = "[redacted]"
_MOST_CHARS: Final = 8192
_DEEPEST: Final = 6

# What a field is called that holds nothing else: client_secret, sessionToken, Set-Cookie …
_SECRET_NAME: Final = re.compile(
    r".*(?:password|passwd|secret|token|assertion|authorization|cookie|saml_?response|saml_?request|master_?key"
    r"|code_?verifier|id_?token_?hint|login_?hint|okta_?key|wresult|passcode)s?",
    re.IGNORECASE | re.DOTALL,
)
# A parameter of a query, a form or a header: its name, and the value to hide.
_PARAMETER: Final = re.compile(
    r"(?P<name>[\w.\-]*(?:password|secret|token|assertion|SAMLResponse|SAMLRequest|code|code_verifier|id_token_hint"
    r"|okta_key|wresult|passcode))=(?P<value>[^&\s\"'<>]+)",
    re.IGNORECASE,
)
_BEARER: Final = re.compile(r"\b([0-9A-Za-z]{20})\.[0-9A-Za-z]{43}\b")
_JWT: Final = re.compile(r"\beyJ[\w\-]{8,}\.[\w\-]{8,}(?:\.[\w\-]*)?")
_HEADER: Final = re.compile(
    r"\b(authorization|proxy-authorization|cookie|set-cookie)(\"?'?\s*[:=]\s*).+", re.IGNORECASE
)
_SCHEME: Final = re.compile(r"\b(Basic|Bearer|SSWS|DPoP)\s+[\w\-+/=.~]{8,}")
_URL_PASSWORD: Final = re.compile(r"(://[^/\s:@]*:)[^/\s@]+@")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def configure(settings: Settings) -> None:
    """Sends every log record of the process to stderr. Calling it again replaces what was set before."""
    level = "debug" if settings.debug else settings.log_level
    shared: list[Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    last: Processor = structlog.processors.JSONRenderer() if settings.log_format == "json" else _text
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # What the server says of itself at each start and stop is for whoever debugs it.
    logging.getLogger("uvicorn").setLevel(logging.DEBUG if level == "debug" else logging.WARNING)
    logging.getLogger("uvicorn.access").disabled = True


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Hides secrets by the name they stand under and by their shape, in every field and in the text itself."""
    for name, value in event.items():
        event[name] = REDACTED if _SECRET_NAME.fullmatch(name) else _clean(value, 0)
    return event


def hide_secrets(text: str) -> str:
    """``text`` without what looks like a secret; ids stay."""
    text = _HEADER.sub(rf"\1\2{REDACTED}", text)
    text = _PARAMETER.sub(rf"\g<name>={REDACTED}", text)
    text = _BEARER.sub(rf"\1.{REDACTED}", text)
    text = _JWT.sub(REDACTED, text)
    text = _SCHEME.sub(rf"\1 {REDACTED}", text)
    return _URL_PASSWORD.sub(rf"\1{REDACTED}@", text)


def escape_controls(text: str) -> str:
    """``text`` with every character written out that would start a line or steer a terminal."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def _clean(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return hide_secrets(value[:_MOST_CHARS])
    if isinstance(value, bool | int | float | None):
        return value
    if depth >= _DEEPEST:
        return REDACTED
    if isinstance(value, Mapping):
        return {
            str(name): REDACTED if _SECRET_NAME.fullmatch(str(name)) else _clean(item, depth + 1)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item, depth + 1) for item in value]
    return hide_secrets(repr(value)[:_MOST_CHARS])


def _text(_: WrappedLogger, __: str, event: MutableMapping[str, Any]) -> str:
    """A line for people: time, level, text, fields; a traceback below it."""
    trace = event.pop("exception", None)
    parts = [str(event.pop(name, "")) for name in ("timestamp", "level", "event")]
    parts += [f"{name}={value}" for name, value in event.items()]
    line = escape_controls(" ".join(parts))
    if trace is None:
        return line
    return "\n".join([line, *(f"    {escape_controls(row)}" for row in str(trace).splitlines())])
