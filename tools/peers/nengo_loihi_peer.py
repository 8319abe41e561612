"""The nengo-loihi emulator on the bench network; prints one line of JSON (README.md beside this file says what it means).

Runs under an interpreter that has nengo-loihi 1.1. Knows nothing of neuroemu, so that nothing of it can weigh on the figures.
"""

import argparse
import json
import time

import nengo_loihi
import numpy as np
from nengo_loihi.block import Axon, LoihiBlock, Synapse
from nengo_loihi.builder import Model
from nengo_loihi.builder.discretize import discretize_model
from nengo_loihi.emulator import EmulatorInterface

WARM_UP = 2  # steps
NOTE = "one thread; all neurons in one block, larger than a core, which spares the emulator an axon for every core"


def main(options: argparse.Namespace) -> None:
    n, fan_out, period = options.neurons, options.fan_out, round(1 / options.rate)
    random = np.random.default_rng(options.seed)
    began = time.perf_counter()
    # Integrators: current forgets everything each step, voltage nothing, and bias 1 reaches the threshold in `period`
    # steps. The emulator does not ask whether a block fits a core, so one block holds all.
    block = LoihiBlock(n)
    compartment = block.compartment
    compartment.bias[:] = 1.0
    compartment.vth[:] = period - 0.5
    compartment.vmin = -period
    # The registers hold no more than about 60,000 between a weight and a threshold.
    weight = max(1 / 256, period / 60_000)
    synapse = Synapse(n)
    # The emulator adds with `input[indices] += weights`, which loses a repeated index: targets are distinct here.
    targets = [random.choice(n, fan_out, replace=False) for _ in range(n)]
    synapse._set_weights_indices(random.choice([-weight, weight], (n, fan_out)), indices=targets)
    block.add_synapse(synapse)
    axon = Axon(n)
    axon.target = synapse
    axon.set_compartment_axon_map(np.arange(n))
    block.add_axon(axon)
    model = Model()
    model.add_block(block)
    discretize_model(model)
    emulator = EmulatorInterface(model, seed=options.seed)
    state = emulator.compartment
    state.voltage[:] = random.integers(0, period, n) * state.bias
    emulator.run_steps(WARM_UP)
    build_s = time.perf_counter() - began

    before = int(state.spike_count.sum())
    began = time.perf_counter()
    emulator.run_steps(options.steps)
    run_s = time.perf_counter() - began

    events = (int(state.spike_count.sum()) - before) * fan_out
    result = dict(
        peer="nengo-loihi",
        version=nengo_loihi.__version__,
        neurons=n,
        synapses=n * fan_out,
        threads=1,
        steps=options.steps,
        build_s=round(build_s, 4),
        run_s=round(run_s, 6),
        synaptic_events=events,
        events_per_s=round(events / run_s),
        step_ms=round(1000 * run_s / options.steps, 4),
        peak_mb=round(_peak_mb(), 1),
        note=NOTE,
    )
    print(json.dumps(result))


def _peak_mb() -> float:
    """This process's largest resident memory, MiB. Not getrusage, which a child inherits from a larger parent."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=10000)
    parser.add_argument("--fan-out", type=int, default=100)
    parser.add_argument("--rate", type=float, default=0.1, help="share of the steps in which a neuron fires")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--threads", type=int, default=1, help="taken and ignored: the emulator has one")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main(_options())
