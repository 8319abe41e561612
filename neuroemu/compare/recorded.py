"""What two run folders hold, side by side: figures of summary.json, spikes, probed states, weights that were learned."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import OutputError
from ..report import saved, synapses
from ..wiring import Wiring
from .first import First

ROWS = 1 << 12  # steps of a state that are looked at together
APART = ("wall_s", "image_from_cache")  # of a summary: no matter of the run


@dataclass(frozen=True)
class Figure:
    """A number of summary.json that differs, by its dotted name; None where one has none."""

    name: str
    one: Any
    other: Any


def figures(one: Path, other: Path) -> list[Figure]:
    """In the order of the summary. Raises OutputError."""
    a, b = (dict(_leaves(_summary(folder))) for folder in (one, other))
    names = [name for name in dict.fromkeys((*a, *b)) if name not in APART]
    return [Figure(name, a.get(name), b.get(name)) for name in names if a.get(name) != b.get(name)]


def _summary(folder: Path) -> Any:
    try:
        return json.loads((folder / "summary.json").read_text())
    except (OSError, ValueError) as error:
        raise OutputError(f"{folder} holds no run: summary.json cannot be read ({error}).") from None


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else str(key))
    elif not isinstance(value, list):
        yield path, value


def first_recorded(one: Path, other: Path) -> First | None:
    """The first difference of all that both recorded; of one step spikes come last, as they follow from states.

    Raises OutputError where the populations are not the same, or a folder cannot be read.
    """
    a, b = saved.read(one), saved.read(other)
    shapes = [
        dict(zip((*w.names, *w.source_names), (*w.sizes, *w.source_sizes), strict=True)) for w in (a.wiring, b.wiring)
    ]
    if shapes[0] != shapes[1]:
        odd = sorted(name for name in shapes[0].keys() | shapes[1].keys() if shapes[0].get(name) != shapes[1].get(name))
        raise OutputError(
            f"{one} and {other} are of different networks: {', '.join(odd[:5])}. There is no first difference."
        )
    found = [
        *_first_states(one, other),
        *_first_weights(one, other),
        *_first_spike(a.wiring, (a.activity.step, a.activity.source), (b.activity.step, b.activity.source)),
    ]
    lengths = a.activity.n_steps, b.activity.n_steps
    if lengths[0] != lengths[1]:
        found.append(First(min(lengths) + 1, "steps", "the run", 0, *lengths))
    return min(found, key=lambda first: first.step, default=None)


def _first_spike(
    wiring: Wiring, one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]
) -> Iterator[First]:
    """Both lists ascend by step and source, so that the first place where they differ is the first difference."""
    n = min(one[0].size, other[0].size)
    differ = np.flatnonzero((one[0][:n] != other[0][:n]) | (one[1][:n] != other[1][:n]))
    k = int(differ[0]) if differ.size else n
    spikes = [(int(step[k]), int(source[k])) if k < step.size else None for step, source in (one, other)]
    there = [spike for spike in spikes if spike is not None]
    if there:
        step, source = min(there)
        names, sizes = (*wiring.names, *wiring.source_names), np.array([*wiring.sizes, *wiring.source_sizes])
        first = np.cumsum(sizes) - sizes
        k = int(np.searchsorted(first, source, side="right")) - 1
        fired = [float(spike == (step, source)) for spike in spikes]
        yield First(step, "spikes", names[k], source - int(first[k]), *fired)


def _first_states(one: Path, other: Path) -> Iterator[First]:
    import h5py

    with h5py.File(one / "spikes.h5") as a, h5py.File(other / "spikes.h5") as b:
        for name in a["nodes"]:
            for field in a["nodes"][name]["observables"]:
                if field == "spikes" or f"nodes/{name}/observables/{field}" not in b:
                    continue
                groups = [file["nodes"][name]["observables"][field] for file in (a, b)]
                index = [group.attrs["index"] for group in groups]
                common = np.intersect1d(*index, return_indices=True)
                yield from _first_of(name, field, [group["data"] for group in groups], common)


def _first_of(name: str, field: str, tables: list[Any], common: tuple[np.ndarray, ...]) -> Iterator[First]:
    """The first difference of two tables (samples, steps, n) in the columns that both have."""
    samples, steps = (min(table.shape[k] for table in tables) for k in (0, 1))
    if tables[0].shape[1] != tables[1].shape[1]:
        samples = min(samples, 1)  # later ones began at other steps
    for sample in range(samples):
        for begin in range(0, steps, ROWS):
            a, b = (
                table[sample, begin : min(begin + ROWS, steps)][:, columns]
                for table, columns in zip(tables, common[1:], strict=True)
            )
            row, column = np.nonzero(a != b)
            if row.size:
                k, c = int(row[0]), int(column[0])
                step = sample * tables[0].shape[1] + begin + k + 1
                yield First(step, field, name, int(common[0][c]), float(a[k, c]), float(b[k, c]))
                return


def _first_weights(one: Path, other: Path) -> Iterator[First]:
    """Of connections that learn and were probed at the same steps; step 0 is before the run."""
    if not all((folder / synapses.FILE).is_file() for folder in (one, other)):
        return
    a, b = (_weights(folder / synapses.FILE) for folder in (one, other))
    for key in (key for key in a if key.endswith(".weights") and key in b):
        x, y = a[key], b[key]
        name = key.removesuffix(".weights")
        if x.shape != y.shape or not np.array_equal(a[f"{name}.steps"], b[f"{name}.steps"]):
            continue
        row, column = np.nonzero(x != y)
        if row.size:
            k, c = int(row[0]), int(column[0])
            yield First(int(a[f"{name}.steps"][k]), "weight", name, c, float(x[k, c]), float(y[k, c]))


def _weights(file: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(file) as kept:
            return dict(kept)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise OutputError(f"{file} cannot be read ({error}). Run it again, or compare another folder.") from None
