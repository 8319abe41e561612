"""A limit to every test: what hangs ends the whole run, with a traceback of every thread.

Told by the watchdog of faulthandler, a thread of C that needs no GIL: one in Python could not end a test that hangs in C and
holds it, as h5py does in damaged files (an hour and a half of CI, once).
"""

from __future__ import annotations

import faulthandler
import os
from contextlib import suppress

import pytest

LIMIT_S = 900.0  # the slowest test takes 30 s on two quiet cores, and minutes where kernels are compiled on busy ones
LONG_S = 3600.0  # HYPOTHESIS_PROFILE=long

stderr = pytest.StashKey[int]()


def limit_s() -> float:
    """Of one test with its fixtures; NEUROEMU_TEST_LIMIT_S says otherwise, 0 is none."""
    usual = LONG_S if os.environ.get("HYPOTHESIS_PROFILE") == "long" else LIMIT_S
    return float(os.environ.get("NEUROEMU_TEST_LIMIT_S") or usual)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[stderr] = os.dup(2)  # the one that is not captured


def pytest_unconfigure(config: pytest.Config) -> None:
    faulthandler.cancel_dump_traceback_later()
    with suppress(OSError):
        os.close(config.stash[stderr])


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_protocol(item: pytest.Item):
    debugged = item.config.getoption("usepdb") or item.config.getoption("trace")
    if limit_s() and not debugged:
        faulthandler.dump_traceback_later(limit_s(), exit=True, file=item.config.stash[stderr])
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()
