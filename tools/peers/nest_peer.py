"""NEST on the bench network; prints one line of JSON (README.md beside this file says what each figure means).

Runs under an interpreter that has NEST 3. Knows nothing of neuroemu, so that nothing of it can weigh on the figures.
"""

import argparse
import json
import os
import time

os.environ.setdefault("PYNEST_QUIET", "1")  # no banner: the line of JSON is all there is on stdout

import nest
import numpy as np

WARM_UP = 10  # steps: the first ones size the spike buffers
WEIGHT_MV = 0.001  # a step's input is about 0.003 mV; firing times have a margin of 0.5 mV


def main(options: argparse.Namespace) -> None:
    n, fan_out, period = options.neurons, options.fan_out, round(1 / options.rate)
    began = time.perf_counter()
    if hasattr(nest, "VerbosityLevel"):
        nest.verbosity = nest.VerbosityLevel.ERROR
    else:
        nest.set_verbosity("M_ERROR")  # before 3.10
    # One step is 1 ms, and so is every delay: the shortest that NEST has, and what a chip's barrier imposes.
    nest.set(resolution=1.0, local_num_threads=options.threads, rng_seed=options.seed)
    # A time constant this long makes an integrator: 1 pA on 1 pF adds 1 mV a step, and every `period` steps is a spike.
    neurons = nest.Create(
        "iaf_psc_delta",
        n,
        dict(E_L=0.0, V_reset=0.0, V_th=period - 0.5, tau_m=1e8, C_m=1.0, I_e=1.0, t_ref=0.0),
    )
    neurons.V_m = np.random.default_rng(options.seed).integers(0, period, n).astype(float)
    for outdegree, weight in ((fan_out - fan_out // 2, WEIGHT_MV), (fan_out // 2, -WEIGHT_MV)):
        rule = dict(rule="fixed_outdegree", outdegree=outdegree)
        nest.Connect(neurons, neurons, rule, dict(synapse_model="static_synapse", weight=weight, delay=1.0))
    nest.Prepare()
    nest.Run(float(WARM_UP))
    build_s = time.perf_counter() - began

    began = time.perf_counter()
    nest.Run(float(options.steps))
    run_s = time.perf_counter() - began
    events = nest.local_spike_counter * fan_out  # NEST counts the spikes of its last Run
    nest.Cleanup()

    result = dict(
        peer="nest",
        version=nest.__version__,
        neurons=n,
        synapses=nest.num_connections,
        threads=options.threads,
        steps=options.steps,
        build_s=round(build_s, 4),
        run_s=round(run_s, 6),
        synaptic_events=events,
        events_per_s=round(events / run_s),
        step_ms=round(1000 * run_s / options.steps, 4),
        peak_mb=round(_peak_mb(), 1),
        note="",
    )
    print(json.dumps(result))


def _peak_mb() -> float:
    """This process's largest resident memory, MiB. Not getrusage, which a child inherits from a larger parent."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=32768)
    parser.add_argument("--fan-out", type=int, default=100)
    parser.add_argument("--rate", type=float, default=0.1, help="share of the steps in which a neuron fires")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main(_options())
