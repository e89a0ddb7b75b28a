"""What an authorization server's own settings make of a token: who may have it, for how long, and what it says.

Every token about a user passes here, at the authorization endpoint and at the token endpoint, once it is known whose
it is. A server without settings of its own costs nothing: no statement, no claim.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from segue.core.application import Application
from segue.core.org import AuthorizationServer, Group, built_in_policies
from segue.core.refusal import Refusal
from segue.core.server import MOST_GROUPS, RESERVED_CLAIMS, AccessPolicy, ServerClaim
from segue.core.strict import JsonValue
from segue.core.user import User
from segue.core.verdict import Check, Verdict
from segue.policy.expressions import ClaimFacts, evaluate, filter_groups, read_expression
from segue.policy.server_access import ServerAccess, ServerAccessQuestion, decide_server_access, needs_groups
from segue.protocols.oauth.profile import OAuthProfile, TokenFacts
from segue.stores import ConfigStore, UserStore

_NO_POLICY: Final = "No policy of the authorization server lets this application have these tokens."
_NO_SCOPE: Final = "The policies of the authorization server do not allow a scope that was asked for."
_TOO_MANY: Final = "The user is in more groups than a token can name."
_GROUPS: Final = "groups"


@dataclass(frozen=True, slots=True)
class ServerRules:
    """One instance a dialect."""

    config: ConfigStore
    users: UserStore
    profile: OAuthProfile

    def check_client(
        self, server: AuthorizationServer, app: Application, grant_type: str, scopes: Sequence[str]
    ) -> None:
        """Before anybody signs in: whether any rule could let this client have these scopes. Raises Refusal
        ``no_matching_policy``, ``invalid_scope``."""
        question = ServerAccessQuestion(_client_id(app), grant_type, scopes, people_known=False)
        _granted(decide_server_access(_policies(server), question), app)

    def for_client(
        self, server: AuthorizationServer, app: Application, grant_type: str, scopes: Sequence[str]
    ) -> AuthorizationServer:
        """The server as its policies leave it to an application that acts for itself. Raises Refusal
        ``no_matching_policy``, ``invalid_scope``."""
        if not server.path:
            return server
        access = decide_server_access(_policies(server), ServerAccessQuestion(_client_id(app), grant_type, scopes))
        _granted(access, app)
        if access.rule is None or server.policies is None:
            return server
        return replace(server, access_token_s=access.rule.access_token_s)

    async def apply(self, facts: TokenFacts, grant_type: str) -> TokenFacts:
        """The facts as the server's policies and claims leave them. Raises Refusal ``no_matching_policy``,
        ``invalid_scope``, ``access_denied`` for a user in more groups than can be named."""
        groups = await self._groups(facts)
        granted = self._access(facts, grant_type, groups)
        names = [group.name for group in groups]
        return replace(
            granted,
            access_claims=await self._claims(facts, "access", names),
            identity_claims=await self._identity(facts, names),
            always_claims=frozenset({_GROUPS, *(claim.name for claim in facts.server.claims if claim.always)}),
        )

    async def identity_claims(
        self, server: AuthorizationServer, app: Application, user: User, scopes: Sequence[str]
    ) -> Mapping[str, JsonValue]:
        """What userinfo adds, for an access token with these scopes. Raises Refusal ``access_denied``."""
        asked = _Asked(server, app, user, tuple(scopes))
        if not self._names_groups(asked):
            return await self._identity(asked, [])
        return await self._identity(asked, [group.name for group in await self.users.groups_of(user.org_id, user.id)])

    def _access(self, facts: TokenFacts, grant_type: str, groups: Sequence[Group]) -> TokenFacts:
        if not facts.server.path:
            return facts  # the org's own server serves its own interfaces: it has no policies
        question = ServerAccessQuestion(
            facts.client_id, grant_type, facts.scopes, facts.user.id, frozenset(group.id for group in groups)
        )
        access = decide_server_access(_policies(facts.server), question)
        _granted(access, facts.app, facts.user.id)
        if access.rule is None or facts.server.policies is None:
            return facts
        rule = access.rule
        return replace(
            facts,
            server=replace(facts.server, access_token_s=rule.access_token_s),
            refresh_life_s=rule.refresh_life_s,
            refresh_idle_s=rule.refresh_idle_s,
        )

    async def _groups(self, facts: TokenFacts) -> Sequence[Group]:
        """The user's groups, where anything depends on them."""
        if needs_groups(facts.server.policies or ()) or self._names_groups(facts):
            return await self.users.groups_of(facts.user.org_id, facts.user.id)
        return ()

    def _names_groups(self, facts: "TokenFacts | _Asked") -> bool:
        named = any(claim.kind == "groups" or claim.value.endswith(".groups") for claim in _active(facts))
        return named or self._asks_for_groups(facts)

    def _asks_for_groups(self, facts: "TokenFacts | _Asked") -> bool:
        return not facts.server.path and bool(self.profile.group_scope) and self.profile.group_scope in facts.scopes

    async def _identity(self, facts: "TokenFacts | _Asked", groups: Sequence[str]) -> dict[str, JsonValue]:
        claims = await self._claims(facts, "identity", groups)
        if self._asks_for_groups(facts):
            claims[_GROUPS] = _few(sorted(groups), _GROUPS, facts)
        return claims

    async def _claims(self, facts: "TokenFacts | _Asked", token: str, groups: Sequence[str]) -> dict[str, JsonValue]:
        wanted = [claim for claim in _active(facts) if claim.token == token and claim.name not in RESERVED_CLAIMS]
        if not wanted:
            return {}
        org = await self.config.org(facts.server.org_id)
        told = ClaimFacts(
            user=facts.user,
            app={
                "id": facts.app.id,
                "clientId": _client_id(facts.app),
                "label": facts.app.label,
                "name": facts.app.name,
            },
            org={"id": org.id, "name": org.name} if org else {},
            groups=groups,
            app_user_name=facts.user.login,
        )
        found = {claim.name: _value(claim, told, facts) for claim in wanted}
        return {name: value for name, value in found.items() if value is not None}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What claims depend on, where no token is made."""

    server: AuthorizationServer
    app: Application
    user: User
    scopes: tuple[str, ...]


def _policies(server: AuthorizationServer) -> tuple[AccessPolicy, ...]:
    if not server.path or server.policies is None:
        return built_in_policies(server)
    return server.policies


def _active(facts: TokenFacts | _Asked) -> list[ServerClaim]:
    """The claims for these scopes: those for everybody, and those for one of the scopes that were granted."""
    scopes = frozenset(facts.scopes)
    return [
        claim
        for claim in facts.server.claims
        if claim.status == "active" and (not claim.scopes or not claim.scopes.isdisjoint(scopes))
    ]


def _value(claim: ServerClaim, told: ClaimFacts, facts: TokenFacts | _Asked) -> JsonValue:
    if claim.kind == "groups":
        return _few(filter_groups(told.groups, claim.group_filter, claim.value), claim.name, facts) or None
    value = evaluate(read_expression(claim.value), told)
    return _few(value, claim.name, facts) if isinstance(value, list) else value


def _few(names: Sequence[str], claim: str, facts: TokenFacts | _Asked) -> list[JsonValue]:
    """The names, if they are not too many: a part of them would be taken for all."""
    if len(names) > MOST_GROUPS:
        mend = "Filter the groups of the claim so that fewer fit, or take the user out of some."
        check = Check("groups_few", False, f"at most {MOST_GROUPS} in {claim}", str(len(names)), mend)
        verdict = Verdict((check,), rule="groups_claim")
        raise Refusal("access_denied", _TOO_MANY, verdict, user_id=facts.user.id, app_id=facts.app.id)
    return list(names)


def _granted(access: ServerAccess, app: Application, user_id: str | None = None) -> None:
    failure = access.verdict.failure
    if failure is None:
        return
    if failure.name == "no_matching_scope":
        raise Refusal("invalid_scope", _NO_SCOPE, access.verdict, user_id=user_id, app_id=app.id)
    raise Refusal("no_matching_policy", _NO_POLICY, access.verdict, user_id=user_id, app_id=app.id)


def _client_id(app: Application) -> str:
    return app.oidc.client_id if app.oidc else app.id
