"""Drawing: what the pictures of sweep.html show, as places in pixels. The template draws them; nothing here is HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

from .axes import Axis, Listed
from .goals import Goal
from .scales import Names, Scale, figure_text, scale_of, value_text
from .table import Row

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 520, 350, 92, 40, 30, 48  # of a scatter
TALL, ASIDE, CAPTION = 360, 64, 44  # of parallel coordinates
LARGEST = 15 / 13  # that a picture is drawn: its letters of 13 pixels are then as large as those of the page
LETTER = 7.5  # pixels of a letter, or more, as the page writes them
MOST_NAME = 32  # letters of an axis of parallel coordinates
MOST_GOAL = 50  # letters of an axis of a scatter
MOST_DRAWN = 2000  # points beside the front
MOST_PAIRS = 3  # goals of which pairs are drawn


@dataclass(frozen=True)
class Tick:
    at: float
    text: str


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Scatter:
    """Two goals, or a goal over the points.  line: the front as a staircase, '' where there is none to draw."""

    x: str
    y: str
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    others: list[Dot]
    best: list[Dot]
    line: str


@dataclass(frozen=True)
class Rail:
    """An axis of parallel coordinates.  shown, at: its name as there is room for it, and where its middle lies."""

    x: float
    name: str
    shown: str
    at: float
    goal: bool
    ticks: list[Tick]


@dataclass(frozen=True)
class Line:
    path: str
    text: str


@dataclass(frozen=True)
class Parallel:
    width: int
    rails: list[Rail]
    others: list[Line]
    best: list[Line]


def thinned(rows: Sequence[Row]) -> list[Row]:
    """Evenly chosen ones where there are too many to draw."""
    every = -(-len(rows) // MOST_DRAWN) if rows else 1
    return list(rows[::every])


def described(row: Row, keys: Sequence[str], goals: Sequence[Goal]) -> str:
    """What a point is, when it is pointed at."""
    values = [f"{key}: {value_text(value)}" for key, value in zip(keys, row.values, strict=True)]
    figures = [f"{goal.key}: {figure_text(goal.key, row.figures[goal.key])}" for goal in goals]
    return "\n".join([f"point {row.number}", *values, *figures])


def scatters(others: Sequence[Row], best: Sequence[Row], keys: Sequence[str], goals: Sequence[Goal]) -> list[Scatter]:
    """Every pair of the first goals; of a single goal, how it went from point to point."""
    rows = [*others, *best]
    if not rows:
        return []
    if len(goals) == 1:
        y = goals[0]
        return [_scatter(others, best, keys, goals, None, y)]
    return [_scatter(others, best, keys, goals, x, y) for x, y in combinations(goals[:MOST_PAIRS], 2)]


def _scatter(
    others: Sequence[Row], best: Sequence[Row], keys: Sequence[str], goals: Sequence[Goal], x: Goal | None, y: Goal
) -> Scatter:
    def of(row: Row, goal: Goal | None) -> float:
        return float(row.number if goal is None else row.figures[goal.key] or 0.0)

    rows = [*others, *best]
    across, up = _padded([of(row, x) for row in rows]), _padded([of(row, y) for row in rows])

    def place(row: Row) -> Dot:
        return Dot(_x(across.at(of(row, x))), _y(up.at(of(row, y))), described(row, keys, goals))

    line = ""
    if x is not None and len(goals) == 2:
        dots = [place(row) for row in sorted(best, key=lambda row: of(row, x))]
        first = "H" if x.direction == "min" else "V"  # a step lies on the side of the worse
        steps = [f"M{dots[0].x:.1f} {dots[0].y:.1f}"] if dots else []
        for _, b in pairwise(dots):
            steps.append(f"H{b.x:.1f}V{b.y:.1f}" if first == "H" else f"V{b.y:.1f}H{b.x:.1f}")
        line = "".join(steps) if len(dots) > 1 else ""
    return Scatter(
        "point" if x is None else _shown(x.key, MOST_GOAL),
        _shown(y.key, MOST_GOAL),
        [Tick(_x(across.at(t)), figure_text("" if x is None else x.key, t)) for t in across.ticks()],
        [Tick(_y(up.at(t)), figure_text(y.key, t)) for t in up.ticks()],
        [place(row) for row in others],
        [place(row) for row in best],
        line,
    )


def _padded(values: list[float]) -> Scale:
    """With some room on either side, so that no dot lies on the frame."""
    scale = scale_of(values)
    if scale.log:
        room = (scale.high / scale.low) ** 0.05
        return Scale(scale.low / room, scale.high * room, True)
    room = (scale.high - scale.low) * 0.05 or abs(scale.high) * 0.05 or 1.0
    return Scale(scale.low - room, scale.high + room)


def _x(share: float) -> float:
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def _y(share: float) -> float:
    return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)


def parallel(
    others: Sequence[Row], best: Sequence[Row], vary: dict[str, Axis], goals: Sequence[Goal]
) -> Parallel | None:
    """A line a point, through its values and its goals."""
    rows, keys = [*others, *best], list(vary)
    if not rows:
        return None
    scales: list[tuple[Scale | Names, Any]] = []
    named: list[tuple[str, bool, list[Tick]]] = []
    for k, (key, axis) in enumerate(vary.items()):
        scale = _scale(axis)
        number = (lambda value: value) if isinstance(scale, Names) else _number
        scales.append((scale, lambda row, k=k, number=number: number(row.values[k])))
        ticks = [Tick(_level(scale.at(t)), _short(t, axis)) for t in _ticks(scale, axis)]
        named.append((key, False, ticks))
    for goal in goals:
        scale = scale_of([float(row.figures[goal.key] or 0.0) for row in rows])
        scales.append((scale, lambda row, key=goal.key: row.figures[key]))
        ticks = [Tick(_level(scale.at(t)), figure_text(goal.key, t)) for t in scale.ticks()]
        named.append((goal.key, True, ticks))
    n = len(named)
    # The ticks of the last axis stand between it and the edge.
    right = max([float(ASIDE), *(LETTER * len(tick.text) + 8 for tick in named[-1][2])])
    width = max(WIDTH, round(ASIDE + 150 * (n - 1) + right))
    rails = [
        _rail(name, goal, ticks, round(ASIDE + k * (width - ASIDE - right) / max(n - 1, 1), 1), width)
        for k, (name, goal, ticks) in enumerate(named)
    ]

    def line(row: Row) -> Line:
        at = [(rail.x, _level(scale.at(of(row)))) for rail, (scale, of) in zip(rails, scales, strict=True)]
        return Line("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in at), described(row, keys, goals))

    return Parallel(width, rails, [line(row) for row in others], [line(row) for row in best])


def _rail(name: str, goal: bool, ticks: list[Tick], x: float, width: int) -> Rail:
    """Its name over it, or as near as it is whole within the picture."""
    shown = _shown(name, MOST_NAME)
    half = min(LETTER * len(shown), width) / 2
    return Rail(x, name, shown, round(min(max(x, half), width - half), 1), goal, ticks)


def _shown(name: str, most: int) -> str:
    """The end of a name that is too long, for it tells most of a dotted key."""
    return name if len(name) <= most else "…" + name[1 - most :]


def _level(share: float) -> float:
    return round(TALL - 24 - share * (TALL - 24 - CAPTION), 1)


def _scale(axis: Axis) -> Scale | Names:
    if not isinstance(axis, Listed):
        return Scale(axis.low, axis.high, axis.log)
    numbers = [v for v in axis.values if isinstance(v, (int, float)) and not isinstance(v, bool)]
    return scale_of(numbers) if len(numbers) == len(axis.values) else Names(axis.values)


def _ticks(scale: Scale | Names, axis: Axis) -> list[Any]:
    """Whole numbers where the values of a list are."""
    ticks = scale.ticks()
    if isinstance(axis, Listed) and all(isinstance(value, int) for value in axis.values):
        return [tick for tick in ticks if tick == int(tick)] or ticks
    return ticks


def _number(value: Any) -> Any:
    """The number of '10 pJ' where a range has a unit; other values as they are."""
    head = value.partition(" ")[0] if isinstance(value, str) else ""
    try:
        return float(head) if head and head[-1].isdigit() else value
    except ValueError:
        return value


def _short(tick: Any, axis: Axis) -> str:
    if isinstance(axis, Listed) or not axis.unit:
        text = value_text(tick) if not isinstance(tick, float) else f"{tick:g}"
    else:
        text = f"{tick:g} {axis.unit}"
    return text if len(text) <= 20 else text[:19] + "…"
