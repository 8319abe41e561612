"""The strip of step times: how long the steps took and what bounded them, with energy and spikes beneath."""

from __future__ import annotations

from typing import Any

import numpy as np
from markupsafe import Markup

from ...schedule import MEANING, PARTS
from .files import RunFiles
from .model import Plot, Section, Table, Text
from .quantities import column, count, share, show
from .steps import Stretches, stretches
from .svg import element, joined

HEIGHT = 100.0


def strip(files: RunFiles) -> Section:
    """Three strips over the same steps, what the time went into, and why."""
    found, summary = stretches(files), files.summary
    blocks: list[Any] = [_times(found), _bars(found, found.dynamic_pj, "Energy a step", "pJ"), _spikes(found)]
    blocks.append(_bounds(found))
    why = [f"{share(reason['share'])}: {reason['text']}" for reason in summary.get("why", [])]
    if why:
        blocks.append(Text(why, "Why, largest share first"))
    lead = f"Worked out by the latency mode '{summary['latency']}'. {_each(found)}"
    return Section("time", "Where the time goes", blocks, lead)


def _each(found: Stretches) -> str:
    most = int(found.steps.max())
    return "Every bar is a step." if most == 1 else f"Every bar is the mean of up to {most:,} steps."


def _x(found: Stretches) -> tuple[str, ...]:
    return ("step 1", f"step {int(found.bounds[-1]):,}")


def _times(found: Stretches) -> Plot:
    mean = found.path_ns / found.steps[:, None]
    top = float(mean.sum(axis=1).max()) or 1.0
    scale = HEIGHT / top
    base = np.zeros(found.n)
    bars = []
    in_use = [k for k in range(len(PARTS)) if found.path_ns[:, k].any()]
    for k in sorted(
        in_use, key=lambda k: PARTS[k] not in ("barrier", "tick")
    ):  # what is the same in all steps lies lowest
        bars.append(_columns(base * scale, (base + mean[:, k]) * scale, f"part-{PARTS[k]}"))
        base = base + mean[:, k]
    hover = joined(
        element("rect", x=k, y=0, width=1, height=HEIGHT, class_="hover", data_t=_told(found, k, mean[k]))
        for k in range(found.n)
    )
    told = f"Mean time of a step over the run, up to {show(top, 'ns')}, split into what bounded it."
    legend = [(f"part-{PARTS[k]}", PARTS[k]) for k in in_use]
    return Plot(
        "Time a step", joined(bars) + hover, found.n, HEIGHT, 150, told, (show(top, "ns"), "0"), _x(found), legend
    )  # fmt: skip


def _columns(low: np.ndarray, high: np.ndarray, class_: str) -> Markup:
    """Bars of width 1 from low to high, from the bottom, as one path."""
    path = "".join(
        f"M{k} {HEIGHT - b:.1f}h1V{HEIGHT - a:.1f}h-1z"
        for k, (a, b) in enumerate(zip(low.tolist(), high.tolist(), strict=True))
        if b - a > 0.02
    )  # fmt: skip
    return element("path", d=path, class_=class_)


def _told(found: Stretches, k: int, mean: np.ndarray) -> str:
    n = int(found.steps[k])
    most = int(found.bound[k].argmax())
    core = int(found.longest_core[k])
    lines = [found.named(k)]
    if n == 1:
        lines.append(f"{show(float(mean.sum()), 'ns')}, bounded by {PARTS[most]}")
    else:
        lines.append(
            f"{show(float(mean.sum()), 'ns')} mean; bounded by {PARTS[most]} in {int(found.bound[k, most]):,} of {n:,}"
        )
        lines.append(f"longest: step {int(found.longest_step[k]):,}, {show(float(found.longest_ns[k]), 'ns')}")
    if core >= 0:
        lines.append(f"slowest: core {core}")
    lines.append(f"{show(float(found.dynamic_pj[k]) / n, 'pJ')} and {found.spikes[k] / n:,.4g} spikes a step")
    return "\n".join(lines)


def _bars(found: Stretches, sums: np.ndarray, title: str, unit: str) -> Plot:
    mean = sums / found.steps
    top = float(mean.max())
    path = _columns(np.zeros(found.n), mean * (HEIGHT / (top or 1.0)), "accent")
    text = show(top, unit)
    told = f"{title} over the run, up to {text}."
    return Plot(title, path, found.n, HEIGHT, 56, told, (text, "0"), _x(found))


def _spikes(found: Stretches) -> Plot:
    both = (found.spikes + found.input_spikes) / found.steps
    top = float(both.max())
    scale = HEIGHT / (top or 1.0)
    chip = found.spikes / found.steps * scale
    body = _columns(np.zeros(found.n), chip, "accent") + _columns(chip, both * scale, "muted")
    text = f"{top:,.4g}"
    told = f"Spikes a step over the run, up to {text}."
    legend = [("accent", "on chip"), ("muted", "from the host")]
    return Plot("Spikes a step", body, found.n, HEIGHT, 56, told, (text, "0"), _x(found), legend)


def _bounds(found: Stretches) -> Table:
    ns, steps = found.path_ns.sum(axis=0), found.bound.sum(axis=0)
    order = [int(k) for k in np.argsort(-ns, kind="stable") if ns[k] > 0]
    unit, texts = column([float(ns[k]) for k in order], "ns")
    total = float(ns.sum()) or 1.0
    rows = [
        [PARTS[k], MEANING[k], count(steps[k]), text, share(ns[k] / total)] for k, text in zip(order, texts, strict=True)
    ]  # fmt: skip
    return Table(
        "What the time went into", ["part", "is", "bounds steps", unit, "share"], rows, frozenset({0, 1}),
        [float(ns[k] / total) for k in order], minor=frozenset({1}),
    )  # fmt: skip
