"""The command ``segue``: setting up, serving, users, and finding out what is wrong.

``commands`` names every command and its options; what a command does is in the module of its name. What can be expected
to go wrong is one sentence on stderr and the exit status 1 (2 for a command that was typed wrong), never a traceback.

To add a command: a function in ``commands``, and a module beside it that does the work.
"""


def main() -> None:
    """What the installed script ``segue`` calls."""
    from segue.cli.commands import app

    app(prog_name="segue")
