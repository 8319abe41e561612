"""What an environment is: it says what it watches and sends, and answers in every management phase."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import Problem, ProgramError
from .keeping import KINDS, Unkept, decoded, encoded, once
from .phase import Phase

Answers = Mapping[
    str, Any
]  # by name of what is sent: (channels,) or (steps of the phase, channels) numbers, or one for all

_OTHERS = "(others)"


class Environment(ABC):
    """every: steps from one management phase to the next; at a sample's end there is one, too.

    sends: by name, how many channels; the program's inputs take them by these names.
    watches: by population, how many compartments it must have, 0 for any; checked before the run.
    """

    every: int
    sends: Mapping[str, int] = {}
    watches: Mapping[str, int] = {}

    @abstractmethod
    def begin(self) -> None:
        """Puts everything to where it starts, so that the same object can be run again."""

    @abstractmethod
    def manage(self, phase: Phase) -> Answers | None:
        """What is sent until the next phase, by the names of `sends`: (channels,) for each of its steps, or (phase.n_steps,
        channels), or one number for all. What is left out is 0: no spike, no current, no reward.

        As spikes, what is not 0 is a spike with that payload. Called before the first step, after every `every` steps and at
        the end, where nobody takes the answer.
        """

    def results(self) -> dict[str, float]:
        """Named numbers for the report, asked for after the last phase."""
        return {}

    def keep(self) -> dict[str, np.ndarray]:
        """Everything that changes, for a checkpoint: all attributes of the object, if they are numbers, text, arrays, random
        generators of numpy, or lists, tuples and dicts of these; each comes back with its type. Not what the class or its
        module hold. Raises ProgramError for others, and for two names of one list or dict; then keep() and put_back() are to
        be written. A run with checkpoints calls it before its first step, too.
        """
        seen: dict[int, str] = {}
        arrays: dict[str, np.ndarray] = {}
        others: dict[str, Any] = {}
        try:
            for name, value in vars(self).items():
                if _is_array(value):
                    once(value, name, seen)
                    arrays[name] = value.copy()
                else:
                    others[name] = encoded(value, name, seen)
        except Unkept as error:
            what = f"the environment's {error}, which a checkpoint cannot hold"
            raise ProgramError(
                [Problem(what, remedy="keep() and put_back() of its own, or arrays and numbers")]
            ) from None
        return arrays | {_OTHERS: np.array(json.dumps(others))}

    def put_back(self, kept: dict[str, np.ndarray]) -> None:
        """Has everything be as it was when keep() gave that."""
        vars(self).clear()
        for name, value in json.loads(str(kept[_OTHERS])).items():
            setattr(self, name, decoded(value))
        for name, value in kept.items():
            if name != _OTHERS:
                setattr(self, name, value.copy())


def _is_array(value: Any) -> bool:
    return type(value) is np.ndarray and value.dtype.kind in KINDS
