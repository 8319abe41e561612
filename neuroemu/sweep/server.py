"""Server: the process that local workers are forked from. It loads what they need once, while we load ourselves."""

from __future__ import annotations

import signal
from multiprocessing import forkserver, resource_tracker

from .. import processes

HELD = {signal.SIGINT}  # which a terminal sends to all; until it ignores them (ready.py) they wait


def start() -> None:
    """Starts it where it does not run yet, and does not wait for it. What multiprocessing's own server loads is ours then."""
    forkserver.set_forkserver_preload([f"{__package__}.ready"])
    with processes.elsewhere():
        resource_tracker.ensure_running()  # after which nothing may wait any more
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HELD)
    try:
        with processes.elsewhere():
            forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
