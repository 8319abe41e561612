"""Remedies: what to change so that a network fits, each of them mapped before anyone is told of it.

search() goes through single changes, those that cost least to try and least to do first: the mapping, more chips, fewer
bits a weight, larger cores. What a single compartment exceeds no cut can mend, and none is tried. Trials are counted in
synapses, not in seconds, so that the same network gets the same answer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..chip import Chip
from ..errors import DoesNotFit, ProblemsError, Remedy
from ..mapping import MappingOptions
from ..network import Network, Projection
from .alone import exceeded_alone
from .cut import parts_of
from .draft import Draft, draft
from .partition import PARTITIONERS
from .plan import lay

# A trial of 13 million synapses takes about a second, or three where weights change: a search stays within half a minute.
MOST_SYNAPSES = 1 << 27
MOST_TRIALS = 40
FEWEST_TRIALS = 6
REMAKING = 3  # what a trial costs that quantises anew, in trials of the mapping alone
TIGHT = 0.5  # of a core's words, from which on fewer bits may help
KEPT = 0.75  # of the synapses that fewer bits must leave
ENOUGH = 3  # remedies shown
ROUNDS = 5  # of enlarging cores until nothing is exceeded
BOARDS = (1, 2, 4, 8)  # times the chips that the cores in excess ask for


@dataclass(frozen=True)
class Change:
    """Something to try.  kind: of one kind the first that fits is taken.  what: as part of a sentence, 'with 2 chips'."""

    kind: str
    what: str
    settings: tuple[str, ...]
    network: Network
    chip: Chip
    options: MappingOptions


@dataclass(frozen=True)
class Case:
    """What did not fit."""

    network: Network
    chip: Chip
    options: MappingOptions
    seed: int
    error: DoesNotFit

    @property
    def exceeded(self) -> set[str]:
        return {violation.resource for violation in self.error.violations}

    def change(
        self,
        kind: str,
        what: str,
        *settings: str,
        network: Network | None = None,
        chip: Chip | None = None,
        options: MappingOptions | None = None,
    ) -> Change:
        """A change of one of the three."""
        return Change(kind, what, settings, network or self.network, chip or self.chip, options or self.options)


def search(case: Case, made: Draft) -> DoesNotFit:
    """The error with the remedies that were found, or with what was tried in vain.  made: of the case's network and chip."""
    left = _Purse(made.table.target.size)
    found: dict[str, Remedy] = {}
    tried: list[str] = []
    alone = exceeded_alone(made, case.chip)
    for ladder in _ladders(case, made, alone):
        kind = ladder[0].kind
        if kind in found or len(found) == ENOUGH or not left.trials:
            continue
        change = (_bisected if kind == "bits" else _first)(ladder, case, made, left)
        if change:
            text = f"{change.what} it fits"
            found[kind] = Remedy(text, change.settings, change.network, change.chip, change.options)
        else:
            tried.append(ladder[-1].what)
    if len(found) < ENOUGH:
        larger = _larger(case, made, alone)
        if isinstance(larger, Remedy):
            found["core"] = larger
        else:
            tried.append(larger)
    return DoesNotFit(case.error.violations, case.error.chip, tuple(found.values()), tried, case.error.note)


class _Purse:
    """How many trials are left."""

    def __init__(self, n_synapses: int) -> None:
        self.trials = min(MOST_TRIALS, max(FEWEST_TRIALS, MOST_SYNAPSES // max(n_synapses, 1)))

    def pays(self, remade: bool) -> bool:
        """Whether another trial can be had; then it is taken."""
        price = REMAKING if remade else 1
        self.trials, paid = max(self.trials - price, 0), self.trials >= price
        return paid


def _first(ladder: list[Change], case: Case, made: Draft, left: _Purse) -> Change | None:
    """The first change that fits."""
    return next((c for c in ladder if left.pays(False) and _exceeds(c, made) == []), None)


def _bisected(ladder: list[Change], case: Case, made: Draft, left: _Purse) -> Change | None:
    """The mildest of changes to the network that fits, as if each were worse than the one before and fitted better.

    A network that loses more than a quarter of its synapses to rounding is not the same one any more.
    """
    found, low, high = None, 0, len(ladder) - 1
    while low <= high and left.pays(True):
        middle = (low + high) // 2
        change = ladder[middle]
        try:
            remade = draft(change.network, change.chip, case.seed, _silent, made.weight, made.border, made.calibration)
        except ProblemsError:
            remade = None
        if remade is None or remade.table.target.size < KEPT * made.table.target.size:
            high = middle - 1
        elif _exceeds(change, remade) == []:
            found, high = change, middle - 1
        else:
            low = middle + 1
    return found


def _silent(stage: str) -> None:
    pass


def _exceeds(change: Change, made: Draft) -> list[tuple[str, int]] | None:
    """(resource, most needed) of what a change still exceeds, none where it fits; None where it cannot be mapped at all.

    made: of the network of the change.
    """
    try:
        lay(made, change.chip, change.options, _silent)
    except DoesNotFit as error:
        needed: dict[str, int] = {}
        for violation in error.violations:
            needed[violation.resource] = max(needed.get(violation.resource, 0), violation.needed)
        return list(needed.items())
    except ProblemsError:
        return None
    return []


def _ladders(case: Case, made: Draft, alone: dict[str, int]) -> Iterator[list[Change]]:
    """What could help, by what is exceeded: lists of changes of one kind, the mildest first.

    alone: what single compartments exceed.
    """
    exceeded = case.exceeded
    if set(alone) - {"synapse_words"}:
        return
    if exceeded - {"fan_in"} and not alone:
        yield from ([change] for change in _mappings(case))
        yield from _splits(case)
    if exceeded & {"cores", "chips"}:
        yield _boards(case)
    fullest = max((part.demand.words for part in parts_of(made, case.chip, case.options)), default=math.inf)
    if fullest > TIGHT * case.chip.core.synapse_words:  # else memory is not what cuts the network in so many parts
        yield from _bits(case)


def _mappings(case: Case) -> Iterator[Change]:
    """Other ways to share, cut and partition."""
    now = case.options
    other = not now.share_cores
    too_many = case.exceeded <= {"cores", "chips"}  # then cores that hold one part each are of no use
    words = "parts that share cores" if other else "parts that do not share cores"
    if other or not too_many:
        yield case.change(
            "share",
            f"with {words}",
            f"mapping.share_cores={str(other).lower()}",
            options=replace(now, share_cores=other),
        )
    if now.parts:
        yield case.change("parts", "without 'parts'", "mapping.parts={}", options=replace(now, parts={}))
    least = math.ceil(sum(population.size for population in case.network.on_chip) / case.chip.core.compartments)
    for name in PARTITIONERS if least <= case.chip.mesh.n_cores else ():
        if name != now.partition:
            settings = [f"mapping.partition={name}"]
            settings += [f"mapping.{key}={none}" for key, none in (("parts", "{}"), ("file", "")) if getattr(now, key)]
            cut = replace(now, partition=name, parts={}, seats=None, file="")
            yield case.change("partition", f"with partition {name}", *settings, options=cut)


def _splits(case: Case) -> Iterator[list[Change]]:
    """The populations that exceed something in more parts, one after the other."""
    now = case.options
    for population in case.network.on_chip:
        name, ladder = population.name, []
        if any(f"population '{name}'" in violation.culprit for violation in case.error.violations):
            for times in (2, 3, 4, 8):
                n = times * now.parts.get(name, 1)
                if n <= population.size:
                    parts = {**now.parts, name: n}
                    setting = f"mapping.parts={{{', '.join(f'{key}: {value}' for key, value in parts.items())}}}"
                    more = replace(now, parts=parts)
                    ladder.append(case.change("parts", f"with '{name}' split in {n}", setting, options=more))
        if ladder:
            yield ladder


def _boards(case: Case) -> list[Change]:
    """More chips on the board; where the network of a chip is a tree, a larger one."""
    mesh = case.chip.mesh
    needed = max(v.needed for v in case.error.violations if v.resource in ("cores", "chips"))
    cores_each = mesh.n_cores // mesh.n_chips
    columns, rows = mesh.chips
    least, found = math.ceil(math.ceil(needed / cores_each) / rows), []
    for times in BOARDS:
        more = least * times
        width = mesh.width // columns
        if mesh.topology != "tree":
            chip = replace(case.chip, mesh=replace(mesh, width=width * more, chips=(more, rows)))
            what = f"with {more * rows} chips"
            found.append(case.change("board", what, f"chip.mesh.chips=[{more}, {rows}]", chip=chip))
        else:
            chip = replace(case.chip, mesh=replace(mesh, width=mesh.width * more))
            what = f"with {chip.mesh.n_tiles} tiles"
            found.append(case.change("board", what, f"chip.mesh.width={chip.mesh.width}", chip=chip))
    return found


def _bits(case: Case) -> Iterator[list[Change]]:
    """Fewer bits a weight: of the heaviest projection alone, then of all."""
    every = list(case.network.projections)
    named = [p for p in every if any(f"projection '{p.name}'" in v.culprit for v in case.error.violations)][:1]
    for chosen in (named, every) if named != every else (every,):
        ladder = []
        for bits in sorted(case.chip.synapse.weight_bits, reverse=True):
            fewer = [p for p in chosen if _bits_of(p) > bits]
            if fewer:
                network = replace(
                    case.network, projections=tuple(_with_bits(p, bits) if p in fewer else p for p in every)
                )
                settings = [
                    f"network.connections.{k}.{'format.bits' if p.format else 'bits'}={bits}"
                    for k, p in enumerate(every)
                    if p in fewer
                ]
                what = f"with weights of {bits} bits" + (f" in '{fewer[0].name}'" if len(chosen) == 1 else "")
                ladder.append(case.change("bits", what, *settings, network=network))
        if ladder:
            yield ladder


def _bits_of(projection: Projection) -> int:
    return projection.format.bits if projection.format else projection.bits


def _with_bits(projection: Projection, bits: int) -> Projection:
    if projection.format:
        return replace(projection, format=replace(projection.format, bits=bits))
    return replace(projection, bits=bits)


def _larger(case: Case, made: Draft, alone: dict[str, int]) -> Remedy | str:
    """Cores, and then the mesh, as large as what is exceeded asks for, until nothing is; or what was tried in vain.

    alone: what single compartments exceed. It comes first: the rest of the error is then that of a cut which gave up.
    """
    mesh = case.chip.mesh
    more: dict[str, int] = {}
    exceeded = list(alone.items()) or [(v.resource, v.needed) for v in case.error.violations]
    for _ in range(ROUNDS):
        for resource, needed in exceeded:
            if resource == "cores":
                tiles = more.get("mesh.width", mesh.width // mesh.chips[0])
                n_cores = mesh.n_cores * tiles * mesh.chips[0] // mesh.width
                more["mesh.width"] = tiles * max(2, math.ceil(needed / n_cores))
            elif resource != "chips":
                more[f"core.{resource}"] = max(needed, more.get(f"core.{resource}", 0))
        change = _with(case, more)
        still = _exceeds(change, made)
        if not still:
            break
        exceeded = still
    if still != []:
        return change.what
    if len(more) == 1 and "mesh.width" not in more:
        change = _smallest(case, change, made)
    return Remedy(f"{change.what} it fits", change.settings, change.network, change.chip, change.options)


def _with(case: Case, more: dict[str, int]) -> Change:
    """The chip with other limits.  more: by dotted key of the chip file."""
    core, mesh = case.chip.core, case.chip.mesh
    limits = {key.partition(".")[2]: value for key, value in more.items() if key.startswith("core.")}
    width = more.get("mesh.width", mesh.width // mesh.chips[0]) * mesh.chips[0]
    chip = replace(case.chip, core=replace(core, **limits), mesh=replace(mesh, width=width))
    what = "on a chip with " + " and ".join(f"{key} {value:,}" for key, value in more.items())
    return case.change("core", what, *(f"chip.{key}={value}" for key, value in more.items()), chip=chip)


def _smallest(case: Case, fits: Change, made: Draft) -> Change:
    """The change that fits with its one limit as small as a few trials find: a finer cut may ask for less."""
    (key, _, most) = fits.settings[0].removeprefix("chip.").partition("=")
    low, high = int(vars(case.chip.core)[key.partition(".")[2]]), int(most)  # too little, enough
    for _ in range(ROUNDS):
        if high - low < 2:
            break
        middle = (low + high) // 2
        change = _with(case, {key: middle})
        if _exceeds(change, made) == []:
            fits, high = change, middle
        else:
            low = middle
    return fits
