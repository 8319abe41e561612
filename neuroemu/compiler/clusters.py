"""Clusters: compartments that will stay together while a network is partitioned, so that large ones take seconds.

First those that hear the same sources (the channels of a pixel, the compartments of a dense layer), then by label propagation
with a bound on sizes (Meyerhenke, Sanders and Schulz 2014) over the lists of all sources. A small network stays as it is.
"""

from __future__ import annotations

import numpy as np

from ..jit import njit
from .load import Load

SMALL = 400_000  # synapses up to which nothing but trees is joined
MANY = 20_000  # compartments, likewise
LISTS, MEMBERS = 48, 64  # of each compartment's sources, and of their targets, those that are looked at


def clusters(load: Load, share: np.ndarray, most: float) -> np.ndarray:
    """(n_compartments,) int64 the cluster of each, from 0, without gaps.

    share: (n_compartments,) float what part of a core each takes.  most: what part of a core a cluster may take.
    """
    label = load.tree.astype(np.int64)
    if load.target.size > SMALL or load.n > MANY:
        label = _alike(load, label, share, most)
        if np.unique(label).size > load.n // 4:
            total = np.bincount(label, share, load.n)
            label = _propagate(load, label, total, most)
    return np.unique(label, return_inverse=True)[1]


def _alike(load: Load, tree: np.ndarray, share: np.ndarray, most: float) -> np.ndarray:
    """Labels by what is heard: trees of one compartment with equal lists, neighbours first, in bunches of at most `most`."""
    digest = _digests(load)
    alone = np.bincount(tree, minlength=load.n)[tree] == 1
    heard = np.diff(load.in_first) > 0
    free = np.flatnonzero(alone & heard)
    order = free[np.lexsort((free, digest[free], load.population[free]))]
    label = tree.copy()
    _bunch(order, digest, load.population, share, most, label)
    return label


@njit
def _bunch(order, digest, population, share, most, label):
    head, taken = -1, 0.0
    for i in order:
        same = head >= 0 and digest[i] == digest[head] and population[i] == population[head]
        if same and taken + share[i] <= most:
            label[i] = label[head]
            taken += share[i]
        else:
            head, taken = i, share[i]


@njit
def _digests(load):
    """A hash of each compartment's list of keys (FNV-1a over 64-bit words)."""
    digest = np.empty(load.population.size, np.uint64)
    for t in range(digest.size):
        h = np.uint64(0xCBF29CE484222325)
        for e in range(load.in_first[t], load.in_first[t + 1]):
            h = (h ^ np.uint64(load.in_key[e])) * np.uint64(0x100000001B3)
            h ^= h >> np.uint64(29)
        digest[t] = h
    return digest


@njit
def _propagate(load, label, total, most):
    """Every compartment that is still alone joins the cluster with which it shares most lists, while that has room.

    A list is shared by its source and its targets, and counts the less the longer it is.  total: by label, its share.
    """
    n = load.population.size
    size = np.zeros(n, np.int64)
    for i in range(n):
        size[label[i]] += 1
    score, touched = np.zeros(n), np.empty(n, np.int64)
    for turn in range(n):
        i = (turn * np.int64(2654435761)) % n  # a prime: all of them, in an order that follows nothing
        if size[label[i]] > 1:
            continue
        n_touched = _vote(load, i, label, i, score, touched, 0)
        begin, end = load.in_first[i], load.in_first[i + 1]
        for e in range(begin, end, max((end - begin) // LISTS, 1)):
            n_touched = _vote(load, load.source_of[load.in_key[e]], label, i, score, touched, n_touched)
        best, highest = label[i], 0.0
        for k in range(n_touched):
            other = touched[k]
            if other != label[i] and total[other] + total[label[i]] <= most and score[other] > highest:
                best, highest = other, score[other]
            score[other] = 0.0
        if best != label[i]:
            total[best] += total[label[i]]
            size[best] += 1
            total[label[i]], size[label[i]] = 0.0, 0
            label[i] = best
    return label


@njit
def _vote(load, source, label, i, score, touched, n_touched):
    """Adds what the compartments of one list, but for i, have in common by it."""
    begin, end = load.first[source], load.first[source + 1]
    each = load.weight[source] / max(end - begin, 1)
    if source < label.size and source != i:
        n_touched = _credit(label[source], each, score, touched, n_touched)
    for e in range(begin, end, max((end - begin) // MEMBERS, 1)):
        if load.target[e] != i:
            n_touched = _credit(label[load.target[e]], each, score, touched, n_touched)
    return n_touched


@njit
def _credit(other, each, score, touched, n_touched):
    if score[other] == 0.0:
        touched[n_touched] = other
        n_touched += 1
    score[other] += each
    return n_touched
