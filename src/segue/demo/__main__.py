"""``python -m segue.demo``: Segue, its seeded org and the example apps in one process, until Ctrl-C."""

import argparse
import asyncio
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

import httpx
import uvloop

from segue.admin.orgs import NewServer
from segue.app.checks import CannotStart, newest_schema
from segue.app.logs import configure
from segue.app.wiring import build
from segue.core.refusal import Refusal
from segue.demo.addresses import FIRST_PORT, Addresses
from segue.demo.apps import example_apps
from segue.demo.backend import Backend
from segue.demo.certificates import Certificates, ensure_certificates
from segue.demo.folder import Folder, write_private
from segue.demo.manifest import new_manifest
from segue.demo.seed import Seeded, seed
from segue.demo.servers import Site, Sockets, serving, stop_signal, until
from segue.demo.trouble import Trouble
from segue.demo.workplace import Workplace
from segue.settings import Settings, SettingsError, ensure_master_key, load
from segue.storage import open_store
from segue.stores import StoreUnavailable

_FAILED: Final = 1
_MISUSED: Final = 2
#: The authorization servers that clients of the dialect expect to find.
_SERVERS: Final = (
    NewServer(name="Org server", path=""),
    NewServer(name="default", path="oauth2/default", audience="api://default"),
)
_ABOUT: Final = {
    "ann": "may use every app",
    "bob": "may use every app",
    "otp": "as well, and is asked for a code of an app each time",
    "outsider": "may use none of them",
    "half": "may use the native app alone",
    "stepup": "has an authenticator app, which only the payroll asks for",
}
_MAIL_FROM: Final = "Segue demo <segue@harborbooks.example>"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the demo; the exit status. What stands in its way is one sentence on stderr."""
    asked = _parser().parse_args(arguments)
    try:
        addresses = Addresses(port=asked.port, tls=asked.tls)
    except ValueError as error:
        return _say_no(f"--port {asked.port} cannot be used: {error}.", _MISUSED)
    try:
        # Ports first: a demo that is running already keeps its folder as it is.
        with Sockets(addresses.listeners) as sockets:
            folder = Folder(asked.var.absolute(), fresh=asked.fresh)
            try:
                _run(folder, addresses, sockets)
            finally:
                folder.close()
    except (Trouble, SettingsError, CannotStart) as trouble:
        return _say_no(str(trouble))
    except Refusal as refusal:
        return _say_no(f"The demo could not be seeded: {refusal.public} --fresh starts over.")
    except StoreUnavailable as error:
        return _say_no(f"The demo's database cannot be used: {error}.")
    except OSError as error:
        return _say_no(f"The demo cannot go on: {error}.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev run", description="Serves Segue with a demo org until Ctrl-C.")
    parser.add_argument("--port", type=int, default=FIRST_PORT, help=f"the first port (default: {FIRST_PORT})")
    parser.add_argument("--tls", action="store_true", help="serve https, with a throw-away CA")
    parser.add_argument("--fresh", action="store_true", help="start over: remove the demo's data first")
    parser.add_argument("--var", type=Path, default=Path("var"), help="the demo's folder (default: var)")
    return parser


def _run(folder: Folder, addresses: Addresses, sockets: Sockets) -> None:
    tls = ensure_certificates(folder.certificates) if addresses.tls else None
    settings = _settings(folder, addresses)
    configure(settings)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if not runner.run(_has_schema(settings)):
            _bring_up(settings)
        runner.run(_serve(settings, folder, addresses, sockets, tls))


def _settings(folder: Folder, addresses: Addresses) -> Settings:
    """The settings of a demo, whatever the environment says. Raises SettingsError, Trouble."""
    settings = load(
        mode="demo",
        var=folder.path,
        database_url=f"sqlite:///{folder.path / 'segue.db'}",
        master_key_file=folder.path / "master.key",
        host="localhost",
        port=addresses.port,
        log_level="warning",
        log_format="text",
        mail=f"file://{quote(str(folder.mail))}",
        mail_from=_MAIL_FROM,
    )
    if settings.master_key is not None or settings.epoch is not None:
        raise Trouble("The demo has keys of its own: unset SEGUE_MASTER_KEY and SEGUE_EPOCH to run it.")
    ensure_master_key(settings)
    return settings


def _bring_up(settings: Settings) -> None:
    from segue.storage.migrate import upgrade  # takes a while to import, and is seldom needed

    try:
        upgrade(settings.database)
    # Driver, SQLAlchemy and Alembic each have their own errors, and every one of them means the same here.
    except Exception as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise Trouble(f"The demo's database cannot be brought up to date ({reason}): --fresh starts over.") from error


async def _has_schema(settings: Settings) -> bool:
    """Whether the database is there with the schema of this release."""
    store = open_store(settings.database, epoch=0)
    try:
        await store.open()
        return await store.schema_version() == newest_schema()
    except StoreUnavailable:
        return False
    finally:
        await store.close()


async def _serve(
    settings: Settings, folder: Folder, addresses: Addresses, sockets: Sockets, tls: Certificates | None
) -> None:
    stop = stop_signal()
    segue = build(settings)
    await segue.start()
    try:
        kept = folder.read_kept()
        at = Workplace(segue.store, segue.sealer, segue.hasher, segue.source, kept, lambda: folder.write_kept(kept))
        seeded = await seed(at, addresses, _SERVERS)
        manifest = new_manifest(seeded, kept, addresses)
        ca = tls.ca if tls else None
        sites = [
            Site(addresses.idp_listener, segue.edge),
            *example_apps(manifest, addresses, ca, _explain_command(folder.path), _short(folder.mail)),
        ]
        async with serving(sites, sockets, tls) as running:
            await _every_port_answers(addresses, ca)
            write_private(folder.manifest, manifest)
            print(_welcome(seeded, addresses, folder, ca, announced=kept.announced), flush=True)
            kept.announced = True
            folder.write_kept(kept)
            await until(stop, running)
            folder.manifest.unlink(missing_ok=True)
    finally:
        await segue.stop()
    print("\nStopped.", flush=True)


async def _every_port_answers(addresses: Addresses, ca: Path | None) -> None:
    """Raises Trouble where one does not."""
    async with Backend(addresses.idp, ca).client("segue demo") as client:
        for address in addresses.all:
            try:
                answer = await client.get(f"{address}/")
            except httpx.HTTPError as error:
                raise Trouble(f"{address} does not answer ({type(error).__name__}).") from error
            if answer.status_code != httpx.codes.OK:
                raise Trouble(f"{address} answers {answer.status_code}.")


def _welcome(seeded: Seeded, addresses: Addresses, folder: Folder, ca: Path | None, *, announced: bool) -> str:
    places = (
        ("Start here", addresses.idp, "Segue itself, with links to the rest"),
        ("Login page", addresses.login, "a custom login page: its own form, Segue's Authentication API"),
        ("", addresses.foreign_login, "the same on a foreign site"),
        ("Web app", addresses.web, "OpenID Connect"),
        ("SAML app", addresses.saml, "SAML 2.0"),
        ("WS-Fed app", addresses.wsfed, "WS-Federation"),
        ("Single-page app", addresses.spa, "OpenID Connect in the browser"),
        ("Playground", addresses.playground, "walk each flow, see every request"),
    )
    people = [(name, person.login, person.password) for name, person in seeded.people.items()]
    width = max(len(login) for _, login, _ in people)
    lines = ["", "Segue is running.", ""]
    lines += [f"  {what:<16} {address:<24} {about}" for what, address, about in places]
    lines += ["", "  Sign in as"]
    lines += [f"    {login:<{width}}  {password}  {_ABOUT[name]}" for name, login, password in people]
    if not announced:
        lines += ["", f"  Administrator: {seeded.admin.login}, password {seeded.admin.password} (printed this once)"]
    lines += ["", f"  For scripts: {_short(folder.manifest)}"]
    if ca:
        lines += [f"  The CA to trust: {_short(ca)}"]
    return "\n".join([*lines, "", "Ctrl-C stops it.", ""])


def _explain_command(var: Path) -> str:
    """What to type, from here, to explain an event of this demo."""
    script = Path(sys.executable).with_name("segue")
    command = _short(script) if script.exists() else f"{_short(Path(sys.executable))} -m segue"
    setting = "" if var == Path.cwd() / "var" else f"SEGUE_VAR={shlex.quote(_short(var))} "
    return f"{setting}{command} explain"


def _short(path: Path) -> str:
    """A path as seen from the current folder."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _say_no(sentence: str, status: int = _FAILED) -> int:
    print(sentence, file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
