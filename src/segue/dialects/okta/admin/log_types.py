"""What this vendor calls each of our events: one row a type.

Programs that watch the log compare the vendor's names, so they are given exactly. Where the vendor has no word for what
happened, the nearest one of the same subject stands, and the event says what it is in ``debugContext``. A type that the
table lacks is shown under its own name with ``segue.`` before it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class LogType:
    """``name`` is the vendor's ``eventType``; ``server_name`` what it is at a custom authorization server."""

    name: str
    server_name: str = ""


_START, _END = "user.session.start", "user.session.end"
_ADMIN = "user.session.access_admin_app"
_SSO, _LAUNCH = "user.authentication.sso", "app.generic.unauth_app_access_attempt"
_VERIFY, _MFA = "user.authentication.verify", "user.authentication.auth_via_mfa"
_FACTOR_ON, _FACTOR_OFF = "user.mfa.factor.activate", "user.mfa.factor.deactivate"
_RESET = "user.account.reset_password"
_POLICY = "policy.evaluate_sign_on"
_APP, _SERVER = "application.lifecycle", "oauth2.as"


def _at(what: str) -> tuple[str, str]:
    """A name at the org's own server and at a custom one."""
    return f"app.oauth2.{what}", f"app.oauth2.as.{what}"


def _oauth(what: str) -> LogType:
    org, custom = _at(what)
    return LogType(org, custom)


LOG_TYPES: Final[Mapping[str, LogType]] = MappingProxyType(
    {
        # --- signing in and out ---
        "authn.primary": LogType(_START),
        "authn.factor": LogType(_MFA),
        "authn.enroll": LogType("user.mfa.factor.activate"),
        "authn.activate": LogType(_FACTOR_ON),
        "authn.picture": LogType(_FACTOR_ON),
        "authn.questions": LogType(_FACTOR_ON),
        "authn.previous": LogType(_START),
        "authn.skip": LogType(_START),
        "authn.cancel": LogType(_START),
        "authn.introspect": LogType(_START),
        "authn.change_password": LogType("user.account.update_password"),
        "authn.reset_password": LogType(_RESET),
        "authn.recovery": LogType(_RESET),
        "transaction.begin": LogType(_VERIFY),
        "transaction.resume": LogType(_START),
        "transaction.previous": LogType(_START),
        "transaction.skip": LogType(_START),
        "transaction.cancel": LogType(_END),
        "sign_in.password": LogType(_START),
        "sign_in.page": LogType(_START),
        "sign_in.second_factor": LogType(_MFA),
        "sign_in.session_image": LogType(_START),
        "sign_in.oidc": LogType(_POLICY),
        "sign_in.saml": LogType(_POLICY),
        "sign_in.wsfed": LogType(_POLICY),
        "sign_in.home": LogType(_POLICY),
        "sign_in.launch": LogType(_POLICY),
        "sign_in.console": LogType(_ADMIN),
        "sign_in.factors": LogType(_POLICY),
        "session.open": LogType(_START),
        "session.backend": LogType(_START),
        "session.create": LogType(_START),
        "session.read": LogType(_START),
        "session.extend": LogType("user.session.context.change"),
        "session.end": LogType(_END),
        "credential.revoke": LogType(_END),
        "console.request": LogType(_ADMIN),
        "console.change": LogType(_ADMIN),
        "session.sign_out": LogType(_END),
        "user.sign_out": LogType("user.session.clear"),
        "interaction.park": LogType(_POLICY),
        "interaction.resume": LogType(_POLICY),
        "ticket.mint": LogType(_VERIFY),
        "ticket.exchange": _oauth("token.grant.interclient_token"),
        "ticket.redeem": LogType(_VERIFY),
        # --- factors ---
        "factor.verify": LogType(_MFA),
        "factor.wrong": LogType(_MFA),
        "factor.ask": LogType("system.mfa.factor.challenge"),
        "factor.poll": LogType("system.mfa.factor.challenge"),
        "factor.rejected": LogType("user.mfa.okta_verify.deny_push"),
        "factor.timeout": LogType(_MFA),
        "factor.enroll": LogType(_FACTOR_ON),
        "factor.start": LogType(_FACTOR_ON),
        "factor.activate": LogType(_FACTOR_ON),
        "factor.overtaken": LogType(_FACTOR_ON),
        "factor.page": LogType(_FACTOR_ON),
        "factor.remove": LogType(_FACTOR_OFF),
        "user.forget_devices": LogType("user.mfa.factor.reset_all"),
        # --- passwords and recovery ---
        "password.change": LogType("user.account.update_password"),
        "password.reset": LogType(_RESET),
        "user.password": LogType("user.account.update_password"),
        "recovery.begin": LogType(_RESET),
        "recovery.send": LogType(_RESET),
        "recovery.resend": LogType(_RESET),
        "recovery.code": LogType(_RESET),
        "recovery.wrong": LogType(_RESET),
        "recovery.answer": LogType(_RESET),
        "recovery.redeem": LogType(_RESET),
        "recovery.page": LogType(_RESET),
        "account.unlock": LogType("user.account.unlock"),
        # --- protocols ---
        "oauth.authorize": _oauth("authorize.code"),
        "code.mint": _oauth("authorize.code"),
        "code.redeem": _oauth("token.grant"),
        "code.reuse": _oauth("token.detect_reuse"),
        "refresh_token.reuse": _oauth("token.detect_reuse"),
        "oauth.token": _oauth("token.grant"),
        "token.issue": _oauth("token.grant.access_token"),
        "id_token.issue": _oauth("token.grant.id_token"),
        "token.revoke": _oauth("token.revoke"),
        "oauth.revoke": _oauth("token.revoke"),
        "oauth.introspect": _oauth("token.introspect"),
        "oauth.userinfo": _oauth("token.grant"),
        "oauth.end_session": LogType(_END),
        "oauth.metadata": _oauth("authorize"),
        "saml.sign_on": LogType(_SSO),
        "saml.metadata": LogType(_SSO),
        "wsfed.sign_on": LogType(_SSO),
        "application.launch": LogType(_SSO),
        "link.application": LogType(_LAUNCH),
        "link.redirect": LogType(_SSO),
        "link.image": LogType(_START),
        # --- administration ---
        "user.add": LogType("user.lifecycle.create"),
        "user.status": LogType("user.lifecycle.update"),
        "user.profile": LogType("user.account.update_profile"),
        "user.remove": LogType("user.lifecycle.delete.completed"),
        "user.unlock": LogType("user.account.unlock_by_admin"),
        "user.reset_factors": LogType("user.mfa.factor.reset_all"),
        "user.reset_password": LogType(_RESET),
        "user.expire_password": LogType("user.account.expire_password"),
        "invitation.send": LogType("system.email.delivery"),
        "users.factors": LogType(_FACTOR_ON),
        "users.tokens": LogType("app.oauth2.as.token.revoke"),
        "users.lifecycle": LogType("user.lifecycle.update"),
        "group.create": LogType("group.lifecycle.create"),
        "group.update": LogType("group.profile.update"),
        "group.remove": LogType("group.lifecycle.delete"),
        "groups": LogType("group.profile.update"),
        "group_rules": LogType("group.rule.update"),
        "group_rule.create": LogType("group.rule.create"),
        "group_rule.update": LogType("group.rule.update"),
        "group_rule.activate": LogType("group.rule.activate"),
        "group_rule.deactivate": LogType("group.rule.deactivate"),
        "group_rule.remove": LogType("group.rule.delete"),
        "group_rule.apply": LogType("group.user_membership.rule.trigger"),
        "group.join": LogType("group.user_membership.add"),
        "group.leave": LogType("group.user_membership.remove"),
        "users": LogType("user.account.update_profile"),
        "users.app_links": LogType("user.account.update_profile"),
        "application.create": LogType(f"{_APP}.create"),
        "application.update": LogType(f"{_APP}.update"),
        "application.secret": LogType(f"{_APP}.update"),
        "application.assign": LogType("application.user_membership.add"),
        "clients": LogType(f"{_APP}.update"),
        "applications": LogType(f"{_APP}.update"),
        "application.status": LogType(f"{_APP}.update"),
        "application.delete": LogType(f"{_APP}.delete"),
        "application.assign_group": LogType("group.application_assignment.add"),
        "application.unassign_group": LogType("group.application_assignment.remove"),
        "application.client_key": LogType(f"{_APP}.update"),
        "application.grant": LogType("app.oauth2.client.scope.grant"),
        "application.revoke": LogType("app.oauth2.client.scope.revoke"),
        "application.unassign": LogType("application.user_membership.remove"),
        "role.assign": LogType("user.account.privilege.grant"),
        "role.remove": LogType("user.account.privilege.revoke"),
        "trust.add": LogType("app.interclient_mapping.create"),
        "trust.remove": LogType("app.interclient_mapping.delete"),
        "trust.remove_all": LogType("app.interclient_mapping.delete_all"),
        "trust_map": LogType("app.interclient_mapping.create"),
        "api_token.mint": LogType("system.api_token.create"),
        "api_token.revoke": LogType("system.api_token.revoke"),
        "policies": LogType("policy.lifecycle.update"),
        "policy.create": LogType("policy.lifecycle.create"),
        "policy.update": LogType("policy.lifecycle.update"),
        "policy.remove": LogType("policy.lifecycle.delete"),
        "policy.activate": LogType("policy.lifecycle.activate"),
        "policy.deactivate": LogType("policy.lifecycle.deactivate"),
        "rule.add": LogType("policy.rule.add"),
        "rule.update": LogType("policy.rule.update"),
        "rule.remove": LogType("policy.rule.delete"),
        "rule.activate": LogType("policy.rule.activate"),
        "rule.deactivate": LogType("policy.rule.deactivate"),
        "application.policy": LogType("application.policy.sign_on.update"),
        "zones": LogType("zone.update"),
        "zone.create": LogType("zone.create"),
        "zone.update": LogType("zone.update"),
        "zone.remove": LogType("zone.delete"),
        "zone.activate": LogType("zone.activate"),
        "zone.deactivate": LogType("zone.deactivate"),
        "origin.trust": LogType("security.trusted_origin.create"),
        "origin.update": LogType("security.trusted_origin.update"),
        "origin.distrust": LogType("security.trusted_origin.deactivate"),
        "origin.remove": LogType("security.trusted_origin.delete"),
        "trusted_origins": LogType("security.trusted_origin.update"),
        "authorization_server.put": LogType(f"{_SERVER}.updated"),
        "authorization_servers": LogType(f"{_SERVER}.updated"),
        "authorization_server.create": LogType(f"{_SERVER}.created"),
        "authorization_server.update": LogType(f"{_SERVER}.updated"),
        "authorization_server.activate": LogType(f"{_SERVER}.activated"),
        "authorization_server.deactivate": LogType(f"{_SERVER}.deactivated"),
        "authorization_server.remove": LogType(f"{_SERVER}.deleted"),
        "authorization_server.trust": LogType(f"{_SERVER}.updated"),
        "server_scope.add": LogType("oauth2.scope.created"),
        "server_scope.update": LogType("oauth2.scope.updated"),
        "server_scope.remove": LogType("oauth2.scope.deleted"),
        "server_claim.add": LogType("oauth2.claim.created"),
        "server_claim.update": LogType("oauth2.claim.updated"),
        "server_claim.remove": LogType("oauth2.claim.deleted"),
        "server_policy.add": LogType("policy.lifecycle.create"),
        "server_policy.update": LogType("policy.lifecycle.update"),
        "server_policy.activate": LogType("policy.lifecycle.activate"),
        "server_policy.deactivate": LogType("policy.lifecycle.deactivate"),
        "server_policy.remove": LogType("policy.lifecycle.delete"),
        "server_rule.add": LogType("policy.rule.add"),
        "server_rule.update": LogType("policy.rule.update"),
        "server_rule.activate": LogType("policy.rule.activate"),
        "server_rule.deactivate": LogType("policy.rule.deactivate"),
        "server_rule.remove": LogType("policy.rule.delete"),
        "keys.create": LogType(f"{_SERVER}.key.rollover"),
        "keys.rotate": LogType(f"{_SERVER}.key.rollover"),
        "keys.emergency": LogType(f"{_SERVER}.key.rollover"),
        "org.create": LogType("system.org.lifecycle.create"),
        "org.settings": LogType("system.org.setting.update"),
        "domain.add": LogType("system.custom_url_domain.initiate"),
        "domain.remove": LogType("system.custom_url_domain.delete"),
        # --- pages, and addresses that are not there ---
        "api_tokens": LogType("system.api_token.revoke"),
        "orgs": LogType("system.org.setting.read"),
        "logs": LogType("system.log.read"),
        "page.home": LogType(_START),
        "page.style": LogType(_START),
    }
)


def log_type(type: str, *, custom_server: bool = False) -> LogType:
    """The row of one of our types. ``custom_server`` says that a custom authorization server did it."""
    row = LOG_TYPES.get(type)
    if row is None:
        return LogType(f"segue.{type}")
    return LogType(row.server_name) if custom_server and row.server_name else row
