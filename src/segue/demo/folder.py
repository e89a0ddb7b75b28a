"""The folder of the demo: what it keeps, who may use it at one time, and what ``--fresh`` may remove."""

import fcntl
import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from segue.demo.trouble import Trouble

_MARK: Final = "segue-demo"
_MARK_TEXT: Final = "This folder belongs to Segue's demo. `./dev run --fresh` removes what is in it.\n"
_KEPT: Final = "seed.json"
_MANIFEST: Final = "demo.json"
_CERTIFICATES: Final = "tls"
_MAIL: Final = "mail"
#: All that the demo ever puts here, as patterns; nothing else is removed.
_OURS: Final = (_KEPT, _MANIFEST, _CERTIFICATES, _MAIL, "master.key", "epoch", "segue.db*")
_OWNER_ONLY: Final = 0o600


@dataclass(slots=True)
class Kept:
    """Secrets of the seeded org that the database has only digests of; names are the manifest's.

    ``totp_secrets`` are in base32, as an authenticator app takes them. ``announced`` says that the administrator's
    password was printed.
    """

    passwords: dict[str, str] = field(default_factory=dict)
    client_secrets: dict[str, str] = field(default_factory=dict)
    api_token: str = ""
    totp_secrets: dict[str, str] = field(default_factory=dict)
    announced: bool = False


class Folder:
    """An open demo folder, locked until :meth:`close`. Opening raises Trouble."""

    def __init__(self, path: Path, *, fresh: bool = False) -> None:
        self.path = path
        try:
            self._lock = self._open(fresh=fresh)
        except OSError as error:
            raise Trouble(
                f"Segue cannot write in {path}, where the demo keeps its data ({error.strerror or error}): make it "
                "writable, or name another folder with --var."
            ) from None

    @property
    def manifest(self) -> Path:
        return self.path / _MANIFEST

    @property
    def certificates(self) -> Path:
        return self.path / _CERTIFICATES

    @property
    def mail(self) -> Path:
        """Where the demo's mail goes, one file each."""
        return self.path / _MAIL

    def close(self) -> None:
        self._lock.close()

    def read_kept(self) -> Kept:
        """The secrets of earlier runs; none where the folder is new. Raises Trouble."""
        path = self.path / _KEPT
        try:
            data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return Kept(**data)
        except FileNotFoundError:
            return Kept()
        except (OSError, ValueError, TypeError):
            raise Trouble(f"{path} cannot be read: start over with --fresh.") from None

    def write_kept(self, kept: Kept) -> None:
        write_private(self.path / _KEPT, asdict(kept))

    def _open(self, *, fresh: bool) -> IO[str]:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark = self.path / _MARK
        others = sorted(item.name for item in self.path.iterdir() if not item.name.startswith("."))
        if others and not mark.is_file():
            raise Trouble(
                f"{self.path} is no folder of the demo (it holds {others[0]}): name an empty or new one with --var."
            )
        lock = mark.open("a+", encoding="utf-8")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise Trouble(
                f"Another demo is running on {self.path}: stop it, or give this one its own folder with --var."
            ) from None
        if fresh:
            self._remove_all()
        if not mark.stat().st_size:
            lock.write(_MARK_TEXT)
            lock.flush()
        # Whoever waits for the manifest waits for this start, not for an earlier one.
        self.manifest.unlink(missing_ok=True)
        return lock

    def _remove_all(self) -> None:
        for path in (path for pattern in _OURS for path in self.path.glob(pattern)):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def write_private(path: Path, data: object) -> None:
    """Writes JSON that only its owner may read, in one piece: a reader sees the old file or the new one. Raises
    OSError."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    opened = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
    try:
        with os.fdopen(opened, "w", encoding="utf-8") as file:
            json.dump(data, file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
