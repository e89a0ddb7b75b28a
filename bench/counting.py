"""What one request costs in things that can be counted: round trips to PostgreSQL, signatures, password hashes.

Nothing is estimated: Segue runs in this process on a real database, and whatever sends a statement or signs is watched.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from joserfc.jws import JWSRegistry
from signxml.signer import XMLSigner

from bench.in_process import InProcess
from bench.installation import Installation
from bench.operations import OPERATIONS
from bench.sides import SegueSide, run_jobs
from segue.storage import postgres_pool
from segue.storage.postgres_statements import local

_JOBS: Final = 100
# Configuration is asked for again each second, by one request for all: that is not what a request costs.
_RARE: Final = _JOBS // 4
_ALGORITHMS: Final = ("RS256", "ES256")


@dataclass(slots=True)
class Tally:
    """``statements`` by their text, ``signatures`` by algorithm."""

    statements: Counter[str] = field(default_factory=Counter)
    signatures: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one job: what each named statement, signature and hash counts."""

    statements: dict[str, float]
    signatures: dict[str, float]
    hashes: float

    @property
    def round_trips(self) -> float:
        return sum(self.statements.values())


async def count(installation: Installation) -> dict[str, Cost]:
    """The cost of one job of each operation, on the database of ``installation``."""
    side, caller = SegueSide("counting", installation), InProcess(installation.segue.edge)
    await side.open(caller)
    costs: dict[str, Cost] = {}
    for operation in OPERATIONS:
        if not operation.cheap_passwords:
            await run_jobs(await side.jobs(operation.name, 4, [caller]), [caller])
            costs[operation.name] = await _cost(installation, side, caller, operation.name)
    return costs


async def _cost(installation: Installation, side: SegueSide, caller: InProcess, operation: str) -> Cost:
    jobs = await side.jobs(operation, _JOBS, [caller])
    hashes = installation.segue.hasher.evaluations
    with watching() as tally:
        await run_jobs(jobs, [caller])
    return Cost(
        statements=_each({name_of(text): seen for text, seen in tally.statements.items() if seen > _RARE}),
        signatures=_each(dict(tally.signatures)),
        hashes=(installation.segue.hasher.evaluations - hashes) / _JOBS,
    )


def _each(seen: dict[str, int]) -> dict[str, float]:
    return {name: number / _JOBS for name, number in seen.items()}


@contextmanager
def watching() -> Iterator[Tally]:
    """Counts what any Segue of this process sends to PostgreSQL and signs while the block runs."""
    tally = Tally()
    fetch, sign_xml = postgres_pool._fetch, XMLSigner.sign
    models = {name: JWSRegistry(algorithms=[name]).get_alg(name) for name in _ALGORITHMS}
    signs = {name: type(model).sign for name, model in models.items()}

    async def counted_fetch(connection: Any, statement: str, values: tuple[object, ...]) -> Any:
        tally.statements[statement] += 1
        return await fetch(connection, statement, values)

    def counted_xml(self: XMLSigner, *arguments: Any, **named: Any) -> Any:
        tally.signatures["XML"] += 1
        return sign_xml(self, *arguments, **named)

    def counted(name: str) -> Any:
        def sign(self: Any, *arguments: Any) -> Any:
            tally.signatures[name] += 1
            return signs[name](self, *arguments)

        return sign

    postgres_pool._fetch = counted_fetch
    XMLSigner.sign = counted_xml  # type: ignore[method-assign]
    for name, model in models.items():
        type(model).sign = counted(name)  # type: ignore[method-assign]
    try:
        yield tally
    finally:
        postgres_pool._fetch = fetch
        XMLSigner.sign = sign_xml  # type: ignore[method-assign]
        for name, model in models.items():
            type(model).sign = signs[name]  # type: ignore[method-assign]


def name_of(text: str) -> str:
    """The name under which storage keeps a statement; its beginning where it has none."""
    modules = [module for name, module in sys.modules.items() if name.startswith("segue.storage.")]
    for module in modules:
        for name, value in vars(module).items():
            if isinstance(value, str) and local(value) == text:
                return name.strip("_").lower()
    return " ".join(text.split())[:60]
