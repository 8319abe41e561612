"""The learning engine against its twin, bit for bit; and what must not matter to it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroemu.chip import PROFILES
from neuroemu.compartments import Field, Model, table
from neuroemu.compiler import MappingOptions, compile_network
from neuroemu.connect import Dense, Random, Sparse
from neuroemu.counters import Learned
from neuroemu.engine.run import Plan, run
from neuroemu.learning import DIALECTS, Trace, learning
from neuroemu.network import LifRegisters, Network, Registers, Spikes, WeightFormat
from tests import naive_learning as naive
from tests import naive_learning_peers
from tests.learning.rules import TRACES, rules
from tools.replay.cases import chip_with, graded_spikes
from tools.replay.learning import Written

SEED = 11
ROOT = Path(__file__).resolve().parents[2]


def obey(p, s, a, now):
    """Spikes and third factors as the host wrote them: bias = spike | y1 << 8 | y2 << 24 | y3 << 40; got: what arrived."""
    y1, y2, y3 = (s.bias >> 8) & 65535, (s.bias >> 24) & 65535, (s.bias >> 40) & 65535
    y1, y2, y3 = y1 - ((y1 & 32768) << 1), y2 - ((y2 & 32768) << 1), y3 - ((y3 & 32768) << 1)
    return s.bias & 1, State(y1, y2, y3, s.bias, a[0]), 0


Parameters = table("Parameters", unused=Field("nothing"))
State = table(
    "State",
    y1=Field("third factor"),
    y2=Field("third factor"),
    y3=Field("third factor"),
    bias=Field("what the host writes", 0, -(2**62), 2**62),
    got=Field("what arrived in this step"),
)
OBEDIENT = Model("obedient", Parameters, State, obey, None, bias="bias")


def orders(post, third):
    """(steps, n) int64.  post: (steps, n) 0 or 1.  third: (3, steps, n) of 16 bits."""
    found = post.astype(np.int64)
    for k in range(3):
        found |= (third[k].astype(np.int64) & 65535) << (16 * k + 8)
    return found


@dataclass(frozen=True, repr=False)
class Case:
    """A plastic projection, and what happens on both its sides.  pre: (steps, n_pre) payloads.  rules: the twin's."""

    learning: object
    rules: dict
    synapses: tuple  # of pre, post, weight, delay
    format: WeightFormat
    pre: np.ndarray
    post: np.ndarray
    third: np.ndarray
    reward: np.ndarray
    delay_max: int = 63
    on_sum: int = 1  # the exponent is applied to the sum of what arrives from synapses of one first delay, as in Lava

    def __repr__(self):
        made = replace(self.learning, rules=(), numbers=None if self.learning.numbers is None else "recorded")
        return f"{[str(rule) for rule in self.learning.rules]} {made} {self.format} {self.synapses}"

    @property
    def n_steps(self):
        return self.pre.shape[0]

    def image(self, options=None):
        pre, post, weight, delay = (np.array(column) for column in zip(*self.synapses, strict=True))
        chip = chip_with(PROFILES["lava"]._replace(exponent_stage=self.on_sum))
        chip = replace(chip, synapse=replace(chip.synapse, delay_max=self.delay_max))
        network = (
            Network()
            .population("pre", self.pre.shape[1], Spikes("pre"))
            .population("post", self.post.shape[1], Registers(OBEDIENT))
            .connect(
                "pre", "post", Sparse(pre, post, weight.astype(float), delay), self.format, learning=self.learning,
                name="w",
            )
            .probe("post", "got")
        )  # fmt: skip
        return compile_network(network, chip, options or MappingOptions()).image, network.probes

    def run(self, options=None, threads=1, every=1, samples=1, learning_steps=None):
        """(Snapshots, (steps, n_post) what arrived, learned by part, image)."""
        image, probes = self.image(options)
        plan = Plan(
            self.n_steps // samples, samples, SEED, {"pre": graded_spikes(self.pre)},
            {"post": Written(orders(self.post, self.third))}, probes, threads=threads, models={"post": OBEDIENT},
            rewards={"dopamine": Written(self.reward[:, None])}, snapshots={"w": every},
            learning_steps=learning_steps,
        )  # fmt: skip
        traces, counters = run(image, plan)
        return traces.synapses["w"], traces.states["post", "got"], counters.learned, image

    def twin(self, image, samples=1, learning_steps=None):
        """The same of the twin, as lists."""
        h = habits_of(self)
        n_pre, n_post = self.pre.shape[1], self.post.shape[1]
        tag = np.broadcast_to(self.learning.tag, (n_post, n_pre))
        synapses = [
            dict(pre=pre, post=post, w=stored(weight, self.format), d=delay, t=int(tag[post, pre]), first=delay)
            for pre, post, weight, delay in sorted(self.synapses, key=lambda each: each[:2])
        ]
        own = naive.Independent(SEED, "w", n_post, h.impulse_bits)
        numbers = self.learning.numbers
        random = own if numbers is None else naive.Recorded(numbers.tolist(), own)
        kind = naive_learning_peers.TWINS[self.learning.dialect.law]
        twin = kind(h, n_pre, n_post, synapses, random, parts_of(image))
        longest = max(each["d"] for each in synapses)
        pages, got = [page(twin)], np.zeros((self.n_steps + 100, n_post, longest + 1), np.int64)
        learned = np.zeros((self.n_steps, image.n_parts, 4), np.int64)
        for k in range(self.n_steps):
            if k and k % (self.n_steps // samples) == 0:
                twin.forget()
                got[k:] = 0
            pre = {int(axon): int(self.pre[k, axon]) for axon in np.flatnonzero(self.pre[k])}
            for synapse in synapses:
                if synapse["pre"] in pre:
                    effective = synapse["w"] if self.on_sum else shifted(synapse["w"], self.format.exponent)
                    got[k + 1 + synapse["d"], synapse["post"], synapse["first"]] += effective
            if learning_steps is not None and k >= learning_steps:
                pages.append(page(twin))
                continue
            model = self.third[:, k].T.tolist()
            post = np.flatnonzero(self.post[k]).tolist()
            for part, counts in twin.step(k + 1, pre, post, model, int(self.reward[k])).items():
                learned[k, part] = counts
            pages.append(page(twin))
        got = shifted(got, self.format.exponent) if self.on_sum else got
        return pages, got[: self.n_steps].sum(axis=2), learned


def shifted(value, exponent):
    return value * 2**exponent if exponent >= 0 else value // 2**-exponent


def stored(weight, format):
    """Facts, section 2: low bits that are not stored are cut off, of inhibitory weights toward zero."""
    lost = naive_grid(format)
    return -(-weight >> lost << lost) if format.sign_mode == "inhibitory" else weight >> lost << lost


def naive_grid(format):
    return 8 - format.bits + (format.sign_mode == "mixed")


def habits_of(case):
    made, dialect = case.learning, case.learning.dialect
    lava = dialect == DIALECTS["lava"]
    return naive.Habits(
        case.rules,
        {name: trace.impulse for name, trace in made.traces.items()},
        {name: trace.tau_steps for name, trace in made.traces.items()},
        made.epoch,
        made.third == "model",
        made.payload,
        made.shift,
        dialect.mantissa_bits,
        -32769 if lava else -32768,
        -257 if lava else -256,
        7 if lava else 8,
        lava,
        lava,
        0 if lava else naive_grid(case.format),
        case.format.sign_mode,
        case.delay_max,
    )


def parts_of(image):
    """By the user's number of a compartment of 'post': its part."""
    n, first = int(image.blocks.size[0]), int(image.blocks.first[0])
    part = np.searchsorted(image.parts.first, first + np.arange(n), side="right") - 1
    return part[image.places_of(0, np.arange(n))].tolist()


def page(twin):
    """Weights, delays, tags of all synapses, and the stored traces, after a step."""
    return (*([each[key] for each in twin.synapses] for key in "wdt"), *(list(twin.stored[key]) for key in TRACES))


def pages_of(found):
    tables = (found.weight, found.delay, found.tag, *found.x.values(), *found.y.values())
    return [tuple(table[k].tolist() for table in tables) for k in range(found.step.size)]


def check(case, options=None, threads=1, samples=1, learning_steps=None):
    """The engine gives what its twin gives, at every step; returns the last page."""
    found, got, learned, image = case.run(options, threads, samples=samples, learning_steps=learning_steps)
    pages, arrived, counts = case.twin(image, samples, learning_steps)
    for k, (ours, theirs) in enumerate(zip(pages_of(found), pages, strict=True)):
        for name, mine, its in zip(("weight", "delay", "tag", *TRACES), ours, theirs, strict=True):
            assert mine == its, f"{name} after step {k}"
    assert got.tolist() == arrived.tolist()
    assert learned.tolist() == counts.tolist()
    return pages[-1]


def made_of(texts, **settings):
    return learning(texts.get("w"), texts.get("d"), texts.get("t"), **settings)


MODES = {"mixed": (-256, 255), "excitatory": (0, 255), "inhibitory": (-255, 0)}


@st.composite
def cases(draw, n_steps=24):
    """Any rules, dialects that keep the chip's law, sign modes, payloads, third factors, epochs and generators."""
    n_pre, n_post = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    third = draw(st.sampled_from(["spikes", "spikes", "model"]))
    dialect = draw(st.sampled_from(sorted(name for name, each in DIALECTS.items() if each.law == "chip")))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    written = {
        target: draw(rules(names=(*TRACES, "w", "d", "t", "r0", "r1")))
        for target in "wdt"
        if draw(st.integers(0, 2)) != 1 or target == "w"
    }
    payload = draw(st.sampled_from(["binary", "binary", "overwrite", "add_saturated", "add_carried"]))
    traces = {
        name: Trace(
            draw(st.sampled_from([0, 1.3, 16, 40.5, 100, 127])), draw(st.sampled_from([0, 0.7, 3, 20, 1e18, np.inf]))
        )
        for name in TRACES
        if not (name[0] == "y" and third == "model")
    }
    mode = draw(st.sampled_from(sorted(MODES)))
    low, high = MODES[mode]
    tag_low = -257 if dialect == "lava" else -256
    numbers = None
    if draw(st.booleans()):
        r = rng.random((n_steps, 6))
        r[rng.random((n_steps, 6)) < 0.2] = draw(st.sampled_from([0.0, 0.5, 0.999999]))
        r[:, [1, 3, 4]] = np.floor(128 * r[:, [1, 3, 4]])
        numbers = r
    made = made_of(
        {target: text for target, (_, text) in written.items()}, traces=traces, epoch=draw(st.integers(1, 6)),
        third=third, reward="dopamine", shift=draw(st.sampled_from(["floor", "floor", "half_even", "stochastic"])),
        payload=payload, tag=rng.integers(tag_low, 256, (n_post, n_pre)), dialect=DIALECTS[dialect], numbers=numbers,
    )  # fmt: skip
    n = draw(st.integers(1, 12))
    longest = draw(st.sampled_from([0, 5]))
    edges = rng.choice([low, high, 0, 10 if low >= 0 else -10], n)
    weights = np.where(rng.random(n) < 0.3, edges, rng.integers(low, high + 1, n))
    columns = rng.integers(0, n_pre, n), rng.integers(0, n_post, n), weights, rng.integers(0, longest + 1, n)
    often = draw(st.sampled_from([0.1, 0.4, 0.9]))
    pre = (rng.random((n_steps, n_pre)) < often) * (
        rng.integers(1, 256, (n_steps, n_pre)) if payload != "binary" else 1
    )
    wide = draw(st.sampled_from([127, 400]))
    return Case(
        made,
        {target: products for target, (products, _) in written.items()},
        tuple(zip(*(column.tolist() for column in columns), strict=True)),
        WeightFormat(draw(st.sampled_from([8, 8, 5, 1])), draw(st.sampled_from([0, 0, 2, -1])), mode),
        pre.astype(np.int64),
        (rng.random((n_steps, n_post)) < often).astype(np.int64),
        rng.integers(-wide, wide + 1, (3, n_steps, n_post)) * (third == "model"),
        rng.integers(-128, 128, n_steps) * (rng.random(n_steps) < 0.5),
        on_sum=draw(st.integers(0, 1)),
    )


@settings(max_examples=40)
@given(cases(), st.data())
def test_the_engine_equals_its_twin(case, data):
    parts = {"post": data.draw(st.integers(1, case.post.shape[1]))}
    check(case, MappingOptions(parts=parts))


# ---- cases by hand ---------------------------------------------------------------------------------------------------

UNGRADED = WeightFormat(8, 0, "excitatory")


def steps_of(n_steps, n, *events):
    """(n_steps, n) zeros and ones: events are (step, who)."""
    found = np.zeros((n_steps, n), np.int64)
    for step, who in events:
        found[step - 1, who] = 1
    return found


def case_of(texts, synapses, pre, post, format=UNGRADED, rules=None, **settings):
    n_steps, n_post = post.shape
    made = made_of(texts, **settings)
    return Case(
        made,
        rules or {},
        tuple(synapses),
        format,
        pre,
        post,
        np.zeros((3, n_steps, n_post), int),
        np.zeros(n_steps, int),
    )


PAIR = {"x1": Trace(40, np.inf), "y1": Trace(40, np.inf)}


def test_a_pair_of_spikes_by_hand():
    # Axon at 2, compartment at 3: at the end of step 3, y0 sees x1 = 40, w + 40/4; its spike at 5 again.
    case = case_of(
        {"w": "2^-2*y0*x1"}, [(0, 0, 100, 0)], steps_of(6, 1, (2, 0)), steps_of(6, 1, (3, 0), (5, 0)), traces=PAIR
    )
    found, got, learned, _ = case.run()
    assert found.weight[:, 0].tolist() == [100, 100, 100, 110, 110, 120, 120]
    assert found.x["x1"][:, 0].tolist() == [0, 0, 40, 40, 40, 40, 40]
    assert got[:, 0].tolist() == [0, 0, 100, 0, 0, 0]
    # From step 2 on the axon has a trace, from 3 on the compartment, too; the synapse is due where y0 is.
    assert learned[:, 0, Learned.TRACE].tolist() == [0, 1, 2, 2, 2, 2]
    assert learned[:, 0, Learned.READ].tolist() == [0, 0, 1, 0, 1, 0]
    assert learned[:, 0, Learned.WRITE].tolist() == [0, 0, 1, 0, 1, 0]
    assert learned[:, 0, Learned.PRODUCT].tolist() == [0, 0, 1, 0, 1, 0]


def test_a_spike_delivers_the_weight_of_before_the_epoch_ends():
    # u0 adds 8 at the end of every step: the spike of step 3 finds what was there after step 2.
    case = case_of({"w": "4*2^1*u0"}, [(0, 0, 100, 0)], steps_of(5, 1, (3, 0)), steps_of(5, 1))
    found, got, _, _ = case.run()
    assert found.weight[:, 0].tolist() == [100, 108, 116, 124, 132, 140]
    assert got[:, 0].tolist() == [0, 0, 0, 116, 0]


def test_a_learned_delay_holds_for_the_next_spike():
    # Each spike of the axon makes the delay longer by 2: those of steps 1, 2, 3 wait 0, 2, 4 steps.
    case = case_of({"d": "2*x0"}, [(0, 0, 100, 0)], steps_of(9, 1, (1, 0), (2, 0), (3, 0)), steps_of(9, 1))
    found, got, _, _ = case.run()
    assert found.delay[:, 0].tolist() == [0, 2, 4, 6, 6, 6, 6, 6, 6, 6]
    assert np.flatnonzero(got[:, 0]).tolist() == [1, 4, 7]  # arriving in steps 2, 5 and 8


def test_a_learned_delay_ends_at_the_longest_of_the_chip():
    case = case_of(
        {"d": "7*2^2*x0"}, [(0, 0, 100, 0)], np.ones((70, 1), int) * (np.arange(70) < 5)[:, None], steps_of(70, 1)
    )
    found, got, _, _ = case.run()
    assert found.delay[:6, 0].tolist() == [0, 28, 56, 63, 63, 63]
    assert np.flatnonzero(got[:, 0]).tolist() == [1, 2 + 28, 3 + 56, 4 + 63, 5 + 63]


def test_spikes_whose_delay_shrank_arrive_together():
    case = case_of({"d": "-3*x0"}, [(0, 0, 100, 6)], steps_of(9, 1, (1, 0), (4, 0)), steps_of(9, 1))
    assert case.run()[1][:, 0].tolist() == [0, 0, 0, 0, 0, 0, 0, 200, 0]


@pytest.mark.parametrize(("epoch", "k"), [(1, 0), (1, 2), (3, 1), (2, 3)])
def test_u_k_is_on_in_every_2_to_the_k_th_epoch(epoch, k):
    case = case_of({"w": f"u{k}"}, [(0, 0, 100, 0)], steps_of(40, 1), steps_of(40, 1), epoch=epoch)
    steps = np.flatnonzero(np.diff(case.run()[0].weight[:, 0])) + 1
    assert steps.tolist() == list(range(epoch * 2**k, 41, epoch * 2**k))


def test_synapses_that_are_not_due_are_not_looked_at():
    # Five axons onto five compartments; axon 1 and compartment 2 spike: 5 synapses of the row and 5 of the column, one shared.
    all_to_all = [(pre, post, 100, 0) for pre in range(5) for post in range(5)]
    case = case_of(
        {"w": "2*x0 + 3*y0"},
        all_to_all,
        steps_of(3, 5, (2, 1)),
        steps_of(3, 5, (2, 2)),
        format=WeightFormat(8, 0, "excitatory"),
    )
    found, _, learned, _ = case.run()
    assert learned[:, :, Learned.READ].sum(axis=1).tolist() == [0, 9, 0]
    assert learned[:, :, Learned.PRODUCT].sum(axis=1).tolist() == [0, 10, 0]
    changed = found.weight[-1].reshape(5, 5) - 100
    assert changed.tolist() == [[2 * (i == 1) + 3 * (j == 2) for j in range(5)] for i in range(5)]


def test_a_fresh_sample_keeps_weights_and_forgets_traces():
    case = case_of(
        {"w": "2^-2*y0*x1"}, [(0, 0, 100, 0)], steps_of(8, 1, (2, 0)), steps_of(8, 1, (3, 0), (6, 0)), traces=PAIR
    )
    assert case.run()[0].weight[:, 0].tolist() == [100, 100, 100, 110, 110, 110, 120, 120, 120]
    found, _, _, _ = case.run(samples=2)  # the spike of step 6 finds no trace
    assert found.weight[:, 0].tolist() == [100, 100, 100, 110, 110, 110, 110, 110, 110]
    assert found.x["x1"][:, 0].tolist() == [0, 0, 40, 40, 40, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("rule", "pre", "post"), [("x0*y1", (3, 0), (1, 0)), ("y0*x1", (1, 0), (3, 0))], ids=["behind", "before"]
)
def test_a_trace_that_is_forgotten_at_once_is_gone_in_the_next_epoch(rule, pre, post):
    # Epochs of 2 steps: the trace of step 1 is 0 after step 2, and at step 3, the same step of its epoch.
    traces = {"x1": Trace(40, 0), "y1": Trace(40, 0)}
    case = case_of({"w": rule}, [(0, 0, 100, 0)], steps_of(4, 1, pre), steps_of(4, 1, post), traces=traces, epoch=2)
    assert case.run()[0].weight[:, 0].tolist() == [100] * 5


@pytest.mark.parametrize("threads", [1, 2])
def test_a_spike_wakes_all_that_it_reaches(chip, threads):
    network = (
        Network()
        .population("in", 1, Spikes("in"))
        .population("a", 200, LifRegisters(decay_u=4095, threshold=10))
        .connect("in", "a", Dense(np.full((200, 1), 50.0)), WeightFormat(8, 0, "excitatory"), learning=learning("u9"))
    )
    plan = Plan(6, 1, 0, {"in": graded_spikes(steps_of(6, 1, (3, 0)))}, {}, threads=threads)
    traces, _ = run(compile_network(network, chip).image, plan)
    assert traces.of(0, 200)[0].tolist() == [4] * 200 and traces.of(0, 200)[1].tolist() == list(range(200))


def test_a_spike_that_leaves_nothing_behind_is_no_trace():
    # Half of a payload of 1 is 0, and in this mode no spike: nobody is brought up to date, whoever looks, and when.
    pre = steps_of(4, 1, (1, 0), (3, 0)) * np.array([1, 1, 2, 1])[:, None]
    case = case_of({"w": "y0*x1"}, [(0, 0, 100, 0)], pre, steps_of(4, 1), payload="add_carried", epoch=2)
    found, _, learned, _ = case.run()
    assert learned[:, 0, Learned.TRACE].tolist() == [0, 0, 0, 1]
    assert found.x["x1"][:, 0].tolist() == [0, 0, 0, 1, 0]


@settings(max_examples=10)
@given(cases())
def test_samples_equal_the_twin_that_forgets_its_traces(case):
    # 24 steps: epochs of 5 end somewhere within the samples of 8, and go on counting.
    check(case, samples=3)


@settings(max_examples=10)
@given(cases(), st.integers(0, 24))
def test_frozen_learning_equals_the_twin_that_is_no_longer_told_of_spikes(case, learning_steps):
    check(case, learning_steps=learning_steps)


@pytest.mark.parametrize(("learning_steps", "last"), [(None, 120), (6, 120), (5, 110), (2, 100), (0, 100)])
def test_after_the_learning_steps_weights_stay(learning_steps, last):
    # The trace of step 2 does not decay: the spikes of steps 3 and 6 add 2^-2 * 40 each.
    case = case_of(
        {"w": "2^-2*y0*x1"}, [(0, 0, 100, 0)], steps_of(8, 1, (2, 0)), steps_of(8, 1, (3, 0), (6, 0)), traces=PAIR
    )
    assert case.run(learning_steps=learning_steps)[0].weight[-1, 0] == last


def test_recorded_numbers_that_end_before_the_run_are_refused():
    case = case_of({"w": "u0"}, [(0, 0, 100, 0)], steps_of(5, 1), steps_of(5, 1), numbers=np.zeros((4, 6)))
    with pytest.raises(Exception, match="4 steps") as caught:
        case.run()
    assert caught.value.problems[0].allowed == "at least 5, as many as run"


# ---- what must not matter --------------------------------------------------------------------------------------------


def large(n_steps=12, n_post=330, payload="binary", **more):
    """Three axons onto 330 compartments and back: rows and columns longer than a chunk, and more lanes than one thread's."""
    rng = np.random.default_rng(3)
    text = "2^-3*y0*x1 - 2^-3*x0*y1 + 2^-5*u1*(80-w)*y2"
    products = [
        naive.Product("y0", 1, -3, (("x1", 0, False),)),
        naive.Product("x0", -1, -3, (("y1", 0, False),)),
        naive.Product("u1", -1, -5, (("w", -80, False), ("y2", 0, False))),
    ]
    synapses = [(pre, post, int(rng.integers(0, 256)), 0) for pre in range(3) for post in range(n_post)]
    return case_of(
        {"w": text, "t": "x0*y0*sgn(w-80)"},
        synapses,
        (rng.random((n_steps, 3)) < 0.3).astype(int),
        (rng.random((n_steps, n_post)) < 0.5).astype(int),
        rules={"w": products, "t": [naive.Product("x0", 1, 0, (("y0", 0, False), ("w", -80, True)))]},
        traces={"x1": Trace(20.5, 4), "y1": Trace(30.2, 3), "y2": Trace(9, 20)},
        epoch=2,
        **more,
    )


@pytest.mark.parametrize("threads", [1, 2])
def test_rows_longer_than_a_chunk_equal_the_twin(threads):
    check(large(), MappingOptions(parts={"post": 3}), threads)


def recurrent():
    """Two learning projections in a network of leaky compartments, one of them recurrent and of learned delays."""
    leaky = LifRegisters(decay_u=1024, decay_v=300, threshold=40)
    stdp = learning(
        "2^-2*y0*x1 - 2^-2*x0*y1",
        "x0*sgn(t) - u2",
        "2^-2*y0*x2 - 2^-3*u1*t",
        {"x1": Trace(30.3, 5), "x2": Trace(16, 20), "y1": Trace(25, 6)},
        epoch=3,
        tag=4,
    )
    plain = learning("2*y0*x0 - 2^-7*u0*w*y2", traces={"y2": Trace(40, 10)}, epoch=4)
    return (
        Network()
        .population("in", 30, Spikes("in"))
        .population("a", 260, leaky)
        .population("b", 90, leaky)
        .connect("in", "a", Random(40.0, fan_in=6), WeightFormat(8, 0, "excitatory"), learning=plain, name="first")
        .connect("a", "b", Dense(np.full((90, 260), 2.0)), WeightFormat(8, 0, "mixed"), learning=stdp, name="second")
        .connect("b", "a", Random(30.0, fan_in=5), WeightFormat())
        .connect("a", "a", Random(6.0, fan_in=8, delays=2), WeightFormat(), learning=stdp, name="loop")
        .probe("b", "v")
    )


def outcome(chip, options=None, threads=1, n_steps=60):
    """Everything that a run of `recurrent` gives; counts by population, as placement has a say in the parts.

    Traces of axons are counted in every part that they reach: that is left out.
    """
    network = recurrent()
    image = compile_network(network, chip, options or MappingOptions()).image
    rng = np.random.default_rng(4)
    spikes = graded_spikes(rng.random((n_steps, 30)) < 0.3)
    plan = Plan(n_steps, 1, 3, {"in": spikes}, {}, network.probes, threads=threads, snapshots={"second": 7})
    traces, counters = run(image, plan)
    owner = image.parts.population
    by_population = [
        counts[:, owner == k].sum(axis=1).tolist()
        for counts in (counters.counts, counters.learned[:, :, Learned.READ :])
        for k in range(2)
    ]
    synapses = {
        name: [
            table.tolist() for table in (s.step, s.pre, s.post, s.weight, s.delay, s.tag, *s.x.values(), *s.y.values())
        ]
        for name, s in traces.synapses.items()
    }
    told = traces.step.tolist(), traces.source.tolist(), traces.v["b"].tolist(), synapses, by_population
    return told, (traces, counters, image)


MAPPINGS = [
    MappingOptions(placement="hilbert", parts={"a": 4, "b": 3}),
    MappingOptions(partition="metis", placement="hilbert"),
]


def test_neither_threads_nor_placement_nor_partition_change_what_is_learned(chip):
    small = replace(chip, core=replace(chip.core, compartments=70))
    expected, (traces, counters, _) = outcome(small)
    assert traces.step.size > 1000 and traces.synapses["loop"].delay.max() > 0
    assert (np.ptp(traces.synapses["second"].weight.astype(int), axis=0) > 0).any()
    for threads in (2, 3):
        told, (_, again, _) = outcome(small, threads=threads)
        assert told == expected
        assert np.array_equal(again.learned, counters.learned)
    renumbered = set()
    for options in MAPPINGS:
        told, (_, _, image) = outcome(small, options, threads=2)
        renumbered.add(bool(image.parts.number.size))
        assert told == expected
    assert renumbered == {False, True}


def test_the_crew_may_change_within_an_epoch(chip, monkeypatch):
    from neuroemu.engine import run as engine
    from neuroemu.engine.crew import Crew

    expected, (_, counters, _) = outcome(chip)
    turns = iter([1, 2, 2, 1, 2, 1, 1, 2] * 20)
    monkeypatch.setattr(engine, "STRETCH_STEPS", 5)
    monkeypatch.setattr(engine, "FIRST_STRETCH", 2)
    monkeypatch.setattr(engine, "available", lambda: 2)
    monkeypatch.setattr(Crew, "choose", lambda self: next(turns))
    told, (_, again, _) = outcome(chip, threads=None)
    assert told == expected
    assert np.array_equal(again.learned, counters.learned)


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
import hashlib
from tests.engine.test_learning import large, pages_of
found, got, learned, _ = large(n_steps=4, n_post=70, shift="stochastic").run()
print(hashlib.sha256(repr((pages_of(found), got.tolist(), learned.tolist())).encode()).hexdigest())
"""


def test_plain_python_learns_the_same():
    digests = set()
    for disabled in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(ROOT)],
            env={**os.environ, "NUMBA_DISABLE_JIT": disabled},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        digests.add(done.stdout)
    assert len(digests) == 1


def test_the_twin_reads_every_slot_of_the_engine():
    from tests.learning.test_microcode import READERS

    gates = {"x0", "y0", *(f"u{k}" for k in range(10))}
    rng = np.random.default_rng(9)
    products, texts = [], []
    for text in READERS.values():
        names = text.split("*")
        gate, factors = (names[0], names[1:]) if names[0] in gates else (names[1], names[:1])
        products.append(naive.Product(gate, 1, -3, tuple((name, 0, False) for name in factors)))
        texts.append(f"2^-3*{text}")
    case = case_of(
        {"w": "+".join(texts[:16]), "t": "+".join(texts[16:])},
        [(pre, post, 100, 3) for pre in range(3) for post in range(3)],
        (rng.random((24, 3)) < 0.4).astype(int),
        (rng.random((24, 3)) < 0.4).astype(int),
        rules={"w": products[:16], "t": products[16:]},
        traces={name: Trace(3 + 2 * k, 2 + k) for k, name in enumerate(TRACES)},
        epoch=3,
        reward="dopamine",
        tag=np.arange(9).reshape(3, 3) * 9 - 40,
    )
    check(replace(case, reward=rng.integers(-3, 4, 24)))
