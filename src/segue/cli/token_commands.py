"""``segue token …`` as the command line knows it."""

from typing import Annotated

import typer

token = typer.Typer(help="Make API tokens, list and end them.", no_args_is_help=True, rich_markup_mode=None)

_Org = Annotated[str | None, typer.Option("--org", help="Id, name or domain of the org, where there are several.")]


@token.command("add")
def token_add(
    login: Annotated[str, typer.Argument(help="Whose roles it acts with: a login, or the user's id.")],
    name: Annotated[str, typer.Argument(help="What it is for, as people read it.")],
    days: Annotated[int, typer.Option(help="How long it lives.")] = 365,
    org: _Org = None,
) -> None:
    """Make an API token for a program that manages the org; shown once."""
    from segue.cli import tokens
    from segue.cli.workplace import on_store

    on_store(lambda workplace: tokens.add(workplace, login, name, days=days, org=org))


@token.command("list")
def token_list(org: _Org = None) -> None:
    """List the API tokens of those who have a role."""
    from segue.cli import tokens
    from segue.cli.workplace import on_store

    on_store(lambda workplace: tokens.show_all(workplace, org=org))


@token.command("revoke")
def token_revoke(
    token_id: Annotated[str, typer.Argument(help="The id of the token, as listed.")], org: _Org = None
) -> None:
    """End an API token at once."""
    from segue.cli import tokens
    from segue.cli.workplace import on_store

    on_store(lambda workplace: tokens.revoke(workplace, token_id, org=org))
