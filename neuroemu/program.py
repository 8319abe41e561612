"""A program: everything that one run needs, as values. Reading it from YAML is files/program_file.py."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from . import library
from .chip import Chip, PriceList
from .data import Split
from .decode import Decoder
from .encode import Encoder
from .environments import Environment
from .errors import Problem, ProblemsError
from .mapping import MappingOptions
from .network import Network


@dataclass(frozen=True)
class DataInput:
    """A data set of the library, encoded."""

    dataset: str
    split: Split
    encoder: Encoder


@dataclass(frozen=True)
class ValuesInput:
    """Values of the user's own, encoded.  values: (samples, channels) or (samples, steps, channels).  labels: (samples,)."""

    values: np.ndarray
    encoder: Encoder
    labels: np.ndarray | None = None


@dataclass(frozen=True)
class LabelsInput:
    """What the samples of another input are: the channel of the label spikes.  labels_of: the input that has labels.

    classes: channels.  Where a program trains and tests, it is silent in tests.
    """

    labels_of: str
    classes: int
    encoder: Encoder


@dataclass(frozen=True)
class SpikesInput:
    """A list of spikes.  step: (n,) int64 from 1 within the sample (the same in every sample); channel: (n,) int64.

    payload: (n,) int64 of 32 bits, or None where every spike carries 1.
    """

    step: np.ndarray
    channel: np.ndarray
    payload: np.ndarray | None = None


@dataclass(frozen=True)
class EnvironmentInput:
    """What the program's environment sends by the name `sent`, phase by phase.

    encoder: None where what is not 0 is a spike with that payload.
    """

    sent: str
    encoder: Encoder | None = None


Input = DataInput | ValuesInput | LabelsInput | SpikesInput | EnvironmentInput


@dataclass(frozen=True)
class Training:
    """Samples that are learned from, before those that are answered with learning frozen.

    passes: over all of them, each in an order of its own.  samples: how many, the first ones; None: the other side of the
    split of a data set.
    """

    passes: int = 1
    samples: int | None = None


@dataclass(frozen=True)
class Decode:
    """Which population answers, and how."""

    population: str
    decoder: Decoder


@dataclass(frozen=True)
class Place:
    """Where in a file something was written."""

    file: str
    line: int | None
    column: int | None
    path: str


@dataclass(frozen=True)
class Program:
    """samples: None takes all that the inputs have (1 without data).  steps: of one sample.

    latency: one of modes.MODES.  calibrate: samples that are run in floats first, for the choice of scales; 0: none.
    neurobench: whether its metrics are told, too.
    fresh_samples: the state starts anew with every sample.  training: None learns in all samples.
    places: of populations and projections, for errors.
    snapshots: by projection that learns and is probed, the steps between two looks at its synapses (0: the ends only).
    environment: what closes the loop; a run begins with its begin().
    """

    name: str
    network: Network
    chip: Chip
    prices: PriceList
    steps: int
    inputs: dict[str, Input] = field(default_factory=dict)
    samples: int | None = None
    seed: int = 0
    fresh_samples: bool = True
    latency: str = "contended"
    decode: Decode | None = None
    mapping: MappingOptions = field(default_factory=MappingOptions)
    calibrate: int = 0
    float_reference: bool = False
    neurobench: bool = False
    path: Path | None = None
    files: tuple[Path, ...] = ()
    places: dict[str, Place] = field(default_factory=dict, repr=False)
    snapshots: dict[str, int] = field(default_factory=dict)
    environment: Environment | None = field(default=None, repr=False)
    training: Training | None = None

    def located(self, error: ProblemsError) -> ProblemsError:
        """The same error with the file and line of each population or projection, or the library's program that it is in."""
        return type(error)([self._located(problem) for problem in error.problems])

    def _located(self, problem: Problem) -> Problem:
        place = self.places.get(problem.path)
        if place is None or problem.file:
            return problem
        path = f"{place.path} ({problem.path})" if problem.path not in place.path else place.path
        name = library.name_of("programs", place.file)
        if name:  # nobody mends a file that comes along: its lines are of no use
            return replace(problem, file=f"program '{name}' of the library", path=path)
        return replace(problem, file=place.file, line=place.line, column=place.column, path=path)
