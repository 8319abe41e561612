"""Compartment models, one file each: what a compartment remembers, what it can be told, and one step of its arithmetic.

Nothing here loads numba: `update` is plain Python on integers, which the engine compiles when it runs (engine/specialised.py).
`find(name)` gives a model that comes along, one of an installed package (entry point neuroemu.compartments), or one of a file.
"""

from __future__ import annotations

from .fingerprint import fingerprint
from .registry import BUILT_IN, find, is_built_in, names
from .table import Field, Model, Now, table

__all__ = ["BUILT_IN", "Field", "Model", "Now", "find", "fingerprint", "is_built_in", "names", "table"]
