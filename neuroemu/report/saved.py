"""costs.h5: what a run did, so that it can be priced and mapped again without running it. Written here, read back here."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import json_text
from ..chip import Mesh
from ..compiler.demand import Demand
from ..compiler.image import CountRows, Parts
from ..compiler.partition import Part
from ..costs import Activity
from ..errors import OutputError
from ..spool import forget
from ..wiring import Wiring
from .reading import reading

if TYPE_CHECKING:
    from .priced import Priced

FORMAT = 3
READ = (2, FORMAT)  # in the format 2 nothing learned
ROOM = 1 << 18  # bytes of a file besides its arrays
SMALL = 1000  # elements up to which an array is stored as it is
AXONS = ("members", "populations", "wide")  # of a Demand, by their numbers in the image
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
    asked = [
        {
            "words": part.demand.words_by_projection,
            "compartment_configs": part.demand.compartment_configs.tolist(),
            "threshold_configs": part.demand.threshold_configs.tolist(),
            "synapse_formats": sorted(part.demand.synapse_formats),
            "learning": part.demand.learning.tolist(),
            "learning_axons": part.demand.learning_axons,
            "stdp_profiles": sorted(part.demand.stdp_profiles),
            **{name: getattr(part.demand, name).tolist() for name in AXONS},
        }
        for part in priced.parts
    ]
    head = {
        "format": FORMAT,
        "names": wiring.names,
        "sizes": wiring.sizes,
        "source_names": wiring.source_names,
        "source_sizes": wiring.source_sizes,
        "step_ms": wiring.step_ms,
        "synapses": wiring.synapses,
        "model_hash": wiring.model_hash,
        "asked": asked,
        "chip": sections(priced.chip),
        "latency": priced.latency,
        "steps": priced.steps,
    }
    arrays = {
        "counts": activity.counts,
        "learned": activity.learned,
        "step": activity.step,
        "source": activity.source,
        "draws": wiring.draws,
        **({} if activity.payload is None else {"payload": _graded(activity.payload)}),
        **{f"parts/{name}": getattr(wiring.parts, name) for name in Parts._fields},
        **{f"rows/{name}": getattr(wiring.rows, name) for name in CountRows._fields},
    }
    kinds = {name: _kind(array) for name, array in arrays.items()}
    require_room(path, sum(array.size * kinds[name].itemsize for name, array in arrays.items()))
    with h5py.File(path, "w") as file:
        text = json.dumps(head)
        file.attrs["head"], file.attrs["head_sha256"] = text, hashlib.sha256(text.encode()).hexdigest()
        for name, array in arrays.items():
            _write_array(file, name, array, kinds[name])


def read(folder: Path) -> Saved:
    """The run in a folder. Raises OutputError where there is none, or one that was written by another version."""
    import h5py

    path = folder / "costs.h5"
    if not path.is_file():
        raise OutputError(
            f"{folder} holds no run that can be priced again: {path.name} is missing. Try 'neuroemu run'."
        )
    with reading(path):
        with h5py.File(path, "r") as file:
            text = str(file.attrs["head"])
            if hashlib.sha256(text.encode()).hexdigest() != file.attrs["head_sha256"]:
                raise ValueError("its head is not what was written")
            head = json_text.parse(text)
            if head["format"] not in READ:
                raise OutputError(f"{path} has the format {head['format']}, this version reads {FORMAT}. Run it again.")
            found = {
                name: _read_array(file, name)
                for name in ("counts", "step", "source", "draws", "learned", "payload")
                if name in file
            }
            parts = Parts(*(_read_array(file, f"parts/{name}") for name in Parts._fields if f"parts/{name}" in file))
            rows = CountRows(*(_read_array(file, f"rows/{name}") for name in CountRows._fields))
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
        activity = Activity(found["counts"], found["step"], found["source"], payload=_payload(found))
        if "learned" in found:
            activity = replace(activity, learned=found["learned"])
        if (
            not activity.step.size
            == activity.source.size
            == len(activity.source if activity.payload is None else activity.payload)
        ):
            raise ValueError("of its spikes some lack a step, a source or a payload")
        return Saved(wiring, activity, _parts(wiring, head["asked"]), head["chip"], head["latency"], head["steps"])


def _graded(payload: np.ndarray) -> np.ndarray:
    """Payloads as they are kept: none where all are 1."""
    for here in _stretches(payload):
        if np.any(payload[here] != 1):
            return payload
    return payload[:0]


def _payload(found: dict[str, np.ndarray]) -> np.ndarray | None:
    """None where an older version did not keep them."""
    if "payload" not in found:
        return None
    return found["payload"] if found["payload"].size else np.ones(found["step"].size, np.int32)


def sections(chip: Any) -> dict[str, dict[str, Any]]:
    """The structure of a chip as plain values that JSON keeps as they are."""
    named = {name: asdict(getattr(chip, name)) for name in ("mesh", "core", "synapse", "registers")}
    named["arithmetic"] = chip.arithmetic._asdict()
    return json.loads(json.dumps(named))


def require_room(path: Path, n_bytes: int) -> None:
    """Raises OSError where a file of that size would fill the disk: HDF5 does not outlive that (it crashes while closing)."""
    if shutil.disk_usage(path.parent).free < n_bytes + ROOM:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def _kind(array: np.ndarray) -> np.dtype:
    """The smallest type that holds an array, unsigned where nothing is negative (only payloads may be)."""
    smallest = largest = 0
    for here in _stretches(array):
        largest, smallest = (
            max(largest, int(array[here].max(initial=0))),
            min(smallest, int(array[here].min(initial=0))),
        )
        forget(array)
    return np.min_scalar_type(largest) if smallest >= 0 else np.min_scalar_type(min(smallest, -largest - 1))


def _stretches(array: np.ndarray) -> list[slice]:
    """Of rows: an array may lie on disk."""
    rows = max(1, STRETCH // max(array[:1].size, 1))
    return [slice(first, first + rows) for first in range(0, array.shape[0], rows)]


def _write_array(file: Any, name: str, array: np.ndarray, kind: np.dtype) -> None:
    """Written in that type a stretch at a time, with a hash of what was written."""
    found, sha = (
        file.create_dataset(name, array.shape, kind, **(_PACKED if array.size > SMALL else {})),
        hashlib.sha256(),
    )
    for here in _stretches(array):
        piece = np.ascontiguousarray(array[here].astype(kind))
        sha.update(piece.data)
        if piece.size:
            found[here] = piece
        forget(array)
    found.attrs["type"], found.attrs["sha256"] = array.dtype.str, sha.hexdigest()


def _read_array(file: Any, name: str) -> np.ndarray:
    """An array as it was before it was written. Raises ValueError where it is another."""
    found = np.ascontiguousarray(file[name][()])
    if hashlib.sha256(found.data).hexdigest() != file[name].attrs["sha256"]:
        raise ValueError(f"'{name}' is not what was written")
    return found.astype(str(file[name].attrs["type"]), copy=False)


def _parts(wiring: Wiring, asked: list[dict[str, Any]]) -> tuple[Part, ...]:
    """The parts with what they ask of a core."""
    source, part, _ = wiring.rows.listed(0, wiring.n_sources)
    order = np.argsort(part, kind="stable")
    bounds = np.searchsorted(part[order], np.arange(wiring.n_parts + 1))
    found, firsts = [], np.concatenate([[0], np.cumsum(wiring.sizes)])
    for k in range(wiring.n_parts):
        population = int(wiring.parts.population[k])
        mine = source[order[bounds[k] : bounds[k + 1]]].astype(np.int32)
        size = int(wiring.parts.size[k])
        demand = Demand(
            size,
            mine,
            asked[k]["words"],
            np.array(asked[k]["compartment_configs"], np.int64),
            np.array(asked[k]["threshold_configs"], np.int64),
            frozenset(asked[k]["synapse_formats"]),
            learning=np.array(asked[k].get("learning", []), np.int64),
            learning_axons=asked[k].get("learning_axons", 1),
            stdp_profiles=frozenset(asked[k].get("stdp_profiles", [])),
        )
        axons: dict[str, Any] = {name: np.array(asked[k].get(name, []), np.int64) for name in AXONS}
        demand = replace(demand, **axons)
        first = int(wiring.parts.first[k])
        number = wiring.parts.number[first : first + size] - firsts[population]
        found.append(Part(wiring.names[population], int(first - firsts[population]), size, demand, number))
    return tuple(found)
