"""Cluster: a crew of dask workers that the user started (`dask scheduler`, `dask worker ADDRESS --nthreads 1`).

Which of them gets a task, and who does it again when one dies, is dask's business. Workers must have the same neuroemu, and
see the program's and the sweep's folder under the same paths.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import queue
import time
from collections.abc import Callable
from typing import Any

from ..errors import OutputError
from . import tasks
from .crew import ATTEMPTS, Lost
from .tasks import Result, Setting, Task

CONNECT_S = 10.0
WORKER_S = 30.0  # that the first worker may take to appear
LOOK_S = 1.0  # between two looks at whether the scheduler is still there
GONE_S = 20.0  # after which it is gone


class Cluster:
    """address: of the scheduler.  waiting: told when there is nobody to work."""

    def __init__(self, setting: Setting, address: str, waiting: Callable[[str], None] = lambda text: None) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise OutputError(
                "--scheduler needs dask, which is not installed. Try: pip install 'neuroemu[cluster]'."
            ) from None
        for name in ("distributed", "distributed.client", "distributed.core", "distributed.comm"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # it logs what we say in our own words
        self._setting, self._address, self._waiting = setting, address, waiting
        self._ended: queue.Queue[Any] = queue.Queue()
        self._tasks: dict[str, tuple[Task, Any]] = {}
        self._number = itertools.count()
        try:
            self._client: Any = Client(address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            told = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise OutputError(f"no dask scheduler answers at {address} ({told}). Try: dask scheduler.") from None
        try:
            self._client.wait_for_workers(1, timeout=WORKER_S)
        except Exception:  # which kind depends on the version
            self.close()
            what = f"the dask scheduler at {address} has no worker after {WORKER_S:.0f} s"
            raise OutputError(f"{what}. Try: dask worker {address} --nthreads 1.") from None
        self.width = max(1, len(self._client.scheduler_info(n_workers=-1)["workers"]))

    def put(self, task: Task) -> None:
        key = f"neuroemu-{id(self)}-{next(self._number)}"
        future = self._client.submit(tasks.do, self._setting, task, key=key, pure=False, retries=0)
        self._tasks[key] = task, future
        future.add_done_callback(lambda done: self._ended.put(done.key))

    def take(self) -> list[Result] | Lost:
        key = self._next()
        task, future = self._tasks.pop(key)
        if future.status == "finished":
            with contextlib.suppress(Exception):  # its worker died before the result had come over
                found: list[Result] = future.result(timeout=CONNECT_S)
                return found
            self.put(task)
            return self.take()
        if future.status == "cancelled":
            raise self._gone()
        error = future.exception(timeout=CONNECT_S)
        if type(error).__name__ == "KilledWorker":
            return Lost(task, f"its dask worker died {ATTEMPTS} times or more (out of memory?)")
        raise error

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._client.cancel([future for _, future in self._tasks.values()], force=True)
        with contextlib.suppress(Exception):
            self._client.close(timeout=2)

    def _next(self) -> str:
        """The key of the next task that ended."""
        missing_since: float | None = None
        while True:
            try:
                key: str = self._ended.get(timeout=LOOK_S)
                return key
            except queue.Empty:
                pass
            if self._client.status == "running":
                missing_since = None
                if not self._client.scheduler_info()["workers"]:
                    self._waiting("waiting for a dask worker")
                continue
            missing_since = missing_since or time.monotonic()
            if time.monotonic() - missing_since > GONE_S or self._client.status == "closed":
                raise self._gone()

    def _gone(self) -> OutputError:
        return OutputError(f"the dask scheduler at {self._address} is gone. Points that were done are kept.")
