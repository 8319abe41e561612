"""One time step of a neuron in floats, operation by operation as its framework has them.

Arrays are (n, batch) in the framework's float type; every operation is rounded by itself, as torch does it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..nir_io.neurons import Neuron


class State(NamedTuple):
    """v, i: potential and current.  spiked: (n, batch) whether it spiked in the last step."""

    v: np.ndarray
    i: np.ndarray
    spiked: np.ndarray


class Terms(NamedTuple):
    """The numbers of a neuron as (n, 1) columns of its float type.  Names as in Neuron; keep = 1 - leak."""

    keep: np.ndarray
    leak: np.ndarray
    gain: np.ndarray
    resistance: np.ndarray
    syn_keep: np.ndarray
    syn_leak: np.ndarray
    syn_gain: np.ndarray
    v_leak: np.ndarray
    threshold: np.ndarray
    v_reset: np.ndarray


def terms_of(neuron: Neuron) -> Terms:
    """The numbers of a neuron, rounded once to its float type."""
    ones = np.ones(neuron.leak.size)
    syn_leak = ones if neuron.syn_leak is None else neuron.syn_leak
    syn_gain = ones if neuron.syn_gain is None else neuron.syn_gain
    with np.errstate(divide="ignore", invalid="ignore"):
        resistance = np.where(neuron.leak > 0, neuron.gain / neuron.leak, neuron.gain)
    columns = (
        1.0 - neuron.leak,
        neuron.leak,
        neuron.gain,
        np.where(np.abs(resistance - 1) < 1e-12, 1.0, resistance),
        1.0 - syn_leak,
        syn_leak,
        syn_gain,
        neuron.v_leak,
        neuron.threshold,
        neuron.v_reset,
    )
    return Terms(*(column.astype(neuron.dtype)[:, None] for column in columns))


def start(neuron: Neuron, batch: int) -> State:
    """Before step 1."""
    v = np.repeat(neuron.start.astype(neuron.dtype)[:, None], batch, axis=1)
    return State(v, np.zeros_like(v), np.zeros(v.shape, bool))


def step(neuron: Neuron, terms: Terms, state: State, x: np.ndarray, back: np.ndarray | None) -> State:
    """The state after one step.  x: input of this step; back: what comes back from its own last spikes, or None."""
    return FORMS[neuron.form](neuron, terms, state, x, back)


def _snntorch(neuron: Neuron, t: Terms, state: State, x: np.ndarray, back: np.ndarray | None) -> State:
    """Leaky, RLeaky, Synaptic and RSynaptic of snnTorch 1.0.0: beta v + I, and both kinds of reset at both times."""
    one = t.keep.dtype.type(1)
    over = _over(state.v, t)  # this step's late reset: v was above the threshold at the end of the last
    i, v = state.i, state.v
    if neuron.syn_leak is not None:
        i = t.syn_keep * i + _times(t.syn_gain, x)
        i = i if back is None else i + _times(t.syn_gain, back)
        base = t.keep * v + _times(t.gain, i)
    else:
        only_v = neuron.reset == "zero" and back is None
        v = (one - over) * v if only_v else v  # Leaky keeps the input of the step, the others lose it
        base = t.keep * v + _times(t.gain, x)
        base = base if back is None else base + _times(t.gain, back)
    if np.any(t.v_leak):
        base = base + t.leak * t.v_leak
    if neuron.reset == "subtract":
        base = base - over * t.threshold
    elif neuron.syn_leak is not None or back is not None:
        base = base - over * base
    if not neuron.spikes:
        return State(base, i, state.spiked)
    spiked = _over(base, t)
    if not neuron.reset_delay:
        due = spiked - over
        base = base - due * (t.threshold if neuron.reset == "subtract" else base)
    return State(base, i, spiked > 0)


def _norse(neuron: Neuron, t: Terms, state: State, x: np.ndarray, back: np.ndarray | None) -> State:
    """LIFBoxCell, LIFCell, LIBoxCell and LICell of Norse 1.1.0: dv = dt tau_inv ((v_leak - v) + i)."""
    after = state.i
    if neuron.syn_leak is None:
        i = x if back is None else x + back
    else:
        i = state.i + _times(t.syn_gain, x)  # jumps, is used, then decays
        i = i if back is None else i + _times(t.syn_gain, back)
        after = i + (-t.syn_leak) * i
    v = _euler(neuron, t, state.v, i)
    if not neuron.spikes:
        return State(v, after, state.spiked)
    spiked = _over(v, t)
    one = t.keep.dtype.type(1)
    return State((one - spiked) * v + spiked * t.v_reset, after, spiked > 0)


def _nir(neuron: Neuron, t: Terms, state: State, x: np.ndarray, back: np.ndarray | None) -> State:
    """Forward Euler of NIR's equations. Our choice: a late reset happens before the leak of the next step."""
    x = x if back is None else x + back
    v = state.v
    if neuron.reset_delay:
        v = np.where(state.spiked, _after(neuron, t, v), v)
    i = x
    if neuron.syn_leak is not None:
        i = t.syn_keep * state.i + _times(t.syn_gain, x)
    v = _euler(neuron, t, v, i if neuron.current_first else state.i)
    if not neuron.spikes:
        return State(v, i, state.spiked)
    spiked = v > t.threshold
    if not neuron.reset_delay:
        v = np.where(spiked, _after(neuron, t, v), v)
    return State(v, i, spiked)


def _euler(neuron: Neuron, t: Terms, v: np.ndarray, i: np.ndarray) -> np.ndarray:
    if not np.any(neuron.leak):
        return v + _times(t.gain, i)
    return v + t.leak * ((t.v_leak - v) + _times(t.resistance, i))


def _after(neuron: Neuron, t: Terms, v: np.ndarray) -> np.ndarray:
    """v once it is reset."""
    return t.v_reset if neuron.reset == "zero" else v - (t.threshold - t.v_reset)


def _over(v: np.ndarray, t: Terms) -> np.ndarray:
    """1 where v is above the threshold, else 0, in the float type. The difference is taken first, as torch does."""
    return ((v - t.threshold) > 0).astype(v.dtype)


def _times(factor: np.ndarray, x: np.ndarray) -> np.ndarray:
    """x where the factor is 1, so that nothing is rounded twice."""
    return x if np.all(factor == 1) else factor * x


FORMS: dict[str, Callable[[Neuron, Terms, State, np.ndarray, np.ndarray | None], State]] = {
    "snntorch": _snntorch,
    "norse": _norse,
    "nir": _nir,
}
