"""Mapper: from a network's table to its parts, who shares a core, and where; by the methods that the options name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..chip import Chip
from ..errors import Problem, ProgramError
from ..mapping import MappingOptions, Seats
from ..network import Network
from .cut import Cut, sets, stretches
from .draft import Draft, Stage
from .partition import STRETCHES
from .place import BY_TRAFFIC, place

if TYPE_CHECKING:
    from .flow import Distances, Flow
    from .load import Load

CLUSTER = 1 / 24  # of a core that a cluster may take
REFINED = ("hypergraph", "grow")  # partitions that are mended and refined by moves, not by cutting alone
# Pins that Mt-KaHyPar is given; of more, a part of the nets stands for all. 1.1 million pins in 152 blocks took it 132 s on two
# threads, 0.3 million in 56 blocks 9 s (tools/bench_map.py).
MOST_PINS = 300_000
MOST_SPLIT = 1_000_000  # synapses up to which what asks for too much is cut by the partitioner itself
FULL = 0.95  # of a core that blocks are meant to take
SCALE = 100_000  # a core's room in the whole numbers that partitioners take
TRIES = 4
# Mean excess of the blocks of grow.py, as many as there are cores, above which layers are filled as they are: those of dense
# layers, where Mt-KaHyPar took 168 s and relieving blocks 115 s (tools/bench_map.py mlp) for blocks that were then given up.
HOPELESS = 1.5
# How often a cut is tried again into more blocks, and the part of them that may ask for too much: METIS is fast, and its blocks
# are then cut in two; those of Mt-KaHyPar send off what is too much.
RETRIES = {"hypergraph": (3, 0.45), "metis": (6, 0.05)}
# Mean part of a core that blocks of Mt-KaHyPar are to ask for: of the small world, 144 blocks at 0.996 could be mended by
# moves, 142 at 1.007 could not.
BRIM = 0.985
FULLEST = 0.999  # likewise, from which on none is tried to be mended so: there is no room for what is sent off
MENDS = 3  # rounds of moves for fewer messages and of sending off what is too much
ROUGHLY = 2_000  # moves a block of annealing where many cuts are to be compared
ROUNDS = 3  # of moving compartments for hops and blocks again


def mapped(given: Draft, chip: Chip, options: MappingOptions, plan_out: bool, stage: Stage) -> tuple[Cut, np.ndarray]:
    """The cut, and the core of each of its blocks.  plan_out: see cut.stretches; sets always keep to their axons out."""
    seats = options.seats
    stage("partition")
    if seats is None and options.partition in STRETCHES:
        cut = stretches(given, chip, options, plan_out)
        stage("placement")
        border, seed = given.border, given.seed
        return cut, place(options.placement, cut.n_blocks, lambda: _flow(cut, given.weight), chip, border, seed)
    if seats is None:
        from .load import load_of  # loads numba

        _check(options)
        load = load_of(given.network, given.table, given.formats, given.first, chip, given.weight)
        seats = _seats(load, given, chip, options)
    else:
        seats = _given(seats, given)
    block, core = seats
    if not options.share_cores:
        block, core = _apart(block, given.network, chip, core)
    return sets(block, given, chip), core


def _given(seats: Seats, given: Draft) -> Seats:
    """Seats of the user's, a block for every core. Raises ProgramError where they are not of this network."""
    n = sum(population.size for population in given.network.on_chip)
    block, core = np.asarray(seats.block), np.asarray(seats.core)
    fits = block.shape == (n,) and block.dtype.kind in "iu" and core.dtype.kind in "iu" and core.ndim == 1
    if not fits or block.min() < 0 or block.max() >= core.size or core.min() < 0:
        what = f"seats of {block.size} compartments in blocks {block.min(initial=0)}..{block.max(initial=0)} of {core.size}"
        raise ProgramError(
            [Problem(what, allowed=f"a block 0.. for each of {n} compartments, a core from 0 for each block")]
        )
    cores, block = np.unique(core[block], return_inverse=True)
    return Seats(block, cores)


def _check(options: MappingOptions) -> None:
    """Raises ProgramError for what does not go together, or lacks its package."""
    from . import hypergraph, metis

    problems = []
    if options.parts:
        what = f"'parts' goes with the partition 'equal', not with '{options.partition}'"
        problems.append(Problem(what, path="mapping.parts", remedy="leave it out"))
    for name, package, module in (("hypergraph", "mtkahypar", hypergraph), ("metis", "pymetis", metis)):
        if options.partition == name and not module.available():
            what = f"the partition '{name}' needs the package {package}, which is not installed"
            problems.append(
                Problem(
                    what,
                    path="mapping.partition",
                    remedy="pip install 'neuroemu[map]', or 'partition: grow', our own, which cuts more",
                )
            )
    if problems:
        raise ProgramError(problems)


def _flow(cut: Cut, weight: np.ndarray | None) -> Flow:
    from .flow import flow_of

    block = np.repeat(cut.block, [part.size for part in cut.parts])
    each = np.ones(cut.table.n_sources, np.int64) if weight is None else weight.astype(np.int64)
    if cut.number.size:
        each = np.concatenate([each[cut.number], each[cut.number.size :]])
    return flow_of(cut.table.first, cut.table.target, block, block, each)


def _seats(load: Load, given: Draft, chip: Chip, options: MappingOptions) -> Seats:
    """Blocks by the partitioner, mended and refined, and their cores."""
    from . import fill
    from .flow import distances, flow_of
    from .patches import patches
    from .sharing import shared

    border, seed = given.border, given.seed

    def placed(block: np.ndarray) -> np.ndarray:
        def flow() -> Flow:
            return flow_of(load.first, load.target, block, block, load.weight)

        return place(options.placement, int(block.max()) + 1, flow, chip, border, seed)

    block, others = _blocks(load, options.partition, seed, chip.mesh.n_cores)
    if options.partition in REFINED:
        # Dense layers cannot be cut better than they are written, and where axons are scarce a core filled to the brim is worth
        # more than a good cut.
        block = _settled(load, min(block, fill.layer(load), *others, key=lambda found: _messages(load, found)))
    core = placed(block)
    if options.partition in REFINED and options.placement in BY_TRAFFIC:
        far = distances(chip.mesh, border)

        def score(block: np.ndarray) -> tuple[int, float]:
            return _hops(load, block, _roughly(load, block, far, chip, seed), far, chip)

        found = patches(load, given.network, score)
        if found is not None:
            other = placed(found)
            if _hops(load, found, other, far, chip) < _hops(load, block, core, far, chip):
                block, core = found, other
        if core.size <= chip.mesh.n_cores:
            block, core = _nearer(load, block, core, far, chip, options.placement == "anneal", seed)
    # Moves count words from above for Loihi's kinds of lists only, and know no configurations.
    lawful = shared(load, fill.lawful(load, block, fill.in_halves), given, chip)
    return Seats(block, core) if np.array_equal(lawful, block) else Seats(lawful, placed(lawful))


def _roughly(load: Load, block: np.ndarray, far: Distances, chip: Chip, seed: int) -> np.ndarray:
    """Cores by a short annealing, or in order where there are not enough."""
    from .anneal import place as anneal
    from .flow import flow_of

    n_blocks = int(block.max()) + 1
    if n_blocks > chip.mesh.n_cores:
        return np.arange(n_blocks)
    return anneal(flow_of(load.first, load.target, block, block, load.weight), far, chip.mesh, seed, moves=ROUGHLY)


def _hops(load: Load, block: np.ndarray, core: np.ndarray, far: Distances, chip: Chip) -> tuple[int, float]:
    """(cores that are lacking, packet-hops): what is to be least."""
    from .flow import cost, flow_of

    if core.size > chip.mesh.n_cores:
        return core.size - chip.mesh.n_cores, 0.0
    return 0, cost(flow_of(load.first, load.target, block, block, load.weight), far, core // chip.mesh.cores_per_tile)


def _nearer(
    load: Load, block: np.ndarray, core: np.ndarray, far: Distances, chip: Chip, moves_blocks: bool, seed: int
) -> Seats:
    """Compartments moved for hops, and with moves_blocks the blocks in turn with them."""
    from .anneal import place as anneal
    from .flow import flow_of
    from .refine import refine

    for _ in range(ROUNDS if moves_blocks else 1):
        tile = core // chip.mesh.cores_per_tile
        block = refine(load, block, far.between[np.ix_(tile, tile)], far.host[tile])
        kept, block = np.unique(block, return_inverse=True)
        core = core[kept]
        if moves_blocks:
            core = anneal(flow_of(load.first, load.target, block, block, load.weight), far, chip.mesh, seed, core)
    return Seats(block, core)


def _mended(load: Load, block: np.ndarray) -> np.ndarray:
    """Blocks that ask for less: moves that save messages save axons, and what is still too much is sent off."""
    from . import fill
    from .refine import relieve

    for _ in range(MENDS):
        if not np.any(fill.asked(load, block) > 1):
            break
        block = relieve(load, np.unique(_on_messages(load, block), return_inverse=True)[1])
    return np.unique(block, return_inverse=True)[1]


def _settled(load: Load, block: np.ndarray) -> np.ndarray:
    """Blocks as good as moves of single compartments make them where all blocks are equally far apart."""
    from .refine import dissolve

    for improve in (_on_messages, dissolve, _on_messages):
        block = np.unique(improve(load, block), return_inverse=True)[1]
    return block


def _on_messages(load: Load, block: np.ndarray) -> np.ndarray:
    from .refine import refine

    n_blocks = int(block.max()) + 1
    return refine(load, block, 1.0 - np.eye(n_blocks), np.ones(n_blocks))


def _messages(load: Load, block: np.ndarray) -> float:
    """Messages to other blocks and from the host, and a block's worth of them for every block: fewer lie closer together."""
    from .flow import flow_of

    flow = flow_of(load.first, load.target, block, block, load.weight)
    return float((flow.between.sum() - np.trace(flow.between) + flow.host.sum()) * np.sqrt(flow.host.size))


def _blocks(load: Load, name: str, seed: int, n_cores: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """(n_compartments,) lawful blocks by one of partition.SETS, as far as there are any; n_cores where those have room.

    And others that were made on the way: cores filled to the brim in the order in which grow.py takes clusters.
    """
    from . import fill, grow, hypergraph, metis, netlist
    from .clusters import clusters
    from .load import use_of
    from .refine import relieve

    if name == "layer":
        return fill.layer(load), []
    share = _share(load)
    vertex = clusters(load, share, CLUSTER)

    def cut(name: str, vertex: np.ndarray, n_blocks: int) -> np.ndarray:
        """(vertices,) blocks of what has a vertex."""
        here = vertex >= 0
        room = np.maximum(np.bincount(vertex[here], share[here]) * SCALE, 1).astype(np.int64)
        if name == "hypergraph":
            return hypergraph.partition(netlist.netlist(load, vertex).thinned(MOST_PINS), room, n_blocks, seed)
        edges = netlist.graph(load, vertex)
        return (
            metis.partition(edges, room, n_blocks, seed) if name == "metis" else grow.partition(edges, room, n_blocks)
        )

    def split(members: np.ndarray, pieces: int) -> np.ndarray:
        if load.target.size > MOST_SPLIT:
            return fill.in_halves(members, pieces)
        of_members = np.full(load.n, -1, np.int64)
        of_members[members] = np.unique(vertex[members], return_inverse=True)[1]
        if int(of_members.max()) + 1 <= 2 * pieces:
            of_members[members] = np.unique(load.tree[members], return_inverse=True)[1]
        return cut(name, of_members, pieces)[of_members[members]]

    # Our own partitioner, which is fast, finds how many blocks it takes for them to be full on average.
    least = max(1, int(np.ceil(share.sum() * (1 - 1e-9))))
    n_blocks = min(max(1, int(np.ceil(share.sum() / FULL))), max(n_cores, least))
    for _ in range(TRIES):
        block = np.unique(cut("grow", vertex, n_blocks)[vertex], return_inverse=True)[1]
        excess = use_of(load, block, int(block.max()) + 1).excess(load)
        if excess.mean() <= 1.0 or n_blocks >= n_cores:
            break
        n_blocks = min(int(np.ceil(n_blocks * min(excess.mean(), 2.0))), n_cores)
    if name in REFINED and excess.mean() > HOPELESS:
        return fill.layer(load), []
    retries, bearable = RETRIES.get(name, (0, 0.0))
    for attempt in range(retries):
        block = np.unique(cut(name, vertex, n_blocks)[vertex], return_inverse=True)[1]
        excess = use_of(load, block, int(block.max()) + 1).excess(load)
        if np.count_nonzero(excess > 1) <= bearable * excess.size:
            block = _mended(load, block) if name in REFINED and excess.mean() < FULLEST else block
            if name not in REFINED or not np.any(fill.asked(load, block) > 1):
                break
        if n_blocks >= n_cores:
            break
        lacking = excess.mean() / BRIM if name in REFINED and attempt == 0 else np.quantile(excess, 0.8)
        n_blocks = min(int(np.ceil(n_blocks * np.clip(lacking, 1.02, 2.0))), n_cores)
    if name not in REFINED:
        return fill.lawful(load, block, split), []
    room = np.maximum(np.bincount(vertex, share) * SCALE, 1).astype(np.int64)
    turn = grow.order(netlist.graph(load, vertex), room, n_blocks)
    brim = fill.fill(load, np.lexsort((np.arange(load.n), load.tree, vertex, turn[vertex])))
    return fill.lawful(load, relieve(load, block), split), [fill.lawful(load, relieve(load, brim), fill.in_halves)]


def _share(load: Load) -> np.ndarray:
    """(n_compartments,) the part of a core that each takes: of its compartments or of its words, what there is least of.

    Words as of long lists, each the cheaper of dense and sparse; short ones take more, which is found when they are counted.
    """
    out = np.bincount(load.in_key, minlength=load.source_of.size)  # synapses of each list before it is cut
    members = np.bincount(load.population)[load.into[load.projection_of]] if load.projection_of.size else out
    fraction = np.maximum(out / np.maximum(members, 1), 1e-9)
    longest = load.sparse.shape[1] - 1
    bulk = min(max(longest, 1), 64)
    sparse = load.sparse[:, min(bulk, longest)] / bulk
    dense = load.dense[:, min(bulk, load.dense.shape[1] - 1)] / bulk
    each = np.minimum(sparse[load.projection_of], dense[load.projection_of] / fraction)
    words = (
        np.add.reduceat(np.append(each[load.in_key], 0.0), load.in_first[:-1]) if load.in_key.size else np.zeros(load.n)
    )
    words[np.diff(load.in_first) == 0] = 0.0
    return np.maximum(1 / load.compartments, words / load.words)


def _apart(block: np.ndarray, network: Network, chip: Chip, core: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Blocks of one population each; what is cut off goes onto free cores, in their order."""
    owner = np.repeat(np.arange(len(network.on_chip)), [p.size for p in network.on_chip])
    pairs, found = np.unique(np.stack([block, owner]), axis=1, return_inverse=True)
    stays = np.append(True, np.diff(pairs[0]) != 0)
    free = np.setdiff1d(np.arange(chip.mesh.n_cores + pairs.shape[1]), core)
    cores = core[pairs[0]]
    cores[~stays] = free[: np.count_nonzero(~stays)]
    return found.ravel(), cores
