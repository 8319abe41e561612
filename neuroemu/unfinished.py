"""Unfinished: the folder of a run that keeps what it has done on disk, so that it can be gone on with whatever ends it.

    OUT.unfinished/asked.json  what was asked for, and digests of everything that went in
    OUT.unfinished/lock        held by the process that runs it; the system lets go of it when the process ends
    and the journal of the engine (engine/journal.py)

It stands beside OUT until OUT has landed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO

from .asked import Asked, asked_of
from .compiler import Compiled
from .engine.journal import CHECKPOINT, Every, Journal, sync_folder
from .errors import DataError, OutputError
from .program import Program
from .report.folder import next_free

SUFFIX = ".unfinished"
ASKED, LOCK = "asked.json", "lock"
FORMAT = 1


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
    """Makes the folder beside `wanted`. Raises OutputError where there is one already, or none can be made."""
    while True:
        folder = wanted.absolute().with_name(wanted.absolute().name + SUFFIX)
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir()
            break
        except FileExistsError:
            if not asked.numbered:
                raise OutputError(
                    f"{folder} holds a run that was not finished. Try 'neuroemu resume {_shown(folder)}', or another -o."
                ) from None
            wanted = next_free(wanted.parent, program.name)
        except OSError as error:
            raise OutputError(f"{folder} cannot be made ({error.strerror}). Try another -o.") from None
    lock = _locked(folder)
    asked = replace(asked, out=str(wanted.absolute()))
    written = {"format": FORMAT, "asked": asdict(asked), "went_in": went_in(program, compiled)}
    try:
        with (folder / ASKED).open("w") as file:
            json.dump(written, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(folder)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise OutputError(f"{folder} cannot be written ({error.strerror}). Try another -o.") from None
    return Unfinished(folder, asked, lock)


def open_(path: Path) -> Unfinished:
    """The folder of a run that was not finished, or of where it was to land.

    Raises DataError where there is none, OutputError where another process runs it.
    """
    beside = path.absolute().with_name(path.absolute().name + SUFFIX)
    folder = path if (path / ASKED).is_file() else beside
    if not (folder / ASKED).is_file():
        other = "it is a run that was finished" if (path / "manifest.json").is_file() else f"no {beside.name} beside it"
        raise DataError(f"{path} holds no run to go on with ({other}). Such a run has '--checkpoint-every'.")
    return Unfinished(folder, _written(folder)[0], _locked(folder))


def has_landed(asked: Asked) -> bool:
    """Whether the run is where it was to land: it was ended between that and taking its folder away."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return json.loads((Path(asked.out) / "manifest.json").read_text())["asked"]["id"] == asked.id
    return False


def went_in(program: Program, compiled: Compiled) -> dict[str, str]:
    """Digests of the program, its files, the network as it was compiled, and the chip's prices."""
    files = [path for path in (program.path, *program.files) if path is not None and path.is_file()]
    found = {str(path.absolute()): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    image = compiled.image
    return found | {
        "the network": image.model_hash,
        "its mapping": image.mesh_hash,
        "the chip's prices": program.prices.hash,
    }


def _written(folder: Path) -> tuple[Asked, dict[str, str]]:
    """(what was asked for, digests of what went in). Raises DataError."""
    try:
        found = json.loads((folder / ASKED).read_text())
        if found["format"] != FORMAT:
            raise ValueError(f"format {found['format']}, this neuroemu reads {FORMAT}")
        asked = asked_of(found["asked"])
        Every(*asked.every)
        return asked, dict(found["went_in"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{folder / ASKED} cannot be read ({error}). Run it from the start.") from None


def _locked(folder: Path) -> IO[bytes]:
    lock = (folder / LOCK).open("wb")
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
