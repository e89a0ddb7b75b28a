"""Links that reach a user by mail: a first password, and another one when an administrator took the old one away."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.flows.test_users_api import PASSWORD, USERS, authenticate, call, create, status, wanted
from tests.mails import wait_for_mail
from tests.server import Server, running_server


@pytest.fixture(scope="module")
def mailing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    folder = tmp_path_factory.mktemp("mailing")
    sent = folder / "sent"
    with running_server(folder, mail=f"file://{sent}", mail_from="segue@x.example") as server:
        yield server, sent


def link_in(sent: Path, login: str, page: str) -> str:
    [link] = re.findall(rf"\S+{re.escape(page)}\S+", wait_for_mail(sent, login))
    return str(link)


def test_a_new_user_is_invited_and_a_reset_one_too(mailing: tuple[Server, Path]) -> None:
    server, sent = mailing
    site = server.site
    made = create(site, wanted())
    login, own = made["profile"]["login"], f"{USERS}/{made['id']}"
    assert made["status"] == "PROVISIONED"
    browser = site.browser()
    page = browser.submit(browser.get(link_in(sent, login, "/welcome/")))
    assert browser.submit(page, password=PASSWORD, password_again=PASSWORD).status_code == 200
    assert status(site, made["id"]) == "ACTIVE"
    assert authenticate(site, login).json()["status"] == "SUCCESS"

    for mail in sent.glob("*"):
        mail.unlink()
    assert call(site, "POST", f"{own}/lifecycle/reset_password").json() == {}
    assert status(site, made["id"]) == "RECOVERY"
    page = browser.submit(browser.get(link_in(sent, login, "/signin/reset-password/")))
    browser.submit(page, password=f"{PASSWORD} again", password_again=f"{PASSWORD} again")
    assert authenticate(site, login, f"{PASSWORD} again").json()["status"] == "SUCCESS"

    for mail in sent.glob("*"):
        mail.unlink()
    waiting = create(site, wanted(), "?activate=false")
    assert call(site, "POST", f"{USERS}/{waiting['id']}/lifecycle/activate").json() == {}
    first = link_in(sent, waiting["profile"]["login"], "/welcome/")
    for mail in sent.glob("*"):
        mail.unlink()
    assert call(site, "POST", f"{USERS}/{waiting['id']}/lifecycle/reactivate").json() == {}
    assert link_in(sent, waiting["profile"]["login"], "/welcome/") != first
