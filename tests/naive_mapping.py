"""Plain-Python twin of mapping: how far tiles are apart, what a core is asked for, and whether a mapping is lawful.

Written from facts/limits_loihi1.md and from what Mesh says of its topologies; shares with the package the types that go in and
nothing that computes. A mapping is checked from the network's synapses and the list of who sits where alone.
"""

from __future__ import annotations

from neuroemu.connect import Conv2d
from tests import naive_compiler as naive


def hops(mesh, start, end, border=0.0):
    """Links from tile to tile on a shortest way, each that leads to another chip counting `border` more."""
    if mesh.topology == "tree":
        return _tree_hops(mesh, start, end, border)
    x, y = start // mesh.height, start % mesh.height
    to_x, to_y = end // mesh.height, end % mesh.height
    total = 0.0
    for at, to, size, chip in (
        (x, to_x, mesh.width, mesh.width // mesh.chips[0]),
        (y, to_y, mesh.height, mesh.height // mesh.chips[1]),
    ):
        step = 1 if to > at else -1
        if mesh.topology == "torus":
            ahead = (to - at) % size
            step = 1 if 2 * ahead <= size else -1
        while at != to:
            following = (at + step) % size if mesh.topology == "torus" else at + step
            total += 1 + (border if at // chip != following // chip else 0)
            at = following
    return total


def _tree_hops(mesh, start, end, border):
    assert mesh.chips == (1, 1)  # a tree over several chips is not looked at here
    up = 0
    while start != end:
        start, end, up = start // mesh.degree, end // mesh.degree, up + 1
    return 2.0 * up


def use_of_blocks(network, chip, block):
    """{block: {resource: how much of it is used}}, as facts/limits_loihi1.md counts.  block: list by compartment.

    Compartments: those it holds.  axons_in: sources with a synapse into it.  axons_out: (compartment of it, block reached)
    pairs.  synapse_words: of each source's list by projection and population the cheapest of dense, sparse and shared.
    """
    first, _ = naive.numbering(network)
    synapses = naive.kept(network, chip)
    weights = naive.quantise(network, naive.expand(network, 0), chip).weights
    delayed = {name for *_, delay, name in synapses if delay}
    size, place = {}, {}  # compartments of a population in a block; where each stands among them
    for population in network.on_chip:
        for i in range(first[population.name], first[population.name] + population.size):
            place[i] = size.get((block[i], population.name), 0)
            size[block[i], population.name] = place[i] + 1
    use = {b: dict(compartments=0, axons_in=0, axons_out=0, synapse_words=0) for b in block}
    for b in block:
        use[b]["compartments"] += 1
    for _, b in {(s, block[t]) for s, t, *_ in synapses}:
        use[b]["axons_in"] += 1
    for s, _ in {(s, block[t]) for s, t, *_ in synapses if s < len(block)}:
        use[block[s]]["axons_out"] += 1
    lists = {}
    for s, t, units, delay, name in synapses:
        lists.setdefault((block[t], name), {}).setdefault(s, []).append((place[t], units, delay))
    for (b, name), mine in lists.items():
        p, bits = network.projections[[p.name for p in network.projections].index(name)], weights[name].format.bits
        repeats = isinstance(p.connector, Conv2d)
        packed = naive.pack(mine, size[b, p.target], bits, name in delayed, repeats, chip)
        use[b]["synapse_words"] += sum(words for _, words, _ in packed.values())
    return use


def blocks_of(network, compiled):
    """(n_compartments,) list of the core of each compartment, from the names and members of the parts."""
    first, _ = naive.numbering(network)
    found = [None] * sum(p.size for p in network.on_chip)
    for part, core in zip(compiled.mapping.parts, compiled.mapping.placement, strict=True):
        for i in part.members.tolist():
            assert found[first[part.population] + i] is None, "a compartment in two parts"
            found[first[part.population] + i] = core
    assert None not in found, "a compartment in no part"
    return found


def check(network, compiled, chip):
    """Asserts that every core holds what it is given, that there is such a core, and that trees are whole."""
    core = blocks_of(network, compiled)
    limits = vars(chip.core)
    for at, use in use_of_blocks(network, chip, core).items():
        assert 0 <= at < chip.mesh.width * chip.mesh.height * chip.mesh.cores_per_tile
        for resource, used in use.items():
            assert used <= limits[resource], (at, resource, used)
    first, _ = naive.numbering(network)
    for branch in network.branches:
        for i in range(network[branch.child].size):
            assert core[first[branch.child] + i] == core[first[branch.parent] + i]


def packet_hops(network, compiled, chip, weight=None):
    """Messages times hops if every source sends once, or `weight` times: from the synapses and the placement alone."""
    core, mesh = blocks_of(network, compiled), chip.mesh
    _, n_sources = naive.numbering(network)
    reached = {}
    for s, t, *_ in naive.kept(network, chip):
        reached.setdefault(s, set()).add(core[t])
    total = 0
    for s in range(n_sources):
        start = core[s] // mesh.cores_per_tile if s < len(core) else mesh.tile_at(*mesh.host_tile)
        for to in reached.get(s, ()):
            total += (1 if weight is None else int(weight[s])) * hops(mesh, start, to // mesh.cores_per_tile)
    return total
