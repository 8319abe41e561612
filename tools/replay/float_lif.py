"""Cases of Lava's LIFRefractory, a model in plain floats, as cases of the chip's integers.

All numbers of these cases are whole, du and dv are 0 or 1, so the floats never round and nothing is ever lost to a decay.
The chip shifts inputs and thresholds left by 6: there u, v, bias and threshold are 64 times as large, all of them, and every
sum and comparison is the same. Nothing wraps or clips. A pause of p steps is the register p + 1 (facts/fixed_point.md
section 5). So the chip's u and v must be exactly 64 times the recorded ones, and its spikes the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroemu.chip import PROFILES, WEIGHT_ROUNDING, Arithmetic
from neuroemu.widths import DECAY_ONE, STATE_SHIFT, STATE_UNIT

from .cases import Case

EXACT = PROFILES["lava"]._replace(
    u_overflow=0, v_clip=0, decay_u_offset=0, decay_v_offset=0, weight_rounding=WEIGHT_ROUNDING["exact"]
)


def scaled(case: Case) -> tuple[Case, Arithmetic]:
    """The case in the chip's integers, of the family 'cuba', and its arithmetic. Raises ValueError where it is not exact."""
    groups = []
    for group in case["groups"]:
        known = {"name", "n", "bias", "vth", "refractory_period", "du", "dv", "model"}
        if set(group) - known:
            raise ValueError(f"group {group['name']} has {', '.join(set(group) - known)}, which are not replayed")
        groups.append(
            {
                "name": group["name"],
                "n": group["n"],
                "model": "lif",
                "du": _decay(group.get("du", 1)),
                "dv": _decay(group.get("dv", 0)),
                "vth_mant": _whole(group["vth"]),
                "bias_mant": _whole(group["bias"]),
                "bias_exp": STATE_SHIFT,
                "refractory": _whole(group["refractory_period"]) + 1,
            }
        )
    expected = {
        name: {
            key: table if key == "spikes" else (_whole(table) * STATE_UNIT).tolist()
            for key, table in tables.items()
            if key in ("u", "v", "spikes")
        }
        for name, tables in case["expected"].items()
    }
    connections = [{**given, "weights": _whole(given["weights"]).tolist()} for given in case["connections"]]
    made = {"family": "cuba", "arith": {"u0_decays": True}, "groups": groups, "expected": expected}
    return {**case, **made, "connections": connections}, EXACT


def _decay(fraction: float) -> int:
    if fraction not in (0, 1):
        raise ValueError(f"a decay of {fraction} rounds in floats otherwise than in integers")
    return int(fraction) * DECAY_ONE


def _whole(values: Any) -> np.ndarray:
    array = np.asarray(values, np.float64)
    if np.any(array % 1) or np.any(np.abs(array) >= 2**46):
        raise ValueError("the case holds numbers that are not whole, or too large to be exact")
    return array.astype(np.int64)
