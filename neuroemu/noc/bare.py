"""njit for the network's kernels, which pass dozens of arrays around and make none.

numba counts references to each array of a tuple at every call, also of inlined functions, with a locked instruction each: a
message's hop took 1700 ns with them and takes a thirtieth without (tools/bench_noc.py). The caller holds all arrays, so
nothing is lost; numba refuses to make an array in such a kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..jit import njit


def njit_bare(function: Callable[..., Any]) -> Any:
    """njit without reference counts, without the GIL, and with numpy's division."""
    return njit(function, nogil=True, error_model="numpy", _nrt=False)


def njit_inline(function: Callable[..., Any]) -> Any:
    """The same, to become part of the kernel that calls it."""
    return njit(function, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
