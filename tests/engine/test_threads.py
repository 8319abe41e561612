"""What no result depends on: threads, placement, numba, and whether those at rest are visited."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroemu.compiler import MappingOptions, compile_network
from neuroemu.connect import Random, Sparse
from neuroemu.engine import crew as crews
from neuroemu.engine import run as engine
from neuroemu.engine.crew import Crew
from neuroemu.engine.run import Plan, run
from neuroemu.engine.state import tiles_of
from neuroemu.network import Lif, LifRegisters, Network, Noise, Registers, Spikes, WeightFormat
from tests.networks import STEPS, Listed, networks, spike_trains

PLACEMENTS = [
    MappingOptions(placement="sequential"),
    MappingOptions(placement="hilbert", parts={"a": 5, "b": 3}),
    MappingOptions(placement="hilbert", share_cores=False),
]


def mixed(delays=0, graded=0):
    """600 compartments of four models, recurrent, with noise, one of them with two ports."""
    signed = WeightFormat(message_bits=graded)
    noisy = LifRegisters(decay_u=2048, decay_v=400, threshold=40, bias=50, noise=Noise(12), threshold_low=-60)
    return (
        Network()
        .population("in", 40, Spikes("in"))
        .population("a", 300, noisy)
        .population("b", 200, LifRegisters(decay_u=1024, threshold=np.arange(200) + 20, refractory=3))
        .population("c", 70, Registers("rf_zero", {"lct": 30000, "lst": 9000, "uth": 40}), axon_delay=2)
        .population("d", 30, Registers("graded_vec", {"vth": 3}))
        .connect("in", "a", Random(40.0, fan_in=4, delays=delays), signed)
        .connect("a", "b", Random(-20.0, fan_in=9), WeightFormat())
        .connect("a", "c", Random(7.0, fan_in=5), WeightFormat())
        .connect("b", "c", Random(9.0, fan_in=3, delays=delays), WeightFormat(), port="v")
        .connect("c", "d", Random(2.0, fan_in=6), WeightFormat(message_bits=8))
        .connect("d", "b", Random(30.0, fan_in=2), signed)
        .connect("b", "a", Random(50.0, fan_in=3), WeightFormat())
        .probe("a", "v")
        .probe("b", "u")
        .probe("c", "u", np.array([3, 69]))
    )


def digest(image, network, threads, steps=120, by_population=False):
    """Everything a run gives: spikes, states, counts by part (or by population, which no placement changes), overflows."""
    trains = {step: [(7 * step + k) % 40 for k in range(step % 6)] for step in range(1, steps + 1)}
    traces, counters = run(image, Plan(steps, 1, 3, {"in": Listed(trains)}, {}, network.probes, threads=threads))
    counts = counters.counts
    if by_population:
        owner = image.parts.population
        counts = np.stack([counts[:, owner == k].sum(axis=1) for k in range(len(image.names))])
    state = hashlib.sha256()
    for array in (traces.step, traces.source, traces.payload, *traces.states.values(), counts, counters.overflows):
        state.update(np.ascontiguousarray(array).tobytes())
    assert traces.step.size > 1000
    return state.hexdigest()


@pytest.mark.parametrize(("delays", "graded"), [(0, 0), (np.arange(1200) % 9, 8)])
def test_no_number_of_threads_changes_a_bit(chip, delays, graded):
    delays = 3 if np.ndim(delays) else 0
    network = mixed(delays, graded)
    image = compile_network(network, chip, MappingOptions(parts={"a": 3})).image
    assert len({digest(image, network, threads) for threads in (1, 2, 3, 5)}) == 1


def test_no_placement_changes_a_bit(chip):
    network = mixed()
    images = [compile_network(network, chip, options).image for options in PLACEMENTS]
    assert len({tuple(image.parts.core.tolist()) for image in images}) == 3
    assert len({digest(image, network, threads, by_population=True) for image in images for threads in (1, 2)}) == 1


@settings(max_examples=15)
@given(st.data())
def test_small_networks_do_not_depend_on_threads_either(chip, data):
    network = data.draw(networks())
    trains = data.draw(spike_trains(network))
    image = compile_network(network, chip).image
    for population in network.on_chip:
        network = network.probe(population.name, "v")
    found = []
    for threads in (1, 2):
        plan = Plan(STEPS, 1, 5, {"in": Listed(trains)}, {}, network.probes, threads=threads)
        traces, counters = run(image, plan)
        states = {key: table.tolist() for key, table in traces.states.items()}
        found.append((traces.step.tolist(), traces.source.tolist(), states, counters.counts.tolist()))
    assert found[0] == found[1]


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
import neuroemu
from neuroemu.compiler import compile_network
from tests.engine.test_threads import digest, mixed
chip, _ = neuroemu.read_chip("loihi1-davies2018")
network = mixed(3, 8)
print(digest(compile_network(network, chip).image, network, 2, steps=280))
"""


def test_plain_python_gives_the_same_bits(chip):
    digests = set()
    for disabled in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(Path(__file__).resolve().parents[2])],
            env={**os.environ, "NUMBA_DISABLE_JIT": disabled},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        digests.add(done.stdout)
    assert len(digests) == 1


def test_changing_the_crew_between_stretches_changes_nothing(chip, monkeypatch):
    network = mixed()
    image = compile_network(network, chip).image
    expected = digest(image, network, 1)
    turns = iter([1, 2, 2, 1, 2, 1, 1, 2] * 20)
    monkeypatch.setattr(engine, "STRETCH_STEPS", 11)
    monkeypatch.setattr(engine, "FIRST_STRETCH", 5)
    monkeypatch.setattr(engine, "available", lambda: 2)
    monkeypatch.setattr(Crew, "choose", lambda self: next(turns))
    assert digest(image, network, None) == expected


# ---- the crew ------------------------------------------------------------------------------------------------------


def test_short_steps_get_one_thread():
    crew = Crew(2, fixed=False)
    crew.learn(1, 16, 16 * (crews.WORTH - 1), 1.0)
    assert crew.choose() == 1


def test_long_steps_get_whatever_was_faster():
    crew = Crew(2, fixed=False)
    for _ in range(2):  # the first stretch may have compiled
        crew.learn(1, 16, 16 * crews.WORTH, 1.0)
    assert crew.choose() == 2  # not known yet
    for _ in range(2):
        crew.learn(2, 16, 16 * crews.WORTH, 3.0)  # its core is busy
    assert crew.choose() == 1
    tried = [crew.choose() for _ in range(crews.LOOK_AGAIN)]
    assert tried.count(2) == 1  # looked at once in a while


def test_a_number_of_threads_that_was_asked_for_is_kept():
    crew = Crew(3, fixed=True)
    crew.learn(3, 16, 1, 1.0)
    assert crew.choose() == 3


def test_all_threads_are_done_when_the_crew_returns():
    done = []
    both = threading.Barrier(2, timeout=10)

    def work(k):
        both.wait()
        done.append(k)
        return k

    assert Crew.together([lambda: work(0), lambda: work(1)]) == 0
    assert sorted(done) == [0, 1]


@pytest.mark.parametrize("at", ["start", "later"])
def test_an_interrupt_leaves_nobody_waiting_and_nobody_working(monkeypatch, at):
    # Each waits for the other, as at the barrier of a step: one alone would wait forever.
    both, done = threading.Barrier(2, timeout=10), []

    def work(k):
        both.wait()
        time.sleep(0.6)
        done.append(k)

    real = threading.Thread.start

    def start(thread):
        if at == "start" and any(t.name.startswith("crewman") for t in threading.enumerate()):
            raise KeyboardInterrupt
        thread.name = "crewman"
        real(thread)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    if at == "later":  # three times, as an interrupted join takes its thread for ended
        for after_s in (0.2, 0.3, 0.4):
            threading.Timer(after_s, os.kill, (os.getpid(), signal.SIGINT)).start()
    monkeypatch.setattr(threading.Thread, "start", start)
    try:
        with pytest.raises(KeyboardInterrupt):
            Crew.together([lambda: work(0), lambda: work(1)])
    finally:
        signal.signal(signal.SIGINT, before)
    assert sorted(done) == ([] if at == "start" else [0, 1])
    for thread in threading.enumerate():
        if thread.name == "crewman":
            thread.join(5)
            assert not thread.is_alive()


# ---- at rest -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2])
def test_only_those_awake_are_visited(chip, threads):
    # 2,000 leaky compartments; one spike wakes three, which fall asleep when they have forgotten it.
    network = (
        Network()
        .population("in", 1, Spikes("in"))
        .population("a", 2000, LifRegisters(decay_u=4095, decay_v=2048, threshold=131071))
        .connect("in", "a", Random(2.0, probability=0.002), WeightFormat())
    )
    image = compile_network(network, chip).image
    n = image.plain.packed.size
    _, counters = run(image, Plan(40, 1, 0, {"in": Listed({5: [0]})}, {}, threads=threads))
    active = counters.counts[:, :, 1].sum(axis=1)
    # 2 * 64 = 128 halves, rounding toward zero, to nothing in 8 steps: 64 32 16 8 4 2 1 0.
    assert active.tolist() == [0] * 5 + [n] * 9 + [0] * 26
    assert (counters.counts[:, :, 1] + counters.counts[:, :, 2]).sum(axis=1).tolist() == [2000] * 40


def test_a_current_that_changes_wakes_its_compartment(chip):
    class Pulse:
        def bias(self, first_step, n_steps):
            steps = np.arange(first_step, first_step + n_steps)
            return np.where((steps == 30)[:, None], 640, 0) * (np.arange(3) == 1)

    network = Network().population("a", 3, Lif(tau_mem_ms=0.0, threshold=10.0)).probe("a", "v")
    image = compile_network(network, chip).image
    traces, counters = run(image, Plan(60, 1, 0, {}, {"a": Pulse()}, network.probes))
    assert np.argwhere(traces.v["a"]).tolist() == [[29, 1]]
    # The step of the current, and the one that forgets it.
    assert np.flatnonzero(counters.counts[:, :, 1].sum(axis=1)).tolist() == [29, 30]


def test_states_lie_where_the_layout_says(chip):
    network = mixed()
    image = compile_network(network, chip).image
    tiles = tiles_of(image)
    every = np.concatenate(
        [
            tiles.at(k, field, np.arange(image.blocks.size[k]))
            for k, cells in enumerate(image.cells)
            for field in range(cells.state.shape[0])
        ]
    )
    assert np.unique(every).size == every.size


def test_overflows_of_those_at_rest_are_counted_for_no_number_of_threads(chip):
    # sigma + bias passes 31 bits in compartments that stay as they are; 'q' has the second thread flood their row, or not.
    values = {"sigma": 2**31 - 1, "act": -(2**31) + 1, "bias": 2, "relu": 0, "vth": 10**9}
    index = np.arange(600)
    network = (
        Network()
        .population("in", 1, Spikes("in"))
        .population("s", 64, Registers("sigma_delta", values))
        .population("q", 64, LifRegisters(threshold=131071))
        .population("idle", 64 * 200, LifRegisters(threshold=131071))
        .connect("in", "q", Sparse(0 * index, index % 64, 2.0), WeightFormat())
    )
    image = compile_network(network, chip).image
    trains = {step: [0] for step in range(1, 30)}
    found = [run(image, Plan(30, 1, 0, {"in": Listed(trains)}, {}, threads=n))[1].overflows.tolist() for n in (1, 2)]
    assert found[0] == found[1]
