"""The JavaScript clients that the other tests here drive are installed, and load as modules."""

import json
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PINNED = json.loads((HERE / "package.json").read_text(encoding="utf-8"))["dependencies"]
# Drawn in a page, and loaded by no other program.
IN_BROWSERS = {"@okta/okta-signin-widget": "dist/js/okta-sign-in.min.js"}


def check_version(package: str) -> None:
    installed = json.loads((HERE / "node_modules" / package / "package.json").read_text(encoding="utf-8"))
    assert installed["version"] == PINNED[package]


@pytest.mark.node
@pytest.mark.parametrize("package", [package for package in PINNED if package not in IN_BROWSERS])
def test_a_pinned_client_loads(package: str) -> None:
    script = f"import * as client from {json.dumps(package)}; console.log(JSON.stringify(Object.keys(client)))"
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", script], cwd=HERE, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)
    check_version(package)


@pytest.mark.node
@pytest.mark.parametrize(("package", "script"), IN_BROWSERS.items())
def test_a_pinned_script_for_pages_is_installed(package: str, script: str) -> None:
    check_version(package)
    assert (HERE / "node_modules" / package / script).is_file()


@pytest.mark.node
def test_okta_auth_js_gives_its_client() -> None:
    script = """
        import { OktaAuth } from '@okta/okta-auth-js';
        const issuer = 'https://login.example';
        const client = new OktaAuth({ issuer, clientId: 'c', redirectUri: 'https://a.test/' });
        console.log(client.getIssuerOrigin());
    """
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", script], cwd=HERE, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "https://login.example"
