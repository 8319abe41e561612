"""Cases of golden/learning from brian2-loihi and nengo-loihi, through the product's compiler and engine in their dialects.

Where a recorded value is one of two roundings, the engine runs with random numbers that make it round down everywhere, and
the number behind the first value that differs is changed to one that rounds up, until all values are equal or a change does
not help: nothing here knows how anything is rounded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from neuroemu.chip import PROFILES, WEIGHT_ROUNDING
from neuroemu.compiler import compile_network
from neuroemu.compiler.image import ChipImage
from neuroemu.connect import Dense, Sparse
from neuroemu.counters import Snapshots
from neuroemu.engine.run import Plan, run
from neuroemu.learning import DIALECTS, Learning, Trace, learning
from neuroemu.network import LifRegisters, Network, Registers, Spikes, WeightFormat

from .cases import Case, chip_with, graded_spikes
from .obedient import OBEDIENT, Written

STANDARD_ERRORS = 4
NAMES = ("x1", "x2", "y1", "y2", "y3")
SIGN_MODES = {1: "mixed", 2: "excitatory", 3: "inhibitory"}
N_NUMBERS, WEIGHT = 14, 13  # columns of the recorded numbers: a decay for each of NAMES first
UP, DOWN = 0.0, 1.0 - 2.0**-53
TOP = 127


@dataclass(frozen=True)
class Synapse:
    """One synapse by itself. pre: (steps,) spikes.  orders: (steps,) of obedient.py.  w0: its first weight.

    expected: by 'w' and the names of traces, (steps,) after each step.
    """

    pre: np.ndarray
    orders: np.ndarray
    w0: float
    expected: dict[str, np.ndarray]


def brian2(case: Case) -> str:
    """The first repeats value by value, then the statistics of all.

    What brian2-loihi calls a spike of a compartment at step i reaches its synapses in step i + 1, one of the host in step i.
    Here both are seen in the step in which they are sent, so that those of compartments are put in one step later.
    """
    if "stim" in case:
        return _network(case)
    made, format = _brian2_rule(case)
    pre, post = _spikes(case)
    recorded = {name: np.asarray(values) for name, values in case["first4"].items()}
    synapses = [
        Synapse(pre, post, case["w0"], {name: values[:, k] for name, values in recorded.items()})
        for k in range(recorded["w"].shape[1])
    ]
    return _differs(synapses, made, format) or _statistics(case, made, format)


def _brian2_rule(case: Case) -> tuple[Learning, WeightFormat]:
    made = learning(
        case["dw"].replace("sign(", "sgn("),
        traces={
            name: Trace(case["traces"][f"imp_{name}"], case["traces"].get(f"tau_{name}", 0))
            for name in NAMES
            if case["traces"].get(f"imp_{name}") and case["traces"].get(f"tau_{name}")
        },
        dialect=DIALECTS["brian2_loihi"],
    )
    return made, WeightFormat(case["num_weight_bits"], 0, SIGN_MODES[case["sign_mode"]], clip=True)


def _network(case: Case) -> str:
    """Channels of the host onto leaky compartments, every weight and spike (tools/record_brian2_loihi.py).

    Step i there is our step i + 1 for what the host sends and for what is learned. It arrives there in the same step and here
    in the next, so that for compartments step i is our step i + 2.
    """
    made, format = _brian2_rule(case)
    stim, post, lif = np.asarray(case["stim"]), np.asarray(case["post"]), case["lif"]
    network = (
        Network()
        .population("pre", stim.shape[1], Spikes("pre"))
        .population("post", post.shape[1], LifRegisters(lif["decay_I"], lif["decay_v"], lif["threshold_v_mant"]))
        .connect("pre", "post", Dense(np.asarray(case["w0"], float)), format, learning=made, name="w")
        .probe("post", "spikes")
    )
    image = compile_network(network, chip_with(PROFILES["brian2_loihi"])).image
    given = graded_spikes(np.concatenate([stim, np.zeros_like(stim[:1])]))
    traces, _ = run(image, Plan(len(stim) + 1, 1, 0, {"pre": given}, {}, network.probes, threads=1, snapshots={"w": 1}))
    found, weights = np.zeros((len(stim) + 1, post.shape[1]), int), traces.synapses["w"]
    who = traces.source - int(image.blocks.first[0])
    mine = (who >= 0) & (who < post.shape[1])
    found[traces.step[mine] - 1, who[mine]] = 1
    learned = np.zeros((len(stim) + 2, *np.shape(case["w0"])), int)
    learned[:, weights.post, weights.pre] = weights.weight
    for what, got, want in (("spikes", found[1:], post), ("w", learned[1:-1], np.asarray(case["w"]))):
        wrong = np.argwhere(got != want)
        if wrong.size:
            at = tuple(wrong[0])
            return f"{what}{list(at[1:])} at step {at[0] + 1} is {got[at]}, expected {want[at]} ({len(wrong)} differ)"
    return ""


def _spikes(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """(steps,) each: of the axon, of the compartment."""
    pre, post = ((np.asarray(case[side]) != 0).astype(np.int64) for side in ("pre", "post"))
    return pre, np.concatenate([[0], post[:-1]])


def nengo(case: Case) -> str:
    """Every weight and trace of every step; the error reaches one compartment of a pair with +, one with -."""
    p, updates, steps = case["params"], case["updates"], case["trace_steps"]
    n_steps, (n_pre, n_post) = len(steps), np.shape(updates[0]["w_before"])
    decimation = int(np.log2(p["learn_epoch"] // p["train_epoch"]))
    made = learning(
        f"{p['lr_int']}*2^{p['lr_exp']}*u{decimation}*x1*y1",
        traces={"x1": Trace(p["tracing_mag"], p["tracing_tau"])},
        epoch=p["train_epoch"],
        third="model",
        dialect=DIALECTS["nengo_loihi"],
    )
    format = WeightFormat(9 - p["shift_bits"], 0, "mixed", clip=True)
    spikes, errors = np.zeros((n_steps, n_pre), np.int64), np.zeros((n_steps, n_post), np.int64)
    trace, weight = np.zeros((n_steps, n_pre), np.int64), np.zeros((n_steps, n_pre, n_post), np.int64)
    first = np.asarray(updates[0]["w_before"]) >> p["wgt_exp"]
    weight[:] = first
    for each in steps:
        spikes[each["t"] - 1, each["spikes"]] = 1
        trace[each["t"] - 1] = each["after"]
    for each in updates:
        error = np.asarray(each["err"])
        errors[each["t"] - 1] = np.concatenate([-error, error])
        weight[each["t"] - 1 :] = np.asarray(each["w_after"]) >> p["wgt_exp"]
        if np.any(trace[each["t"] - 1] != each["trace"]):
            return f"the recorded traces at step {each['t']} are not those of the update"
    synapses = [
        Synapse(
            spikes[:, i], (errors[:, j] & 65535) << 8, float(first[i, j]), {"w": weight[:, i, j], "x1": trace[:, i]}
        )
        for i in range(n_pre)
        for j in range(n_post)
    ]
    return _differs(synapses, made, format)


def _compiled(synapses: list[Synapse], made: Learning, format: WeightFormat, apart: bool) -> ChipImage:
    """All of them side by side; each a projection by itself, w0, w1, ..., where they are apart, else all in w0."""
    arithmetic = PROFILES["lava"]._replace(weight_rounding=WEIGHT_ROUNDING["exact"])  # weights off the grid stay so
    w0, every = np.array([synapse.w0 for synapse in synapses]), np.arange(len(synapses))
    network = Network().population("pre", w0.size, Spikes("pre")).population("post", w0.size, Registers(OBEDIENT))
    for k, index in enumerate(np.split(every, w0.size) if apart else [every]):
        network = network.connect(
            "pre", "post", Sparse(index, index, w0[index]), format, learning=made, name=f"w{k}"
        )  # fmt: skip
    return compile_network(network, chip_with(arithmetic)).image


def _plan(synapses: list[Synapse], seed: int, apart: bool) -> Plan:
    pre, orders = (np.stack([getattr(synapse, what) for synapse in synapses], axis=1) for what in ("pre", "orders"))
    return Plan(
        len(pre), 1, seed, {"pre": graded_spikes(pre)}, {"post": Written(orders)}, threads=1,
        snapshots={f"w{k}": 1 for k in range(len(synapses) if apart else 1)}, models={"post": OBEDIENT},
    )  # fmt: skip


def _differs(synapses: list[Synapse], made: Learning, format: WeightFormat) -> str:
    """What differs first whatever the random numbers are; '' for nothing."""
    image = _compiled(synapses, made, format, apart=True)
    order = [int(each.name[1:]) for each in image.plastic]
    searches = [_Search(synapse) for synapse in synapses]
    plan = _plan(synapses, 0, apart=True)
    while True:
        plastic = tuple(
            each._replace(rule=each.rule._replace(numbers=searches[k].numbers.copy()))
            for k, each in zip(order, image.plastic, strict=True)
        )
        traces, _ = run(replace(image, plastic=plastic), plan)
        told = [search.learn(_values(traces.synapses[f"w{k}"], k)) for k, search in enumerate(searches)]
        for k, search in enumerate(searches):
            if search.fault:
                return f"synapse {k}: {search.fault}"
        if not any(told):
            return ""


def _values(found: Snapshots, who: int | slice) -> dict[str, np.ndarray]:
    """By 'w' and names of traces: values after each step of one synapse of many that are apart, or of a slice of them."""
    weight = found.weight[1:, 0 if isinstance(who, int) else who]
    return {"w": weight, **{name: values[1:, who] for name, values in {**found.x, **found.y}.items()}}


class _Search:
    """Random numbers with which a synapse does what is recorded."""

    def __init__(self, synapse: Synapse) -> None:
        self._synapse = synapse
        self.numbers = np.full((synapse.pre.size, N_NUMBERS), DOWN)
        self.fault = ""

    def learn(self, values: dict[str, np.ndarray]) -> bool:
        """Changes a number of each trace that differs, or else of the weight; whether there was one."""
        wrong = {}
        for name, expected in self._synapse.expected.items():
            differs = np.flatnonzero(values[name] != expected)
            wrong[name] = int(differs[0]) if differs.size else expected.size
        first = min((at for name, at in wrong.items() if name != "w"), default=self._synapse.pre.size)
        changed = False
        for name, at in wrong.items():
            if at == self._synapse.pre.size or (name == "w" and first <= at):
                continue
            changed = True
            if not self._turn(name, at):
                expected = self._synapse.expected[name][at]
                self.fault = f"{name} at step {at + 1} is {values[name][at]} or next to it, expected {expected}"
        return changed

    def _turn(self, name: str, at: int) -> bool:
        """The next choice of roundings at that step, and at those before it that a saturated value hides."""
        column = WEIGHT if name == "w" else NAMES.index(name)
        while self.numbers[at, column] == UP:
            self.numbers[at, column] = DOWN
            at -= 1
            if name == "w" or at < 0 or self._synapse.expected[name][at] != TOP:
                return False
        self.numbers[at, column] = UP
        return True


def _statistics(case: Case, made: Learning, format: WeightFormat) -> str:
    """Means and standard deviations at every step, over 4 copies for each repeat, each drawing for itself.

    Both may be off by 4 standard errors of the difference; that of a variance is reckoned from our fourth moment, and for what
    was recorded, where that is not known, from seldom single steps of what is stored, if that is more.
    """
    n, copies = int(case["n_repeats"]), 4 * int(case["n_repeats"])
    pre, post = _spikes(case)
    synapses = [Synapse(pre, post, case["w0"], {})] * copies
    traces, _ = run(_compiled(synapses, made, format, apart=False), _plan(synapses, 7, apart=False))
    values = _values(traces.synapses["w0"], slice(None))
    for name, recorded in case["mean"].items():
        ours, mean, variance = values[name].astype(float), np.asarray(recorded), np.square(case["std"][name])
        spread = ours - ours.mean(axis=1, keepdims=True)
        own, fourth = np.mean(spread**2, axis=1), np.mean(spread**4, axis=1)
        step = 1 << (8 - format.bits + (format.sign_mode == "mixed")) if name == "w" else 1
        of_own, of_theirs = fourth - own**2, np.maximum(fourth - own**2, step**2 * variance - variance**2)
        for what, got, want, limit in (
            ("mean", ours.mean(axis=1), mean, STANDARD_ERRORS * np.sqrt(own / copies + variance / n)),
            ("variance", own, variance, STANDARD_ERRORS * np.sqrt(of_own / copies + of_theirs / n)),
        ):
            wrong = np.flatnonzero(np.abs(got - want) > limit + 1e-9)
            if wrong.size:
                at = wrong[0]
                return (
                    f"{what} of {name} at step {at + 1} is {got[at]:.4f}, expected {want[at]:.4f} +- {limit[at]:.4f} "
                    f"({wrong.size} of {got.size} steps differ)"
                )
    return ""
