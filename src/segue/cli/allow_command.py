"""The command ``segue app allow``."""

from typing import Annotated

import typer


def application_allow(
    name: Annotated[str, typer.Argument(help="The application: id, client id, name or label.")],
    permissions: Annotated[list[str] | None, typer.Argument(help="Permissions, as apps.read or users.manage.")] = None,
    take_back: Annotated[bool, typer.Option("--take-back", help="Take the permissions away again.")] = False,
    org: Annotated[
        str | None, typer.Option("--org", help="Id, name or domain of the org, where there are several.")
    ] = None,
) -> None:
    """Show or change what an application may do in the management API by itself."""
    from segue.cli import permissions as rights
    from segue.cli.workplace import on_store

    on_store(lambda workplace: rights.allow(workplace, name, permissions or (), take_back=take_back, org=org))
