"""Brian2's C++ standalone mode on the bench network; prints one line of JSON (README.md beside this file says what it means).

Runs under an interpreter that has Brian2, and a C++ compiler. Knows nothing of neuroemu, so that nothing of it can weigh on
the figures.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import brian2
import numpy as np
from brian2 import NeuronGroup, Synapses, defaultclock, device, ms, prefs, run, set_device

WEIGHT = 0.001  # of a bias of 1 a step
# The program that Brian2 writes says how much memory it had at most, without that of this script or of the compiler.
PEAK = """
{
    std::ifstream status("/proc/self/status");
    std::ofstream peak(brian::results_dir + "peak.txt");
    for (std::string line; std::getline(status, line);)
        if (line.rfind("VmHWM", 0) == 0) peak << line;
}
"""


def main(options: argparse.Namespace) -> None:
    n, fan_out, period = options.neurons, options.fan_out, round(1 / options.rate)
    random = np.random.default_rng(options.seed)
    began = time.perf_counter()
    set_device("cpp_standalone", build_on_run=False)
    prefs.devices.cpp_standalone.extra_make_args_unix = ["-j2"]
    if options.threads > 1:
        prefs.devices.cpp_standalone.openmp_threads = options.threads
    defaultclock.dt = 1 * ms
    model = "dv/dt = 1/ms : 1\nfired : integer"
    reset = "v = 0; fired += 1"
    constants = dict(threshold=period - 0.5)
    neurons = NeuronGroup(n, model, threshold="v > threshold", reset=reset, method="euler", namespace=constants)
    neurons.v = random.integers(0, period, n)
    synapses = Synapses(neurons, neurons, "w : 1", on_pre="v_post += w", delay=1 * ms)
    synapses.connect(i=np.repeat(np.arange(n), fan_out), j=random.integers(0, n, n * fan_out))
    synapses.w = random.choice([-WEIGHT, WEIGHT], n * fan_out)
    # No warm-up: nothing is compiled lazily, and a second run would be compiled a second time. The first step finds nothing
    # to deliver, which over 100 steps flatters Brian2 by 1 %.
    run(options.steps * ms)
    device.insert_code("after_end", PEAK)
    with tempfile.TemporaryDirectory() as folder:
        device.build(directory=folder, with_output=False)
        run_s = device._last_run_time
        build_s = time.perf_counter() - began - run_s
        events = int(np.sum(neurons.fired[:])) * fan_out
        peak_kb = int((Path(folder) / "results" / "peak.txt").read_text().split()[1])
        result = dict(
            peer="brian2-cpp",
            version=brian2.__version__,
            neurons=n,
            synapses=n * fan_out,
            threads=options.threads,
            steps=options.steps,
            build_s=round(build_s, 4),
            run_s=round(run_s, 6),
            synaptic_events=events,
            events_per_s=round(events / run_s),
            step_ms=round(1000 * run_s / options.steps, 4),
            peak_mb=round(peak_kb / 1024, 1),
            note="build_s includes the compiler",
        )
    print(json.dumps(result))


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
