"""What somebody typed into a form, and what was wrong with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from segue.core.refusal import Refusal
from segue.core.strict import Params
from segue.core.verdict import Check, Verdict

SEEN: Final = "seen"
"""The hidden field with the mark of what a form was made from."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form as it is shown: empty at first; after a refusal with what was typed, the sentence that says what is wrong,
    and the name of the field that it is about."""

    values: Params = field(default_factory=Params)
    sent: bool = False
    message: str = ""
    wrong: str = ""
    event_id: str = ""

    def text(self, name: str, known: object = "") -> str:
        """What stands in a field: what was typed, or before that ``known``."""
        if self.sent:
            return " ".join(self.values.all(name)[:1])
        return "" if known is None else str(known)

    def chosen(self, name: str, value: str, known: object = False) -> bool:
        """Whether a box or an entry of a list is chosen; ``known`` is whether it was before."""
        return value in self.values.all(name) if self.sent else bool(known)


def failed(values: Params, refusal: Refusal, event_id: str, fields: Mapping[str, str]) -> Form:
    """The form after ``refusal``. ``fields`` are names of the form by the names that administration has for them."""
    failure = refusal.verdict.failure
    name = failure.name if failure else ""
    return Form(values, True, refusal.public, fields.get(name, name), event_id)


def required(values: Params, name: str, label: str) -> str:
    """The text of a field, without space around it. Raises Refusal ``invalid_value`` where it is empty."""
    text = optional(values, name)
    if not text:
        raise refused(name, f"Fill in: {label}.")
    return text


def optional(values: Params, name: str) -> str:
    return (values.get(name) or "").strip()


def lines(values: Params, name: str) -> tuple[str, ...]:
    """The lines of a text area that are not empty."""
    return tuple(line.strip() for line in (values.get(name) or "").splitlines() if line.strip())


def number(values: Params, name: str, label: str) -> int | None:
    """A whole number, None where the field is empty. Raises Refusal ``invalid_value``."""
    text = optional(values, name)
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise refused(name, f"{label} is a whole number.")
    return int(text)


def choice(values: Params, name: str, allowed: Iterable[str], label: str) -> str:
    """One of ``allowed``. Raises Refusal ``invalid_value``."""
    text = optional(values, name)
    if text not in set(allowed):
        raise refused(name, f"Choose one of the entries for: {label}.")
    return text


def refused(name: str, public: str) -> Refusal:
    """The refusal of what a field holds, before administration is asked at all."""
    check = Check(name, passed=False, mend=public)
    return Refusal("invalid_value", public, Verdict((check,), rule="form"))


def check_seen(values: Params, now: object) -> None:
    """Raises Refusal ``changed_meanwhile`` where the form was made from what is no longer there: two administrators
    at the same thing do not undo each other unseen (MG-09). ``now`` is the mark of what is stored."""
    seen = values.get(SEEN)
    if seen is None or seen == str(now):
        return
    mend = "Look at what is there now, then save again."
    check = Check(SEEN, passed=False, expected=str(now), seen=seen[:64], mend=mend)
    public = "Somebody else changed this while you had it open. Compare, then save again to keep yours."
    raise Refusal("changed_meanwhile", public, Verdict((check,), rule="form"))
