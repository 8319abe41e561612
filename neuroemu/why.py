"""Why: what the time of a run went into, ranked, and what moving the worst of it elsewhere would give.

From the critical paths of the schedule (schedule.py); what a move would give is estimated in gain.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from .chip import PriceList
from .events import MEANING, RECEIVING, SENDING
from .gain import Moves, Sample
from .noc.names import name_of_link
from .schedule import BARRIER, BUFFER, HOP, LINK, PARTS, RECEIVER, SENDER, TICK, Schedule
from .tally import Tally
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


def why(wiring: Wiring, tally: Tally, schedule: Schedule, prices: PriceList, sample: Sample, mode: str) -> list[Reason]:
    """What took the time of a run, largest share first.  mode: of the latency."""
    total, found = schedule.total_ns, []
    if total == 0:
        return []
    paths = schedule.path_ns.sum(axis=0)
    moves = Moves(wiring, tally, prices, sample, schedule.path_ns)
    for side in range(2):
        found += _ranked(
            schedule.core_path_ns[:, side] / total,
            partial(_core, wiring, tally, prices, moves, sample, side),
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
    wiring: Wiring, tally: Tally, prices: PriceList, moves: Moves, sample: Sample, side: int, core: int, share: float
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
    moved, gain = moves.gain(core, side)
    if gain > 1.02:
        how = f"moving {moved} of its {here.size} parts" if here.size > 1 else "splitting its part in two"
        scope = "" if sample.n_steps == sample.of else f" (over the first {counted(sample.n_steps, 'step')})"
        text += f"; {how} would give about {gain:.3g}x{scope}"
    return Reason(share, PARTS[_SIDES[side]], core, -1, text, moved, gain)


def _link(wiring: Wiring, schedule: Schedule, part: int, link: int, share: float) -> Reason:
    name = name_of_link(topology_of(wiring.mesh), link)
    text = f"{_WAITS[part == BUFFER]} {name}"
    if schedule.links is not None:
        text += f", which carried {int(schedule.links.carried[link]):,} messages"
    return Reason(share, PARTS[part], -1, link, text)


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
