"""Probed states: potentials, currents and whatever else was recorded, of the first compartments over the first steps."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ...units import counted
from .files import RunFiles
from .model import Plot, Section
from .quantities import brief
from .svg import element, joined, number

MOST_PROBES = 8
MOST_LINES = 4  # compartments of a probe
WINDOW = 400  # steps that are shown at least, if there are as many: whole samples
POINTS = 480  # of a line; of more steps the least and the largest of each stretch
READ = 1 << 20  # steps of a sample that are looked at
WIDTH, HEIGHT = 960.0, 100.0


def membranes(files: RunFiles) -> Section | None:
    """None where no state was probed."""
    import h5py

    path = files.folder / "spikes.h5"
    if not path.is_file():
        return None
    plots: list[Plot] = []
    left_out = 0
    try:
        with h5py.File(path, "r") as file:
            for name, node in file.get("nodes", {}).items():
                for field, group in node.get("observables", {}).items():
                    if field == "spikes":
                        continue
                    if len(plots) == MOST_PROBES:
                        left_out += 1
                        continue
                    plots.append(_plot(str(name), str(field), group))
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        raise files.broken("spikes.h5", error) from None
    if not plots:
        return None
    more = f" {left_out} more probes are in spikes.h5." if left_out else ""
    return Section("states", "Probed states", plots, f"In the chip's integers.{more}")


def _plot(name: str, field: str, group: Any) -> Plot:
    """A probe: group has `data` (samples, steps, n), and which compartments the columns are."""
    samples, steps, n = group["data"].shape
    lines = min(n, MOST_LINES)
    wanted = min(samples, max(1, -(-WINDOW // max(steps, 1))))
    read = np.concatenate([group["data"][k, : min(steps, READ), :lines] for k in range(wanted)]).astype(np.float64)
    index = [int(each) for each in np.asarray(group.attrs["index"])[:lines]]
    low, high = float(read.min(initial=0.0)), float(read.max(initial=0.0))  # so that 0 lies within
    scale = HEIGHT / ((high - low) or 1.0)
    paths = []
    for k in range(lines):
        x, y = _line(read[:, k])
        points = "L".join(
            f"{number(a)} {number(b)}"
            for a, b in zip((x * WIDTH).tolist(), (HEIGHT - (y - low) * scale).tolist(), strict=True)
        )
        paths.append(element("path", d="M" + points, class_=f"line pop-{k}"))
    if low < 0 < high:
        zero = HEIGHT + low * scale
        paths.insert(0, element("path", d=f"M0 {number(zero)}H{number(WIDTH)}", class_="axis"))
    below = []
    if read.shape[0] > POINTS:
        below.append(f"The least and the largest of every {-(-read.shape[0] // (POINTS // 2)):,} steps.")
    if samples * steps > read.shape[0]:
        shown = (
            f"{wanted:,} of {counted(samples, 'sample')}"
            if steps <= READ
            else f"{read.shape[0]:,} of {counted(samples * steps, 'step')}"
        )
        below.append(f"The first {shown}.")
    if n > lines:
        below.append(f"{lines} of {n:,} probed compartments.")
    one = group.attrs.get("one")
    if one:
        below.append(f"1.0 of the network is {float(one):,.6g}.")
    told = f"{field} of {name} over {counted(read.shape[0], 'step')}, from {low:,.0f} to {high:,.0f}."
    legend = [(f"pop-{k}", f"{name}[{number_}]") for k, number_ in enumerate(index)]
    return Plot(
        f"{name}.{field}", joined(paths), WIDTH, HEIGHT, 110, told, (brief(high), brief(low)),
        ("step 1", f"step {read.shape[0]:,}"), legend, " ".join(below),
    )  # fmt: skip


def _line(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(x in 0..1, value) of the points of a line: all of them, or the least and the largest of each stretch in their order."""
    n = values.size
    if n <= POINTS:
        return (np.arange(n) + 0.5) / n, values
    bounds = np.arange(POINTS // 2 + 1) * n // (POINTS // 2)
    at = []
    for low, high in itertools.pairwise(bounds.tolist()):
        at += sorted((low + int(values[low:high].argmin()), low + int(values[low:high].argmax())))
    order = np.array(at)
    return (order + 0.5) / n, values[order]
