"""Plain-Python twins of the compiler, written from the definitions and to be read; and the small networks they check.

They share with the package the types of what goes in and what comes out, and nothing that computes; the recounts of a whole
network begin at its quantised weights, which tests/compiler/test_quantise.py looks at.
Sources: facts/limits_loihi1.md ("Synapse memory cost", "Behaviour recommended", 4), facts/fixed_point.md section 3.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from neuroemu.chip import Chip, CoreLimits, Mesh
from neuroemu.compiler.expand import expand
from neuroemu.compiler.quantise import quantise
from neuroemu.connect import Conv2d, Sparse
from neuroemu.network import Lif, LifRegisters, Network, Spikes, WeightFormat

# ---- connections ---------------------------------------------------------------------------------------------------


def convolve(kernel, shape, stride, padding):
    """Synapses {(pre, post): weight} of a cross-correlation, and its output shape: six loops."""
    out, channels, kh, kw = kernel.shape
    height, width = (shape[1] + 2 * padding - kh) // stride + 1, (shape[2] + 2 * padding - kw) // stride + 1
    found = {}
    for o in range(out):
        for y in range(height):
            for x in range(width):
                for c in range(channels):
                    for i in range(kh):
                        for j in range(kw):
                            row, column = y * stride + i - padding, x * stride + j - padding
                            inside = 0 <= row < shape[1] and 0 <= column < shape[2]
                            if inside and kernel[o, c, i, j] != 0:
                                pre = c * shape[1] * shape[2] + row * shape[2] + column
                                found[pre, o * height * width + y * width + x] = kernel[o, c, i, j]
    return found, (out, height, width)


# ---- quantise ------------------------------------------------------------------------------------------------------


def effective_weight(mantissa, bits, exponent, mode):
    """What one spike adds, in units of u: section 3, line by line, under the profile loihi1."""
    low, high = {"excitatory": (0, 255), "inhibitory": (-255, 0), "mixed": (-256, 255)}[mode]
    w = max(low, min(high, mantissa))
    step = 2 ** (8 - bits + (1 if mode == "mixed" else 0))
    stored = -(-w // step * step) if mode == "inhibitory" else w // step * step
    effective = (stored * 2**exponent if exponent >= 0 else stored // 2**-exponent) * 64
    limit = 2**21 - 2**6
    return max(-limit, min(limit, effective))


# ---- demand --------------------------------------------------------------------------------------------------------


def words_of_list(n, bits_each, chip):
    """Words of 64 bits of a list of n synapses: groups of at most 64, each with a header, each rounded up."""
    words = 0
    while n > 0:
        bits = min(n, chip.synapse.group) * bits_each + chip.synapse.header_bits
        words += (bits + chip.core.word_bits - 1) // chip.core.word_bits
        n -= chip.synapse.group
    return words


def index_bits(size, chip):
    """Bits of an index in a part of so many compartments, or None where the chip has none that do."""
    if not chip.synapse.index_widths:
        return chip.synapse.index_bits
    return min((bits for bits in chip.synapse.index_widths if 2**bits >= size), default=None)


def demand(synapses, first, size, chip):
    """(sources, words by projection) of the slice first..first+size-1; see demand_of."""
    return demand_of(synapses, range(first, first + size), chip)


def demand_of(synapses, members, chip):
    """(sources, words by projection) of some compartments of a population.

    synapses: of the population, (source, post, projection, bits, delayed) each.
    """
    lengths, formats, posts = defaultdict(int), {}, {}
    for source, post, projection, bits, delayed in synapses:
        formats[projection] = (8 if bits == 7 else bits) + (chip.synapse.delay_bits if delayed else 0)
        if post in members:
            lengths[source, projection] += 1
            posts.setdefault((source, projection), []).append(post)
    words = dict.fromkeys(formats, 0)
    for (source, projection), n in lengths.items():
        once = len(set(posts[source, projection])) == n  # a dense list holds one weight a compartment
        dense = words_of_list(len(members), formats[projection], chip)
        sparse = words_of_list(n, formats[projection] + index_bits(len(members), chip), chip)
        words[projection] += min(dense, sparse) if once else sparse
    return {source for source, _ in lengths}, words


def pack(lists, size, bits, delayed, repeats, chip, plastic=False):
    """{source: (kind, words, zeros)} of one projection in a part of `size` compartments.

    lists: {source: [(post, weight, delay), ...]}, posts within the part.  The words of a list that several sources share stand
    with the first of them.  repeats: whether sharing is looked for.  plastic: whether the synapses learn.
    """
    s = chip.synapse
    each = (8 if bits == 7 else bits) + (s.delay_bits if delayed or plastic else 0) + (s.tag_bits if plastic else 0)
    index = index_bits(size, chip)

    def indexed(n):
        return 2**40 if index is None else words_of_list(n, each + index, chip)

    found = {}
    for source, synapses in sorted(lists.items()):
        posts = [post for post, _, _ in synapses]
        deep = max(posts.count(post) for post in posts)  # a dense list holds one weight a compartment
        ways = []
        if "dense" in s.lists and (deep == 1 or "sparse" not in s.lists or index is None):
            ways.append((words_of_list(size, each, chip) * deep, 0, "dense", size * deep - len(posts)))
        if "sparse" in s.lists:
            ways.append((indexed(len(posts)), 1, "sparse", 0))
        words, _, kind, zeros = min(ways)
        found[source] = (kind, words, zeros)
    if not repeats or "shared" not in s.lists:
        return found
    alike = defaultdict(list)
    for source, synapses in sorted(lists.items()):
        base = min(post for post, _, _ in synapses)
        shape = tuple(sorted((post - base, weight, delay) for post, weight, delay in synapses))
        alike[base // (s.base_max + 1), shape].append(source)
    for (_, shape), sources in alike.items():
        once = indexed(len(shape))
        if len(sources) > 1 and once < sum(found[source][1] for source in sources):
            for k, source in enumerate(sources):
                found[source] = ("shared", once if k == 0 else 0, 0)
    return found


def pack_axons(lists, sizes, bits, delayed, repeats, chip, place):
    """(format of axons, {(part, source): (kind, words, zeros)}, {(part, source): population axon}) of one projection.

    lists: {part: {source: [(post, weight, delay), ...]}}.  sizes: of parts.  place: {source: (place, atom)}.  Sources without a
    population axon are not in the last.
    """
    s, best = chip.synapse, None
    for name in ("discrete", "pop16", "pop32"):
        if name not in s.axon_formats:
            continue
        atoms = {"discrete": 0, "pop16": s.pop16_atoms, "pop32": 2**s.atom_bits}[name]
        groups = defaultdict(list)  # (part, place, which of the axons of a place) -> sources by their atoms
        for part, mine in lists.items():
            for source in sorted(mine, key=lambda source: place[source][1]):
                at, atom = place[source]
                if atoms:
                    groups[part, at, atom // atoms].append(source)
        ways = {
            key: _ways(lists[key[0]], sources, sizes[key[0]], bits, delayed, chip) for key, sources in groups.items()
        }
        bad = {key[1:] for key, (dense, sparse) in ways.items() if dense is None and sparse is None}
        ways = {key: way for key, way in ways.items() if key[1:] not in bad}
        found, axon, entries = {}, {}, 0
        for part, mine in lists.items():
            member = {source for key in ways if key[0] == part for source in groups[key]}
            apart = {source: each for source, each in mine.items() if source not in member}
            packed = pack(apart, sizes[part], bits, delayed, repeats, chip)
            found |= {(part, source): packed[source] for source in packed}
            entries += 2 * len(apart)
        alike = defaultdict(list)
        for key, (dense, sparse) in ways.items():
            part = key[0]
            words = min(way for way in (dense, sparse) if way is not None)
            for k, source in enumerate(groups[key]):
                here = lists[part][source]
                kind = "dense" if words == dense else "sparse"
                zeros = sizes[part] - len(here) if kind == "dense" else 0
                found[part, source] = (kind, words if k == 0 else 0, zeros)
                axon[part, source] = key[1:]
            entries += 1 + (2 if name == "pop32" else 1) * len(groups[key])
            low = min(post for source in groups[key] for post, _, _ in lists[part][source])
            window = low // (s.base_max + 1)
            begin, step = window * (s.base_max + 1), s.pop16_step if name == "pop16" else 1
            base = begin + (low - begin) // step * step
            shape = tuple(
                tuple(sorted((post - base, weight, delay) for post, weight, delay in lists[part][source]))
                for source in groups[key]
            )
            if sparse is not None and repeats and "shared" in s.lists:
                alike[part, window, shape].append((groups[key], sparse, words))
        for (part, *_), axons in alike.items():
            if len(axons) > 1 and axons[0][1] < sum(words for *_, words in axons):
                for n, (sources, sparse, _) in enumerate(axons):
                    for k, source in enumerate(sources):
                        found[part, source] = ("shared", sparse if n == k == 0 else 0, 0)
        size = sum(words for _, words, _ in found.values()) + entries
        if best is None or size < best[0]:
            best = (size, name, found, axon)
    return best[1:]


def _ways(lists, sources, size, bits, delayed, chip):
    """Words of the lists of a population axon, (dense, sparse), None where they cannot be."""
    s = chip.synapse
    each, index = (8 if bits == 7 else bits) + (s.delay_bits if delayed else 0), index_bits(size, chip)
    posts = [[post for post, _, _ in lists[source]] for source in sources]
    once = all(len(set(mine)) == len(mine) for mine in posts)
    dense = words_of_list(size * len(posts), each, chip) if "dense" in s.lists and once else None
    equal = len({len(mine) for mine in posts}) == 1 and "sparse" in s.lists and index is not None
    return dense, words_of_list(sum(map(len, posts)), each + index, chip) if equal else None


def packing(network, compiled, chip):
    """{(part, projection): pack() of its lists, with the number of synapses of each}, of a compiled network."""
    first, _ = numbering(network)
    _, part_of = placed(network, compiled)
    at = {}  # of a compartment in its part
    for part in compiled.mapping.parts:
        at |= {first[part.population] + index: k for k, index in enumerate(part.members.tolist())}
    lists, delayed = defaultdict(lambda: defaultdict(list)), set()
    for source, target, units, delay, name in kept(network, chip):
        part = part_of[target]
        lists[part, name][source].append((at[target], units, delay))
        if delay:
            delayed.add(name)
    weights = quantise(network, expand(network, 0), chip).weights
    repeats = {p.name: isinstance(p.connector, Conv2d) for p in network.projections}
    found = {}
    for (part, name), mine in lists.items():
        size, bits = compiled.mapping.parts[part].size, weights[name].format.bits
        packed = pack(mine, size, bits, name in delayed, repeats[name], chip)
        found[part, name] = {source: (*packed[source], len(mine[source])) for source in mine}
    return found


def reads(network, compiled, chip):
    """{(source, part): [synapses in dense lists, zeros read with them, synapses in shared lists]}."""
    found = defaultdict(lambda: [0, 0, 0])
    for (part, _), lists in packing(network, compiled, chip).items():
        for source, (kind, _, zeros, n) in lists.items():
            if kind == "dense":
                found[source, part][0] += n
                found[source, part][1] += zeros
            elif kind == "shared":
                found[source, part][2] += n
    return found


# ---- the whole -----------------------------------------------------------------------------------------------------


def numbering(network):
    """First source number by population: those on the chip in their order, then the spike sources in theirs."""
    first, n = {}, 0
    for population in [*network.on_chip, *network.sources]:
        first[population.name] = n
        n += population.size
    return first, n


def kept(network, chip, seed=0):
    """Every synapse that the chip stores: (source, target, units, delay, projection), numbers global."""
    first, _ = numbering(network)
    found, lists = [], expand(network, seed)
    weights = quantise(network, lists, chip).weights
    for p in network.projections:
        given, units = lists[p.name], weights[p.name].units
        for pre, post, unit, delay in zip(given.pre, given.post, units, given.delay, strict=True):
            if unit != 0:
                found.append((first[p.source] + int(pre), first[p.target] + int(post), int(unit), int(delay), p.name))
    return found


def placed(network, compiled):
    """{compartment: core} and {compartment: part}, by the mapping."""
    first, _ = numbering(network)
    core_of, part_of = {}, {}
    for k, (part, core) in enumerate(zip(compiled.mapping.parts, compiled.mapping.placement, strict=True)):
        for i in part.members.tolist():
            compartment = first[part.population] + i
            assert compartment not in core_of, f"compartment {compartment} is in two parts"
            core_of[compartment], part_of[compartment] = core, k
    return core_of, part_of


def use_of_cores(network, compiled, chip):
    """{core: {resource: how much of it is used}}, from the list of synapses and the placement alone."""
    synapses = kept(network, chip)
    core_of, _ = placed(network, compiled)
    use = {core: dict(compartments=0, axons_in=0, axons_out=0, synapse_words=0) for core in core_of.values()}
    for core, counted in configurations(network, compiled, chip).items():
        use[core].update(counted)
    for core in core_of.values():
        use[core]["compartments"] += 1
    for core in use:
        use[core]["axons_in"] = len({s for s, t, *_ in synapses if core_of[t] == core})
    for source, core in {(s, core_of[t]) for s, t, *_ in synapses}:
        if source in core_of:  # the host's sources cost no output axon of a core
            use[core_of[source]]["axons_out"] += 1
        assert core in use
    for (part, _), lists in packing(network, compiled, chip).items():
        core = compiled.mapping.placement[part]
        use[core]["synapse_words"] += sum(words for _, words, _, _ in lists.values())
    return use


def configurations(network, compiled, chip):
    """{core: {limit: how many different ones}}: what compartments hold, and what the formats of their lists would be."""
    first, _ = numbering(network)
    core_of, _ = placed(network, compiled)
    found = {core: {name: set() for name in CONFIGS} for core in core_of.values()}
    made = quantise(network, expand(network, 0), chip)
    for population in network.on_chip:
        tables = made.registers[population.name]
        assert tables.model.name == "lif"
        for i in range(population.size):
            value = {name: int(column[i]) for name, column in tables.parameters.items()}
            here = found[core_of[first[population.name] + i]]
            noise = value["noise_exponent"] > 0 and value["noise_enabled"] > 0
            here["compartment_configs"].add((value["decay_u"], value["decay_v"], value["refractory"], noise))
            here["threshold_configs"].add(value["threshold"])
    delayed = {name for *_, delay, name in kept(network, chip) if delay}
    for (part, projection), lists in packing(network, compiled, chip).items():
        f = made.weights[projection].format
        common = (8 if f.bits == 7 else f.bits, f.exponent, f.sign_mode, f.message_bits, projection in delayed)
        here = found[compiled.mapping.placement[part]]["synapse_formats"]
        index = index_bits(compiled.mapping.parts[part].size, chip) if chip.synapse.index_widths else None
        here |= {(*common, kind, None if kind == "dense" else index) for kind, *_ in lists.values()}
    return {core: {name: len(values) for name, values in sets.items()} for core, sets in found.items()}


def check(network, compiled, chip):
    """Asserts that a compiled network is a lawful mapping of the network onto the chip."""
    core_of, _ = placed(network, compiled)
    assert sorted(core_of) == list(range(sum(p.size for p in network.on_chip)))
    for core, use in use_of_cores(network, compiled, chip).items():
        assert 0 <= core < chip.mesh.width * chip.mesh.height * chip.mesh.cores_per_tile
        for resource, amount in use.items():
            limit = getattr(chip.core, resource)
            assert limit is None or amount <= limit, (core, resource)


# ---- route ---------------------------------------------------------------------------------------------------------


def walk(mesh, start, end):
    """Hops [east, west, north, south] of a message that goes X first, then Y, one tile at a time."""
    x, y = start // mesh.height, start % mesh.height
    goal_x, goal_y = end // mesh.height, end % mesh.height
    hops = [0, 0, 0, 0]
    while x != goal_x:
        hops[0 if goal_x > x else 1] += 1
        x += 1 if goal_x > x else -1
    while y != goal_y:
        hops[2 if goal_y > y else 3] += 1
        y += 1 if goal_y > y else -1
    return hops


# ---- small networks and small chips --------------------------------------------------------------------------------


CONFIGS = ("compartment_configs", "threshold_configs", "synapse_formats", "stdp_profiles")


def small(chip: Chip, mesh: tuple[int, int, int] = (2, 2, 2), **limits: int | None) -> Chip:
    """The chip with another mesh and, by name, other limits of a core; of configurations only those that are given."""
    return replace(chip, mesh=Mesh(*mesh), core=replace(chip.core, **{**dict.fromkeys(CONFIGS), **limits}))


@st.composite
def core_limits(draw):
    """Limits that small networks meet, pass and exceed."""
    counted = {name: draw(st.sampled_from([None, 1, 2, 3, 6])) for name in CONFIGS}
    return CoreLimits(
        draw(st.integers(1, 12)),
        draw(st.integers(2, 16)),
        draw(st.integers(2, 40)),
        draw(st.integers(2, 40)),
        64,
        **counted,
    )


@st.composite
def networks(draw, models=("lif", "registers"), max_size=12):
    """One or two spike sources, one to four populations, up to seven sparse projections with delays and repeats."""
    network = Network()
    for k in range(draw(st.integers(1, 2))):
        network = network.population(f"in{k}", draw(st.integers(1, max_size)), Spikes(f"in{k}"))
    for k in range(draw(st.integers(1, 4))):
        model = Lif(10.0, 2.0) if draw(st.sampled_from(models)) == "lif" else LifRegisters()
        network = network.population(f"p{k}", draw(st.integers(1, max_size)), model)
    on_chip = [population.name for population in network.on_chip]
    for _ in range(draw(st.integers(0, 7))):
        source, target = draw(st.sampled_from(network.names())), draw(st.sampled_from(on_chip))
        n = draw(st.integers(0, 40))
        seed = np.random.default_rng(draw(st.integers(0, 2**32)))
        pre = seed.integers(0, network[source].size, n)
        post = seed.integers(0, network[target].size, n)
        delays = seed.integers(0, 5, n) if draw(st.booleans()) else np.zeros(n, np.int64)
        bits = draw(st.sampled_from([2, 4, 6, 8]))
        if isinstance(network[target].model, Lif):
            weights, format = seed.normal(0.0, 1.0, n) * draw(st.sampled_from([0.01, 1.0])), None
        else:
            weights = seed.integers(-256, 256, n).astype(float)
            format = WeightFormat(bits, draw(st.integers(-8, 7)), "mixed", draw(st.sampled_from([0, 0, 4])))
        network = network.connect(source, target, Sparse(pre, post, weights, delays), format, bits)
    return network


@st.composite
def convolutions(draw):
    """One or two convolutions in a row over a small image, and a sparse projection beside them."""
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, 7)), draw(st.integers(1, 7)))
    network = Network().population("in", shape, Spikes("in"))
    source = "in"
    for k in range(draw(st.integers(1, 2))):
        seed = np.random.default_rng(draw(st.integers(0, 2**32)))
        side = draw(st.integers(1, 3))
        kernel = seed.integers(-3, 4, (draw(st.integers(1, 4)), shape[0], side, side)).astype(float) * 32
        connector = Conv2d(kernel, draw(st.integers(1, 2)), draw(st.integers(1, 2)), draw(st.sampled_from([0, 2])))
        shape = connector.output_shape(shape)
        network = network.population(f"p{k}", shape, LifRegisters())
        network = network.connect(source, f"p{k}", connector, WeightFormat(draw(st.sampled_from([4, 8]))))
        source = f"p{k}"
    n, size = draw(st.integers(0, 20)), network["p0"].size
    seed = np.random.default_rng(draw(st.integers(0, 2**32)))
    index = seed.integers(0, size, (2, n))
    return network.connect("p0", "p0", Sparse(*index, seed.integers(-100, 100, n).astype(float)), WeightFormat())
