import json
from email.message import Message

import pytest
from scripts import check_licences


@pytest.mark.parametrize(
    ("expression", "verdict"),
    [
        ("MIT", True),
        ("AGPL-3.0-only", False),
        ("GPL-2.0-only OR MIT", True),
        ("GPL-2.0-only AND MIT", False),
        ("MPL-2.0 AND (Apache-2.0 OR GPL-3.0-only)", True),
        ("(MIT AND GPL-3.0-only) OR SSPL-1.0", False),
        ("GPL-3.0-only OR MIT AND BSD-3-Clause", True),  # AND binds tighter
        ("Apache-2.0 WITH LLVM-exception", True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
    ],
)
def test_an_expression_is_allowed_if_one_of_its_choices_is(expression: str, verdict: bool) -> None:
    assert check_licences.allowed(expression) is verdict


@pytest.mark.parametrize("text", ["", "MIT License", "(MIT", "MIT)", "MIT OR", "AND", "MIT AND OR ISC"])
def test_what_is_no_expression_is_an_error(text: str) -> None:
    with pytest.raises(check_licences.UnreadableLicence):
        check_licences.allowed(text)
    assert check_licences.problem("thing", text)


def about(**headers: str | list[str]) -> Message:
    message = Message()
    for name, values in headers.items():
        for value in [values] if isinstance(values, str) else values:
            message[name.replace("_", "-")] = value
    return message


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        (about(License_Expression="MIT", License="GPL"), "MIT"),
        (about(License="Apache Software License", Classifier="License :: OSI Approved :: MIT License"), "Apache-2.0"),
        (about(Classifier=["Typing :: Typed", "License :: OSI Approved :: BSD License"]), "BSD-3-Clause"),
        (about(Classifier=["License :: OSI Approved :: MIT License", "License :: Other"]), "MIT AND Other"),
        (about(License="Ask me"), "Ask me"),
        (about(), None),
    ],
)
def test_the_licence_is_read_from_every_generation_of_metadata(metadata: Message, licence: str | None) -> None:
    assert check_licences.stated_licence(metadata) == licence


@pytest.mark.parametrize("licence", [None, "GPL-3.0-only", "Ask me", "MIT AND Other"])
def test_an_unknown_or_missing_licence_is_a_problem(licence: str | None) -> None:
    assert check_licences.problem("thing", licence)


def test_a_lock_names_what_this_machine_installs() -> None:
    lock = (
        "# comment\nsqlalchemy[asyncio]==2.1.9 \\\n    --hash=sha256:00\n    # via segue\n"
        "colorama==0.4.6 ; sys_platform == 'win32' \\\n    --hash=sha256:00\npytest==9.2.0\n"
    )
    assert list(check_licences.locked_names(lock)) == ["sqlalchemy", "pytest"]


def test_a_locked_distribution_that_is_not_installed_is_a_problem() -> None:
    (problem,) = check_licences.python_problems(["no-such-distribution-anywhere"])
    assert "not installed" in problem


def test_npm_packages_are_judged_by_their_lock() -> None:
    packages = {
        "": {"license": "UNLICENSED"},  # the project itself
        "node_modules/good": {"license": "MIT"},
        "node_modules/a/node_modules/@scope/bad": {"license": "GPL-3.0-only"},
        "node_modules/silent": {},
    }
    problems = list(check_licences.npm_problems(json.dumps({"packages": packages})))
    assert [problem.partition(":")[0] for problem in problems] == ["@scope/bad", "silent"]
