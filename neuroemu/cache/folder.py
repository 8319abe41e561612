"""Folder: where compiled images are kept, found again, and forgotten: the oldest go when the folder is full.

The user's cache folder, as the platform has it, or NEUROEMU_CACHE ('off' keeps none); NEUROEMU_CACHE_MB bounds it. A file
appears whole or not at all (written beside, then renamed), so two runs may share the folder. What cannot be read is made anew,
and where nothing can be written nothing is kept: a cache never fails a run.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..chip import Chip
from ..compiler import Compiled
from ..errors import OutputError
from ..mapping import MappingOptions
from ..network import Network
from . import container
from .key import Unknown, key_of

MOST_MB = 2048
SUFFIX = ".image"
PARTIAL = ".partial"
ABANDONED_S = 24 * 3600.0  # after this a file that is still being written has no writer


def compiled(
    make: Callable[[], Compiled], network: Network, chip: Chip, options: MappingOptions, seed: int, *more: Any
) -> Compiled:
    """What make() gives, or gave before for the same arguments; `from_cache` says which.  more: what else decides the image.

    Raises what make() raises, and OutputError where NEUROEMU_CACHE_MB is no number.
    """
    folder, most = _folder(), _most_bytes()
    if folder is None or not most:
        return make()
    try:
        key = key_of(network, chip, options, seed, *more)
    except Unknown:
        return make()
    path = folder / f"{key}{SUFFIX}"
    found = _load(path, key)
    if found is not None:
        return replace(found, from_cache=True)
    made = make()
    _store(path, key, made, most)
    return made


def _folder() -> Path | None:
    """Where images are kept, made if it is not there; None where none can be."""
    given = os.environ.get("NEUROEMU_CACHE")
    if given in ("", "off"):
        return None
    folder = _usual() if given is None else Path(given)
    if folder is None:
        return None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return folder


def _usual() -> Path | None:
    """The platform's convention."""
    try:
        if sys.platform == "win32":
            base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # no home at all
        return None
    return base / "neuroemu" / "images"


def _most_bytes() -> int:
    given = os.environ.get("NEUROEMU_CACHE_MB", str(MOST_MB))
    if not (given.isascii() and given.isdigit()):
        raise OutputError(f"NEUROEMU_CACHE_MB is {given!r}. Allowed: a whole number of megabytes.")
    return int(given) << 20


def _load(path: Path, key: str) -> Compiled | None:
    try:
        found = container.read(path, key)
    except (OSError, container.Foreign, ValueError, KeyError, TypeError, IndexError):
        return None
    if not isinstance(found, Compiled):
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # used now: the last to be forgotten
    return found


def _store(path: Path, key: str, made: Compiled, most: int) -> None:
    """Writes the file whole or not at all, and makes room."""
    partial = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=key, suffix=PARTIAL, delete=False) as stream:
            partial = Path(stream.name)
            container.write(stream.file, key, made)
        if partial.stat().st_size <= most:
            os.replace(partial, path)
        _forget(path.parent, most)
    except OSError:  # a full disk, a folder that is gone: nothing is kept
        pass
    finally:
        if partial is not None:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)


def _forget(folder: Path, most: int) -> None:
    """Removes what was used longest ago until the rest fits; another run may do the same at the same time."""
    files = []
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            status = path.stat()
            if path.suffix == SUFFIX:
                files.append((status.st_mtime_ns, path.name, status.st_size))
            elif path.suffix == PARTIAL and time.time() - status.st_mtime > ABANDONED_S:
                path.unlink(missing_ok=True)
    total = sum(size for _, _, size in files)
    for _, name, size in sorted(files):
        if total <= most:
            break
        with contextlib.suppress(OSError):
            (folder / name).unlink(missing_ok=True)
        total -= size
