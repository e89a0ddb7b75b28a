"""The example apps of one run, configured from the manifest like any client from its registration."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segue.demo.addresses import Addresses
from segue.demo.authenticator import Authenticator
from segue.demo.backend import Backend
from segue.demo.handover import Destinations, add_query
from segue.demo.login_app import LoginApp, login_app
from segue.demo.oidc_app import WebApp, oidc_app
from segue.demo.playground.app import Playground, playground
from segue.demo.playground.kit import Kit, SamlPlace, WsFedPlace
from segue.demo.saml_app import SamlApp, saml_app
from segue.demo.servers import Site
from segue.demo.spa_app import SpaApp, spa_app
from segue.demo.wsfed_app import WsFedApp, wsfed_app


def example_apps(
    manifest: Mapping[str, Any], addresses: Addresses, ca: Path | None, explain: str, mail: str = ""
) -> list[Site]:
    """Every app, and where it listens. ``ca`` is the CA of ``--tls``, ``explain`` the command that explains events,
    ``mail`` the folder that takes what would be sent."""
    okta = manifest["okta"]
    apps, backend = okta["apps"], Backend(okta["base_url"], ca)
    people = tuple((user["login"], user["password"]) for user in okta["users"].values())
    paths = {name: _path(okta, entry) for name, entry in apps.items()}
    ledger = add_query(apps["wsfed"]["sso_url"], wa="wsignin1.0", wtrealm=apps["wsfed"]["realm"], wctx="/")
    codes = f"{addresses.playground}/authenticator"
    login_pages = {
        "legacy": f"{addresses.login}/legacy",
        "custom": f"{addresses.login}/",
        "custom-browser": f"{addresses.login}/browser",
        "foreign": f"{addresses.foreign_login}/",
        "foreign-browser": f"{addresses.foreign_login}/browser",
    }
    neighbours = (
        ("Harbor Books", addresses.login),
        ("Orders", addresses.web),
        ("Library", addresses.saml),
        ("Shelf", addresses.spa),
        ("Ledger", addresses.wsfed),
        ("Playground", addresses.playground),
        ("Segue", addresses.idp),
    )
    destinations = Destinations(
        idp=backend.base_url,
        authorize_paths=("/oauth2/v1/authorize", "/oauth2/default/v1/authorize"),
        app_paths={
            paths["web"]["embed_url"]: "Harbor Orders",
            paths["saml"]["embed_url"]: "Harbor Library",
            paths["saml"]["sso_url"]: "Harbor Library",
            paths["wsfed"]["sso_url"]: "Harbor Ledger",
        },
    )

    def login(own: str, via: str) -> LoginApp:
        return LoginApp(
            own=own,
            backend=backend,
            destinations=destinations,
            orders=f"{addresses.web}/login",
            saml_app=apps["saml"]["sso_url"],
            ledger=ledger,
            starts={"orders": apps["web"]["embed_url"], "library": apps["saml"]["embed_url"], "ledger": ledger},
            via=via,
            api_token=okta["ssws"],
            people=people,
            explain=explain,
            codes=codes,
            mail=mail,
            neighbours=neighbours,
        )

    web = WebApp(
        own=addresses.web,
        backend=backend,
        client_id=apps["web"]["client_id"],
        client_secret=apps["web"]["client_secret"],
        login_pages=login_pages,
        saml_app=addresses.saml,
        explain=explain,
        neighbours=neighbours,
    )
    saml = SamlApp(
        own=addresses.saml,
        backend=backend,
        metadata_url=apps["saml"]["metadata_url"],
        login_pages=login_pages,
        orders=addresses.web,
        neighbours=neighbours,
    )
    wsfed = WsFedApp(
        own=addresses.wsfed,
        backend=backend,
        sso_url=apps["wsfed"]["sso_url"],
        issuer=apps["wsfed"]["issuer"],
        realm=apps["wsfed"]["realm"],
        reply_url=apps["wsfed"]["reply_url"],
        metadata_url=apps["saml"]["metadata_url"],
        login_pages=login_pages,
        orders=addresses.web,
        neighbours=neighbours,
    )
    spa = SpaApp(own=addresses.spa, idp=backend.base_url, client_id=apps["spa"]["client_id"], neighbours=neighbours)
    kit = Kit(
        own=addresses.playground,
        backend=backend,
        client_id=apps["playground"]["client_id"],
        client_secret=apps["playground"]["client_secret"],
        sso_url=apps["saml"]["sso_url"],
        metadata_url=apps["saml"]["metadata_url"],
        sp_entity_id=apps["saml"]["entity_id"],
        own_saml=SamlPlace(
            apps["playground_saml"]["embed_url"],
            apps["playground_saml"]["sso_url"],
            apps["playground_saml"]["metadata_url"],
            apps["playground_saml"]["entity_id"],
        ),
        wsfed=WsFedPlace(apps["wsfed"]["sso_url"], apps["wsfed"]["issuer"], apps["wsfed"]["realm"]),
        start_url=apps["playground"]["embed_url"],
        api_token=okta["ssws"],
        authenticators={
            name: Authenticator(user["totp_secret"]) for name, user in okta["users"].items() if "totp_secret" in user
        },
        apps=apps,
    )
    show = Playground(kit=kit, people=people, explain=explain, apps=neighbours[:5], neighbours=neighbours)
    return [
        Site(addresses.login_listener, login_app(login(addresses.login, "custom"))),
        Site(addresses.foreign_login_listener, login_app(login(addresses.foreign_login, "foreign"))),
        Site(addresses.web_listener, oidc_app(web)),
        Site(addresses.saml_listener, saml_app(saml)),
        Site(addresses.spa_listener, spa_app(spa)),
        Site(addresses.playground_listener, playground(show)),
        Site(addresses.wsfed_listener, wsfed_app(wsfed)),
    ]


def _path(okta: Mapping[str, Any], entry: Mapping[str, str]) -> dict[str, str]:
    """The paths of an application's addresses at Segue."""
    base = okta["base_url"]
    return {name: value.removeprefix(base) for name, value in entry.items() if value.startswith(f"{base}/")}
