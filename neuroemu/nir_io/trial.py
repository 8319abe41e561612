"""Trial: a file is read in another process first: on some damage libhdf5 never ends or crashes, which no exception tells.

The process (`serve`) is started at the first file and serves all that follow: a path a line in, a
line out once it has been read, however that went; what is wrong with a file is told where it is read for good. One that takes
too long or dies has met such damage, and the next file gets a fresh process. Of 6,680 files damaged at random five did so.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import subprocess
import sys
from pathlib import Path

from ..processes import command

PATIENCE_S = 5.0  # and a second for every SPEED bytes
SPEED = 20 << 20
START_S = 60.0  # of patience until the process is there
_CRASHED, _ENDLESS = "crashes the HDF5 library", "keeps the HDF5 library busy without an end"
_serving: list[subprocess.Popen[bytes]] = []


def trial(path: Path) -> str:
    """'' where the file was read or refused in good order, else what it does to the library."""
    line = os.fsencode(path.absolute())
    if b"\n" in line:
        return ""  # nobody damages such a file by chance
    process = _process()
    if process is None:
        return ""
    assert process.stdin is not None
    try:
        process.stdin.write(line + b"\n")
        process.stdin.flush()
    except OSError:
        return _ended(process, _CRASHED)
    answer = _answer(process, PATIENCE_S + path.stat().st_size / SPEED)
    if answer is None:
        return _ended(process, _ENDLESS)
    return "" if answer else _ended(process, _CRASHED)


def _process() -> subprocess.Popen[bytes] | None:
    """The process that serves, None where none can be started."""
    if _serving and _serving[0].poll() is None:
        return _serving[0]
    _serving.clear()
    try:
        process = subprocess.Popen(
            command(__name__, "serve"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C is for us
        )
    except OSError:
        return None
    if not _answer(process, START_S):
        _ended(process, "")
        return None
    _serving.append(process)
    return process


def _answer(process: subprocess.Popen[bytes], seconds: float) -> bytes | None:
    """The next line, b'' where the process has died, None where none comes in time."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], seconds)
    return process.stdout.readline() if ready else None


def _ended(process: subprocess.Popen[bytes], what: str) -> str:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
    _serving.clear()
    return what


@atexit.register
def _stop() -> None:
    for process in _serving:
        _ended(process, "")
        break


def serve() -> None:
    """Reads files by their names on stdin until that is closed."""
    from .read import read_here

    out = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever a library prints is no answer
    out.write(b"here\n")
    out.flush()
    for line in sys.stdin.buffer:
        with contextlib.suppress(Exception):
            read_here(os.fsdecode(line.rstrip(b"\n")))
        out.write(b"read\n")
        out.flush()
