"""brian2-loihi on the learning bench; prints one line of JSON (README.md beside this file says what each figure means).

Runs under an interpreter that has brian2-loihi 0.5. Knows nothing of neuroemu.
"""

import argparse
import json
import time
from importlib.metadata import version

import numpy as np
from brian2 import network_operation
from brian2_loihi import LoihiNetwork, LoihiNeuronGroup, LoihiSpikeGeneratorGroup, LoihiSynapses, synapse_sign_mode

WARM_UP = 3  # steps


def main(options: argparse.Namespace) -> None:
    n, random, steps = options.neurons, np.random.default_rng(options.seed), WARM_UP + options.steps + 2
    groups = []
    for _ in range(2):
        at, channel = np.nonzero(random.random((steps, n)) < options.rate)
        groups.append(LoihiSpikeGeneratorGroup(n, channel, at))
    post = LoihiNeuronGroup(n, threshold_v_mant=1, decay_v=0, decay_I=4096)
    teacher = LoihiSynapses(groups[1], post, sign_mode=synapse_sign_mode.EXCITATORY)
    teacher.connect(j="i")
    teacher.w = 255
    traces = {"imp_x1": 20, "tau_x1": 10, "imp_y1": 20, "tau_y1": 10}
    plastic = LoihiSynapses(groups[0], post, dw=options.dw, sign_mode=synapse_sign_mode.MIXED, **traces)
    plastic.connect()
    plastic.w = random.integers(20, 100, n * n) * 2
    stamps = []

    @network_operation(when="start")
    def look() -> None:
        stamps.append(time.perf_counter())

    LoihiNetwork(*groups, post, teacher, plastic, look).run(WARM_UP + options.steps + 1)
    run_s = stamps[WARM_UP + options.steps] - stamps[WARM_UP]
    found = {"peer": "brian2-loihi", "version": version("brian2-loihi"), "synapses": n * n, "run_s": run_s}
    print(json.dumps(found | {"steps": options.steps}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=1.0)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dw", default="2^-2*x1*y0-2^-2*x0*y1")
    main(parser.parse_args())
