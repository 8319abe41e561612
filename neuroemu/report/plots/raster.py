"""The spike raster: every spike of the run, or of as many steps from its beginning as can be told apart."""

from __future__ import annotations

from typing import Any

from ...errors import OutputError
from ..page.files import RunFiles
from ..page.spikes import spikes
from . import style


def figure(files: RunFiles) -> Any:
    """Populations above each other.  Raises OutputError where nothing fired."""
    found = spikes(files)
    shown = [k for k, panel in enumerate(found.panels) if panel.grid.any()]
    if not shown:
        raise OutputError(f"Nothing fired in {files.folder}, so there is no raster.")
    sizes = [max(0.25, min(found.panels[k].size / 32, 2.0)) for k in shown]
    drawn, axes = style.new(0.9 + 1.1 * sum(sizes), len(shown), sharex=True, height_ratios=sizes)
    for axis, k, size in zip(axes[:, 0], shown, sizes, strict=True):
        panel, mine = found.panels[k], found.panel == k
        axis.scatter(
            found.step[mine], found.index[mine], s=4, marker="|", linewidths=0.8,
            color=style.ACCENT if panel.on_chip else style.MUTED,
        )  # fmt: skip
        axis.set_ylim(panel.size - 0.5, -0.5)
        style.whole(axis.yaxis, max(2, round(5 * size)))
        axis.set_ylabel(
            style.literal(style.short(panel.name)), rotation=0, ha="right", va="center", fontsize=8, color=style.SOFT
        )
        style.plain(axis)
    whole = found.until == found.n_steps
    what = "every spike" if whole else f"every spike of the first {found.until:,} of {found.n_steps:,} steps"
    axes[-1, 0].set_xlabel(f"step ({what})", fontsize=8, color=style.SOFT)
    axes[-1, 0].set_xlim(0.5, found.until + 0.5)
    style.whole(axes[-1, 0].xaxis, 9)
    return drawn
