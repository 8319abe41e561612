"""brian2-loihi on the bench network; prints one line of JSON (README.md beside this file says what each figure means).

Runs under an interpreter that has brian2-loihi 0.5. Knows nothing of neuroemu, so that nothing of it can weigh on the figures.
"""

import argparse
import json
import time
from importlib.metadata import version

import numpy as np
from brian2 import network_operation
from brian2_loihi import LoihiNetwork, LoihiNeuronGroup, LoihiSpikeMonitor, LoihiSynapses, synapse_sign_mode

WARM_UP = 10  # steps
THRESHOLD_MANT = 131_071  # the largest: synapses shall weigh little
WEIGHT = 2  # of 8 bits with a sign; 128 in units of v


def main(options: argparse.Namespace) -> None:
    n, fan_out, period = options.neurons, options.fan_out, round(1 / options.rate)
    random = np.random.default_rng(options.seed)
    began = time.perf_counter()
    # The model has no bias, but a current that never decays is one. Spikes add to it for good, with both signs: a per cent
    # or two after ten periods, without moving the mean.
    bias = int(THRESHOLD_MANT * 2**6 / (period - 0.5))
    neurons = LoihiNeuronGroup(n, threshold_v_mant=THRESHOLD_MANT, decay_v=0, decay_I=0)
    neurons.I = bias
    neurons.v = random.integers(0, period, n) * bias
    synapses = LoihiSynapses(neurons, neurons, sign_mode=synapse_sign_mode.MIXED)
    synapses.connect(i=np.repeat(np.arange(n), fan_out), j=random.integers(0, n, n * fan_out))
    synapses.w = random.choice([-WEIGHT, WEIGHT], n * fan_out)
    monitor = LoihiSpikeMonitor(neurons, record=False)
    spikes, stamps = [], []

    # One run and a look at the clock as steps begin: each call of run generates code anew, which is not a step's work.
    @network_operation(when="start")
    def look() -> None:
        first, last = len(stamps) == WARM_UP, len(stamps) == WARM_UP + options.steps
        if last:
            stamps.append(time.perf_counter())
        if first or last:
            spikes.append(int(np.sum(monitor.count[:])))
        if not last:
            stamps.append(time.perf_counter())

    LoihiNetwork(neurons, synapses, monitor, look).run(WARM_UP + options.steps + 1)
    run_s = stamps[WARM_UP + options.steps] - stamps[WARM_UP]
    build_s = stamps[WARM_UP] - began

    events = (spikes[1] - spikes[0]) * fan_out
    result = dict(
        peer="brian2-loihi",
        version=version("brian2-loihi"),
        neurons=n,
        synapses=len(synapses),
        threads=1,
        steps=options.steps,
        build_s=round(build_s, 4),
        run_s=round(run_s, 6),
        synaptic_events=events,
        events_per_s=round(events / run_s),
        step_ms=round(1000 * run_s / options.steps, 4),
        peak_mb=round(_peak_mb(), 1),
        note=f"one thread; Brian2 {version('brian2')}, code by {neurons.state_updater.codeobj.class_name}",
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
    parser.add_argument("--threads", type=int, default=1, help="taken and ignored: it has one")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main(_options())
