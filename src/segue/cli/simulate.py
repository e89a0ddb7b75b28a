"""``segue simulate LOGIN``: what a sign-in would be answered, and by which rules."""

import json
from collections.abc import Sequence
from typing import cast, get_args

from segue.admin.simulate import Scene, Simulated, simulate
from segue.cli.workplace import Problem, Workplace, columns, say
from segue.core.application import Application
from segue.core.assurance import PASSWORD, Device
from segue.core.policy import Risk

_OUTCOMES = {
    "allow": "The sign-in would be let in.",
    "challenge": "More would be asked for.",
    "deny": "The sign-in would be refused.",
}
_MISSING = {
    "sign_in": "a sign-in",
    "fresh_sign_in": "the password, once more",
    "second_factor": "another factor",
}


def scene(
    login: str,
    app_id: str,
    address: str,
    factors: Sequence[str],
    minutes_ago: int,
    device: str,
    managed: bool,
    remembered: bool,
    risk: str,
) -> Scene:
    """The scene that was typed. Raises Problem where it cannot be."""
    if risk not in get_args(Risk):
        raise Problem(f"A risk is one of {', '.join(get_args(Risk))}.")
    return Scene(
        user=login,
        app_id=app_id,
        address=address,
        device=Device(device, managed=managed) if device or managed else None,
        device_remembered=remembered,
        risk=cast("Risk", risk),
        factors=tuple(factors) or (PASSWORD,),
        age_s=minutes_ago * 60,
    )


async def show(workplace: Workplace, org: str | None, scene: Scene, *, as_json: bool) -> None:
    """Prints the answer with its trail. Raises Problem, Refusal."""
    change = workplace.change((await workplace.org(org)).id)
    found = await simulate(workplace.store, scene, change)
    say(json.dumps(_data(found), indent=2) if as_json else "\n".join(_lines(found)))


def _lines(found: Simulated) -> list[str]:
    decision, verdict = found.decision, found.decision.verdict
    lines = [f"{found.subject.user.login} signs in to {_to(found.application)}.", _OUTCOMES[found.outcome]]
    if found.outcome == "challenge" and decision.missing is not None:
        lines.append(f"Missing: {_MISSING[decision.missing]}.")
    lines += [f"Rule: {verdict.rule}", "", "Rules, in the order in which they were tried:"]
    rows = [("  ", one.policy, one.rule, "matches" if one.matched else f"no: {one.why}") for one in verdict.tried]
    lines += columns(rows)
    failed = [check for check in verdict.checks if not check.passed]
    for check in failed:
        lines += ["", f"{check.name}: expected {check.expected}, seen {check.seen}", f"  {check.mend}"]
    return lines


def _to(application: Application | None) -> str:
    return application.label if application else "the org"


def _data(found: Simulated) -> dict[str, object]:
    decision, verdict = found.decision, found.decision.verdict
    return {
        "user": found.subject.user.id,
        "application": found.application.id if found.application else None,
        "outcome": found.outcome,
        "missing": decision.missing,
        "rule": verdict.rule,
        "tried": [
            {"policy": one.policy, "rule": one.rule, "matched": one.matched, "why": one.why} for one in verdict.tried
        ],
        "checks": [
            {"name": one.name, "passed": one.passed, "expected": one.expected, "seen": one.seen, "mend": one.mend}
            for one in verdict.checks
        ],
    }
