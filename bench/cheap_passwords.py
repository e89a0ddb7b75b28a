"""``segue`` with passwords that cost next to nothing to check, to see what minting costs beside the check.

For the benchmark alone: what is hashed here protects nobody. ``install`` does the same in this process.
"""

from functools import partial

from segue.app import wiring
from segue.signin.passwords import PasswordHasher

MEMORY_KIB = 8
PASSES = 1


def install() -> None:
    """Makes every Segue that is built from now on in this process hash passwords cheaply."""
    vars(wiring)["PasswordHasher"] = partial(PasswordHasher, memory_kib=MEMORY_KIB, passes=PASSES)


def uninstall() -> None:
    vars(wiring)["PasswordHasher"] = PasswordHasher


if __name__ == "__main__":
    from segue.cli import main

    install()
    main()
