"""Questions: what counts of an answer, what is no answer, and what is stored of it."""

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.signin.factors.conftest import Bench, plain_secrets_in, refused

from segue.core.assurance import PASSWORD
from segue.signin.factors.question import MAX_CHARS, MIN_CHARS, QUESTIONS, normalise_answer

ANSWER = "Straße des 17. Juni"


@pytest.mark.parametrize(
    "typed",
    [
        ANSWER,
        "  straße   des 17. juni ",
        "STRASSE DES 17. JUNI",
        "strasse des\u00a017. juni",
        "ｓｔｒａｓｓｅ　ｄｅｓ　１７．　ｊｕｎｉ",
        "strasse\tdes 17. juni",
    ],
)
async def test_case_width_and_spaces_of_an_answer_do_not_count(bench: Bench, typed: str) -> None:
    enrollment = (await bench.enroll("question", question="first_flat", answer=ANSWER)).enrollment
    accepted = await bench.verify(enrollment, answer=typed)
    assert accepted.amr == ("kba",)
    assert accepted.step is None


@pytest.mark.parametrize(
    "typed", ["", "strasse", "strasse des 17 juni", "x" * 5000, "\ud800", "strasse\ndes 17. juni\0"]
)
async def test_another_answer_is_refused(bench: Bench, typed: str) -> None:
    enrollment = (await bench.enroll("question", question="first_flat", answer=ANSWER)).enrollment
    refusal = await refused(bench.verify(enrollment, answer=typed))
    assert (refusal.reason, refusal.user_id) == ("factor_answer", bench.context.user.id)
    assert (await refused(bench.verify(enrollment))).reason == "factor_answer"


@given(st.text(max_size=200))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise_answer(text)
    assert normalise_answer(once) == once


@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), max_size=60))
def test_case_and_encoding_do_not_count(text: str) -> None:
    plain = normalise_answer(text)
    assert normalise_answer(text.casefold()) == plain
    assert normalise_answer(f"  {text} ") == plain
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert normalise_answer(unicodedata.normalize(form, text)) == plain


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "abc",
        "  a b  "[:5],
        "x" * (MAX_CHARS + 1),
        QUESTIONS["first_pet"],
        "what was the name of the first animal you looked after",
        "first_pet",
        "First Pet",
        "ann@example.com",
        "ANN@EXAMPLE.COM",
        "Annabel",
        "annabel lee",
    ],
)
async def test_an_answer_that_anybody_would_try_is_refused(bench: Bench, answer: str) -> None:
    user = replace(bench.context.user, profile={"firstName": "Annabel", "lastName": "Lee"})
    bench.context = replace(bench.context, user=user)
    refusal = await refused(bench.enroll("question", question="first_pet", answer=answer))
    assert refusal.reason == "factor_setup"


async def test_only_a_question_of_the_list_is_taken(bench: Bench) -> None:
    for question in ("", "custom", "first_pet "):
        refusal = await refused(bench.enroll("question", question=question, answer=ANSWER))
        assert refusal.reason == "factor_setup"


async def test_a_question_is_active_at_once_and_shows_its_text(bench: Bench) -> None:
    offer = await bench.enroll("question", question="first_pet", answer=ANSWER)
    assert offer.enrollment.active
    assert offer.challenge == {}
    asked = await bench.ask(offer.enrollment)
    assert asked.shown == {"question": "first_pet", "text": QUESTIONS["first_pet"]}


async def test_KE_01_an_answer_is_hashed_and_sealed(bench: Bench) -> None:
    offer = await bench.enroll("question", question="first_flat", answer=ANSWER)
    assert not plain_secrets_in(offer.enrollment, ANSWER, normalise_answer(ANSWER))
    assert ANSWER not in repr(offer)
    opened = bench.sealer.open(
        offer.enrollment.sealed_secret, context=f"{bench.context.org.id}|factor|{offer.enrollment.id}|1"
    )
    assert opened.startswith(b"$argon2id$")
    assert normalise_answer(ANSWER).encode() not in opened


def test_the_list_is_long_enough_and_each_question_is_one() -> None:
    assert len(QUESTIONS) == 20
    assert len(set(QUESTIONS.values())) == 20
    for key, text in QUESTIONS.items():
        assert key.isascii()
        assert key.replace("_", "").isalpha()
        assert text.endswith("?")
        assert len(text) >= MIN_CHARS


async def test_a_question_is_knowledge_like_the_password(bench: Bench) -> None:
    enrollment = (await bench.enroll("question", question="first_flat", answer=ANSWER)).enrollment
    accepted = await bench.verify(enrollment, answer=ANSWER)
    proof = bench.factors.proof(enrollment, accepted, 5)
    assert (proof.factor, proof.kind, proof.amr, proof.verified_at) == ("question", "knowledge", ("kba",), 5)
    assert proof.factor != PASSWORD
