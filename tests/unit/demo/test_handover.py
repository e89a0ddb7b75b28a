from urllib.parse import parse_qsl, urlsplit

import pytest

from segue.demo.handover import Destinations, add_query, carrying, split_event

IDP = "http://localhost:8080"
AUTHORIZE = f"{IDP}/oauth2/v1/authorize"
SSO = f"{IDP}/app/library/exk1/sso/saml"
DESTINATIONS = Destinations(IDP, ("/oauth2/v1/authorize",), {"/app/library/exk1/sso/saml": "Harbor Library"})


@pytest.mark.parametrize("address", [AUTHORIZE, f"{AUTHORIZE}?client_id=a&state=b%20c", SSO, f"{SSO}?SAMLRequest=x%2B"])
def test_sign_in_addresses_of_segue_may_have_a_token(address: str) -> None:
    assert DESTINATIONS.allowed(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/oauth2/v1/authorize",
        "https://localhost:8080/oauth2/v1/authorize",
        "http://localhost/oauth2/v1/authorize",
        "http://localhost:8080.elsewhere.example/oauth2/v1/authorize",
        "http://localhost:8080@elsewhere.example/oauth2/v1/authorize",
        "http://user@localhost:8080/oauth2/v1/authorize",
        "http://elsewhere.example/oauth2/v1/authorize",
        "http://LOCALHOST:8080/oauth2/v1/authorize",
        "//localhost:8080/oauth2/v1/authorize",
        "http:\\\\localhost:8080/oauth2/v1/authorize",
        f"{AUTHORIZE}/redirect",
        f"{AUTHORIZE}#fragment",
        f"{IDP}/oauth2/v1/../v1/authorize",
        f"{IDP}/login/signout?fromURI=https://elsewhere.example",
        f"{AUTHORIZE}?state=a\nb",
        f"{AUTHORIZE}?state=é",
        f"{AUTHORIZE}?state={'a' * 8000}",
        "http://[localhost:8080/oauth2/v1/authorize",
        "javascript:alert(1)",
    ],
)
def test_nothing_else_ever_has_one(address: str) -> None:
    assert not DESTINATIONS.allowed(address)
    with pytest.raises(ValueError, match="Segue alone"):
        DESTINATIONS.with_token(address, "secret")


def test_addresses_have_names() -> None:
    assert DESTINATIONS.name_of(f"{SSO}?SAMLRequest=x") == "Harbor Library"
    assert DESTINATIONS.name_of(AUTHORIZE) == "Harbor Orders"


def test_a_one_time_token_takes_the_place_of_any_other() -> None:
    address = DESTINATIONS.with_token(f"{SSO}?RelayState=x&sessionToken=a&onetimetoken=b", "c", name="onetimetoken")
    assert parse_qsl(urlsplit(address).query) == [("RelayState", "x"), ("onetimetoken", "c")]


def test_the_way_to_a_token_is_not_told_on() -> None:
    answer = carrying(f"{SSO}?sessionToken=t")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{SSO}?sessionToken=t")
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"


def test_a_token_in_an_authorization_request() -> None:
    address = DESTINATIONS.with_token(f"{AUTHORIZE}?state=a%26b&prompt=login&sessionToken=old&x=", "t.1")
    assert parse_qsl(urlsplit(address).query, keep_blank_values=True) == [
        ("state", "a&b"),
        ("x", ""),
        ("prompt", "none"),
        ("sessionToken", "t.1"),
    ]
    assert address.startswith(f"{AUTHORIZE}?")


def test_a_token_in_a_saml_address() -> None:
    address = DESTINATIONS.with_token(f"{SSO}?SAMLRequest=a%2Bb%3D&RelayState=%2Fshelf", "t.1")
    assert parse_qsl(urlsplit(address).query) == [
        ("SAMLRequest", "a+b="),
        ("RelayState", "/shelf"),
        ("sessionToken", "t.1"),
    ]


def test_query_of_an_address() -> None:
    assert add_query("http://a.example/", return_to="http://b.example/?x=1&y") == (
        "http://a.example/?return_to=http%3A%2F%2Fb.example%2F%3Fx%3D1%26y"
    )
    assert add_query("http://a.example/?x=1", y="2") == "http://a.example/?x=1&y=2"


@pytest.mark.parametrize(
    ("description", "parts"),
    [
        ("Not that way. [evtVbVVUY30AthiLqsI1]", ("Not that way.", "evtVbVVUY30AthiLqsI1")),
        ("Not that way.", ("Not that way.", "")),
        ("Not [that] way.", ("Not [that] way.", "")),
        ("", ("", "")),
    ],
)
def test_the_event_in_a_description(description: str, parts: tuple[str, str]) -> None:
    assert split_event(description) == parts
