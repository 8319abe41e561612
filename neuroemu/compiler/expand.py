"""Expand: from connectors to lists of synapses. The same network and seed give the same lists every time."""

from __future__ import annotations

import numpy as np

from ..connect import Draws, SynapseList
from ..errors import Problem, ProgramError
from ..network import Network
from ..pieces import different, pieces


def expand(network: Network, seed: int) -> dict[str, SynapseList]:
    """The synapse list of every projection. Raises ProgramError with every connection that cannot be made."""
    lists, problems = {}, []
    for projection in network.projections:
        pre, post = network[projection.source].shape, network[projection.target].shape
        try:
            made = projection.connector.synapses(pre, post, Draws(seed, projection.name))
            _refuse_infinite(made)
            lists[projection.name] = made
        except ValueError as error:
            problems.append(Problem(str(error), path=projection.name))
    if problems:
        raise ProgramError(problems)
    return lists


def _refuse_infinite(made: SynapseList) -> None:
    weight = different(made.weight)
    for piece in pieces(weight.size):
        wrong = np.flatnonzero(~np.isfinite(weight[piece]))
        if wrong.size:
            bad = piece.start + int(wrong[0])
            raise ValueError(
                f"the weight from {made.pre[bad]} to {made.post[bad]} is {weight[bad]}; weights must be finite"
            )
