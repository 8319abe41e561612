"""Configurations: registers that the compartments of a core share, and how many different ones of them there are.

On Loihi a compartment names one of a core's few compartment configurations (decays, refractory, noise) and one of its few
threshold configurations; only its bias is its own. Source: facts/limits_loihi1.md (nengo-loihi nxsdk_objects.py).
Our choice: of models other than lif, which are not Loihi's, every parameter but the threshold counts as configuration.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .registers import Tables

THRESHOLD = "threshold"


@dataclass(frozen=True)
class Configs:
    """Numbers of the configurations of a population's compartments, equal where they are: (n,), or (1,) where all are alike."""

    compartment: np.ndarray
    threshold: np.ndarray

    def of(self, begin: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        """The different compartment configurations of compartments begin..end-1, and threshold configurations; ascending."""
        return _different(self.compartment, begin, end), _different(self.threshold, begin, end)

    def ordered(self, order: np.ndarray) -> Configs:
        """Of the compartments in another order.  order: (n,) which comes where."""
        compartment, threshold = (
            each if each.size == 1 else each[order] for each in (self.compartment, self.threshold)
        )
        return Configs(compartment, threshold)


def _different(numbers: np.ndarray, begin: int, end: int) -> np.ndarray:
    return numbers if numbers.size == 1 else np.unique(numbers[begin:end])


def configs(registers: dict[str, Tables]) -> dict[str, Configs]:
    """Of every population; numbers mean the same in all of them."""
    known: dict[tuple[object, ...], int] = {}
    found = {}
    for name, tables in registers.items():
        threshold = {key: column for key, column in tables.parameters.items() if key == THRESHOLD}
        found[name] = Configs(
            _numbers(tables.model.name, _shared(tables), known),
            _numbers(THRESHOLD, threshold, known),
        )
    return found


def _shared(tables: Tables) -> dict[str, np.ndarray]:
    """What a compartment configuration holds, by name."""
    fields = tables.parameters
    if tables.model.name == "lif":
        noisy = (fields["noise_exponent"] > 0) & (fields["noise_enabled"] > 0)
        return {**{key: fields[key] for key in ("decay_u", "decay_v", "refractory")}, "noise": noisy.astype(np.int64)}
    return {key: column for key, column in fields.items() if key != THRESHOLD}


def _numbers(owner: str, fields: dict[str, np.ndarray], known: dict[tuple[object, ...], int]) -> np.ndarray:
    """The number of each compartment's values; a new combination takes the next number.  owner: what fields belong to."""
    alike = {key: int(column[0]) for key, column in fields.items() if not np.any(column != column[0])}
    varying = [key for key in fields if key not in alike]

    def number(values: dict[str, int]) -> int:
        return known.setdefault((owner, tuple(sorted(values.items()))), len(known))

    if not varying:
        return np.array([number(alike)])
    rows, index = np.unique(np.stack([fields[key] for key in varying], axis=1), axis=0, return_inverse=True)
    numbers = np.array([number({**alike, **dict(zip(varying, row, strict=True))}) for row in rows.tolist()])
    return numbers[index.ravel()]
