"""Neurons of a graph in steps: what one time step of each does, as numbers that the float run and the chip share.

    i = (1 - b) i + q x;  v = (1 - a) v + a v_leak + g i;  spike if v > threshold; then v = v_reset, or v -= threshold

| NIR | a | g | b | q |
| --- | --- | --- | --- | --- |
| LIF, LI | dt/tau | a r | - (i = x) | 1 |
| CubaLIF, CubaLI | dt/tau_mem | a r | dt/tau_syn | b w_in; Norse adds x as it is |
| IF, I | 0 | r, in a step | - | 1 |
| LIF of snnTorch with a beta of 1: tau and r are inf | 0 | 1 | - | 1 |
| Threshold | 1 | 1 | - | 1 |
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import Problem
from .graph import SPIKING, Graph, Node
from .notes import Note
from .origin import Origin


@dataclass(frozen=True)
class Neuron:
    """form: whose order of operations ('snntorch', 'norse', 'nir').  reset, reset_delay, current_first: as in Origin.

    leak, gain, v_leak, threshold, v_reset: (n,) float64, a, g and so on; threshold inf never spikes.
    syn_leak, syn_gain: (n,), or None where the current has no memory.
    recurrent: whether its own spikes come back to it.  start: (n,) v before step 1.  dtype: what the framework computes in.
    """

    form: str
    spikes: bool
    leak: np.ndarray
    gain: np.ndarray
    syn_leak: np.ndarray | None
    syn_gain: np.ndarray | None
    v_leak: np.ndarray
    threshold: np.ndarray
    v_reset: np.ndarray
    start: np.ndarray
    reset: str
    reset_delay: bool
    current_first: bool
    recurrent: bool
    dtype: np.dtype


def neuron_of(
    name: str, node: Node, origin: Origin, recurrent: bool, dtype: np.dtype, problems: list[Problem], notes: list[Note]
) -> Neuron:
    """What a step of a node does. Notes what the file's numbers cannot mean, and what is assumed of them."""
    n, zeros = node.size, np.zeros(node.size)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):  # inf times 0 is looked at below
        leak, syn_leak, syn_gain = zeros, None, None
        if "tau" in node.given or "tau_mem" in node.given:
            leak = _rate(node, "tau" if "tau" in node.given else "tau_mem", origin, dtype)
        gain = node.numbers("r") * (leak if "v_leak" in node.given else 1.0) if "r" in node.given else np.ones(n)
        if "tau_syn" in node.given:
            syn_leak = _rate(node, "tau_syn", origin, dtype)
            syn_gain = node.numbers("w_in") * (1.0 if origin.framework == "norse" else syn_leak)
    if node.kind == "Threshold":
        leak = np.ones(n)
    if node.kind in ("IF", "I"):
        notes.append(Note("assumed", name, "r is what an input of 1 adds to v in a step, whatever the step's length"))
    if origin.framework == "snntorch":  # r and w_in are there to undo tau, up to rounding
        gain = _undone(node, "r", gain, leak)
        syn_gain = None if syn_gain is None or syn_leak is None else _undone(node, "w_in", syn_gain, syn_leak)
    for field, factor in (("r", gain), ("w_in", syn_gain)):
        if field in node.given and factor is not None:
            _check_factor(name, field, node.numbers(field), factor, problems)
    spikes = node.kind in SPIKING
    key = "threshold" if node.kind == "Threshold" else "v_threshold"
    v_reset = node.numbers("v_reset") if node.given.get("v_reset") is not None else zeros
    v_leak = node.numbers("v_leak") if "v_leak" in node.given else zeros
    for field, rate in (("tau", leak), ("tau_mem", leak), ("tau_syn", syn_leak)):
        if field in node.given and rate is not None:
            _check_rate(name, field, node.numbers(field), rate, origin, problems)
    immediate = node.kind == "Threshold"  # nothing stays to be reset
    return Neuron(
        form=origin.framework,
        spikes=spikes,
        leak=leak,
        gain=gain,
        syn_leak=syn_leak,
        syn_gain=syn_gain,
        v_leak=v_leak,
        threshold=node.numbers(key) if spikes else np.full(n, np.inf),
        v_reset=v_reset,
        start=_start(node, origin, v_leak),
        reset="zero" if immediate else origin.reset,
        reset_delay=origin.reset_delay and not immediate,
        current_first=origin.current_first or origin.framework != "nir" or syn_leak is None,
        recurrent=recurrent,
        dtype=dtype,
    )


def _undone(node: Node, key: str, gain: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """(n,) a gain, 1 where a factor undoes its time constant; both are inf where nothing decays, a beta or alpha of 1."""
    factor = node.numbers(key) if key in node.given else np.ones(node.size)
    return np.where((np.abs(gain - 1) < 1e-4) | (np.isposinf(factor) & (rate == 0)), 1.0, gain)


def _start(node: Node, origin: Origin, v_leak: np.ndarray) -> np.ndarray:
    """(n,) v before step 1: what convert.py wants, 0 in snnTorch, at rest in the others."""
    if "start" in node.given:
        return node.numbers("start")
    return np.zeros(node.size) if origin.framework == "snntorch" else v_leak


def _rate(node: Node, key: str, origin: Origin, dtype: np.dtype) -> np.ndarray:
    """(n,) dt / tau as the framework gets it, in float64.

    Norse divides dt by what it wrote to have tau_inv again, and multiplies by dt, all in float32. snnTorch divided dt by
    1 - beta in the type of the file, so the same dt gives 1 - beta back.
    """
    tau_s = node.numbers(key)
    if origin.framework == "norse":
        dt = dtype.type(origin.dt_s)
        if np.isclose(origin.tau_scale * origin.dt_s, 1.0):
            inverse = dt / tau_s.astype(dtype)
        else:
            inverse = dtype.type(1) / (tau_s * origin.tau_scale).astype(dtype)
        return (dt * inverse).astype(np.float64)
    if origin.framework == "snntorch" and origin.tau_scale == 1.0 and np.asarray(node.given[key]).dtype == np.float32:
        return float(np.float32(origin.dt_s)) / tau_s
    return origin.dt_s / (tau_s * origin.tau_scale)


def _check_factor(name: str, key: str, factor: np.ndarray, gain: np.ndarray, problems: list[Problem]) -> None:
    """factor: as the file has it.  gain: what it makes of an input."""
    wrong = ~(np.isfinite(factor) | np.isfinite(gain))
    if np.any(wrong):
        what = f"{key} is {factor[wrong][0]}: what an input adds in a step cannot be told"
        problems.append(Problem(what, path=name, allowed="finite numbers", remedy="an IF or I for what never leaks"))


def _check_rate(
    name: str, key: str, tau_s: np.ndarray, rate: np.ndarray, origin: Origin, problems: list[Problem]
) -> None:
    """tau_s: as the file has it."""
    wrong = ~((rate >= 0) & (rate <= 1 + 1e-6))
    if np.any(wrong):
        scaled = "" if origin.tau_scale == 1.0 else f" times {origin.tau_scale:g}"
        problems.append(
            Problem(
                f"{key} is {tau_s[wrong][0]:.3g} s{scaled}, shorter than the step of {origin.dt_s:.3g} s: v would swing "
                "instead of leaking",
                path=name,
                allowed="time constants of at least a step",
                remedy="origin: {dt: ...} as the network was trained with, or tau_scale if the exporter wrote it wrong",
            )
        )


def float_type(graph: Graph, origin: Origin) -> np.dtype:
    """What the network is computed in: float32 by torch; else the widest of the weights of the file."""
    if origin.framework in ("snntorch", "norse"):
        return np.dtype(np.float32)
    kinds = [np.asarray(node.given["weight"]).dtype for node in graph.nodes.values() if "weight" in node.given]
    wide = [kind for kind in kinds if kind.kind == "f"]
    return np.result_type(np.float32, *wide) if wide else np.dtype(np.float64)
