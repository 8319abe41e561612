"""SANA-FE's LIF soma in plain floats, driven by recorded spikes: which neurons it updates in each step, and which fire.

neuroemu's own somas are integers, so what SANA-FE counts as an update cannot come from them (facts/sanafe_model.md, section 2).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

DEFAULTS = {
    "threshold": 0.0,
    "bias": 0.0,
    "leak_decay": 1.0,
    "input_decay": 0.0,
    "reset": 0.0,
    "reset_mode": "hard",
    "reverse_threshold": 0.0,
    "reverse_reset_mode": "none",
    "reverse_reset": 0.0,
    "refractory_delay": 0,
    "force_update": False,
}


class Driven(NamedTuple):
    """(steps, n) bool each.  updated: also those that fired.  fired: what the soma itself says, inputs as recorded."""

    updated: np.ndarray
    fired: np.ndarray


def parameters(groups: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    """(n,) of each of DEFAULTS, all neurons of all groups in order.  Raises ValueError where a parameter is not known."""
    rows = []
    for group in groups:
        overrides = group.get("overrides", {})
        for index in range(group["size"]):
            given = {**group["params"], **overrides.get(str(index), {})}
            if set(given) - set(DEFAULTS):
                raise ValueError(f"group {group['name']}: {', '.join(sorted(set(given) - set(DEFAULTS)))} is not known")
            rows.append({**DEFAULTS, **given})
    return {key: np.array([row[key] for row in rows]) for key in DEFAULTS}


def driven(
    groups: list[dict[str, Any]],
    is_input: np.ndarray,
    recorded: np.ndarray,
    synapses: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> Driven:
    """What the somas do when the recorded spikes arrive.

    is_input: (n,) bool.  recorded: (steps, n) bool.  synapses: source, target, weight of each; a step of delay.
    """
    p = parameters(groups)
    source, target, weight = synapses
    n = is_input.size
    u, v, paused = np.zeros(n), np.zeros(n), np.zeros(n)
    updated, fired = recorded.copy(), recorded.copy()
    for step in range(recorded.shape[0]):
        hit = np.flatnonzero(recorded[step - 1, source]) if step else np.empty(0, np.int64)
        arrived = np.bincount(target[hit], minlength=n) > 0
        charge = np.bincount(target[hit], weight[hit], minlength=n)
        updates = (v != 0) | arrived | (p["bias"] != 0) | p["force_update"]
        if step:
            u, v = u * p["input_decay"], v * p["leak_decay"]
        v = np.trunc(64 * v) / 64
        awake = paused == 0
        v = np.where(awake, v + p["bias"], v)
        u = np.where(awake, u + charge, u)
        v = np.where(awake, v + u, v)
        fires = awake & (v > p["threshold"])
        v = np.where(fires, _reset(v, p["reset_mode"], p["threshold"], p["reset"]), v)
        below = awake & (v < p["reverse_threshold"])
        v = np.where(below, _reset(v, p["reverse_reset_mode"], p["reverse_threshold"], p["reverse_reset"]), v)
        paused = np.maximum(np.where(fires, p["refractory_delay"], paused) - 1, 0)
        fired[step] = np.where(is_input, recorded[step], fires)
        updated[step] = np.where(is_input, recorded[step], updates | fires)
    return Driven(updated, fired)


def _reset(v: np.ndarray, mode: np.ndarray, threshold: np.ndarray, to: np.ndarray) -> np.ndarray:
    """v after a threshold was passed, in each neuron's mode."""
    return np.select([mode == "hard", mode == "soft", mode == "saturate"], [to, v - threshold, threshold], v)
