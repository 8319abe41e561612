"""Again: a run folder priced or mapped again, without running it; refused where the spikes or counts could be others.

What decides spikes and counts by part is the network and, of the chip, its registers, arithmetic and synapse formats. So
another price list may always be laid over a run; another mesh or placement needs new ways for its messages, but the same
parts; anything else is another run.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import library, mapping_file, modes
from .chip import Chip, PriceList
from .compiler import limits
from .compiler.gather import gather
from .compiler.place import PLACERS, place
from .costs import Progress, costs
from .errors import ChipError, DoesNotFit, OutputError, Problem, ProgramError, Remedy
from .files import chip_file, marked_yaml
from .files.overrides import check_repeats, lay_over
from .report import folder as run_folder
from .report import saved, synapses, tables
from .report.lines import HEADLINES
from .report.priced import Priced, summarise
from .report.reading import json_table
from .report.saved import Saved
from .wiring import Wiring

if TYPE_CHECKING:
    from .compiler.flow import Flow

NEEDED = ("costs.h5", "spikes.h5", "summary.json", "manifest.json", tables.CHIP)
KEEP = "keep"  # the placement that leaves every part where it is


def reprice(
    run: Path, chip: Chip, prices: PriceList, latency: str | None = None, threads: int = 1, progress: Progress = None
) -> Priced:
    """The run in a folder under another price list or latency mode.

    Raises OutputError (no such run), ProgramError (the chip would have run it differently), DoesNotFit.
    """
    old = saved.read(run)
    problems = _other_run(old, chip)
    differing = _differences("mesh", old, chip)
    if differing and not problems:
        what = f"{chip.name} has another mesh than the run: {differing[0]}"
        problems.append(Problem(what, remedy="'neuroemu remap', which finds new ways for the messages"))
    if problems:
        raise ProgramError(problems)
    return _priced(old, old.wiring, chip, prices, latency or old.latency, threads, progress)


def remap(
    run: Path,
    chip: Chip,
    prices: PriceList,
    placement: str = KEEP,
    share_cores: bool | None = None,
    latency: str | None = None,
    threads: int = 1,
    progress: Progress = None,
    mapping: Path | None = None,
) -> Priced:
    """The run in a folder with its parts on other cores or another mesh.  placement: 'keep', or one of compiler.place.

    share_cores: whether parts may share a core; None as in the run.  mapping: a mapping.json of the same parts, in place of
    placement and share_cores.

    Raises OutputError, ProgramError, DoesNotFit.
    """
    old = saved.read(run)
    problems = _other_run(old, chip)
    if placement not in (KEEP, *PLACERS):
        problems.append(Problem(f"there is no placement '{placement}'", allowed=", ".join((KEEP, *PLACERS))))
    elif placement == KEEP and mapping is None and old.wiring.parts.core.max() >= chip.mesh.n_cores:
        what = f"the run uses core {old.wiring.parts.core.max()}; {chip.name} has {chip.mesh.n_cores} cores"
        problems.append(Problem(what, remedy="another --placement than keep"))
    if problems:
        raise ProgramError(problems)
    cores = old.wiring.parts.core
    if mapping is not None:
        cores = mapping_file.cores_of(mapping, old.parts, chip)
    elif placement != KEEP:
        cores = _placed(old, chip, placement, share_cores, prices.border)
    placed = old.wiring.placed(cores, chip.mesh)
    try:
        _check(old, placed, chip)
    except DoesNotFit as error:
        raise _elsewhere(old, chip, prices.border, error) from None
    return _priced(old, placed, chip, prices, latency or old.latency, threads, progress)


def _check(old: Saved, wiring: Wiring, chip: Chip) -> None:
    """Raises DoesNotFit."""
    limits.check(list(old.parts), wiring.parts.core, wiring.axons_out(old.parts), chip)


def _elsewhere(old: Saved, chip: Chip, border: float, error: DoesNotFit) -> DoesNotFit:
    """The error with what of sharing cores or not makes the run fit, or with what was tried: no placement takes fewer cores."""
    found, tried = [], []
    name = PLACERS[0]
    for share in (True, False):
        settings = (f"--placement {name}", "--share-cores" if share else "--no-share-cores")
        what = f"with placement {name}, parts {'sharing' if share else 'not sharing'} cores"
        try:
            _check(old, old.wiring.placed(_placed(old, chip, name, share, border), chip.mesh), chip)
            found.append(Remedy(f"{what}, it fits", settings))
        except DoesNotFit:
            tried.append(what)
    return DoesNotFit(error.violations, error.chip, found, tried)


def _placed(old: Saved, chip: Chip, placement: str, share_cores: bool | None, border: float) -> np.ndarray:
    """The core of each part under another placement, which goes by the spikes of the run."""
    wiring = old.wiring
    shared = wiring.cores_in_use().size < wiring.n_parts if share_cores is None else share_cores
    if wiring.parts.number.size and shared:  # blocks that a partitioner made stay what they are
        block = np.unique(wiring.parts.core, return_inverse=True)[1]
    else:
        block = gather(list(old.parts), chip, shared)

    def flow() -> Flow:
        from .compiler.flow import flow_of

        spikes = np.bincount(old.activity.source, minlength=wiring.n_sources).astype(np.int64)
        source, part, _ = wiring.rows.listed(0, wiring.n_sources)
        first = np.searchsorted(source, np.arange(wiring.n_sources + 1))
        return flow_of(first, part.astype(np.int64), block, wiring.parts.by_number(block), spikes)

    return place(placement, int(block.max()) + 1, flow, chip, border)[block]


def _priced(
    old: Saved, wiring: Wiring, chip: Chip, prices: PriceList, latency: str, threads: int, progress: Progress
) -> Priced:
    unable = modes.problems(chip.mesh, prices, latency)
    if unable:
        raise ProgramError(unable)
    _check(old, wiring, chip)
    found = costs(wiring, old.activity, prices, latency, threads, progress)
    return Priced(chip, prices, latency, old.parts, wiring, old.activity, found, old.steps)


def _other_run(old: Saved, chip: Chip) -> list[Problem]:
    """Why this chip would not have given the same spikes and counts."""
    differing = [
        text for section in ("registers", "arithmetic", "synapse") for text in _differences(section, old, chip)
    ]
    if old.chip["core"]["word_bits"] != chip.core.word_bits:
        differing.append(f"core.word_bits was {old.chip['core']['word_bits']} and is {chip.core.word_bits}")
    if old.activity.learned.size and not chip.learning:
        differing.append("synapses learned, and it does not learn")
    if not differing:
        return []
    shown = "; ".join(differing[:4]) + (f"; and {len(differing) - 4} more" if len(differing) > 4 else "")
    what = f"{chip.name} computes otherwise than the chip of the run, so the spikes may differ: {shown}"
    return [Problem(what, remedy="'neuroemu run' with that chip")]


def _differences(section: str, old: Saved, chip: Chip) -> list[str]:
    before, now = old.chip[section], saved.sections(chip)[section]
    return [f"{section}.{key} was {before[key]} and is {now[key]}" for key in now if before.get(key) != now[key]]


def chip_of(run: Path, chip: str | None, overrides: tuple[str, ...] = ()) -> tuple[Chip, PriceList]:
    """The chip of that name or file, or the one that the run ran on.  overrides: KEY=VALUE, keys of the chip.

    Raises ChipError, ProgramError, OutputError.
    """
    require(run)
    overrides = tuple(override.removeprefix("chip.") for override in overrides)  # as 'run' writes them
    check_repeats(overrides)
    name = chip or str((run / tables.CHIP).absolute())
    base, prices = chip_file.read(library.find("chips", name, error=ChipError))
    if chip is None and json_table(run / "manifest.json").get("price_hash") != prices.hash:
        what = f"{run} was priced with a chip that was changed in Python; its {tables.CHIP} is what that was made from"
        raise ProgramError([Problem(what, remedy="--chip, and --set for what was changed")])
    if not overrides:
        return base, prices
    document = marked_yaml.parse(json.dumps({"chip": {"name": f"{base.name}-changed", "extends": name}}), "--chip")
    for override in overrides:
        lay_over(document, f"chip.{override}")
    return chip_file.read_inline(document, ("chip",), Path.cwd())


def require(run: Path) -> None:
    """Raises OutputError unless the folder holds a whole run."""
    missing = [name for name in NEEDED if not (run / name).is_file()]
    if len(missing) == len(NEEDED):
        raise OutputError(f"{run} is not the folder of a run. Try one that 'neuroemu run' wrote, like runs/digits-1.")
    if missing:
        raise OutputError(f"{run} is not a whole run: {', '.join(missing)} is missing. Run it again.")


def write(priced: Priced, run: Path, wanted: Path, overwrite: bool, command: list[str], numbered: bool) -> Path:
    """Writes the run as it is priced now; what prices do not change is taken over from the old folder. Returns where."""
    manifest, summary = json_table(run / "manifest.json"), new_summary(priced, run)

    def fill(partial: Path) -> None:
        changed = {
            "command": command,
            "chip": priced.chip.name,
            "chip_hash": run_folder.chip_hash(priced.chip),
            "from_run": str(run),
            "mesh_hash": priced.wiring.mesh_hash,
            "price_hash": priced.prices.hash,
        }
        tables.as_json(partial / "manifest.json", {**manifest, **changed})
        tables.as_json(partial / "summary.json", summary)
        tables.write_costs(priced, partial)
        for name in ("spikes.h5", synapses.FILE):
            if (run / name).is_file():
                shutil.copyfile(run / name, partial / name)
        run_folder.draw_page(partial)

    return run_folder.land(fill, wanted, overwrite, numbered)


def new_summary(priced: Priced, run: Path) -> dict[str, Any]:
    """summary.json of the run with its new costs."""
    old = json_table(run / "summary.json")
    return {**old, **summarise(priced, old["seed"]), "mesh_hash": priced.wiring.mesh_hash}


def old_summary(run: Path) -> dict[str, Any]:
    """summary.json as it stands in a run folder. Raises OutputError where it is not whole."""
    require(run)
    found = json_table(run / "summary.json")
    figures = [
        found.get(section, {}).get(key) for section, key, _, _ in HEADLINES if isinstance(found.get(section), dict)
    ]
    if len(figures) < len(HEADLINES) or not all(isinstance(figure, (int, float)) for figure in figures):
        raise OutputError(f"{run / 'summary.json'} is not what a run writes. Run it again.")
    return found
