"""First: where two runs part."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class First:
    """step: from 1, over all samples.  what: 'spikes', 'payload' of a spike that both have, the name of a state, 'steps' where
    one is shorter; of synapses 'weight', 'tag', 'delay', 'pre', 'post', or 'synapses' where one has more.

    of: population, spike source or connection.  index: of the compartment or synapse.  one, other: values.
    """

    step: int
    what: str
    of: str
    index: int
    one: float
    other: float
