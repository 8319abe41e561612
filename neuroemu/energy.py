"""Energy of a run: event counts times the chip's prices, plus static power times time.

Takes a Tally and a PriceList, gives a Bill. Knows nothing of networks or time steps; the engine knows nothing of this file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .chip import DRAWN_BY, PriceList
from .events import EVENTS, HOPS, MEANING, Event
from .noc.fabric import Fabric
from .noc.routes import direction_of
from .spool import forget
from .tally import HOST, Tally
from .wiring import Wiring

ROWS = 1 << 14
BARRIER = MEANING[Event.BARRIER].key


@dataclass(frozen=True)
class Bill:
    """pJ.  by_event, by_population, by_core and by_step each add up to `dynamic`.

    by_event: None where the chip file has no price.  by_population, by_core: with an entry 'barrier', which is nobody's;
    by_core also with 'host', the journeys of the host's messages.
    """

    dynamic: float
    static: float
    by_event: dict[str, float | None]
    by_population: dict[str, float]
    by_core: dict[str, float]
    by_step: np.ndarray

    @property
    def total(self) -> float:
        return self.dynamic + self.static


def charge(counts: np.ndarray, prices: PriceList) -> np.ndarray:
    """The place where energy is charged: counts[..., event] times pJ an event, summed over events."""
    energies, out = prices.energies(), np.empty(counts.shape[:-1])
    for first in range(0, max(len(counts), 1), ROWS):  # a product takes a copy as floats of all that it is given
        here = slice(first, first + ROWS) if counts.ndim > 1 else ...
        out[here] = counts[here] @ energies
        forget(counts)
    return out


def bill(tally: Tally, prices: PriceList, total_ns: float, wiring: Wiring) -> Bill:
    """What a run cost.  total_ns: its time on the chip."""
    energies = prices.energies()
    totals = tally.totals
    by_event = {
        MEANING[e].key: float(totals[e] * energies[e]) if prices.energy_pj[e].value is not None else None
        for e in EVENTS
    }
    by_core = {str(core): float(pj) for core, pj in zip(tally.cores, charge(tally.by_core, prices), strict=True)}
    by_core[HOST] = float(charge(tally.host, prices))
    by_population = dict(zip(tally.names, charge(tally.by_population, prices).tolist(), strict=True))
    by_core[BARRIER] = by_population[BARRIER] = by_event[BARRIER] or 0.0
    by_step = charge(tally.by_step, prices)
    return Bill(
        dynamic=float(sum(value for value in by_event.values() if value)),
        static=static_mw(prices, wiring) * total_ns,
        by_event=by_event,
        by_population=by_population,
        by_core=by_core,
        by_step=by_step,
    )


def by_link(carried: np.ndarray, net: Fabric, prices: PriceList) -> np.ndarray:
    """(links,) pJ of the messages that each link carried: ways out of and into cores, hops, borders between chips."""
    energies = prices.energies()
    each = np.zeros(net.n_links)
    each[: net.n_senders], each[net.n_senders : net.first_net] = energies[Event.TILE_OUT], energies[Event.TILE_IN]
    for link in range(net.first_net, net.n_links):
        each[link] = energies[HOPS[direction_of(net, link)]] + net.crosses[link] * energies[Event.CHIP_HOP]
    return carried * each


def static_mw(prices: PriceList, wiring: Wiring) -> float:
    """Static power in mW (times ns it is pJ): each for as many boards, chips, tiles or cores as it is drawn by."""
    drawn = dict(zip(DRAWN_BY, drawn_by(wiring), strict=True))
    return float(sum((power.mw.value or 0.0) * drawn[power.per] for power in prices.static))


def drawn_by(wiring: Wiring) -> np.ndarray:
    """(6,) how many there are of each that may draw power, in the order of DRAWN_BY."""
    mesh = wiring.mesh
    number = {
        "board": 1,
        "chip": mesh.n_chips,
        "chip_in_use": wiring.chips_in_use().size,
        "tile": mesh.n_tiles,
        "core": mesh.n_cores,
        "core_in_use": wiring.cores_in_use().size,
    }
    return np.array([number[name] for name in DRAWN_BY], float)
