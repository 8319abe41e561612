"""Cases of golden/fixed_point: LIF networks step by step, tables of effective weights, and, in families.py, other models.

Every case is compiled and run by the product, under the arithmetic switches of its reference; cases that index.json marks
`portable` also under the one profile of the chip (loihi1), where they must give the same bits.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from neuroemu.chip import PROFILES, Arithmetic
from neuroemu.compiler import compile_network
from neuroemu.connect import Dense, Sparse
from neuroemu.engine.run import Plan, run
from neuroemu.network import LifRegisters, Network, Noise, Spikes, WeightFormat

from .cases import Case, chip_with, graded_spikes, listed_spikes, load_case, state_difference, switches_of
from .families import FAMILIES, replay_family
from .float_lif import scaled

LIF_FAMILIES = ("cuba", "lif_reset", "ternary")


def fixed_point(folder: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    """Every case of the folder; families without a model do not match and say so."""
    portable = _portable(folder)
    for path in _files(folder):
        yield path.stem, lambda path=path: _replay(load_case(path), portable.get(path.stem) is True)


def weights(folder: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    """The tables of effective weights alone."""
    portable = _portable(folder)
    for path in _files(folder):
        if json.loads(path.read_text()).get("family") == "weight_table":
            yield path.stem, lambda path=path: _replay(load_case(path), portable.get(path.stem) is True)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.json") if path.name not in ("index.json", "MANIFEST.json"))


def _portable(folder: Path) -> dict[str, bool | None]:
    index = folder / "index.json"
    return {case["id"]: case["portable"] for case in json.loads(index.read_text())["cases"]} if index.is_file() else {}


def _replay(case: Case, portable: bool) -> str:
    family = case["family"]
    if family == "weight_table":
        profile = {"lava": "lava", "brian": "brian2_loihi", "nengo_round": "nengo_loihi"}[case["rule"]]
        difference = _replay_table(case, PROFILES[profile])
        return difference or (portable and _replay_table(case, PROFILES["loihi1"])) or ""
    if family in FAMILIES:
        return replay_family(case)
    if family == "lif_refractory_float":
        return _replay_lif(*scaled(case))
    if family not in LIF_FAMILIES:
        return f"no model for the family '{family}'"
    arithmetic = switches_of(case["arith"])
    difference = _replay_lif(case, arithmetic)
    if difference or not portable:
        return difference
    one = replace_offsets(PROFILES["loihi1"], arithmetic)
    under_one = _replay_lif(case, one)
    return f"under the one profile: {under_one}" if under_one else ""


def replace_offsets(profile: Arithmetic, given: Arithmetic) -> Arithmetic:
    """The profile with the unit in which a reference states decays (register or effective decay)."""
    return profile._replace(decay_u_offset=given.decay_u_offset, decay_v_offset=given.decay_v_offset)


# ---- LIF networks --------------------------------------------------------------------------------------------------


def _model(group: Case, case: Case) -> LifRegisters:
    """A group's parameters under the product's names."""

    def values(key: str, default: int = 0) -> Any:
        value = group.get(key, default)
        return np.asarray(value) if isinstance(value, list) else value

    noise = None
    if "noise" in group:
        given = group["noise"]
        noise = Noise(
            given["exp"],
            given["mant_offset"],
            bool(given["at_membrane"]),
            np.asarray(given["enable"], bool),
            np.asarray(case["noise_x"][group["name"]]),
        )
    ternary = group["model"] == "ternary"
    # brian2-loihi takes u0 as the current of step 1: charge that waits for it, not a state that decays first.
    u0_decays = case["arith"].get("u0_decays", True)
    return LifRegisters(
        decay_u=values("du"),
        decay_v=values("dv"),
        threshold=values("vth_hi_mant" if ternary else "vth_mant"),
        threshold_low=values("vth_lo_mant") if ternary else None,
        bias=values("bias_mant"),
        bias_exponent=values("bias_exp"),
        refractory=values("refract_delay" if "refract_delay" in group else "refractory", 1),
        u=values("u0") if u0_decays else 0,
        charge=0 if u0_decays else values("u0"),
        v=values("v0"),
        v_min=values("vmin") if "vmin" in group else None,
        v_max=values("vmax") if "vmax" in group else None,
        reset_interval=group.get("reset_interval", 0),
        reset_offset=group.get("reset_offset", 0),
        noise=noise,
    )


def _network(case: Case) -> Network:
    network = Network()
    for given in case["inputs"]:
        network = network.population(f"{given['name']}", given["n"], Spikes(given["name"]))
    for group in case["groups"]:
        network = network.population(group["name"], group["n"], _model(group, case))
    for connection in case["connections"]:
        mantissas = np.asarray(connection["weights"], np.float64)
        post, pre = np.nonzero(mantissas)
        delays = np.asarray(connection["delays"])[post, pre] if "delays" in connection else 0
        mode = connection.get("sign_mode") or _sign_mode(mantissas)
        network = network.connect(
            connection["pre"],
            connection["post"],
            Sparse(pre, post, mantissas[post, pre], delays),
            WeightFormat(
                connection.get("num_weight_bits", 8),
                connection.get("weight_exp", 0),
                mode,
                connection.get("num_message_bits", 0),
                clip=True,
            ),
        )
    for group in case["groups"]:
        network = network.probe(group["name"], "u").probe(group["name"], "v")
    return network


def _sign_mode(mantissas: np.ndarray) -> str:
    return "excitatory" if mantissas.min(initial=0) >= 0 else "inhibitory" if mantissas.max(initial=0) <= 0 else "mixed"


def _replay_lif(case: Case, arithmetic: Arithmetic) -> str:
    network = _network(case)
    image = compile_network(network, chip_with(arithmetic)).image
    inputs = {
        given["name"]: graded_spikes(given["data"]) if "data" in given else listed_spikes(given["spikes"])
        for given in case["inputs"]
    }
    traces, _ = run(image, Plan(case["steps"], 1, 0, inputs, {}, network.probes))
    for group in case["groups"]:
        name, expected = group["name"], case["expected"][group["name"]]
        k = image.names.index(name)
        step, index, sign = traces.of(int(image.blocks.first[k]), int(image.blocks.size[k]))
        for label, found in (("u", traces.u[name]), ("v", traces.v[name])):
            difference = state_difference(label, found, expected)
            if difference:
                return f"group {name}: {difference}"
        listed = [tuple(int(x) for x in spike) for spike in expected["spikes"]]
        columns = (step, index, sign) if group["model"] == "ternary" else (step, index)
        ours = list(zip(*(column.tolist() for column in columns), strict=True))
        if sorted(listed) != sorted(ours):
            return f"group {name}: spikes differ, first {min(set(listed) ^ set(ours))} ({len(listed)} expected, {len(ours)})"
    return ""


# ---- tables of effective weights -----------------------------------------------------------------------------------


def _replay_table(case: Case, arithmetic: Arithmetic) -> str:
    """One spike into one compartment a mantissa: the current it causes, for every width and exponent."""
    mode = case.get("sign_mode") or ("mixed" if case["mixed"] else "")
    given = case["mantissa"] if "mantissa" in case else np.asarray(case["weight_x4"], np.float64) / 4
    mantissas = np.asarray(given, np.float64)
    expected = np.asarray(case["expected"]["effective"])
    for b, bits in enumerate(case["num_weight_bits"]):
        for e, exponent in enumerate(case["weight_exp"]):
            halves = [(mode, np.arange(mantissas.size))] if mode else _by_sign(mantissas)
            found = np.zeros(mantissas.size, np.int64)
            for sign, chosen in halves:
                found[chosen] = _currents(mantissas[chosen], WeightFormat(bits, exponent, sign, clip=True), arithmetic)
            wrong = np.flatnonzero(found != expected[b, e])
            if wrong.size:
                k = wrong[0]
                return (
                    f"{bits} bits, exponent {exponent}, mantissa {mantissas[k]:g}: {found[k]}, "
                    f"expected {expected[b, e, k]} ({wrong.size} of {mantissas.size} differ)"
                )
    return ""


def _by_sign(mantissas: np.ndarray) -> list[tuple[str, np.ndarray]]:
    return [("excitatory", np.flatnonzero(mantissas >= 0)), ("inhibitory", np.flatnonzero(mantissas < 0))]


def _currents(mantissas: np.ndarray, format: WeightFormat, arithmetic: Arithmetic) -> np.ndarray:
    n = mantissas.size
    if n == 0:
        return np.zeros(0, np.int64)
    network = (
        Network()
        .population("in", 1, Spikes("in"))
        .population("out", n, LifRegisters(threshold=131071))
        .connect("in", "out", Dense(mantissas.reshape(n, 1)), format)
        .probe("out", "u")
    )
    image = compile_network(network, chip_with(arithmetic)).image
    traces, _ = run(image, Plan(2, 1, 0, {"in": listed_spikes([(1, 0)])}, {}, network.probes))
    return traces.u["out"][1]
