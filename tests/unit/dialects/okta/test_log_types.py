"""Every type of event that is emitted has its row in the vendor's log."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.unit.dialects.okta.conftest import House

import segue
from segue.admin.event_words import EVENT_WORDS
from segue.dialects.okta.admin.log_types import LOG_TYPES, log_type

ROOT = Path(segue.__path__[0])
TYPE = re.compile(r"[a-z_]+\.[a-z_]+")
# Nothing here makes events of its own, or makes them for another org than the log is read in.
QUIET = ("demo/", "storage/", "outbound/")
CALLS = ("event", "refus", "route")


def emitted_in(tree: ast.Module) -> Iterator[str]:
    """Texts of the form of a type where events are made: in calls named for events, refusals and routes, and in what is
    named ``event``, ``type`` or ``…_EVENT``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if any(word in name.lower() for word in CALLS):
                yield from texts(*node.args)
            yield from texts(*(keyword.value for keyword in node.keywords if keyword.arg in ("event", "type")))
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name) and "EVENT" in target.id:
                yield from texts(node.value)


def texts(*nodes: ast.expr) -> Iterator[str]:
    for node in nodes:
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and TYPE.fullmatch(part.value):
                yield part.value


def emitted() -> dict[str, str]:
    """Each type in the source, with a module that has it."""
    found: dict[str, str] = {}
    for path in sorted(ROOT.rglob("*.py")):
        place = path.relative_to(ROOT).as_posix()
        if not place.startswith(QUIET):
            found |= dict.fromkeys(emitted_in(ast.parse(path.read_text())), place)
    return found


def test_every_type_in_the_source_has_a_row() -> None:
    found = emitted()
    assert len(found) > 60
    missing = {type: place for type, place in found.items() if type not in LOG_TYPES}
    assert missing == {}, "give each a row in dialects/okta/admin/log_types.py"


def test_every_type_is_told_in_words() -> None:
    assert {type for type in (*emitted(), *LOG_TYPES) if type not in EVENT_WORDS} == set()
    assert all(words[0].isupper() and not words.endswith(".") for words in EVENT_WORDS.values())


async def test_every_route_and_every_way_in_has_a_row(house: House) -> None:
    (surface,) = house.edge.surfaces.values()
    assert {route.event for route in surface.routes} - set(LOG_TYPES) == set()
    assert {f"sign_in.{channel}" for channel in house.door.channels["okta"]} - set(LOG_TYPES) == set()


def test_the_rule_can_fail() -> None:
    broken = 'await store.put(change.event("thing.unheard_of", user_id=user.id))'
    assert list(emitted_in(ast.parse(broken))) == ["thing.unheard_of"]


def test_names_are_of_the_vendors_form() -> None:
    for type, row in LOG_TYPES.items():
        assert re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)+", row.name), type


def test_a_type_without_a_row_is_shown_under_its_own_name() -> None:
    row = log_type("thing.unheard_of")
    assert row.name == "segue.thing.unheard_of"


def test_a_custom_server_has_names_of_its_own() -> None:
    assert log_type("token.issue").name == "app.oauth2.token.grant.access_token"
    assert log_type("token.issue", custom_server=True).name == "app.oauth2.as.token.grant.access_token"
    assert log_type("session.open", custom_server=True).name == "user.session.start"
