"""What synapses learned: how their weights are spread before and after, and how they went where that was probed."""

from __future__ import annotations

from typing import Any

import numpy as np
from markupsafe import Markup

from ..synapses import FILE
from .files import RunFiles
from .model import Plot, Section, Table
from .quantities import ABSENT, count, show
from .svg import element, number
from .training import answers_while_learning

MOST_BINS = 64
MOST_SYNAPSES = 20_000  # that a curve is made of; of more, every k-th
MOST_LOOKS = 240  # points of a curve
MOST_PROJECTIONS = 8
WIDTH, HEIGHT = 960.0, 100.0


def weights(files: RunFiles) -> Section | None:
    """None where nothing learned."""
    found: dict[str, Any] = files.summary.get("weights") or {}
    if not found:
        return None
    blocks: list[Any] = [*answers_while_learning(files.summary), _table(found)]
    there = (files.folder / FILE).is_file()
    for name in list(found)[:MOST_PROJECTIONS] if there else []:
        arrays = files.npz(FILE, [f"{name}.{what}" for what in ("weight", "steps", "weights")])
        after, looks = arrays.get(f"{name}.weight"), arrays.get(f"{name}.weights")
        if after is None or after.ndim != 1 or not after.size:
            continue
        before = looks[0] if looks is not None and looks.ndim == 2 and len(looks) else None
        blocks.append(_histogram(name, before, after, found[name]["limits"]))
        steps = arrays.get(f"{name}.steps")
        if looks is not None and looks.ndim == 2 and steps is not None and len(steps) == len(looks) > 1:
            blocks.append(_curves(name, steps, looks))
    learning = files.summary.get("learning") or {}
    lead = "Weights are the chip's mantissas."
    if learning:
        lead += (
            f" {learning['synapses_read']:,} synapses were read and {learning['synapses_written']:,} changed, "
            f"{learning['traces_updated']:,} traces updated; energy of learning: {show(learning['energy_pj'], 'pJ')}."
        )
    if len(found) > MOST_PROJECTIONS:
        lead += f" The first {MOST_PROJECTIONS} of {len(found)} projections are drawn."
    if not there:
        lead += f" {FILE} is not in the folder, so no weights are drawn."
    return Section("learning", "What it learned", blocks, lead)


def _table(found: dict[str, Any]) -> Table:
    rows = []
    for name, each in found.items():
        before, after = each["before"], each["after"]
        rows.append(
            [
                name, count(each["synapses"]), count(each["changed"]), _mean(before), _mean(after),
                ABSENT if after["min"] is None else f"{after['min']}..{after['max']}", count(after["at_limits"]),
            ]
        )  # fmt: skip
    header = ["projection", "synapses", "changed", "mean before", "mean after", "range after", "at a limit"]
    return Table("Weights", header, rows, minor=frozenset({1, 5, 6}))


def _mean(spread: dict[str, Any]) -> str:
    return ABSENT if spread["mean"] is None else f"{spread['mean']:.1f}"


def _histogram(name: str, before: np.ndarray | None, after: np.ndarray, limits: list[int]) -> Plot:
    low = min(int(limits[0]), int(after.min()), int(after.min() if before is None else before.min()))
    high = max(int(limits[1]), int(after.max()), int(after.max() if before is None else before.max())) + 1
    bins = min(MOST_BINS, high - low)
    edges = np.linspace(low, high, bins + 1)
    now = np.histogram(after, edges)[0]
    then = None if before is None else np.histogram(before, edges)[0]
    top = int(max(now.max(), 0 if then is None else then.max())) or 1
    body = _bars(now, top, bins)
    legend = [("accent", "after")]
    if then is not None:
        body += _outline(then, top, bins)
        legend.append(("outline", "before"))
    told = f"Histogram of {after.size:,} weights of {name} in {bins} bins, at most {top:,} in one."
    below = "" if then is not None else "Before is not drawn: probe the weights to record it."
    return Plot(
        f"{name}: weights", body, WIDTH, HEIGHT, 110, told, (f"{top:,}", "0"), (str(low), str(high - 1)), legend, below
    )  # fmt: skip


def _bars(heights: np.ndarray, top: int, bins: int) -> Markup:
    wide = WIDTH / bins
    bar = number(0.84 * wide)
    path = "".join(
        f"M{number((k + 0.08) * wide)} {number(HEIGHT)}h{bar}V{number(HEIGHT - HEIGHT * n / top)}h-{bar}z"
        for k, n in enumerate(heights.tolist())
        if n
    )
    return element("path", d=path, class_="accent")


def _outline(heights: np.ndarray, top: int, bins: int) -> Markup:
    wide = WIDTH / bins
    path = f"M0 {number(HEIGHT)}" + "".join(
        f"V{number(HEIGHT - HEIGHT * n / top)}h{number(wide)}" for n in heights.tolist()
    )
    return element("path", d=f"{path}V{number(HEIGHT)}", class_="outline")


def _curves(name: str, steps: np.ndarray, looks: np.ndarray) -> Plot:
    """The median, the middle nine tenths and the extremes of the weights at every look."""
    stride = -(-looks.shape[1] // MOST_SYNAPSES)
    at = np.unique(np.linspace(0, len(looks) - 1, min(len(looks), MOST_LOOKS)).astype(int))
    taken = looks[at][:, ::stride]
    least, p5, p50, p95, most = np.percentile(taken, [0, 5, 50, 95, 100], axis=1)
    low, high = float(least.min()), float(most.max())
    x = (steps[at] - steps[0]) / max(int(steps[-1] - steps[0]), 1) * WIDTH
    scale = HEIGHT / ((high - low) or 1.0)

    def points(values: np.ndarray) -> list[str]:
        return [
            f"{number(a)} {number(HEIGHT - (b - low) * scale)}"
            for a, b in zip(x.tolist(), values.tolist(), strict=True)
        ]

    def area(bottom: np.ndarray, top: np.ndarray, class_: str) -> Markup:
        return element("path", d=f"M{'L'.join(points(bottom))}L{'L'.join(points(top)[::-1])}z", class_=class_)

    body = area(least, most, "band wide") + area(p5, p95, "band")
    body += element("path", d=f"M{'L'.join(points(p50))}", class_="line accent-line")
    legend = [("accent", "median"), ("band", "nine of ten"), ("band wide", "all")]
    below = f"{at.size:,} of {len(looks):,} looks" + (
        f", every {stride}-th of {looks.shape[1]:,} synapses." if stride > 1 else "."
    )
    told = f"Weights of {name} from step {int(steps[0]):,} to {int(steps[-1]):,}, median {p50[0]:g} to {p50[-1]:g}."
    return Plot(
        f"{name}: learning", body, WIDTH, HEIGHT, 130, told, (f"{high:g}", f"{low:g}"),
        (f"step {int(steps[0]):,}", f"step {int(steps[-1]):,}"), legend, below,
    )  # fmt: skip
