"""Destinations: to which cores the messages of a source go. Which way they take is the network's (noc/routes.py)."""

from __future__ import annotations

import numpy as np

from ..pieces import run_starts, source_pieces, unsigned_for
from .image import CountRows, Parts

NONE = np.empty(0, np.int64)


def destinations(rows: CountRows, core_of_part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The cores that each source sends a message to: those that hold a part with a target of it.

    Returns first (n_sources + 1,) int64, and core (messages,), ascending within a source, the smallest unsigned type.
    """
    n_cores = int(core_of_part.max(initial=0)) + 1
    core_type = unsigned_for(n_cores - 1)
    messages = np.zeros(rows.first.size, np.int64)  # by source, one later
    cores = [np.empty(0, core_type)]
    for begin, end, _ in source_pieces(rows.first):
        source, part, _ = rows.listed(begin, end)
        key = source * np.int64(n_cores) + core_of_part[part]
        if np.any(key[1:] < key[:-1]):  # cores need not be handed out in the order of the parts
            key.sort()
        source, core = np.divmod(key[run_starts(key)], n_cores)
        messages[begin + 1 : end + 1] = np.bincount(source, minlength=end - begin)
        cores.append(core.astype(core_type))
    return np.cumsum(messages), np.concatenate(cores)


def messages_of(rows: CountRows, parts: Parts) -> np.ndarray:
    """(n_compartments,) int64 messages that a spike of each compartment sends."""
    return np.diff(destinations(rows, parts.core)[0])[: int(parts.size.sum())]


def axons_out(messages: np.ndarray, parts: Parts, wide: np.ndarray = NONE) -> np.ndarray:
    """(n_parts,) int64 output axons that each part uses on its core: one for each message of a spike.

    messages: (n_compartments,) that a spike of each sends, in the image's order.  wide: sources whose axons take two.
    """
    slots = messages * (1 + np.isin(np.arange(messages.size), wide)) if wide.size else messages
    return np.add.reduceat(slots, parts.first)
