"""Decoders: from the spikes of a population to one answer a sample.

answers(step, index, payload, n, steps, samples) -> (samples,). Steps are global from 1; sample k has the steps
k*steps+1 .. (k+1)*steps. A spike counts by its payload: -1 (ternary) against its compartment, a graded one by its value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

NO_ANSWER = -1


class Decoder(Protocol):
    """classifies: answers are classes (compared for equality), else values (compared by distance)."""

    classifies: bool

    def answers(
        self, step: np.ndarray, index: np.ndarray, payload: np.ndarray, n: int, steps: int, samples: int
    ) -> np.ndarray: ...


@dataclass(frozen=True)
class Rate:
    """The compartment with most spikes; ties go to the lowest index, a silent sample has no answer (-1)."""

    classifies = True

    def answers(
        self, step: np.ndarray, index: np.ndarray, payload: np.ndarray, n: int, steps: int, samples: int
    ) -> np.ndarray:
        counts = spike_counts(step, index, payload, n, steps, samples)
        return np.where(counts.max(axis=1) > 0, counts.argmax(axis=1), NO_ANSWER)


@dataclass(frozen=True)
class FirstSpike:
    """The compartment that spikes first; ties within a step go to the lowest index, a silent sample has no answer (-1)."""

    classifies = True

    def answers(
        self, step: np.ndarray, index: np.ndarray, payload: np.ndarray, n: int, steps: int, samples: int
    ) -> np.ndarray:
        step, index = step[payload > 0], index[payload > 0]
        sample = (step - 1) // steps
        order = np.lexsort((index, step))
        answers = np.full(samples, NO_ANSWER)
        found, first = np.unique(sample[order], return_index=True)
        answers[found] = index[order][first]
        return answers


@dataclass(frozen=True)
class Population:
    """The mean of what each compartment stands for, weighted by its spikes; a silent sample is nan.

    values: (n,) preferred value of each compartment.
    """

    values: np.ndarray
    classifies = False

    def answers(
        self, step: np.ndarray, index: np.ndarray, payload: np.ndarray, n: int, steps: int, samples: int
    ) -> np.ndarray:
        counts = spike_counts(step, index, payload, n, steps, samples)
        total = counts.sum(axis=1)
        with np.errstate(invalid="ignore"):
            return np.where(total > 0, counts @ self.values / np.maximum(total, 1), np.nan)


DECODERS = {"rate": Rate, "first_spike": FirstSpike, "population": Population}


def spike_counts(
    step: np.ndarray, index: np.ndarray, payload: np.ndarray, n: int, steps: int, samples: int
) -> np.ndarray:
    """(samples, n) sum of the payloads of each compartment's spikes in each sample."""
    flat = (step - 1) // steps * n + index
    return np.bincount(flat, payload, samples * n).astype(np.int64).reshape(samples, n)


def score(decoder: Decoder, answers: np.ndarray, labels: np.ndarray) -> tuple[float | None, float | None]:
    """(accuracy 0..1, mean absolute error): the one that fits the decoder, the other None."""
    if decoder.classifies:
        return float(np.mean(answers == labels)), None
    return None, float(np.nanmean(np.abs(answers - labels))) if np.any(np.isfinite(answers)) else None
