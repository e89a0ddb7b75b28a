"""The commands of ``segue app``."""

from typing import Annotated

import typer

from segue.cli.allow_command import application_allow
from segue.cli.transfer_command import application_transfer

application = typer.Typer(
    help="Add applications, change them, assign them.", no_args_is_help=True, rich_markup_mode=None
)

_Org = Annotated[str | None, typer.Option("--org", help="Id, name or domain of the org, where there are several.")]
_Name = Annotated[str, typer.Argument(help="The application: id, client id, name or label.")]
_User = Annotated[str | None, typer.Option("--user", help="A user's login or id.")]
_Group = Annotated[str | None, typer.Option("--group", help="A group's name or id.")]


@application.command("add")
def application_add(
    label: Annotated[str, typer.Argument(help="What people read.")],
    protocol: Annotated[str, typer.Option(help="oidc, saml, wsfed or bookmark.")] = "oidc",
    address: Annotated[
        list[str] | None,
        typer.Option(help="A redirect (oidc), consumer (saml) or reply (wsfed) address, the first being the default."),
    ] = None,
    identity: Annotated[str, typer.Option(help="Entity id (saml) or realm (wsfed).")] = "",
    public: Annotated[bool, typer.Option("--public", help="A client that cannot keep a secret (oidc).")] = False,
    start: Annotated[str, typer.Option(help="Where a link starts the application's own sign-in (oidc).")] = "",
    everyone: Annotated[bool, typer.Option("--everyone", help="Assign it to everybody.")] = False,
    org: _Org = None,
) -> None:
    """Add an application."""
    from segue.cli import applications
    from segue.cli.workplace import on_store

    wanted = applications.Wanted(
        label=label,
        protocol=protocol,
        addresses=tuple(address or ()),
        identity=identity,
        public=public,
        start=start,
        everyone=everyone,
    )
    on_store(lambda workplace: applications.add(workplace, wanted, org=org))


@application.command("list")
def application_list(org: _Org = None) -> None:
    """List the applications."""
    from segue.cli import applications
    from segue.cli.workplace import on_store

    on_store(lambda workplace: applications.show_all(workplace, org=org))


@application.command("show")
def application_show(name: _Name, org: _Org = None) -> None:
    """Show an application: its settings, addresses and who has it."""
    from segue.cli import application_changes
    from segue.cli.workplace import on_store

    on_store(lambda workplace: application_changes.show(workplace, name, org=org))


@application.command("set")
def application_set(
    name: _Name,
    label: Annotated[str | None, typer.Option(help="What people read.")] = None,
    address: Annotated[list[str] | None, typer.Option(help="Its addresses from now on, all of them.")] = None,
    grant: Annotated[list[str] | None, typer.Option(help="One more grant type (oidc).")] = None,
    no_grant: Annotated[list[str] | None, typer.Option(help="A grant type that it has no more (oidc).")] = None,
    everyone: Annotated[bool | None, typer.Option(help="Whether it is for everybody.")] = None,
    active: Annotated[bool | None, typer.Option("--enable/--disable", help="Whether it can be used.")] = None,
    org: _Org = None,
) -> None:
    """Change an application."""
    from segue.cli import application_changes
    from segue.cli.workplace import on_store

    wanted = application_changes.Wanted(
        label=label,
        addresses=tuple(address or ()),
        more_grants=frozenset(grant or ()),
        fewer_grants=frozenset(no_grant or ()),
        everyone=everyone,
        active=active,
    )
    on_store(lambda workplace: application_changes.change(workplace, name, wanted, org=org))


@application.command("secret")
def application_secret(
    name: _Name,
    keep_old: Annotated[bool, typer.Option("--keep-old", help="The newest earlier secret goes on working.")] = False,
    org: _Org = None,
) -> None:
    """Give a client a new secret, shown once."""
    from segue.cli import application_changes
    from segue.cli.workplace import on_store

    on_store(lambda workplace: application_changes.renew_secret(workplace, name, keep_old=keep_old, org=org))


@application.command("assign")
def application_assign(
    name: _Name,
    user: _User = None,
    group: _Group = None,
    called: Annotated[str, typer.Option("--as", help="What the application calls the user.")] = "",
    org: _Org = None,
) -> None:
    """Let a user or a group use an application."""
    from segue.cli import application_changes
    from segue.cli.workplace import on_store

    on_store(lambda workplace: application_changes.assign(workplace, name, user, group, called=called, org=org))


@application.command("unassign")
def application_unassign(name: _Name, user: _User = None, group: _Group = None, org: _Org = None) -> None:
    """Take an application away from a user or a group."""
    from segue.cli import application_changes
    from segue.cli.workplace import on_store

    on_store(lambda workplace: application_changes.unassign(workplace, name, user, group, org=org))


@application.command("delete")
def application_delete(name: _Name, org: _Org = None) -> None:
    """Delete an application that is disabled."""
    from segue.cli import application_changes
    from segue.cli.workplace import on_store

    on_store(lambda workplace: application_changes.delete(workplace, name, org=org))


application.command("transfer")(application_transfer)
application.command("allow")(application_allow)
