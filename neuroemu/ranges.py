"""Ranges: what a run may have cost, as far as the constants of its chip are known; and many price lists at once.

Two ways from the ranges of constants to that of a figure: all constants at their low ends and all at their high ends, and
draws, from a triangle over each range with its top at the value, or evenly where nobody has published a value. A constant
that several events share (hops east and west from one line of a table) is drawn once. A constant without a value counts 0
in the nominal figure, and its range counts in the others. For that, and where values stand at an end of their range, a nominal
figure may lie outside of most draws. The ends are no bound: what is not modelled is in neither, a
range may be too narrow, and messages that meet may take longer when something else takes less.

Energies are totals times prices. Times need every step: a step is as long as its slowest core, so that rows of counts are
multiplied with all lists in one product, and the largest taken step by step. Rows that are not the slowest under any list of
the batch are left out first. Time is analytic or simple there. Of a run with contention the two ends are priced with
contention, links included, if it is small enough; what contention adds to the draws is taken as a factor that stays the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .chip import DRAWN_BY, Barrier, Constant, PriceList
from .costs import Activity, Costs, costs, stretches
from .energy import drawn_by
from .events import EVENTS, HOPS, MEANING, N_EVENTS, RECEIVING, SENDING, Event
from .pieces import source_pieces, spread_sources
from .tally import steps_of
from .topology import hops_of
from .traffic import Ways, traffic, ways
from .wiring import Wiring

DRAWS = 1000
MOST_ROWS = 500_000_000  # rows times draws of a report: about a second; longer runs get fewer draws
FEWEST_DRAWS = 50
BLOCK = 1 << 19  # numbers of a product that stay in the cache (tools/bench.py prices, 2 cores)
PERCENTS = (5, 50, 95)
# Messages of a run whose ends are priced with contention: a second or two each (Loihi, 60 cores, 2-core virtual machine: 3.5 M
# messages a second by `contended`, 0.07 M by `flit`). A count and no clock, so that a report comes out the same everywhere.
MOST_MESSAGES = {"contended": 4_000_000, "flit": 100_000}
_JOURNEY = [*HOPS, Event.CHIP_HOP]


@dataclass(frozen=True)
class Lists:
    """n price lists.  energy_pj, time_ns: (n, E).  static_mw: (n, 6), columns as DRAWN_BY.

    barriers: one for all or one each.  barrier_factor: (n,) on its times.
    """

    energy_pj: np.ndarray
    time_ns: np.ndarray
    static_mw: np.ndarray
    barriers: tuple[Barrier, ...]
    barrier_factor: np.ndarray

    @property
    def n(self) -> int:
        return self.barrier_factor.size


@dataclass(frozen=True)
class Many:
    """A run under n price lists, (n,) each."""

    dynamic_pj: np.ndarray
    static_pj: np.ndarray
    time_ns: np.ndarray

    @property
    def total_pj(self) -> np.ndarray:
        return self.dynamic_pj + self.static_pj


def lists_of(prices: Sequence[PriceList]) -> Lists:
    """Whole price lists, at their values."""
    static = np.zeros((len(prices), len(DRAWN_BY)))
    for k, one in enumerate(prices):
        for power in one.static:
            static[k, DRAWN_BY.index(power.per)] += power.mw.value or 0.0
    energies = np.array([one.energies() for one in prices])
    times = np.array([one.times() for one in prices])
    return Lists(energies, times, static, tuple(one.barrier for one in prices), np.ones(len(prices)))


def ends(prices: PriceList, n_chips: int = 1) -> Lists:
    """Three lists: every constant at its low end, at its value, at its high end.  n_chips: in use, for the barrier."""
    low, high = prices.barrier.factors(n_chips)

    def three(constant: Constant) -> np.ndarray:
        first, last = constant.ends
        return np.array([first, constant.value or 0.0, last])

    return _filled(prices, three, np.array([low, 1.0, high]))


def at_ends(prices: PriceList, n_chips: int = 1) -> tuple[PriceList, PriceList]:
    """The price list with every constant at its low end, and at its high end.  n_chips: in use, for the barrier."""

    def moved(end: int, factor: float) -> PriceList:
        def at(constant: Constant) -> Constant:
            value = constant.ends[end]
            known = constant.value is not None or constant.high is not None
            return replace(constant, value=value, low=value, high=value) if known else constant

        def times(points: tuple[tuple[int, float], ...]) -> tuple[tuple[int, float], ...]:
            return tuple((n, ns * factor) for n, ns in points)

        barrier = prices.barrier
        return replace(
            prices,
            energy_pj={event: at(constant) for event, constant in prices.energy_pj.items()},
            time_ns={event: at(constant) for event, constant in prices.time_ns.items()},
            slot_ns=at(prices.slot_ns),
            chip_slot_ns=at(prices.chip_slot_ns),
            own_core_slot_ns=at(prices.core_slot_ns),
            static=tuple(replace(power, mw=at(power.mw)) for power in prices.static),
            barrier=replace(
                barrier, points=times(barrier.points), chip_points=times(barrier.chip_points), low=1.0, high=1.0
            ),
        )

    low, high = prices.barrier.factors(n_chips)
    return moved(0, low), moved(1, high)


def drawn(prices: PriceList, n: int = DRAWS, seed: int = 0, n_chips: int = 1) -> Lists:
    """n lists with every constant drawn from its range: triangular, or evenly where it has no value."""
    random = np.random.Generator(np.random.Philox(seed))
    known: dict[tuple[Any, ...], np.ndarray] = {}

    def draw(constant: Constant) -> np.ndarray:
        same = (constant.low, constant.value, constant.high, constant.source)
        if same not in known:
            known[same] = _draw(random, constant, n)
        return known[same]

    low, high = prices.barrier.factors(n_chips)
    factor = _draw(random, Constant(1.0, low, high, "", ""), n)
    return _filled(prices, draw, factor)


def _draw(random: np.random.Generator, constant: Constant, n: int) -> np.ndarray:
    low, high = constant.ends
    if low == high:
        return np.full(n, high)
    if constant.value is None:
        return random.uniform(low, high, n)
    return random.triangular(low, constant.value, high, n)


def _filled(prices: PriceList, numbers: Any, barrier_factor: np.ndarray) -> Lists:
    """numbers(constant): (n,) of it."""
    n = barrier_factor.size
    energies, times, static = np.zeros((n, N_EVENTS)), np.zeros((n, N_EVENTS)), np.zeros((n, len(DRAWN_BY)))
    for event in EVENTS:
        energies[:, event] = numbers(prices.energy_pj[event])
        times[:, event] = numbers(prices.time_ns[event])
    for power in prices.static:
        static[:, DRAWN_BY.index(power.per)] += numbers(power.mw)
    return Lists(energies, times, static, (prices.barrier,), barrier_factor)


def together(one: Lists, other: Lists) -> Lists:
    """Both, of one chip."""
    return Lists(
        np.concatenate([one.energy_pj, other.energy_pj]),
        np.concatenate([one.time_ns, other.time_ns]),
        np.concatenate([one.static_mw, other.static_mw]),
        one.barriers,
        np.concatenate([one.barrier_factor, other.barrier_factor]),
    )


def price_many(wiring: Wiring, activity: Activity, lists: Lists, mode: str = "analytic") -> Many:
    """What a run costs under every list.  mode: 'analytic' or 'simple'."""
    going, time, totals = ways(wiring), np.zeros(lists.n), np.zeros(N_EVENTS)
    paths = _paths(going, wiring) if mode == "analytic" and lists.time_ns[:, _JOURNEY].any() else None
    for counts, row, source, learned in stretches(wiring, activity):
        found = traffic(wiring, going, row, source, counts.shape[0])
        by_step, core_steps = steps_of(wiring, counts, found, learned)
        totals += by_step.sum(axis=0)
        slowest_core = _Slowest(*_core_rows(core_steps, by_step[:, Event.HOST_IN], lists.time_ns), lists.time_ns)
        slowest_message = _slowest_message(paths, going, row, source, counts.shape[0], lists, mode)
        time += _total(slowest_core, slowest_message, wiring, lists)
    return charged(totals, time, wiring, lists)


def charged(totals: np.ndarray, time_ns: np.ndarray, wiring: Wiring, lists: Lists) -> Many:
    """Energies of so many events in so long a time.  totals: (E,).  time_ns: (n,)."""
    return Many(lists.energy_pj @ totals, lists.static_mw @ drawn_by(wiring) * time_ns, time_ns)


class _Slowest:
    """The largest of some products in each step: rows[first[t]:first[t + 1]] @ prices, under every list.

    rows: (m, E).  step: (m,) ascending.  shift: (n,) added to the largest of steps that have a row; others get 0.
    """

    def __init__(self, rows: np.ndarray, step: np.ndarray, n_steps: int, prices: np.ndarray, shift: Any = 0.0):
        used = prices.any(axis=0) & rows.any(axis=0)
        rows, prices = rows[:, used].astype(np.float64), prices[:, used]
        least = rows @ prices.min(axis=0) if rows.size else np.zeros(step.size)
        most = rows @ prices.max(axis=0) if rows.size else np.zeros(step.size)
        best = np.zeros(n_steps)
        np.maximum.at(best, step, least)
        kept = most >= best[step] * (1 - 1e-12)
        self.rows, self.prices, self.shift = rows[kept], np.ascontiguousarray(prices.T), shift
        self.first = np.searchsorted(step[kept], np.arange(n_steps + 1))

    def of(self, begin: int, end: int) -> np.ndarray:
        """(end - begin, n) ns of these steps."""
        out = np.zeros((end - begin, self.prices.shape[1]))
        first = self.first[begin : end + 1]
        has = np.flatnonzero(np.diff(first))
        if has.size:
            product = self.rows[first[0] : first[-1]] @ self.prices
            out[has] = np.maximum.reduceat(product, first[has] - first[0], axis=0) + self.shift
        return out


def _core_rows(core_steps: np.ndarray, host: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """(rows, step, n_steps): what each core does as a sender, what as a receiver, and what the host does.

    host: (steps,) spikes that it hands over.
    """
    n_steps, n_cores, _ = core_steps.shape
    both = np.zeros((n_steps, 2, n_cores, N_EVENTS), core_steps.dtype)
    for side, events in enumerate((SENDING, RECEIVING)):
        for event in events:
            if times[:, event].any():
                both[:, side, :, event] = core_steps[:, :, event]
    handed_over = np.zeros((n_steps, 1, N_EVENTS), core_steps.dtype)
    handed_over[:, 0, Event.HOST_IN] = host
    rows = np.concatenate([both.reshape(n_steps, -1, N_EVENTS), handed_over], axis=1)
    return rows.reshape(-1, N_EVENTS), np.repeat(np.arange(n_steps), 2 * n_cores + 1), n_steps


@dataclass(frozen=True)
class _Paths:
    """Distinct ways of messages, (k, 5) links of each direction; and which of them a spike of each source takes.

    first: (n_sources + 1,) bounds into `taken`.
    """

    links: np.ndarray
    first: np.ndarray
    taken: np.ndarray


def _paths(going: Ways, wiring: Wiring) -> _Paths:
    radix = 1 << 12  # links of one direction on any way
    sources, keys = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for begin, end, piece in source_pieces(going.first):
        source = spread_sources(going.first, begin, end)
        links = hops_of(going.net, going.sender[source], going.core[piece])
        key = links @ (radix ** np.arange(links.shape[1], dtype=np.int64))
        order = np.lexsort((key, source))
        source, key = source[order].astype(np.int64), key[order]
        new = np.flatnonzero((np.diff(source, prepend=-1) != 0) | (np.diff(key, prepend=-1) != 0))
        sources.append(source[new])
        keys.append(key[new])
    distinct, taken = np.unique(np.concatenate(keys), return_inverse=True)
    links = distinct[:, None] // radix ** np.arange(5, dtype=np.int64) % radix
    first = np.searchsorted(np.concatenate(sources), np.arange(wiring.n_sources + 1))
    return _Paths(links, first, taken.reshape(-1))


def _slowest_message(
    paths: _Paths | None,
    going: Ways,
    row: np.ndarray,
    source: np.ndarray,
    n_steps: int,
    lists: Lists,
    mode: str,
) -> _Slowest | None:
    if mode != "analytic":
        return None
    tile = lists.time_ns[:, Event.TILE_OUT] + lists.time_ns[:, Event.TILE_IN]
    if paths is None:
        step = np.unique(row[going.messages[source] > 0])
        return _Slowest(np.zeros((step.size, 1)), step, n_steps, np.zeros((lists.n, 1)), tile)
    taken = np.zeros((n_steps, len(paths.links)), bool)
    count = np.diff(paths.first)
    at = 0
    while at < row.size:  # some spikes at a time: each may take many ways
        ahead = np.cumsum(count[source[at : at + BLOCK]])
        end = at + max(1, int(np.searchsorted(ahead, BLOCK)))
        each = count[source[at:end]]
        place = np.arange(each.sum()) - np.repeat(np.cumsum(each) - each, each)
        way = paths.taken[np.repeat(paths.first[source[at:end]], each) + place]
        taken[np.repeat(row[at:end], each), way] = True
        at = end
    step, way = np.nonzero(taken)
    return _Slowest(paths.links[way], step, n_steps, lists.time_ns[:, _JOURNEY], tile)


def _total(core: _Slowest, message: _Slowest | None, wiring: Wiring, lists: Lists) -> np.ndarray:
    """(n,) ns of all steps of a stretch."""
    tiles, chips = wiring.tiles_in_use().size, wiring.chips_in_use().size
    barrier = np.array([one.time_ns(tiles, chips) for one in lists.barriers]) * lists.barrier_factor
    tick = np.array([one.tick_ns for one in lists.barriers]) * np.ones(lists.n)
    n_steps, total, begin = core.first.size - 1, np.zeros(lists.n), 0
    most_rows = max(1, BLOCK // lists.n)
    while begin < n_steps:
        end = max(begin + 1, int(np.searchsorted(core.first, core.first[begin] + most_rows, side="right")) - 1)
        end = min(end, n_steps, begin + most_rows)
        busy = core.of(begin, end) + barrier
        if message is not None:
            busy += message.of(begin, end)
        if tick.any():
            ticks = np.maximum(np.ceil(busy / np.where(tick, tick, 1.0) * (1 - 1e-12)), 1.0)
            busy = np.where(tick, ticks * tick, busy)
        total += busy.sum(axis=0)
        begin = end
    return total


def ranges(
    wiring: Wiring, activity: Activity, found: Costs, prices: PriceList, mode: str, seed: int = 0, n: int = DRAWS
) -> dict[str, Any]:
    """Low, nominal and high of a priced run, for summary.json.  mode: the latency mode of `found`.  n: draws at most.

    Nominal figures are those of `found`. Under 'contended' and 'flit' the ends are priced in that mode if there are at most
    MOST_MESSAGES; else, and always for draws, times are the analytic ones, times what contention made of the nominal one.
    `time` says which.
    """
    chips, rows = wiring.chips_in_use().size, 2 * activity.n_steps * wiring.cores_in_use().size
    n = int(np.clip(MOST_ROWS // rows, FEWEST_DRAWS, n)) if n else 0
    lists, plain = ends(prices, chips), mode in ("analytic", "simple")
    many = price_many(wiring, activity, together(lists, drawn(prices, n, seed, chips)), mode if plain else "analytic")
    factor = found.schedule.total_ns / many.time_ns[1] if many.time_ns[1] else 1.0
    time, static, how = many.time_ns * factor, many.static_pj * factor, "exact"
    if not plain:
        how = "analytic, times what contention made of the nominal time"
        priced = _ends_in(mode, wiring, activity, found, prices)
        if priced:
            time[[0, 2]] = [one.schedule.total_ns for one in priced]
            static[[0, 2]] = [one.bill.static for one in priced]
            how = f"interval: {mode}; draws: {how}"
    spikes = int(found.tally.totals[Event.SPIKE_OUT])
    figures = {
        "dynamic_pj": many.dynamic_pj,
        "static_pj": static,
        "total_pj": many.dynamic_pj + static,
        "time_ns": time,
    }
    if spikes:
        figures["pj_per_spike"] = figures["total_pj"] / spikes
    interval = {
        name: dict(zip(("low", "nominal", "high"), of[:3].tolist(), strict=True)) for name, of in figures.items()
    }
    percentiles = {name: _percentiles(of[3:]) for name, of in figures.items()}
    return {
        "interval": interval,
        "draws": {"n": n, "seed": seed, "distribution": "triangular; uniform where there is no value", **percentiles},
        "only_in_ranges": _without_value(prices, found.tally.totals),
        "time": how,
    }


def _ends_in(mode: str, wiring: Wiring, activity: Activity, found: Costs, prices: PriceList) -> list[Costs]:
    """The run priced at the low and at the high ends in a mode with contention; nothing where that would take too long."""
    low, high = at_ends(prices, wiring.chips_in_use().size)
    large = found.tally.totals[Event.TILE_IN] > MOST_MESSAGES[mode]
    if large or (mode == "flit" and not low.slot_ns.value):  # a cycle of no length
        return []
    return [costs(wiring, activity, one, mode) for one in (low, high)]


def _percentiles(values: np.ndarray) -> dict[str, float | None]:
    """None each where there are no draws."""
    found = np.percentile(values, PERCENTS).tolist() if values.size else [None] * len(PERCENTS)
    return {f"p{percent}": value for percent, value in zip(PERCENTS, found, strict=True)}


def _without_value(prices: PriceList, totals: np.ndarray) -> list[str]:
    """Constants of this run that have a range and no value: 0 in nominal figures, their range in ends and draws."""
    happened = [event for event in EVENTS if totals[event]]
    tables = (("energy", prices.energy_pj), ("time", prices.time_ns))
    names = [
        f"{what} of {MEANING[event].key}"
        for what, table in tables
        for event in happened
        if table[event].value is None and table[event].high
    ]
    return names + [f"static power of {p.name}" for p in prices.static if p.mw.value is None and p.mw.high]
