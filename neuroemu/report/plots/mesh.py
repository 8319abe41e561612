"""Energy, spikes and received messages of the cores, as they lie on the mesh."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..page.board import mesh_of
from ..page.files import RunFiles
from ..page.quantities import show
from . import style

EDGES = 256  # columns or rows of tiles up to which lines are drawn between them


def figure(files: RunFiles) -> Any:
    """The cores of a tile lie in a square, y grows upwards, what is not in use is grey."""
    try:
        rows, mesh = files.table("cores.csv"), mesh_of(files.head["chip"]["mesh"])
        cores = np.array([int(row["core"]) for row in rows], np.int64)
        columns = {
            key: np.array([float(row[key]) for row in rows]) for key in ("dynamic_pj", "spikes", "messages_received")
        }
        if cores.size and not 0 <= cores.min() <= cores.max() < mesh.n_cores:
            raise ValueError("a core lies outside the mesh")
    except (KeyError, TypeError, ValueError) as error:
        raise files.broken("cores.csv", error) from None
    from matplotlib.colors import LinearSegmentedColormap

    colours = LinearSegmentedColormap.from_list("accent", ["#e4eff7", style.ACCENT]).with_extremes(bad=style.GROUND)
    each = int(np.ceil(np.sqrt(mesh.cores_per_tile)))
    tile, within = np.divmod(cores, mesh.cores_per_tile)
    x = tile // mesh.height * each + within % each
    y = (mesh.height - 1 - tile % mesh.height) * each + within // each
    drawn, axes = style.new(0.9 + 2.3 * min(mesh.height / mesh.width, 2.0), 1, 3)
    titles = {"dynamic_pj": "dynamic energy", "spikes": "spikes", "messages_received": "messages received"}
    for axis, (key, values) in zip(axes[0], columns.items(), strict=True):
        table = np.full((mesh.height * each, mesh.width * each), np.nan)
        table[y, x] = values
        axis.imshow(np.ma.masked_invalid(table), cmap=colours, vmin=0, interpolation="nearest")
        for edge in range(1, mesh.width if mesh.width <= EDGES else 1):
            axis.axvline(edge * each - 0.5, color="white", linewidth=1.2)
        for edge in range(1, mesh.height if mesh.height <= EDGES else 1):
            axis.axhline(edge * each - 0.5, color="white", linewidth=1.2)
        most = float(values.max(initial=0.0))
        text = show(most, "pJ") if key == "dynamic_pj" else f"{most:,.0f}"
        axis.set_title(f"{titles[key]}, at most {text}", fontsize=8, color=style.SOFT)
        axis.set_axis_off()
    return drawn
