"""Surprises: what is lawful in a program and may not be what was meant, each a sentence with a count.

Known before anything runs: `check` says them, and the report of a run repeats them.
"""

from __future__ import annotations

import numpy as np

from .compiler.quantise import Rounding
from .encode import Latency, Span
from .program import Program, SpikesInput, ValuesInput


def surprises(program: Program, rounding: Rounding) -> list[str]:
    """rounding: what mapping the program found."""
    return [f"Warning: {what}." for what in [*_inputs(program), *_connections(rounding)]]


def _inputs(program: Program) -> list[str]:
    found = []
    for name, given in program.inputs.items():
        if isinstance(given, SpikesInput):
            late = int(np.count_nonzero(given.step > program.steps))
            if late:
                found.append(
                    f"input '{name}': {late} of {given.step.size} spikes lie after the last step and were not sent"
                )
        if isinstance(given, ValuesInput) and isinstance(given.encoder, Latency):
            found += [f"input '{name}': {what}" for what in _times(program, given, given.encoder)]
    return found


def _times(program: Program, given: ValuesInput, encoder: Latency) -> list[str]:
    """What of the values never spikes, or too late."""
    step_ms, n = program.network.step_ms, given.values.size
    span = Span(1, program.steps, 1, program.steps, step_ms, 0, 0)
    times = encoder.times_ms(given.values, span)
    negative = int(np.count_nonzero(given.values < 0))
    late = int(np.count_nonzero(np.isfinite(times) & (np.floor(times / step_ms + 1e-9) >= program.steps)))
    found = [f"{negative} of {n} values are below 0 and never spike"] if negative else []
    return found + ([f"{late} of {n} values would spike after the last step and do not"] if late else [])


def _connections(rounding: Rounding) -> list[str]:
    """Those that carry nothing."""
    found = []
    for name, synapses in rounding.silent.items():
        which = f"all its {synapses:,} synapses have" if synapses > 1 else "its only synapse has"
        what = f"{which} the weight 0 on the chip" if synapses else "it has no synapse (weights of 0 make none)"
        found.append(f"connection '{name}': {what}, so it does nothing")
    return found
