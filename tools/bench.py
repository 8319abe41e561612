"""Measures neuroemu on this machine. Timings never decide a test; they are quoted from here.

python tools/bench.py startup [--runs 5]     whole processes: --help, check, quickstart, first run ever
python tools/bench.py engine [--size N]      synaptic events/s of a random network, counting included
"""

from __future__ import annotations

import argparse
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
    parser.add_argument("--size", type=int, default=32768)
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
    n, fan_out, steps = options.size, 100, 50
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


SUITES = {"startup": startup, "engine": engine}

if __name__ == "__main__":
    main()
