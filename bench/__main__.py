"""Runs the benchmark: ``python -m bench --help``."""

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvloop
from tests.postgres_server import PostgresUnavailable, running_postgres

from bench import cheap_passwords, machine
from bench.counting import count
from bench.hotspots import profile
from bench.installation import Installation, install, new_settings
from bench.limits import measure_limits
from bench.machine import Cores
from bench.operations import BY_NAME, OPERATIONS, Operation
from bench.report import OURS, PEER, POSTGRES, SQLITE, Results, render, render_profile
from bench.rounds import Contestant, alternate, connected
from bench.servers import Server, free_port, running_peer, running_segue
from bench.sides import CodeSide, PeerSide, SegueSide
from segue.settings import Settings

ROOT: Final = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for. ``installations`` are Segue's by side, once as it is and once with cheap passwords."""

    operations: Sequence[Operation]
    rounds: int
    seconds: float
    cores: Cores
    installations: dict[tuple[str, bool], Settings]


def main(arguments: Sequence[str] | None = None) -> int:
    given = _arguments(arguments)
    cores = machine.cores()
    os.sched_setaffinity(0, cores.others)  # what is started from here, but for the servers, stays off their core
    with ExitStack() as stack:
        folder = _folder(stack)
        try:
            postgres = stack.enter_context(running_postgres())
        except PostgresUnavailable as unavailable:
            raise SystemExit(str(unavailable)) from None
        urls = {
            (side, cheap): postgres.url(postgres.create_database()) if side == POSTGRES else None
            for side in OURS
            for cheap in (False, True)
        }
        settings = {
            key: new_settings(folder / f"{number}", url, free_port()) for number, (key, url) in enumerate(urls.items())
        }
        plan = Plan(given.only or OPERATIONS, given.rounds, given.seconds, cores, settings)
        if given.profile:
            print(uvloop.run(_profile(plan, given.profile, given.database)))
            return 0
        description = {
            **machine.description(ROOT, cores),
            "durable write": f"{machine.durable_write_ms(folder):.2f} ms",
        }
        results = uvloop.run(_run(plan, description))
    print(render(results))
    if given.json:
        given.json.write_text(json.dumps(results.as_json(), indent=1), encoding="utf-8")
    return 0


async def _run(plan: Plan, description: dict[str, str]) -> Results:
    results = Results(description, await measure_limits(plan.cores))
    cheap = {operation.cheap_passwords for operation in plan.operations}
    installations: dict[tuple[str, bool], Installation] = {}
    for key, settings in plan.installations.items():
        if key[1] in cheap or key == (POSTGRES, False):
            installations[key] = await _install(settings, cheap=key[1])
    _say("counting statements and signatures")
    results.costs = await count(installations[POSTGRES, False])
    with ExitStack() as stack:
        contestants = {
            key: await _contestant(
                SegueSide(key[0], installation),
                stack.enter_context(running_segue(plan.installations[key], plan.cores.server, cheap_passwords=key[1])),
            )
            for key, installation in installations.items()
        }
        server = stack.enter_context(running_peer(plan.cores.server))
        peer = await _contestant(PeerSide(f"localhost:{server.port}"), server)
        results.notes += await _differences(contestants, peer)
        for operation in plan.operations:
            _say(operation.title)
            involved = {side: contestants[side, operation.cheap_passwords] for side in OURS}
            work = dict.fromkeys(OURS, operation.name)
            if operation.peer:
                involved[PEER], work[PEER] = peer, operation.peer
            results.rounds[operation.name] = await alternate(involved, work, rounds=plan.rounds, seconds=plan.seconds)
        for name, contestant in {**{side: contestants.get((side, False)) for side in OURS}, PEER: peer}.items():
            if contestant:
                results.servers[name] = (contestant.server, machine.resident_mib(contestant.server.pid))
    for installation in installations.values():
        await installation.close()
    return results


async def _contestant(side: CodeSide, server: Server) -> Contestant:
    """With its people signed in."""
    async with connected(server.port) as callers:
        await side.open(callers[0])
    return Contestant(side, server)


async def _install(settings: Settings, *, cheap: bool) -> Installation:
    if not cheap:
        return await install(settings)
    cheap_passwords.install()
    try:
        return await install(settings)
    finally:
        cheap_passwords.uninstall()


async def _differences(contestants: dict[tuple[str, bool], Contestant], peer: Contestant) -> list[str]:
    """Sentences about what the two sides do not do alike: a ratio is of the same work or of none."""
    found = []
    ours = next(contestant for key, contestant in contestants.items() if not key[1])
    for name in ours.side.endpoints:
        mine, other = await _algorithms(ours, name), await _algorithms(peer, name)
        if mine != other or mine[1] != name:
            found.append(
                f"NOT THE SAME WORK for {name}: Segue signs access and ID token with {', '.join(mine)}, "
                f"the peer with {', '.join(other)}."
            )
    return found


async def _algorithms(contestant: Contestant, name: str) -> tuple[str, str]:
    async with connected(contestant.server.port) as callers:
        return await contestant.side.algorithms(name, callers[0])


async def _profile(plan: Plan, operation: str, database: str) -> str:
    side = POSTGRES if database == "postgresql" else SQLITE
    cheap = BY_NAME[operation].cheap_passwords
    installation = await _install(plan.installations[side, cheap], cheap=cheap)
    try:
        job_us, spots = await profile(installation, operation)
    finally:
        await installation.close()
    return render_profile(f"{BY_NAME[operation].title} ({side})", job_us, spots)


def _folder(stack: ExitStack) -> Path:
    """A folder for the databases on the disk of the checkout, gone at the end."""
    parent = ROOT / "var"
    parent.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=parent))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench", description="Measures Segue against another provider.")
    names = ", ".join(BY_NAME)
    parser.add_argument("--rounds", type=int, default=7, help="rounds of each operation (7)")
    parser.add_argument("--seconds", type=float, default=1.5, help="about how long each side's part of one takes (1.5)")
    parser.add_argument("--only", type=_operations, metavar="NAME,…", help=f"some operations alone: {names}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured there")
    parser.add_argument("--profile", choices=BY_NAME, metavar="NAME", help="profile one operation instead")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite", help="what to profile on")
    return parser.parse_args(arguments)


def _operations(text: str) -> list[Operation]:
    unknown = [name for name in text.split(",") if name not in BY_NAME]
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no operation {unknown[0]}")
    return [BY_NAME[name] for name in text.split(",")]


def _say(text: str) -> None:
    print(f"  {text} …", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
