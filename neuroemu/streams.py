"""Names of random streams as numbers. Apart from rng.py, so that naming one does not load numba."""

from __future__ import annotations

import zlib


def stream(purpose: str, owner: str) -> int:
    """The 32-bit number of a stream, from its names alone: adding a population moves nobody else's draws."""
    return zlib.crc32(f"{purpose}:{owner}".encode())
