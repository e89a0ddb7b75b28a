"""A flow that somebody walks: where they are, what they have in hand, what happened so far."""

import secrets
from dataclasses import dataclass, field

from segue.demo.playground.recording import Exchange
from segue.demo.playground.tokens import Finding


@dataclass(slots=True)
class Done:
    """What one step led to: the exchanges, a sentence about the outcome, and checks where it made some. ``again`` says
    that it led nowhere and can be tried again."""

    exchanges: list[Exchange] = field(default_factory=list)
    outcome: str = ""
    failed: bool = False
    event_id: str = ""
    findings: tuple[Finding, ...] = ()
    document: str = ""
    document_name: str = "The SAMLResponse, decoded"
    again: bool = False


@dataclass(slots=True)
class Run:
    """``browser`` is whose run it is: the cookie of the browser that started it.

    ``values`` are what steps hand to later steps (``session_token``, ``code``, ``code_verifier`` …). ``done`` has one
    entry for each step behind; ``over`` says that a step failed and nothing can follow, ``outgoing`` is where the
    step that waits takes the browser. ``remark`` is what came of the last try at a step that can be tried again.
    """

    id: str
    flow_id: str
    browser: str
    values: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    done: list[Done] = field(default_factory=list)
    over: bool = False
    outgoing: str = ""
    remark: Done | None = None

    @property
    def position(self) -> int:
        return len(self.done)

    def fresh(self, name: str) -> str:
        """A new random value under ``name``."""
        self.values[name] = secrets.token_urlsafe(32)
        return self.values[name]

    def finish_step(self, done: Done) -> None:
        self.remark = done if done.again else None
        if done.again:
            return
        self.done.append(done)
        self.over = self.over or done.failed


def new_run(flow_id: str, browser: str) -> Run:
    return Run(id=secrets.token_urlsafe(18), flow_id=flow_id, browser=browser)
