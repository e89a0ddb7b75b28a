"""The tables: ratios first, then the figures behind them, then what was counted and what the machine allows."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from bench.counting import Cost
from bench.hotspots import Spot
from bench.limits import Limits
from bench.operations import BY_NAME, Operation
from bench.rounds import Round, Spread, core_ratio, ratio
from bench.servers import Server

PEER: Final = "peer"
SQLITE: Final = "Segue, SQLite"
POSTGRES: Final = "Segue, PostgreSQL"
OURS: Final = (SQLITE, POSTGRES)
# Two signatures of a SAML response are RSA; the XML around them is the signer's own work.
_XML: Final = "RS256"


@dataclass(slots=True)
class Results:
    """All that a run found out. ``rounds`` by operation and side, ``notes`` are sentences."""

    machine: dict[str, str]
    limits: Limits
    costs: dict[str, Cost] = field(default_factory=dict)
    rounds: dict[str, dict[str, list[Round]]] = field(default_factory=dict)
    servers: dict[str, tuple[Server, float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def render(results: Results) -> str:
    parts = [
        "\n".join(f"{name}: {value}" for name, value in results.machine.items()),
        _ratios(results),
        _figures(results),
        _counts(results),
        _limits(results),
        _servers(results),
        *results.notes,
    ]
    return "\n\n".join(part for part in parts if part)


def _ratios(results: Results) -> str:
    rows = []
    for name, rounds in results.rounds.items():
        operation = BY_NAME[name]
        if PEER not in rounds:
            continue
        for side in (side for side in OURS if side in rounds):
            by_core, by_clock = core_ratio(rounds[side], rounds[PEER]), ratio(rounds[side], rounds[PEER])
            verdict = _verdict(by_core.middle, operation.ratio)
            rows.append([operation.title, side, _spread(by_core), _spread(by_clock), verdict])
    head = ["operation", "side", "× peer, by core time", "× peer, by the clock", "target"]
    return f"Ratios: median of the rounds (smallest to largest)\n\n{_table(head, rows)}"


def _figures(results: Results) -> str:
    rows = []
    for name, rounds in results.rounds.items():
        operation = BY_NAME[name]
        for side, seen in rounds.items():
            per_core = Spread.of([each.per_core_second for each in seen])
            rows.append(
                [
                    operation.title,
                    side,
                    _rate(Spread.of([each.per_second for each in seen])),
                    _rate(per_core),
                    f"{Spread.of([each.cpu_us for each in seen]).middle:.0f}",
                    f"{100 * Spread.of([each.busy for each in seen]).middle:.0f} %",
                    f"{Spread.of([each.p50_ms for each in seen]).middle:.1f}",
                    f"{Spread.of([each.p99_ms for each in seen]).middle:.1f}",
                    "" if side == PEER else _targets(operation, per_core.middle, results),
                ]
            )
    head = ["operation", "side", "a second", "a core second", "core µs", "busy", "p50 ms", "p99 ms", "targets"]
    return f"Figures: medians of the rounds (smallest to largest)\n\n{_table(head, rows)}"


def _targets(operation: Operation, per_core_second: float, results: Results) -> str:
    found = []
    if operation.per_second:
        found.append(_verdict(per_core_second, operation.per_second, unit="/s"))
    share = _share_of_limit(operation, per_core_second, results)
    if share is not None:
        against = _verdict(100 * share, 100 * operation.of_limit, unit=" %") if operation.of_limit else ""
        found.append(f"{100 * share:.0f} % of the signing limit {against}".strip())
    return "; ".join(found)


def _share_of_limit(operation: Operation, per_core_second: float, results: Results) -> float | None:
    """How much of the core's time is signing and nothing else."""
    cost = results.costs.get(operation.name)
    if cost is None or not cost.signatures:
        return None
    rates = results.limits.signatures
    seconds = sum(number / rates[name if name in rates else _XML] for name, number in cost.signatures.items())
    return seconds * per_core_second


def _counts(results: Results) -> str:
    if not results.costs:
        return ""
    rows = []
    for name, cost in results.costs.items():
        operation = BY_NAME[name]
        target = "" if operation.statements is None else _verdict(-cost.round_trips, -operation.statements)
        rows.append(
            [
                operation.title,
                _number(cost.round_trips),
                ", ".join(_times(statement, number) for statement, number in cost.statements.items()),
                target,
                ", ".join(_times(algorithm, number) for algorithm, number in cost.signatures.items()),
                _number(cost.hashes),
            ]
        )
    head = ["operation", "statements", "which", "target", "signatures", "password hashes"]
    return f"One request on PostgreSQL: statements (each a round trip), signatures, hashes\n\n{_table(head, rows)}"


def _limits(results: Results) -> str:
    limits, generator = results.limits, results.limits.generator
    lines = [f"One core signs {rate:,.0f} times a second with {name}." for name, rate in limits.signatures.items()]
    lines += [
        f"One check of a password is {limits.password_ms:.1f} ms of a core: {1000 / limits.password_ms:.0f} a second.",
        f"The generator reaches {generator.per_second:,.0f} requests a second against a server that does nothing.",
    ]
    return "\n".join(lines)


def _servers(results: Results) -> str:
    return "\n".join(
        f"{name}: answers {1000 * server.cold_start_s:.0f} ms after its start, {memory:.0f} MiB resident at the end"
        for name, (server, memory) in results.servers.items()
    )


def render_profile(title: str, job_us: float, spots: Sequence[Spot], most: int = 45) -> str:
    def table(key: Callable[[Spot], float]) -> str:
        dearest = sorted(spots, key=key, reverse=True)[:most]
        rows = [[spot.where, f"{spot.calls:.1f}", f"{spot.own_us:.1f}", f"{spot.total_us:.1f}"] for spot in dearest]
        return _table(["function", "calls", "own µs", "with callees µs"], rows)

    head = f"{title}: {job_us:.0f} µs of processor time for one, without a network and without the profiler"
    parts = [head, table(lambda spot: spot.own_us), "By what a function costs with its callees"]
    return "\n\n".join([*parts, table(lambda spot: spot.total_us)])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _verdict(seen: float, wanted: float | None, unit: str = "") -> str:
    """Whether a figure reaches its target; a negative one is to stay below."""
    if wanted is None:
        return ""
    sign, met = ("≥" if wanted > 0 else "≤"), seen >= wanted
    return f"{sign} {abs(wanted):,.10g}{unit}: {'met' if met else 'NOT MET'}"


def _spread(value: Spread) -> str:
    return f"{value.middle:.2f} ({value.least:.2f} to {value.most:.2f})"


def _rate(value: Spread) -> str:
    return f"{value.middle:,.0f} ({value.least:,.0f} to {value.most:,.0f})"


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _times(name: str, number: float) -> str:
    return name if number == 1 else f"{name} × {_number(number)}"
