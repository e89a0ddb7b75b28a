"""What the doctor found: a level, what was looked at, and what to do."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "FAIL"]


@dataclass(frozen=True, slots=True)
class Finding:
    """``mend`` says what to do, in one sentence; empty where all is well."""

    level: Level
    what: str
    seen: str
    mend: str = ""


def ok(what: str, seen: str) -> Finding:
    return Finding("ok", what, seen)


def warn(what: str, seen: str, mend: str) -> Finding:
    return Finding("warn", what, seen, mend)


def bad(what: str, seen: str, mend: str) -> Finding:
    return Finding("FAIL", what, seen, mend)
