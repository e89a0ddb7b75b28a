"""Passwords attacked over HTTP: guessing, asking who exists, and flooding (AU)."""

import os
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from tests.http_client import form_of, text_of
from tests.installation import Installation, Person
from tests.okta_steps import (
    AUTHN,
    ORG,
    authorize,
    code_for,
    exchange,
    is_signed_in,
    sign_in,
    sign_in_by_page,
    signed_in,
    tokens_for,
    userinfo,
)
from tests.server import Server, Site, running_server

GUESSES = 200
LOCKOUT = 10

# Loaded by each process of the server before anything else: writes down which hash was really evaluated, each time.
WITNESS = """
import os
import argon2

_verify = argon2.PasswordHasher.verify

def verify(self, hash, password):
    with open(os.environ["EVALUATIONS"], "ab") as file:
        file.write((hash.encode() if isinstance(hash, str) else hash) + b"\\n")
    return _verify(self, hash, password)

argon2.PasswordHasher.verify = verify
"""


@pytest.fixture
def witnessed(tmp_path: Path) -> Iterator[tuple[Server, Callable[[str], int]]]:
    """A server with four workers, and how often it evaluated a stored hash."""
    (tmp_path / "witness").mkdir()
    (tmp_path / "witness" / "sitecustomize.py").write_text(WITNESS)
    evaluations = tmp_path / "evaluations"
    evaluations.touch()
    path = os.pathsep.join(filter(None, (str(tmp_path / "witness"), os.environ.get("PYTHONPATH"))))
    environment = {"PYTHONPATH": path, "EVALUATIONS": str(evaluations)}
    with running_server(tmp_path, workers=4, environment=environment) as server:
        yield server, lambda stored: evaluations.read_text().splitlines().count(stored)


@pytest.mark.server
def test_AU_03_parallel_guesses_are_evaluated_as_often_as_the_limit_allows(
    witnessed: tuple[Server, Callable[[str], int]],
) -> None:
    server, evaluated = witnessed
    site, victim = server.site, server.site.person("victim")
    stored = str(server.inside(lambda org: org.user(victim.id)).password_hash)
    aliases = [victim.login, victim.login.upper(), "victor", "ｖｉｃｔｏｒ@example.com"]
    browser = site.browser()
    page = browser.follow(authorize(browser, site.org.clients["web"]))
    assert evaluated(stored) == 0

    def guess(number: int) -> int:
        login, password = aliases[number % len(aliases)], f"guess-number-{number}"
        if number % 2:
            return site.browser().post(AUTHN, json={"username": login, "password": password}).status_code
        return browser.copy().post(str(page.url), data={"username": login, "password": password}).status_code

    with ThreadPoolExecutor(30) as pool:  # as many as one worker has room for, should they all meet there
        statuses = Counter(pool.map(guess, range(GUESSES)))
    assert statuses == {401: GUESSES}
    assert 0 < evaluated(stored) <= LOCKOUT
    ((count,),) = server.rows("SELECT count FROM login_attempts WHERE key = $1", victim.id)
    assert count <= LOCKOUT

    # The right password is no better now, wherever it is tried, and whatever else is still signed in goes on.
    assert sign_in(site, victim).status_code == 401
    assert sign_in_by_page(browser, page, victim).status_code == 401
    assert 0 < evaluated(stored) <= LOCKOUT
    assert sign_in(site, site.person("ann")).status_code == 200

    # Once the lock has ended, it opens again.
    server.execute("UPDATE login_attempts SET locked_until_at = 1 WHERE key = $1", victim.id)
    assert sign_in(site, victim).status_code == 200


def test_AU_03_the_count_starts_anew_after_a_success(server: Server, site: Site) -> None:
    person = server.inside(lambda org: org.add_person("au03-success@example.com"))
    for _ in range(3):
        for _ in range(LOCKOUT - 1):
            assert sign_in(site, person, password="wrong-password").status_code == 401
        assert sign_in(site, person).status_code == 200


def test_AU_03_a_locked_account_keeps_its_sessions(server: Server, site: Site) -> None:
    person = server.inside(lambda org: org.add_person("au03-session@example.com"))
    browser = signed_in(site, person)
    for _ in range(LOCKOUT + 2):
        sign_in(site, person, password="wrong-password")
    assert sign_in(site, person).status_code == 401
    assert is_signed_in(browser) == person.login
    assert tokens_for(browser, site)["access_token"]


def test_AU_03_a_user_of_demonstrations_is_never_locked_out(site: Site) -> None:
    person = site.person("bob")
    for _ in range(LOCKOUT + 2):
        assert sign_in(site, person, password="wrong-password").status_code == 401
    assert sign_in(site, person).status_code == 200


# --- AU-04: who exists ---


@pytest.fixture
def locked(server: Server, site: Site) -> Person:
    """Somebody who is locked out."""
    login = f"au04-{time.monotonic_ns()}@example.com"
    person = server.inside(lambda org: org.add_person(login))
    for _ in range(LOCKOUT):
        sign_in(site, person, password="wrong-password")
    assert sign_in(site, person).status_code == 401
    return person


def failing(site: Site, locked: Person) -> dict[str, tuple[str, str]]:
    """Sign-ins that fail, each for another reason: user name and password."""
    return {
        "unknown": ("nobody@example.com", "some-password"),
        "unknown short name": ("nobody", "some-password"),
        "wrong password": (site.person("carol").login, "some-password"),
        "suspended": (site.person("suspended").login, site.person("suspended").password),
        "suspended, wrong password": (site.person("suspended").login, "some-password"),
        "deprovisioned": (site.person("deprovisioned").login, site.person("deprovisioned").password),
        "no password": (site.person("no password").login, "some-password"),
        "locked": (locked.login, locked.password),
        "locked, wrong password": (locked.login, "some-password"),
        "no user name": ("a b\u200b", "some-password"),
        "a long user name": ("u" * 2000, "some-password"),
        "a long password": (site.person("ann").login, "p" * 2000),
        "a password nobody can have": (site.person("ann").login, "\u0000" * 3),
        "the twin's user": (site.person("ann").login, "another org's password"),
    }


VARYING = ("date", "x-okta-request-id", "x-rate-limit-remaining", "x-rate-limit-reset", "set-cookie")


def plain(response: httpx.Response) -> tuple[int, list[tuple[str, str]], str]:
    """An answer without what is new in each one."""
    body = re.sub(r"evt[0-9A-Za-z]{17}", "#", response.text)
    headers = [(name, value) for name, value in response.headers.multi_items() if name not in VARYING]
    return response.status_code, [(n, re.sub(r"nonce-[0-9A-Za-z]{43}", "#", v)) for n, v in headers], body


def test_AU_04_every_failure_is_answered_with_the_same_bytes(site: Site, locked: Person) -> None:
    answers = {
        name: plain(site.browser().post(AUTHN, json={"username": login, "password": password}))
        for name, (login, password) in failing(site, locked).items()
        if "\u0000" not in password  # no JSON of ours can hold it: that is a malformed request, whoever it is about
    }
    for name, response in answers.items():
        assert response == answers["unknown"], name
    assert answers["unknown"][0] == 401


def test_AU_04_the_page_says_the_same_as_well(site: Site, locked: Person) -> None:
    answers = {}
    for name, (login, password) in failing(site, locked).items():
        browser = site.browser()
        page = browser.follow(authorize(browser, site.org.clients["web"]))
        response = browser.submit(page, username=login, password=password.replace("\u0000", "\u0001"))
        status, headers, body = plain(response)
        shown = form_of(response).fields["username"]
        answers[name] = (status, [pair for pair in headers if pair[0] != "content-length"], body.replace(shown, "#"))
        assert shown == login.strip()[:256]
    for name, response in answers.items():
        assert response == answers["unknown"], name


def test_AU_04_an_empty_password_says_nothing_about_the_user(site: Site, locked: Person) -> None:
    logins = [login for login, _ in failing(site, locked).values()]
    answers = [plain(site.browser().post(AUTHN, json={"username": login, "password": ""})) for login in logins]
    assert all(response == answers[0] for response in answers)
    assert answers[0][0] == 400


def test_AU_04_an_unknown_user_is_locked_out_like_any_other(server: Server, site: Site) -> None:
    login = f"au04-unknown-{time.monotonic_ns()}@example.com"
    answers = [
        plain(site.browser().post(AUTHN, json={"username": login, "password": "some-password"}))
        for _ in range(LOCKOUT + 3)
    ]
    assert all(response == answers[0] for response in answers)
    ((count,),) = server.rows("SELECT count FROM login_attempts WHERE key = $1", f"login:{login}")
    assert count == LOCKOUT


SAMPLES = 32


def test_AU_04_no_failure_takes_a_time_of_its_own(server: Server, site: Site, locked: Person) -> None:
    """Without the dummy hash an unknown user would be answered ten times as fast as a known one.

    The machine of a test is busy with other things, so no time is compared with a clock's. Samples of all classes are
    taken in turns. Two classes count as told apart only where both hold: a sample of the one is shorter than one of the
    other in more than 9 of 10 pairs (the Mann-Whitney statistic as a share, 0.5 where there is no difference; its
    standard deviation with 32 samples is 0.07), and their medians differ by half of the larger one. Noise hits all
    classes alike and moves neither; a missing hash moves both to their ends.
    """
    # Nobody is tried so often that they are locked out meanwhile.
    people = server.inside(lambda org: several(org, SAMPLES // 4))
    wrong, long = people[::2], people[1::2]
    classes: dict[str, Callable[[int], tuple[str, str]]] = {
        "unknown": lambda number: (f"nobody-{number}@example.com", "some-password"),
        "wrong password": lambda number: (wrong[number % len(wrong)].login, "some-password"),
        "suspended": lambda _: (site.person("suspended").login, site.person("suspended").password),
        "no password": lambda _: (site.person("no password").login, "some-password"),
        "locked": lambda _: (locked.login, locked.password),
        "no user name": lambda _: ("a b\u200b", "some-password"),
        "a long password": lambda number: (long[number % len(long)].login, "p" * 300),
    }
    took: dict[str, list[float]] = {name: [] for name in classes}
    browser = site.browser()
    for number in range(SAMPLES):
        for name, who in classes.items():
            login, password = who(number)
            begun = time.perf_counter()
            assert browser.post(AUTHN, json={"username": login, "password": password}).status_code == 401
            took[name].append(time.perf_counter() - begun)
    for name, times in took.items():
        assert not told_apart(times, took["unknown"]), (name, times, took["unknown"])
    # The comparison can tell: an answer that evaluates nothing is told apart from these.
    quick = []
    for _ in range(SAMPLES):
        begun = time.perf_counter()
        browser.post(AUTHN, json={"username": "ann@example.com", "password": ""})
        quick.append(time.perf_counter() - begun)
    assert told_apart(quick, took["unknown"])


async def several(org: Installation, count: int) -> list[Person]:
    return [await org.add_person(f"au04-{number}-{time.monotonic_ns()}@example.com") for number in range(count)]


def told_apart(some: list[float], others: list[float]) -> bool:
    share = sum(one < other for one in some for other in others) / (len(some) * len(others))
    medians = sorted((statistics.median(some), statistics.median(others)))
    return abs(share - 0.5) > 0.4 and medians[1] - medians[0] > medians[1] / 2


# --- AU-05, AU-10: which passwords and names are the same ---


def test_AU_05_every_character_of_a_password_counts(server: Server, site: Site) -> None:
    base = "correct horse battery staple " * 8
    password = f"{base}é\U0001f511 "
    person = server.inside(lambda org: org.add_person("au05@example.com", password=password))
    almost = (password[:72], password[:-1], password.strip(), f"{password}x", password.upper(), base, f" {password}")
    for wrong in almost:
        assert sign_in(site, person, password=wrong).status_code == 401
    server.execute("DELETE FROM login_attempts WHERE key = $1", person.id)
    assert sign_in(site, person).status_code == 200
    assert sign_in(site, person, password=f"{base}e\u0301\U0001f511 ").status_code == 200
    browser = site.browser()
    done = sign_in_by_page(browser, authorize(browser, site.org.clients["web"]), person)
    assert done.is_redirect


@pytest.mark.parametrize(
    "login",
    ["ann\u200b@example.com", "ann@example.com\u0000", "аnn@example.com", "ann @example.com", "@", "ann@", "\u202eann",
     "ann@example.com\n", "ß" * 200, "\ufeffann", "ann@example.com.", "ann%00@example.com", "' OR 1=1 --"],
    ids=ascii,
)  # fmt: skip
def test_AU_10_another_name_is_another_user(site: Site, login: str) -> None:
    response = site.browser().post(AUTHN, json={"username": login, "password": site.person("ann").password})
    assert response.status_code in (400, 401)
    assert "sessionToken" not in response.text


def test_AU_11_a_public_caller_does_not_choose_its_address(server: Server, site: Site) -> None:
    headers = {"x-forwarded-for": "203.0.113.9", "forwarded": "for=203.0.113.9", "x-real-ip": "203.0.113.9"}
    body = {"username": "nobody@example.com", "password": "x", "context": {"deviceToken": "a" * 32}}
    refused = site.browser().post(AUTHN, json=body, headers={**headers, "x-device-fingerprint": "x"}).json()
    event = server.inside(lambda org: org.event(refused["errorId"]))
    assert event.address in ("127.0.0.1", "::1")


# --- AU-06: floods ---


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One worker with the rate limits that most have, and room for five sign-ins at a time."""
    folder = tmp_path_factory.mktemp("guarded")
    with running_server(folder, limit_scale=1, password_threads=1, password_waiting=4) as server:
        yield server


@pytest.mark.server
def test_AU_06_a_flood_of_passwords_leaves_everything_else_answering(guarded: Server) -> None:
    site = guarded.site
    client, browser = site.org.clients["web"], signed_in(site)
    codes = [code_for(browser, client) for _ in range(6)]
    token = exchange(site, client, codes.pop()).json()["access_token"]

    def flood(number: int) -> httpx.Response:
        body = {"username": f"nobody-{number}@example.com", "password": "some-password"}
        return site.browser().post(AUTHN, json=body)

    with ThreadPoolExecutor(60) as pool:
        flooding = [pool.submit(flood, number) for number in range(180)]
        while codes:
            assert exchange(site, client, codes.pop()).status_code == 200
            assert site.browser().get(f"{ORG}/keys").status_code == 200
            assert userinfo(site, token).status_code == 200
            assert is_signed_in(browser) == "ann@example.com"
            assert authorize(browser, client, prompt="none").is_redirect
            assert site.browser().get("/readyz").status_code == 200
        answers = [future.result() for future in flooding]
    statuses = Counter(response.status_code for response in answers)
    assert set(statuses) == {401, 429}, statuses
    for response in answers:
        if response.status_code == 429:
            assert response.json()["errorCode"] == "E0000047"
            assert int(response.headers["retry-after"]) > 0
            assert "date" in response.headers
    assert sign_in(site, site.person("ann")).status_code == 200


@pytest.fixture(scope="module")
def sparing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One worker that lets one user name be tried once in five seconds."""
    with running_server(tmp_path_factory.mktemp("sparing"), limit_scale=0.05) as server:
        yield server


@pytest.mark.server
def test_AU_03_who_tries_one_name_too_often_is_told_when_to_come_back(sparing: Server) -> None:
    site = sparing.site
    body = {"username": "rate@example.com", "password": "x"}
    assert site.browser().post(AUTHN, json=body).status_code == 401
    refused = site.browser().post(AUTHN, json={**body, "username": "RATE@example.com"})
    assert refused.status_code == 429
    assert refused.json()["errorCode"] == "E0000047"
    assert refused.headers["x-rate-limit-remaining"] == "0"
    assert int(refused.headers["x-rate-limit-reset"]) >= int(time.time())
    assert int(refused.headers["retry-after"]) > 0
    # Somebody else is not held up by it.
    assert site.browser().post(AUTHN, json={**body, "username": "other@example.com"}).status_code == 401
    assert sign_in(site, site.person("ann")).status_code == 200


@pytest.mark.server
def test_AU_03_the_two_ways_to_sign_in_share_one_limit(sparing: Server) -> None:
    site, browser = sparing.site, sparing.site.browser()
    page = browser.follow(authorize(browser, site.org.clients["web"]))
    site.browser().post(AUTHN, json={"username": "shared@example.com", "password": "x"})
    refused = browser.submit(page, username="SHARED@example.com", password="x")
    assert refused.status_code == 429
    assert "Wait a moment" in text_of(refused, "sign-in-error")
    assert browser.submit(refused, username="ann@example.com", password=site.person("ann").password).is_redirect
