"""Apache as a process of its own, with the relying party modules that Debian ships: no system service, no root's files.

Each folder of a configuration answers Apache's own status page, so nothing but the modules decides who sees it.
"""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
from lxml import html
from tests.http_client import Browser
from tests.installation import Person
from tests.server import free_port

APACHE = shutil.which("apache2") or "/usr/sbin/apache2"
MODULES = Path("/usr/lib/apache2/modules")
START_WITHIN_S = 20
_BASE = """
ServerName localhost
ServerRoot "{folder}"
PidFile "{folder}/apache.pid"
DefaultRuntimeDir "{folder}"
Mutex file:{folder}
ErrorLog "{folder}/error.log"
LogLevel warn {noisy}
Listen 127.0.0.1:{port}
User nobody
Group nogroup
ServerLimit 1
StartServers 1
ThreadsPerChild 8
MaxRequestWorkers 8
{modules}
<Location />
  SetHandler server-status
</Location>
{site}
"""
_ALWAYS = ("mpm_event", "authn_core", "authz_core", "authz_user", "status", "headers", "socache_shmcb")


@dataclass(frozen=True, slots=True)
class Apache:
    """A running Apache. ``log`` is what it had to complain about."""

    base_url: str
    log: Path

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder for one Apache. Its worker is nobody, and pytest's own folders are for their owner alone."""
    with tempfile.TemporaryDirectory(prefix="segue-apache-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def free_address() -> str:
    """Where an Apache may listen."""
    return f"http://localhost:{free_port()}"


@contextmanager
def running_apache(folder: Path, base_url: str, module: str, site: str) -> Iterator[Apache]:
    """Apache at ``base_url`` with one relying party ``module`` and its part of the configuration."""
    modules = "\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in (*_ALWAYS, module))
    text = _BASE.format(folder=folder, port=urlsplit(base_url).port, modules=modules, site=site, noisy=f"{module}:info")
    configuration = folder / "apache.conf"
    configuration.write_text(text)
    apache = Apache(base_url, folder / "error.log")
    output = folder / "output.log"
    with output.open("wb") as stream:
        process = subprocess.Popen(
            [APACHE, "-f", str(configuration), "-DFOREGROUND"],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            cwd=folder,
            start_new_session=True,
        )
        try:
            _wait_until_it_answers(apache, process, output)
            yield apache
        finally:
            process.terminate()
            process.wait(START_WITHIN_S)


def _wait_until_it_answers(apache: Apache, process: "subprocess.Popen[bytes]", output: Path) -> None:
    deadline = time.monotonic() + START_WITHIN_S
    while True:
        if process.poll() is not None:
            raise RuntimeError(f"apache ended with status {process.returncode}:\n{output.read_text()}{apache.said()}")
        try:
            httpx.get(apache.base_url, trust_env=False)
            return
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise RuntimeError(f"apache does not answer:\n{output.read_text()}{apache.said()}") from None
            time.sleep(0.05)


# --- the browser between the two ---


def go_on(
    browser: Browser, answer: httpx.Response, *, until: str = "", seen: list[str] | None = None
) -> httpx.Response:
    """Follows redirects, and submits the forms that submit themselves, until a page stands still or an answer leads to
    an address that begins with ``until``. The path of every answer is added to ``seen``.

    Both sides are at localhost, where a browser keeps cookies without regard to the port, as this one does.
    """
    for _ in range(15):
        if seen is not None:
            seen.append(answer.url.path)
        if answer.is_redirect:
            address = urljoin(str(answer.url), answer.headers["location"])
            if until and address.startswith(until):
                return answer
            answer = browser.get(address)
            continue
        form = _posting_form(answer)
        if form is None or (until and form[0].startswith(until)):
            return answer
        answer = browser.post(form[0], data=form[1])
    raise AssertionError(f"this goes on and on: {answer.url}")


def sign_in(browser: Browser, page: httpx.Response, person: Person) -> httpx.Response:
    """Fills in the hosted sign-in page and sends it."""
    [form] = html.document_fromstring(page.content).forms
    fields = {name: value or "" for name, value in form.fields.items()}
    assert {"username", "password"} <= fields.keys(), page.text
    filled = {**fields, "username": person.login, "password": person.password}
    return browser.post(urljoin(str(page.url), form.action or ""), data=filled)


def _posting_form(answer: httpx.Response) -> tuple[str, dict[str, str]] | None:
    """Action and fields of a page whose one form submits itself."""
    if answer.status_code != 200 or "html" not in answer.headers.get("content-type", ""):
        return None
    forms = html.document_fromstring(answer.content).forms
    if len(forms) != 1 or not forms[0].action or any(field.get("type") == "password" for field in forms[0].inputs):
        return None
    return urljoin(str(answer.url), forms[0].action), {name: value or "" for name, value in forms[0].fields.items()}
