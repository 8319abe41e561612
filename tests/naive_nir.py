"""Plain-Python twins of NIR's linear nodes, by their definitions, and of one step of its neurons: written to be read."""

from __future__ import annotations

import itertools
import math


def convolution(x, weight, bias, stride, padding, dilation, groups):
    """Cross-correlation of nested lists.  x: [channel][position], weight: [out][in / groups][kernel] as numpy arrays.

    Any number of directions; padding: (before, after) in each.
    """
    out, inner, *kernel = weight.shape
    space = x.shape[1:]
    places = [
        (size + sum(p) - d * (k - 1) - 1) // s + 1
        for size, p, d, k, s in zip(space, padding, dilation, kernel, stride, strict=True)
    ]
    y = {}
    for o in range(out):
        for place in itertools.product(*map(range, places)):
            total = bias[o]
            for c in range(inner):
                for offset in itertools.product(*map(range, kernel)):
                    at = [
                        p * s + k * d - b
                        for p, s, k, d, (b, _) in zip(place, stride, offset, dilation, padding, strict=True)
                    ]
                    if all(0 <= a < size for a, size in zip(at, space, strict=True)):
                        total += weight[(o, c, *offset)] * x[(o // (out // groups) * inner + c, *at)]
            y[(o, *place)] = total
    return y, (out, *places)


def pooled(x, kernel, stride, padding, mean):
    """Sums, or means over whole kernels (what lies outside counts as 0), of x[channel][row][column]."""
    channels, *space = x.shape
    places = [(size + 2 * p - k) // s + 1 for size, p, k, s in zip(space, padding, kernel, stride, strict=True)]
    y = {}
    for c in range(channels):
        for place in itertools.product(*map(range, places)):
            total = 0.0
            for offset in itertools.product(*map(range, kernel)):
                at = [p * s + k - b for p, s, k, b in zip(place, stride, offset, padding, strict=True)]
                if all(0 <= a < size for a, size in zip(at, space, strict=True)):
                    total += x[(c, *at)]
            y[(c, *place)] = total / math.prod(kernel) if mean else total
    return y, (channels, *places)


def euler_lif(
    inputs, dt, tau, r, v_leak, threshold, v_reset, tau_syn=None, w_in=1.0, subtract=False, current_first=True
):
    """(spiked, v) by step of one LIF or CubaLIF of NIR's equations in forward Euler, reset at once."""
    v, i, found = v_leak, 0.0, []
    for x in inputs:
        before = i
        i = x if tau_syn is None else (1 - dt / tau_syn) * i + (w_in * dt / tau_syn) * x
        v = v + dt / tau * ((v_leak - v) + r * (i if current_first else before))
        spiked = v > threshold
        if spiked:
            v = v - (threshold - v_reset) if subtract else v_reset
        found.append((spiked, v))
    return found


def snntorch(inputs, beta, threshold, alpha=None, subtract=True, late=True, weight_back=None):
    """(spiked, v) by step of one neuron of snnTorch: Leaky, Synaptic with alpha, and their recurrent kin with a weight back.

    A late reset takes place in the step after the spike: Leaky to zero forgets v and keeps the step's input, the others to
    zero lose that, too. A reset at once takes place in the step of the spike, unless the late one already did.
    """
    v = i = 0.0
    spiked, found = False, []
    for x in inputs:
        reset = v > threshold
        back = 0.0 if weight_back is None else weight_back * spiked
        i = alpha * i + x + back if alpha is not None else x + back
        plain_leaky = alpha is None and weight_back is None
        if reset and not subtract:  # noqa: SIM108 - to be read row by row
            v = i if plain_leaky else 0.0
        else:
            v = beta * v + i - (threshold if reset else 0.0)
        spiked = v > threshold
        if not late and spiked != reset:
            if subtract:  # noqa: SIM108
                v = v - threshold if spiked else v + threshold
            else:
                v = 0.0 if spiked else 2 * v
        found.append((spiked, v))
    return found


def norse(inputs, rate, threshold, v_leak=0.0, v_reset=0.0, rate_syn=None, weight_back=None):
    """(spiked, v) by step of one LIFBox of Norse, or LIF with rate_syn: the current jumps, the potential uses it, it decays."""
    v, i, spiked, found = v_leak, 0.0, False, []
    for x in inputs:
        x = x + (0.0 if weight_back is None else weight_back * spiked)
        i = x if rate_syn is None else i + x
        v = v + rate * ((v_leak - v) + i)
        i = 0.0 if rate_syn is None else i - rate_syn * i
        spiked = v > threshold
        if spiked:
            v = v_reset
        found.append((spiked, v))
    return found
