"""Why: what the time of a run went into, ranked, and what moving the worst of it elsewhere would give.

From the critical paths of the schedule (schedule.py) and the counts by part. The gain of a move is an estimate: the core times
of each step are worked out anew with the parts moved, everything else of the step stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from .chip import PriceList
from .counters import N_LEARNED
from .events import MEANING, READS, RECEIVING, SENDING, Event
from .latency import work
from .noc.names import name_of_link
from .schedule import BARRIER, BUFFER, HOP, LINK, PARTS, RECEIVER, SENDER, TICK, Schedule
from .tally import Tally, part_events
from .topology import topology_of
from .units import counted
from .wiring import Wiring

LEAST = 0.01  # share of the time below which nothing is said
MOST = 8  # reasons
NAMED = 3  # cores or links of a kind that are named
_ON_THEIR_WAY = "messages on their way, with nothing to wait for"
_DOES = ("sending", "receiving")
_WAITS = ("waiting for", "room behind")
_SIDES = (SENDER, RECEIVER)
_EVENTS = (SENDING, RECEIVING)


@dataclass(frozen=True)
class Reason:
    """share: of the run's time.  part: one of schedule.PARTS.  core, link: which, or -1.  text: a sentence about it.

    gain: how many times faster the run would be with `moved` parts of the core on other cores; 1 where nothing is to be had.
    """

    share: float
    part: str
    core: int
    link: int
    text: str
    moved: int = 0
    gain: float = 1.0


@dataclass(frozen=True)
class Sample:
    """Steps on which gains are worked out.  core_steps: (steps, cores in use, E).  counts: (steps, n_parts, Count).

    path_ns: (steps, 7), see Schedule.  of: steps of the whole run.  learned: (steps, n_parts, Learned), or of no step.
    """

    core_steps: np.ndarray
    counts: np.ndarray
    path_ns: np.ndarray
    of: int
    learned: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, N_LEARNED), np.int32))


def why(wiring: Wiring, tally: Tally, schedule: Schedule, prices: PriceList, sample: Sample, mode: str) -> list[Reason]:
    """What took the time of a run, largest share first.  mode: of the latency."""
    total, found = schedule.total_ns, []
    if total == 0:
        return []
    paths = schedule.path_ns.sum(axis=0)
    for side in range(2):
        found += _ranked(
            schedule.core_path_ns[:, side] / total,
            partial(_core, wiring, tally, prices, sample, side),
            PARTS[_SIDES[side]],
            f"other cores {_DOES[side]}, none of them as much",
        )
        if schedule.link_path_ns is not None:
            part = (LINK, BUFFER)[side]
            found += _ranked(
                schedule.link_path_ns[:, side] / total,
                partial(_link, wiring, schedule, part),
                PARTS[part],
                f"{_WAITS[side]} other links, none of them as much",
            )
    for part, text in (
        (HOP, "the network: flit does not tell ways from waits" if mode == "flit" else _ON_THEIR_WAY),
        (BARRIER, _barrier(wiring)),
        (TICK, "waiting for the next tick of the clock"),
    ):
        if paths[part] > LEAST * total:
            found.append(Reason(float(paths[part]) / total, PARTS[part], -1, -1, text))
    return sorted(found, key=lambda reason: -reason.share)[:MOST]


def _barrier(wiring: Wiring) -> str:
    tiles, chips = wiring.tiles_in_use().size, wiring.chips_in_use().size
    return f"the barrier of {counted(tiles, 'tile')}" + (f" on {chips} chips" if chips > 1 else "")


def _ranked(shares: np.ndarray, told: Callable[[int, float], Reason], part: str, rest: str) -> list[Reason]:
    """A reason for each of the largest shares; small ones are told together."""
    named = [int(k) for k in np.argsort(-shares, kind="stable")[:NAMED] if shares[k] > LEAST]
    found = [told(k, float(shares[k])) for k in named]
    left = float(shares.sum() - sum(reason.share for reason in found))
    others = int(np.count_nonzero(shares)) - len(named)
    if left > LEAST:
        found.append(Reason(left, part, -1, -1, rest.replace("other", f"{others} other", 1)))
    return found


def _core(
    wiring: Wiring, tally: Tally, prices: PriceList, sample: Sample, side: int, core: int, share: float
) -> Reason:
    """A core that others waited for.  side: 0 sending, 1 receiving."""
    if core == wiring.mesh.n_cores:
        return Reason(share, PARTS[SENDER], core, -1, "the host handing over its spikes")
    x, y = wiring.mesh.tile_xy(core // wiring.mesh.cores_per_tile)
    here = np.flatnonzero(wiring.parts.core == core)
    times = prices.times()[list(_EVENTS[side])]
    of_core = tally.by_core[np.searchsorted(tally.cores, core), list(_EVENTS[side])] * times
    worst = _EVENTS[side][int(of_core.argmax())]
    names = list(dict.fromkeys(wiring.names[k] for k in wiring.parts.population[here]))
    text = f"core {core} at tile ({x}, {y}) {_DOES[side]}: {_listed(names)}"
    if of_core.sum() > 0:
        text += f"; {of_core.max() / of_core.sum():.0%} of that is {MEANING[worst].key.replace('_', ' ')}"
    moved, gain = _gain(wiring, tally, prices, sample, core, here, side)
    if gain > 1.02:
        how = f"moving {moved} of its {here.size} parts" if here.size > 1 else "splitting its part in two"
        scope = "" if len(sample.path_ns) == sample.of else f" (over the first {counted(len(sample.path_ns), 'step')})"
        text += f"; {how} would give about {gain:.3g}x{scope}"
    return Reason(share, PARTS[_SIDES[side]], core, -1, text, moved, gain)


def _gain(
    wiring: Wiring, tally: Tally, prices: PriceList, sample: Sample, core: int, here: np.ndarray, side: int
) -> tuple[int, float]:
    """(parts, times faster) of moving parts of a core to the cores with least to do; one part alone is cut in two.

    Free cores of the tiles in use come first; further tiles make the barrier longer.
    """
    if here.size == 1 and wiring.parts.size[here[0]] == 1:
        return 0, 1.0
    times, cores = prices.times(), wiring.cores_in_use()
    both = work(sample.core_steps, times)  # (2, steps, cores in use)
    before = both.max(axis=(0, 2))
    steps_ns = sample.path_ns.sum(axis=1)
    rest = steps_ns - sample.path_ns[:, [TICK, BARRIER]].sum(axis=1) - before  # besides slowest core and barrier
    column = int(np.searchsorted(cores, core))
    each = np.stack([_work_of_part(wiring, tally, part, sample, times) for part in here])
    if here.size == 1:
        each, most = each / 2, 1
    else:
        most = min(here.size - 1, 8)
    order = np.argsort(-each[:, side].sum(axis=1), kind="stable")
    free = wiring.mesh.n_cores - cores.size
    idle = [int(c) for c in np.argsort(both.max(axis=0).sum(axis=0), kind="stable") if c != column]
    best, gain = 0, 1.0
    for moved in range(1, most + 1):
        after = both.copy()
        for k, part in enumerate(order[:moved]):
            after[:, :, column] -= each[part]
            if k >= free and k - free < len(idle):
                after[:, :, idle[k - free]] += each[part]
        alone = each[order[: min(moved, free)]].max(axis=(0, 1)) if free else np.zeros(before.size)
        now = prices.barrier.step_ns(
            np.maximum(after.max(axis=(0, 2)), alone) + rest + _barrier_ns(wiring, prices, min(moved, free))
        )
        found = float(steps_ns.sum() / now.sum())
        if found > gain + 1e-9:
            best, gain = moved, found
    return best, gain


def _barrier_ns(wiring: Wiring, prices: PriceList, more: int) -> float:
    """The barrier with so many cores more in use."""
    tiles, each = wiring.tiles_in_use().size, wiring.mesh.cores_per_tile
    beyond = max(more - (tiles * each - wiring.cores_in_use().size), 0)
    return prices.barrier.time_ns(tiles - (-beyond // each), wiring.chips_in_use().size)


def _work_of_part(wiring: Wiring, tally: Tally, part: int, sample: Sample, times: np.ndarray) -> np.ndarray:
    """(2, steps) ns that a part takes of its core, sending and receiving; messages stay with the core.

    A synapse takes what the part's reads take on average over the run: steps do not tell kinds of lists apart by part.
    """
    learned = sample.learned[:, part] if sample.learned.size else None
    size, draws = int(wiring.parts.size[part]), int(wiring.draws[part])
    events = part_events(sample.counts[:, part], size, draws, learned)
    reads = tally.by_part[part, list(READS)]
    a_read = float(reads @ times[list(READS)]) / max(int(tally.by_part[part, Event.ACCUMULATE]), 1)
    receiving = events[:, Event.ACCUMULATE] * (a_read + times[Event.ACCUMULATE])
    return np.stack([events[:, list(SENDING)] @ times[list(SENDING)], receiving])


def _link(wiring: Wiring, schedule: Schedule, part: int, link: int, share: float) -> Reason:
    name = name_of_link(topology_of(wiring.mesh), link)
    text = f"{_WAITS[part == BUFFER]} {name}"
    if schedule.links is not None:
        text += f", which carried {int(schedule.links.carried[link]):,} messages"
    return Reason(share, PARTS[part], -1, link, text)


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
