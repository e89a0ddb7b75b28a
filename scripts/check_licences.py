"""Every dependency's licence is one that a program under Apache-2.0 may be built on.

What the lock files name is looked up where it is installed: a Python distribution says its licence in its metadata, an
npm package in the lock file itself. A licence nobody has judged yet fails; judge it, then add it here and to
``CONTRIBUTING.md``.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator
from email.message import Message
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from scripts.tree import ROOT, report

ALLOWED = frozenset(
    {
        "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "PSF-2.0",
        # Share-alike by file or by library, and used unchanged.
        "LGPL-2.1-only", "LGPL-2.1-or-later", "LGPL-3.0-only", "LGPL-3.0-or-later", "MPL-2.0",
    }
)  # fmt: skip

# What older metadata writes in its own words, folded to lower case: the text of License, or the end of a classifier.
SPELLINGS = {
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd 2-clause license": "BSD-2-Clause",
    "bsd": "BSD-2-Clause",
    "bsd, public domain": "BSD-2-Clause",
    "bsd license": "BSD-3-Clause",  # the two and the three clauses are allowed alike
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "psfl": "PSF-2.0",
    "python software foundation license": "PSF-2.0",
}

# npm packages whose lock entry says nothing, each judged by the licence file or the older field in the package itself.
NPM_BY_HAND = {
    "@auth0/xmldom": "MIT",
    "indexof": "MIT",
    "is": "MIT",
    "is-object": "MIT",
    "passport-strategy": "MIT",
    "passport-wsfed-saml2": "MIT",
    "valid-url": "MIT",
    "xpath": "MIT",
    "xtend": "MIT",
}

TOKEN = re.compile(r"\(|\)|[^\s()]+")


class UnreadableLicence(ValueError):
    """A licence expression that is not SPDX."""


def allowed(expression: str) -> bool:
    """Whether an SPDX expression leaves a choice that is allowed. Raises UnreadableLicence."""
    tokens = TOKEN.findall(expression)
    verdict, rest = _any_of(tokens)
    if rest:
        raise UnreadableLicence(expression)
    return verdict


def _any_of(tokens: list[str]) -> tuple[bool, list[str]]:
    verdict, tokens = _all_of(tokens)
    while tokens[:1] == ["OR"]:
        other, tokens = _all_of(tokens[1:])
        verdict = verdict or other
    return verdict, tokens


def _all_of(tokens: list[str]) -> tuple[bool, list[str]]:
    verdict, tokens = _one(tokens)
    while tokens[:1] == ["AND"]:
        other, tokens = _one(tokens[1:])
        verdict = verdict and other
    return verdict, tokens


def _one(tokens: list[str]) -> tuple[bool, list[str]]:
    match tokens:
        case ["(", *rest]:
            verdict, rest = _any_of(rest)
            if rest[:1] != [")"]:
                raise UnreadableLicence(" ".join(tokens))
            return verdict, rest[1:]
        case [name, "WITH", _, *rest]:  # an exception only gives more
            return name in ALLOWED, rest
        case [name, *rest] if name not in ("OR", "AND", "WITH", ")"):
            return name in ALLOWED, rest
    raise UnreadableLicence(" ".join(tokens))


def stated_licence(about: Message) -> str | None:
    """The SPDX expression of a distribution's metadata, from the newest of the three places that may hold one."""
    expression = about.get("License-Expression")
    if expression:
        return str(expression)
    text = str(about.get("License") or "").strip()
    if text:
        return SPELLINGS.get(text.lower(), text)
    classifiers = [value.rpartition(" :: ")[2] for value in about.get_all("Classifier", []) if value[:7] == "License"]
    return " AND ".join(SPELLINGS.get(name.lower(), name) for name in classifiers) or None


def problem(name: str, licence: str | None) -> str | None:
    if licence is None:
        return f"{name}: says nothing about its licence"
    try:
        return None if allowed(licence) else f"{name}: {licence} is not on the list of allowed licences"
    except UnreadableLicence:
        return f"{name}: its licence is no SPDX expression: {licence[:80]!r}"


def locked_names(lock: str) -> Iterator[str]:
    """The distributions that a lock file asks for on this machine and this Python."""
    for line in lock.splitlines():
        if re.match(r"[A-Za-z0-9]", line):
            requirement = Requirement(line.removesuffix("\\"))
            if requirement.marker is None or requirement.marker.evaluate():
                yield requirement.name


def python_problems(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        try:
            about = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            yield f"{name}: not installed, so its licence cannot be read; ./dev check installs it"
            continue
        # PackageMetadata is an email message underneath; its declared type leaves out what is optional.
        found = problem(name, stated_licence(about))  # type: ignore[arg-type]
        if found:
            yield found


def npm_problems(lock: str) -> Iterator[str]:
    for path, package in json.loads(lock)["packages"].items():
        name = path.rpartition("node_modules/")[2]
        found = problem(name, package.get("license") or NPM_BY_HAND.get(name)) if path else None
        if found:
            yield found


def problems(root: Path) -> Iterator[str]:
    for lock in sorted((root / "requirements").glob("*.txt")):
        yield from python_problems(locked_names(lock.read_text(encoding="utf-8")))
    folders = (root / folder for folder in ("tests/clients", "bench"))
    for lock in sorted(lock for folder in folders for lock in folder.glob("*/package-lock.json")):
        yield from npm_problems(lock.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(report(problems(ROOT)))
