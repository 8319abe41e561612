"""The engine measured: one network, in one process, against a bare loop over the same synapses and spikes.

Run by tools/bench.py; `python -m tools.bench_engine SPEC.json` measures one network and prints a line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from typing import Any

import numba
import numpy as np

import neuroemu
from neuroemu.compiler import compile_network
from neuroemu.compiler.image import ChipImage
from neuroemu.connect import Sparse
from neuroemu.counters import Count
from neuroemu.engine.run import Plan, run
from neuroemu.network import LifRegisters, Network, WeightFormat

FAN_OUT = 100
THRESHOLD = 1000
WARM_UP = 2  # steps that are run apart, so that starting a run does not count


def network(neurons: int, rate: float, active: int | None) -> Network:
    """Integrators that a bias makes fire every 1/rate steps, evenly spread; weights of +-2 hardly move them.

    active: how many of them have a bias at all; those leak and never fire, the others are at rest.
    """
    random = np.random.default_rng(1)
    pre = np.repeat(np.arange(neurons, dtype=np.int32), FAN_OUT)
    post = random.integers(0, neurons, pre.size, np.int32)
    weights = random.choice(np.array([-2, 2], np.int8), pre.size)
    if active is None:
        bias = round(THRESHOLD * 64 / (1 / rate - 0.5)) >> 2
        cells = LifRegisters(4095, 0, THRESHOLD, bias, 2, v=random.integers(0, THRESHOLD * 64, neurons))
    else:
        bias = np.zeros(neurons)
        bias[random.choice(neurons, active, replace=False)] = 10
        cells = LifRegisters(2048, 512, 131071, bias)
    return Network().population("a", neurons, cells).connect("a", "a", Sparse(pre, post, weights), WeightFormat())


@numba.njit
def bare(first: Any, target: Any, weight: Any, row: Any, spikes: Any, bounds: Any) -> None:
    """What no engine can do without: every weight of every spike added to its target. No counting, nothing else."""
    for step in range(bounds.size - 1):
        for source in spikes[bounds[step] : bounds[step + 1]]:
            for k in range(first[source], first[source + 1]):
                row[np.uint32(target[k])] += weight[k]


def measure(neurons: int, rate: float, steps: int, rounds: int, threads: list[int], active: int | None = None) -> dict:
    """Best of `rounds`, each round taking the bare loop and every number of threads in turn."""
    chip, _ = neuroemu.read_chip("loihi1-davies2018")
    # Uniformly random connections exceed a core's 4096 input axons: this measures the host, on cores with room for them.
    chip = replace(chip, core=replace(chip.core, axons_in=2**24, axons_out=2**24, synapse_words=2**30))
    given = network(neurons, rate, active)
    before, began = _peak_bytes(), time.perf_counter()
    image = compile_network(given, chip).image
    built, grown = time.perf_counter() - began, _peak_bytes() - before
    traces, counters = run(image, Plan(WARM_UP + steps, 1, 0, {}, {}, threads=1))
    late = traces.step > WARM_UP
    bounds = np.searchsorted(traces.step[late], np.arange(WARM_UP + 1, WARM_UP + steps + 2))
    events = int(counters.counts[WARM_UP:, :, Count.SYNAPSE_READ].sum())
    row, spikes, plain = np.zeros(image.width, np.int32), traces.source[late], image.plain
    target, weight = plain.target(), plain.weight().astype(np.int8)  # as anyone would keep them
    best = dict.fromkeys(["bare", *map(str, threads)], np.inf)
    for n in threads:
        run(image, Plan(WARM_UP, 1, 0, {}, {}, threads=n))
    for _ in range(rounds):
        began = time.perf_counter()
        bare(plain.first, target, weight, row, spikes, bounds)
        best["bare"] = min(best["bare"], time.perf_counter() - began)
        for n in threads:
            best[str(n)] = min(best[str(n)], _run_s(image, steps, n))
    return {
        "neurons": neurons,
        "rate": rate,
        "active": active,
        "steps": steps,
        "synapses": image.n_synapses,
        "events": events,
        "build_s": built,
        "build_peak_bytes": grown,
        "image_bytes": image.bytes_of_synapses,
        "peak_mb": _peak_bytes() / 2**20,
        "best_s": best,
    }


def _run_s(image: ChipImage, steps: int, threads: int) -> float:
    """Seconds of `steps` steps: of a run with them, less a run without."""
    began = time.perf_counter()
    run(image, Plan(WARM_UP, 1, 0, {}, {}, threads=threads))
    short = time.perf_counter() - began
    began = time.perf_counter()
    run(image, Plan(WARM_UP + steps, 1, 0, {}, {}, threads=threads))
    return time.perf_counter() - began - short


def _peak_bytes() -> int:
    """The most memory that this process has had (Linux); 0 where it cannot be told."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return 0


if __name__ == "__main__":
    print(json.dumps(measure(**json.loads(sys.argv[1]))))
