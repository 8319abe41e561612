"""Origin: what a NIR file does not carry and its spikes depend on. Given by the user, recognised, or assumed with a note.

| framework | not in the file, or wrong in it | what reproduces its spikes |
| --- | --- | --- |
| snntorch 1.0.0 | the kind of reset, and whether it is a step late | origin: reset, reset_delay (by default subtract, true) |
| snntorch 1.0.0 | dt = 0.1 ms is fixed in its exporter | v = (1 - dt/tau) v + I, which is beta v + I |
| norse 1.1.0 | tau is written as dt / tau_inv, a factor dt too small | every tau times 1 / dt |
| norse 1.1.0 | the order of its LIF cell | the current jumps, then the potential uses it, then it decays |
| nir | all of it | forward Euler of NIR's equations: our choice |

Source: golden/nir/README.md, where frameworks exported and recorded the same networks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from ..errors import Problem
from .graph import Graph, Node
from .notes import Note

SNNTORCH_DT_S = 1e-4
FRAMEWORKS: dict[str, dict[str, Any]] = {
    "snntorch": {"dt_s": SNNTORCH_DT_S, "reset": "subtract", "reset_delay": True},
    "norse": {"dt_s": 1e-3, "reset": "zero", "reset_delay": False},
    "nir": {"reset": "zero", "reset_delay": False},
}
RESETS = ("zero", "subtract")
RECORDED = {"snntorch": "1.0.0", "norse": "1.1.0"}  # the versions whose rules these are
FIXED: dict[str, dict[str, Any]] = {
    "snntorch": {"current_first": True},
    "norse": {"reset": "zero", "reset_delay": False, "current_first": True},
}


@dataclass(frozen=True)
class Origin:
    """framework: one of FRAMEWORKS.  dt_s: time step.  reset: 'zero' (to v_reset) or 'subtract' (the threshold is taken).

    reset_delay: the reset happens in the step after the spike.  current_first: the potential uses the current of its own
    step.  tau_scale: every time constant of the file is multiplied by it.  batched: the file's inputs have a batch of 1.
    """

    framework: str = "nir"
    version: str | None = None
    dt_s: float = 1e-3
    reset: str = "zero"
    reset_delay: bool = False
    current_first: bool = True
    tau_scale: float = 1.0
    batched: bool = False


KEYS = tuple(field.name for field in fields(Origin))


def complete(graph: Graph, given: Mapping[str, Any], problems: list[Problem], notes: list[Note]) -> Origin:
    """The facts given, and the others as recognised in the file or assumed. Notes each that was not given.

    given: by the names of Origin.  Raises nothing; wrong or missing facts are noted in problems.
    """
    given = {key: value for key, value in given.items() if value is not None}
    if not _check(given, problems):
        return Origin()
    known = dict(given)
    if "framework" not in known:
        known["framework"] = _recognised(graph, notes)
    rules = FRAMEWORKS[known["framework"]]
    for key, only in FIXED.get(known["framework"], {}).items():
        if known.get(key, only) != only:
            allowed = only if isinstance(only, str) else str(only).lower()
            what = f"{key} is {str(known[key]).lower()}, and the neurons of {known['framework']} have no other than {allowed}"
            problems.append(Problem(what, path=f"origin.{key}", allowed=allowed, remedy="framework: nir"))
    recorded = RECORDED.get(known["framework"])
    if recorded and known.get("version", recorded) != recorded:
        what = f"{known['framework']} {known['version']} computes as {recorded} does, whose rules these are"
        notes.append(Note("assumed", "", what))
    neurons = [node for node in graph.nodes.values() if _taus(node)]
    spiking = any("v_threshold" in node.given for node in graph.nodes.values())
    if "dt_s" not in known:
        if "dt_s" in rules:
            known["dt_s"] = rules["dt_s"]
            notes.append(Note("assumed", "", f"a step of {rules['dt_s'] * 1e3:g} ms, as {known['framework']} has it"))
        elif neurons or any(node.kind == "Delay" for node in graph.nodes.values()):
            problems.append(
                Problem(
                    "a NIR file does not say how long a time step is, and its time constants need it",
                    path="origin.dt",
                    allowed="a time like '1 ms'",
                    remedy="origin: {framework: snntorch} or {framework: norse}, if one of them wrote it",
                )
            )
            return Origin()
    for key in ("reset", "reset_delay"):
        if key not in known:
            known[key] = rules[key]
            if spiking and known["framework"] != "norse":  # Norse has no other
                told = f"reset: {known[key]}" if key == "reset" else f"reset_delay: {str(known[key]).lower()}"
                notes.append(Note("assumed", "", f"{told}, the default of {known['framework']}; the file does not say"))
    if "tau_scale" not in known:
        known["tau_scale"] = _tau_scale(known["framework"], known.get("dt_s", 1e-3), neurons, notes)
    if spiking and known["framework"] == "nir" and neurons:
        notes.append(
            Note(
                "assumed",
                "",
                "forward Euler, v += dt/tau ((v_leak - v) + r I); the file does not say how steps are made",
            )
        )
    return Origin(**known)


def _check(given: Mapping[str, Any], problems: list[Problem]) -> bool:
    """Whether every fact is one and in range."""
    before = len(problems)
    wanted: dict[str, tuple[type | tuple[type, ...], str]] = {
        "framework": (str, ", ".join(FRAMEWORKS)),
        "version": (str, "a version like '1.0.0'"),
        "dt_s": ((int, float), "a time above 0"),
        "reset": (str, ", ".join(RESETS)),
        "reset_delay": (bool, "true or false"),
        "current_first": (bool, "true or false"),
        "tau_scale": ((int, float), "a number above 0"),
        "batched": (bool, "true or false"),
    }
    for key, value in given.items():
        if key not in wanted:
            problems.append(Problem(f"there is no fact '{key}'", path="origin", allowed=", ".join(wanted)))
            continue
        kind, allowed = wanted[key]
        right = isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool)
        if key == "framework":
            right = right and value in FRAMEWORKS
        if key == "reset":
            right = right and value in RESETS
        if key in ("dt_s", "tau_scale"):
            right = right and np.isfinite(value) and value > 0
        if not right:
            problems.append(Problem(f"{key} is {value!r}", path=f"origin.{key}", allowed=allowed))
    return len(problems) == before


def _taus(node: Node) -> list[np.ndarray]:
    return [np.asarray(node.given[key], np.float64) for key in ("tau", "tau_mem", "tau_syn") if key in node.given]


def _is_unit(value: np.ndarray, tau: np.ndarray) -> bool:
    """Whether value * dt / tau is 1 with snnTorch's dt, as its exporter writes r and w_in; inf both where nothing decays."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.asarray(value, np.float64)
        return bool(np.all((np.abs(value * SNNTORCH_DT_S / tau - 1) < 1e-4) | (np.isposinf(value) & np.isposinf(tau))))


def from_snntorch(node: Node) -> bool:
    """Whether r and w_in undo tau at a step of 0.1 ms, which only snnTorch's exporter writes."""
    if node.kind == "LIF":
        return _is_unit(node.given["r"], np.asarray(node.given["tau"], np.float64))
    if node.kind == "CubaLIF":
        taus = (np.asarray(node.given[key], np.float64) for key in ("tau_mem", "tau_syn"))
        return all(_is_unit(node.given[key], tau) for key, tau in zip(("r", "w_in"), taus, strict=True))
    return False


def _recognised(graph: Graph, notes: list[Note]) -> str:
    """The framework, by what only its exporter writes; 'nir' where nothing tells."""
    neurons = [node for node in graph.nodes.values() if _taus(node)]
    if neurons and all(from_snntorch(node) for node in neurons):
        what = "written by snnTorch: r and w_in undo tau at a step of 0.1 ms, which is fixed in its exporter"
        notes.append(Note("recognised", "", what))
        return "snntorch"
    slowest = max((float(np.max(tau)) for node in neurons for tau in _taus(node)), default=0.0)
    plain = all(np.all(np.asarray(node.given["r"]) == 1) for node in neurons)
    if neurons and plain and slowest < 1e-4:
        what = f"written by Norse: no time constant is above {slowest:.3g} s, which is dt times what it has"
        notes.append(Note("recognised", "", what))
        return "norse"
    return "nir"


def _tau_scale(framework: str, dt_s: float, neurons: list[Node], notes: list[Note]) -> float:
    if framework == "snntorch" and dt_s != SNNTORCH_DT_S and neurons and all(from_snntorch(node) for node in neurons):
        scale = dt_s / SNNTORCH_DT_S
        what = f"the time constants are for a step of 0.1 ms, fixed in snnTorch's exporter; taken times {scale:g}"
        notes.append(Note("recognised", "", what))
        return scale
    slowest = max((float(np.max(tau)) for node in neurons for tau in _taus(node)), default=np.inf)
    if framework == "norse" and slowest < dt_s / 2:
        what = f"Norse's exporter writes tau as dt/tau_inv, a factor dt too small ({slowest:.3g} s); taken times {1 / dt_s:g}"
        notes.append(Note("recognised", "", what))
        return 1.0 / dt_s
    return 1.0
