"""Processes: another Python is started so that it takes no module from the folder in which a user happens to be.

With -m and -c Python looks there first: an h5py.py beside a file that somebody sent would be run. What Python offers against
that (-P, PYTHONSAFEPATH) came with 3.11; what is done here does for 3.10, too.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[1])  # where neuroemu lies: a checkout, or among the installed packages


def command(module: str, function: str) -> list[str]:
    """The command line of a Python that calls a function of ours.  -I: the folder where it starts is never looked into."""
    return [sys.executable, "-I", "-c", f"import sys; sys.path[:] = {paths()!r}; import {module} as m; m.{function}()"]


def paths() -> list[str]:
    """Where modules are looked for here and neuroemu is found, without the folder in which we are."""
    here = ""
    with contextlib.suppress(OSError):  # it was deleted
        here = os.getcwd()
    found = [path for path in sys.path if os.path.isabs(path) and os.path.realpath(path) != here]
    return found if ROOT in map(os.path.realpath, found) else [ROOT, *found]


@contextlib.contextmanager
def elsewhere() -> Iterator[None]:
    """For processes that multiprocessing starts with -c (its fork server, its resource tracker): what they look into first is
    the root of the file system, where no stranger writes, and then `paths`. What they fork has the folder and the path of
    whoever asked for it.
    """
    here, path = os.getcwd(), os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(paths())
    os.chdir("/")
    try:
        yield
    finally:
        os.chdir(here)
        if path is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = path
