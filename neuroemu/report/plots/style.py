"""How plots look: one accent, greys, thin lines; a figure of its own, so that nothing of the user's matplotlib changes."""

from __future__ import annotations

from typing import Any

ACCENT, MUTED, SOFT, GROUND = "#0b6aa8", "#a9b1b8", "#5b636b", "#eef0f2"
INCHES = 7.0
MOST = 28  # letters of a name beside a plot
MOST_TITLE = 60


def new(high: float, rows: int = 1, columns: int = 1, **settings: Any) -> tuple[Any, Any]:
    """(figure, axes) of INCHES x high."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(INCHES, high), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, squeeze=False, **settings)


def plain(axes: Any) -> None:
    """No box, small grey ticks."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(MUTED)
    axes.tick_params(colors=SOFT, labelsize=8)


def literal(text: str) -> str:
    """A name in which nothing is mathematics to matplotlib."""
    return text.replace("$", r"\$")


def short(text: str, most: int = MOST) -> str:
    """A name of at most so many letters; the middle of a longer one is left out, for its ends tell most."""
    if len(text) <= most:
        return text
    head = (most - 1) // 2
    return f"{text[:head]}…{text[len(text) - (most - 1 - head) :]}"


def whole(axis: Any, most: int) -> None:
    """Ticks of an axis (figure.axes.xaxis, yaxis) at whole numbers alone, at most about so many."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=most, integer=True, min_n_ticks=1))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
