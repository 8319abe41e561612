"""Records a network of brian2-loihi that learns: channels of the host onto leaky compartments, all to all.

python-of-brian2-loihi tools/record_brian2_loihi.py OUT.json

64 copies run side by side, each with random numbers of its own. The rule reads traces only where they are high, so that weights
and spikes are the same in all of them: the case is one of the times of spikes, deliveries and updates. Spikes are given by the
step i, 0.., in which brian2-loihi has them, weights as they are behind step i.
"""

from __future__ import annotations

import json
import sys

import numpy as np
from brian2 import __version__, prefs, seed
from brian2_loihi import (
    LoihiNetwork,
    LoihiNeuronGroup,
    LoihiSpikeGeneratorGroup,
    LoihiSpikeMonitor,
    LoihiStateMonitor,
    LoihiSynapses,
)

COPIES, N_PRE, N_POST, T = 64, 6, 4, 150
DW = "2^-2*x1*y0-2^3*x0+2^3*u4"
TRACES = {"imp_x1": 64, "tau_x1": 2, "imp_y1": 64, "tau_y1": 2}
LIF = {"decay_I": 2048, "decay_v": 512, "threshold_v_mant": 900}
BITS, SIGN_MODE = 5, 2


def main(path: str) -> None:
    prefs.codegen.target = "numpy"
    seed(1)
    random = np.random.default_rng(7)
    stim = random.random((T, N_PRE)) < 0.15
    w0 = random.integers(4, 20, (N_POST, N_PRE)) * 8
    step, channel = np.nonzero(stim)
    copy = np.arange(COPIES)
    host = LoihiSpikeGeneratorGroup(
        COPIES * N_PRE,
        (channel[:, None] + N_PRE * copy).ravel(),
        np.repeat(step, COPIES),
    )
    post, pre = (index.ravel() for index in np.indices((N_POST, N_PRE)))
    cells = LoihiNeuronGroup(COPIES * N_POST, **LIF)
    synapses = LoihiSynapses(host, cells, dw=DW, sign_mode=SIGN_MODE, num_weight_bits=BITS, **TRACES)
    synapses.connect(i=(pre + N_PRE * copy[:, None]).ravel(), j=(post + N_POST * copy[:, None]).ravel())
    synapses.w = np.tile(w0.ravel(), COPIES)
    weights, spikes = LoihiStateMonitor(synapses, "w"), LoihiSpikeMonitor(cells)
    LoihiNetwork(host, cells, synapses, weights, spikes).run(T)
    w = np.array(weights.w).T.reshape(T, COPIES, N_POST, N_PRE).astype(int)
    fired = np.zeros((T, COPIES * N_POST), int)
    fired[np.rint(np.asarray(spikes.t_) * 1000).astype(int), np.asarray(spikes.i)] = 1
    fired = fired.reshape(T, COPIES, N_POST)
    if np.ptp(w, axis=1).any() or np.ptp(fired, axis=1).any():
        raise SystemExit("copies differ: the rule reads low traces, too")
    case = {
        "name": "own_brian2_loihi_network",
        "source": f"brian2-loihi 0.5.2 on Brian2 {__version__}, numpy target, by tools/record_brian2_loihi.py",
        "dw": DW, "traces": TRACES, "sign_mode": SIGN_MODE, "num_weight_bits": BITS, "lif": LIF,
        "w0": w0.tolist(), "stim": stim.astype(int).tolist(), "post": fired[:, 0].tolist(), "w": w[:, 0].tolist(),
    }  # fmt: skip
    with open(path, "w") as file:
        json.dump(case, file)
    print(f"{int(fired[:, 0].sum())} spikes, {np.count_nonzero(np.diff(w[:, 0], axis=0))} changes of weights")


if __name__ == "__main__":
    main(sys.argv[1])
