"""``segue server …`` and ``segue events`` as the command line knows them."""

from typing import Annotated

import typer

server = typer.Typer(help="Add authorization servers and list them.", no_args_is_help=True, rich_markup_mode=None)

_Org = Annotated[str | None, typer.Option("--org", help="Id, name or domain of the org, where there are several.")]


@server.command("add")
def add_server(
    name: Annotated[str, typer.Argument(help="What administrators call it.")],
    audience: Annotated[str, typer.Option(help="What its access tokens are for: api://orders.")],
    closed: Annotated[bool, typer.Option("--closed", help="Give nobody tokens until it has a policy.")] = False,
    org: _Org = None,
) -> None:
    """Make an authorization server and say what its issuer is."""
    from segue.cli.servers import add
    from segue.cli.workplace import on_store

    on_store(lambda workplace: add(workplace, name, audience, closed=closed, org=org))


@server.command("list")
def list_servers(org: _Org = None) -> None:
    """List the org's authorization servers, but for its own."""
    from segue.cli.servers import show_all
    from segue.cli.workplace import on_store

    on_store(lambda workplace: show_all(workplace, org=org))


def events(
    words: Annotated[list[str] | None, typer.Argument(help="Only events that hold all these words.")] = None,
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=1000, help="How many of the newest.")] = 20,
    user: Annotated[str, typer.Option(help="Only events about this user.")] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what happens.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    org: _Org = None,
) -> None:
    """Show the newest events of the log; `segue explain` says more of one."""
    from segue.cli.events import Wanted, show
    from segue.cli.workplace import on_store

    wanted = Wanted(count, tuple(words or ()), user, follow, as_json)
    try:
        on_store(lambda workplace: show(workplace, wanted, org=org))
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
