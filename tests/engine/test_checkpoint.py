"""Checkpoints: a run in two pieces is the run in one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuroemu import library
from neuroemu.compiler import compile_network
from neuroemu.connect import Dense
from neuroemu.engine import checkpoint
from neuroemu.engine.run import Plan, run
from neuroemu.errors import DataError, ProgramError
from neuroemu.files import chip_file
from neuroemu.learning import Trace, learning
from neuroemu.network import LifRegisters, Network, Spikes, WeightFormat

STEPS = 60
TRACES = {"x1": Trace(20.5, 8), "y1": Trace(30, 12)}


class Kicks:
    """Random spikes of the host, the same for whoever asks."""

    def __init__(self, channels: int) -> None:
        self._spikes = np.random.default_rng(1).random((2 * STEPS + 1, channels)) < 0.2

    def events(self, first_step: int, n_steps: int) -> tuple[np.ndarray, np.ndarray]:
        return np.nonzero(self._spikes[first_step : first_step + n_steps])


@pytest.fixture(scope="module", params=[1, 4], ids=["epoch 1", "epoch 4"])
def image(request):
    rule = learning("2^-3*y0*x1 - 2^-4*x0*y1", None, "y0*x1 - 2^-2*u1*t", TRACES, epoch=request.param)
    network = (
        Network()
        .population("in", 5, Spikes("kick"))
        .population("out", 3, LifRegisters(1024, 256, 60))
        .connect("in", "out", Dense(np.full((3, 5), 40.0), 2), WeightFormat(8, 0), learning=rule, name="w")
        .connect("out", "out", Dense(np.full((3, 3), -30.0)), WeightFormat(8, 0))
        .probe("out", "v")
    )
    chip, _ = chip_file.read(library.find("chips", "loihi1-davies2018"))
    return compile_network(network, chip).image, network.probes


def plan_of(probes, **more):
    return Plan(
        **({"steps": STEPS, "samples": 1, "seed": 4, "inputs": {"in": Kicks(5)}, "drives": {}} | more), probes=probes
    )


@pytest.mark.parametrize(("cut", "threads"), [(1, 1), (22, 1), (22, 2), (59, 1)])
def test_two_pieces_are_one_run(image, cut, threads, tmp_path):
    made, probes = image
    whole, counted = run(made, plan_of(probes, snapshots={"w": 1}, threads=1))
    assert whole.source.size > 50 and np.any(whole.synapses["w"].weight[-1] != whole.synapses["w"].weight[0])
    kept = []
    first, counted_first = run(made, plan_of(probes, steps=cut, snapshots={"w": 1}, threads=threads, keep=kept.append))
    checkpoint.save(kept[0], tmp_path / "state.npz")
    begin = checkpoint.load(tmp_path / "state.npz")
    second, counted_second = run(made, plan_of(probes, snapshots={"w": 1}, threads=3 - threads, begin=begin))
    for name in ("step", "source", "payload"):
        joined = np.concatenate([getattr(first, name), getattr(second, name)])
        assert np.array_equal(joined, getattr(whole, name))
    for name in ("weight", "tag", "delay"):
        joined = np.concatenate([getattr(first.synapses["w"], name), getattr(second.synapses["w"], name)[1:]])
        assert np.array_equal(joined, getattr(whole.synapses["w"], name))
    assert np.array_equal(np.concatenate([first.v["out"], second.v["out"]]), whole.v["out"])
    for one, other, both in zip(
        (counted_first.counts, counted_first.learned),
        (counted_second.counts, counted_second.learned),
        (counted.counts, counted.learned),
        strict=True,
    ):
        assert np.array_equal(np.concatenate([one, other]), both)


def test_a_run_goes_on_after_the_end_of_a_sample(image):
    made, probes = image
    whole, _ = run(made, plan_of(probes, samples=2))
    kept = []
    run(made, plan_of(probes, keep=kept.append))
    second, _ = run(made, plan_of(probes, samples=2, begin=kept[0]))
    assert np.array_equal(second.source, whole.source[whole.step > STEPS])
    assert np.array_equal(second.synapses["w"].weight[-1], whole.synapses["w"].weight[-1])


@pytest.mark.parametrize("threads", [1, 2])
def test_a_trace_that_a_carry_left_at_0_is_still_looked_at(threads):
    """200 less 200, without a spike: the trace is 0 amid an epoch, and its log is that of the epoch before."""

    class Payloads:
        def events(self, first_step, n_steps):
            step, payload = np.array([5, 13, 33]), np.array([200, -200, 100])
            mine = (step >= first_step) & (step < first_step + n_steps)
            return step[mine] - first_step, np.array([0, 0, 1])[mine], payload[mine]

    rule = learning(
        "2^-6*u0*x1", None, None, {"x1": Trace(1, np.inf), "x2": Trace(10, 20)}, epoch=10, payload="add_carried"
    )
    network = (
        Network()
        .population("in", 2, Spikes("kick"))
        .population("out", 64, LifRegisters(1024, 256, 9000))
        .connect("in", "out", Dense(np.full((64, 2), 60.0)), WeightFormat(8, 0), learning=rule, name="w")
    )
    made = compile_network(network, chip_file.read(library.find("chips", "loihi2"))[0]).image
    plan = Plan(steps=STEPS, samples=1, seed=4, inputs={"in": Payloads()}, drives={}, snapshots={"w": 1}, threads=1)
    (whole, counted), kept = run(made, plan), []
    _, counted_first = run(made, replace(plan, steps=15, keep=kept.append))
    second, counted_second = run(made, replace(plan, threads=threads, begin=kept[0]))
    assert np.array_equal(second.synapses["w"].weight, whole.synapses["w"].weight[15:])
    learned = np.concatenate([counted_first.learned, counted_second.learned])
    assert np.array_equal(learned, counted.learned)


def test_the_checkpoint_of_another_image_is_refused(image):
    made, probes = image
    kept = []
    run(made, plan_of(probes, keep=kept.append, steps=3))
    with pytest.raises(ProgramError, match="another network"):
        run(made, plan_of(probes, begin=replace(kept[0], model_hash="0")))


def test_no_file_no_archive_and_half_a_file_are_no_checkpoints(image, tmp_path):
    made, probes = image
    kept = []
    run(made, plan_of(probes, keep=kept.append, steps=3))
    checkpoint.save(kept[0], tmp_path / "whole.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["whole.npz"]
    (tmp_path / "text.npz").write_text("nothing")
    (tmp_path / "half.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:400])
    np.savez(tmp_path / "other.npz", head=np.array([9, 0, 0]), model=np.array(""))
    for name in ("none.npz", "text.npz", "half.npz", "other.npz"):
        with pytest.raises(DataError, match="no checkpoint"):
            checkpoint.load(tmp_path / name)
