"""Pricing measured: a network on all 128 cores of a Loihi, its steps run and sent through the contended network.

Run by tools/bench.py; `python -m tools.bench_costs NEURONS STEPS` prints a line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace

import neuroemu
from neuroemu.compiler import MappingOptions, compile_network
from neuroemu.costs import Activity, costs
from neuroemu.engine.run import Plan, run
from neuroemu.events import Event
from neuroemu.wiring import wiring_of
from tools.bench_engine import WARM_UP, _peak_bytes, network


def measure(neurons: int, steps: int, rounds: int = 5, rate: float = 0.1) -> dict:
    """Seconds of a run of `steps` steps on one thread, and of pricing them; best of `rounds`."""
    chip, prices = neuroemu.read_chip("loihi1-sanafe")
    chip = replace(chip, core=replace(chip.core, axons_in=2**24, axons_out=2**24, synapse_words=2**30))
    mapping = MappingOptions(parts={"a": 128}, share_cores=False)
    image = compile_network(network(neurons, rate, None), chip, mapping).image
    wiring = wiring_of(image)
    best: dict[str, float] = {}
    run(image, Plan(WARM_UP, 1, 0, {}, {}, threads=1))  # compiles
    for _ in range(rounds):
        began = time.perf_counter()
        run(image, Plan(WARM_UP, 1, 0, {}, {}, threads=1))
        short = time.perf_counter() - began
        began = time.perf_counter()
        traces, counters = run(image, Plan(WARM_UP + steps, 1, 0, {}, {}, threads=1))
        took = {"engine": time.perf_counter() - began - short}
        late = traces.step > WARM_UP
        activity = Activity(counters.counts[WARM_UP:], traces.step[late] - WARM_UP, traces.source[late])
        for mode, threads in (("simple", 1), ("contended", 1), ("contended", 2)):
            began = time.perf_counter()
            found = costs(wiring, activity, prices, mode, threads)
            took[f"{mode}-{threads}"] = time.perf_counter() - began
        best = {key: min(seconds, best.get(key, seconds)) for key, seconds in took.items()}
    messages = int(found.tally.totals[Event.AXON_IN])
    return {
        "neurons": neurons,
        "steps": steps,
        "messages": messages,
        "best_s": best,
        "mean_step_ns": found.schedule.total_ns / steps,
        "peak_mb": _peak_bytes() / 2**20,
    }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]))))
