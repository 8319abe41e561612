"""Lava's LearningDense on the learning bench; prints one line of JSON (README.md beside this file says what each figure means).

Runs under an interpreter that has lava-nc 0.10. Knows nothing of neuroemu.
"""

import argparse
import json
import time
from importlib.metadata import version

import numpy as np
from lava.magma.core.learning.learning_rule import Loihi2FLearningRule
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.models import PyLearningDenseModelBitApproximate
from lava.proc.dense.process import LearningDense
from lava.proc.io.source import RingBuffer

WARM_UP = 2  # steps


def main(options: argparse.Namespace) -> None:
    n, random = options.neurons, np.random.default_rng(options.seed)
    rule = Loihi2FLearningRule(dw=options.dw, x1_impulse=20, x1_tau=10, y1_impulse=20, y1_tau=10, t_epoch=1)
    steps = WARM_UP + options.steps
    spikes = [RingBuffer(data=(random.random((n, steps)) < options.rate).astype(int)) for _ in range(2)]
    plastic = LearningDense(
        weights=random.integers(20, 100, (n, n)) * 2, learning_rule=rule, num_weight_bits=8, name="plastic"
    )
    spikes[0].s_out.connect(plastic.s_in)
    spikes[1].s_out.connect(plastic.s_in_bap)
    config = Loihi2SimCfg(
        select_tag="fixed_pt", exception_proc_model_map={LearningDense: PyLearningDenseModelBitApproximate}
    )
    spikes[0].run(condition=RunSteps(num_steps=WARM_UP), run_cfg=config)
    began = time.perf_counter()
    spikes[0].run(condition=RunSteps(num_steps=options.steps), run_cfg=config)
    run_s = time.perf_counter() - began
    spikes[0].stop()
    print(
        json.dumps(
            {"peer": "lava", "version": version("lava-nc"), "synapses": n * n, "run_s": run_s, "steps": options.steps}
        )
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=1.0)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dw", default="2^-2*y0*x1-2^-2*x0*y1")
    main(parser.parse_args())
