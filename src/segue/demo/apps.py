"""The example apps of one run, configured from the manifest like any client from its registration."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segue.demo.addresses import Addresses
from segue.demo.backend import Backend
from segue.demo.handover import Destinations
from segue.demo.login_app import LoginApp, login_app
from segue.demo.oidc_app import WebApp, oidc_app
from segue.demo.playground.app import Playground, playground
from segue.demo.playground.steps import Kit
from segue.demo.saml_app import SamlApp, saml_app
from segue.demo.servers import Site
from segue.demo.spa_app import SpaApp, spa_app


def example_apps(manifest: Mapping[str, Any], addresses: Addresses, ca: Path | None, explain: str) -> list[Site]:
    """Every app, and where it listens. ``ca`` is the CA of ``--tls``, ``explain`` the command that explains events."""
    okta = manifest["okta"]
    apps, backend = okta["apps"], Backend(okta["base_url"], ca)
    people = tuple((user["login"], user["password"]) for user in okta["users"].values())
    login_pages = {
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
        ("Playground", addresses.playground),
        ("Segue", addresses.idp),
    )
    destinations = Destinations(
        idp=backend.base_url,
        authorize_paths=("/oauth2/v1/authorize", "/oauth2/default/v1/authorize"),
        saml_paths=(apps["saml"]["sso_url"].removeprefix(backend.base_url),),
    )

    def login(own: str, via: str) -> LoginApp:
        return LoginApp(
            own=own,
            backend=backend,
            destinations=destinations,
            orders=f"{addresses.web}/login",
            library=apps["saml"]["sso_url"],
            via=via,
            people=people,
            explain=explain,
            neighbours=neighbours,
        )

    web = WebApp(
        own=addresses.web,
        backend=backend,
        client_id=apps["web"]["client_id"],
        client_secret=apps["web"]["client_secret"],
        login_pages=login_pages,
        library=addresses.saml,
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
    spa = SpaApp(own=addresses.spa, idp=backend.base_url, client_id=apps["spa"]["client_id"], neighbours=neighbours)
    kit = Kit(
        own=addresses.playground,
        backend=backend,
        client_id=apps["playground"]["client_id"],
        client_secret=apps["playground"]["client_secret"],
        sso_url=apps["saml"]["sso_url"],
        metadata_url=apps["saml"]["metadata_url"],
        sp_entity_id=apps["saml"]["entity_id"],
    )
    show = Playground(kit=kit, people=people, explain=explain, apps=neighbours[:4], neighbours=neighbours)
    return [
        Site(addresses.login_listener, login_app(login(addresses.login, "custom"))),
        Site(addresses.foreign_login_listener, login_app(login(addresses.foreign_login, "foreign"))),
        Site(addresses.web_listener, oidc_app(web)),
        Site(addresses.saml_listener, saml_app(saml)),
        Site(addresses.spa_listener, spa_app(spa)),
        Site(addresses.playground_listener, playground(show)),
    ]
