"""What is written and said to people outside the pages: plain words, no link, nothing taken from a request.

The names in it come from configuration. A link would teach people to click where codes are asked for, and one built
from a request would lead where its sender wants (AU-09).
"""

import unicodedata
from dataclasses import dataclass, field

from segue.signin.factors.factor import FactorContext

_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Wording:
    subject: str
    text: str = field(repr=False)


def code_mail(context: FactorContext, code: str, minutes: int, *, enrolling: bool) -> Wording:
    """The mail with a code. The code is not in the subject, which a locked screen shows."""
    org = org_name(context)
    purpose = "add this address to your sign-in" if enrolling else "sign in"
    text = f"""\
This is your code for {org} at {context.domain.authority}:

    {code}

Enter it on the page that asked for it, to {purpose}. It works once, within {minutes} minutes.
Nobody who works for {org} will ask you for it.

If you did not ask for this code, somebody knows your password: change it, and tell your administrator. Do not pass the
code on.
"""
    return Wording(f"Your code for {org}", text)


def code_text(context: FactorContext, code: str, minutes: int) -> str:
    """The text message with a code."""
    return (
        f"{code} is your code for {org_name(context)}. It works for {minutes} minutes. "
        "Give it to nobody. If you did not ask for it, change your password."
    )


def spoken_code(context: FactorContext, code: str) -> str:
    """What is read out with a code: digit by digit, and twice."""
    digits = f"{', '.join(code)}."
    said = f"{digits} I repeat: {digits}"
    return f"Hello. Your code for {org_name(context)} is: {said} If you did not ask for it, change your password."


def org_name(context: FactorContext) -> str:
    """The org's name on one line, without control characters and not endless."""
    visible = (" " if unicodedata.category(char)[0] in "CZ" else char for char in context.org.name)
    return " ".join("".join(visible).split())[:_LONGEST_NAME]
