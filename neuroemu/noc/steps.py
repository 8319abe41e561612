"""Steps: many time steps in one call, on several threads, and what comes out of them.

Steps know nothing of each other, so any thread may take any step and the results are the same for any number of threads.
"""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..errors import InternalError
from .bare import njit_bare
from .contended import one_step, scratch
from .critical import PARTS, Gains, gains, most_gained, walk_back
from .fabric import Fabric
from .routes import distance

# Shares of the steps for each thread, who takes another when it has done one: steps differ, and cores are shared.
PIECES = 4


class Messages(NamedTuple):
    """The messages of all steps, step by step, in each by sender, in each in the order they are sent.

    first: (steps * n_senders + 1,) int64; sender s of step t sends first[t * n_senders + s] up to the next.
    core: (n,) int32 where each goes.  gap_fs: (n,) int64 work of the sender on it, after it handed over the one before.
    work_fs: (n,) int64 work of the receiver on it.  tail_fs: (steps, n_senders) int64 work of the sender after its last.
    """

    first: np.ndarray
    core: np.ndarray
    gap_fs: np.ndarray
    work_fs: np.ndarray
    tail_fs: np.ndarray


@dataclass(frozen=True)
class Outcome:
    """What came of it; int64, fs unless said otherwise.

    end_fs: (steps,) when the last work ended.
    By link, over all steps: carried: messages.  busy_fs.  waited_fs: of messages, from when they could have asked for it at the
    head of their buffer (or when the sender had made them) until they took it.  blocked_fs: it was free and asked for,
    but the buffer at its end was full.  most: messages in that buffer at once, those on their way to it included.
    path_fs: (steps, 5) the critical path of each step, see critical.PARTS; a row adds up to end_fs.
    slowest_core, slowest_link: (steps,) which has the most of the path as work, as waiting; -1 if none has any.
    core_path_fs: (n_senders, 2) work of each as sender and receiver on all paths.  link_path_fs: (links, 2) waiting for each,
    and for room behind it.
    """

    end_fs: np.ndarray
    carried: np.ndarray
    busy_fs: np.ndarray
    waited_fs: np.ndarray
    blocked_fs: np.ndarray
    most: np.ndarray
    path_fs: np.ndarray
    slowest_core: np.ndarray
    slowest_link: np.ndarray
    core_path_fs: np.ndarray
    link_path_fs: np.ndarray


class _Rows(NamedTuple):
    """What is filled step by step; see Outcome."""

    end: np.ndarray
    path: np.ndarray
    slowest_core: np.ndarray
    slowest_link: np.ndarray


def contend(fabric: Fabric, messages: Messages, threads: int = 1) -> Outcome:
    """Runs every step through the contended network.

    Raises InternalError if messages do not fit the fabric, or stand still for ever (no routing here can make them).
    """
    n_steps = check(fabric, messages)
    first = messages.first.reshape(-1)
    takings = np.zeros(n_steps, np.int64)
    _count_takings(fabric, first, messages.core, takings)
    per_step = np.diff(first[:: fabric.n_senders])
    rows = _Rows(
        np.zeros(n_steps, np.int64),
        np.zeros((n_steps, len(PARTS)), np.int64),
        np.zeros(n_steps, np.int64),
        np.zeros(n_steps, np.int64),
    )

    pieces = _shares(takings + fabric.n_senders, PIECES * threads if threads > 1 else 1)
    pending = list(itertools.pairwise(pieces))  # whose pop no other thread can come between
    longest = int(per_step.max(initial=0)), int(takings.max(initial=0))

    def work() -> tuple[np.ndarray, Gains, Gains]:
        by_core, by_link, memory = gains(fabric.n_senders), gains(fabric.n_links), scratch(fabric, *longest)
        while pending:
            try:
                begin, end = pending.pop()
            except IndexError:  # another thread was faster
                break
            stuck = _run(fabric, memory, begin, end, *messages, rows, by_core, by_link)
            if stuck >= 0:
                raise InternalError(f"noc: messages of step {stuck} stand still for ever")
        return memory.links, by_core, by_link

    n = min(threads, len(pending))
    if n <= 1:
        shares = [work()]
    else:
        with ThreadPoolExecutor(n) as pool:
            shares = [each.result() for each in [pool.submit(work) for _ in range(n)]]
    carried, waited, blocked = (
        np.sum([links[name] for links, *_ in shares], axis=0) for name in ("carried", "waited", "blocked")
    )
    most = np.max([links["most"] for links, *_ in shares], axis=0).astype(np.int64)
    return Outcome(
        rows.end,
        carried, carried * fabric.slot_fs, waited, blocked, most,
        rows.path, rows.slowest_core, rows.slowest_link,
        np.sum([by_core.total for _, by_core, _ in shares], axis=0),
        np.sum([by_link.total for _, _, by_link in shares], axis=0),
    )  # fmt: skip


def check(fabric: Fabric, messages: Messages) -> int:
    """How many steps there are.  Raises InternalError where arrays do not fit together."""
    first, core, gap, work, tail = messages
    n = core.size
    fits = first.size % fabric.n_senders == 1 or fabric.n_senders == 1
    fits = fits and first[0] == 0 and first[-1] == n and bool(np.all(first[1:] >= first[:-1]))
    fits = fits and gap.size == work.size == n and tail.size == first.size - 1
    fits = fits and (n == 0 or (core.min() >= 0 and core.max() < fabric.n_cores and min(gap.min(), work.min()) >= 0))
    if not fits:
        raise InternalError(f"noc: messages do not fit {fabric.n_senders} senders and {fabric.n_cores} cores")
    return (first.size - 1) // fabric.n_senders


def _shares(weights: np.ndarray, n_shares: int) -> list[int]:
    """Bounds of shares of steps of about equal weight, none empty."""
    total = np.concatenate([[0], np.cumsum(weights)])
    cuts = np.searchsorted(total, total[-1] * np.arange(1, n_shares) / n_shares)
    return sorted({0, *(int(cut) for cut in cuts), weights.size})


@njit_bare
def _count_takings(fabric, first, core, takings):
    """takings: (steps,) links that the messages of each step take together, filled."""
    for row in range(first.size - 1):
        a = fabric.tile_of_sender[row % fabric.n_senders]
        for m in range(first[row], first[row + 1]):
            takings[row // fabric.n_senders] += 2 + distance(fabric, a, fabric.tile_of_core[core[m]])


@njit_bare
def _run(fabric, memory, begin, end, first, core, gap, work, tail, rows, by_core, by_link):
    """Steps begin..end; rows are filled, by_core and by_link are added to.  Returns the step that got stuck, or -1."""
    for step in range(begin, end):
        row = step * fabric.n_senders
        at = first[row : row + fabric.n_senders + 1]
        mine = slice(at[0], at[-1])
        if one_step(fabric, memory, at, core[mine], gap[mine], work[mine], tail[step]) < 0:
            return step
        rows.end[step] = walk_back(
            fabric, memory, at, core[mine], gap[mine], work[mine], tail[step], rows.path[step], by_core, by_link
        )
        rows.slowest_core[step] = most_gained(by_core)
        rows.slowest_link[step] = most_gained(by_link)
    return -1
