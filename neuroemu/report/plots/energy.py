"""Energy by event and by population, in bars."""

from __future__ import annotations

from typing import Any

from ..page.files import RunFiles
from ..page.quantities import column, show
from . import style

MOST = 16


def figure(files: RunFiles) -> Any:
    """Dynamic energy, largest first, in one unit each."""
    pj = files.summary["energy_pj"]
    views = [
        (title, sorted(((str(name), value) for name, value in of.items() if value), key=lambda row: -row[1])[:MOST])
        for title, of in (("event", pj["by_event"]), ("population", pj["by_population"]))
    ]
    rows = [max(len(entries), 1) for _, entries in views]
    drawn, axes = style.new(1.1 + 0.24 * sum(rows), 2, height_ratios=rows)
    for axis, (title, entries) in zip(axes[:, 0], views, strict=True):
        unit, texts = column([value for _, value in entries], "pJ")
        at = list(range(len(entries)))
        bars = axis.barh(at, [value for _, value in entries], color=style.ACCENT, height=0.62)
        axis.bar_label(bars, [f"{text} {unit}" for text in texts], padding=4, fontsize=8, color=style.SOFT)
        axis.set_yticks(
            at,
            [style.literal(style.short(name.replace("_", " ") if title == "event" else name)) for name, _ in entries],
        )
        axis.set_ylim(len(entries) - 0.4, -0.6)
        axis.margins(x=0.16)
        axis.set_xticks([])
        style.plain(axis)
        axis.spines["bottom"].set_visible(False)
        axis.set_title(f"by {title}", loc="left", fontsize=9, color=style.SOFT)
    name = style.literal(style.short(str(files.summary["name"]), style.MOST_TITLE))
    drawn.suptitle(f"{name}: {show(pj['dynamic'], 'pJ')} dynamic", x=0.02, ha="left", fontsize=10)
    return drawn
