"""Compare: two run folders side by side: figures that differ, and the first thing that the chips did differently.

summaries.py, recorded.py, spiked.py and learned.py look at what the folders hold, alone.py at what one alone holds; rebuilt.py
runs both programs again, with every state looked at, up to where they part; cause.py says what that compartment was sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import OutputError
from ..report.reading import json_table
from .alone import alone
from .cause import Cause, cause_of
from .first import First
from .rebuilt import Rebuilt, first_state, rebuild
from .recorded import first_recorded
from .summaries import Figure, figures

__all__ = ["Cause", "Comparison", "Figure", "First", "compare"]


@dataclass(frozen=True)
class Comparison:
    """figures: of summary.json that differ.  recorded: the first spike, state or weight in the folders that differs.

    alone: by folder, what it alone recorded, so that it is in no comparison.
    state: the first state or spike at all that differs, where both could be run again; why_not: else why not.
    cause: of `state`.
    """

    figures: list[Figure]
    recorded: First | None
    state: First | None
    why_not: str
    cause: Cause | None
    alone: tuple[list[str], list[str]] = ([], [])

    @property
    def same(self) -> bool:
        """Whether both recorded the same things, and their chips did the same in all of them."""
        return self.recorded is None and not any(self.alone)


def compare(one: Path, other: Path) -> Comparison:
    """Raises OutputError where a folder holds no run, or one that is damaged."""
    for folder in (one, other):
        _require(folder)
    found, recorded, apart = figures(one, other), first_recorded(one, other), alone(one, other)
    if recorded is None:
        return Comparison(found, None, None, "", None, apart)
    both: list[Rebuilt] = []
    for folder in (one, other):
        made = rebuild(folder)
        if isinstance(made, str):
            return Comparison(found, recorded, None, made, None, apart)
        both.append(made)
    state = first_state(both[0], both[1], recorded.step)
    if isinstance(state, str):
        return Comparison(found, recorded, None, state, None, apart)
    inner = state is not None and state.what not in ("spikes", "payload")  # a state, which has a cause
    return Comparison(found, recorded, state, "", cause_of(both[0], both[1], state) if state and inner else None, apart)


def _require(folder: Path) -> None:
    """Raises OutputError unless the folder holds a run with a manifest."""
    if (folder / "sweep.json").is_file():
        raise OutputError(f"{folder} is the folder of a sweep, not of a run. Try two of the runs in {folder / 'best'}.")
    if not (folder / "summary.json").is_file():
        raise OutputError(
            f"{folder} is not the folder of a run: it has no summary.json. Try one that 'neuroemu run' wrote."
        )
    json_table(folder / "manifest.json")
