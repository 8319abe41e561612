"""What a timeline tells of a priced run: every time step, what the cores did in it, every message, energy and queues.

Steps are laid end to end on the time of the chip. Tracks: the run (its steps), every core twice (sending, receiving, which it
does side by side), the host. Arrows go from where a message is handed over to where its core begins to work on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..events import Event
from ..report.priced import Priced
from ..schedule import BARRIER, PARTS, TICK
from ..traffic import Ways, ways
from . import format as chrome
from .cores import cores, has_messages
from .tracks import CORES, HOST, ONLY, RUN, receives, sends
from .window import Window, window

MOST_EVENTS = 200_000


@dataclass(frozen=True)
class Told:
    """What was written.  left_out: in words, '' if nothing was."""

    events: int
    n_bytes: int
    shown: str
    left_out: str


def write(priced: Priced, path: Path, first: int = 0, steps: int | None = None, budget: int = MOST_EVENTS) -> Told:
    """Writes the timeline of a run.  first: the step that is told first, from 0.  steps: how many at most.  budget: events.

    Cores and messages are told of as many steps as fit the budget; energy and spikes of the whole run.
    """
    found = ways(priced.wiring)
    sent = np.bincount(
        priced.activity.step - 1, found.messages[priced.activity.source], priced.activity.n_steps
    ).astype(np.int64)
    each = sent if has_messages(priced) else np.zeros_like(sent)  # what is not told takes no room
    shown = window(each, priced.wiring.cores_in_use().size, first, steps, budget)
    left_out = _left_out(priced, shown, sent)
    about = {
        "program": "neuroemu",
        "chip": priced.chip.name,
        "latency": priced.latency,
        "shown": shown.told(priced.activity.n_steps),
        "left_out": left_out,
        "times": "of the chip, in us, rounded to ns",
    }
    n = chrome.write(path, _events(priced, found, shown), about)
    return Told(n, path.stat().st_size, str(about["shown"]), left_out)


def _left_out(priced: Priced, shown: Window, sent: np.ndarray) -> str:
    told = []
    n_steps = priced.activity.n_steps
    here = int(sent[shown.first : shown.last].sum())
    if shown.last - shown.first < n_steps:
        told.append(
            f"cores and {int(sent.sum()) - here:,} messages of the other {n_steps - (shown.last - shown.first):,} steps"
        )
    if not has_messages(priced):
        told.append(f"all messages: the latency mode '{priced.latency}' does not send them one by one")
    elif not shown.messages:
        told.append(f"the {here:,} messages of the step, which are more than the budget")
    return "; ".join(told)


def _events(priced: Priced, found: Ways, shown: Window) -> Iterator[chrome.Event]:
    n_steps, step_ns = priced.activity.n_steps, priced.costs.schedule.step_ns
    start = np.concatenate([[0.0], np.cumsum(step_ns)])
    label = shown.told(n_steps)
    yield from chrome.process(RUN, "run", label)
    yield from chrome.thread(RUN, ONLY, "time steps")
    yield from chrome.process(CORES, f"cores of {priced.chip.name}", label)
    for core in priced.wiring.cores_in_use().tolist():
        yield from chrome.thread(CORES, sends(core), f"core {core} sends")
        yield from chrome.thread(CORES, receives(core), f"core {core} receives")
    yield from chrome.process(HOST, "host", label)
    yield from chrome.thread(HOST, ONLY, "host sends")
    yield from _counters(priced, shown, start)
    for step in range(shown.first, shown.last):
        yield from _step(priced, step, float(start[step]))
    yield from cores(priced, found, shown, start)


def _counters(priced: Priced, shown: Window, start: np.ndarray) -> Iterator[chrome.Event]:
    """Energy so far, and power and spikes of each stretch between two points."""
    pj = np.concatenate([[0.0], np.cumsum(priced.costs.bill.by_step)])
    fired = np.concatenate([[0], np.cumsum(priced.costs.tally.by_step[:, Event.SPIKE_OUT])])
    bounds = np.append(shown.points, priced.activity.n_steps)
    for low, high in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        ns = float(start[high] - start[low]) or 1.0
        yield chrome.counter(RUN, "dynamic energy", "nJ", float(start[low]), float(pj[low]) / 1000)
        yield chrome.counter(RUN, "dynamic power", "mW", float(start[low]), float(pj[high] - pj[low]) / ns)
        yield chrome.counter(RUN, "spikes", "a step", float(start[low]), float(fired[high] - fired[low]) / (high - low))
    yield chrome.counter(RUN, "dynamic energy", "nJ", float(start[-1]), float(pj[-1]) / 1000)


def _step(priced: Priced, step: int, begin: float) -> Iterator[chrome.Event]:
    """A step, and within it the barrier and the wait for the clock that end it."""
    schedule = priced.costs.schedule
    path = schedule.path_ns[step]
    end = begin + float(path.sum())
    args: chrome.Event = {
        "bound by": PARTS[int(path.argmax())],
        **{f"{name}, ns": round(float(ns), 3) for name, ns in zip(PARTS, path, strict=True) if ns > 0},
        "spikes": int(priced.costs.tally.by_step[step, Event.SPIKE_OUT]),
        "dynamic energy, pJ": round(float(priced.costs.bill.by_step[step]), 3),
    }
    if schedule.slowest_core[step] >= 0:
        args["slowest core"] = int(schedule.slowest_core[step])
    yield chrome.slice_(RUN, ONLY, f"step {step + 1}", begin, end, args)
    ticks, barrier = float(path[TICK]), float(path[BARRIER])
    if barrier > 0:
        yield chrome.slice_(RUN, ONLY, "barrier", end - ticks - barrier, end - ticks)
    if ticks > 0:
        yield chrome.slice_(RUN, ONLY, "waiting for the tick", end - ticks, end)
