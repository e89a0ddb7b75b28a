"""The layer contracts of pyproject.toml, held against a small house that breaks each of them once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from scripts.tree import ROOT
from tests.unit.scripts.conftest import MakeTree


def lint(root: Path) -> str:
    """What import-linter says of the package below ``root``, with the contracts of this project."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"]
    done = subprocess.run(
        [*command, "--config", str(ROOT / "pyproject.toml"), "--no-cache", "--no-logo"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root / "src"), "COLUMNS": "300", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) is ("0 broken" in done.stdout), done.stdout + done.stderr
    return done.stdout


def house(modules: dict[str, str]) -> dict[str, str]:
    """Files of a package segue with these modules (dotted, below segue), and an ``__init__`` wherever one belongs."""
    files = {"src/segue/__init__.py": "", "src/segue/core/__init__.py": ""}
    for module, source in modules.items():
        parts = module.split(".")
        for depth in range(1, len(parts)):
            files.setdefault("/".join(["src/segue", *parts[:depth], "__init__.py"]), "")
        files["/".join(["src/segue", *parts]) + ".py"] = source
    return files


GOOD = {
    "core.url": "import cryptography",
    "events": "import segue.core.url",
    "stores": "import segue.events",
    "policy.access": "import segue.core.url",
    "storage.sqlite": "import sqlite3, asyncpg, alembic, segue.stores",
    "outbound.fetch": "import httpx, smtplib, segue.events",
    "signin.factors.totp": "import pyotp, segno, webauthn",
    "web.edge": "import starlette.requests",
    "protocols.oauth.grants.code": "import segue.web.edge",
    "protocols.oauth.grants.refresh": "",
    "protocols.saml.xml": "import lxml.etree, signxml",
    "protocols.wsfed": "import segue.protocols.saml.xml",
    "dialects.okta.names": "import segue.protocols.wsfed",
    "dialects.auth0.names": "",
    "demo.apps": "import starlette, authlib, minisaml, httpx, uvicorn",
    "demo.__main__": "import segue.settings, segue.storage.migrate",
    "storage.migrate": "",
    "settings": "import pydantic_settings, segue.demo.apps",
    "app": "import starlette, uvicorn, segue.settings",
    "cli.serve": "import uvicorn, segue.app",
    "__main__": "import segue.cli.serve",
}

BREAKS = [
    ("A layer imports only", {"core.url": "import segue.policy.access"}),
    ("A layer imports only", {"web.edge": "import segue.admin.users", "admin.users": ""}),
    ("A layer imports only", {"demo.apps": "import segue.storage.sqlite"}),
    ("A layer imports only", {"extra": ""}),
    ("Storage and outbound know", {"storage.sqlite": "import segue.policy.access"}),
    ("Storage and outbound know", {"outbound.fetch": "import segue.web.edge"}),
    ("Policy knows core alone", {"policy.access": "import segue.events"}),
    ("Dialects do not know", {"dialects.okta.names": "import segue.dialects.auth0.names"}),
    ("OAuth and SAML do not", {"protocols.oauth.grants.code": "import segue.protocols.saml.xml"}),
    ("OAuth and WS-Federation", {"protocols.wsfed": "import segue.protocols.oauth.grants.code"}),
    ("No grant imports another", {"protocols.oauth.grants.code": "import segue.protocols.oauth.grants.refresh"}),
    ("No exchange imports", {"protocols.oauth.exchanges.a": "import segue.protocols.oauth.exchanges.b",
                             "protocols.oauth.exchanges.b": ""}),
    ("know the web framework", {"protocols.oauth.token": "import starlette.responses"}),
    ("know the web framework", {"web.cookies": "import starlette"}),
    ("knows the server", {"web.edge": "import uvicorn"}),
    ("knows the XML libraries", {"protocols.saml.request": "import lxml.etree"}),
    ("knows the XML libraries", {"dialects.okta.names": "import signxml"}),
    ("knows a database driver", {"stores": "import sqlite3"}),
    ("knows a database driver", {"cli.serve": "import alembic.command"}),
    ("call other servers", {"web.edge": "import httpx"}),
    ("call other servers", {"signin.factors.email": "import smtplib"}),
    ("knows the library it is made with", {"web.edge": "import webauthn"}),
    ("Only settings reads settings", {"app": "import pydantic_settings"}),
    ("Only the demo knows", {"protocols.oauth.token": "import authlib"}),
    ("Core does no input", {"core.url": "import asyncio"}),
]  # fmt: skip


def test_a_house_that_keeps_the_rules_passes(make_tree: MakeTree) -> None:
    assert " 0 broken" in lint(make_tree(house(GOOD)))


def test_a_house_with_most_rooms_still_to_come_passes(make_tree: MakeTree) -> None:
    assert " 0 broken" in lint(make_tree(house({})))


@pytest.mark.parametrize(("contract", "change"), BREAKS, ids=[f"{name}: {list(change)}" for name, change in BREAKS])
def test_each_contract_can_fail(make_tree: MakeTree, contract: str, change: dict[str, str]) -> None:
    said = lint(make_tree(house(GOOD | change)))
    broken = [line for line in said.splitlines() if " BROKEN" in line]
    assert any(contract in line for line in broken), said
