"""mapping.json: who sits where, written by 'map' and by every run, and taken back by 'run --mapping' and 'remap --mapping'.

Parts list their compartments by the user's numbers, as ranges [first, behind the last]. Format, mesh and tiles are compared
with the chip, as core numbers mean other places on another mesh; of what else stands in the file (what each part asks of a
core, the limits, the traffic) nothing is read back: it follows.
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
from .units import counted

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
    head = {"neuroemu_mapping": FORMAT, "chip": chip.name, "mesh": _mesh(chip), "limits_per_core": limits}
    return {**head, **more, "parts": listed}


def _mesh(chip: Chip) -> dict[str, int]:
    return {key: getattr(chip.mesh, key) for key in ("width", "height", "cores_per_tile")}


def read(path: Path, network: Network, chip: Chip) -> Seats:
    """The blocks and cores that a file gives a network.

    Raises ProgramError with all that is wrong: not such a file, another mesh, populations or compartments that the network has
    not, those that are in no part or in two, cores that the chip has not or that are in other tiles.
    """
    content, n_cores = _content(path), chip.mesh.n_cores
    rows, problems = content["parts"], _of_another_chip(path, content, chip)
    sizes = {population.name: population.size for population in network.on_chip}
    firsts = dict(zip(sizes, np.cumsum([0, *sizes.values()]).tolist(), strict=False))
    core = np.full(sum(sizes.values()), -1, np.int64)
    beyond: dict[int, int] = {}

    def wrong(row: int, what: str, allowed: str) -> None:
        problems.append(Problem(what, file=str(path), path=f"parts.{row}", allowed=allowed))

    for k, row in enumerate(rows):
        name: Any = row.get("population")
        at: Any = row.get("core")
        ranges: Any = row.get("compartments")
        if not isinstance(name, str) or name not in sizes:
            wrong(k, f"there is no population '{name}' on the chip", ", ".join(sizes))
        elif _whole(at) and at >= n_cores:
            beyond[k] = at
        elif not _whole(at) or at < 0:
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
    if len(beyond) == 1:
        ((k, at),) = beyond.items()
        wrong(k, f"core is {at}", f"0..{n_cores - 1}")
    elif beyond:
        what = f"{counted(len(beyond), 'part is', 'parts are')} on cores {min(beyond.values())}..{max(beyond.values())}"
        problems.append(Problem(what, file=str(path), path="parts", allowed=f"0..{n_cores - 1}"))
    missing = [
        (name, firsts[name] + np.flatnonzero(core[firsts[name] : firsts[name] + n] < 0)) for name, n in sizes.items()
    ]
    if not problems:
        problems = [
            Problem(
                counted(lost.size, f"compartment of '{name}' is", f"compartments of '{name}' are") + " in no part, "
                f"the first is {int(lost[0]) - firsts[name]}",
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


def cores_of(path: Path, parts: tuple[Part, ...], chip: Chip) -> np.ndarray:
    """(n_parts,) int64 the cores that a file gives these parts. Raises ProgramError where its parts or its mesh are others."""
    content, n_cores = _content(path), chip.mesh.n_cores
    problems = _of_another_chip(path, content, chip)
    if problems:
        raise ProgramError(problems)
    given = {
        (str(row.get("population")), json.dumps(row.get("compartments"))): row.get("core")
        for row in content["parts"]
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


def chip_of(path: Path) -> str:
    """The name of the chip that a file was made for, '' where it says none."""
    found = _content(path).get("chip")
    return found if isinstance(found, str) else ""


def _of_another_chip(path: Path, content: dict[str, Any], chip: Chip) -> list[Problem]:
    """Where the file speaks of another mesh, or of tiles that its cores are not in. What it does not say is not asked for."""
    own = _mesh(chip)
    mesh = content.get("mesh", own)
    if mesh != own:
        is_one = isinstance(mesh, dict) and all(_whole(mesh.get(key)) for key in own)
        what = f"was made for {content.get('chip', 'a chip')} with {_told(mesh)}" if is_one else f"the mesh is {mesh!r}"
        anew = "'neuroemu map', which makes one for this chip"
        return [Problem(what, file=str(path), path="mesh", allowed=f"{_told(own)} of {chip.name}", remedy=anew)]
    problems = []
    for k, row in enumerate(content["parts"]):
        at = row.get("core")
        if "tile" in row and _whole(at) and 0 <= at < chip.mesh.n_cores:
            tile = list(chip.mesh.tile_xy(at // chip.mesh.cores_per_tile))
            if row["tile"] != tile:
                what = f"core {at} is in tile {tile}, not in {row['tile']!r}"
                problems.append(
                    Problem(what, file=str(path), path=f"parts.{k}", allowed="a core and its tile, or no tile")
                )
    return problems


def _told(mesh: dict[str, int]) -> str:
    return f"{mesh['width']} x {mesh['height']} tiles of {mesh['cores_per_tile']} cores"


def _content(path: Path) -> dict[str, Any]:
    """The file as it stands, a mapping of this format with a list of parts. Raises ProgramError."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ProgramError(
            [Problem(f"{path} cannot be read ({error})", remedy="'neuroemu map', which writes one")]
        ) from None
    written = found.get("neuroemu_mapping", FORMAT) if isinstance(found, dict) else FORMAT
    if written != FORMAT:
        what = f"{path} is a mapping of the format {written!r}"
        raise ProgramError([Problem(what, allowed=f"{FORMAT}", remedy="'neuroemu map', which writes one")])
    rows = found.get("parts") if isinstance(found, dict) else None
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise ProgramError(
            [Problem(f"{path} is no mapping: it has no list 'parts'", remedy="'neuroemu map', which writes one")]
        )
    return found


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
