"""Which of the scopes a client asks for it gets."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

from segue.core.verdict import Check, Verdict

OPENID: Final = "openid"
OFFLINE_ACCESS: Final = "offline_access"
MOST_SCOPES: Final = 64
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,256}")


@dataclass(frozen=True, slots=True)
class ScopeQuestion:
    """``requested`` is the parameter as sent, ``offered`` all scopes of the authorization server.

    ``refreshable`` says whether the client may hold refresh tokens; ``unknown`` what becomes of scopes that are not
    offered.
    """

    requested: str
    offered: Collection[str]
    refreshable: bool
    unknown: Literal["refuse", "ignore"]


@dataclass(frozen=True, slots=True)
class ScopeDecision:
    """``granted`` holds each scope once, in the order of the request; it means nothing where the verdict says no."""

    granted: tuple[str, ...]
    verdict: Verdict


def decide_scopes(question: ScopeQuestion) -> ScopeDecision:
    """Grants what is offered.

    ``offline_access`` is left out where the client may not hold refresh tokens (OIDC Core 11). More than 64 scopes, or
    one outside RFC 6749 3.3, are refused before any is looked up (OA-14).
    """
    names = tuple(dict.fromkeys(question.requested.split(" "))) if question.requested else ()
    form = _form_check(question.requested, names)
    if not form.passed:
        return ScopeDecision((), Verdict((form,), rule="scopes"))
    known = {*question.offered, OFFLINE_ACCESS}
    unknown = [name for name in names if name not in known]
    granted = tuple(
        name for name in names if name in question.offered or (name == OFFLINE_ACCESS and question.refreshable)
    )
    checks = (form, _known_check(unknown, question), _some_check(granted, question))
    return ScopeDecision(granted, Verdict(checks, rule="scopes"))


def narrow_scopes(requested: str, granted: tuple[str, ...]) -> ScopeDecision:
    """The scopes of a refresh request: what was granted before, or the part of it that is asked for (RFC 6749 6)."""
    if not requested:
        return ScopeDecision(granted, Verdict((), rule="scopes"))
    names = tuple(dict.fromkeys(requested.split(" ")))
    form = _form_check(requested, names)
    wider = [name for name in names if name not in granted] if form.passed else []
    kept = Check(
        "scope_granted_before",
        passed=not wider,
        expected=" ".join(granted)[:1024],
        seen=" ".join(wider)[:256],
        mend="Ask for scopes that the user granted, or start a new authorization request.",
    )
    return ScopeDecision(names, Verdict((form, kept), rule="scopes"))


def _form_check(requested: str, names: tuple[str, ...]) -> Check:
    return Check(
        "scope_form",
        passed=requested.count(" ") < MOST_SCOPES and all(map(_SCOPE.fullmatch, names)),
        expected=f"at most {MOST_SCOPES} names of printable ASCII, one space between two",
        seen=f"{len(names)} names",
        mend="Send fewer scopes, with one space between them.",
    )


def _known_check(unknown: list[str], question: ScopeQuestion) -> Check:
    return Check(
        "scope_known",
        passed=not unknown or question.unknown == "ignore",
        expected=" ".join(sorted(question.offered)),
        seen=" ".join(unknown)[:256],
        mend="Ask for scopes the authorization server has, or add the scope to it.",
    )


def _some_check(granted: tuple[str, ...], question: ScopeQuestion) -> Check:
    return Check(
        "scope_granted",
        passed=bool(granted),
        expected="at least one scope that can be granted",
        seen=question.requested[:256],
        mend="Ask for openid, or for a scope the authorization server has.",
    )
