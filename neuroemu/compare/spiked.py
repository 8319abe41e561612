"""The first spike that only one of two runs has, or that carries another payload."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from .first import First

Spikes = tuple[np.ndarray, np.ndarray, np.ndarray | None]  # step, source, payload: (n,), ascending; None is not known


def first_spike(sizes: Sequence[tuple[str, int]], one: Spikes, other: Spikes) -> Iterator[First]:
    """sizes: of populations and spike sources, in the order of their numbers.

    Both lists ascend by step and source, so that the first place where they differ is the first difference.
    """
    n = min(one[0].size, other[0].size)
    differ = (one[0][:n] != other[0][:n]) | (one[1][:n] != other[1][:n])
    graded = np.zeros(n, bool)
    if one[2] is not None and other[2] is not None:
        graded = one[2][:n] != other[2][:n]
    k = int(np.argmax(differ | graded)) if np.any(differ | graded) else n
    if k < n and not differ[k] and one[2] is not None and other[2] is not None:
        yield _of(sizes, int(one[0][k]), "payload", int(one[1][k]), float(one[2][k]), float(other[2][k]))
        return
    spikes = [(int(step[k]), int(source[k])) if k < step.size else None for step, source, _ in (one, other)]
    there = [spike for spike in spikes if spike is not None]
    if there:
        first = min(there)
        yield _of(sizes, first[0], "spikes", first[1], *(float(spike == first) for spike in spikes))


def _of(sizes: Sequence[tuple[str, int]], step: int, what: str, source: int, one: float, other: float) -> First:
    last = np.cumsum([size for _, size in sizes])
    k = int(np.searchsorted(last, source, side="right"))
    name, size = sizes[k]
    return First(step, what, name, source - int(last[k] - size), one, other)
