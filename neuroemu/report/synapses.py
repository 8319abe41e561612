"""What synapses learned: their weights before and after for the summary, and weights.npz to start a next program from."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..counters import Snapshots
from .saved import require_room

if TYPE_CHECKING:
    from .report import Report

FILE = "weights.npz"
SMALL = 1 << 22  # entries up to which a projection is written as matrices, too


def summarise(report: Report) -> dict[str, Any]:
    """By projection that learns: how many synapses, how many of them changed, their mantissas before and after.

    at_limits: how many lie at the smallest or largest that the projection stores.
    """
    found = {}
    for each in report.compiled.image.plastic:
        seen, limits = report.traces.synapses[each.name], each.rule.limits[0, 2:]
        found[each.name] = {
            "synapses": int(seen.pre.size),
            "exponent": int(seen.exponent),
            "changed": int(np.count_nonzero(seen.weight[0] != seen.weight[-1])),
            "tags_changed": int(np.count_nonzero(seen.tag[0] != seen.tag[-1])),
            "delays_changed": int(np.count_nonzero(seen.delay[0] != seen.delay[-1])),
            "limits": limits.tolist(),
            "before": _spread(seen.weight[0], limits),
            "after": _spread(seen.weight[-1], limits),
        }
    return found


def _spread(weight: np.ndarray, limits: np.ndarray) -> dict[str, Any]:
    if not weight.size:
        return {"mean": None, "min": None, "max": None, "at_limits": 0}
    at_limits = int(np.count_nonzero((weight <= limits[0]) | (weight >= limits[1])))
    return {
        "mean": float(weight.mean()),
        "min": int(weight.min()),
        "max": int(weight.max()),
        "at_limits": at_limits,
    }


def told(name: str, found: dict[str, Any]) -> tuple[str, str]:
    """A projection of the summary as a line of the report: label, text."""
    before, after, n = found["before"], found["after"], found["synapses"]
    if not n:
        return name, "no synapses"
    text = f"weights {_range(before)} -> {_range(after)}, mean {before['mean']:.4g} -> {after['mean']:.4g}; "
    text += f"{found['changed']:,} of {n:,} changed, {after['at_limits']:,} at a limit ({before['at_limits']:,} before)"
    for what in ("tags", "delays"):
        if found[f"{what}_changed"]:
            text += f"; {found[f'{what}_changed']:,} {what} changed"
    return name, text


def _range(spread: dict[str, Any]) -> str:
    return f"{spread['min']}..{spread['max']}" if spread["min"] != spread["max"] else f"{spread['min']}"


def write_weights(report: Report, path: Path) -> None:
    """Writes weights.npz, of each projection NAME that learns:

    NAME: (post, pre) int16 mantissas after the run, 0 where there is no synapse; NAME.effective: mantissa 2**exponent, float64;
    NAME.delay_matrix, NAME.tag_matrix: likewise; all four only of projections that are small.  NAME.pre, NAME.post: (n,)
    ends of the synapses; NAME.weight, NAME.tag, NAME.delay: (n,) after the run.  NAME.exponent.  Where it is probed,
    NAME.steps: (k,), NAME.weights, NAME.tags, NAME.delays: (k, n).
    """
    arrays: dict[str, np.ndarray] = {}
    for each in report.compiled.image.plastic:
        projection = next(p for p in report.program.network.projections if p.name == each.name)
        shape = (report.program.network[projection.target].size, report.program.network[projection.source].size)
        seen, name = report.traces.synapses[each.name], each.name
        arrays |= {f"{name}{tail}": array for tail, array in _arrays(seen, shape).items()}
        if each.name in report.program.snapshots:
            looks = {"steps": seen.step, "weights": seen.weight, "tags": seen.tag, "delays": seen.delay}
            arrays |= {f"{name}.{what}": array for what, array in looks.items()}
    require_room(path, sum(array.nbytes for array in arrays.values()))
    # Not numpy.savez: it takes names for keywords, and writes the time of day, so that no two files are the same.
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, np.asarray(array, order="C"), allow_pickle=False)


def _arrays(seen: Snapshots, shape: tuple[int, int]) -> dict[str, np.ndarray]:
    found = {
        ".pre": seen.pre,
        ".post": seen.post,
        ".weight": seen.weight[-1],
        ".tag": seen.tag[-1],
        ".delay": seen.delay[-1],
        ".exponent": np.array(seen.exponent),
    }
    if shape[0] * shape[1] <= SMALL and not _repeated(seen):
        weight, delay, tag = (np.zeros(shape, np.int16) for _ in range(3))
        for matrix, values in ((weight, seen.weight), (delay, seen.delay), (tag, seen.tag)):
            matrix[seen.post, seen.pre] = values[-1]
        found |= {"": weight, ".effective": weight * 2.0**seen.exponent, ".delay_matrix": delay, ".tag_matrix": tag}
    return found


def _repeated(seen: Snapshots) -> bool:
    """Whether two synapses have the same ends: such are no matrix."""
    ends = seen.pre.astype(np.int64) << 32 | seen.post
    return np.unique(ends).size < ends.size
