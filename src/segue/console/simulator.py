"""What a sign-in would be answered, and by which rules, without anybody signing in."""

from dataclasses import dataclass
from typing import Final, cast, get_args

from segue.admin import applications
from segue.admin.simulate import Scene, Simulated, simulate
from segue.console import paths
from segue.console.desk import Desk
from segue.console.forms import Form, failed
from segue.console.policy_words import RISKS, asks
from segue.console.visit import Visit
from segue.core.assurance import PASSWORD, Device
from segue.core.factor import FactorType
from segue.core.policy import Risk
from segue.core.refusal import Refusal
from segue.events import trail_data
from segue.web.factor_words import kind_of_factor
from segue.web.message import Page
from segue.web.surface import Route

_MOST_OFFERED: Final = 500
_OUTCOMES: Final = {
    "allow": ("They are let in", "good"),
    "challenge": ("They are asked for more", "warn"),
    "deny": ("They are refused", "bad"),
}
_MISSING: Final = {
    "sign_in": "A sign-in is missing.",
    "fresh_sign_in": "The sign-in is too old: they sign in once more.",
    "second_factor": "Another factor is missing.",
}
_DEVICES: Final = (("", "An unknown device"), ("known", "A known device"), ("managed", "A managed device"))


@dataclass(frozen=True, slots=True)
class Simulator:
    """It asks by an address, so that a question can be kept and sent on."""

    desk: Desk

    def routes(self) -> tuple[Route, ...]:
        return (self.desk.entrance.shows(paths.SIMULATOR, self.show, "policies.read"),)

    async def show(self, visit: Visit) -> Page:
        query, answer, form = visit.query, None, Form()
        if query.get("user"):
            form = Form(query, sent=True)
            try:
                answer = _told(await simulate(self.desk.store, _scene(visit), visit.change))
            except Refusal as refusal:
                form = failed(query, refusal, "", {"address": "address", "user": "user", "application": "app"})
        apps = await applications.find_applications(
            self.desk.store, visit.change, lambda app: app.active, limit=_MOST_OFFERED
        )
        others = [(name, kind_of_factor(name)["name"], "") for name in get_args(FactorType)]
        factors = [(PASSWORD, "Password", ""), *others]
        return visit.with_form(form).page(
            "simulator.html",
            "Simulator",
            apps=[("", "No application: the session alone"), *((app.id, app.label) for app in apps)],
            factors=factors,
            risks=RISKS[1:],
            devices=_DEVICES,
            here=visit.request.address,
            answer=answer,
        )


def _scene(visit: Visit) -> Scene:
    query = visit.query
    risk, device = query.get("risk") or "low", query.get("device") or ""
    age = query.get("age") or "0"
    minutes = int(age) if age.isascii() and age.isdecimal() and len(age) <= 6 else 0
    return Scene(
        user=(query.get("user") or "").strip()[:256],
        app_id=(query.get("app") or "")[:64],
        address=(query.get("address") or "").strip()[:64],
        device=Device("simulated", managed=device == "managed") if device else None,
        device_remembered=query.get("remembered") == "yes",
        risk=cast("Risk", risk) if risk in get_args(Risk) else "high",
        factors=query.all("factors"),
        age_s=minutes * 60,
    )


def _told(simulated: Simulated) -> dict[str, object]:
    words, tone = _OUTCOMES[simulated.outcome]
    decision = simulated.decision
    app = simulated.application
    return {
        "outcome": words,
        "tone": tone,
        "missing": _MISSING.get(decision.missing or "", ""),
        "user": simulated.subject.user.display_name,
        "app": app.label if app else "",
        "asks": asks(decision.requirement),
        "trail": {"tried": (), **trail_data(decision.verdict)},
    }
