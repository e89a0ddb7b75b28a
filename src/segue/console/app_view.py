"""One application as its pages show it: the way to it, its tabs, and what is open to be read."""

from collections.abc import Mapping, Sequence
from typing import Final

from segue.admin import applications
from segue.console import paths
from segue.console.app_forms import ADVANCED_GRANTS, NAME_ID_FORMATS, ROTATIONS, TOKEN_TYPES, USUAL_GRANTS
from segue.console.desk import Desk
from segue.console.visit import Visit
from segue.console.words import kind_of
from segue.core.application import Application, OidcClient, SamlServiceProvider, WsFedRelyingParty
from segue.web.message import Page

_GRANTS: Final = {name: words for name, words, _ in (*USUAL_GRANTS, *ADVANCED_GRANTS)}
_METHODS: Final = {
    "client_secret_basic": "A secret in the Authorization header",
    "client_secret_post": "A secret in the form",
    "private_key_jwt": "A signature of its own key",
    "none": "None: a public client",
}

Fact = dict[str, object]
"""``label``, ``values`` (a list of texts), ``code`` whether they are to be copied as they stand."""


async def known_app(desk: Desk, visit: Visit) -> Application:
    """The application of the address. Raises Refusal ``not_found``."""
    return await applications.find_application(desk.store, visit.param("id"), visit.change)


def app_page(visit: Visit, template: str, app: Application, tab: str, **context: object) -> Page:
    """A page below the application's tabs."""
    one = f"{paths.APPS}/{app.id}"
    tabs = [("General", one, "general"), ("People", f"{one}/people", "people")]
    tabs.append(("Hand-off", f"{one}/handoff", "handoff"))
    tabs.append(("Links", f"{one}/links", "links"))
    if app.bookmark is None:
        tabs.append(("Trust", f"{one}/trust", "trust"))
    if app.oidc is not None and app.oidc.has_secret:
        tabs.append(("Secrets", f"{one}/secrets", "secrets"))
    return visit.page(
        template,
        app.label,
        crumbs=(("Applications", paths.APPS),),
        section=paths.APPS,
        app=app,
        kind=kind_of(app)[1],
        tabs=[(words, address, name == tab) for words, address, name in tabs],
        editable=visit.may("apps.manage"),
        **context,
    )


async def open_facts(desk: Desk, visit: Visit, app: Application) -> dict[str, list[Fact]]:
    """What stands on the general page: the settings, and the addresses that the application's side needs."""
    settings: list[Fact] = []
    if app.oidc is not None:
        settings = _oidc(app.oidc)
    elif app.saml is not None:
        settings = _saml(app.saml)
    elif app.wsfed is not None:
        settings = _wsfed(app.wsfed)
    elif app.bookmark is not None:
        settings = [_fact("Address", [app.bookmark.url], code=True)]
    if app.home_authority:
        settings.append(_fact("Home domain", [app.home_authority]))
    domains = [domain for domain in await desk.store.domains() if domain.org_id == visit.org_id]
    home = next((each for each in domains if each.authority == app.home_authority), visit.request.site.domain)
    addresses = [_fact(label, [address], code=True) for label, address in desk.addresses(app, home)]
    return {"settings": [fact for fact in settings if fact["values"]], "addresses": addresses}


def _oidc(client: OidcClient) -> list[Fact]:
    grants = [_GRANTS.get(each, each) for each in sorted(client.grant_types)]
    return [
        _fact("Client id", [client.client_id], code=True),
        _fact("Client authentication", [_METHODS.get(client.authentication, client.authentication)]),
        _fact("Grant types", grants),
        _fact("Response types", sorted(client.response_types)),
        _fact("Sign-in redirect addresses", client.redirect_uris, code=True),
        _fact("Sign-out redirect addresses", client.post_logout_redirect_uris, code=True),
        _fact("Starts its sign-in at", [client.initiate_login_uri] if client.initiate_login_uri else [], code=True),
        _fact(
            "Refresh tokens",
            [dict(ROTATIONS)[client.refresh_rotation]] if "refresh_token" in client.grant_types else [],
        ),
        _fact("Access tokens", ["Bound to a key of the app"] if client.dpop_bound_access_tokens else []),
        _fact("PKCE", ["Required" if client.needs_pkce else "Optional"]),
        _fact("ID tokens are signed by", [client.id_token_algorithm]),
    ]


def _saml(provider: SamlServiceProvider) -> list[Fact]:
    signed = [
        words
        for words, wanted in (("Response", provider.sign_response), ("Assertion", provider.sign_assertion))
        if wanted
    ]
    return [
        _fact("Entity id", [provider.entity_id], code=True),
        _fact("Assertion consumer addresses", provider.acs_urls, code=True),
        _fact("Audience", [provider.audience] if provider.audience else [], code=True),
        *_subject(provider.name_id_format, provider.name_id_from, provider.attributes),
        _fact("Signed", signed),
        _fact("Its requests", ["Have to be signed" if provider.want_signed_requests else "May be unsigned"]),
        _fact("Assertions are valid for", [f"{provider.assertion_s} seconds"]),
    ]


def _wsfed(party: WsFedRelyingParty) -> list[Fact]:
    return [
        _fact("Realm", [party.realm], code=True),
        _fact("Reply addresses", party.reply_urls, code=True),
        _fact("Token", [dict(TOKEN_TYPES)[party.token_type]]),
        _fact("Audience", [party.audience] if party.audience else [], code=True),
        *_subject(party.name_id_format, party.name_id_from, party.attributes),
        _fact("Tokens are valid for", [f"{party.assertion_s} seconds"]),
    ]


def _subject(name_id_format: str, name_id_from: str, attributes: Mapping[str, str]) -> list[Fact]:
    pairs = [f"{name} = {source}" for name, source in attributes.items()]
    known = dict(NAME_ID_FORMATS).get(name_id_format, name_id_format)
    return [_fact("NameID", [f"{known}, from {name_id_from}"]), _fact("Attributes", pairs, code=True)]


def _fact(label: str, values: Sequence[str], *, code: bool = False) -> Fact:
    return {"label": label, "values": list(values), "code": code}


def app_row(app: Application) -> dict[str, object]:
    """An application in a list."""
    return {
        "id": app.id,
        "label": app.label,
        "kind": kind_of(app)[1],
        "known_as": _known_as(app),
        "active": app.active,
        "everyone": app.everyone,
        "address": f"{paths.APPS}/{app.id}",
    }


def _known_as(app: Application) -> str:
    """What the application is called in its protocol."""
    if app.oidc is not None:
        return app.oidc.client_id
    if app.saml is not None:
        return app.saml.entity_id
    if app.wsfed is not None:
        return app.wsfed.realm
    return app.bookmark.url if app.bookmark else ""


def fits(app: Application, wanted: str) -> bool:
    """Whether the text, in lower case, is in the application's name, its id or what its protocol calls it."""
    return not wanted or any(wanted in text.casefold() for text in (app.label, app.id, app.name, _known_as(app)))
