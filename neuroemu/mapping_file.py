"""mapping.json: who sits where, written by 'map' and by every run, and taken back by 'run --mapping' and 'remap --mapping'.

Parts list their compartments by the user's numbers, as ranges [first, behind the last]; of what else stands in the file (what
each asks of a core, the limits, the traffic) nothing is read back: it follows.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from .chip import Chip
from .compiler.partition import Part
from .errors import Problem, ProgramError
from .mapping import Seats
from .network import Network

FORMAT = 1


def document(chip: Chip, parts: list[Part] | tuple[Part, ...], core: list[int], more: dict[str, Any]) -> dict[str, Any]:
    """The content of the file.  core: of each part.  more: what else is to stand in it, like the traffic."""
    mesh = chip.mesh
    listed = [
        {
            "part": part.name,
            "population": part.population,
            "compartments": part.ranges,
            "size": part.size,
            "core": at,
            "tile": list(mesh.tile_xy(at // mesh.cores_per_tile)),
            "axons_in": part.demand.axons_in,
            "synapse_words": part.demand.words,
        }
        for part, at in zip(parts, core, strict=True)
    ]
    limits = {key: limit for key, limit in vars(chip.core).items() if key != "word_bits" and limit is not None}
    size = {"width": mesh.width, "height": mesh.height, "cores_per_tile": mesh.cores_per_tile}
    head = {"neuroemu_mapping": FORMAT, "chip": chip.name, "mesh": size, "limits_per_core": limits}
    return {**head, **more, "parts": listed}


def read(path: Path, network: Network, n_cores: int) -> Seats:
    """The blocks and cores that a file gives a network.  n_cores: of the chip.

    Raises ProgramError with all that is wrong: not such a file, populations or compartments that the network has not, those
    that are in no part or in two, cores that the chip has not.
    """
    rows = _rows(path)
    sizes = {population.name: population.size for population in network.on_chip}
    firsts = dict(zip(sizes, np.cumsum([0, *sizes.values()]).tolist(), strict=False))
    core = np.full(sum(sizes.values()), -1, np.int64)
    problems: list[Problem] = []

    def wrong(row: int, what: str, allowed: str) -> None:
        problems.append(Problem(what, file=str(path), path=f"parts.{row}", allowed=allowed))

    for k, row in enumerate(rows):
        name: Any = row.get("population")
        at: Any = row.get("core")
        ranges: Any = row.get("compartments")
        if not isinstance(name, str) or name not in sizes:
            wrong(k, f"there is no population '{name}' on the chip", ", ".join(sizes))
        elif not _whole(at) or not 0 <= at < n_cores:
            wrong(k, f"core is {at!r}", f"0..{n_cores - 1}")
        elif not _are_ranges(ranges, sizes[name]):
            wrong(k, f"compartments are {ranges!r}", f"[[first, behind the last], ...] within 0..{sizes[name]}")
        else:
            for low, high in ranges:
                here = core[firsts[name] + low : firsts[name] + high]
                twice = np.flatnonzero(here >= 0)
                if twice.size:
                    wrong(k, f"compartment {low + int(twice[0])} of '{name}' is in two parts", "one part each")
                here[:] = at
    missing = [
        (name, firsts[name] + np.flatnonzero(core[firsts[name] : firsts[name] + n] < 0)) for name, n in sizes.items()
    ]
    if not problems:
        problems = [
            Problem(
                f"{lost.size} compartments of '{name}' are in no part, the first is {int(lost[0]) - firsts[name]}",
                file=str(path),
                allowed="one part for every compartment",
                remedy="'neuroemu map', which makes a mapping of this network",
            )
            for name, lost in missing
            if lost.size
        ]
    if problems:
        raise ProgramError(problems)
    cores, block = np.unique(core, return_inverse=True)
    return Seats(block, cores)


def cores_of(path: Path, parts: tuple[Part, ...], n_cores: int) -> np.ndarray:
    """(n_parts,) int64 the cores that a file gives these parts. Raises ProgramError where its parts or its chip are others."""
    given = {
        (str(row.get("population")), json.dumps(row.get("compartments"))): row.get("core")
        for row in _rows(path)
        if _whole(row.get("core")) and row["core"] >= 0
    }
    beyond = max((int(core) for core in given.values() if core is not None), default=0)
    if beyond >= n_cores:
        raise ProgramError([Problem(f"{path} has core {beyond}", allowed=f"0..{n_cores - 1} on this chip")])
    keys = [(part.population, json.dumps(part.ranges)) for part in parts]
    other = [part.name for part, key in zip(parts, keys, strict=True) if key not in given]
    if other or len(given) != len(parts):
        what = f"{path} has other parts than the run" + (f", none that is {other[0]}" if other else "")
        raise ProgramError([Problem(what, remedy="'neuroemu run --mapping', which runs the network cut in its way")])
    return np.array([given[key] for key in keys], np.int64)


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ProgramError(
            [Problem(f"{path} cannot be read ({error})", remedy="'neuroemu map', which writes one")]
        ) from None
    rows = found.get("parts") if isinstance(found, dict) else None
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise ProgramError(
            [Problem(f"{path} is no mapping: it has no list 'parts'", remedy="'neuroemu map', which writes one")]
        )
    return rows


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value < 2**31


def _are_ranges(ranges: Any, size: int) -> bool:
    return (
        isinstance(ranges, list)
        and bool(ranges)
        and all(
            isinstance(r, list) and len(r) == 2 and all(map(_whole, r)) and 0 <= r[0] < r[1] <= size for r in ranges
        )
    )
