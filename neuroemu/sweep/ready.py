"""Ready: what the server of workers loads before it forks the first; imported there and nowhere else."""

from __future__ import annotations

import gc
import signal

from .server import HELD

signal.signal(signal.SIGINT, signal.SIG_IGN)  # the sweep ends workers
signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD)

from ..jit import njit  # noqa: E402
from . import tasks  # noqa: E402, F401


@njit
def _first() -> int:
    return 1


_first()  # with its first kernel numba loads what all need
gc.collect()
gc.freeze()  # what is there now stays; workers need not go through it again and again
