"""Small random networks for properties: hypothesis strategies over what a user could write in registers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from neuroemu.chip import PROFILES, Chip
from neuroemu.connect import Sparse
from neuroemu.network import LifRegisters, Network, Noise, Spikes, WeightFormat

STEPS = 24


@st.composite
def arithmetics(draw):
    """Any switch setting, starting from any profile."""
    profile = PROFILES[draw(st.sampled_from(sorted(PROFILES)))]
    return profile._replace(
        q_bits=draw(st.sampled_from([0, 22])),
        u_overflow=draw(st.sampled_from([0, 1, 2])),
        bias_overflow=draw(st.sampled_from([0, 1])),
        v_clip=draw(st.sampled_from([0, 1])),
        exponent_stage=draw(st.sampled_from([0, 1])),
    )


def _ints(draw, n, low, high):
    return np.array(draw(st.lists(st.integers(low, high), min_size=n, max_size=n)), np.int64)


@st.composite
def models(draw, n):
    """A LIF population of n compartments, registers anywhere in their ranges."""
    noise = None
    if draw(st.integers(0, 3)) == 0:
        enable = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
        noise = Noise(draw(st.integers(1, 16)), draw(st.integers(-4, 4)), draw(st.booleans()), enable)
    return LifRegisters(
        decay_u=_ints(draw, n, 0, 4095),
        decay_v=_ints(draw, n, 0, 4095),
        threshold=_ints(draw, n, 0, draw(st.sampled_from([20, 2000, 131071]))),
        threshold_low=_ints(draw, n, -2000, 0) if draw(st.booleans()) else None,
        bias=_ints(draw, n, -4096, 4095) if draw(st.booleans()) else 0,
        bias_exponent=draw(st.integers(0, 7)),
        refractory=draw(st.integers(1, 8)),
        u=_ints(draw, n, -(2**23), 2**23) if draw(st.booleans()) else 0,
        v=_ints(draw, n, -(2**22), 2**22) if draw(st.booleans()) else 0,
        v_min=draw(st.sampled_from([None, 0, -5000])),
        reset_interval=draw(st.sampled_from([0, 0, 5])),
        reset_offset=draw(st.integers(0, 7)),
        noise=noise,
    )


@st.composite
def networks(draw):
    """One spike source, one to three populations, one to five projections of every format, delays up to 9 steps."""
    network = Network().population("in", draw(st.integers(1, 4)), Spikes("in"))
    for k in range(draw(st.integers(1, 3))):
        n = draw(st.integers(1, 7))
        network = network.population(f"p{k}", n, draw(models(n)))
    on_chip = [population.name for population in network.on_chip]
    for _ in range(draw(st.integers(1, 5))):
        source, target = draw(st.sampled_from(network.names())), draw(st.sampled_from(on_chip))
        n = draw(st.integers(0, 20))
        mode = draw(st.sampled_from(["mixed", "excitatory", "inhibitory"]))
        low, high = {"mixed": (-256, 255), "excitatory": (0, 255), "inhibitory": (-255, 0)}[mode]
        connector = Sparse(
            _ints(draw, n, 0, network[source].size - 1),
            _ints(draw, n, 0, network[target].size - 1),
            _ints(draw, n, low, high).astype(float),
            _ints(draw, n, 0, draw(st.sampled_from([0, 9]))),
        )
        format = WeightFormat(
            draw(st.sampled_from([1, 2, 4, 6, 8])), draw(st.integers(-8, 7)), mode, draw(st.sampled_from([0, 2]))
        )
        network = network.connect(source, target, connector, format)
    return network


@st.composite
def spike_trains(draw, network):
    """{step: [channels]} of the network's one spike source."""
    n = network["in"].size
    pairs = draw(st.sets(st.tuples(st.integers(1, STEPS), st.integers(0, n - 1)), max_size=40))
    trains: dict[int, list[int]] = {}
    for step, channel in sorted(pairs):
        trains.setdefault(step, []).append(channel)
    return trains


class Listed:
    """A host input from {step: [channels]}."""

    def __init__(self, trains):
        self.trains = trains

    def events(self, first_step, n_steps):
        rows = [
            (s - first_step, c) for s, cs in self.trains.items() for c in cs if first_step <= s < first_step + n_steps
        ]
        table = np.array(sorted(rows), np.int64).reshape(-1, 2)
        return table[:, 0], table[:, 1]


def with_arithmetic(chip: Chip, arithmetic) -> Chip:
    """The chip with other switches, and room for random networks."""
    return replace(roomy(chip), arithmetic=arithmetic)


def roomy(chip: Chip) -> Chip:
    """The chip with no limit of configurations: random networks have many."""
    counted = {name: None for name in ("compartment_configs", "threshold_configs", "synapse_formats")}
    return replace(chip, core=replace(chip.core, **counted))
