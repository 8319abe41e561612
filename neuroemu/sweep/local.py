"""Local: a crew of processes of this machine, each with a pipe of its own, so that the death of one is its own.

A worker that is killed, by the kernel for its memory or by anybody, is replaced and its task done again. Workers end with the
process that started them, however that ends.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from . import server
from .crew import ATTEMPTS, Lost
from .tasks import Result, Setting, Task

END_S = 2.0  # that a worker may take to end when asked
STARTS, AGAIN_S = 3, 0.2  # tries to have a worker, and how long after each


@dataclass
class _Worker:
    process: Any
    pipe: Connection
    order: _Order | None = None


@dataclass
class _Order:
    """A task and how many workers died over it."""

    task: Task
    deaths: int = 0


class Local:
    """n processes at most; they start when there is something to do."""

    def __init__(self, setting: Setting, n: int) -> None:
        self.width = n
        self._setting = setting
        self._orders: deque[_Order] = deque()
        self._workers: list[_Worker] = []
        self._context: Any = multiprocessing.get_context("forkserver")

    @property
    def pids(self) -> list[int]:
        """Of the workers that there are."""
        return [worker.process.pid for worker in self._workers]

    def put(self, task: Task) -> None:
        self._orders.append(_Order(task))
        self._hand_out()

    def take(self) -> list[Result] | Lost:
        while True:
            self._hand_out()
            waited = {source: worker for worker in self._workers for source in (worker.pipe, worker.process.sentinel)}
            ready = {id(waited[source]): waited[source] for source in wait(list(waited))}
            for worker in ready.values():
                found = self._ended(worker)
                if found is not None:
                    return found

    def close(self) -> None:
        for worker in self._workers:
            worker.pipe.close()
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join(END_S)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
        self._workers = []

    def _hand_out(self) -> None:
        """Gives what waits to who is idle, oldest first."""
        while self._orders:
            idle = next((worker for worker in self._workers if worker.order is None), None)
            if idle is None and len(self._workers) == self.width:
                return
            worker = idle or self._start()
            worker.order = self._orders.popleft()
            with contextlib.suppress(OSError):  # it died meanwhile; its sentinel will say so
                worker.pipe.send(worker.order.task)

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._forked(theirs)
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _forked(self, pipe: Connection) -> Any:
        """A process of the server's, or of the next one where somebody kills it; that it is gone is seen a little later."""
        for left in reversed(range(STARTS)):
            server.start()
            process = self._context.Process(target=_work, args=(pipe, self._setting), daemon=True)
            try:
                process.start()
                return process
            except (EOFError, OSError):
                if not left:
                    raise
                time.sleep(AGAIN_S)
        raise AssertionError

    def _ended(self, worker: _Worker) -> list[Result] | Lost | None:
        """What a worker hands in, None if there is nothing yet, or nothing lost."""
        try:
            found = worker.pipe.recv() if worker.pipe.poll() else None
        except (EOFError, OSError):
            found = None
        if found is not None:
            worker.order = None
            if isinstance(found, BaseException):
                raise found
            results: list[Result] = found
            return results
        if worker.process.is_alive():
            return None
        return self._buried(worker)

    def _buried(self, worker: _Worker) -> Lost | None:
        worker.process.join()
        worker.pipe.close()
        self._workers.remove(worker)
        order, code = worker.order, worker.process.exitcode
        if order is None:
            return None
        order.deaths += 1
        if order.deaths < ATTEMPTS:
            self._orders.appendleft(order)
            return None
        return Lost(order.task, f"its worker died {ATTEMPTS} times, {_how(code)}")


def _how(code: int | None) -> str:
    if code is None or code >= 0:
        return f"the last time with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"the last time by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")


def _work(pipe: Connection, setting: Setting) -> None:
    """A worker: takes tasks until the other end of the pipe is gone."""
    from . import tasks

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # which a terminal sends to all; the sweep ends us
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    while True:
        try:
            task = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            found: Any = tasks.do(setting, task)
        except Exception as error:
            found = _carried(error)
        try:
            pipe.send(found)
        except OSError:  # nobody is there any more
            return


def _carried(error: Exception) -> Exception:
    """The error as it can travel: some of ours are made of more than their text."""
    from ..errors import NeuroemuError, OutputError

    if isinstance(error, NeuroemuError):
        return OutputError(str(error))
    return RuntimeError(f"{type(error).__name__}: {error}")


def _end_with(parent: Any) -> None:
    """However busy, a worker does not outlive the sweep."""
    parent.join()
    os._exit(1)
