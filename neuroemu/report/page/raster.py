"""The spike raster: every spike where there are few; else how many fall in each cell of a grid, and each of the beginning."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from ...units import counted
from .files import RunFiles
from .model import Plot, Section
from .spikes import Panel, Spikes, spikes
from .svg import element, joined, number

LEVELS = 6  # of a grid's colour
MOST_PANELS = 14
WIDTH = 960.0
ROW, LEAST, GAP = 3.0, 12.0, 8.0  # pixels: of a compartment, of a panel, between panels


def raster(files: RunFiles) -> Section | None:
    """None where nothing fired."""
    found = spikes(files)
    if not found.total:
        return None
    order = [k for k, panel in enumerate(found.panels) if panel.grid.any()]
    shown, left_out = order[:MOST_PANELS], len(order) - MOST_PANELS
    more = "" if left_out <= 0 else f" {left_out:,} more populations fired and are not drawn."
    silent = [panel.name for panel in found.panels if panel.on_chip and not panel.grid.any()]
    more += f" Silent: {', '.join(silent[:8])}{', ...' if len(silent) > 8 else ''}." if silent else ""
    if found.until == found.n_steps:
        return Section("spikes", "Spikes", [_singly(found, shown, "Every spike of the run", more)])
    first = f"The beginning, steps 1 to {found.until:,}: every one of its {counted(found.step.size, 'spike')}"
    return Section("spikes", "Spikes", [_grid(found, shown, more), _singly(found, shown, first, "")])


def _heights(panels: list[Panel]) -> list[float]:
    return [max(LEAST, ROW * panel.rows) for panel in panels]


def _tops(heights: list[float]) -> list[float]:
    return [float(sum(heights[:k]) + GAP * k) for k in range(len(heights))]


def _names(panels: list[Panel]) -> tuple[str, ...]:
    return tuple(f"{panel.name} ({panel.size:,})" for panel in panels)


def _singly(found: Spikes, order: list[int], title: str, more: str) -> Plot:
    panels = [found.panels[k] for k in order]
    heights = _heights(panels)
    body, total = [], found.step.size
    for k, panel, high, top in zip(order, panels, heights, _tops(heights), strict=True):
        mine = found.panel == k
        x = (found.step[mine] - 0.5) * (WIDTH / found.until)
        pitch = high / panel.size
        y = top + found.index[mine] * pitch
        tall = number(max(pitch - 0.6, 1.2))
        path = "".join(f"M{number(a)} {number(b)}v{tall}" for a, b in zip(x.tolist(), y.tolist(), strict=True))
        body.append(_panel(panel, top, high, element("path", d=path, class_=f"tick {_class(panel)}")))
    told = f"Raster of {counted(total, 'spike')} of {counted(len(order), 'population')} over {counted(found.until, 'step')}."
    return _plot(
        title, body, heights, panels, ("step 1", f"step {found.until:,}"), told, f"Every stroke is a spike.{more}"
    )


def _grid(found: Spikes, order: list[int], more: str) -> Plot:
    panels = [found.panels[k] for k in order]
    heights = _heights(panels)
    body = []
    columns = panels[0].grid.shape[1]
    wide = WIDTH / columns
    for panel, high, top in zip(panels, heights, _tops(heights), strict=True):
        row_high = high / panel.rows
        most = int(panel.grid.max())
        level = np.ceil(np.sqrt(panel.grid / most) * LEVELS).astype(int)
        paths = [
            element(
                "path", d=_runs(level == k, wide, row_high, top), class_=f"cells {_class(panel)}", stroke_width=row_high,
                opacity=f"{k / LEVELS:.2f}",
            )
            for k in range(1, LEVELS + 1)
        ]  # fmt: skip
        body.append(_panel(panel, top, high, joined(paths), _cell(found, panel, columns)))
    of, over = counted(len(order), "population"), counted(found.n_steps, "step")
    told = f"Density of {counted(found.total, 'spike')} of {of} over {over}."
    below = (
        f"Too many to draw each: {found.total:,} spikes are counted in {columns} stretches of time. "
        f"The strongest cell of a population is its fullest; a cell of a quarter as many spikes is half as strong.{more}"
    )
    return _plot("The whole run, as density", body, heights, panels, ("step 1", f"step {found.n_steps:,}"), told, below)


def _cell(found: Spikes, panel: Panel, columns: int) -> str:
    steps = -(-found.n_steps // columns)
    each = -(-panel.size // panel.rows)
    most = int(panel.grid.max())
    return f"A cell: {counted(steps, 'step')} of {counted(each, 'compartment')}, at most {counted(most, 'spike')}"


def _runs(mask: np.ndarray, wide: float, high: float, top: float) -> str:
    """Horizontal strokes over the cells of a mask, neighbours joined."""
    padded = np.zeros((mask.shape[0], mask.shape[1] + 2), np.int8)
    padded[:, 1:-1] = mask
    edges = np.diff(padded, axis=1)
    rows, begins = np.nonzero(edges == 1)
    ends = np.nonzero(edges == -1)[1]
    return "".join(
        f"M{number(a * wide)} {number(top + (row + 0.5) * high)}h{number((b - a) * wide)}"
        for row, a, b in zip(rows.tolist(), begins.tolist(), ends.tolist(), strict=True)
    )


def _panel(panel: Panel, top: float, high: float, inner: Markup, more: str = "") -> Markup:
    what = "compartments" if panel.on_chip else "inputs of the host"
    told = f"{panel.name}: {panel.size:,} {what}, {counted(int(panel.grid.sum()), 'spike')}"
    told += f"\n{more}" if more else ""
    ground = element("rect", x=0, y=top, width=WIDTH, height=high, class_="ground", data_t=told)
    return ground + inner


def _plot(
    title: str, body: list[Markup], heights: list[float], panels: list[Panel], x: tuple[str, ...], told: str, below: str
) -> Plot:
    high = sum(heights) + GAP * (len(heights) - 1)
    legend = [("accent", "on chip")] + (
        [("muted", "from the host")] if any(not panel.on_chip for panel in panels) else []
    )
    middles = [100 * (top + tall / 2) / high for top, tall in zip(_tops(heights), heights, strict=True)]
    return Plot(
        title, joined(body), WIDTH, high, round(high), told, (), x, legend, below,
        tuple(zip(_names(panels), middles, strict=True)),
    )  # fmt: skip


def _class(panel: Panel) -> str:
    return "on-chip" if panel.on_chip else "from-host"
