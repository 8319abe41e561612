"""What a network in floats cannot have: populations that are given by the chip's registers, and spikes with payloads."""

from __future__ import annotations

from .errors import Problem
from .network import Lif, Network


def problems(network: Network, graded: list[str], remedy: str = "") -> list[Problem]:
    """Why the network has no float twin; one from NIR runs in its framework's floats instead.

    graded: sources whose spikes have payloads.  remedy: what to try, where what asks for floats is known.
    """
    if network.exact is not None:
        return []
    own = [population.name for population in network.on_chip if not isinstance(population.model, Lif)]
    found = [
        Problem(f"the spikes of '{name}' have payloads, which the float twin has not", path=name, remedy=remedy)
        for name in graded
    ]
    return found + [
        Problem(
            f"'{name}' is given by registers, which have no float twin", path=name, allowed="neuron: lif", remedy=remedy
        )
        for name in own
    ]
