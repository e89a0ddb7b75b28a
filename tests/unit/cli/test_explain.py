"""``segue explain``: an event with its whole trail, safe to print."""

import json

import pytest
from tests.unit.cli.commands import Segue, Workshop, failed

from segue.core.clock import Source
from segue.core.refusal import Refusal
from segue.core.verdict import Check, Verdict
from segue.events import Circumstances
from segue.stores import Store
from segue.web.recorder import Recorder

VERDICT = Verdict(
    (
        Check("token_shape", passed=True),
        Check("unspent", passed=False, expected="a token never used", seen="used at 12:00", mend="Mint a new token."),
    ),
    rule="redeem",
)


def refuse(workshop: Workshop, user_agent: str = "Firefox", **about: str) -> str:
    """Records a refusal as the server does; the id of its event."""

    async def work(store: Store) -> str:
        org = next(org for org in await store.orgs() if org.name == about.get("org", "Corp"))
        (user,) = await store.users(org.id)
        where = Circumstances(
            org.id, Source().now_at(), Source(), "localhost:8080", "192.0.2.7", user_agent, "req00000000000000001"
        )
        refusal = Refusal("ticket_not_usable", "The token is not valid.", VERDICT, user_id=user.id)
        return await Recorder(store).refuse(where, refusal, "ticket.redeem")

    return workshop.inside(work)


def test_it_tells_what_happened_and_what_would_mend_it(segue: Segue, workshop: Workshop) -> None:
    event_id = refuse(workshop)
    done = segue("explain", event_id)
    assert done.exit_code == 0
    for part in (
        "ticket.redeem — refused: ticket_not_usable",
        event_id,
        "Corp (00o",
        "localhost:8080",
        "192.0.2.7",
        "Firefox",
        "req00000000000000001",
        "ann@corp.test (00u",
        "by the rule redeem",
        "passed  token shape",
        "FAILED  unspent",
        "expected: a token never used",
        "seen: used at 12:00",
        "to mend it: Mint a new token.",
    ):
        assert part in done.stdout


def test_an_id_may_be_pasted_as_clients_show_it(segue: Segue, workshop: Workshop) -> None:
    event_id = refuse(workshop)
    assert event_id in segue("explain", f"[{event_id}]").stdout


def test_the_json_is_the_event(segue: Segue, workshop: Workshop) -> None:
    event_id = refuse(workshop)
    event = json.loads(segue("explain", "--json", event_id).stdout)
    assert (event["id"], event["type"], event["reason"]) == (event_id, "ticket.redeem", "ticket_not_usable")
    assert [check["name"] for check in event["detail"]["trail"]["checks"]] == ["token_shape", "unspent"]


def test_it_finds_the_event_in_whichever_org(segue: Segue, workshop: Workshop) -> None:
    segue("init", "--domain", "https://id.other.test", "--name", "Other", "--admin-login", "olga")
    event_id = refuse(workshop, org="Other")
    assert "Other (00o" in segue("explain", event_id).stdout


def test_ED_08_what_an_attacker_wrote_does_not_steer_the_terminal(segue: Segue, workshop: Workshop) -> None:
    event_id = refuse(workshop, user_agent="\x1b[2J\x1b]0;owned\x07\r\nFAILED \u202eevil\x9b31m")
    for arguments in (("explain", event_id), ("explain", "--json", event_id)):
        printed = segue(*arguments).stdout
        assert "owned" in printed
        assert not {"\x1b", "\x07", "\r", "\u202e", "\x9b"}.intersection(printed)


def test_an_event_of_a_change_has_no_trail_and_names_who_made_it(segue: Segue, workshop: Workshop) -> None:
    ((event_id,),) = workshop.rows("SELECT id FROM events WHERE type = 'org.create'")
    printed = segue("explain", event_id).stdout
    assert "org.create — success" in printed
    assert "cli:" in printed
    assert "name        Corp" in printed
    assert "Checks made" not in printed


@pytest.mark.parametrize(
    ("event_id", "says"),
    [
        ("evt00000000000000000", "There is no event evt00000000000000000"),
        ("req00000000000000000", "is no event id"),
        ("nonsense", "An event id has 20 letters and digits"),
        ("", "An event id has 20 letters and digits"),
        ("evt' OR 1=1", "An event id has 20 letters and digits"),
    ],
)
@pytest.mark.usefixtures("workshop")
def test_what_cannot_be_explained_is_one_sentence(segue: Segue, event_id: str, says: str) -> None:
    failed(segue("explain", event_id), says)
