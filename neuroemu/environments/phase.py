"""Phase: what an environment sees of the chip in a management phase, to read only.

A management phase lies between two time steps: the steps up to `step` are behind, spikes and states are those of their end,
and what the environment answers is sent from step + 1 on. Populations, compartments and synapses have the user's names and
numbers, whatever core they sit on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from ..streams import stream


@dataclass(frozen=True)
class Fired:
    """Spikes, in order of their steps and, within a step, of their indices; (n,) each.

    step: of the run, from 1.  index: within the population.  payload: 1, or what a graded spike carries.
    """

    step: np.ndarray
    index: np.ndarray
    payload: np.ndarray


class Synapses(NamedTuple):
    """What a connection has learned, by pre and then post; (n,) each.  weight, tag: whole numbers as they are stored."""

    pre: np.ndarray
    post: np.ndarray
    weight: np.ndarray
    tag: np.ndarray


class View(Protocol):
    """What the engine shows. Raises ProgramError for names that are not there."""

    def fired(self, population: str) -> Fired: ...

    def state(self, population: str, field: str) -> np.ndarray: ...

    def synapses(self, connection: str) -> Synapses: ...


class Phase:
    """step: steps of the run that are behind, 0 before it begins.  since: as many at the last phase.

    n_steps: that an answer is for, `every`, or 0 at the end of the run; a sample may end sooner.
    sample: the one that goes on now, from 0.  new_sample: whether one begins now (states are those of the end of the one
    before).
    """

    def __init__(
        self, step: int, since: int, n_steps: int, sample: int, new_sample: bool, seed: int, view: View
    ) -> None:
        self.step, self.since, self.n_steps = step, since, n_steps
        self.sample, self.new_sample = sample, new_sample
        self.ended = False
        self._seed, self._view = np.uint64(seed), view

    def spikes(self, population: str) -> Fired:
        """Of the steps since + 1 .. step; of a spike source, those that were sent."""
        return self._view.fired(population)

    def state(self, population: str, field: str) -> np.ndarray:
        """(n,) int64 a state of a population's model, like 'v', at the end of `step`."""
        return self._view.state(population, field)

    def weights(self, connection: str) -> Synapses:
        """What a connection that learns has learned so far."""
        return self._view.synapses(connection)

    def uniforms(self, n: int, what: str = "") -> np.ndarray:
        """(n,) doubles in [0, 1), a function of the program's seed, `what` and the step alone: two draws of one phase need two
        names. Nothing of it needs to be kept.
        """
        from ..rng import uniforms  # loads numba

        return uniforms(self._seed, stream("environment", what), 0, n, self.step)

    def end(self) -> None:
        """Ends the run here; what is answered is not sent. Only where the run has one sample, or between two."""
        self.ended = True
