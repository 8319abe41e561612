"""SANA-FE on the bench network; prints one line of JSON (README.md beside this file says what each figure means).

Runs under an interpreter that has SANA-FE 2. The chip is the Loihi that SANA-FE brings along (128 cores), the timing model
its `simple` one unless --timing says otherwise. Knows nothing of neuroemu, so that nothing of it can weigh on the figures.
"""

import argparse
import json
import os
import sys
import time
from importlib.metadata import version

import numpy as np
import sanafe

WARM_UP = 2  # steps
BIAS = 1000.0  # of a neuron and step, against weights of +-1: SANA-FE truncates potentials to 1/64


def main(options: argparse.Namespace) -> None:
    n, fan_out, period = options.neurons, options.fan_out, round(1 / options.rate)
    random = np.random.default_rng(options.seed)
    began = time.perf_counter()
    arch, network = sanafe.load_loihi(), sanafe.Network()
    cores = arch.cores()
    group = network.create_neuron_group(
        "neurons",
        n,
        model_attributes=dict(bias=BIAS, leak_decay=1.0, reset_mode="hard"),
        default_synapse_hw_name="loihi_dense_synapse",
        default_dendrite_hw_name="loihi_dendrites",
        soma_hw_name="loihi_lif",
    )
    # All potentials start at 0. What spreads the firing is that thresholds differ, and resets with them: a neuron of phase
    # k fires in step k and every `period` steps from there.
    phases = random.integers(1, period + 1, n).tolist()
    for i, (neuron, phase) in enumerate(zip(group.neurons, phases, strict=True)):
        thresholds = dict(threshold=(phase - 0.5) * BIAS, reset=(phase - period) * BIAS)
        neuron.set_attributes(model_attributes=thresholds)
        neuron.map_to_core(cores[i * len(cores) // n])
    pre = np.repeat(np.arange(n), fan_out)
    post = random.integers(0, n, n * fan_out)
    weights = random.choice([-1.0, 1.0], n * fan_out)
    pairs = list(zip(pre.tolist(), post.tolist(), strict=True))
    group.connect_neurons_sparse(group, dict(weight=weights.tolist()), pairs)
    del pre, post, weights, pairs
    chip = sanafe.SpikingChip(arch)
    chip.load(network)
    _simulate(chip, WARM_UP, options)
    build_s = time.perf_counter() - began

    began = time.perf_counter()
    counts = _simulate(chip, options.steps, options)
    run_s = time.perf_counter() - began

    events = counts["neurons_fired"] * fan_out
    result = dict(
        peer="sanafe",
        version=version("sanafe"),
        neurons=n,
        synapses=n * fan_out,
        threads=options.threads,
        steps=options.steps,
        build_s=round(build_s, 4),
        run_s=round(run_s, 6),
        synaptic_events=events,
        events_per_s=round(events / run_s),
        step_ms=round(1000 * run_s / options.steps, 4),
        peak_mb=round(_peak_mb(), 1),
        note=f"timing model {options.timing}",
    )
    print(json.dumps(result), flush=True)


def _simulate(chip: sanafe.SpikingChip, steps: int, options: argparse.Namespace) -> dict:
    """SANA-FE's own counts of these steps. Its progress goes to stderr: the line of JSON is all there is on stdout."""
    stdout = os.dup(1)
    os.dup2(2, 1)
    try:
        return chip.sim(steps, timing_model=options.timing, processing_threads=options.threads)
    finally:
        sys.stdout.flush()
        os.dup2(stdout, 1)
        os.close(stdout)


def _peak_mb() -> float:
    """This process's largest resident memory, MiB. Not getrusage, which a child inherits from a larger parent."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=32768)
    parser.add_argument("--fan-out", type=int, default=100)
    parser.add_argument("--rate", type=float, default=0.1, help="share of the steps in which a neuron fires")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--timing", choices=["simple", "detailed"], default="simple")
    return parser.parse_args()


if __name__ == "__main__":
    main(_options())
