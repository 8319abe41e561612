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

    def run(self, options=None, threads=1, every=1, samples=1):
        """(Snapshots, (steps, n_post) what arrived, learned by part, image)."""
        image, probes = self.image(options)
        plan = Plan(
            self.n_steps // samples, samples, SEED, {"pre": graded_spikes(self.pre)},
            {"post": Written(orders(self.post, self.third))}, probes, threads=threads, models={"post": OBEDIENT},
            rewards={"dopamine": Written(self.reward[:, None])}, snapshots={"w": every},
        )  # fmt: skip
        traces, counters = run(image, plan)
        return traces.synapses["w"], traces.states["post", "got"], counters.learned, image

    def twin(self, image, samples=1):
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
        twin = naive.Projection(h, n_pre, n_post, synapses, random, parts_of(image))
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
        3 if dialect == DIALECTS["nengo_loihi"] else 4,
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


def check(case, options=None, threads=1, samples=1):
    """The engine gives what its twin gives, at every step; returns the last page."""
    found, got, learned, image = case.run(options, threads, samples=samples)
    pages, arrived, counts = case.twin(image, samples)
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
    """Any rules, dialects, sign modes, payloads, third factors, epochs and generators."""
    n_pre, n_post = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    third = draw(st.sampled_from(["spikes", "spikes", "model"]))
    dialect = draw(st.sampled_from(sorted(DIALECTS)))
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
    pre = (rng.random((n_steps, n_pre)) < often) * (rng.integers(1, 256, (n_steps, n_pre)) if payload != "binary" else 1)
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


@settings(max_examples=60)
@given(cases(), st.data())
def test_the_engine_equals_its_twin(case, data):
    parts = {"post": data.draw(st.integers(1, case.post.shape[1]))}
    check(case, MappingOptions(parts=parts))
