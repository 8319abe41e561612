"""Data sets by name, from packages that carry them. Each says what it is before it is loaded."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .errors import DataError


@dataclass(frozen=True)
class Dataset:
    """values: (samples, channels) float64 in 0..1.  labels: (samples,) int64."""

    values: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Split:
    """Which samples: 'all', or the 'train' or 'test' side of a stratified random split with test_size samples and a seed."""

    side: str = "all"
    test_size: int = 540
    seed: int = 0


@dataclass(frozen=True)
class Known:
    """A data set that can be loaded.  package: what must be importable; extra: the extra of neuroemu that brings it."""

    channels: int
    classes: int
    samples: int
    package: str
    extra: str
    about: str
    load: Callable[[Split], Dataset]


def _sklearn_digits(split: Split) -> Dataset:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    chosen = np.arange(labels.size)
    if split.side != "all":
        train, test = train_test_split(chosen, test_size=split.test_size, random_state=split.seed, stratify=labels)
        chosen = train if split.side == "train" else test
    return Dataset(images[chosen] / 16.0, labels[chosen].astype(np.int64))


DATASETS = {
    "sklearn:digits": Known(64, 10, 1797, "sklearn", "data", "1797 handwritten digits of 8x8 pixels", _sklearn_digits),
}


def require(name: str) -> Known:
    """The data set, if it can be loaded here. Raises DataError with what to install."""
    known = DATASETS[name]
    if importlib.util.find_spec(known.package) is None:
        raise DataError(
            f"The data set '{name}' needs the package '{known.package}', which is not installed. "
            f"Try: pip install 'neuroemu[{known.extra}]'."
        )
    return known
