"""Closed loops: when an environment is called, what it sees, and that nothing else changes the bits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import neuroemu
from neuroemu.compiler import compile_network
from neuroemu.connect import Dense
from neuroemu.encode import Bernoulli
from neuroemu.engine import checkpoint
from neuroemu.engine.run import Plan, run
from neuroemu.environments import Environment
from neuroemu.errors import ProgramError
from neuroemu.host import feed
from neuroemu.learning import Trace, learning
from neuroemu.mapping import MappingOptions
from neuroemu.network import LifRegisters, Network, Spikes, WeightFormat
from neuroemu.prepare import program_of
from neuroemu.program import EnvironmentInput

STEPS, N = 60, 9


def pairs(fired):
    """[(step, index)]."""
    return list(zip(fired.step.tolist(), fired.index.tolist(), strict=True))


class Mirror(Environment):
    """Sends every spike of the population 'out' back to 'in', rewards by what it sees of states and weights, and draws."""

    def __init__(self, every: int = 7) -> None:
        self.every = every
        self.sends = {"in": N, "noise": N, "reward": 1}
        self.watches = {"out": N}
        self.begin()

    def begin(self) -> None:
        self.seen: list[list[int]] = []
        self.total = 0

    def manage(self, phase):
        back = np.zeros((phase.n_steps, N), np.int64)
        for step, index in pairs(phase.spikes("out")):
            at = (step - phase.since - 1) % max(phase.n_steps, 1)
            back[at : at + 1, (index + 1) % N] = 1
        v, w = phase.state("out", "v"), phase.weights("w").weight
        self.total += int(v.sum()) + int(w.sum()) + 7 * phase.spikes("in").step.size
        self.seen.append([phase.step, phase.since, phase.n_steps, phase.sample, int(phase.new_sample)])
        return {"in": back, "noise": 0.3 + 0.1 * phase.uniforms(N, "rate"), "reward": self.total % 9 - 4}

    def results(self):
        return {"total": self.total, "phases": len(self.seen)}


def network() -> Network:
    rule = learning("2^-3*x0*r1*t - 2^-5*x0*y1", None, "2^0*y0*x1 - 2^-2*u1*t", TRACES, reward="reward")
    return (
        Network()
        .population("in", N, Spikes("in"))
        .population("noise", N, Spikes("noise"))
        .population("out", N, LifRegisters(1024, 256, 60))
        .connect("in", "out", Dense(np.full((N, N), 20.0)), WeightFormat(8, 0), learning=rule, name="w")
        .connect("noise", "out", Dense(np.arange(N * N).reshape(N, N) % 17 * 2.0), WeightFormat(8, 0))
        .probe("out", "v")
    )


TRACES = {"x1": Trace(20.5, 8), "y1": Trace(30, 12)}
INPUTS = {
    "in": EnvironmentInput("in"),
    "noise": EnvironmentInput("noise", Bernoulli()),
    "reward": EnvironmentInput("reward"),
}


def program(**more):
    settings = {"steps": STEPS, "seed": 4, "inputs": INPUTS, "environment": Mirror()} | more
    return program_of(network(), **settings)


def compiled(given, **options):
    return compile_network(given.network, given.chip, MappingOptions(**options)).image


@pytest.fixture(scope="module")
def image():
    return compiled(program())


def plan_of(given, **more):
    fed = feed(given)
    plan = Plan(given.steps, fed.samples, given.seed, fed.inputs, {}, given.network.probes, given.fresh_samples)
    return replace(plan, rewards=fed.rewards, environment=fed.loop, snapshots={"w": 1}, threads=1, **more)


def same(one, other) -> bool:
    arrays = ("step", "source", "payload")
    kept = ("weight", "tag", "delay")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays) and all(
        np.array_equal(getattr(one.synapses["w"], name), getattr(other.synapses["w"], name)) for name in kept
    )


def test_phases_lie_before_the_first_step_after_every_seven_and_at_the_end(image):
    given = program(steps=17)
    run(image, plan_of(given))
    assert given.environment.seen == [
        [0, 0, 7, 0, 1], [7, 0, 7, 0, 0], [14, 7, 7, 0, 0], [17, 14, 0, 1, 1],
    ]  # fmt: skip


def test_every_sample_begins_with_a_phase(image):
    given = program(steps=10, samples=2)
    run(image, plan_of(given))
    assert [seen[:2] for seen in given.environment.seen] == [[0, 0], [7, 0], [10, 7], [17, 10], [20, 17]]
    assert [seen[3:] for seen in given.environment.seen] == [[0, 1], [0, 0], [1, 1], [1, 0], [2, 1]]


def test_it_sees_the_spikes_states_and_weights_that_the_run_records(image):
    class Watch(Mirror):
        def begin(self):
            super().begin()
            self.spikes, self.v, self.w = [], {}, {}

        def manage(self, phase):
            self.spikes += pairs(phase.spikes("out"))
            self.v[phase.step], self.w[phase.step] = phase.state("out", "v"), phase.weights("w")
            return super().manage(phase)

    given = program(environment=Watch())
    traces, _ = run(image, plan_of(given))
    step, index, _ = traces.of(int(image.blocks.first[0]), N)
    assert step.size > 30 and given.environment.spikes == list(zip(step, index, strict=True))
    assert np.array_equal(given.environment.v[35], traces.v["out"][34])
    seen, kept = given.environment.w[35], traces.synapses["w"]
    assert np.array_equal(seen.weight, kept.weight[35]) and np.array_equal(seen.pre, kept.pre)
    assert np.array_equal(seen.post, kept.post) and np.any(kept.weight[35] != kept.weight[0])


def test_what_it_answers_is_sent_from_the_next_step_on(image):
    class Once(Mirror):
        def manage(self, phase):
            return {"in": 1 if phase.step == 14 else 0}

    given = program(environment=Once())
    traces, _ = run(image, plan_of(given))
    step, _, _ = traces.of(int(image.source_first[0]), N)
    assert sorted(set(step.tolist())) == list(range(15, 22)) and step.size == 7 * N


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    "options",
    [{"parts": {"out": 1}}, {"parts": {"out": 4}, "share_cores": False}, {"partition": "grow", "placement": "hilbert"}],
    ids=["one part", "four cores", "grown"],
)
def test_no_thread_and_no_mapping_changes_a_bit(image, threads, options):
    first, second = program(), program()
    expected, _ = run(image, plan_of(first))
    found, _ = run(compiled(second, **options), replace(plan_of(second), threads=threads))
    assert expected.source.size > 100
    assert same(expected, found) and first.environment.total == second.environment.total


def test_the_same_object_runs_again_as_before(image):
    given = program()
    one, _ = run(image, plan_of(given))
    first = given.environment.results()
    other, _ = run(image, plan_of(given))
    assert same(one, other) and given.environment.results() == first and first["phases"] == 10


def test_another_seed_is_another_run(image):
    one, _ = run(image, plan_of(program()))
    other, _ = run(image, plan_of(program(seed=5)))
    assert not same(one, other)


@pytest.mark.parametrize("cut", [1, 14, 24, 59], ids=["after a step", "at a phase", "between phases", "near the end"])
@pytest.mark.parametrize("samples", [1, 2])
def test_two_pieces_are_one_run(image, cut, samples, tmp_path):
    given = program(steps=STEPS // samples, samples=samples)
    whole, _ = run(image, plan_of(given))
    kept = []
    pieces = [program(steps=given.steps, samples=samples) for _ in range(2)]
    first = replace(plan_of(pieces[0]), keep=kept.append)
    if samples == 1:
        first = replace(first, steps=cut)
    else:
        cut, first = STEPS // 2, replace(first, samples=1)
    begun, _ = run(image, first)
    checkpoint.save(kept[0], tmp_path / "state.npz")
    rest, _ = run(image, replace(plan_of(pieces[1]), begin=checkpoint.load(tmp_path / "state.npz"), threads=2))
    for name in ("step", "source", "payload"):
        assert np.array_equal(np.concatenate([getattr(begun, name), getattr(rest, name)]), getattr(whole, name))
    assert np.array_equal(rest.synapses["w"].weight[-1], whole.synapses["w"].weight[-1])
    assert pieces[1].environment.results() == given.environment.results()
    assert pieces[1].environment.seen == given.environment.seen


def test_the_checkpoint_of_another_environment_or_of_none_is_refused(image):
    class Other(Mirror):
        pass

    kept = []
    run(image, replace(plan_of(program()), steps=10, keep=kept.append))
    with pytest.raises(ProgramError, match=r"of the environment 'Mirror', this run has '.*Other'"):
        run(image, replace(plan_of(program(environment=Other())), begin=kept[0]))
    bare = {name: array for name, array in kept[0].arrays.items() if not name.startswith("environment.")}
    with pytest.raises(ProgramError, match="of a run without an environment"):
        run(image, replace(plan_of(program()), begin=replace(kept[0], arrays=bare)))


class Ender(Mirror):
    """Ends the run at the first phase after a step."""

    def __init__(self, after: int) -> None:
        self.after = after
        super().__init__(5)

    def manage(self, phase):
        if phase.step >= self.after:
            phase.end()
        return super().manage(phase)


def test_an_environment_may_end_the_run(image):
    whole, _ = run(image, plan_of(program(environment=Mirror(5))))
    ended, counted = run(image, plan_of(program(environment=Ender(21))))
    assert counted.counts.shape[0] == 25 and ended.v["out"].shape[0] == 25
    assert np.array_equal(ended.source, whole.source[whole.step <= 25])
    assert ended.synapses["w"].step[-1] == 25


def test_a_report_is_of_the_steps_that_ran():
    report = neuroemu.run(program(environment=Ender(21)))
    assert (report.summary["steps"], report.summary["samples"]) == (25, 1)
    assert report.summary["environment"]["phases"] == 6
    several = neuroemu.run(program(environment=Ender(36), steps=20, samples=4))
    assert (several.summary["steps"], several.summary["samples"]) == (40, 2)


def test_a_sample_is_not_ended_in_its_midst(image):
    with pytest.raises(ProgramError, match="amid a sample"):
        run(image, plan_of(program(environment=Ender(21), samples=3)))


def test_a_run_of_no_step_is_refused(image):
    with pytest.raises(ProgramError, match="before its first step"):
        run(image, plan_of(program(environment=Ender(0))))


@pytest.mark.parametrize(
    ("ask", "what", "remedy"),
    [
        (lambda phase: phase.spikes("uot"), "no population 'uot'", "'out'"),
        (lambda phase: phase.state("out", "vv"), "no state of 'out' 'vv'", "'v'"),
        (lambda phase: phase.state("in", "v"), "no population on the chip 'in'", ""),
        (lambda phase: phase.weights("noise->out"), "no connection that learns 'noise->out'", ""),
    ],
)
def test_a_name_that_is_not_there_is_told_with_the_line_that_asked(image, ask, what, remedy):
    class Asks(Mirror):
        def manage(self, phase):
            ask(phase)

    with pytest.raises(ProgramError) as error:
        run(image, plan_of(program(environment=Asks())))
    (problem,) = error.value.problems
    assert what in problem.what and "after step 0" in problem.what
    assert problem.file == __file__ and problem.line and problem.allowed
    assert remedy in problem.remedy or not remedy
