"""Signing keys: which of them sign, which wait, and replacing them."""

from dataclasses import dataclass
from typing import Final

from segue.admin import keys
from segue.admin.keys import ASSERTION_KEYS, TOKEN_KEYS
from segue.console import paths
from segue.console.confirming import confirm_page
from segue.console.desk import Desk
from segue.console.forms import choice
from segue.console.visit import Done, Visit, done, with_query
from segue.console.words import moment
from segue.tokens.keys import ALGORITHMS, SigningKey
from segue.web.message import Page
from segue.web.surface import Route

_READ: Final = "keys.read"
_MANAGE: Final = "keys.manage"
_SETS: Final = {
    TOKEN_KEYS: (
        "Tokens",
        "ID tokens and access tokens are signed with these. Whoever checks tokens fetches them by themselves.",
    ),
    ASSERTION_KEYS: (
        "Assertions",
        "SAML and WS-Federation answers are signed with these. Service providers keep a copy of the certificate: "
        "tell them before you replace it.",
    ),
}
_ROTATE: Final = f"{paths.KEYS}/rotate"


@dataclass(frozen=True, slots=True)
class Keys:
    desk: Desk

    def routes(self) -> tuple[Route, ...]:
        entrance = self.desk.entrance
        return (
            entrance.shows(paths.KEYS, self.index, _READ),
            entrance.shows(_ROTATE, self.ask, _MANAGE, fresh=True),
            entrance.changes(_ROTATE, self.ask, self.rotate, _MANAGE, fresh=True),
        )

    async def index(self, visit: Visit) -> Page:
        now_at, sets = visit.request.now_at, []
        for name, (title, detail) in _SETS.items():
            known = await keys.key_set_of(self.desk.store, name, visit.change)
            shown = [_row(key, now_at) for key in reversed(known) if not key.retired(now_at)]
            algorithms = sorted({key.algorithm for key in known if key.signs(now_at)})
            sets.append(
                {
                    "title": title,
                    "detail": detail,
                    "shown": shown,
                    "retired": len(known) - len(shown),
                    "rotate": [(each, with_query(_ROTATE, set=name, algorithm=each)) for each in algorithms],
                    "emergency": with_query(_ROTATE, set=name, emergency="yes"),
                }
            )
        return visit.page("keys.html", "Signing keys", sets=sets, editable=visit.may(_MANAGE))

    async def ask(self, visit: Visit) -> Page:
        """What replacing a key means, before it is done."""
        given = visit.form.values if visit.form.sent else visit.query
        key_set = choice(given, "set", _SETS, "key set")
        emergency = given.get("emergency") == "yes"
        algorithm = "" if emergency else choice(given, "algorithm", ALGORITHMS, "algorithm")
        known = await keys.key_set_of(self.desk.store, key_set, visit.change)
        signing = [key for key in known if key.signs(visit.request.now_at)]
        if emergency:
            title, lead = "Replace the keys at once", "For the day a private key got into wrong hands."
            ends = [{"name": f"{key.algorithm} {key.kid[:12]}…", "detail": _END} for key in signing]
        else:
            title, lead = f"Replace the {algorithm} key", "The new key is published first and signs a while later."
            ends = []
        assertions = key_set == ASSERTION_KEYS
        stays = [] if emergency else [{"name": "Everything signed so far", "detail": _STAYS}]
        if assertions:
            ends = [*ends, {"name": "Trust of service providers", "detail": _PINNED}]
        return confirm_page(
            visit,
            title,
            crumbs=(("Signing keys", paths.KEYS),),
            section=paths.KEYS,
            lead=lead,
            ends=ends,
            stays=stays,
            action=_ROTATE,
            hidden=(("set", key_set), ("algorithm", algorithm), ("emergency", "yes" if emergency else "")),
            button="Replace at once" if emergency else "Replace the key",
            dangerous=emergency or assertions,
            back=paths.KEYS,
            keep="Keep the keys",
        )

    async def rotate(self, visit: Visit) -> Done:
        key_set = choice(visit.posted, "set", _SETS, "key set")
        store, sealer, name = self.desk.store, self.desk.sealer, visit.request.site.domain.authority
        if visit.posted.get("emergency") == "yes":
            await keys.replace_at_once(store, sealer, key_set, name=name, change=visit.change)
            return done(paths.KEYS, "The keys were replaced. What they had signed is accepted no more.")
        algorithm = choice(visit.posted, "algorithm", ALGORITHMS, "algorithm")
        key = await keys.rotate(store, sealer, key_set, name=name, change=visit.change, algorithm=algorithm)
        starts = moment(key.signs_from_at, visit.request.now_at)
        return done(paths.KEYS, f"A new {algorithm} key is published and signs {starts['near'] if starts else 'now'}.")


_END: Final = "Tokens and assertions that it signed are refused as soon as their readers fetch the keys again."
_STAYS: Final = "The key of today stays published until the last token that it signed has expired."
_PINNED: Final = "They refuse our answers until they have the certificate of the new key."


def _row(key: SigningKey, now_at: int) -> dict[str, object]:
    if key.signs(now_at):
        state, tone = "Signs", "good"
    elif key.signs_from_at > now_at:
        state, tone = "Waits", "quiet"
    else:
        state, tone = "Published only", "quiet"
    return {
        "kid": key.kid,
        "algorithm": key.algorithm,
        "state": state,
        "tone": tone,
        "from": moment(key.signs_from_at, now_at),
        "until": moment(key.signs_until_at, now_at),
        "certificate": key.certificate_pem.decode(),
    }
