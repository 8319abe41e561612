"""Cases of golden/fixed_point of models other than LIF: one population, one spike source a port, every state recorded.

What arrives in step t is weights @ data[t - 1]: the weights are what Lava had stored and are taken as they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroemu.chip import PROFILES, WEIGHT_ROUNDING, Arithmetic
from neuroemu.compiler import compile_network
from neuroemu.connect import Connector, Sparse
from neuroemu.engine.run import Plan, run
from neuroemu.network import Network, Registers, Spikes, Values, WeightFormat
from neuroemu.widths import DECAY_ONE

from .cases import Case, chip_with, graded_spikes, state_difference, switches_of

_ONE = {"in": ("weights", "data")}
_COMPLEX = {"re": ("weights_re", "data_re"), "im": ("weights_im", "data_im")}
_TWO = {"first": ("weights1", "data1"), "second": ("weights2", "data2")}
PORTS = {
    "atrlif": _ONE,
    "sigma_delta": _ONE,
    "delta": _ONE,
    "graded_vec": _ONE,
    "graded_relu_vec": _ONE,
    "rf": _COMPLEX,
    "rf_iz": _COMPLEX,
    "rf_zero": {"u": ("weights_u", "data_u"), "v": ("weights_v", "data_v")},
    "prod_neuron": _TWO,
    "norm_vec_delay": _TWO,
}
"""By family, which is also the model: for each port the keys of its weights and of what is sent."""

FAMILIES = (*PORTS, "conv")
GRADED = WeightFormat(message_bits=32, clip=True)
STATES = {"s2_out": "s2", "a_out": "a"}
"""The names of recorded states, where they are not those of the model's."""


def replay_family(case: Case) -> str:
    """'' if every recorded state and spike is the same, else what differs first."""
    if case["family"] == "conv":
        return _replay_conv(case)
    network, inputs = Network(), {}
    for port, (weights, data) in PORTS[case["family"]].items():
        network = network.population(port, np.shape(case[weights])[1], Spikes(port))
        inputs[port] = case[data]
    first = next(iter(PORTS[case["family"]].values()))[0]
    network = network.population("cells", np.shape(case[first])[0], Registers(case["family"], registers(case)))
    for port, (weights, _) in PORTS[case["family"]].items():
        network = network.connect(port, "cells", _stored(case[weights]), GRADED, port=port)
    return _replay(network, inputs, case["steps"], case["expected"], exact(switches_of(case["arith"])))


def exact(arithmetic: Arithmetic) -> Arithmetic:
    """The same switches, but weights as they are given."""
    return arithmetic._replace(weight_rounding=WEIGHT_ROUNDING["exact"], weight_limit_bits=0)


def _stored(weights: Any) -> Sparse:
    """A connector of stored weights, (to, from)."""
    matrix = np.asarray(weights)
    if np.any(matrix % 1) or np.any(np.abs(matrix) >= 2**15):
        raise ValueError("weights that are no whole numbers of 16 bits, which the synapses store")
    post, pre = np.nonzero(matrix)
    return Sparse(pre, post, matrix[post, pre])


def _replay(network: Network, inputs: dict[str, Any], steps: int, expected: Case, arithmetic: Arithmetic) -> str:
    """Runs a network with the one population 'cells' and compares everything that was recorded of it."""
    for data in inputs.values():
        if np.any(np.asarray(data) % 1) or np.any(np.abs(np.asarray(data, np.float64)) >= 2**31):
            raise ValueError("payloads that are no whole numbers of 32 bits, which messages carry")
    states = {key: STATES.get(key, key) for key in expected if key not in ("spikes", "s_out")}
    for name in states.values():
        network = network.probe("cells", name)
    image = compile_network(network, chip_with(arithmetic)).image
    sent = {name: graded_spikes(data) for name, data in inputs.items()}
    traces, _ = run(image, Plan(steps, 1, 0, sent, {}, network.probes))
    n = int(image.blocks.size[0])
    for key, name in states.items():
        table = {key: np.reshape(expected[key], (steps, n))}
        difference = state_difference(key, traces.states["cells", name], table)
        if difference:
            return difference
    step, index, payload = traces.of(0, n)
    if "s_out" in expected:
        found = np.zeros((steps, n), np.int64)
        found[step - 1, index] = payload
        difference = state_difference("s_out", found, expected)
        if difference:
            return difference
    if "spikes" in expected:
        listed = {tuple(int(x) for x in spike) for spike in expected["spikes"]}
        ours = set(zip(step.tolist(), index.tolist(), strict=True))
        if listed != ours or np.any(payload != 1):
            return f"spikes differ, first {min(listed ^ ours, default=())} ({len(listed)} expected, {len(ours)})"
    return ""


# ---- registers -----------------------------------------------------------------------------------------------------


def registers(case: Case) -> dict[str, Values]:
    """The registers of a case's compartments, by the names of the model's fields."""
    family, params = case["family"], case.get("params", {})
    if family == "atrlif":
        return _atrlif(case, params)
    fields: dict[str, Any] = {
        "rf": ("sin_decay", "cos_decay", "vth", "state_exp", "decay_bits"),
        "rf_iz": ("sin_decay", "cos_decay", "vth", "state_exp", "decay_bits"),
        "rf_zero": ("lst", "lct", "uth"),
        "sigma_delta": ("vth", "bias"),
        "prod_neuron": ("vth", "exp"),
    }
    values = {key: _column(case[key]) for key in fields.get(family, ("vth",))}
    if family in ("sigma_delta", "delta"):
        values |= {"cum_error": int(params["cum_error"]), "state_exp": params["state_exp"]}
    if family == "sigma_delta":
        values["relu"] = {"relu": 1, "unit": 0}[params["act_mode"]]
    if family == "delta":
        values["spike_exp"] = params["spike_exp"]
    return values


def _atrlif(case: Case, params: Case) -> dict[str, Values]:
    """delta_*: fractions, as registers in 1/4096; what is none of its multiples has no register."""
    values = {key: _column(params[key]) for key in ("theta_0", "theta_step")}
    values |= {"bias": _column(case.get("bias_mant", 0)), "bias_exponent": _column(case.get("bias_exp", 0))}
    for name in ("i", "v", "theta", "r"):
        register = params.get("delta_x4096", {}).get(f"delta_{name}", params[f"delta_{name}"] * DECAY_ONE)
        if register % 1:
            raise ValueError(f"delta_{name} is {params[f'delta_{name}']}, no multiple of 1/{DECAY_ONE}")
        values[f"decay_{name}"] = int(register)
    return values


def _column(value: Any) -> Values:
    return np.ravel(value) if isinstance(value, (list, np.ndarray)) else value


# ---- convolution ---------------------------------------------------------------------------------------------------


def _replay_conv(case: Case) -> str:
    """A convolution through graded synapses onto compartments that pass on what arrives.

    Lava wraps the result to 24 bits: so does an input accumulator of 24 bits.
    """
    data = np.asarray(case["data"])
    connector, shape = convolution(
        data.shape[1:],
        np.asarray(case["weight"]),
        _pair(case.get("stride", 1)),
        _pair(case.get("padding", 0)),
        _pair(case.get("dilation", 1)),
        case.get("groups", 1),
    )
    if shape != np.shape(case["expected"]["a_out"])[1:]:
        return f"the output has the shape {list(shape)}, expected {list(np.shape(case['expected']['a_out'])[1:])}"
    network = (
        Network()
        .population("image", int(np.prod(data.shape[1:])), Spikes("image"))
        .population("cells", int(np.prod(shape)), Registers("graded_vec"))
        .connect("image", "cells", connector, GRADED)
    )
    inputs = {"image": data.reshape(case["steps"], -1)}
    arithmetic = exact(PROFILES["lava"]._replace(q_bits=24))
    return _replay(network, inputs, case["steps"], case["expected"], arithmetic)


def _pair(value: Any) -> tuple[int, int]:
    x, y = np.broadcast_to(value, (2,)).tolist()
    return x, y


def convolution(
    given: tuple[int, ...],
    weight: np.ndarray,
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
    groups: int = 1,
) -> tuple[Connector, tuple[int, int, int]]:
    """A true convolution as a list of synapses, and the shape of its output; layouts are (x, y, channel), in C order.

    weight: (out, x, y, in / groups).  out[x, y, o] = sum over i, j, c of weight[o, i, j, c] times
    given[x sx + (nx - 1 - i) dx - px, y sy + (ny - 1 - j) dy - py, c of o's group]; outside of the given it is 0.
    """
    outs, nx, ny, channels = weight.shape
    shape = tuple(
        (size + 2 * pad - reach * (n - 1) - 1) // step + 1
        for size, pad, reach, n, step in zip(given[:2], padding, dilation, (nx, ny), stride, strict=True)
    )
    to = (*shape, outs)
    x, y, o, i, j, c = (index.ravel() for index in np.indices((*to, nx, ny, channels)))
    from_x = x * stride[0] + (nx - 1 - i) * dilation[0] - padding[0]
    from_y = y * stride[1] + (ny - 1 - j) * dilation[1] - padding[1]
    channel = o // (outs // groups) * channels + c
    inside = (from_x >= 0) & (from_x < given[0]) & (from_y >= 0) & (from_y < given[1])
    matrix = np.zeros((int(np.prod(to)), int(np.prod(given))), weight.dtype)
    pre = np.ravel_multi_index((from_x[inside], from_y[inside], channel[inside]), given)
    post = np.ravel_multi_index((x[inside], y[inside], o[inside]), to)
    matrix[post, pre] = weight[o, i, j, c][inside]
    return _stored(matrix), (shape[0], shape[1], outs)
