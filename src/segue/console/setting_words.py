"""The settings of an org in words for people, in the order in which the console shows them."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Field:
    """``name`` is that of the setting, which the command line takes as well."""

    name: str
    label: str
    hint: str


SECTIONS: Final[tuple[tuple[str, str, tuple[Field, ...]], ...]] = (
    (
        "Wrong passwords",
        "An account is locked after too many of them, and opens again by itself.",
        (
            Field("lockout_attempts", "How many lock an account", "In a row; a right one starts the count again."),
            Field("lockout_s", "How long it stays locked", "In seconds: 3600 is an hour."),
            Field(
                "show_lockout",
                "Tell people that their account is locked",
                "Whoever guesses learns from it that the account is there. Otherwise it looks like a wrong password.",
            ),
        ),
    ),
    (
        "Sessions",
        "How long a browser stays signed in. A policy may say otherwise for some people.",
        (
            Field("session_idle_s", "Without use", "In seconds: 7200 is two hours."),
            Field("session_life_s", "At the latest", "In seconds, however much it is used: 86400 is a day."),
        ),
    ),
    (
        "Passwords",
        "What a new password has to be. One that is known to attackers is always refused.",
        (
            Field("password_rules.min_length", "Fewest characters", "At least eight, whatever stands here."),
            Field("password_rules.expire_days", "Days until it has to be changed", "0: never."),
            Field("password_rules.warn_days", "Days before that people are warned", "0: they are not."),
        ),
    ),
    (
        "Second factors",
        "What people may prove besides their password, and who always has to.",
        (
            Field("factors", "Factors that people may add", ""),
            Field(
                "second_factor_groups",
                "Groups whose members are always asked",
                "On each line the id of a group, which stands in the address of its page.",
            ),
            Field(
                "remember_device_s",
                "How long a browser may be remembered",
                "In seconds: such a browser is not asked for a second factor. 0: none is remembered.",
            ),
        ),
    ),
    (
        "Handing a sign-in over",
        "How a sign-in goes from one place to another.",
        (
            Field(
                "confirm_links",
                "Ask before a link signs somebody in",
                "Programs that look into mails follow links, and would use one up that works once.",
            ),
            Field(
                "session_image",
                "Let an image sign a browser in",
                "Most browsers block it, and any page can hold an image. Leave it off unless an old page needs it.",
            ),
            Field("trust_limit", "Applications that one target may trust", "Each of them can open it for its users."),
        ),
    ),
    (
        "Programs",
        "What calls Segue without a browser.",
        (
            Field(
                "gateways",
                "Gateways",
                "On each line an address or a network of yours. What they say in X-Forwarded-For, in a call with an "
                "API token, is where the person is.",
            ),
            Field(
                "use_dpop_nonce",
                "Ask for a fresh value in every proof of a key",
                "A proof (DPoP) made beforehand is then worth nothing. Every client that sends one has to know this.",
            ),
        ),
    ),
)
