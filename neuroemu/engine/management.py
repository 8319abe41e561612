"""Management phases: between two steps the engine shows an environment the chip and takes its answer (closed loop).

They lie before the first step of every sample, after every `every` steps of it and at its end; a stretch ends there. What is
shown has the user's names and numbers, so neither threads nor the mapping change what an environment sees.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Protocol, TypeVar

import numpy as np

from ..compartments import Model
from ..compiler.image import ChipImage
from ..environments.phase import Fired, Phase, Synapses
from ..errors import Problem, ProgramError
from .learning.album import Album
from .state import ChipState, tiles_of

T = TypeVar("T")
PREFIX = "environment."  # of its arrays in a checkpoint
_SPIKES = ("step", "source", "payload")


class Managing(Protocol):
    """Who is called.  every: steps between two phases.  kind: a name, for checkpoints.  keep: between two phases, too."""

    every: int
    kind: str

    def begin(self) -> None: ...

    def manage(self, phase: Phase) -> None: ...

    def keep(self) -> dict[str, np.ndarray]: ...

    def put_back(self, kept: dict[str, np.ndarray]) -> None: ...


class Management:
    """The engine's side of a closed loop.  steps: of one sample, total: of all."""

    def __init__(
        self,
        managing: Managing,
        image: ChipImage,
        models: Mapping[str, Model],
        state: ChipState,
        album: Album,
        steps: int,
        total: int,
        seed: int,
    ) -> None:
        self._managing, self._image, self._models, self._cells = managing, image, models, state.cells
        self._album, self._tiles = album, tiles_of(image)
        self._steps, self._total, self._seed = steps, total, seed
        self._since, self._looked = 0, -1  # steps that were behind at the last phase; -1 before the first
        self._spikes: list[tuple[np.ndarray, ...]] = []
        self._joined: tuple[np.ndarray, ...] | None = None
        self._places: dict[tuple[str, str], np.ndarray] = {}
        sizes = np.diff(image.source_first).tolist()
        self._range = {
            **{n: (int(image.blocks.first[k]), int(image.blocks.size[k])) for k, n in enumerate(image.names)},
            **{n: (int(image.source_first[k]), int(sizes[k])) for k, n in enumerate(image.source_names)},
        }
        managing.begin()

    def until_next(self, done: int) -> int:
        """How many steps may pass before the next phase."""
        in_sample = done % self._steps
        return min(self._managing.every - in_sample % self._managing.every, self._steps - in_sample)

    def collect(self, step: np.ndarray, source: np.ndarray, payload: np.ndarray) -> None:
        """Spikes of whole steps with the user's numbers, ascending; they are copied."""
        if step.size:
            self._spikes.append((step.copy(), source.copy(), payload.copy()))

    def due(self, done: int) -> bool:
        """Whether a phase lies after that step, and has not been."""
        return done % self._steps % self._managing.every == 0 and done != self._looked

    def look(self, done: int) -> bool:
        """A phase. Returns whether the environment ends the run."""
        # All rows of the answer, even where the sample or the run ends sooner: a checkpoint may go on from there.
        new_sample, n_steps = done % self._steps == 0, self._managing.every if done < self._total else 0
        phase = Phase(done, self._since, n_steps, done // self._steps, new_sample, self._seed, self)
        self._joined = None
        self._managing.manage(phase)
        if phase.ended and done == 0:
            raise ProgramError(
                [Problem("the environment ends the run before its first step", allowed="a step at least")]
            )
        if phase.ended and self._total > self._steps and not new_sample:
            what = f"the environment ends the run at step {done}, amid a sample"
            raise ProgramError([Problem(what, allowed=f"between two samples of {self._steps} steps, or a run of one")])
        self._since, self._looked, self._spikes, self._joined = done, done, [], None
        return phase.ended

    # What an environment is shown (environments.phase.View).

    def fired(self, population: str) -> Fired:
        first, size = self._of(self._range, population, "population")
        step, source, payload = self._together()
        mine = np.flatnonzero((source >= first) & (source < first + size))
        return Fired(step[mine], source[mine] - first, payload[mine])

    def state(self, population: str, field: str) -> np.ndarray:
        places = self._places.get((population, field))
        if places is None:
            k = self._of({name: k for k, name in enumerate(self._image.names)}, population, "population on the chip")
            fields = {name: row for row, name in enumerate(self._models[population].state._fields)}
            row = self._of(fields, field, f"state of '{population}'")
            places = self._tiles.at(k, row, self._image.places_of(k, np.arange(self._image.blocks.size[k])))
            self._places[population, field] = places
        found: np.ndarray = self._cells[places]
        return found

    def synapses(self, connection: str) -> Synapses:
        plastic = {each.name: k for k, each in enumerate(self._image.plastic)}
        return Synapses(*self._album.now(self._of(plastic, connection, "connection that learns")))

    def _together(self) -> tuple[np.ndarray, ...]:
        """All spikes since the last phase."""
        if self._joined is None:
            empty = (np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.int32))
            self._joined = tuple(map(np.concatenate, zip(empty, *self._spikes, strict=True)))
        return self._joined

    @staticmethod
    def _of(known: Mapping[str, T], name: str, what: str) -> T:
        if name in known:
            return known[name]
        near = difflib.get_close_matches(str(name), known, n=1)
        told = f"there is no {what} '{name}'"
        raise ProgramError([Problem(told, allowed=", ".join(known) or "none", remedy=f"'{near[0]}'" if near else "")])

    # Checkpoints.

    def keep(self) -> dict[str, np.ndarray]:
        """Everything that changes, by names that begin with PREFIX."""
        spikes = dict(zip(_SPIKES, self._together(), strict=True))
        own = {"since": np.array([self._since, self._looked]), "kind": np.array(self._managing.kind), **spikes}
        theirs = {f"own.{name}": array for name, array in self._managing.keep().items()}
        return {PREFIX + name: array for name, array in (own | theirs).items()}

    def put_back(self, arrays: dict[str, np.ndarray]) -> None:
        """Has everything be as it was. Raises ProgramError for the checkpoint of another environment, or of none."""
        kept = {name.removeprefix(PREFIX): array for name, array in arrays.items() if name.startswith(PREFIX)}
        if str(kept.get("kind", "")) != self._managing.kind:
            of = f"of the environment '{kept['kind']}'" if kept else "of a run without an environment"
            what = f"the checkpoint is {of}, this run has '{self._managing.kind}'"
            raise ProgramError([Problem(what, allowed="one that was taken of the same program")])
        self._since, self._looked = kept["since"].tolist()
        self._spikes, self._joined = [tuple(kept[name] for name in _SPIKES)], None
        self._managing.put_back({name[4:]: array for name, array in kept.items() if name.startswith("own.")})
