"""The only file that knows addresses: arrays from an address, calling a compiled kernel by its address, a barrier.

With NUMBA_DISABLE_JIT all of it is plain Python, so that every kernel can be stepped through.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import carray, types
from numba.extending import intrinsic

from ..jit import njit

PYTHON = bool(numba.config.DISABLE_JIT)
SPINS = 2000  # turns of the barrier before a thread offers its core to others
LINE = 64  # bytes of a cache line
N_ARGUMENTS = 7  # of a part's kernel, int64 each, and so is what it returns
SIGNATURE = types.int64(*[types.int64] * N_ARGUMENTS)

_functions: dict[int, Callable[..., int]] = {}  # by the number that stands for an address, without jit


def address_of(function: Any) -> int:
    """What `call` calls it by."""
    if not PYTHON:
        return int(function.address)
    _functions[id(function)] = function
    return id(function)


if PYTHON:

    def _array(address: int, n: int, dtype: Any) -> np.ndarray:
        dtype = np.dtype(dtype)
        return np.frombuffer((ctypes.c_char * (int(n) * dtype.itemsize)).from_address(int(address)), dtype)

    def int64s(address: int, n: int) -> np.ndarray:
        return _array(address, n, np.int64)

    def int32s(address: int, n: int) -> np.ndarray:
        return _array(address, n, np.int32)

    def int16s(address: int, n: int) -> np.ndarray:
        return _array(address, n, np.int16)

    def doubles(address: int, n: int) -> np.ndarray:
        return _array(address, n, np.float64)

    def masks_at(address: int, n: int) -> np.ndarray:
        return _array(address, n, np.uint64)

    def lowest(mask: np.uint64) -> int:
        return (int(mask) & -int(mask)).bit_length() - 1

    def record(address: int, dtype: np.dtype) -> Any:
        return _array(address, 1, dtype).view(np.recarray)[0]

    def call(address: int, *arguments: int) -> int:
        return _functions[int(address)](*arguments)

    def barrier(counter: np.ndarray, goal: int) -> None:
        counter[0] += 1  # there is one thread only

    def prefetch(array: np.ndarray, first: int, last: int) -> None:
        pass

else:

    @intrinsic
    def _pointer(typingctx, address):
        def codegen(context, builder, signature, args):
            return builder.inttoptr(args[0], context.get_value_type(types.voidptr))

        return types.voidptr(types.int64), codegen

    @intrinsic
    def _call(typingctx, address, arguments):
        def codegen(context, builder, signature, args):
            word = ir.IntType(64)
            function = builder.inttoptr(args[0], ir.FunctionType(word, [word] * N_ARGUMENTS).as_pointer())
            return builder.call(function, [builder.extract_value(args[1], k) for k in range(N_ARGUMENTS)])

        return types.int64(types.int64, types.UniTuple(types.int64, N_ARGUMENTS)), codegen

    @intrinsic
    def _arrive(typingctx, address):
        def codegen(context, builder, signature, args):
            pointer = builder.inttoptr(args[0], ir.IntType(64).as_pointer())
            return builder.atomic_rmw("add", pointer, ir.Constant(ir.IntType(64), 1), "seq_cst")

        return types.int64(types.int64), codegen

    @intrinsic
    def _arrived(typingctx, address):
        def codegen(context, builder, signature, args):
            pointer = builder.inttoptr(args[0], ir.IntType(64).as_pointer())
            return builder.load_atomic(pointer, "seq_cst", 8)

        return types.int64(types.int64), codegen

    @intrinsic
    def _prefetch(typingctx, address):
        def codegen(context, builder, signature, args):
            byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
            kind = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
            fetch = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
            # To read, to be kept in all caches, data.
            builder.call(fetch, [builder.inttoptr(args[0], byte), *(ir.Constant(word, k) for k in (0, 3, 1))])
            return context.get_dummy_value()

        return types.none(types.int64), codegen

    @njit
    def prefetch(array, first, last):
        """Asks for the cache lines of array[first:last] ahead of their use."""
        base = array.ctypes.data
        for at in range(base + first * array.itemsize, base + last * array.itemsize, LINE):
            _prefetch(at)

    _yield_core = types.ExternalFunction("sched_yield", types.int32())

    @njit
    def int64s(address, n):
        """(n,) int64 at an address."""
        return carray(_pointer(address), n, np.int64)

    @njit
    def int32s(address, n):
        """(n,) int32 at an address."""
        return carray(_pointer(address), n, np.int32)

    @njit
    def int16s(address, n):
        """(n,) int16 at an address."""
        return carray(_pointer(address), n, np.int16)

    @njit
    def doubles(address, n):
        """(n,) float64 at an address."""
        return carray(_pointer(address), n, np.float64)

    @njit
    def masks_at(address, n):
        """(n,) uint64 at an address."""
        return carray(_pointer(address), n, np.uint64)

    @intrinsic
    def _trailing_zeros(typingctx, mask):
        def codegen(context, builder, signature, args):
            return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

        return types.int64(types.uint64), codegen

    @njit
    def lowest(mask):
        """The number of the lowest bit that is set; mask: uint64, not 0."""
        return _trailing_zeros(mask)

    @njit
    def record(address, dtype):
        """The record of a structured dtype at an address."""
        return carray(_pointer(address), 1, dtype)[0]

    @njit
    def call(address, *arguments):
        """Calls a kernel; see address_of."""
        return _call(np.int64(address), arguments)

    @njit
    def barrier(counter, goal):
        """Waits until `goal` arrivals have been counted in counter[0], this one included."""
        address = counter.ctypes.data
        _arrive(address)
        spins = 0
        while _arrived(address) < goal:
            spins += 1
            if spins > SPINS:
                _yield_core()
