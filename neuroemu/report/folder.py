"""The run folder, written whole or not at all: into a folder beside it first, then renamed in one go."""

from __future__ import annotations

import contextlib
import csv
import errno
import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..compiler.image import digest
from ..compiler.partition import distinct_sources
from ..errors import OutputError
from ..events import HOPS, READS, Event
from ..latency import BOUNDS
from .spikes import probed_states, write_spikes

if TYPE_CHECKING:
    from .report import Report

MAX_NAME = 200  # bytes; ours grow by a few for the folder beside it
FILES = (
    "manifest.json",
    "summary.json",
    "steps.csv",
    "cores.csv",
    "populations.csv",
    "spikes.h5",
    "mapping.json",
)


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
    foreign = sorted(names - set(FILES))
    if foreign:
        raise OutputError(
            f"{folder} holds {', '.join(foreign[:5])} besides the run, and --overwrite would remove it. Try another -o."
        )


def next_free(base: Path, name: str) -> Path:
    """base/name-1, base/name-2, ...: the first that is not there."""
    k = 1
    while (base / f"{name}-{k}").exists():
        k += 1
    return base / f"{name}-{k}"


def write(report: Report, folder: Path, overwrite: bool, command: list[str], numbered: bool = False) -> Path:
    """Writes the run and returns where.  numbered: another run may take the name first, then the next number is taken."""
    if numbered and folder.exists():  # another run landed while this one was running
        folder = _next(folder)
    folder = folder.absolute() if folder.name in ("", "..") else folder  # -o . is the folder we are in
    check_free(folder, overwrite)
    made = _make_parents(folder)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name[:100]}-", dir=folder.parent))
    try:
        os.chmod(partial, 0o777 & ~_umask())  # mkdtemp makes it private
        _write_files(report, partial, command)
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


def _write_files(report: Report, folder: Path, command: list[str]) -> None:
    _json(folder / "manifest.json", manifest(report, command))
    _json(folder / "summary.json", report.summary)
    _json(folder / "mapping.json", mapping(report))
    _csv(folder / "steps.csv", *_steps(report))
    _csv(folder / "cores.csv", *_cores(report))
    _csv(folder / "populations.csv", *_populations(report))
    write_spikes(report, folder / "spikes.h5")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _csv(path: Path, header: list[str], rows: Iterable[Iterable[Any]]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


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
        "chip_hash": digest(
            *(repr(part) for part in (chip.mesh, chip.core, chip.synapse, chip.registers, chip.arithmetic))
        ),
        "price_hash": digest(
            prices.energies(), prices.times(), repr(prices.barrier.points), prices.barrier.interpolate
        ),
        "inputs": {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.is_file()},
        "versions": {
            "python": platform.python_version(),
            **{name: _version(name) for name in ("numpy", "numba", "nir", "h5py", "scikit-learn")},
        },
        "platform": platform.platform(),
        "wall_s": report.wall_s,
        "probes": {f"{name}.{kind}": index.tolist() for kind, name, index in probed_states(report)},
        "files": list(FILES),
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def mapping(report: Report) -> dict[str, Any]:
    """Who sits where: parts with their core and tile and what they ask for, and what is left on each core."""
    chip, mapped = report.program.chip, report.compiled.mapping
    parts = [
        {
            "part": part.name,
            "population": part.population,
            "first": part.first,
            "size": part.size,
            "core": core,
            "tile": list(chip.mesh.tile_xy(core // chip.mesh.cores_per_tile)),
            "axons_in": part.demand.axons_in,
            "synapse_words": part.demand.words,
        }
        for part, core in zip(mapped.parts, mapped.placement, strict=True)
    ]
    limits = {
        "compartments": chip.core.compartments,
        "axons_in": chip.core.axons_in,
        "axons_out": chip.core.axons_out,
        "synapse_words": chip.core.synapse_words,
    }
    mesh = {"width": chip.mesh.width, "height": chip.mesh.height, "cores_per_tile": chip.mesh.cores_per_tile}
    return {"chip": chip.name, "mesh": mesh, "limits_per_core": limits, "parts": parts}


def _steps(report: Report) -> tuple[list[str], Iterable[Iterable[Any]]]:
    tally, schedule, n_steps = report.tally, report.schedule, report.counters.n_steps
    columns: dict[str, list[Any]] = {
        "step": list(range(1, n_steps + 1)),
        "sample": (np.arange(n_steps) // report.program.steps).tolist(),
        "spikes": tally.by_step[:, Event.SPIKE_OUT].tolist(),
        "input_spikes": tally.by_step[:, Event.HOST_IN].tolist(),
        "synaptic_events": tally.by_step[:, READS].sum(axis=1).tolist(),
        "active_updates": tally.by_step[:, Event.COMPARTMENT_ACTIVE].tolist(),
        "messages": tally.by_step[:, Event.TILE_IN].tolist(),
        "hops": tally.by_step[:, HOPS].sum(axis=1).tolist(),
        "dynamic_pj": report.bill.by_step.tolist(),
        "step_ns": schedule.step_ns.tolist(),
        "core_ns": schedule.core_ns.tolist(),
        "network_ns": schedule.network_ns.tolist(),
        "barrier_ns": [schedule.barrier_ns] * n_steps,
        "slowest_core": schedule.slowest_core.tolist(),
        "bound_by": [BOUNDS[k] for k in schedule.bound],
    }
    return list(columns), zip(*columns.values(), strict=True)


def _cores(report: Report) -> tuple[list[str], Iterable[Iterable[Any]]]:
    chip, mapped, tally = report.program.chip, report.compiled.mapping, report.tally
    header = ["core", "tile_x", "tile_y", "parts", "compartments", "axons_in", "axons_out", "synapse_words",
              "spikes", "synaptic_events", "messages_sent", "messages_received", "dynamic_pj", "busy_ns"]  # fmt: skip
    rows = []
    for k, core in enumerate(tally.cores.tolist()):
        here = [part for part, place in zip(mapped.parts, mapped.placement, strict=True) if place == core]
        counts = tally.by_core[k]
        rows.append(
            [
                core,
                *chip.mesh.tile_xy(core // chip.mesh.cores_per_tile),
                " ".join(part.name for part in here),
                sum(part.size for part in here),
                distinct_sources(here),
                mapped.axons_out[core],
                sum(part.demand.words for part in here),
                int(counts[Event.SPIKE_OUT]),
                int(counts[list(READS)].sum()),
                int(counts[Event.AXON_OUT]),
                int(counts[Event.AXON_IN]),
                report.bill.by_core[str(core)],
                float(report.schedule.busy_ns[k]),
            ]
        )
    return header, rows


def _populations(report: Report) -> tuple[list[str], Iterable[Iterable[Any]]]:
    header = ["population", "size", "on_chip", "parts", "spikes", "mean_rate_hz", "synaptic_events", "dynamic_pj"]
    seconds = report.counters.n_steps * report.program.network.step_ms / 1000.0
    rows = []
    for k, name in enumerate(report.tally.names):
        first, size = report.range_of(name)
        spikes = int(report.tally.spikes[first : first + size].sum())
        on_chip = name in report.compiled.image.names
        n_parts = sum(part.population == name for part in report.compiled.mapping.parts) if on_chip else 0
        reads = int(report.tally.by_population[k, list(READS)].sum())
        rate = spikes / size / seconds
        rows.append([name, size, on_chip, n_parts, spikes, rate, reads, report.bill.by_population[name]])
    return header, rows
