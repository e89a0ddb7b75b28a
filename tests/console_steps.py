"""Working in the console over HTTP, as a browser without scripts does."""

import httpx
from lxml import html

from tests.http_client import Browser
from tests.okta_steps import sign_in_by_page
from tests.server import Site

READS: dict[str, tuple[str, ...]] = {
    "/console": ("unheard_of",),
    "/console/administrators": ("do", "user", "role"),
    "/console/apps": ("q", "after"),
    "/console/apps/new": (
        "kind",
        "label",
        "redirect_uris",
        "post_logout_redirect_uris",
        "initiate_login_uri",
        "authentication",
        "pkce_required",
        "grant_types",
        "response_types",
        "response_types_shown",
        "id_token_algorithm",
        "everyone",
    ),
    "/console/apps/{id}": ("unheard_of",),
    "/console/apps/{id}/edit": (
        "label",
        "entity_id",
        "acs_urls",
        "audience",
        "name_id_format",
        "name_id_from",
        "attributes",
        "assertion_s",
        "sign_response",
        "want_signed_requests",
        "certificates_pem",
        "home_authority",
        "everyone",
    ),
    "/console/apps/{id}/handoff": ("do", "when_other_user", "hand_off_opens_session", "policy", "max_age"),
    "/console/apps/{id}/links": ("do", "link", "label", "name", "target"),
    "/console/apps/{id}/people": ("do", "user", "user_name", "group", "after"),
    "/console/apps/{id}/secrets": ("keep_old",),
    "/console/apps/{id}/state": ("state",),
    "/console/apps/{id}/trust": ("do", "origin"),
    "/console/events": ("type", "outcome", "who", "app", "since", "after"),
    "/console/events/{id}": ("unheard_of",),
    "/console/group-rules": ("unheard_of",),
    "/console/group-rules/new": ("name", "expression", "groups", "excluded"),
    "/console/group-rules/{id}": ("do", "sure", "name", "expression", "groups", "excluded", "seen"),
    "/console/groups": ("q", "after"),
    "/console/groups/new": ("name", "description"),
    "/console/groups/{id}": ("do", "user", "name", "description", "after"),
    "/console/groups/{id}/remove": ("unheard_of",),
    "/console/keys": ("unheard_of",),
    "/console/keys/rotate": ("set", "algorithm", "emergency"),
    "/console/origins": ("unheard_of",),
    "/console/origins/new": ("name", "origin", "scopes"),
    "/console/origins/{id}": ("do", "name", "origin", "scopes"),
    "/console/policies": ("unheard_of",),
    "/console/policies/new": ("type", "name", "description", "priority", "groups"),
    "/console/policies/{id}": ("do", "sure"),
    "/console/policies/{id}/edit": ("name", "description", "priority", "groups"),
    "/console/policies/{id}/rules/new": (
        "name",
        "priority",
        "groups_in",
        "groups_out",
        "users_in",
        "zones_in",
        "device",
        "risk",
        "allow",
        "factors",
        "worth",
        "reauthenticate",
        "idle",
        "life",
        "device_excuses",
    ),
    "/console/policies/{id}/rules/{rule}": ("do", "name"),
    "/console/search": ("q",),
    "/console/servers": ("unheard_of",),
    "/console/servers/new": ("name", "audience", "description"),
    "/console/servers/{id}": ("do", "name", "audience", "scope", "claim", "token", "value"),
    "/console/settings": ("lockout_attempts", "gateways", "factors", "password_rules.min_length", "seen"),
    "/console/simulator": ("user", "app", "address", "factors", "age", "device", "remembered", "risk"),
    "/console/tokens": ("token", "sure"),
    "/console/tokens/new": ("name", "life_days"),
    "/console/users": ("q", "after"),
    "/console/users/new": ("login", "password", "profile.firstName", "profile.email", "profile.x"),
    "/console/users/{id}": ("unheard_of",),
    "/console/users/{id}/apps": ("do", "app"),
    "/console/users/{id}/edit": ("profile.firstName", "profile.email", "profile.x"),
    "/console/users/{id}/end": ("credential",),
    "/console/users/{id}/lineage": ("show",),
    "/console/users/{id}/password": ("do", "password"),
    "/console/users/{id}/security": ("do", "factor", "sure"),
    "/console/users/{id}/state": ("to",),
    "/console/zones": ("unheard_of",),
    "/console/zones/new": ("name", "ranges", "blocks"),
    "/console/zones/{id}": ("do", "name", "ranges", "blocks"),
}
"""What each page of the console reads, from its address or from its form."""


def enter(site: Site, name: str = "carol") -> Browser:
    """Somebody signed in to the console."""
    browser = site.browser()
    page = sign_in_by_page(browser, browser.get("/console"), site.person(name))
    page = browser.follow(page)
    assert page.status_code == 200, page.text[:2000]
    assert page.request.url.path == "/console"
    return browser


def token_of(page: httpx.Response) -> str:
    """The token of the page's forms."""
    found = html.document_fromstring(page.text).xpath("//input[@name='form_token']/@value")
    assert found, page.text[:2000]
    return str(found[0])


def form_token(browser: Browser) -> str:
    return token_of(browser.get("/console/origins/new"))


def post(browser: Browser, path: str, **fields: object) -> httpx.Response:
    """Submits the form at that address as its own page would."""
    return browser.post(path, data={"form_token": form_token(browser), **fields})


def told(browser: Browser, response: httpx.Response) -> str:
    """What the page says that a change led to."""
    assert response.status_code == 303, f"{response.status_code}: {response.text[:3000]}"
    page = browser.follow(response)
    found = html.document_fromstring(page.text).xpath("//*[@id='notice']")
    assert found, page.text[:2000]
    return " ".join(found[0].text_content().split())


def wrong(response: httpx.Response) -> tuple[str, str]:
    """The field that the page marks as wrong, and the sentence beside it."""
    assert response.status_code == 400, response.text[:2000]
    document = html.document_fromstring(response.text)
    (field,) = document.xpath("//*[@aria-invalid]")
    (why,) = document.xpath("//*[@id=$id]", id=field.get("aria-describedby"))
    return str(field.get("name") or field.get("id") or ""), str(why.text_content())
