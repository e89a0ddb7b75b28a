"""The mail that lets somebody in again. Its link comes from configuration, its names too; nothing in it was taken from
a request (AU-09)."""

import unicodedata
from typing import Final

from segue.core.org import Domain, Org
from segue.core.user import User
from segue.signin.state import Purpose
from segue.stores import Mail

_LONGEST_NAME: Final = 80


def activation_mail(org: Org, domain: Domain, user: User, link: str, days: int) -> Mail:
    name = _one_line(org.name)
    text = f"""\
There is an account {_one_line(user.login)} for you at {name}, {domain.authority}.

To choose its password, open this address. It works once, within {days} days:

    {link}

Do not pass this mail on: whoever has the address above can choose the password.
"""
    return Mail(user.email, f"Your account at {name}", text)


def recovery_mail(org: Org, domain: Domain, user: User, link: str, purpose: Purpose, minutes: int) -> Mail:
    name = _one_line(org.name)
    doing = "unlock your account" if purpose == "unlock" else "choose a new password"
    text = f"""\
Somebody asked to recover the account {_one_line(user.login)} of {name} at {domain.authority}.

To {doing}, open this address. It works once, within {minutes} minutes:

    {link}

If that was not you, do nothing: your password stays as it is. Do not pass this mail on; whoever has the address above
can {doing.replace("your", "this")}.
"""
    subject = f"Unlock your account at {name}" if purpose == "unlock" else f"Your password at {name}"
    return Mail(user.email, subject, text)


def _one_line(text: str) -> str:
    visible = (" " if unicodedata.category(char)[0] in "CZ" else char for char in text)
    return " ".join("".join(visible).split())[:_LONGEST_NAME]
