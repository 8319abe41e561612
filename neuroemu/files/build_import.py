"""The network of a file that a program names, NIR or an ANN; what is wrong with it is noted at the key that names it."""

from __future__ import annotations

from pathlib import Path

from ..data import DATASETS, Split, require
from ..errors import ProgramError
from ..network import Network
from .draft import Draft
from .marked_yaml import Path_


def imported(draft: Draft) -> Network:
    """The network of network.nir or network.ann, kept in the draft; an empty one without either, or with problems noted."""
    given, written = draft.spec.network, draft.document.data["network"]
    wanted = [key for key in ("nir", "origin", "ann", "calibration") if key in written]
    if any(getattr(given, key) is None for key in wanted) or not wanted:
        draft.import_failed = bool(wanted)  # something of it was taken out, and what is wrong has been said
        return Network(given.step)
    key = "nir" if given.nir else "ann"
    path = draft.path.parent / str(given.nir or given.ann)
    try:
        network = _ann(draft, path) if key == "ann" else _nir(draft, path)
    except ProgramError as error:
        draft.import_failed = True
        for problem in error.problems:
            about = next((part for part in ("origin", "calibration") if problem.path.startswith(part)), "")
            at: Path_ = ("network", about if about in written else key)
            node = f" node '{problem.path}'" if problem.path and not about else ""
            draft.problem(at, f"'{path}'{node}: {problem.what}", problem.allowed, problem.remedy)
        return Network(given.step)
    draft.files.append(path)
    draft.imported = network
    if key == "nir" and "step" in given.model_fields_set and abs(given.step / network.step_ms - 1) > 1e-9:
        what = f"a step of {given.step:g} ms; the NIR file is computed in steps of {network.step_ms:g} ms"
        draft.problem(("network", "step"), what, "the same, or leave it out", "origin: {dt: ...}")
    for name in network.names():
        draft.remember(name, ("network", key))
    return network


def _nir(draft: Draft, path: Path) -> Network:
    from ..nir_io import from_nir  # networkx and h5py, which other programs need not wait for

    origin = draft.spec.network.origin
    return from_nir(path, origin.facts() if origin else {})


def _ann(draft: Draft, path: Path) -> Network:
    """Raises ProgramError, DataError where the calibration data cannot be had."""
    from ..nir_io.convert import Calibration, from_ann

    given = draft.spec.network.calibration
    assert given is not None
    if given.data is not None:
        require(given.data)
        split = Split(given.split.side, given.split.test, given.split.seed)
        values = DATASETS[given.data].load(split).values
    else:
        found = draft.array(given.values, ("network", "calibration", "values"))
        if found is None:
            raise ProgramError([])  # said
        values = found
    return from_ann(path, Calibration(values[: given.samples], given.percentile), draft.spec.network.step)
