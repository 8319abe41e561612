"""Cases of golden/learning: weights, tags, delays and traces step by step, through the product's compiler and engine.

Pre-spikes come from the host; post-spikes and third factors are put into compartments of a model of our own, that does in each
step what the host writes.  Tiers: see the folder's FORMAT.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from neuroemu.chip import PROFILES
from neuroemu.compiler import compile_network
from neuroemu.connect import Dense, Sparse
from neuroemu.counters import Snapshots
from neuroemu.engine.run import Plan, run
from neuroemu.learning import DIALECTS, Learning, Trace, learning
from neuroemu.learning.floating import run_floating
from neuroemu.network import LifRegisters, Network, Registers, Spikes, WeightFormat

from . import learning_peers
from .cases import Case, chip_with, graded_spikes
from .obedient import OBEDIENT, Written

PAYLOADS = ("binary", "overwrite", "add_saturated", "add_carried")
STANDARD_ERRORS = 4
TAG = {"tag_1": "tag", "tag_2": "delay", "weights": "weight"}


def learning_cases(folder: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    """Every case of the folder."""
    for path in sorted(folder.glob("*.json")):
        if path.name != "MANIFEST.json":
            yield path.stem, lambda path=path: _replay(json.loads(path.read_text()))


def _replay(case: Case) -> str:
    if "brian2-loihi" in str(case.get("source")):
        return learning_peers.brian2(case)
    if "nengo-loihi" in str(case.get("source")):
        return learning_peers.nengo(case)
    tier = case["tier"]
    if tier == "float":
        return _floating(case)
    if tier == "stats":
        return _statistics(case)
    if "stim" in case:
        return _in_a_network(case)
    return _steps(case)


def _orders(case: Case) -> np.ndarray:
    post = np.asarray(case["post"], np.int64)
    orders = (post != 0).astype(np.int64)
    for k in range(3):
        if f"y{k + 1}_in" in case:
            orders |= (np.asarray(case[f"y{k + 1}_in"], np.int64) & 65535) << (16 * k + 8)
    return orders


def _learning(case: Case, **more: Any) -> Learning:
    rule = case["rule"]
    third = "model" if rule["kind"] == "3F" else "spikes"
    traces = {
        name: Trace(rule.get(f"{name}_impulse", 0), rule.get(f"{name}_tau", 0))
        for name in ("x1", "x2", "y1", "y2", "y3")
        if not (third == "model" and name.startswith("y"))
    }
    tag = np.asarray(case.get("tag_1_0") if case.get("tag_1_0") is not None else 0)
    settings = {
        "epoch": rule["t_epoch"],
        "third": third,
        "payload": PAYLOADS[case.get("graded_spike_cfg", 0)],
        "dialect": DIALECTS["lava"],
        "tag": tag,
    }
    return learning(rule.get("dw"), rule.get("dd"), rule.get("dt"), traces, **(settings | more))


def _random(case: Case, n_steps: int) -> dict[str, Any]:
    """Where Lava ran as it is, its generators are ours: its recorded numbers are not looked at."""
    if (case.get("rng") or {}).get("mode") == "replay":
        return {"generator": "lava", "lava_seed": case["rule"]["rng_seed"]}
    return {"numbers": _numbers(case, n_steps)}


def _numbers(case: Case, n_steps: int) -> np.ndarray:
    rng = case.get("rng") or {"mode": "any"}
    if rng["mode"] == "replay":
        return np.asarray(rng["stream"], np.float64)
    r = rng.get("r", 0.5)
    whole = int(128 * r)
    return np.tile([r, whole, r, whole, whole, r], (n_steps, 1)).astype(np.float64)


def _compiled(case: Case, made: Learning, copies: int = 1) -> tuple[Any, str]:
    chip = chip_with(PROFILES["lava"])
    mode = case.get("sign_mode", "MIXED").lower()
    format = WeightFormat(case.get("num_weight_bits", 8), 0, mode, clip=True)
    w0 = np.asarray(case["w0"], float)
    n_post, n_pre = w0.shape
    delays = case.get("tag_2_0")
    if copies == 1:
        post, pre = (index.ravel() for index in np.meshgrid(np.arange(n_post), np.arange(n_pre), indexing="ij"))
        delay = np.asarray(delays).ravel() if delays is not None else 0
        connector = Sparse(pre, post, w0.ravel(), delay)
    else:
        post, pre = (index.ravel() for index in np.meshgrid(np.arange(n_post), np.arange(n_pre), indexing="ij"))
        shift = np.repeat(np.arange(copies), w0.size)
        connector = Sparse(
            np.tile(pre, copies) + shift * n_pre, np.tile(post, copies) + shift * n_post, np.tile(w0.ravel(), copies)
        )
    network = (
        Network()
        .population("pre", n_pre * copies, Spikes("pre"))
        .population("post", n_post * copies, Registers(OBEDIENT))
        .connect("pre", "post", connector, format, learning=made, name="w")
    )
    return compile_network(network, chip).image, "w"


def _steps(case: Case) -> str:
    """Every value of every step."""
    n_steps = len(case["pre"])
    made = _learning(case, **_random(case, n_steps))
    image, name = _compiled(case, made)
    plan = Plan(
        n_steps, 1, 0, {"pre": graded_spikes(case["pre"])}, {"post": Written(_orders(case))}, snapshots={name: 1},
        models={"post": OBEDIENT},
    )  # fmt: skip
    traces, _ = run(image, plan)
    return _differs(case["expected"], traces.synapses[name], np.asarray(case["w0"]).shape)


def _differs(expected: Case, found: Snapshots, shape: tuple[int, int]) -> str:
    """What differs first; '' for nothing."""
    for label, recorded in expected.items():
        want = np.asarray(recorded)
        if label in TAG:
            got = np.zeros((found.step.size, *shape), np.int64)
            got[:, found.post, found.pre] = getattr(found, TAG[label])
        elif label in found.x:
            got = found.x[label]
        elif label in found.y:
            got = found.y[label]
        else:
            continue
        wrong = np.argwhere(got[1:] != want)
        if wrong.size:
            at = tuple(wrong[0])
            return (
                f"{label}{list(at[1:])} at step {at[0] + 1} is {got[1:][at]}, expected {want[at]} ({len(wrong)} differ)"
            )
    return ""


def _in_a_network(case: Case) -> str:
    """Two layers of LIF compartments in the loop."""
    n_steps, (n_post, n_pre) = len(case["stim"]), np.asarray(case["w0"]).shape
    made = _learning(case, numbers=_numbers(case, n_steps))
    format = WeightFormat(8, 0, "mixed", clip=True)

    def lif(of: Case) -> LifRegisters:
        return LifRegisters(of["du"], of["dv"], of["vth"], of.get("bias_mant", 0))

    network = (
        Network()
        .population("stim", n_pre, Spikes("stim"))
        .population("teach", n_post, Spikes("teach"))
        .population("pre", n_pre, lif(case["lif_pre"]))
        .population("post", n_post, lif(case["lif_post"]))
        .connect("stim", "pre", Dense(np.eye(n_pre) * case["w_stim"]), format)
        .connect("pre", "post", Dense(np.asarray(case["w0"], float)), format, learning=made, name="w")
        .connect("teach", "post", Dense(np.eye(n_post) * case["w_teach"]), format)
        .probe("post", "u")
        .probe("post", "v")
    )
    image = compile_network(network, chip_with(PROFILES["lava"])).image
    inputs = {name: graded_spikes(case[name]) for name in ("stim", "teach")}
    traces, _ = run(image, Plan(n_steps, 1, 0, inputs, {}, network.probes, snapshots={"w": 1}))
    for name in ("u", "v"):
        wrong = np.argwhere(getattr(traces, name)["post"] != np.asarray(case[f"post_{name}"]))
        if wrong.size:
            return f"post_{name} differs first at step {wrong[0][0] + 1}, compartment {wrong[0][1]}"
    return _differs(case["expected"], traces.synapses["w"], (n_post, n_pre))


def _statistics(case: Case) -> str:
    """Means over as many copies as there were repeats, side by side, each drawing for itself."""
    n_steps, copies = (
        len(case["pre"]),
        case["stats"]["n_repeats"] if "n_repeats" in case["stats"] else case["n_repeats"],
    )
    image, name = _compiled(case, _learning(case), copies)
    pre = np.tile(np.asarray(case["pre"]), (1, copies))
    orders = np.tile(_orders(case), (1, copies))
    plan = Plan(
        n_steps, 1, 7, {"pre": graded_spikes(pre)}, {"post": Written(orders)}, models={"post": OBEDIENT},
    )  # fmt: skip
    traces, _ = run(image, plan)
    found = traces.synapses[name]
    n_post, n_pre = np.asarray(case["w0"]).shape
    for label, told in case["stats"].items():
        if not isinstance(told, dict) or "mean" not in told:
            continue
        if label in TAG:
            values = np.zeros((copies, n_post, n_pre))
            values[found.post // n_post, found.post % n_post, found.pre % n_pre] = getattr(found, TAG[label])[-1]
        else:
            table_of = found.x if label in found.x else found.y
            values = table_of[label][-1].reshape(copies, -1).astype(float)
        mean, sem = np.asarray(told["mean"]), np.asarray(told["sem"])
        allowed = STANDARD_ERRORS * np.hypot(sem, values.std(axis=0, ddof=1) / np.sqrt(copies)) + 1e-9
        wrong = np.argwhere(np.abs(values.mean(axis=0) - mean) > allowed)
        if wrong.size:
            at = tuple(wrong[0])
            return f"mean {label}{list(at)} is {values.mean(axis=0)[at]:.3f}, expected {mean[at]:.3f} +- {sem[at]:.3f}"
    return ""


def _floating(case: Case) -> str:
    """The same rules in floats, to 1e-9."""
    found = run_floating(
        _learning(case), case["w0"], case["pre"], case["post"], case, case.get("sign_mode", "MIXED").lower()
    )
    for label, recorded in case["expected"].items():
        if label in found:
            wrong = np.argwhere(~np.isclose(found[label], np.asarray(recorded), rtol=1e-9, atol=1e-9))
            if wrong.size:
                at = tuple(wrong[0])
                return f"{label}{list(at)} is {found[label][at]}, expected {np.asarray(recorded)[at]} ({len(wrong)} differ)"
    return ""
