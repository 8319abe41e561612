"""Widths and units that are the same on every chip. Apart from fixedpoint.py, so that reading them loads no numba."""

DECAY_BITS = 12
DECAY_ONE = 1 << DECAY_BITS  # 4096: the decay that forgets everything
STATE_SHIFT = 6  # weights and thresholds are stored in units of 2**6
STATE_UNIT = 1 << STATE_SHIFT
LANES = 64  # compartments that lie together in memory, field by field, and sleep together
EVERY_LANE = (1 << LANES) - 1  # a bit each
