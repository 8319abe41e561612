"""Unfinished: the folder of a run that keeps what it has done on disk, so that it can be gone on with whatever ends it.

    OUT.unfinished/asked.json  what was asked for, digests of everything that went in, and one of both
    OUT.unfinished/lock        held by the process that runs it; the system lets go of it when the process ends
    and the journal of the engine (engine/journal.py)

It stands beside OUT until OUT has landed.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, Any

from . import json_text
from .asked import Asked, asked_of
from .cache.key import sources
from .compiler import Compiled
from .engine.journal import CHECKPOINT, Every, Journal, sync_folder, unusable
from .errors import DataError, OutputError
from .program import Program
from .report.folder import next_free

SUFFIX = ".unfinished"
ASKED, LOCK = "asked.json", "lock"
FORMAT = 2


class Unfinished:
    """A folder that this process runs.  journal: of the engine."""

    def __init__(self, folder: Path, asked: Asked, lock: IO[bytes]) -> None:
        self.folder, self.asked, self._lock = folder, asked, lock
        self.journal = Journal(folder, Every(*asked.every))

    @property
    def resumable(self) -> bool:
        """Whether a checkpoint is there."""
        return (self.folder / CHECKPOINT).exists()

    def check(self, program: Program, compiled: Compiled) -> None:
        """Raises DataError where what goes in is not what went in when the run began."""
        before, now = _written(self.folder)[1], went_in(program, compiled)
        changed = sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
        if changed:
            raise DataError(
                f"{self.folder} cannot be gone on with: {', '.join(changed)} changed since it began. "
                "Try with everything as it was, or run it from the start."
            )

    def remove(self) -> None:
        """Takes the folder away; the run has landed, or nothing of it is worth keeping."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()


def begin(asked: Asked, program: Program, compiled: Compiled, wanted: Path) -> Unfinished:
    """Makes the folder beside `wanted`, whole or not at all. Raises OutputError where there is one, or none can be made."""
    while True:
        asked = replace(asked, out=str(wanted.absolute()))
        folder = beside(wanted)
        try:
            return Unfinished(folder, asked, _made(folder, asked, went_in(program, compiled)))
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                raise OutputError(f"{folder} cannot be made ({error.strerror}). Try another -o.") from None
            if not asked.numbered:
                raise _stands_there(folder) from None
            wanted = next_free(wanted.parent, program.name)


def _made(folder: Path, asked: Asked, digests: dict[str, str]) -> IO[bytes]:
    """Has the folder with what was asked for appear in one go. Returns its lock; raises OSError where something is there."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name[:100]}-", dir=folder.parent))
    try:
        lock = _locked(draft)
        with (draft / ASKED).open("w") as file:
            content = {"asked": asdict(asked), "went_in": digests}
            json.dump({"format": FORMAT, "digest": _digest(content), **content}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(draft)
        os.rename(draft, folder)
        sync_folder(folder.parent)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return lock


def check_free(wanted: Path) -> None:
    """Raises OutputError where a run that is to land there was not finished."""
    if (beside(wanted) / ASKED).is_file():
        raise _stands_there(beside(wanted))


def _stands_there(folder: Path) -> OutputError:
    return OutputError(
        f"{folder} holds a run that was not finished. Try 'neuroemu resume {_shown(folder)}', or another -o."
    )


def beside(wanted: Path) -> Path:
    """Where the run that is to land there is kept meanwhile."""
    return wanted.absolute().with_name(wanted.absolute().name + SUFFIX)


def open_(path: Path, out: Path | None = None, overwrite: bool = False) -> Unfinished:
    """The folder of a run that was not finished, or of where it was to land.

    It lands beside its folder, wherever that is now; or in `out`.
    Raises DataError where there is none, OutputError where another process runs it.
    """
    folder = path.absolute() if (path / ASKED).is_file() else beside(path)
    if not (folder / ASKED).is_file():
        other = "it is a run that was finished" if (path / "manifest.json").is_file() else f"no {folder.name} beside it"
        raise DataError(f"{path} holds no run to go on with ({other}). Such a run has '--checkpoint-every'.")
    asked = _written(folder)[0]
    if out is not None:
        asked = replace(asked, out=str(out.absolute()), numbered=False)
    elif folder.name.endswith(SUFFIX):
        asked = replace(asked, out=str(folder.with_name(folder.name.removesuffix(SUFFIX))))
    return Unfinished(folder, replace(asked, overwrite=asked.overwrite or overwrite), _locked(folder))


def has_landed(asked: Asked) -> bool:
    """Whether the run is where it was to land: it was ended between that and taking its folder away."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return json_text.parse((Path(asked.out) / "manifest.json").read_text())["asked"]["id"] == asked.id
    return False


def went_in(program: Program, compiled: Compiled) -> dict[str, str]:
    """Digests of the program, its files, the network as it was compiled, the chip's prices, and neuroemu itself."""
    files = [path for path in (program.path, *program.files) if path is not None and path.is_file()]
    found = {str(path.absolute()): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    image = compiled.image
    return found | {
        "the network": image.model_hash,
        "its mapping": image.mesh_hash,
        "the chip's prices": program.prices.hash,
        "neuroemu": sources(),
    }


def _written(folder: Path) -> tuple[Asked, dict[str, str]]:
    """(what was asked for, digests of what went in). Raises DataError."""
    try:
        found = json_text.parse((folder / ASKED).read_bytes())
        if found["format"] != FORMAT:
            raise ValueError(f"format {found['format']}, this neuroemu reads {FORMAT}")
        if found["digest"] != _digest({"asked": found["asked"], "went_in": found["went_in"]}):
            raise ValueError("not what was written")
        asked = asked_of(found["asked"])
        Every(*asked.every)
        return asked, dict(found["went_in"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise unusable(folder / ASKED, f"it cannot be read ({type(error).__name__}: {error})") from None


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _locked(folder: Path) -> IO[bytes]:
    try:
        lock = (folder / LOCK).open("wb")
    except OSError as error:
        raise OutputError(f"{folder / LOCK} cannot be opened ({error.strerror}).") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise OutputError(f"{folder} is being run by another process.") from None
    return lock


def _shown(folder: Path) -> str:
    with contextlib.suppress(ValueError):
        return str(folder.relative_to(Path.cwd()))
    return str(folder)
