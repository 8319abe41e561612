"""The compiler: quantise -> partition -> place -> route -> image, each a function from values to a new value.

Quantising comes first because nothing that follows may change a number; what it prunes (weights that round to zero) is
not mapped.
"""

from ..mapping import MappingOptions
from .compile import Compiled, Mapping, compile_network

__all__ = ["Compiled", "Mapping", "MappingOptions", "compile_network"]
