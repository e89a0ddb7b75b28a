"""What is said about a person."""

from types import MappingProxyType

import pytest

from segue.core.user import User
from segue.tokens.claims import CLAIMS_OF_SCOPES, claims_for, profile_value


def a_user(login: str = "ann@example.com", **profile: str) -> User:
    return User("00u", "00o", login, login, profile=profile)


def test_nothing_without_a_scope():
    assert claims_for(a_user(firstName="Ann"), ("openid", "other")) == {}


def test_profile():
    claims = claims_for(a_user(firstName="Ann", lastName="Example", locale="fr", timezone="Europe/Paris"), ["profile"])
    assert claims == {
        "name": "Ann Example",
        "family_name": "Example",
        "given_name": "Ann",
        "preferred_username": "ann@example.com",
        "zoneinfo": "Europe/Paris",
        "locale": "fr",
    }


def test_empty_values_are_left_out():
    assert set(claims_for(a_user(firstName="", nickName=""), ["profile"])) == {"name", "preferred_username"}


def test_a_display_name_of_their_own():
    assert claims_for(a_user(firstName="Ann", displayName="Annie"), ["profile"])["name"] == "Annie"


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        (a_user(), {"email": "ann@example.com", "email_verified": False}),
        (a_user(email="a@b.example"), {"email": "a@b.example", "email_verified": False}),
        (a_user(email="a@b.example", emailVerified="true"), {"email": "a@b.example", "email_verified": True}),
        (a_user(emailVerified="yes"), {"email": "ann@example.com", "email_verified": False}),
        (a_user("ann", emailVerified="true"), {}),
    ],
)
def test_email(user: User, expected: dict[str, object]):
    """Verified is only what somebody verified: apps link accounts by it."""
    assert claims_for(user, ["email"]) == expected


def test_address_and_phone():
    user = a_user(city="Paris", countryCode="FR", primaryPhone="+33 1")
    assert claims_for(user, ["address", "phone"]) == {
        "address": {"locality": "Paris", "country": "FR"},
        "phone_number": "+33 1",
    }
    assert claims_for(a_user(), ["address", "phone"]) == {}


def test_a_dialect_may_sort_the_claims_in_its_own_way():
    scopes = MappingProxyType({"who": ("email", "given_name", "unheard_of")})
    assert claims_for(a_user(firstName="Ann"), ["who", "profile"], scopes) == {
        "email": "ann@example.com",
        "given_name": "Ann",
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("login", "ann@example.com"),
        ("email", "ann@example.com"),
        ("displayName", "Ann"),
        ("firstName", "Ann"),
        ("lastName", None),
    ],
)
def test_fields(field: str, value: str | None):
    assert profile_value(a_user(firstName="Ann"), field) == value


def test_every_claim_has_a_source():
    """For somebody who has everything, each claim of each scope says something."""
    fields = """firstName middleName lastName nickName profileUrl picture website gender birthdate timezone locale
        primaryPhone streetAddress email"""
    everything = dict.fromkeys(fields.split(), "x@x")
    claims = claims_for(a_user(**everything), CLAIMS_OF_SCOPES)
    assert set(claims) == {name for names in CLAIMS_OF_SCOPES.values() for name in names}
