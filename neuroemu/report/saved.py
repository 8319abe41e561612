"""costs.h5: what a run did, so that it can be priced and mapped again without running it. Written here, read back here."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..chip import Mesh
from ..compiler.demand import Demand
from ..compiler.image import CountRows, Parts
from ..compiler.partition import Part
from ..costs import Activity
from ..errors import OutputError
from ..wiring import Wiring

if TYPE_CHECKING:
    from .priced import Priced

FORMAT = 1
SMALL = 1000  # elements up to which an array is stored as it is
STRETCH = 1 << 20  # elements that are converted at once
_PACKED = {"compression": "gzip", "compression_opts": 1, "shuffle": True}


@dataclass(frozen=True)
class Saved:
    """A run read back.  chip: sections of the chip that it ran on, by name, as plain values.  steps: of one sample."""

    wiring: Wiring
    activity: Activity
    parts: tuple[Part, ...]
    chip: dict[str, dict[str, Any]]
    latency: str
    steps: int


def write(priced: Priced, path: Path) -> None:
    """Writes the file; arrays are compressed."""
    import h5py

    wiring, activity = priced.wiring, priced.activity
    words = [part.demand.words_by_projection for part in priced.parts]
    head = {
        "format": FORMAT,
        "names": wiring.names,
        "sizes": wiring.sizes,
        "source_names": wiring.source_names,
        "source_sizes": wiring.source_sizes,
        "step_ms": wiring.step_ms,
        "synapses": wiring.synapses,
        "model_hash": wiring.model_hash,
        "words": words,
        "chip": sections(priced.chip),
        "latency": priced.latency,
        "steps": priced.steps,
    }
    arrays = {
        "counts": activity.counts,
        "step": activity.step,
        "source": activity.source,
        "draws": wiring.draws,
        **{f"parts/{name}": getattr(wiring.parts, name) for name in Parts._fields},
        **{f"rows/{name}": getattr(wiring.rows, name) for name in CountRows._fields},
    }
    with h5py.File(path, "w") as file:
        file.attrs["head"] = json.dumps(head)
        for name, array in arrays.items():
            _write_array(file, name, array)


def read(folder: Path) -> Saved:
    """The run in a folder. Raises OutputError where there is none, or one that was written by another version."""
    import h5py

    path = folder / "costs.h5"
    if not path.is_file():
        raise OutputError(
            f"{folder} holds no run that can be priced again: {path.name} is missing. Try 'neuroemu run'."
        )
    try:
        with h5py.File(path, "r") as file:
            head = json.loads(file.attrs["head"])
            if head["format"] != FORMAT:
                raise OutputError(f"{path} has the format {head['format']}, this version reads {FORMAT}. Run it again.")
            found = {name: _read_array(file, name) for name in ("counts", "step", "source", "draws")}
            parts = Parts(*(_read_array(file, f"parts/{name}") for name in Parts._fields))
            rows = CountRows(*(_read_array(file, f"rows/{name}") for name in CountRows._fields))
    except (OSError, KeyError, ValueError) as error:
        raise OutputError(f"{path} cannot be read ({error}). Run it again.") from None
    mesh = {**head["chip"]["mesh"]}
    mesh["host_tile"], mesh["chips"] = tuple(mesh["host_tile"]), tuple(mesh["chips"])
    wiring = Wiring(
        tuple(head["names"]),
        tuple(head["sizes"]),
        tuple(head["source_names"]),
        tuple(head["source_sizes"]),
        parts,
        rows,
        found["draws"],
        Mesh(**mesh),
        head["step_ms"],
        head["synapses"],
        head["model_hash"],
    )
    activity = Activity(found["counts"], found["step"], found["source"])
    return Saved(wiring, activity, _parts(wiring, head["words"]), head["chip"], head["latency"], head["steps"])


def sections(chip: Any) -> dict[str, dict[str, Any]]:
    """The structure of a chip as plain values that JSON keeps as they are."""
    named = {name: asdict(getattr(chip, name)) for name in ("mesh", "core", "synapse", "registers")}
    named["arithmetic"] = chip.arithmetic._asdict()
    return json.loads(json.dumps(named))


def _write_array(file: Any, name: str, array: np.ndarray) -> None:
    """In the smallest unsigned type that holds it (nothing here is negative), a stretch at a time: it may lie on disk."""
    rows = max(1, STRETCH // max(array[:1].size, 1))
    stretches = [slice(first, first + rows) for first in range(0, array.shape[0], rows)]
    largest = max((int(array[here].max(initial=0)) for here in stretches), default=0)
    kind = np.min_scalar_type(largest)
    if array.size <= SMALL:
        found = file.create_dataset(name, data=array.astype(kind))
    else:
        found = file.create_dataset(name, array.shape, kind, **_PACKED)
        for here in stretches:
            found[here] = array[here].astype(kind)
    found.attrs["type"] = array.dtype.str


def _read_array(file: Any, name: str) -> np.ndarray:
    """An array as it was before it was written."""
    return np.asarray(file[name][()]).astype(str(file[name].attrs["type"]), copy=False)


def _parts(wiring: Wiring, words: list[dict[str, int]]) -> tuple[Part, ...]:
    """The parts with what they ask of a core."""
    source, part, _ = wiring.rows.listed(0, wiring.n_sources)
    order = np.argsort(part, kind="stable")
    bounds = np.searchsorted(part[order], np.arange(wiring.n_parts + 1))
    found, firsts = [], np.concatenate([[0], np.cumsum(wiring.sizes)])
    for k in range(wiring.n_parts):
        population = int(wiring.parts.population[k])
        mine = source[order[bounds[k] : bounds[k + 1]]].astype(np.int32)
        size = int(wiring.parts.size[k])
        demand = Demand(size, mine, words[k])
        found.append(Part(wiring.names[population], int(wiring.parts.first[k] - firsts[population]), size, demand))
    return tuple(found)
