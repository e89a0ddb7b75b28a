"""What this vendor calls each of our events, with a sentence for people: one row a type.

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
    message: str
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


def _oauth(what: str, message: str) -> LogType:
    org, custom = _at(what)
    return LogType(org, message, custom)


LOG_TYPES: Final[Mapping[str, LogType]] = MappingProxyType(
    {
        # --- signing in and out ---
        "authn.primary": LogType(_START, "Sign-in by the Authentication API"),
        "authn.factor": LogType(_MFA, "A factor of a transaction"),
        "authn.enroll": LogType("user.mfa.factor.activate", "Setting up a factor in a transaction"),
        "authn.activate": LogType(_FACTOR_ON, "Activating a factor in a transaction"),
        "authn.picture": LogType(_FACTOR_ON, "The picture of a factor to be set up"),
        "authn.questions": LogType(_FACTOR_ON, "The questions that a user may choose from"),
        "authn.previous": LogType(_START, "Going a step back in a transaction"),
        "authn.skip": LogType(_START, "Leaving out a step of a transaction"),
        "authn.cancel": LogType(_START, "Giving up a transaction"),
        "authn.introspect": LogType(_START, "Looking at a transaction"),
        "authn.change_password": LogType("user.account.update_password", "Changing a password in a transaction"),
        "authn.reset_password": LogType(_RESET, "Setting a new password in a transaction"),
        "authn.recovery": LogType(_RESET, "Recovering an account"),
        "transaction.begin": LogType(_VERIFY, "A sign-in began with the right password"),
        "transaction.resume": LogType(_START, "A transaction goes on"),
        "transaction.previous": LogType(_START, "A transaction went a step back"),
        "transaction.skip": LogType(_START, "A step of a transaction was left out"),
        "transaction.cancel": LogType(_END, "A transaction was given up"),
        "sign_in.password": LogType(_START, "Sign-in by password"),
        "sign_in.page": LogType(_START, "Sign-in by the hosted page"),
        "sign_in.second_factor": LogType(_MFA, "Second factor on the hosted page"),
        "sign_in.session_image": LogType(_START, "Sign-in by an image"),
        "sign_in.oidc": LogType(_POLICY, "Sign-in to an OpenID Connect application"),
        "sign_in.saml": LogType(_POLICY, "Sign-in to a SAML application"),
        "sign_in.wsfed": LogType(_POLICY, "Sign-in to a WS-Federation application"),
        "sign_in.home": LogType(_POLICY, "Sign-in to the start page"),
        "sign_in.launch": LogType(_POLICY, "Sign-in to an application by its link"),
        "sign_in.console": LogType(_ADMIN, "Sign-in to the console"),
        "sign_in.factors": LogType(_POLICY, "Sign-in to look after one's factors"),
        "session.open": LogType(_START, "A user signed in"),
        "session.backend": LogType(_START, "An application keeps a sign-in to hand it over"),
        "session.create": LogType(_START, "Making a session by the Sessions API"),
        "session.read": LogType(_START, "Looking at a session"),
        "session.extend": LogType("user.session.context.change", "A session was extended"),
        "session.end": LogType(_END, "A session ended"),
        "credential.revoke": LogType(_END, "An administrator ended something that was issued"),
        "console.request": LogType(_ADMIN, "A page of the console"),
        "console.change": LogType(_ADMIN, "A change in the console"),
        "session.sign_out": LogType(_END, "A user signed out"),
        "user.sign_out": LogType("user.session.clear", "All sessions of a user were ended"),
        "interaction.park": LogType(_POLICY, "A request waits for the user"),
        "interaction.resume": LogType(_POLICY, "A request that waited goes on"),
        "ticket.mint": LogType(_VERIFY, "A ticket that carries a sign-in was made"),
        "ticket.exchange": _oauth("token.grant.interclient_token", "A sign-in was handed over to another application"),
        "ticket.redeem": LogType(_VERIFY, "A ticket that carries a sign-in was presented"),
        # --- factors ---
        "factor.verify": LogType(_MFA, "A factor was proved"),
        "factor.wrong": LogType(_MFA, "A wrong answer to a factor"),
        "factor.ask": LogType("system.mfa.factor.challenge", "A factor was asked for"),
        "factor.poll": LogType("system.mfa.factor.challenge", "Waiting for the answer to a factor"),
        "factor.rejected": LogType("user.mfa.okta_verify.deny_push", "A push request was rejected"),
        "factor.timeout": LogType(_MFA, "The answer to a factor did not come in time"),
        "factor.enroll": LogType(_FACTOR_ON, "A factor is being set up"),
        "factor.start": LogType(_FACTOR_ON, "Setting up a factor began"),
        "factor.activate": LogType(_FACTOR_ON, "A factor was set up"),
        "factor.overtaken": LogType(_FACTOR_ON, "A factor was set up elsewhere in the meantime"),
        "factor.page": LogType(_FACTOR_ON, "The page of a user's factors"),
        "factor.remove": LogType(_FACTOR_OFF, "A factor was removed"),
        "user.forget_devices": LogType("user.mfa.factor.reset_all", "The remembered devices of a user were forgotten"),
        # --- passwords and recovery ---
        "password.change": LogType("user.account.update_password", "A user changed their password"),
        "password.reset": LogType(_RESET, "A user set a new password"),
        "user.password": LogType("user.account.update_password", "A password was set"),
        "recovery.begin": LogType(_RESET, "Recovering an account began"),
        "recovery.send": LogType(_RESET, "A message that recovers an account"),
        "recovery.resend": LogType(_RESET, "A message that recovers an account was sent again"),
        "recovery.code": LogType(_RESET, "A code that recovers an account was right"),
        "recovery.wrong": LogType(_RESET, "A wrong answer while recovering an account"),
        "recovery.answer": LogType(_RESET, "The recovery question was answered"),
        "recovery.redeem": LogType(_RESET, "A recovery link was used"),
        "recovery.page": LogType(_RESET, "The page behind a recovery mail"),
        "account.unlock": LogType("user.account.unlock", "An account was unlocked"),
        # --- protocols ---
        "oauth.authorize": _oauth("authorize.code", "Authorization request"),
        "code.mint": _oauth("authorize.code", "An authorization code was given"),
        "code.redeem": _oauth("token.grant", "An authorization code was exchanged"),
        "code.reuse": _oauth("token.detect_reuse", "An authorization code was used twice; what it gave was revoked"),
        "refresh_token.reuse": _oauth(
            "token.detect_reuse", "A refresh token was used twice; all that came of it was revoked"
        ),
        "oauth.token": _oauth("token.grant", "Token request"),
        "token.issue": _oauth("token.grant.access_token", "An access token was given"),
        "id_token.issue": _oauth("token.grant.id_token", "An ID token was given"),
        "token.revoke": _oauth("token.revoke", "A token was revoked by its application"),
        "oauth.revoke": _oauth("token.revoke", "Revocation request"),
        "oauth.introspect": _oauth("token.introspect", "Introspection request"),
        "oauth.userinfo": _oauth("token.grant", "Userinfo request"),
        "oauth.end_session": LogType(_END, "Sign-out by an application"),
        "oauth.metadata": _oauth("authorize", "Discovery and keys"),
        "saml.sign_on": LogType(_SSO, "SAML sign-on"),
        "saml.metadata": LogType(_SSO, "SAML metadata"),
        "wsfed.sign_on": LogType(_SSO, "WS-Federation sign-on"),
        "application.launch": LogType(_SSO, "An application was started by its link"),
        "link.application": LogType(_LAUNCH, "A link to an application"),
        "link.redirect": LogType(_SSO, "A link that signs in and leads on"),
        "link.image": LogType(_START, "An image that signs in"),
        # --- administration ---
        "user.add": LogType("user.lifecycle.create", "A user was added"),
        "user.status": LogType("user.lifecycle.update", "The status of a user changed"),
        "user.profile": LogType("user.account.update_profile", "The profile of a user changed"),
        "user.remove": LogType("user.lifecycle.delete.completed", "A user was removed"),
        "user.unlock": LogType("user.account.unlock_by_admin", "An administrator unlocked an account"),
        "user.reset_factors": LogType("user.mfa.factor.reset_all", "All factors of a user were removed"),
        "user.reset_password": LogType(_RESET, "An administrator took a password away"),
        "user.expire_password": LogType("user.account.expire_password", "A password is to be changed"),
        "invitation.send": LogType("system.email.delivery", "A link was to be mailed"),
        "users.factors": LogType(_FACTOR_ON, "The factors of users over the API"),
        "users.tokens": LogType("app.oauth2.as.token.revoke", "Refresh tokens of users over the API"),
        "users.lifecycle": LogType("user.lifecycle.update", "The lifecycle of users over the API"),
        "group.create": LogType("group.lifecycle.create", "A group was added"),
        "group.update": LogType("group.profile.update", "A group was changed"),
        "group.remove": LogType("group.lifecycle.delete", "A group was removed"),
        "groups": LogType("group.profile.update", "Groups over the API"),
        "group_rules": LogType("group.rule.update", "Group rules over the API"),
        "group_rule.create": LogType("group.rule.create", "A group rule was added"),
        "group_rule.update": LogType("group.rule.update", "A group rule was changed"),
        "group_rule.activate": LogType("group.rule.activate", "A group rule was activated"),
        "group_rule.deactivate": LogType("group.rule.deactivate", "A group rule was deactivated"),
        "group_rule.remove": LogType("group.rule.delete", "A group rule was removed"),
        "group_rule.apply": LogType("group.user_membership.rule.trigger", "Rules changed the groups of a user"),
        "group.join": LogType("group.user_membership.add", "A user was put into a group"),
        "group.leave": LogType("group.user_membership.remove", "A user was taken out of a group"),
        "users": LogType("user.account.update_profile", "Users over the API"),
        "users.app_links": LogType("user.account.update_profile", "The applications of a user"),
        "application.create": LogType(f"{_APP}.create", "An application was added"),
        "application.update": LogType(f"{_APP}.update", "An application was changed"),
        "application.secret": LogType(f"{_APP}.update", "A client secret was made"),
        "application.assign": LogType("application.user_membership.add", "A user was assigned to an application"),
        "clients": LogType(f"{_APP}.update", "A call about OAuth clients"),
        "applications": LogType(f"{_APP}.update", "A call about applications"),
        "application.status": LogType(f"{_APP}.update", "An application was put in or out of use"),
        "application.delete": LogType(f"{_APP}.delete", "An application was deleted"),
        "application.assign_group": LogType("group.application_assignment.add", "A group was assigned an application"),
        "application.unassign_group": LogType("group.application_assignment.remove", "A group lost an application"),
        "application.client_key": LogType(f"{_APP}.update", "A key of a client was added or taken away"),
        "application.grant": LogType("app.oauth2.client.scope.grant", "An application may act by itself"),
        "application.revoke": LogType("app.oauth2.client.scope.revoke", "An application may act by itself no more"),
        "application.unassign": LogType("application.user_membership.remove", "A user lost an application"),
        "role.assign": LogType("user.account.privilege.grant", "A user was given a role"),
        "role.remove": LogType("user.account.privilege.revoke", "A role was taken from a user"),
        "trust.add": LogType("app.interclient_mapping.create", "An application may hand sign-ins over to another"),
        "trust.remove": LogType("app.interclient_mapping.delete", "An application may no longer hand sign-ins over"),
        "trust.remove_all": LogType("app.interclient_mapping.delete_all", "Nobody may hand sign-ins over any more"),
        "trust_map": LogType("app.interclient_mapping.create", "The trust map over the API"),
        "api_token.mint": LogType("system.api_token.create", "An API token was made"),
        "api_token.revoke": LogType("system.api_token.revoke", "An API token was revoked"),
        "policies": LogType("policy.lifecycle.update", "Administration of policies"),
        "policy.create": LogType("policy.lifecycle.create", "A policy was made"),
        "policy.update": LogType("policy.lifecycle.update", "A policy was changed"),
        "policy.remove": LogType("policy.lifecycle.delete", "A policy was removed"),
        "policy.activate": LogType("policy.lifecycle.activate", "A policy was put in use"),
        "policy.deactivate": LogType("policy.lifecycle.deactivate", "A policy was put out of use"),
        "rule.add": LogType("policy.rule.add", "A rule was added to a policy"),
        "rule.update": LogType("policy.rule.update", "A rule of a policy was changed"),
        "rule.remove": LogType("policy.rule.delete", "A rule of a policy was removed"),
        "rule.activate": LogType("policy.rule.activate", "A rule of a policy was put in use"),
        "rule.deactivate": LogType("policy.rule.deactivate", "A rule of a policy was put out of use"),
        "application.policy": LogType("application.policy.sign_on.update", "An application was given a policy"),
        "zones": LogType("zone.update", "Administration of network zones"),
        "zone.create": LogType("zone.create", "A network zone was made"),
        "zone.update": LogType("zone.update", "A network zone was changed"),
        "zone.remove": LogType("zone.delete", "A network zone was removed"),
        "zone.activate": LogType("zone.activate", "A network zone was put in use"),
        "zone.deactivate": LogType("zone.deactivate", "A network zone was put out of use"),
        "origin.trust": LogType("security.trusted_origin.create", "An origin is trusted"),
        "origin.update": LogType("security.trusted_origin.update", "A trusted origin was changed"),
        "origin.distrust": LogType("security.trusted_origin.deactivate", "An origin is no longer trusted"),
        "origin.remove": LogType("security.trusted_origin.delete", "A trusted origin was removed"),
        "trusted_origins": LogType("security.trusted_origin.update", "Trusted origins over the API"),
        "authorization_server.put": LogType(f"{_SERVER}.updated", "An authorization server was changed"),
        "authorization_servers": LogType(f"{_SERVER}.updated", "Authorization servers over the API"),
        "authorization_server.create": LogType(f"{_SERVER}.created", "An authorization server was made"),
        "authorization_server.update": LogType(f"{_SERVER}.updated", "An authorization server was changed"),
        "authorization_server.activate": LogType(f"{_SERVER}.activated", "An authorization server was activated"),
        "authorization_server.deactivate": LogType(f"{_SERVER}.deactivated", "An authorization server was deactivated"),
        "authorization_server.remove": LogType(f"{_SERVER}.deleted", "An authorization server was removed"),
        "authorization_server.trust": LogType(f"{_SERVER}.updated", "An authorization server trusts other ones"),
        "server_scope.add": LogType("oauth2.scope.created", "A scope was added"),
        "server_scope.update": LogType("oauth2.scope.updated", "A scope was changed"),
        "server_scope.remove": LogType("oauth2.scope.deleted", "A scope was removed"),
        "server_claim.add": LogType("oauth2.claim.created", "A claim was added"),
        "server_claim.update": LogType("oauth2.claim.updated", "A claim was changed"),
        "server_claim.remove": LogType("oauth2.claim.deleted", "A claim was removed"),
        "server_policy.add": LogType("policy.lifecycle.create", "A policy of an authorization server was added"),
        "server_policy.update": LogType("policy.lifecycle.update", "A policy of an authorization server was changed"),
        "server_policy.activate": LogType(
            "policy.lifecycle.activate", "A policy of an authorization server was activated"
        ),
        "server_policy.deactivate": LogType(
            "policy.lifecycle.deactivate", "A policy of an authorization server was deactivated"
        ),
        "server_policy.remove": LogType("policy.lifecycle.delete", "A policy of an authorization server was removed"),
        "server_rule.add": LogType("policy.rule.add", "A rule of an authorization server was added"),
        "server_rule.update": LogType("policy.rule.update", "A rule of an authorization server was changed"),
        "server_rule.activate": LogType("policy.rule.activate", "A rule of an authorization server was activated"),
        "server_rule.deactivate": LogType(
            "policy.rule.deactivate", "A rule of an authorization server was deactivated"
        ),
        "server_rule.remove": LogType("policy.rule.delete", "A rule of an authorization server was removed"),
        "keys.create": LogType(f"{_SERVER}.key.rollover", "A signing key was made"),
        "keys.rotate": LogType(f"{_SERVER}.key.rollover", "Signing keys were rotated"),
        "keys.emergency": LogType(f"{_SERVER}.key.rollover", "Signing keys were replaced at once"),
        "org.create": LogType("system.org.lifecycle.create", "An org was made"),
        "org.settings": LogType("system.org.setting.update", "The settings of the org changed"),
        "domain.add": LogType("system.custom_url_domain.initiate", "The org got a domain"),
        "domain.remove": LogType("system.custom_url_domain.delete", "The org lost a domain"),
        # --- pages, and addresses that are not there ---
        "api_tokens": LogType("system.api_token.revoke", "API tokens over the API"),
        "orgs": LogType("system.org.setting.read", "The org over the API"),
        "logs": LogType("system.log.read", "The log over the API"),
        "page.home": LogType(_START, "The start page"),
        "page.style": LogType(_START, "The style of the pages"),
    }
)


def log_type(type: str, *, custom_server: bool = False) -> LogType:
    """The row of one of our types. ``custom_server`` says that a custom authorization server did it."""
    row = LOG_TYPES.get(type)
    if row is None:
        return LogType(f"segue.{type}", type.replace(".", " ").replace("_", " "))
    return LogType(row.server_name, row.message) if custom_server and row.server_name else row
