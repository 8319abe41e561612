"""Running an image: stretches of steps through the kernels, samples with a fresh state, what the host sends.

run(image, plan) -> Traces, Counters. The image is not changed; the same image and plan give the same bits every time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import numpy as np

from ..compartments import Model, find, fingerprint, is_built_in
from ..compiler.image import ChipImage
from ..counters import Count, Counters, Learned, Traces
from ..errors import InternalError, Problem, ProgramError, TooLarge
from ..network import Probe
from ..spool import Spool
from ..widths import LANES
from .checkpoint import Checkpoint, check
from .crew import Crew, available
from .journal import Journal
from .learning.album import Album
from .learning.learners import Learner, forget_axons, forget_traces, fresh, take_over, with_numbers
from .management import Management, Managing
from .native import PYTHON
from .recording import SPIKE, Recording, Tables
from .shares import cut_for
from .specialised import defined
from .state import ChipState, restart, start, tiles_of
from .step import FLOODED, HostInput, Memory, Recorder, advance

MOST_THREADS = 8
FIRST_STRETCH = 16  # steps, after which the crew knows what a step costs
STRETCH_SPIKES = 1 << 20  # spikes a buffer holds at least; a stretch that fills it goes on with a fresh one
STRETCH_STEPS = 256  # steps between two looks at the clock
_KEPT = ("cells", "ring", "touched", "awake")  # of ChipState


class SpikeInput(Protocol):
    """Spikes of the host: `events(first_step, n_steps)` gives (row, channel), row 0 being first_step.

    A third array may give payloads (int32); without it every spike carries 1.
    """

    def events(self, first_step: int, n_steps: int) -> tuple[np.ndarray, ...]: ...


class Drive(Protocol):
    """Biases that the host writes: `bias(first_step, n_steps)` is (n_steps or 1, n) int64, one row if constant."""

    def bias(self, first_step: int, n_steps: int) -> np.ndarray: ...


@dataclass(frozen=True)
class Plan:
    """What to run.  steps: of one sample.  inputs: by spike source; drives: by population on the chip.

    fresh_samples: the state starts anew with every sample.  progress: called with the number of steps done.
    most_spikes: TooLarge is raised when the run has recorded more.
    threads: None takes what the machine has and what steps are worth; results are the same for any number.
    memory: bytes of what is recorded that may stay in memory; the rest is kept in files (spool.py).
    models: of populations whose model does not come along (compartments.load).
    rewards: by the name that a learning projection gives, the one value that it sees in each step.
    snapshots: by plastic projection, after how many steps each its synapses are looked at; others at the end only.
    learning_steps: after so many of all steps nothing is learned any more; None learns to the end.
    begin: where an earlier run of the same image stopped.  keep: is given the state at the end.
    environment: is called between steps and may end the run; what it sends are inputs, drives and rewards.
    membranes: whether changes of potentials are counted.
    until: after how many of all steps it ends; None runs all.
    journal: where what is done is kept on disk as the run goes on, and where it goes on from, in place of `begin`.
    """

    steps: int
    samples: int
    seed: int
    inputs: dict[str, SpikeInput]
    drives: dict[str, Drive]
    probes: tuple[Probe, ...] = ()
    fresh_samples: bool = True
    progress: Callable[[int], None] | None = None
    most_spikes: int = 2**62
    threads: int | None = None
    models: dict[str, Model] = field(default_factory=dict)
    memory: int = 1 << 30
    rewards: dict[str, Drive] = field(default_factory=dict)
    snapshots: dict[str, int] = field(default_factory=dict)
    learning_steps: int | None = None
    begin: Checkpoint | None = None
    keep: Callable[[Checkpoint], None] | None = None
    environment: Managing | None = None
    membranes: bool = False
    journal: Journal | None = None
    until: int | None = None


def run(image: ChipImage, plan: Plan) -> tuple[Traces, Counters]:
    """Runs all samples, or as many steps as the environment lets it. Steps are numbered through, from 1.

    Going on from a checkpoint, only the steps after it are run and recorded.
    """
    wanted = 1 if PYTHON else plan.threads or min(available(), MOST_THREADS)  # plain Python has no barrier
    crew = Crew(wanted, fixed=plan.threads is not None)
    total = min(plan.steps * plan.samples, plan.steps * plan.samples if plan.until is None else plan.until)
    image = with_numbers(image, total)
    state = start(image, crew.n)
    models = _models(image, plan)
    engine = _Engine(image, plan, models, state, crew)
    _check_recorded_noise(image, plan.steps if plan.fresh_samples else total)
    _check_recorded_numbers(image, total)
    done = fresh = 0  # steps behind us, and those behind us when the state was last fresh
    journal = plan.journal
    begin = plan.begin if journal is None else journal.begin
    if begin is not None:
        check(begin, image)
        done, fresh = begin.step, begin.fresh
        engine.put_back(begin)
    began, ended = done, False
    spool = _in_memory if journal is None else journal.spool
    album = Album(image, engine.synaptic, plan.snapshots, done, spool)
    recording = Recording(image, models, plan.probes, plan.memory, album, plan.membranes, spool)
    management = _management(image, plan, state, album, begin)
    if journal is not None:
        journal.put_back(recording, state)
        if management is not None:
            management.keep()  # what cannot be kept is told now, and not when a checkpoint is due
    while done < total:
        if management is not None and management.due(done):
            ended = management.look(done)
            if ended:
                break
        if done and plan.fresh_samples and done % plan.steps == 0 and done > fresh:
            restart(state, image)
            engine.start_anew()
            fresh = done
        left = plan.steps - done % plan.steps if plan.fresh_samples else total - done
        n_steps = min(STRETCH_STEPS if done > began else FIRST_STRETCH, STRETCH_STEPS - done % STRETCH_STEPS, left)
        n_steps = min(n_steps, recording.most_steps(done))
        for other in (management, journal):
            n_steps = n_steps if other is None else min(n_steps, other.until_next(done))
        host = _host_input(image, plan, done + 1, n_steps)
        tables, before = recording.tables(n_steps), recording.before(state, done == fresh)
        for pieces in engine.stretch(host, tables, recording.columns, done + 1, fresh + 1):
            spikes = _by_number(image, *pieces)
            recording.add_spikes(*spikes)
            if management is not None:
                management.collect(*spikes)
        done += n_steps
        recording.add(tables, before, done, engine.learners)
        if recording.n_spikes > plan.most_spikes:
            raise TooLarge(
                f"{recording.n_spikes:,} spikes in {done:,} of {total:,} steps fill the disk of this machine. "
                "Try fewer steps (--steps) or samples, or a network that fires less."
            )
        if journal is not None and (journal.due(done) or done == total):
            kept = {} if management is None else management.keep()
            journal.keep(engine.checkpoint(done, fresh, kept), recording, state)
        if plan.progress:
            plan.progress(done)
    if plan.keep is not None:
        plan.keep(engine.checkpoint(done, fresh, {} if management is None else management.keep()))
    if management is not None and not ended:  # it sees the last steps; what it answers is not sent any more
        management.look(done)
    return recording.traces(done, engine.learners), recording.counters(state.overflows.sum(axis=0))


def _in_memory(name: str, kind: type, width: tuple[int, ...], memory: int) -> Spool:
    return Spool(kind, width, memory)


def _spikes_of(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Room for n spikes: step, source, payload."""
    step, source, payload = (np.empty(n, kind) for kind, _ in SPIKE)
    return step, source, payload


def _by_number(
    image: ChipImage, step: np.ndarray, source: np.ndarray, payload: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Spikes of whole steps with the user's numbers, ascending within a step."""
    number = image.parts.number
    if not number.size:
        return step, source, payload
    on_chip = source < number.size
    source = np.where(on_chip, number[np.where(on_chip, source, 0)], source).astype(source.dtype)
    order = np.argsort(step * np.int64(image.n_sources) + source, kind="stable")
    return step, source[order], payload[order]


class _Engine:
    """An image, its state and its threads: what stays the same from stretch to stretch."""

    def __init__(self, image: ChipImage, plan: Plan, models: dict[str, Model], state: ChipState, crew: Crew) -> None:
        self._models = models
        self._image, self._crew, self._state = image, crew, state
        self.synaptic = fresh(image)
        listed = {n: np.zeros((2, n), np.int64) for n in {1, crew.n}}
        self._cuts = {n: cut_for(image, self._models, state, self.synaptic, listed[n], n, plan.seed) for n in listed}
        if plan.learning_steps is not None:
            for learner in (learner for cut in self._cuts.values() for learner in cut.learners):
                learner.record["until"] = plan.learning_steps
        filled = np.zeros((crew.n, state.ring.shape[0]), np.uint8)
        self._memory = {
            n: Memory(
                image.plain,
                image.graded,
                image.rows,
                state.cells,
                state.ring,
                state.touched,
                state.awake,
                state.spiked,
                state.payload,
                listed[n],
                filled,
                np.zeros((crew.n, image.n_parts), np.int64),
                np.zeros((2, crew.n), np.int64),
                np.array([share.compartments for share in cut.shares], np.int64),
                np.zeros(1, np.int64),
            )
            for n, cut in self._cuts.items()
        }
        self._filled, self._last = filled, 1
        self._buffer = _spikes_of(0)

    @property
    def learners(self) -> list[Learner]:
        """Those of the cut that ran last."""
        return self._cuts[self._last].learners

    def start_anew(self) -> None:
        """After the state was put back: everybody is looked at, and nobody has a trace."""
        forget_traces(self.synaptic)
        forget_axons(self.learners)
        self.wake()

    def checkpoint(self, done: int, fresh: int, more: dict[str, np.ndarray]) -> Checkpoint:
        """Everything that changes, as it is.  more: of the environment."""
        arrays = more | {name: getattr(self._state, name).copy() for name in _KEPT}
        for k, (own, learner) in enumerate(zip(self.synaptic, self.learners, strict=False)):
            both = own._asdict() | learner.axonal._asdict()
            arrays |= {f"{k}.{name}": array.copy() for name, array in both.items()}
        return Checkpoint(self._image.model_hash, done, fresh, arrays)

    def put_back(self, checkpoint: Checkpoint) -> None:
        """Has everything be as it was then."""
        arrays, n = checkpoint.arrays, len(self.synaptic)
        for name in _KEPT:
            getattr(self._state, name)[...] = arrays[name]
        for k, own in enumerate(self.synaptic):
            for name, array in own._asdict().items():
                array[...] = arrays[f"{k}.{name}"]
        for k, learner in enumerate(self.learners):
            for name, array in learner.axonal._asdict().items():
                array[...] = arrays[f"{k % n}.{name}"]
            learner.relist()
        self._filled[:] = FLOODED  # whatever was marked
        self.wake()

    def wake(self) -> None:
        """Has every piece looked at in the next step."""
        for cut in self._cuts.values():
            for share in cut.shares:
                share.stayed[:] = 1

    def stretch(
        self,
        host: HostInput,
        tables: Tables,
        columns: np.ndarray,
        first_step: int,
        sample_first: int,
    ) -> Iterator[tuple[np.ndarray, ...]]:
        """Runs the steps of a stretch and fills its tables; yields the spikes, in pieces that hold until the next is asked
        for.
        """
        counts, states, learned = tables.counts, tables.looked_at, tables.learned
        n, n_steps = self._crew.choose(), counts.shape[0]
        if n != self._last:  # what one thread has filled is now spread over others
            self._filled[:] = self._filled.max(axis=0)
            take_over(self.learners, self._cuts[n].learners, len(self._image.plastic))
            self._last = n
            self.wake()
        each = counts[None] if n == 1 else np.zeros((n, *counts.shape), np.int64)
        learning = learned[None] if n == 1 else np.zeros((n, *learned.shape), np.int64)
        busiest = int(np.diff(host.first).max(initial=0))
        whole = n_steps * self._image.n_compartments + host.source.size
        capacity = min(STRETCH_SPIKES, whole) + self._image.n_sources + busiest  # the last step has room, too
        if self._buffer[0].size < capacity:
            self._buffer = _spikes_of(capacity)
        row, seconds = 0, 0.0
        memory, shares = self._memory[n], self._cuts[n].shares
        while row < n_steps:
            recorder = Recorder(*self._buffer, each, columns, states, learning)
            where = (memory, host, recorder, first_step, sample_first, row, n_steps)
            memory.arrived[0], began = 0, time.perf_counter()
            row, n_recorded = self._crew.together([partial(advance, k, n, shares[k], *where) for k in range(n)])
            if memory.failed.any():
                raise ProgramError([self._raised(int(memory.failed.max()) - 1)])
            seconds += time.perf_counter() - began
            yield tuple(array[:n_recorded] for array in self._buffer)
        if n > 1:
            np.sum(each, axis=0, out=counts)
            np.sum(learning, axis=0, out=learned)
        events = int(counts[:, :, (Count.SYNAPSE_READ, Count.ACTIVE)].sum()) + int(learned[:, :, Learned.READ].sum())
        self._crew.learn(n, n_steps, events, seconds)

    def _raised(self, part: int) -> Problem:
        """What to say of a model that raised; numba has printed the error itself."""
        name = self._image.names[self._image.parts.population[part]]
        what = f"the model '{self._models[name].name}' ({defined(self._models[name])}) raised an error while it ran"
        remedy = "NUMBA_DISABLE_JIT=1 to step through it in plain Python"
        return Problem(f"{what}; what it said stands above", path=name, remedy=remedy)


def _management(
    image: ChipImage, plan: Plan, state: ChipState, album: Album, begin: Checkpoint | None
) -> Management | None:
    """The closed loop of a run, put back to where it begins."""
    if plan.environment is None:
        return None
    total = plan.steps * plan.samples
    made = Management(plan.environment, image, _models(image, plan), state, album, plan.steps, total, plan.seed)
    if begin is not None:
        made.put_back(begin.arrays)
    return made


def _models(image: ChipImage, plan: Plan) -> dict[str, Model]:
    """The model of every population; InternalError where it is not the one that the image was made for."""
    models = {}
    for name, cells in zip(image.names, image.cells, strict=True):
        model = plan.models.get(name)
        if model is None and not cells.origin:
            model = find(cells.model)
        if model is None or cells.origin != ("" if is_built_in(model) else fingerprint(model)):
            raise InternalError(f"the model of '{name}' is not the one it was compiled with; give it in Plan.models")
        models[name] = model
    return models


def _check_recorded_noise(image: ChipImage, n_steps: int) -> None:
    recorded = min((cells.recorded.shape[0] for cells in image.cells if cells.recorded.size), default=0)
    if recorded and recorded < n_steps:
        raise ProgramError(
            [Problem(f"the recorded noise has {recorded} steps", allowed=f"at least {n_steps}, as many as run")]
        )


def _check_recorded_numbers(image: ChipImage, n_steps: int) -> None:
    """The learning engine does not look either. Steps are counted through all samples."""
    for each in image.plastic:
        recorded = each.rule.numbers.shape[0]
        if recorded and recorded < n_steps:
            what = f"the recorded random numbers have {recorded} steps"
            raise ProgramError([Problem(what, path=each.name, allowed=f"at least {n_steps}, as many as run")])


def _host_input(image: ChipImage, plan: Plan, first_step: int, n_steps: int) -> HostInput:
    rows, sources, payloads = [], [], []
    for k, name in enumerate(image.source_names):
        row, channel, *graded = plan.inputs[name].events(first_step, n_steps)
        _check_range(name, row, n_steps)
        _check_range(name, channel, int(image.source_first[k + 1] - image.source_first[k]))
        rows.append(row)
        sources.append(channel + image.source_first[k])
        payloads.append(graded[0] if graded else np.ones(row.size, np.int64))
        if graded and np.any(graded[0] != graded[0].astype(np.int32)):
            raise InternalError(f"the input of '{name}' has a payload of more than 32 bits")
    row = np.concatenate(rows) if rows else np.empty(0, np.int64)
    source = (np.concatenate(sources) if sources else np.empty(0, np.int64)).astype(np.int64)
    payload = (np.concatenate(payloads) if payloads else np.empty(0, np.int64)).astype(np.int64)
    order = np.lexsort((source, row))
    order = order[payload[order] != 0]  # a payload of 0 is no spike
    first = np.searchsorted(row[order], np.arange(n_steps + 1)).astype(np.int64)
    cells, groups, values = [], [], []
    tiles, models = (tiles_of(image), _models(image, plan)) if plan.drives else (None, {})
    for k, name in enumerate(image.names):
        if tiles is not None and name in plan.drives:
            index = image.places_of(k, np.arange(image.blocks.size[k]))
            model = models[name]
            cells.append(tiles.at(k, model.state._fields.index(model.bias), index))
            groups.append(tiles.group[k] + index // LANES)
            values.append(plan.drives[name].bias(first_step, n_steps))
    spikes = (first, source[order].astype(np.int32), payload[order].astype(np.int32))
    reward = _rewards(image, plan, first_step, n_steps)
    if not cells:
        return HostInput(*spikes, np.empty(0, np.int64), np.empty(0, np.int64), np.empty((1, 0), np.int64), reward)
    height = max(value.shape[0] for value in values)
    drive = np.concatenate([np.broadcast_to(value, (height, value.shape[1])) for value in values], axis=1)
    return HostInput(*spikes, np.concatenate(cells), np.concatenate(groups), np.ascontiguousarray(drive), reward)


def _rewards(image: ChipImage, plan: Plan, first_step: int, n_steps: int) -> np.ndarray:
    """(n_steps or 1, plastic projections, 2) int64: whether a reward arrives, and the reward, within a signed byte."""
    named = {each.rule.reward for each in image.plastic} - {""}
    if not named:
        return np.zeros((1, len(image.plastic), 2), np.int64)
    given = {name: np.clip(plan.rewards[name].bias(first_step, n_steps), -128, 127) for name in named}
    found = np.zeros((n_steps, len(image.plastic), 2), np.int64)
    for k, each in enumerate(image.plastic):
        if each.rule.reward:
            found[:, k, 1] = given[each.rule.reward][:, 0]
    found[:, :, 0] = found[:, :, 1] != 0
    return found


def _check_range(name: str, index: np.ndarray, bound: int) -> None:
    """The kernels do not look: an index out of range would read foreign memory."""
    if index.size and (index.min() < 0 or index.max() >= bound):
        raise InternalError(f"the input of '{name}' has the index {index.max()}; it has 0..{bound - 1}")
