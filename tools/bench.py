"""Measures neuroemu on this machine. Timings never decide a test; they are quoted from here.

python tools/bench.py startup [--runs 5]     whole processes: --help, check, quickstart, first run ever
python tools/bench.py engine [--size N]      synaptic events/s of a random network, counting included
python tools/bench.py build [--size N]       seconds and memory of compiling random networks, 131,072 compartments by default
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace

COMMAND = [sys.executable, "-m", "neuroemu"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suite", choices=sorted(SUITES))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--size", type=int)
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.processor() or platform.machine()}")
    SUITES[options.suite](options)


def startup(options: argparse.Namespace) -> None:
    """Seconds of whole processes, median of --runs after one warm-up; the first run ever once, with an empty cache."""
    with tempfile.TemporaryDirectory() as folder:
        for label, arguments in (
            ("--help", ["--help"]),
            ("check digits", ["check", "digits"]),
            ("run quickstart", ["run", "quickstart", "--quiet"]),
            ("run digits", ["run", "digits", "--quiet"]),
        ):
            times = [_process(arguments, folder) for _ in range(options.runs + 1)][1:]
            print(f"{label:16} {statistics.median(times):6.2f} s  ({min(times):.2f} .. {max(times):.2f})")
        with tempfile.TemporaryDirectory() as cache:
            first = _process(["run", "quickstart", "--quiet"], folder, {"NUMBA_CACHE_DIR": cache})
            print(f"{'first run ever':16} {first:6.2f} s  (quickstart, cold kernel cache)")


def _process(arguments: list[str], folder: str, environment: dict[str, str] | None = None) -> float:
    began = time.perf_counter()
    subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, **(environment or {})},
    )
    return time.perf_counter() - began


def engine(options: argparse.Namespace) -> None:
    """A random network, fan-out 100, every source spiking with 10 % a step from the host; one thread."""
    import numpy as np

    import neuroemu
    from neuroemu.compiler import compile_network
    from neuroemu.connect import Sparse
    from neuroemu.engine.run import Plan, run
    from neuroemu.events import Event
    from neuroemu.network import LifRegisters, Network, Spikes, WeightFormat

    chip, _ = neuroemu.read_chip("loihi1-davies2018")
    # Uniformly random connections exceed a core's 4096 input axons: this measures the host, on cores with room for them.
    chip = replace(chip, core=replace(chip.core, axons_in=2**24, axons_out=2**24, synapse_words=2**30))
    n, fan_out, steps = options.size or 32768, 100, 50
    random = np.random.default_rng(1)
    pre = np.repeat(np.arange(n), fan_out)
    post = random.integers(0, n, n * fan_out)
    weights = random.integers(1, 128, n * fan_out).astype(float) * random.choice([-2, 2], n * fan_out)
    network = (
        Network()
        .population("in", n, Spikes("in"))
        .population("cells", n, LifRegisters(decay_u=2048, decay_v=512, threshold=131071))
        .connect("in", "cells", Sparse(pre, post, weights), WeightFormat())
    )
    began = time.perf_counter()
    image = compile_network(network, chip).image
    built = time.perf_counter() - began

    class Tenth:
        def events(self, first_step: int, n_steps: int) -> tuple[np.ndarray, np.ndarray]:
            return np.nonzero(np.random.default_rng(first_step).random((n_steps, n)) < 0.1)

    plan = Plan(steps, 1, 0, {"in": Tenth()}, {})
    run(image, plan)
    began = time.perf_counter()
    _, counters = run(image, plan)
    took = time.perf_counter() - began
    events = counters.total(Event.SYNAPSE_READ)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{n} compartments, {image.n_synapses} synapses on {image.n_parts} parts, built in {built:.1f} s")
    print(f"{events / took / 1e6:.0f} M synaptic events/s, {took / steps * 1e3:.2f} ms a step, peak {peak:.0f} MB")


def build(options: argparse.Namespace) -> None:
    """Compiling n compartments with 100 random synapses each, every kind of list in a process of its own."""
    for kind in ("scalar", "uniform", "mixed", "delays", "sparse"):
        process = multiprocessing.get_context("spawn").Process(target=_build, args=(kind, options.size or 131072))
        process.start()
        process.join()


def _build(kind: str, n: int) -> None:
    import numpy as np

    import neuroemu
    from neuroemu.compiler import compile_network
    from neuroemu.connect import Draws, Random, Sparse, Uniform
    from neuroemu.network import Lif, LifRegisters, Network, Spikes

    chip, _ = neuroemu.read_chip("loihi1-davies2018")
    chip = replace(chip, core=replace(chip.core, axons_in=2**24, axons_out=2**24, synapse_words=2**30))
    random = np.random.default_rng(1)
    Draws(0, "warm").uniforms("up", 1)
    connector = {
        "scalar": lambda: Random(3.0, fan_in=100),
        "uniform": lambda: Random(Uniform(0.1, 0.5), fan_in=100),
        "mixed": lambda: Random(Uniform(-0.5, 0.5), fan_in=100),
        "delays": lambda: Random(Uniform(-0.5, 0.5), fan_in=100, delays=Uniform(0, 16)),
        "sparse": lambda: Sparse(
            np.repeat(np.arange(n), 100), random.integers(0, n, n * 100), random.integers(-128, 128, n * 100) * 2
        ),
    }[kind]()
    model = LifRegisters() if kind in ("scalar", "sparse") else Lif(10.0, 2.0)
    network = Network().population("in", n, Spikes("in")).population("cells", n, model)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    image = compile_network(network.connect("in", "cells", connector), chip).image
    took = time.perf_counter() - began
    growth = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    size = sum(array.nbytes for array in (*image.plain, *image.rows))
    print(
        f"{kind:8} {image.n_synapses} synapses: {took:.2f} s, image {size / 1e6:.0f} MB "
        f"({size / image.n_synapses:.2f} bytes a synapse), peak {growth / 1e6:.0f} MB more than before"
    )


SUITES = {"startup": startup, "engine": engine, "build": build}

if __name__ == "__main__":
    main()
