"""Learning rules: their language, what they are compiled to, and what a chip can make of them."""

from .rule import Rule, parse
from .settings import DIALECTS, Dialect, Learning, Trace, learning

__all__ = ["DIALECTS", "Dialect", "Learning", "Rule", "Trace", "learning", "parse"]
