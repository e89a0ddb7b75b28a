"""The command ``segue app transfer``."""

from typing import Annotated

import typer


def application_transfer(
    name: Annotated[str, typer.Argument(help="The application: id, client id, name or label.")],
    can_create: Annotated[bool | None, typer.Option(help="Whether it hands sign-ins over.")] = None,
    cascade: Annotated[
        bool | None, typer.Option(help="Whether revoking the refresh token ends the sessions that came of it.")
    ] = None,
    carriers: Annotated[
        str | None,
        typer.Option(help="By what it takes one: query, cookie, both with a comma, or '' for nothing."),
    ] = None,
    device_binding: Annotated[str | None, typer.Option(help="ip, asn or none.")] = None,
    allow_refresh_token: Annotated[
        bool | None, typer.Option(help="Whether such a sign-in gives it refresh tokens.")
    ] = None,
    online_refresh_tokens: Annotated[
        bool | None, typer.Option(help="Whether those end with the browser's session.")
    ] = None,
    forget: Annotated[bool, typer.Option("--forget", help="Take the settings away.")] = False,
    org: Annotated[
        str | None, typer.Option("--org", help="Id, name or domain of the org, where there are several.")
    ] = None,
) -> None:
    """Show or change how an application hands sign-ins over to browsers, and takes them."""
    from segue.cli import session_transfer
    from segue.cli.workplace import on_store

    wanted = session_transfer.Wanted(
        can_create, carriers, device_binding, allow_refresh_token, online_refresh_tokens, cascade
    )
    on_store(lambda workplace: session_transfer.transfer(workplace, name, wanted, forget=forget, org=org))
