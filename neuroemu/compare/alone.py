"""What only one of two run folders recorded, and so nobody can compare: states and synapses that the other did not probe."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..report.reading import reading
from . import learned
from .summaries import summary_of


def alone(one: Path, other: Path) -> tuple[list[str], list[str]]:
    """By folder, what it alone recorded, as probes are written: 'cell.v', 'cell.v[0,2]', 'synapses of a->b'.

    Raises OutputError where a folder cannot be read.
    """
    states = [_states(folder) for folder in (one, other)]
    looks = [learned.Learned(folder, summary_of(folder)) for folder in (one, other)]
    payloads = [_payloads(folder) for folder in (one, other)]
    found: tuple[list[str], list[str]] = [], []
    for k, told in enumerate(found):
        mine, theirs = states[k], states[1 - k]
        for name, index in mine.items():
            more = [i for i in index if i not in theirs[name]] if name in theirs else []
            if name not in theirs:
                told.append(name)
            elif more:
                told.append(f"{name}[{','.join(map(str, more[:5]))}{',...' if len(more) > 5 else ''}]")
        told += ["payloads of spikes"] if payloads[k] and payloads[1 - k] is None else []
        told += learned.alone(looks[k], looks[1 - k])
    return found


def _states(folder: Path) -> dict[str, list[int]]:
    """Indices of each probed state."""
    import h5py

    with reading(folder / "spikes.h5"), h5py.File(folder / "spikes.h5", "r") as file:
        return {
            f"{name}.{field}": np.asarray(observed[field].attrs["index"]).tolist()
            for name, node in file["nodes"].items()
            for field, observed in ((field, node["observables"]) for field in node["observables"])
            if field != "spikes"
        }


def _payloads(folder: Path) -> int | None:
    """How many are kept besides those that are all 1; None where an older version kept none."""
    import h5py

    with reading(folder / "costs.h5"), h5py.File(folder / "costs.h5", "r") as file:
        return int(file["payload"].size) if "payload" in file else None
