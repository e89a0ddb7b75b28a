"""A question that the user answers as they once did. Weak: answers are found out or guessed, so an org that does not
need it leaves it out of its factors (ASVS 6.4.2).

An answer is hashed like a password, since it has as little entropy, and sealed besides.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from segue.core.assurance import NOTHING_MORE, FactorKind, Worth
from segue.core.factor import FactorEnrollment, FactorType
from segue.core.identifiers import short_name
from segue.signin.factors.factor import Accepted, Asked, FactorContext, Offer
from segue.signin.factors.refusals import bad_setup, wrong_answer
from segue.signin.factors.sealed_secrets import STANDARD, SealedSecrets
from segue.signin.passwords import PasswordHasher

QUESTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "first_flat": "On which street was the first flat you paid for yourself?",
        "first_concert": "Whom did you hear at your first concert?",
        "lost_thing": "What did you lose as a child and never find again?",
        "imaginary_friend": "What was your imaginary friend called?",
        "first_album": "Which album did you buy first with your own money?",
        "school_bus": "Who sat beside you on the way to school?",
        "worst_job": "What was the worst job you ever had?",
        "grandparents_car": "Which car did your grandparents drive?",
        "first_recipe": "Which dish did you learn to cook first?",
        "unread_book": "Which book have you never managed to finish?",
        "first_pet": "What was the name of the first animal you looked after?",
        "childhood_hideout": "Where did you hide when you were small?",
        "feared_teacher": "Which teacher were you most afraid of?",
        "first_crush": "What was the first name of your first love?",
        "long_walk": "Where did your longest walk end?",
        "bad_haircut": "Who gave you the worst haircut of your life?",
        "family_saying": "Which saying does only your family understand?",
        "first_trophy": "What did you win your first prize for?",
        "dream_trade": "What did you want to become when you were ten?",
        "missed_train": "Where were you going when you missed the most important train or flight?",
    }
)

CUSTOM: Final = "custom"

MIN_CHARS: Final = 4
MAX_CHARS: Final = 128

_NORMALISED_CHARS = 1024  # what is longer as typed is not worth normalising
_OWN_CHARS = 100
_AMR = ("kba",)


@dataclass(frozen=True, slots=True)
class Question:
    secrets: SealedSecrets
    hasher: PasswordHasher
    type: FactorType = "question"
    kind: FactorKind = "knowledge"
    best: Worth = NOTHING_MORE
    providers: tuple[str, ...] = (STANDARD,)
    most: int = 1
    missing: str = ""

    async def enroll(self, context: FactorContext, provider: str, details: Mapping[str, str]) -> Offer:
        """``details``: ``question`` (a key of QUESTIONS, or CUSTOM with the ``text`` of one's own) and ``answer``.
        Active at once. Raises PoolFull."""
        key = details.get("question", "")
        text = QUESTIONS.get(key) or (_own_text(details) if key == CUSTOM else None)
        if not text:
            raise bad_setup(context, "Choose one of the questions of the list.")
        answer = normalise_answer(details.get("answer", ""))
        if not MIN_CHARS <= len(answer) <= MAX_CHARS:
            raise bad_setup(context, f"An answer has {MIN_CHARS} to {MAX_CHARS} characters.")
        if _given_away(context, answer, key, text):
            raise bad_setup(context, "The answer is not the question, nor your own name.")
        hashed = await self.hasher.hash(answer.encode())
        profile = {"question": key, "text": text}
        return Offer(self.secrets.active(context, self.type, provider, hashed.encode(), profile))

    async def activate(
        self,
        context: FactorContext,
        enrollment: FactorEnrollment,
        challenge: Mapping[str, object],
        answer: Mapping[str, str],
    ) -> Accepted:
        raise bad_setup(context, "A question needs no activation.")

    async def ask(self, context: FactorContext, enrollment: FactorEnrollment) -> Asked:
        return Asked(shown=self.show(context, enrollment, {}))

    def show(
        self, context: FactorContext, enrollment: FactorEnrollment, challenge: Mapping[str, object]
    ) -> Mapping[str, object]:
        """The ``question`` by key and its ``text``."""
        return dict(enrollment.profile)

    async def verify(
        self,
        context: FactorContext,
        enrollment: FactorEnrollment,
        challenge: Mapping[str, object],
        answer: Mapping[str, str],
    ) -> Accepted:
        """Raises PoolFull where too many sign-ins wait already."""
        stored = self.secrets.open(context, enrollment).decode()
        given = normalise_answer(answer.get("answer", ""))
        result = await self.hasher.verify(stored, given.encode())
        if not result.ok:
            raise wrong_answer(context, enrollment, seen=result.problem or "")
        if result.rehash is None:
            return Accepted(amr=_AMR)
        return Accepted(enrollment=self.secrets.changed(enrollment, result.rehash.encode()), amr=_AMR)


def normalise_answer(text: str) -> str:
    """What of an answer counts: not its case, its width, its accents' encoding, nor spaces around and between words.

    Compatibility caseless matching of Unicode 3.13 (D146). Empty for text that is too long or no text. Normalising
    twice changes nothing.
    """
    if len(text) > _NORMALISED_CHARS or not _is_text(text):
        return ""
    folded = unicodedata.normalize("NFD", text).casefold()
    folded = unicodedata.normalize("NFKD", folded).casefold()
    return unicodedata.normalize("NFKC", " ".join(unicodedata.normalize("NFKD", folded).split()))


def _own_text(details: Mapping[str, str]) -> str:
    """A question that is not of the list: one line of 1 to 100 characters; "" for any other text."""
    text = " ".join(details.get("text", "").split())
    return text if len(text) <= _OWN_CHARS and _is_text(text) else ""


def _is_text(text: str) -> bool:
    return all(unicodedata.category(char) not in ("Cc", "Cs") for char in text.replace("\t", " "))


def _given_away(context: FactorContext, answer: str, key: str, text: str) -> bool:
    """Whether the answer is what anybody would try first."""
    user = context.user
    open_words = (
        key,
        key.replace("_", " "),
        text,
        text.rstrip("?"),
        user.login,
        short_name(user.login_key),
        user.email,
    )
    names = (user.display_name, user.profile.get("firstName", ""), user.profile.get("lastName", ""))
    return answer in {normalise_answer(word) for word in (*open_words, *names)}
