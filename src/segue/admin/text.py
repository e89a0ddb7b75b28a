"""What may stand in a name, a label or a profile field."""

import re

from segue.admin.change import invalid

MAX_LABEL_CHARS = 100
MAX_VALUE_CHARS = 1024

# C0, DEL, C1, the line separators, and what turns the direction of the text after it: none of them belongs on one
# line of a page, a log or an XML attribute (CO-01, ED-08, and XML 1.0 section 2.2).
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]")


def check_label(field: str, text: str) -> str:
    """``text`` without space around it: one line of 1 to 100 characters that people read. Raises Refusal."""
    label = text.strip()
    if not 1 <= len(label) <= MAX_LABEL_CHARS or _UNFIT.search(label):
        raise invalid(field, f"The {field} is one line of 1 to {MAX_LABEL_CHARS} characters.")
    return label


def check_value(field: str, text: str) -> None:
    """Raises Refusal unless ``text`` is one line of at most 1,024 characters."""
    if len(text) > MAX_VALUE_CHARS or _UNFIT.search(text):
        raise invalid(field, f"The field {field} is one line of at most {MAX_VALUE_CHARS} characters.")
