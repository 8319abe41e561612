"""Energy of a run: event counts times the chip's prices, plus static power times time.

Takes a Tally and a PriceList, gives a Bill. Knows nothing of networks or time steps; the engine knows nothing of this file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .chip import PriceList
from .events import EVENTS, MEANING, Event
from .tally import HOST, Tally

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
    """THE place where energy is charged: counts[..., event] times pJ an event, summed over events."""
    return counts @ prices.energies()


def bill(tally: Tally, prices: PriceList, total_ns: float, n_cores: int) -> Bill:
    """What a run cost.  total_ns: its time on the chip.  n_cores: of the whole chip, for static power."""
    energies = prices.energies()
    totals = tally.by_step.sum(axis=0)
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
        static=static_pj(prices, total_ns, n_cores, tally.cores.size),
        by_event=by_event,
        by_population=by_population,
        by_core=by_core,
        by_step=by_step,
    )


def static_pj(prices: PriceList, total_ns: float, n_cores: int, cores_in_use: int) -> float:
    """Static energy in pJ: power (mW) times time (ns), for as many chips or cores as it is drawn by."""
    drawn_by = {"chip": 1, "core": n_cores, "core_in_use": cores_in_use}
    return float(sum((power.mw.value or 0.0) * drawn_by[power.per] * total_ns for power in prices.static))
