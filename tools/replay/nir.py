"""Networks of golden/nir: recorded inside snnTorch and Norse, replayed by the float run of our own import of their files.

With the origin of each json the spikes of every layer must be the recorded ones bit for bit, and the potentials and currents
as near as sums of float32 in another order can be. Files that no reader should take must be refused with the reason.
`paper/`: a LIF on the Loihi 2 chip, replayed by our engine with the chip's integers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from neuroemu.chip import PROFILES
from neuroemu.compiler import compile_network
from neuroemu.connect import Dense
from neuroemu.engine.run import Plan, run
from neuroemu.errors import ProgramError
from neuroemu.network import LifRegisters, Network, Spikes, WeightFormat
from neuroemu.nir_io import from_nir
from neuroemu.nir_io.exact import Exact
from neuroemu.reference.graph import walk

from .cases import chip_with, listed_spikes

LAST_BITS = 1e-6  # of the largest value of a layer: sums in another order
SPIKE_REGISTER = 128  # what the chip's register of v reads in the step of a spike, where it has been reset


def nir(folder: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    """Every network with a recording, every file that must be refused, and the recording of the chip."""
    for path in sorted(folder.glob("*.nir")):
        recorded = path.with_suffix(".json")
        if path.stem.startswith("quirk_"):
            yield f"{path.stem} is refused", lambda path=path: refused(path)
        if recorded.is_file():
            yield path.stem, lambda path=path: difference(path)
    if (folder / "paper" / "lif_lava_loihi_fixed.csv").is_file():
        yield "paper/lif_lava_loihi_fixed", lambda: on_loihi(folder / "paper")


def origin_of(recorded: dict[str, Any], stem: str) -> dict[str, Any]:
    """The facts of the json, as a user would give them."""
    given = recorded.get("neuron_kwargs", {})
    facts: dict[str, Any] = {"framework": recorded["framework"], "version": recorded["versions"][recorded["framework"]]}
    if given:
        facts |= {"reset": given["reset_mechanism"], "reset_delay": given["reset_delay"]}
    step_s = recorded.get("dt", recorded.get("dt_in_exporter"))
    return facts | {"dt_s": step_s, "batched": stem.endswith("batched_input")}


def difference(path: Path) -> str:
    """'' if every layer spikes as recorded and its states are near, else what differs first."""
    recorded = json.loads(path.with_suffix(".json").read_text())
    with np.load(path.with_suffix(".npz")) as stored:
        answers = {key: stored[key] for key in stored.files}
    exact = from_nir(path, origin_of(recorded, path.stem)).exact
    assert exact is not None
    found = replay(exact, answers["input"])
    layers = {key.partition("__")[2] for key in answers if key.startswith("spikes__")}
    if len(layers) != len(exact.neurons):
        return f"{len(layers)} layers are recorded, {len(exact.neurons)} imported"
    for key, expected in sorted(answers.items()):  # currents, then spikes, then potentials
        what, _, layer = key.partition("__")
        if not layer:
            continue
        node = layer if layer in exact.neurons else f"{layer}.lif"
        got = found[node][what].reshape(expected.shape)
        far = 0.0 if what == "spikes" else LAST_BITS * max(float(np.abs(expected).max()), 1.0)
        wrong = np.argwhere(np.abs(got.astype(np.float64) - expected) > far)
        if wrong.size:
            at = tuple(int(k) for k in wrong[0])
            place = f"{what} of {layer} at step {at[0] + 1}, {list(at[1:])}"
            return f"{place}: {got[at]}, recorded {expected[at]} ({len(wrong)} such)"
    return ""


def replay(exact: Exact, spikes: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    """{node: {'spikes', 'v', 'i': (steps, n)}} of the float run.  spikes: (steps, ...) of the one Input."""
    (name,) = exact.sources.values()
    given = {name: spikes.reshape(len(spikes), -1, 1).astype(exact.dtype)}
    rows: dict[str, dict[str, list[np.ndarray]]] = {node: {"spikes": [], "v": [], "i": []} for node in exact.neurons}
    for _, states in walk(exact, given, len(spikes), 1):
        for node, state in states.items():
            for what, value in (("spikes", state.spiked), ("v", state.v), ("i", state.i)):
                rows[node][what].append(value[:, 0].copy())
    return {node: {what: np.array(values) for what, values in table.items()} for node, table in rows.items()}


def refused(path: Path) -> str:
    """'' if reading the file fails with what, why and what to try."""
    try:
        from_nir(path, {"framework": "norse"})
    except ProgramError as error:
        first = error.problems[0]
        explained = all((first.file == str(path), first.what, first.allowed, first.remedy))
        reason = "interrupted" if "truncated" in path.stem else "batch"
        return "" if explained and reason in first.what else f"refused without a reason: {first}"
    return "was read without a word"


# ---- the chip ------------------------------------------------------------------------------------------------------


def on_loihi(folder: Path) -> str:
    """The LIF of paper/lif_norse.nir on Loihi 2: columns (input, v, spike) by step.

    The engine's network has the file's leak, and its threshold and weight on the scale of the recording: the first input
    reads 640 = 10 << 6. Every spike and every v must be the chip's, but v in the step of a spike: there the register reads
    128, and Lava's bit-accurate model of the same chip 0 (lif_lava_cpu_fixed.csv). Lava cut 163.84 of 4096 down to 163, which
    the recording tells from 164; our compiler rounds to the nearest.
    """
    table = np.loadtxt(folder / "lif_lava_loihi_fixed.csv", delimiter=",").astype(np.int64)
    exact = from_nir(folder / "lif_norse.nir", {"framework": "nir", "dt": "0.1 ms"}).exact
    assert exact is not None
    ((_, neuron),) = exact.neurons.items()
    leak, threshold = float(neuron.leak[0]), float(neuron.threshold[0])
    mantissa = int(table[table[:, 1] > 0][0, 1]) >> 6
    scale = mantissa / float(neuron.gain[0])  # the weight of 1, by its gain, is this mantissa
    v, spiked = chip_lif(table[:, 0], int(4096 * leak), mantissa, round(threshold * scale))
    wrong = np.flatnonzero(spiked != table[:, 2])
    if wrong.size:
        return f"spike at step {wrong[0] + 1}: {spiked[wrong[0]]}, the chip {table[wrong[0], 2]} ({wrong.size} such)"
    register = (table[:, 2] == 1) & (table[:, 1] == SPIKE_REGISTER)
    wrong = np.flatnonzero((v != table[:, 1]) & ~register)
    if wrong.size:
        return f"v at step {wrong[0] + 1}: {v[wrong[0]]}, the chip {table[wrong[0], 1]} ({wrong.size} such)"
    if not np.any(table[:, 2]):
        return "the recording has no spike"
    return ""


def chip_lif(spikes: np.ndarray, decay_v: int, mantissa: int, threshold: int) -> tuple[np.ndarray, np.ndarray]:
    """(v, spiked) by step of one compartment on our engine, fed through one synapse."""
    model = LifRegisters(decay_u=4095, decay_v=decay_v, threshold=threshold)
    network = (
        Network()
        .population("in", 1, Spikes("in"))
        .population("lif", 1, model)
        .connect("in", "lif", Dense(np.array([[float(mantissa)]])), WeightFormat(sign_mode="excitatory"))
        .probe("lif", "v")
    )
    image = compile_network(network, chip_with(PROFILES["loihi1"])).image
    step = np.flatnonzero(spikes) + 1
    sent = listed_spikes([(int(t), 0) for t in step])
    traces, _ = run(image, Plan(spikes.size, 1, 0, {"in": sent}, {}, network.probes))
    spiked = np.zeros(spikes.size, np.int64)
    spiked[traces.step[traces.source == 0] - 1] = 1
    return traces.v["lif"][:, 0], spiked
