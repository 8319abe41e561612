"""What the replay of any family needs: reading a case, the chip it runs on, and recorded spikes as a host input."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from neuroemu import library
from neuroemu.chip import OVERFLOW, PROFILES, WEIGHT_ROUNDING, Arithmetic, Chip
from neuroemu.files import chip_file

Case = dict[str, Any]
_RULES = {"lava": "floor", "brian": "toward_zero", "literal": "exact"}


def load_case(path: Path) -> Case:
    """A case with its arrays: {"$npz": key} stands for an array of the .npz beside it."""
    arrays = path.with_suffix(".npz")
    stored = np.load(arrays, allow_pickle=False) if arrays.is_file() else {}

    def fill(item: Any) -> Any:
        if isinstance(item, dict):
            return stored[item["$npz"]] if set(item) == {"$npz"} else {key: fill(value) for key, value in item.items()}
        return item

    case = json.loads(path.read_text())
    return {key: [fill(v) for v in value] if isinstance(value, list) else fill(value) for key, value in case.items()}


def switches_of(arith: Case) -> Arithmetic:
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


def chip_with(arithmetic: Arithmetic) -> Chip:
    """Loihi 1 with registers wide enough for what the references accept beyond the chip's own ranges."""
    chip, _ = chip_file.read(library.find("chips", "loihi1-davies2018"))
    wide = replace(
        chip.registers,
        decay_max=4096,
        bias_min=-(1 << 20),
        bias_max=1 << 20,
        bias_exponent_min=-16,
        bias_exponent_max=16,
        refractory_max=1 << 20,
    )
    synapse = replace(chip.synapse, weight_bits=tuple(range(1, 9)), delay_max=63)
    return replace(chip, registers=wide, synapse=synapse, arithmetic=arithmetic)


@dataclass(frozen=True)
class Listed:
    """Recorded spikes as a host input: step, channel and payload, sorted."""

    step: np.ndarray
    channel: np.ndarray
    payload: np.ndarray

    def events(self, first_step: int, n_steps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        low, high = np.searchsorted(self.step, [first_step, first_step + n_steps])
        return self.step[low:high] - first_step, self.channel[low:high], self.payload[low:high]


def listed_spikes(pairs: Any) -> Listed:
    table = np.asarray(pairs, np.int64).reshape(-1, 2) if len(pairs) else np.empty((0, 2), np.int64)
    order = np.lexsort((table[:, 1], table[:, 0]))
    return Listed(table[order, 0], table[order, 1], np.ones(len(table), np.int64))


def graded_spikes(data: Any) -> Listed:
    """Payloads by step (row k = step k + 1) and channel; a payload of 0 is no spike."""
    table = np.asarray(data, np.int64)
    row, channel = np.nonzero(table)
    return Listed(row + 1, channel, table[row, channel])


def state_difference(label: str, found: np.ndarray, expected: Case) -> str:
    """What differs first between a recorded state, by its name in `expected`, and found[step, compartment]; '' for nothing."""
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
