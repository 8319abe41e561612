"""Which samples a program shows, in which order: those to learn from, pass after pass, then those that are answered.

Takes the inputs of a Program, gives their values and labels sample by sample. Knows nothing of spikes (host.py).
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from .data import DATASETS, Dataset, require
from .errors import DataError
from .program import DataInput, LabelsInput, Program, Training, ValuesInput
from .streams import stream


class Side(NamedTuple):
    """values: (samples, channels) or (samples, steps, channels).  labels: (samples,), or None."""

    values: np.ndarray
    labels: np.ndarray | None

    def take(self, chosen: slice | np.ndarray) -> Side:
        """Some of the samples."""
        return Side(self.values[chosen], None if self.labels is None else self.labels[chosen])


def shown(program: Program) -> tuple[dict[str, Side], int]:
    """By input that has samples, all of them in their order; and how many of the first are learned from."""
    sides = {name: _sides(program.training, given) for name, given in program.inputs.items() if _has_samples(given)}
    if program.training is None:
        return {name: test for name, (_, test) in sides.items()}, 0
    if not sides:  # lists of spikes, the same in every sample
        return {}, (program.training.samples or 0) * program.training.passes
    n = min(len(train.values) for train, _ in sides.values())
    order = _order(n, program.training.passes, program.seed)
    return {name: _joined(train.take(order), test) for name, (train, test) in sides.items()}, order.size


def one_hot(given: LabelsInput, of: Side, trained: int | None) -> np.ndarray:
    """(samples, classes) 1.0 in the channel of the label, 0 in samples from `trained` on. Raises DataError without labels."""
    if of.labels is None:
        raise DataError(f"The input '{given.labels_of}' has no labels. Try: 'labels' beside its values.")
    values = (of.labels[:, None] == np.arange(given.classes)).astype(np.float64)
    values[trained if trained is not None else len(values) :] = 0.0
    return values


def _has_samples(given: object) -> bool:
    return isinstance(given, (DataInput, ValuesInput))


def _sides(training: Training | None, given: object) -> tuple[Side, Side]:
    """What of an input is learned from, and what is answered."""
    first = slice(None, None if training is None else training.samples)
    if isinstance(given, ValuesInput):
        whole = Side(given.values, given.labels)
    else:
        assert isinstance(given, DataInput)
        require(given.dataset)
        load = DATASETS[given.dataset].load
        whole = _side(load(given.split))
        if training is not None and given.split.side == "test":
            return _side(load(replace(given.split, side="train"))).take(first), whole
    n = 0 if training is None else training.samples or 0
    return whole.take(slice(n)), whole.take(slice(n, None))


def _side(data: Dataset) -> Side:
    return Side(data.values, data.labels)


def _order(n: int, passes: int, seed: int) -> np.ndarray:
    """(n * passes,) each of n samples once a pass."""
    from .rng import uniforms  # loads numba

    draws = [uniforms(np.uint64(seed), stream("training", ""), 0, n, k) for k in range(passes)]
    return np.concatenate([np.argsort(each, kind="stable") for each in draws])


def _joined(train: Side, test: Side) -> Side:
    values = np.concatenate([train.values, test.values])
    if train.labels is None or test.labels is None:
        return Side(values, None)
    return Side(values, np.concatenate([train.labels, test.labels]))
