"""``segue server …`` and ``segue events``."""

import asyncio
import json

import pytest
from tests.unit.cli.commands import Segue, Workshop, failed

from segue.cli.events import Wanted, show
from segue.cli.workplace import opened
from segue.settings import load


def test_a_server_is_added_and_listed(segue: Segue, workshop: Workshop) -> None:
    done = segue("server", "add", "Orders", "--audience", "api://orders")
    assert done.exit_code == 0, done.output
    ((ident, path),) = workshop.rows("SELECT id, path FROM authorization_servers WHERE name = 'Orders'")
    assert path == f"oauth2/{ident}"
    assert f"Issuer: http://localhost:8080/oauth2/{ident}" in done.stdout
    lines = segue("server", "list").stdout.splitlines()
    assert lines[0].split() == ["ID", "PATH", "AUDIENCE", "STATUS", "NAME"]
    assert [ident, path, "api://orders", "active", "Orders"] in [line.split() for line in lines]


def test_a_closed_server_has_no_policy(segue: Segue, workshop: Workshop) -> None:
    done = segue("server", "add", "Closed", "--audience", "api://closed", "--closed")
    assert "nobody tokens" in done.stdout
    ((settings,),) = workshop.rows("SELECT settings FROM authorization_servers WHERE name = 'Closed'")
    assert json.loads(settings)["policies"] == []


@pytest.mark.usefixtures("workshop")
def test_a_server_without_a_name_is_refused(segue: Segue) -> None:
    failed(segue("server", "add", " ", "--audience", "api://x"), "The name is one line")
    failed(segue("server", "add", "X", "--audience", "a b"), "The audience is 1 to 200")


@pytest.mark.usefixtures("workshop")
def test_the_newest_events_are_shown(segue: Segue) -> None:
    segue("server", "add", "Orders", "--audience", "api://orders")
    lines = segue("events").stdout.splitlines()
    assert 3 < len(lines) <= 20
    assert "authorization_server.create" in lines[-1]
    assert "by cli:" in lines[-1]
    assert lines == sorted(lines, key=lambda line: line[:23])
    assert segue("events", "--count", "2").stdout.splitlines() == lines[-2:]


@pytest.mark.usefixtures("workshop")
def test_events_are_found_by_words_and_by_user(segue: Segue) -> None:
    segue("server", "add", "Orders", "--audience", "api://orders")
    (line,) = segue("events", "ORDERS", "create").stdout.splitlines()
    assert "authorization_server.create" in line
    assert segue("events", "no such word").stdout == ""
    about_ann = segue("events", "--user", "ann@corp.test").stdout.splitlines()
    assert about_ann
    assert all("ann@corp.test" in line for line in about_ann)
    failed(segue("events", "--user", "nobody@corp.test"), "There is no user")


@pytest.mark.usefixtures("workshop")
def test_events_as_json(segue: Segue) -> None:
    events = [json.loads(line) for line in segue("events", "--json").stdout.splitlines()]
    assert {"id", "type", "outcome", "at", "detail"} <= events[0].keys()


@pytest.mark.usefixtures("workshop")
async def test_whoever_follows_is_shown_what_happens(capsys: pytest.CaptureFixture[str]) -> None:
    async with opened(load()) as workplace:
        (org,) = await workplace.store.orgs()
        following = asyncio.create_task(show(workplace, Wanted(1, follow=True), org=None))
        event = workplace.change(org.id).event("org.settings", name="seen while following")
        await workplace.store.append([event])
        said = ""
        for _ in range(100):
            await asyncio.sleep(0.1)
            said += capsys.readouterr().out
            if event.id in said:
                break
        following.cancel()
    assert said.count(event.id) == 1
