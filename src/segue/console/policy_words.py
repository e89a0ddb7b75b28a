"""Rules of policies in sentences for people."""

from collections.abc import Mapping
from typing import Final

from segue.core.policy import ALL_ZONES, Conditions, Rule, Selection
from segue.core.requirement import Constraint, Need, Requirement

DEVICES: Final = (("any", "Any device"), ("known", "A known device"), ("managed", "A managed device"))
RISKS: Final = (("", "Any risk"), ("low", "Low risk"), ("medium", "Medium risk"), ("high", "High risk"))
WORTHS: Final = (
    ("phishing_resistant", "Phishing-resistant", "A security key or passkey: no code that somebody could pass on."),
    ("hardware_protected", "Protected by hardware", "A key that cannot leave its device."),
    ("user_verified", "With a PIN or a finger", "The device makes sure who holds it."),
)
"""What a factor of possession can be worth: name, label, what it means."""


def rule_row(rule: Rule, groups: Mapping[str, str], zones: Mapping[str, str]) -> dict[str, object]:
    """A rule in a list: for whom, and what it asks."""
    return {
        "id": rule.id,
        "name": rule.name,
        "place": "last" if rule.catch_all else rule.priority,
        "active": rule.status == "active",
        "whom": _whom(rule.conditions, groups, zones),
        "asks": asks(rule.requirement) if rule.allow else ["Nobody gets in"],
        "allow": rule.allow,
        "catch_all": rule.catch_all,
    }


def asks(requirement: Requirement) -> list[str]:
    """What has to be proved, a phrase each."""
    found = ["Two factors of different kinds" if requirement.factors > 1 else "One factor"]
    found += [_either(one_of) for one_of in requirement.constraints]
    if requirement.reauthenticate_s is not None:
        found.append(f"proved {_age(requirement.reauthenticate_s)}")
    if requirement.max_age_s is not None:
        found.append(f"signed in {_age(requirement.max_age_s)}")
    return [*found, *(phrase for other in requirement.also for phrase in asks(other))]


def simple_worth(requirement: Requirement) -> frozenset[str] | None:
    """The worths that the form has boxes for; None where the constraints are finer than the form can show."""
    if not requirement.constraints:
        return frozenset()
    match requirement.constraints:
        case ((Constraint(knowledge=None, possession=Need(methods=methods, worth=worth, max_age_s=None)),),) if (
            not methods
        ):
            return frozenset(name for name, _, _ in WORTHS if getattr(worth, name))
    return None


def _whom(conditions: Conditions, groups: Mapping[str, str], zones: Mapping[str, str]) -> list[str]:
    zones = {**zones, ALL_ZONES: "any zone"}
    found = [
        *_selected("in", conditions.groups, groups),
        *_selected("user", conditions.users, {}),
        *_selected("of type", conditions.user_types, {}),
        *_selected("from", conditions.zones, zones),
    ]
    if conditions.device != "any":
        found.append(dict(DEVICES)[conditions.device].lower())
    if conditions.risk is not None:
        found.append(dict(RISKS)[conditions.risk].lower())
    return found or ["Everybody"]


def _selected(word: str, selection: Selection, names: Mapping[str, str]) -> list[str]:
    found = []
    if selection.include:
        found.append(f"{word} {', '.join(sorted(names.get(each, each) for each in selection.include))}")
    if selection.exclude:
        found.append(f"not {word} {', '.join(sorted(names.get(each, each) for each in selection.exclude))}")
    return found


def _either(one_of: tuple[Constraint, ...]) -> str:
    return " or ".join(" and ".join(_need(need) for need in constraint.needs) for constraint in one_of)


def _need(need: Need) -> str:
    kind = "something known" if need.kind == "knowledge" else "something owned"
    parts = [label.lower() for name, label, _ in WORTHS if getattr(need.worth, name)]
    parts += [f"by {', '.join(sorted(need.methods))}"] if need.methods else []
    parts += [f"proved {_age(need.max_age_s)}"] if need.max_age_s is not None else []
    return f"{kind} ({', '.join(parts)})" if parts else kind


def _age(seconds: int) -> str:
    if seconds == 0:
        return "anew each time"
    minutes = seconds / 60
    if minutes < 120:
        return f"within {minutes:g} minutes"
    return f"within {minutes / 60:g} hours"
