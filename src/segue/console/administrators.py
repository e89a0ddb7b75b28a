"""Who administers the org, as what, and the API tokens that programs administer it with."""

from dataclasses import dataclass
from typing import Final

from segue.admin import roles, tokens, users
from segue.admin.actor import ROLES
from segue.console import paths
from segue.console.confirming import confirm_page
from segue.console.desk import Desk
from segue.console.forms import choice, number, required
from segue.console.visit import Done, Visit, done
from segue.console.words import moment
from segue.core.user import Role
from segue.web.message import Page
from segue.web.surface import Route

_MANAGE_ROLES: Final = "roles.manage"
_MANAGE_TOKENS: Final = "apiTokens.manage"
WORDS: Final[tuple[tuple[Role, str, str], ...]] = (
    ("owner", "Owner", "Everything, and who else may."),
    ("support", "Support", "Looks at everything; helps people: accounts, factors, sessions."),
    ("auditor", "Auditor", "Looks at everything and changes nothing."),
)
"""The roles in words: name, label, what they may do."""


@dataclass(frozen=True, slots=True)
class Administrators:
    desk: Desk

    def routes(self) -> tuple[Route, ...]:
        entrance = self.desk.entrance
        new = f"{paths.TOKENS}/new"
        return (
            entrance.shows(paths.ROLES, self.show_roles, "roles.read"),
            entrance.changes(
                paths.ROLES, self.show_roles, self.change_roles, _MANAGE_ROLES, fresh=True, buttons={"take"}
            ),
            entrance.shows(paths.TOKENS, self.show_tokens, "apiTokens.read"),
            entrance.changes(paths.TOKENS, self.show_tokens, self.end_token, _MANAGE_TOKENS),
            entrance.shows(new, self.new_token, _MANAGE_TOKENS, fresh=True),
            entrance.changes(new, self.new_token, self.add_token, _MANAGE_TOKENS, fresh=True),
        )

    async def show_roles(self, visit: Visit) -> Page:
        store, now_at = self.desk.store, visit.request.now_at
        given = await roles.list_roles(store, visit.change)
        ids = sorted({one.user_id for one in given})
        known = {user.id: user for user in await store.users_of_ids(visit.org_id, ids)}
        labels = {name: label for name, label, _ in WORDS}
        return visit.page(
            "roles.html",
            "Administrators",
            people=[
                {
                    "id": one.user_id,
                    "name": known[one.user_id].display_name if one.user_id in known else one.user_id,
                    "login": known[one.user_id].login if one.user_id in known else "",
                    "role": one.role,
                    "label": labels[one.role],
                    "since": moment(one.assigned_at, now_at),
                    "own": one.user_id == visit.user.id,
                    "address": f"{paths.USERS}/{one.user_id}",
                }
                for one in given
            ],
            words=WORDS,
            roles=[(name, label) for name, label, _ in WORDS],
            editable=visit.may(_MANAGE_ROLES),
        )

    async def change_roles(self, visit: Visit) -> Done:
        store, given = self.desk.store, visit.posted
        role = roles.read_role(choice(given, "role", ROLES, "role"))
        user = await users.find_user(store, required(given, "user", "User"), visit.change)
        if choice(given, "do", ("give", "take"), "what to do") == "take":
            await roles.remove_role(store, user, role, visit.change)
            return done(paths.ROLES, f"{user.display_name} is {role} no more.")
        await roles.assign_role(store, user, role, visit.change)
        return done(paths.ROLES, f"{user.display_name} is {role} now.")

    async def show_tokens(self, visit: Visit) -> Page:
        store, now_at = self.desk.store, visit.request.now_at
        found = await tokens.list_api_tokens(store, visit.change)
        sure = next((token for token in found if token.id == visit.query.get("sure")), None)
        if sure is not None:
            visit.actor.require(_MANAGE_TOKENS)
            return confirm_page(
                visit,
                f"End the token {sure.data.get('name', sure.id)}?",
                lead="Programs that use it are refused from then on. It cannot be brought back.",
                action=paths.TOKENS,
                hidden=(("token", sure.id),),
                button="End the token",
                back=paths.TOKENS,
                crumbs=(("API tokens", paths.TOKENS),),
            )
        owners = sorted({token.user_id for token in found if token.user_id})
        known = {user.id: user for user in await store.users_of_ids(visit.org_id, owners)}
        return visit.page(
            "tokens.html",
            "API tokens",
            tokens=[
                {
                    "id": token.id,
                    "name": str(token.data.get("name", token.id)),
                    "owner": known[token.user_id].login if token.user_id in known else token.user_id or "",
                    "address": f"{paths.USERS}/{token.user_id}",
                    "made": moment(token.issued_at, now_at),
                    "ends": moment(token.expires_at, now_at),
                }
                for token in found
            ],
            editable=visit.may(_MANAGE_TOKENS),
        )

    async def end_token(self, visit: Visit) -> Done:
        await tokens.revoke_api_token(self.desk.store, required(visit.posted, "token", "Token"), visit.change)
        return done(paths.TOKENS, "The token has ended. Programs that use it are refused from now on.")

    async def new_token(self, visit: Visit) -> Page:
        crumbs = (("API tokens", paths.TOKENS),)
        return visit.page("token_new.html", "Make an API token", crumbs=crumbs, section=paths.TOKENS)

    async def add_token(self, visit: Visit) -> Done:
        name = required(visit.posted, "name", "Name")
        days = number(visit.posted, "life_days", "Life") or 365
        minted = await tokens.mint_api_token(self.desk.store, visit.user, name, visit.change, life_days=days)
        return done(paths.TOKENS, f"The token {minted.name} was made.", token=minted.bearer.text)
