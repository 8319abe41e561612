"""Measures neuroemu on this machine. Timings never decide a test; they are quoted from here.

python tools/bench.py startup [--runs 5]     whole processes: --help, check, quickstart, first run ever
python tools/bench.py engine [--size N] [--peer NAME=PYTHON ...]
                                             random networks of 1k to 131k compartments, counting included, against a bare
                                             loop and other emulators (tools/peers/README.md)
python tools/bench.py contended [--size N] [--peer sanafe=PYTHON]
                                             steps run, counted and sent through the contended network on 128 cores
python tools/bench.py prices                 1000 price lists over 1000 steps x 128 parts, drawn from the ranges of two chips
python tools/bench.py map [--network NAME]   packet-hops, seconds and memory of mapping three networks by layer order, METIS
                                             and hypergraph, both annealed; NAME may be any of tools/bench_map.py
python tools/bench.py learning [--size N] [--peer lava=PYTHON] [--peer brian2-loihi=PYTHON]
                                             a pairwise rule, all to all, all synapses due and few of them
python tools/bench.py build [--size N]       seconds and memory of compiling random networks, 131,072 compartments by default
"""

from __future__ import annotations

import argparse
import json
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
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

COMMAND = [sys.executable, "-m", "neuroemu"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suite", choices=sorted(SUITES))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--size", type=int, help="of one network instead of all")
    parser.add_argument("--network", help="of tools/bench_map.py instead of the three")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON", help="measure this one too")
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
    """Every network in a process of its own; each peer right after the network it is compared on, 32k at 10 %."""
    for line in (
        "     N  rate | M synaptic events/s  | of bare | 2 by 1 |   ms a step     | steps/s |M comp./s|build| bytes a | peak",
        "             |   bare 1 thr. 2 thr. | 1 thr.  | thread | 1 thr.   2 thr. |  2 thr. |  2 thr. |    s| synapse |   MB",
    ):
        print(line)
    mean_s = {}
    for size in [options.size] if options.size else SIZES:
        for rate in RATES:
            found = _measured(neurons=size, rate=rate, steps=_steps(size, rate), rounds=options.runs, threads=[1, 2])
            mean_s[size, rate] = _row(found)
            if options.peer and (size, rate) == (options.size or 32768, 0.1):
                _peers(options.peer, found)
    for rate in RATES if not options.size else ():
        x, y = np.log([mean_s[size, rate] for size in SIZES]), np.log(SIZES)
        print(f"time a step grows as N**{np.polyfit(y, x, 1)[0]:.2f} at {rate:.0%}, from {SIZES[0]} to {SIZES[-1]}")
    size = options.size or SIZES[-1]
    asleep = _measured(neurons=size, rate=0.01, steps=2000, rounds=options.runs, threads=[1, 2], active=100)
    for n in ("1", "2"):
        each = asleep["best_s"][n] / asleep["steps"]
        print(f"{size} compartments, all at rest but 100, {n} thread(s): {each * 1e6:.1f} us a step", end="")
        print(f", 1/{mean_s[size, 0.01] / each:.0f} of a step at 1 % on 2 threads" if (size, 0.01) in mean_s else "")


SIZES, RATES = (1024, 8192, 32768, 131072), (0.01, 0.1)


def _steps(size: int, rate: float) -> int:
    """About a quarter of a second of work."""
    return int(np.clip(1e8 / (size * 100 * rate + size), 50, 5000))


def _measured(**what: object) -> dict:
    """One network, in a process of its own so that peak memory is its own."""
    command = [sys.executable, "-m", "tools.bench_engine", json.dumps(what)]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def _row(found: dict) -> float:
    """Prints a line of the table; returns the seconds of a step on two threads."""
    best, steps, n = found["best_s"], found["steps"], found["neurons"]
    rate = {key: found["events"] / seconds / 1e6 for key, seconds in best.items()}
    step_ms = {key: seconds / steps * 1e3 for key, seconds in best.items()}
    print(
        f"{n:6} {found['rate']:5.0%} | {rate['bare']:6.0f} {rate['1']:6.0f} {rate['2']:6.0f} | "
        f" {rate['1'] / rate['bare']:5.2f}  |  {best['1'] / best['2']:4.2f}  | "
        f"{step_ms['1']:7.3f} {step_ms['2']:7.3f} | {steps / best['2']:7.0f} |"
        f" {n * steps / best['2'] / 1e6:6.0f}  |{found['build_s']:5.2f}| {found['image_bytes'] / found['synapses']:7.2f} |"
        f" {found['peak_mb']:5.0f}"
    )
    return best["2"] / steps


def _peers(given: list[str], found: dict) -> None:
    """Other emulators on the same network, one thread each, and how many times as fast ours is."""
    from tools.peers.run import measure

    ours = {key: seconds / found["steps"] for key, seconds in found["best_s"].items()}
    for name, _, interpreter in (peer.partition("=") for peer in given):
        steps = 5 if name == "sanafe" else 50
        runs = [
            measure(interpreter, name, neurons=found["neurons"], fan_out=100, rate=0.1, steps=steps, threads=1, seed=1)
            for _ in range(3)
        ]
        good = [run for run in runs if isinstance(run, dict)]
        if not good:
            print(f"  {name}: {runs[0]}")
            continue
        best = min(good, key=lambda run: run["step_ms"])
        print(
            f"  {name} {best['version']}: {best['step_ms']:.2f} ms a step, {best['events_per_s'] / 1e6:.1f} M events/s, "
            f"peak {best['peak_mb']:.0f} MB: ours is {best['step_ms'] / 1e3 / ours['1']:.1f} times as fast on one thread, "
            f"{best['step_ms'] / 1e3 / ours['2']:.1f} on two"
        )


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
    size = image.bytes_of_synapses
    print(
        f"{kind:8} {image.n_synapses} synapses: {took:.2f} s, image {size / 1e6:.0f} MB "
        f"({size / image.n_synapses:.2f} bytes a synapse), peak {growth / 1e6:.0f} MB more than before"
    )


def contended(options: argparse.Namespace) -> None:
    """Steps run and sent through the contended network, against SANA-FE's detailed timing of the same network size."""
    from tools.peers.run import measure

    for size in [options.size] if options.size else [8192, 32768]:
        command = [sys.executable, "-m", "tools.bench_costs", str(size), "40"]
        done = subprocess.run(command, cwd=Path(__file__).parents[1], check=True, capture_output=True, text=True)
        found = json.loads(done.stdout)
        best, steps = found["best_s"], found["steps"]
        print(f"{size} compartments on 128 cores, 10 %: {found['messages'] / steps:,.0f} messages a step")
        for key in ("engine", "simple-1", "contended-1", "contended-2"):
            rate = "" if key == "engine" else f", {found['messages'] / best[key] / 1e6:.2f} M messages/s"
            print(f"  {key:12} {best[key] / steps * 1e3:8.2f} ms a step{rate}")
        print(f"  peak {found['peak_mb']:.0f} MB")
        for name, _, interpreter in (peer.partition("=") for peer in options.peer):
            given = dict(neurons=size, fan_out=100, rate=0.1, steps=3, threads=1, seed=1, timing="detailed")
            peer = measure(interpreter, name, **given)
            if not isinstance(peer, dict):
                print(f"  {peer}")
                continue
            times = [peer["step_ms"] / 1e3 / ((best["engine"] + best[f"contended-{n}"]) / steps) for n in (1, 2)]
            print(
                f"  {name} {peer['version']} ({peer['note']}): {peer['step_ms']:.1f} ms a step, {peer['peak_mb']:.0f} MB; "
                f"engine and contended together are {times[0]:.1f} times as fast on one thread, {times[1]:.1f} on two"
            )


def prices(options: argparse.Namespace) -> None:
    """Seconds of ranges.price_many over synthetic counts: 128 parts of 64 compartments, each reaching 10 cores, 1 % firing."""
    import neuroemu
    from neuroemu.ranges import drawn, price_many
    from tools.synthetic import run_of

    for name in ("loihi1-davies2018", "generic-14nm"):
        chip, priced = neuroemu.read_chip(name)
        wiring, activity = run_of(chip, parts=128, size=64, steps=1000)
        lists = drawn(priced, 1000, seed=1)
        price_many(wiring, activity, drawn(priced, 3))  # kernels
        times = []
        for _ in range(options.runs):
            began = time.perf_counter()
            many = price_many(wiring, activity, lists)
            times.append(time.perf_counter() - began)
        print(
            f"{name:18} 1000 lists over 1000 steps x 128 parts: {min(times):.2f} s ({max(times):.2f} at most of "
            f"{options.runs}); time {np.min(many.time_ns) / 1e3:.0f} .. {np.max(many.time_ns) / 1e3:.0f} us"
        )


def mapping(options: argparse.Namespace) -> None:
    """Traffic of three networks under three methods, and what a lower bound says of the one that cannot be cut better."""
    from tools.bench_map import compare

    for network in [options.network] if options.network else ["mlp", "conv", "small-world"]:
        compare(network)


def learning(options: argparse.Namespace) -> None:
    """Synapse updates of a pairwise rule, one process each; peers beside all due and 5 % active."""
    from tools.bench_learning import measure
    from tools.peers.run import measure as measure_peer

    for neurons in [options.size] if options.size else [1000, 2000]:
        for rate in (1.0, 0.05, 0.01):
            ours = {n: measure(neurons, rate, n, rounds=options.runs) for n in (1, 2)}
            for n, found in ours.items():
                print(
                    f"{neurons:5} x {neurons}, {rate:4.0%} active, {n} thread(s): {found['due']:11,.0f} synapses due, "
                    f"{found['step_ms']:8.3f} ms a step, {found['updates_per_s'] / 1e6:6.1f} M updates/s"
                )
            for name, _, interpreter in (peer.partition("=") for peer in options.peer):
                told = measure_peer(interpreter, f"{name}-learning", neurons=neurons, rate=rate, steps=20)
                if isinstance(told, str):
                    print(told)
                    continue
                step_ms = 1e3 * told["run_s"] / told["steps"]
                ratios = ", ".join(f"{step_ms / found['step_ms']:.1f} on {n}" for n, found in ours.items())
                print(
                    f"{told['peer']} {told['version']}: {step_ms:.1f} ms a step; ours is so many times as fast: {ratios}"
                )


SUITES = {
    "learning": learning,
    "map": mapping,
    "startup": startup,
    "engine": engine,
    "build": build,
    "contended": contended,
    "prices": prices,
}

if __name__ == "__main__":
    main()
