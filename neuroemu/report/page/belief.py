"""What a reader must know before believing the figures: rounding, other metrics, what is not modelled, what was run."""

from __future__ import annotations

import shlex
from typing import Any

from ..lines import cost_notes
from .files import RunFiles
from .model import Section, Table, Text
from .quantities import ABSENT, count


def quantisation(summary: dict[str, Any]) -> Section | None:
    """What rounding did; None where nothing was rounded."""
    found = summary.get("quantisation") or {}
    rows = [
        [
            entry["name"], str(entry["bits"]), str(entry["exponent"]), f"{entry['rms_error'] * 100:.2f}",
            count(entry["pruned"]), count(entry["saturated"]),
        ]
        for entry in found.get("projections", [])
    ]  # fmt: skip
    blocks: list[Any] = []
    if rows:
        header = ["projection", "bits", "exponent", "error, % rms", "became 0", "saturated"]
        blocks.append(Table("Weights", header, rows))
    twin = found.get("float")
    if twin:
        accuracy, same = twin["accuracy"], twin["agreement"]
        told = [["spikes", count(summary["spikes"]), count(twin["spikes"])]]
        if accuracy is not None:
            told.insert(0, ["accuracy", f"{summary['accuracy'] * 100:.2f} %", f"{accuracy * 100:.2f} %"])
        below = "" if same is None else f"The same answer in {same * 100:.2f} % of the samples."
        blocks.append(Table("Against the network in floats", ["figure", "chip", "floats"], told, below=below))
    return Section("rounding", "What rounding did", blocks) if blocks else None


def neurobench(summary: dict[str, Any]) -> Section | None:
    """NeuroBench's metrics where they were asked for."""
    found = summary.get("neurobench") or {}
    rows: dict[str, dict[str, str]] = {}
    for who, metrics in found.items():
        for name, value in metrics.items():
            inner = value if isinstance(value, dict) else {name: value}
            for key, each in inner.items():
                if isinstance(each, (int, float)):
                    label = key if not isinstance(value, dict) or key.startswith(name) else f"{name}: {key}"
                    rows.setdefault(label, {})[who] = f"{each:,.6g}"
    if not rows:
        return None
    told = [[name, *(values.get(who, ABSENT) for who in found)] for name, values in rows.items()]
    return Section("neurobench", "NeuroBench", [Table("", ["metric", *found], told)])


def not_modelled(summary: dict[str, Any]) -> Section:
    """What the chip file does not know or only guesses, and warnings of the run."""
    notes = cost_notes(summary)
    warnings = [note.removeprefix("Warning: ") for note in notes if note.startswith("Warning: ")]
    warnings += [
        f"population '{name}' left its registers: " + ", ".join(f"{kind} {n:,} times" for kind, n in kinds.items())
        for name, kinds in (summary.get("overflows") or {}).items()
    ]
    missing = [note.removeprefix("Not modelled: ") for note in notes if note.startswith("Not modelled: ")]
    guessed = [note.removeprefix("Estimate: ") for note in notes if note.startswith("Estimate: ")]
    others = [note for note in notes if not note.startswith(("Warning: ", "Not modelled: ", "Estimate: "))]
    blocks = [Text(warnings, "Warnings", "warning")] if warnings else []
    blocks += [
        Text(items, title)
        for title, items in (("Not modelled", missing), ("Estimates", guessed), ("Ranges", others))
        if items
    ]
    lead = "These lie in no figure above, and in neither end of a range unless it says so."
    return Section("missing", "What is not modelled", blocks, lead)


def manifest(files: RunFiles) -> Section:
    """What was run, with what: the manifest and the files of the folder."""
    found = files.manifest
    rows = [["command", shlex.join(str(word) for word in found["command"])]]
    for key, value in found.items():
        if key in ("command", "asked", "probes", "files") or value is None:  # `asked` is the command again, taken apart
            continue
        if isinstance(value, dict):
            rows += [[f"{key}: {name}", str(each)] for name, each in value.items() if each is not None]
        else:
            rows.append([key.replace("_", " "), _told(value)])
    return Section("manifest", "Manifest", [Table("", ["what", "value"], rows, frozenset({0, 1}))])


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
