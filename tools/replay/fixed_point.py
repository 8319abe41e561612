"""Cases of golden/fixed_point: LIF networks step by step, and tables of effective weights.

Every case is compiled and run by the product, under the arithmetic switches of its reference; cases that index.json marks
`portable` also under the one profile of the chip (loihi1), where they must give the same bits.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from neuroemu import library
from neuroemu.chip import OVERFLOW, PROFILES, WEIGHT_ROUNDING, Arithmetic, Chip
from neuroemu.compiler import compile_network
from neuroemu.connect import Dense, Sparse
from neuroemu.engine.run import Plan, run
from neuroemu.files import chip_file
from neuroemu.network import LifRegisters, Network, Noise, Spikes, WeightFormat

Case = dict[str, Any]
LIF_FAMILIES = ("cuba", "lif_reset", "ternary")
_RULES = {"lava": "floor", "brian": "toward_zero", "literal": "exact"}


def fixed_point(folder: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    """Every case of the folder; families without a model yet do not match and say so."""
    portable = _portable(folder)
    for path in _files(folder):
        yield path.stem, lambda path=path: _replay(_load(path), portable.get(path.stem) is True)


def weights(folder: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    """The tables of effective weights alone."""
    portable = _portable(folder)
    for path in _files(folder):
        if json.loads(path.read_text()).get("family") == "weight_table":
            yield path.stem, lambda path=path: _replay(_load(path), portable.get(path.stem) is True)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.json") if path.name not in ("index.json", "MANIFEST.json"))


def _portable(folder: Path) -> dict[str, bool | None]:
    index = folder / "index.json"
    return {case["id"]: case["portable"] for case in json.loads(index.read_text())["cases"]} if index.is_file() else {}


def _load(path: Path) -> Case:
    """A case with its arrays: {"$npz": key} stands for an array of the .npz beside it."""
    arrays = path.with_suffix(".npz")
    stored = np.load(arrays, allow_pickle=False) if arrays.is_file() else {}

    def fill(item: Any) -> Any:
        if isinstance(item, dict):
            return stored[item["$npz"]] if set(item) == {"$npz"} else {key: fill(value) for key, value in item.items()}
        return item

    case = json.loads(path.read_text())
    return {key: [fill(v) for v in value] if isinstance(value, list) else fill(value) for key, value in case.items()}


def _replay(case: Case, portable: bool) -> str:
    family = case["family"]
    if family == "weight_table":
        switches = {"lava": PROFILES["lava"], "brian": PROFILES["brian2_loihi"], "nengo_round": PROFILES["nengo_loihi"]}
        difference = _replay_table(case, switches[case["rule"]])
        return difference or (portable and _replay_table(case, PROFILES["loihi1"])) or ""
    if family not in LIF_FAMILIES:
        return f"no model yet for the family '{family}'"
    arithmetic = _switches(case["arith"])
    difference = _replay_lif(case, arithmetic)
    if difference or not portable:
        return difference
    one = replace_offsets(PROFILES["loihi1"], arithmetic)
    under_one = _replay_lif(case, one)
    return f"under the one profile: {under_one}" if under_one else ""


def replace_offsets(profile: Arithmetic, given: Arithmetic) -> Arithmetic:
    """The profile with the unit in which a reference states decays (register or effective decay)."""
    return profile._replace(decay_u_offset=given.decay_u_offset, decay_v_offset=given.decay_v_offset)


def _switches(arith: Case) -> Arithmetic:
    """The arithmetic of a case's reference."""
    overflow = {"lava24": "lava", "twos24": "wrap", None: "none"}
    rule = arith["weight_rule"]
    base = {"lava": PROFILES["lava"], "brian": PROFILES["brian2_loihi"], "literal": PROFILES["nengo_loihi"]}[rule]
    return base._replace(
        q_bits=arith["q_wrap"] or 0,
        u_overflow=OVERFLOW[overflow[arith["u_wrap"]]],
        bias_overflow=OVERFLOW[overflow[arith["ub_wrap"]]],
        v_clip=int(arith["v_limit"] is not None),
        decay_u_offset=arith["du_offset"],
        decay_v_offset=arith["dv_offset"],
        weight_rounding=WEIGHT_ROUNDING[_RULES[rule]],
    )


def _chip(arithmetic: Arithmetic) -> Chip:
    """Loihi 1 with registers wide enough for what the references accept beyond the chip's own ranges."""
    chip, _ = chip_file.read(library.find("chips", "loihi1-davies2018"))
    wide = replace(
        chip.registers,
        decay_max=4096,
        bias_min=-(1 << 20),
        bias_max=1 << 20,
        bias_exponent_min=-16,
        bias_exponent_max=16,
    )
    synapse = replace(chip.synapse, weight_bits=tuple(range(1, 9)), delay_max=63)
    return replace(chip, registers=wide, synapse=synapse, arithmetic=arithmetic)


# ---- LIF networks --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Listed:
    """Recorded spikes as a host input: step, channel and payload, sorted."""

    step: np.ndarray
    channel: np.ndarray
    payload: np.ndarray

    def events(self, first_step: int, n_steps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        low, high = np.searchsorted(self.step, [first_step, first_step + n_steps])
        return self.step[low:high] - first_step, self.channel[low:high], self.payload[low:high]


def _listed(pairs: Any) -> _Listed:
    table = np.asarray(pairs, np.int64).reshape(-1, 2) if len(pairs) else np.empty((0, 2), np.int64)
    order = np.lexsort((table[:, 1], table[:, 0]))
    return _Listed(table[order, 0], table[order, 1], np.ones(len(table), np.int64))


def _graded(data: Any) -> _Listed:
    """Payloads by step (row k = step k + 1) and channel; a payload of 0 is no spike."""
    table = np.asarray(data, np.int64)
    row, channel = np.nonzero(table)
    return _Listed(row + 1, channel, table[row, channel])


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
    image = compile_network(network, _chip(arithmetic)).image
    inputs = {
        given["name"]: _graded(given["data"]) if "data" in given else _listed(given["spikes"])
        for given in case["inputs"]
    }
    traces, _ = run(image, Plan(case["steps"], 1, 0, inputs, {}, network.probes))
    for group in case["groups"]:
        name, expected = group["name"], case["expected"][group["name"]]
        k = image.names.index(name)
        step, index, sign = traces.of(int(image.blocks.first[k]), int(image.blocks.size[k]))
        for label, found in (("u", traces.u[name]), ("v", traces.v[name])):
            difference = _state_difference(label, found, expected)
            if difference:
                return f"group {name}: {difference}"
        listed = [tuple(int(x) for x in spike) for spike in expected["spikes"]]
        columns = (step, index, sign) if group["model"] == "ternary" else (step, index)
        ours = list(zip(*(column.tolist() for column in columns), strict=True))
        if sorted(listed) != sorted(ours):
            return f"group {name}: spikes differ, first {min(set(listed) ^ set(ours))} ({len(listed)} expected, {len(ours)})"
    return ""


def _state_difference(label: str, found: np.ndarray, expected: Case) -> str:
    recorded = np.asarray(expected[label])
    columns = np.asarray(expected["uv_index"]) if "uv_index" in expected else np.arange(found.shape[1])
    different = np.argwhere(found[:, columns] != recorded)
    if different.size:
        row, column = different[0]
        return (
            f"{label} of compartment {columns[column]} at step {row + 1} is {found[row, columns[column]]}, "
            f"expected {recorded[row, column]} ({len(different)} values differ)"
        )
    if f"{label}_crc32_all" in expected:
        if zlib.crc32(np.ascontiguousarray(found, "<i4").tobytes()) != expected[f"{label}_crc32_all"]:
            return f"{label} of the compartments that are not listed differs (checksum)"
        if not np.array_equal(found[-1], np.asarray(expected[f"{label}_last"])):
            return f"{label} at the last step differs"
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
    image = compile_network(network, _chip(arithmetic)).image
    traces, _ = run(image, Plan(2, 1, 0, {"in": _listed([(1, 0)])}, {}, network.probes))
    return traces.u["out"][1]
