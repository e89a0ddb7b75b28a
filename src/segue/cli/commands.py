"""Every command and option of ``segue``. What a command does is imported when it runs, so that each starts quickly."""

from pathlib import Path
from typing import Annotated

import typer

from segue.cli.application_commands import application
from segue.cli.server_commands import events, server
from segue.cli.token_commands import token

app = typer.Typer(
    name="segue",
    help="Segue, a self-hosted identity provider that carries a sign-in from one place to another.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
user = typer.Typer(help="Add people, list them, disable and enable them.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(user, name="user")
app.add_typer(application, name="app")
app.add_typer(server, name="server")
app.command()(events)
trust = typer.Typer(
    help="Say which application takes sign-ins from which.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(trust, name="trust")
role = typer.Typer(help="Say who administers an org.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(role, name="role")
app.add_typer(token, name="token")
org_settings = typer.Typer(help="Show and change the settings of an org.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(org_settings, name="org")
key = typer.Typer(help="Replace signing keys.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(key, name="key")

_Org = Annotated[str | None, typer.Option("--org", help="Id, name or domain of the org, where there are several.")]
_Login = Annotated[str, typer.Argument(help="The login, or the user's id.")]
_Role = Annotated[str, typer.Argument(help="owner, support or auditor.")]
_PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from stdin; else one is made and shown once.")
]
_Database = Annotated[
    str | None, typer.Option("--database", help="sqlite:///file or postgresql://…; else SEGUE_DATABASE_URL.")
]


@app.command()
def init(
    domain: Annotated[str | None, typer.Option(help="Where people will reach it: https://id.example.com.")] = None,
    name: Annotated[str | None, typer.Option(help="What the org is called; the domain's name unless told.")] = None,
    admin_login: Annotated[str | None, typer.Option(help="Login of the first user [admin].")] = None,
    database: _Database = None,
) -> None:
    """Set up: master key, database schema, org, domain, signing keys, first user. Makes what is missing, no more."""
    from segue.cli.init import Wanted
    from segue.cli.init import init as work
    from segue.cli.workplace import sentences

    with sentences():
        work(Wanted(domain=domain, name=name, admin_login=admin_login, database=database))


@app.command()
def simulate(
    login: _Login,
    app_id: Annotated[str, typer.Option("--app", help="Id of the application; else the session alone.")] = "",
    address: Annotated[str, typer.Option(help="Address the sign-in comes from.")] = "",
    factors: Annotated[list[str] | None, typer.Option("--factor", help="What is proved [password].")] = None,
    minutes_ago: Annotated[int, typer.Option(min=0, max=525_600, help="How long ago it was proved.")] = 0,
    device: Annotated[str, typer.Option(help="Device that a proxy names.")] = "",
    managed: Annotated[bool, typer.Option("--managed", help="The device is managed.")] = False,
    remembered: Annotated[bool, typer.Option("--remembered", help="The device is remembered.")] = False,
    risk: Annotated[str, typer.Option(help="low, medium or high.")] = "high",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    org: _Org = None,
    database: _Database = None,
) -> None:
    """Say what a sign-in would be answered, and by which rules. Nobody signs in and nothing changes."""
    from segue.cli.simulate import scene, show
    from segue.cli.workplace import on_store, sentences

    with sentences():
        wanted = scene(login, app_id, address, factors or [], minutes_ago, device, managed, remembered, risk)
    on_store(lambda workplace: show(workplace, org, wanted, as_json=as_json), database=database)


@app.command()
def migrate(database: _Database = None) -> None:
    """Bring the database's schema to the one of this release."""
    from segue.cli.migrate import bring_up
    from segue.cli.workplace import sentences
    from segue.settings import load

    with sentences():
        bring_up(load(database_url=database))


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen at [localhost].")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen at [8080].")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Processes that answer [1].")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate chain, PEM.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its private key, PEM.")] = None,
    database: _Database = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    from segue.cli.serve import serve as work
    from segue.cli.workplace import sentences

    given: dict[str, object] = {
        "host": host,
        "port": port,
        "workers": workers,
        "tls_cert": tls_cert,
        "tls_key": tls_key,
        "database_url": database,
    }
    with sentences():
        raise typer.Exit(work(given))


@app.command()
def doctor(database: _Database = None) -> None:
    """Check settings, database, clocks, keys, domains and files, and say what to do."""
    from segue.cli.doctor import doctor as work

    raise typer.Exit(work(database))


@app.command()
def explain(
    event_id: Annotated[str, typer.Argument(help="The id that an error page or error body showed: evt…")],
    as_json: Annotated[bool, typer.Option("--json", help="The whole event as JSON.")] = False,
) -> None:
    """Say what happened, and every check that led to it."""
    from segue.cli.explain import explain as work
    from segue.cli.workplace import on_store

    on_store(lambda workplace: work(workplace, event_id, as_json=as_json))


@app.command()
def epoch(
    raise_it: Annotated[bool, typer.Option("--raise", help="Set it to now: everything issued before is void.")] = False,
) -> None:
    """Show since when credentials count; raise it after a backup was restored."""
    from segue.cli.epoch import show_or_raise
    from segue.cli.workplace import sentences

    with sentences():
        show_or_raise(raise_it=raise_it)


@app.command()
def version() -> None:
    """Print the version."""
    from segue import __version__

    typer.echo(f"segue {__version__}")


@user.command("add")
def user_add(
    login: Annotated[str, typer.Argument(help="The login, usually an email address.")],
    first_name: Annotated[str, typer.Option(help="Given name.")] = "",
    last_name: Annotated[str, typer.Option(help="Family name.")] = "",
    email: Annotated[str, typer.Option(help="Email address; the login where that is one.")] = "",
    password_stdin: _PasswordStdin = False,
    org: _Org = None,
) -> None:
    """Add a user."""
    from segue.cli import users
    from segue.cli.workplace import on_store, read_password

    password = read_password(password_stdin)
    fields = {"firstName": first_name, "lastName": last_name, "email": email or (login if "@" in login else "")}
    profile = {name: value for name, value in fields.items() if value}
    on_store(lambda workplace: users.add(workplace, login, profile, org=org, password=password))


@user.command("list")
def user_list(org: _Org = None) -> None:
    """List the users."""
    from segue.cli import users
    from segue.cli.workplace import on_store

    on_store(lambda workplace: users.show_all(workplace, org=org))


@user.command("disable")
def user_disable(login: _Login, org: _Org = None) -> None:
    """Suspend a user; sessions and tokens end at once."""
    from segue.cli import users
    from segue.cli.workplace import on_store

    on_store(lambda workplace: users.set_status(workplace, login, "suspended", org=org))


@user.command("enable")
def user_enable(login: _Login, org: _Org = None) -> None:
    """Let a suspended user sign in again."""
    from segue.cli import users
    from segue.cli.workplace import on_store

    on_store(lambda workplace: users.set_status(workplace, login, "active", org=org))


@user.command("set-password")
def user_set_password(login: _Login, password_stdin: _PasswordStdin = False, org: _Org = None) -> None:
    """Give a user a new password; sessions and tokens end at once."""
    from segue.cli import users
    from segue.cli.workplace import on_store, read_password

    password = read_password(password_stdin)
    on_store(lambda workplace: users.set_password(workplace, login, org=org, password=password))


_Target = Annotated[str, typer.Argument(help="The application that takes sign-ins: id, client id, name or label.")]
_Origin = Annotated[str, typer.Argument(help="The OpenID Connect application that hands them over.")]


@trust.command("add")
def trust_add(target: _Target, origin: _Origin, org: _Org = None) -> None:
    """Let ORIGIN hand sign-ins over to TARGET."""
    from segue.cli import trust
    from segue.cli.workplace import on_store

    on_store(lambda workplace: trust.add(workplace, target, origin, org=org))


@trust.command("list")
def trust_list(
    target: Annotated[str | None, typer.Argument(help="Of this application alone.")] = None, org: _Org = None
) -> None:
    """List who takes sign-ins from whom."""
    from segue.cli import trust
    from segue.cli.workplace import on_store

    on_store(lambda workplace: trust.show_all(workplace, target, org=org))


@trust.command("remove")
def trust_remove(target: _Target, origin: _Origin, org: _Org = None) -> None:
    """Take that back, at once."""
    from segue.cli import trust
    from segue.cli.workplace import on_store

    on_store(lambda workplace: trust.remove(workplace, target, origin, org=org))


@role.command("assign")
def role_assign(login: _Login, role: _Role, org: _Org = None) -> None:
    """Give a user a role: owners do everything, support helps people, auditors look."""
    from segue.cli import roles
    from segue.cli.workplace import on_store

    on_store(lambda workplace: roles.assign(workplace, login, role, org=org))


@role.command("remove")
def role_remove(login: _Login, role: _Role, org: _Org = None) -> None:
    """Take a role back; it counts no more at once."""
    from segue.cli import roles
    from segue.cli.workplace import on_store

    on_store(lambda workplace: roles.remove(workplace, login, role, org=org))


@role.command("list")
def role_list(org: _Org = None) -> None:
    """List who administers the org."""
    from segue.cli import roles
    from segue.cli.workplace import on_store

    on_store(lambda workplace: roles.show_all(workplace, org=org))


@org_settings.command("show")
def org_show(org: _Org = None) -> None:
    """Every setting, as `set` takes it."""
    from segue.cli import orgs
    from segue.cli.workplace import on_store

    on_store(lambda workplace: orgs.show(workplace, org=org))


@org_settings.command("set")
def org_set(
    settings: Annotated[list[str], typer.Argument(help="name=value, as often as wanted: confirm_links=on.")],
    org: _Org = None,
) -> None:
    """Change settings; each is checked first."""
    from segue.cli import orgs
    from segue.cli.workplace import on_store

    on_store(lambda workplace: orgs.change(workplace, settings, org=org))


@key.command("rotate")
def key_rotate(
    of: Annotated[str, typer.Option("--for", help="tokens or assertions.")] = "tokens",
    algorithm: Annotated[str, typer.Option(help="RS256, ES256 or Ed25519.")] = "RS256",
    at_once: Annotated[bool, typer.Option("--at-once", help="The old keys may be known: retire them now.")] = False,
    org: _Org = None,
) -> None:
    """Publish a new signing key; it signs once everybody could have fetched it."""
    from segue.cli import keys
    from segue.cli.workplace import on_store

    on_store(lambda workplace: keys.rotate(workplace, of, algorithm=algorithm, at_once=at_once, org=org))
