"""The run folder, written whole or not at all: into a folder beside it first, then renamed in one go."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import platform
import shutil
import tempfile
import warnings
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..chip import Chip
from ..compiler.image import digest
from ..errors import OutputError
from . import page, synapses, tables
from .spikes import probed_states, write_spikes

if TYPE_CHECKING:
    from .report import Report

MAX_NAME = 200  # bytes; ours grow by a few for the folder beside it
FILES = ("manifest.json", "summary.json", "spikes.h5", *tables.FILES, *page.FILES)
TIMELINE = "trace.json.gz"
OPTIONAL = (synapses.FILE, TIMELINE)
More = Callable[[Path], object] | None  # writes what else a run folder is to hold


def check_free(folder: Path, overwrite: bool) -> None:
    """Raises OutputError if a run could not land at `folder`; called before the run, so that no run is wasted."""
    try:
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            raise OutputError(f"{folder} is not a folder. Try another -o.")
        if folder.is_dir():
            _check_content(folder, overwrite)
        above = next(parent for parent in folder.absolute().parents if parent.exists())
        with tempfile.TemporaryDirectory(prefix=".neuroemu-", dir=above):
            pass
        if len(os.fsencode(folder.name)) > MAX_NAME:
            raise OutputError(f"the name of the folder has {len(folder.name)} characters. Try another -o.")
    except OSError as error:
        raise OutputError(f"{folder} cannot be written ({error.strerror}). Try another -o.") from None


def _check_content(folder: Path, overwrite: bool) -> None:
    """An empty folder is free; a run may be replaced on request; anything else is somebody's."""
    names = {path.name for path in folder.iterdir()}
    if names and not overwrite:
        raise OutputError(f"{folder} is not empty; nothing was touched. Try another -o, or --overwrite for an old run.")
    if names and "manifest.json" not in names:
        raise OutputError(f"{folder} holds no neuroemu run, so --overwrite leaves it alone. Try another -o.")
    foreign = sorted(names - {*FILES, *OPTIONAL})
    if foreign:
        raise OutputError(
            f"{folder} holds {', '.join(foreign[:5])} besides the run, and --overwrite would remove it. Try another -o."
        )


def next_free(base: Path, name: str) -> Path:
    """base/name-1, base/name-2, ...: the first that is not there."""
    k = 1
    while (base / f"{name}-{k}").exists() or (base / f"{name}-{k}.unfinished").exists():
        k += 1
    return base / f"{name}-{k}"


def write(
    report: Report,
    folder: Path,
    overwrite: bool,
    command: list[str],
    numbered: bool = False,
    noted: dict[str, Any] | None = None,
    more: More = None,
) -> Path:
    """Writes the run and returns where.  numbered: another run may take the name first, then the next number is taken.

    noted: what the manifest says besides.
    """
    return land(lambda partial: _write_files(report, partial, command, noted or {}, more), folder, overwrite, numbered)


def land(fill: Callable[[Path], None], folder: Path, overwrite: bool, numbered: bool = False) -> Path:
    """Has a folder filled beside the wanted one and puts it there in one go; returns where."""
    if numbered and folder.exists():  # another run landed while this one was running
        folder = _next(folder)
    folder = folder.absolute() if folder.name in ("", "..") else folder  # -o . is the folder we are in
    check_free(folder, overwrite)
    made = _make_parents(folder)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name[:100]}-", dir=folder.parent))
    try:
        os.chmod(partial, 0o777 & ~_umask())  # mkdtemp makes it private
        fill(partial)
        return _land(partial, folder, overwrite, numbered)
    except OSError as error:
        raise OutputError(
            f"{folder} could not be written ({error.strerror or error}); nothing was left behind."
        ) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        for parent in made:
            with contextlib.suppress(OSError):  # not empty: the run is in it
                parent.rmdir()


def _make_parents(folder: Path) -> list[Path]:
    """Makes the folders above; returns those that were not there, innermost first."""
    missing = [parent for parent in folder.parents if not parent.exists()]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder.parent} cannot be made ({error.strerror}). Try another -o.") from None
    return missing


def _land(partial: Path, folder: Path, overwrite: bool, numbered: bool) -> Path:
    if overwrite and folder.exists():
        _swap(partial, folder)
        return folder
    while True:
        try:
            os.rename(partial, folder)  # refused when somebody's files are there by now
            return folder
        except OSError as error:
            if not numbered or error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                raise
            folder = _next(folder)


def _next(folder: Path) -> Path:
    """The next free number after runs/NAME-K."""
    return next_free(folder.parent, folder.name.rpartition("-")[0])


def _swap(partial: Path, folder: Path) -> None:
    """Puts the new run in the place of the old one; the old one is removed only when the new one stands.

    Whatever happens in between, an interrupt included, the old run is put back, or stays beside under the name that is said.
    """
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent)) / "run"
    try:
        os.rename(folder, aside)
        os.rename(partial, folder)
    except BaseException:
        if aside.exists():
            try:
                os.rename(aside, folder)
            except OSError as error:
                raise OutputError(
                    f"{folder} was taken by another while it was replaced ({error.strerror}); the old run is in {aside}."
                ) from None
        shutil.rmtree(aside.parent, ignore_errors=True)
        raise
    shutil.rmtree(aside.parent, ignore_errors=True)


def _write_files(report: Report, folder: Path, command: list[str], noted: dict[str, Any], more: More) -> None:
    tables.as_json(folder / "manifest.json", manifest(report, command) | noted)
    tables.as_json(folder / "summary.json", report.summary)
    tables.write_costs(report.priced, folder)
    write_spikes(report, folder / "spikes.h5")
    if report.compiled.image.plastic:
        synapses.write_weights(report, folder / synapses.FILE)
    draw_page(folder)
    if more:
        more(folder)


def draw_page(folder: Path) -> None:
    """Writes report.html and report.md into a folder that has everything else. A page that fails costs nobody a run."""
    try:
        page.draw(folder)
    except OSError:  # a full disk: as with every other file
        raise
    except Exception as error:
        warnings.warn(
            f"report.html could not be drawn ({type(error).__name__}: {error}); the run is whole. "
            "'neuroemu report' tries again.",
            stacklevel=2,
        )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def manifest(report: Report, command: list[str]) -> dict[str, Any]:
    """What was run, with what: enough to run it again and to see why another run differs."""
    program, chip, prices = report.program, report.program.chip, report.program.prices
    files = [path for path in (program.path, *program.files) if path is not None]
    return {
        "neuroemu": _version("neuroemu"),
        "command": command,
        "program": program.name,
        "chip": program.chip.name,
        "seed": program.seed,
        "steps": program.steps,
        "samples": report.samples,
        "model_hash": report.compiled.image.model_hash,
        "mesh_hash": report.compiled.image.mesh_hash,
        "run_hash": report.summary["run_hash"],
        "chip_hash": chip_hash(chip),
        "price_hash": prices.hash,
        "inputs": {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.is_file()},
        "versions": {
            "python": platform.python_version(),
            **{name: _version(name) for name in ("numpy", "numba", "nir", "h5py", "scikit-learn")},
        },
        "platform": platform.platform(),
        "wall_s": report.wall_s,
        "image_from_cache": report.compiled.from_cache,
        "probes": {f"{name}.{kind}": index.tolist() for kind, name, index in probed_states(report)},
        "files": [*FILES, *([synapses.FILE] if report.compiled.image.plastic else [])],
    }


def chip_hash(chip: Chip) -> str:
    """Of the structure of a chip."""
    return digest(*(repr(part) for part in (chip.mesh, chip.core, chip.synapse, chip.registers, chip.arithmetic)))


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
