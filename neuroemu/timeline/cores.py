"""What the cores did in the steps of a window: their phases, and every message from who sent it to who took it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .. import contended, latency
from ..costs import stretches
from ..events import LEARNING
from ..messages import FS, messages
from ..noc.journeys import Journeys, journeys
from ..report.priced import Priced
from ..tally import steps_of
from ..traffic import Ways, traffic
from ..wiring import Wiring
from . import format as chrome
from .tracks import CORES, HOST, ONLY, receives, sends
from .window import Window


class _Stretch(NamedTuple):
    """Steps of the window.  first: of the run, from 0.  counts, row, source: as costs.stretches has them.

    core_steps: (steps, cores in use, E).
    """

    first: int
    counts: np.ndarray
    row: np.ndarray
    source: np.ndarray
    core_steps: np.ndarray


def has_messages(priced: Priced) -> bool:
    """Whether the latency mode sends messages one by one, so that each has its times."""
    return priced.latency == "contended"


def cores(priced: Priced, found: Ways, shown: Window, start: np.ndarray) -> Iterator[chrome.Event]:
    """start: (steps + 1,) ns when each step of the run begins."""
    by_message = has_messages(priced) and shown.messages
    prepared = contended.prepare(priced.wiring, found, priced.prices) if by_message else None
    names, flows = _Names(priced.wiring), 0
    for stretch in _stretches(priced, found, shown):
        if prepared is None:
            yield from _phases(priced, stretch, start)
            continue
        learning = contended.learning_fs(priced.wiring, stretch.core_steps, prepared.jobs.times_fs)
        given = (prepared.jobs, stretch.counts, stretch.row, stretch.source, learning)
        for begin, batch in messages(priced.wiring, found, *given):
            n_steps, n_senders = batch.tail_fs.shape
            for k in range(n_steps):
                step = begin + k
                source = stretch.source[stretch.row == step]
                sent = slice(batch.first[k * n_senders], batch.first[(k + 1) * n_senders])
                told = _Step(
                    float(start[stretch.first + step]),
                    journeys(prepared.net, batch, k),
                    np.zeros(n_senders, np.int64) if learning is None else learning[step],
                    _sources(found, source),
                    batch.core[sent],
                )
                yield from _senders(priced.wiring, told)
                yield from _messages(found, names, told, flows)
                yield from _queues(told)
                flows += told.core.size


def _stretches(priced: Priced, found: Ways, shown: Window) -> Iterator[_Stretch]:
    begin = 0
    for counts, row, source, learned in stretches(priced.wiring, priced.activity):
        n = counts.shape[0]
        low, high = max(shown.first - begin, 0), min(shown.last - begin, n)
        if low < high:
            inside = (row >= low) & (row < high)
            kept, rows, sources = counts[low:high], row[inside] - low, source[inside]
            went = traffic(priced.wiring, found, rows, sources, high - low)
            learnt = learned[low:high] if learned.size else learned
            yield _Stretch(begin + low, kept, rows, sources, steps_of(priced.wiring, kept, went, learnt)[1])
        begin += n
        if begin >= shown.last:
            return


def _phases(priced: Priced, stretch: _Stretch, start: np.ndarray) -> Iterator[chrome.Event]:
    """Without messages: each core sends and receives from the beginning of the step for as long as that takes."""
    in_use, times = priced.wiring.cores_in_use().tolist(), priced.prices.times()
    sending, receiving = latency.work(stretch.core_steps, times)
    events = list(LEARNING)
    learning = stretch.core_steps[:, :, events] @ times[events]
    for k in range(len(stretch.counts)):
        at = float(start[stretch.first + k])
        for column, core in enumerate(in_use):
            yield from _sender(core, at, float(sending[k, column]), float(learning[k, column]))
            if receiving[k, column] > 0:
                yield chrome.slice_(CORES, receives(core), "synapses", at, at + float(receiving[k, column]))


def _sender(core: int, at: float, ns: float, learning: float) -> Iterator[chrome.Event]:
    """The phases of a core that sends: first its compartments and their messages, then learning.  ns: both."""
    if ns > learning:
        yield chrome.slice_(CORES, sends(core), "compartments", at, at + ns - learning)
    if learning > 0:
        yield chrome.slice_(CORES, sends(core), "learning", at + ns - learning, at + ns)


class _Step(NamedTuple):
    """at: ns when it begins.  learning: (senders,) fs.  source, core: (n,) of each message."""

    at: float
    journeys: Journeys
    learning: np.ndarray
    source: np.ndarray
    core: np.ndarray


class _Names:
    """What sources are called."""

    def __init__(self, wiring: Wiring) -> None:
        self.owner = wiring.owner_of_source()
        self.first = np.concatenate([[0], np.cumsum([*wiring.sizes, *wiring.source_sizes])])
        self.names = (*wiring.names, *wiring.source_names)

    def population(self, source: int) -> str:
        return self.names[self.owner[source]]

    def of(self, source: int) -> str:
        return f"{self.population(source)}[{source - self.first[self.owner[source]]}]"


def _sources(found: Ways, source: np.ndarray) -> np.ndarray:
    """Of the messages of a step, which stand by sender and, of one sender, by source.  source: that fired, ascending."""
    order = np.argsort(found.sender[source], kind="stable")
    return np.repeat(source[order], found.messages[source[order]])


def _senders(wiring: Wiring, step: _Step) -> Iterator[chrome.Event]:
    ends = step.journeys.send_end
    for core in wiring.cores_in_use().tolist():
        yield from _sender(core, step.at, ends[core] / FS, step.learning[core] / FS)
    host = wiring.mesh.n_cores
    if ends[host] > 0 or np.any(step.source >= wiring.n_compartments):
        yield chrome.slice_(HOST, ONLY, "spikes of the host", step.at, step.at + ends[host] / FS)


def _messages(found: Ways, names: _Names, step: _Step, first: int) -> Iterator[chrome.Event]:
    """Each a slice of its receiver, and an arrow to it.  first: number of the first arrow."""
    host = found.net.n_cores
    sent, there, begun, done, ends = (column / FS + step.at for column in step.journeys)
    ends = ends - step.learning / FS
    for m, (source, core) in enumerate(zip(step.source.tolist(), step.core.tolist(), strict=True)):
        sender = int(found.sender[source])
        args: chrome.Event = {"from": names.of(source), "sent by": "host" if sender == host else f"core {sender}"}
        args["on its way, ns"] = round(float(there[m] - sent[m]), 3)
        args["in the queue, ns"] = round(float(begun[m] - there[m]), 3)
        yield chrome.slice_(CORES, receives(core), names.population(source), begun[m], done[m], args)
        track = (HOST, ONLY) if sender == host else (CORES, sends(sender))
        yield chrome.flow(*track, first + m, sent[m], (step.at, ends[sender]), ends=False)
        yield chrome.flow(CORES, receives(core), first + m, begun[m], (begun[m], done[m]), ends=True)


def _queues(step: _Step) -> Iterator[chrome.Event]:
    """How many messages wait for each core, wherever one waited in this step."""
    there, begun = step.journeys.there, step.journeys.begun
    waited = begun > there
    for core in np.unique(step.core[waited]).tolist():
        mine = waited & (step.core == core)
        times = np.concatenate([there[mine], begun[mine]])
        changes = np.repeat([1, -1], int(mine.sum()))
        at, which = np.unique(times, return_inverse=True)
        length = np.cumsum(np.bincount(which, changes, at.size)).astype(int)
        for fs, n in zip(at.tolist(), length.tolist(), strict=True):
            yield chrome.counter(CORES, f"queue of core {core}", "messages", step.at + fs / FS, n)
