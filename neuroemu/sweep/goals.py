"""Goals: figures of summary.json that a sweep makes small or large, by their dotted keys.

What can be a goal is known before anything runs: the single figures stand here, the tables of figures by the first part of
their key. tests/sweep/test_goals.py walks a summary and holds both against it.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..errors import Problem, ProgramError
from ..events import BY_KEY
from ..program import DataInput, Program, ValuesInput

MOST = 8
DIRECTIONS = ("min", "max")
ANSWERS = ("accuracy", "mean_error", "unanswered")  # None without labels
LARGE = ("accuracy", "quantisation.float.accuracy", "quantisation.float.agreement")  # better when large

# Columns of every table of results, beside the goals.
HEADLINES = (
    "accuracy", "spikes", "synaptic_events", "messages", "hops", "cores", "energy_pj.total", "energy_pj.dynamic",
    "energy_pj.static", "energy_per_sample_pj", "latency_ns.total", "latency_ns.mean_step", "latency_ns.max_step",
    "latency_per_sample_ns",
)  # fmt: skip

FIGURES = (
    *HEADLINES, "mean_error", "unanswered", "steps", "samples", "input_spikes", "compartment_updates", "active_updates",
    "compartments", "synapses", "parts", "tiles", "chips", "graded_spikes", "trained", "energy_pj.static_in_real_time",
    "dynamic_energy_per_sample_pj", "pj_per_spike", "dynamic_pj_per_spike", "pj_per_synaptic_event",
    "dynamic_pj_per_synaptic_event", "latency_ns.late_steps", "latency_ns.tick", "latency_ns.network_step",
    "learning.traces_updated", "learning.synapses_read", "learning.synapses_written", "learning.products",
    "learning.energy_pj", "area.chips_mm2", "area.tiles_in_use_mm2", "area.cores_in_use_mm2",
    "area.sram_bits_of_cores_in_use", "quantisation.float.accuracy", "quantisation.float.accuracy_lost",
    "quantisation.float.agreement", "quantisation.float.spikes", "quantisation.float.spikes_changed",
)  # fmt: skip

# Tables whose entries have names of the program or the chip.
TABLES = (
    "energy_pj.by_event.", "energy_pj.by_population.", "energy_pj.by_core.", "energy_pj.by_tile.", "latency_ns.bound_by.",
    "ranges.interval.", "ranges.draws.", "weights.", "overflows.", "quantisation.float.rasters.", "events.", "environment.",
    "neurobench.",
)  # fmt: skip


@dataclass(frozen=True)
class Goal:
    """key: of summary.json.  direction: 'min' or 'max'."""

    key: str
    direction: str

    @property
    def needs_ranges(self) -> bool:
        """Whether summaries must have their `ranges`, which take most of the time of a price."""
        return self.key.startswith("ranges.")

    @property
    def sign(self) -> float:
        """Times a figure, it is to become small."""
        return 1.0 if self.direction == "min" else -1.0


def goals_of(given: Iterable[tuple[str, str]], source: str) -> tuple[Goal, ...]:
    """Goals of (key, direction), '' being the usual one. Raises ProgramError with every mistake."""
    found: dict[str, Goal] = {}
    problems = []
    for key, direction in given:
        if direction not in ("", *DIRECTIONS):
            problems.append(Problem(f"'{direction}' is no direction", source, path=key, allowed=", ".join(DIRECTIONS)))
        elif key not in FIGURES and not (key.startswith(TABLES) and key not in TABLES):
            problems.append(_unknown(key, source))
        elif key in found:
            problems.append(Problem("is a goal twice", source, path=key))
        else:
            found[key] = Goal(key, direction or ("max" if key in LARGE else "min"))
    if len(found) > MOST:
        problems.append(Problem(f"{len(found)} goals", source, allowed=f"at most {MOST}"))
    if problems:
        raise ProgramError(problems)
    return tuple(found.values())


def of_option(option: str) -> tuple[str, str]:
    """--goal KEY[:min|max] as (key, direction)."""
    key, _, direction = option.partition(":")
    return key.strip(), direction.strip()


def none_given() -> ProgramError:
    """What is said where there is no goal."""
    return ProgramError([Problem("the sweep has no goal", remedy="--goal energy_pj.total --goal accuracy")])


def _unknown(key: str, source: str) -> Problem:
    near = difflib.get_close_matches(key, FIGURES, n=3, cutoff=0.5)
    what = f"summary.json has no figure '{key}'" if key else "no figure is named"
    return Problem(what, source, allowed=", ".join(HEADLINES) + ", ...", remedy=" or ".join(near))


def problems(goals: Iterable[Goal], program: Program) -> list[Problem]:
    """Which of the goals this program cannot have, found before it runs."""
    found = []
    network = program.network
    tables = {
        "by_event": list(BY_KEY),
        "by_population": [*(population.name for population in network.populations), "barrier"],
    }
    for goal in goals:
        key, source = goal.key, f"--goal {goal.key}"
        if key in ANSWERS and program.decode is None:
            what = "the program has no 'decode', so nothing answers"
            found.append(Problem(what, source, remedy="decode: {from: ...}"))
        elif key in ANSWERS and key != "unanswered" and not _labelled(program):
            found.append(Problem("no input of the program has labels", source))
        elif key.startswith("quantisation.float.") and not program.float_reference:
            what = "the program does not run its network in floats"
            found.append(Problem(what, source, remedy="--set report.float_reference=true"))
        elif key.startswith("learning.") and not any(p.learning for p in network.projections):
            found.append(Problem("nothing in the program learns", source))
        else:
            found += _entry_problems(key, source, tables)
    return found


def _entry_problems(key: str, source: str, tables: dict[str, list[str]]) -> list[Problem]:
    for table, names in tables.items():
        head = f"energy_pj.{table}."
        name = key.removeprefix(head)
        if key.startswith(head) and name not in names:
            return [Problem(f"there is no '{name}'", source, allowed=", ".join(names))]
    return []


def _labelled(program: Program) -> bool:
    given = program.inputs.values()
    return any(isinstance(i, DataInput) or (isinstance(i, ValuesInput) and i.labels is not None) for i in given)


def figure(summary: dict[str, Any], key: str) -> float | None:
    """The figure of a summary, None where it has none: names may have dots in them, so the longest that is there counts."""
    here: Any = summary
    rest = key.split(".")
    while rest:
        if not isinstance(here, dict):
            return None
        n = next((n for n in range(len(rest), 0, -1) if ".".join(rest[:n]) in here), 0)
        if not n:
            return None
        here, rest = here[".".join(rest[:n])], rest[n:]
    if isinstance(here, bool) or not isinstance(here, (int, float)) or not math.isfinite(here):
        return None
    return here
