"""Mapping measured: traffic, seconds and memory of several methods on networks of three kinds.

Run by tools/bench.py; `python -m tools.bench_map NETWORK PARTITION PLACEMENT` maps one network in a process of its own and
prints a line of JSON. Every source counts once; a packet-hop is one message on one link between routers.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

import neuroemu
from neuroemu.chip import Chip
from neuroemu.compiler import MappingOptions, compile_network
from neuroemu.connect import Conv2d, Dense, Sparse
from neuroemu.network import LifRegisters, Network, Spikes, WeightFormat
from neuroemu.traffic import ways
from neuroemu.wiring import wiring_of

CELLS = LifRegisters(2048, 512, 1000)
WEIGHTS = WeightFormat(8, 0, "mixed")


def mlp() -> Network:
    """The digits network, 64 pixels to 10 classes, with three hidden layers of 3,308: 10,000 neurons, 22 million synapses.

    No wider layer could be had: a compartment takes a source for every neuron of the layer before, and a core 4,096.
    """
    random, sizes = np.random.default_rng(1), [64, 3308, 3308, 3308, 10]
    network = Network().population("pixels", sizes[0], Spikes("pixels"))
    names = ["pixels"]
    for k, size in enumerate(sizes[1:], 1):
        names.append("label" if k == len(sizes) - 1 else f"hidden{k}")
        network = network.population(names[-1], size, CELLS)
        weights = random.integers(1, 128, (size, sizes[k - 1])) * random.choice([-2.0, 2.0], (size, sizes[k - 1]))
        network = network.connect(names[-2], names[-1], Dense(weights), WEIGHTS)
    return network


def conv() -> Network:
    """SLAYER's network for DVS gestures (Shrestha and Orchard 2018): 128x128x2 - 4a - 16c5 - 2a - 32c3 - 2a - 512 - 11."""
    random = np.random.default_rng(2)

    def pool(channels: int, side: int) -> Conv2d:
        kernel = np.zeros((channels, channels, side, side))
        kernel[np.arange(channels), np.arange(channels)] = 2.0
        return Conv2d(kernel, stride=side)

    def kernels(out: int, channels: int, side: int) -> Conv2d:
        kernel = random.integers(1, 128, (out, channels, side, side)) * random.choice(
            [-2.0, 2.0], (out, channels, side, side)
        )
        return Conv2d(kernel, padding=side // 2)

    network = Network().population("dvs", (2, 128, 128), Spikes("dvs"))
    layers = [
        ("pool1", (2, 32, 32), pool(2, 4)),
        ("conv1", (16, 32, 32), kernels(16, 2, 5)),
        ("pool2", (16, 16, 16), pool(16, 2)),
        ("conv2", (32, 16, 16), kernels(32, 16, 3)),
        ("pool3", (32, 8, 8), pool(32, 2)),
        ("dense", (512,), Dense(random.integers(1, 128, (512, 2048)) * 2.0)),
        ("label", (11,), Dense(random.integers(1, 128, (11, 512)) * 2.0)),
    ]
    before = "dvs"
    for name, shape, connector in layers:
        network = network.population(name, shape, CELLS).connect(before, name, connector, WEIGHTS)
        before = name
    return network


def small_world(neurons: int = 50_000, numbered: str = "at random") -> Network:
    """Watts and Strogatz (1998): a ring of neurons, each joined with its 100 nearest, one synapse in ten to anyone.

    numbered: 'at random' as neurons of a recorded or grown tissue are, or 'along the ring'.
    """
    random, near = np.random.default_rng(3), np.append(np.arange(-50, 0), np.arange(1, 51))
    post = (np.arange(neurons)[:, None] + near) % neurons
    anyone = random.random(post.shape) < 0.1
    post[anyone] = random.integers(0, neurons, int(anyone.sum()))
    number = random.permutation(neurons) if numbered == "at random" else np.arange(neurons)
    pre = np.repeat(number, near.size).astype(np.int32)
    connector = Sparse(pre, number[post.ravel()].astype(np.int32), random.integers(1, 64, post.size) * 2.0)
    return Network().population("tissue", neurons, CELLS).connect("tissue", "tissue", connector, WEIGHTS)


def uniform() -> Network:
    """131,072 neurons with 100 synapses each to anyone: the network of tools/bench.py engine."""
    from tools.bench_engine import network

    return network(131_072, 0.01, None)


NETWORKS = {
    "mlp": mlp,
    "conv": conv,
    "small-world": small_world,
    "small-world-in-order": lambda: small_world(numbered="along the ring"),
    "large": lambda: small_world(131_072),
    "uniform": uniform,
}
# Tiles of the mesh: as many as layer order needs, or the chip's own where that has room.
MESHES = {"mlp": (12, 8), "small-world": (24, 16)}


def chip_for(name: str) -> Chip:
    """Loihi, on a larger mesh where a network needs it; with room for any number of axons where neurons fill 128 cores."""
    chip, _ = neuroemu.read_chip("loihi1-davies2018")
    if name in MESHES:
        chip = replace(chip, mesh=replace(chip.mesh, width=MESHES[name][0], height=MESHES[name][1]))
    if name in ("large", "uniform"):  # 1024 compartments of 100 random sources each are more axons than a core has
        chip = replace(chip, core=replace(chip.core, axons_in=2**24, axons_out=2**24, synapse_words=2**30))
    return chip


def measure(name: str, partition: str, placement: str) -> dict:
    """Maps one network; seconds are those of compile_network, the making of the synapses and of the image included."""
    network, chip = NETWORKS[name](), chip_for(name)
    began = time.perf_counter()
    compiled = compile_network(network, chip, MappingOptions(partition, placement), remedies=False)
    seconds = time.perf_counter() - began
    image = compiled.image
    found = ways(wiring_of(image))
    hops = found.hops[:, :4].sum(axis=1)
    return {
        "network": name,
        "partition": partition,
        "placement": placement,
        "synapses": image.n_synapses,
        "compartments": image.n_compartments,
        "cores": int(image.cores_in_use().size),
        "messages": int(found.messages.sum()),
        "hops": int(hops.sum()),
        "host_hops": int(hops[image.n_compartments :].sum()),
        "seconds": seconds,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def least_mlp_hops(chip: Chip) -> float:
    """A bound from below on the packet-hops of the MLP, whose layers are joined with all of the next.

    A core holds targets of one layer only, as two would need more axons than it has, and no more than the dense lists of
    all 3,308 sources leave room for in its words. So each source sends to at least `cores` cores.
    hidden1 -> hidden2: those lie at best all around it, as many to a tile as it has cores.
    hidden2 -> hidden3: sources and targets lie on different cores. Mean distances in L1 are of negative type, so that between
    two groups it is at least that within both together; and within, no core can be nearer to the others than were it the middle
    of them all. That either is reached, for all sources at once, is impossible: the true least is higher.
    """
    width, limits, core = 3308, chip.synapse, chip.core
    most = 0
    while width * -(-((most + 1) * 8 + limits.header_bits) // core.word_bits) <= core.synapse_words:
        most += 1
    cores, both = -(-width // most), 2 * width // most
    middle = chip.mesh.width // 2, chip.mesh.height // 2
    far = sorted(
        abs(x - middle[0]) + abs(y - middle[1])
        for x in range(chip.mesh.width)
        for y in range(chip.mesh.height)
        for _ in range(chip.mesh.cores_per_tile)
    )
    return width * sum(far[:cores]) + width * cores * sum(far[:both]) / both


METHODS = {
    "layer order": (("equal", "sequential"), ("layer", "sequential")),  # the first that fits
    "METIS": (("metis", "anneal"),),
    "hypergraph": (("hypergraph", "anneal"),),
}


def compare(network: str) -> None:
    """Prints a line a method, each measured in a process of its own, with its packet-hops as a part of those before it."""
    hops: dict[str, int] = {}
    for label, methods in METHODS.items():
        for method in methods:
            command = [sys.executable, "-m", "tools.bench_map", network, *method]
            done = subprocess.run(command, cwd=Path(__file__).parents[1], check=False, capture_output=True, text=True)
            if done.returncode == 0:
                break
        if done.returncode:
            print(f"{network:13} {label:12} {done.stderr.strip().splitlines()[-1][:140]}")
            continue
        found = json.loads(done.stdout.splitlines()[-1])
        parts = ", ".join(f"{found['hops'] / max(n, 1):.3f} of {name}" for name, n in hops.items())
        hops[label] = found["hops"]
        print(
            f"{network:13} {label:12} {found['hops']:>12,} packet-hops {found['messages']:>10,} messages {found['cores']:>5} "
            f"cores {found['seconds']:6.1f} s {found['peak_mb']:6.0f} MB  {parts}"
        )
    if network == "mlp" and "layer order" in hops:
        least = least_mlp_hops(chip_for(network))
        print(
            f"{network:13} none has less than {least:,.0f} packet-hops, {least / hops['layer order']:.3f} of layer order"
        )


if __name__ == "__main__":
    print(json.dumps(measure(*sys.argv[1:4])))
