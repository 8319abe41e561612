"""Interrupts: the signals that end a run."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class _Interrupts:
    """SIGINT and SIGTERM: raised where they arrive, remembered where that is swallowed, ignored once the run has landed."""

    def __init__(self) -> None:
        self.arrived = False
        self.folder: Path | None = None
        self.unfinished: Path | None = None
        self.left = "Nothing was written."  # what is said of an interrupt before anything has landed

    def install(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._arrive)
        shown = sys.unraisablehook
        # Swallowed inside a destructor: raise_if_any finds it again, and there is nothing to print.
        sys.unraisablehook = lambda lost: None if lost.exc_type is KeyboardInterrupt else shown(lost)

    def _arrive(self, signum: int, frame: Any) -> None:
        self.arrived = True
        raise KeyboardInterrupt

    def raise_if_any(self) -> None:
        """Python swallows an exception that is raised inside a destructor; this finds it again."""
        if self.arrived:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def at_once_if_asked_twice(self) -> Iterator[None]:
        """Meanwhile the second signal ends the process at once: Python hears of any only when a step ends, and the loop of a
        user's model may have no end. Nothing is being written then.
        """
        heard, told = os.pipe()
        os.set_blocking(told, False)

        def listen() -> None:
            if os.read(heard, 1) and os.read(heard, 1):  # each signal is a byte; empty when `told` is closed
                cursor = "\x1b[?25h" if os.isatty(2) else ""  # which the progress bar has hidden
                text = f"{cursor}Interrupted twice: killed at once. {self.what_is_left()}\n"
                with contextlib.suppress(OSError):
                    os.write(2, text.encode())
                os._exit(130)
            os.close(heard)

        threading.Thread(target=listen, daemon=True).start()
        signal.set_wakeup_fd(told, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(-1)
            os.close(told)

    def landed(self, folder: Path) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        self.folder = folder

    def what_is_left(self) -> str:
        if self.folder:
            return f"The run is in {self.folder}."
        if self.unfinished and (self.unfinished / "checkpoint.npz").exists():
            return f"What was done up to the last checkpoint is kept: neuroemu resume {self.unfinished}"
        return self.left


interrupts = _Interrupts()
