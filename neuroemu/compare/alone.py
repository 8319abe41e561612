"""What only one of two run folders recorded, and so nobody can compare: states and synapses that the other did not probe."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from ..errors import OutputError
from ..report import synapses

SEEN = ".weights"  # of synapses that were probed; tags and delays are with them


def alone(one: Path, other: Path) -> tuple[list[str], list[str]]:
    """By folder, what it alone recorded, as probes are written: 'cell.v', 'cell.v[0,2]', 'synapses of a->b'.

    Raises OutputError where a folder cannot be read.
    """
    states = [_states(folder) for folder in (one, other)]
    looks = [_looks(folder) for folder in (one, other)]
    found: tuple[list[str], list[str]] = [], []
    for k, told in enumerate(found):
        mine, theirs = states[k], states[1 - k]
        for name, index in mine.items():
            more = [i for i in index if i not in theirs[name]] if name in theirs else []
            if name not in theirs:
                told.append(name)
            elif more:
                told.append(f"{name}[{','.join(map(str, more[:5]))}{',...' if len(more) > 5 else ''}]")
        told += [look for look in looks[k] if look not in looks[1 - k]]
    return found


def _states(folder: Path) -> dict[str, list[int]]:
    """Indices of each probed state."""
    import h5py

    try:
        with h5py.File(folder / "spikes.h5") as file:
            return {
                f"{name}.{field}": np.asarray(observed[field].attrs["index"]).tolist()
                for name, node in file["nodes"].items()
                for field, observed in ((field, node["observables"]) for field in node["observables"])
                if field != "spikes"
            }
    except (OSError, KeyError, AttributeError, RuntimeError) as error:
        raise OutputError(f"{folder / 'spikes.h5'} cannot be read ({error}). Run it again.") from None


def _looks(folder: Path) -> list[str]:
    """Connections whose synapses were probed, 'synapses of a->b'."""
    path = folder / synapses.FILE
    if not path.is_file():
        return []
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
    except (OSError, EOFError, zipfile.BadZipFile) as error:
        raise OutputError(f"{path} cannot be read ({error}). Run it again.") from None
    seen = [name.removesuffix(SEEN) for name in names if name.endswith(SEEN)]
    return [f"synapses of {name}" for name in seen if f"{name}.steps" in names]
