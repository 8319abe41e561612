"""Compiled images kept on disk, so that the same network on the same chip is mapped once.

key.py says what decides an image, container.py writes values and arrays into one file and maps them back, folder.py keeps the
files, as many as fit.
"""

from __future__ import annotations

from .folder import compiled

__all__ = ["compiled"]
