"""What a connection that learns needs of its target, of its weights, of the inputs and of the chip.

Asked where files are read, with their places, and once more before a Program is compiled, for those built in Python.
"""

from __future__ import annotations

import numpy as np

from .chip import Chip
from .encode import Current
from .errors import Problem
from .network import Network, Projection
from .program import DataInput, EnvironmentInput, Input, LabelsInput, SpikesInput

REWARD = (-128, 127)  # a signed byte
WEIGHTS = "'format' with whole weights, into a population by registers"


def problems(network: Network, chip: Chip, inputs: dict[str, Input]) -> list[Problem]:
    """What is wrong with the projections that learn; each problem's path is the projection's name."""
    found = []
    for projection in network.projections:
        if projection.learning is not None:
            told = [*unfit(network, projection, chip), *reward_problems(projection, inputs)]
            found += [Problem(p.what, path=projection.name, allowed=p.allowed, remedy=p.remedy) for p in told]
    return found


def unfit(
    network: Network, projection: Projection, chip: Chip, ask_chip: bool = True, ask_model: bool = True
) -> list[Problem]:
    """What of the projection itself does not go with learning.  ask_chip: whether to tell of a chip that does not learn.

    ask_model: whether to tell of a target's model that lacks what the rule takes.
    """
    learning, found = projection.learning, []
    assert learning is not None
    if ask_chip and not chip.learning:
        found.append(Problem(f"{chip.name} does not learn", remedy="a chip that does, or no 'learn'"))
    if projection.format is not None and projection.format.message_bits > 0:
        what = "a connection that learns cannot multiply by the payloads of spikes, too (message_bits)"
        found.append(Problem(what, allowed="message_bits: 0, and 'payload' of the rule for what a payload does to x1"))
    for other in network.projections:
        if other.learning is not None and projection.name.startswith(f"{other.name}."):
            what = f"its name would be taken for something of '{other.name}' in weights.npz"
            found.append(Problem(what, allowed=f"a name that does not begin with '{other.name}.'"))
    model = network[projection.target].compartment
    if learning.third == "model" and ask_model:
        missing = sorted(name for name in learning.factors() if name[0] == "y" and name != "y0")
        missing = [name for name in missing if name not in model.state._fields]
        if missing and not (learning.dialect.wears and missing == ["y3"]):
            found.append(
                Problem(
                    f"the rule takes {', '.join(missing)} from the model '{model.name}' of '{projection.target}', "
                    "which has no such state",
                    allowed="a model with states y1, y2, y3, or 'third: spikes'",
                )
            )
    tag = np.asarray(learning.tag)
    shape = (network[projection.target].size, network[projection.source].size)
    if tag.ndim and tag.shape != shape:
        found.append(
            Problem(f"the rule has tags of the shape {list(tag.shape)}", allowed=f"one, or {list(shape)} [to][from]")
        )
    return found


def reward_problems(projection: Projection, inputs: dict[str, Input]) -> list[Problem]:
    """What is wrong with the input that the projection takes its reward from."""
    assert projection.learning is not None
    name = projection.learning.reward
    if name is None:
        return []
    given = inputs.get(name)
    if given is None:
        return [Problem(f"there is no input '{name}' for its reward", allowed=", ".join(inputs))]
    return [Problem(f"the reward '{name}' {what}", allowed=allowed) for what, allowed in _unlike(given)]


def _unlike(given: Input) -> list[tuple[str, str]]:
    """What keeps an input from being a reward: (what, allowed)."""
    number = f"whole numbers {REWARD[0]}..{REWARD[1]}"
    if isinstance(given, EnvironmentInput):  # what it sends is looked at when it does (loop.py)
        if given.encoder is None or isinstance(given.encoder, Current):
            return []
        return [("is encoded as spikes", "no 'encode', or 'encode: current' with a gain")]
    if isinstance(given, SpikesInput):
        if given.channel.size and given.channel.max() > 0:
            return [(f"has a spike in channel {given.channel.max()}", "one channel, 0")]
        values = np.zeros(0) if given.payload is None else given.payload
    elif isinstance(given, (DataInput, LabelsInput)) or not isinstance(given.encoder, Current):
        return [
            ("is not one value a step", "'encode: current' with values of one channel, or spikes whose payload it is")
        ]
    elif given.values.shape[-1] != 1:
        return [(f"has {given.values.shape[-1]} channels", "one, a value a step")]
    else:
        values = given.values * given.encoder.gain
    odd = values[(values < REWARD[0]) | (values > REWARD[1]) | (values % 1 != 0)]
    return [(f"holds {odd[0]:g}", number)] if odd.size else []
