"""What can go wrong, told so that a user can mend it.

Every error of ours is a NeuroemuError. Those that come from a file hold Problems (where, what, what is allowed, what to
try), all of them at once, as fields; the text is made from the fields and tests look at the fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

EXIT_USER_ERROR = 2
EXIT_INTERNAL = 70
EXIT_INTERRUPTED = 130

MOST_SHOWN = 15  # problems printed at once: one screen; the rest is counted


@dataclass(frozen=True)
class Problem:
    """One mistake.  path: dotted keys down to the value ('network.populations.hidden').  line, column: from 1."""

    what: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    path: str = ""
    allowed: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        head = ": ".join(part for part in (place, self.path, self.what) if part)
        sentences = [head if head.endswith((".", "?")) else head + "."]
        if self.allowed:
            sentences.append(f"Allowed: {self.allowed}.")
        if self.remedy:
            sentences.append(f"Try: {self.remedy}.")
        return " ".join(sentences)


class NeuroemuError(Exception):
    """Anything that is not as it should be; `exit_code` is what the command returns for it."""

    exit_code = EXIT_USER_ERROR


class ProblemsError(NeuroemuError):
    """One or more Problems found in what the user wrote."""

    def __init__(self, problems: list[Problem] | tuple[Problem, ...]):
        self.problems = tuple(sorted(problems, key=lambda p: (p.file or "", p.line or 0, p.column or 0)))
        super().__init__(self.text())

    def text(self) -> str:
        lines = [str(problem) for problem in self.problems[:MOST_SHOWN]]
        hidden = len(self.problems) - len(lines)
        if hidden > 0:
            lines.append(f"... and {hidden} more problem{'s' if hidden > 1 else ''} like these.")
        return "\n".join(lines)


class ProgramError(ProblemsError):
    """The program (a file, or a Network built in Python) is not one that can run."""


class ChipError(ProblemsError):
    """The chip description is wrong or incomplete."""


class QuantisationError(ProblemsError):
    """A number of the network has no counterpart in the chip's integers."""


class DataError(NeuroemuError):
    """A data set or an input cannot be had: the text says what to install or to write."""


class OutputError(NeuroemuError):
    """The run folder cannot be written where it was asked for; the text says what became of what was there."""


@dataclass(frozen=True)
class Violation:
    """One limit of the chip that a network exceeds.

    resource: the key of the limit in the chip file.  needed, available: same unit.  place: 'the chip', 'core 3', 'cores 3..9'
    (needed: the most of them) or a compartment.  culprit: the population or projection that needs most of it.
    """

    resource: str
    needed: int
    available: int
    place: str
    culprit: str


@dataclass(frozen=True)
class Remedy:
    """A change with which the network was mapped and did fit.

    text: for people.  settings: the same as `--set` takes it, or as options of the command (`--placement hilbert`).
    network, chip, options: what was mapped, where a network was.
    """

    text: str
    settings: tuple[str, ...]
    network: Any = field(default=None, repr=False)
    chip: Any = field(default=None, repr=False)
    options: Any = field(default=None, repr=False)

    def __str__(self) -> str:
        written = (s if s.startswith("--") else f"--set {_quoted(s)}" for s in self.settings)
        return f"{self.text}: {' '.join(written)}"


def _quoted(text: str) -> str:
    """As a shell takes it."""
    return f"'{text}'" if set(text) & set(" {}[]#>*?$&|;()<") else text


class DoesNotFit(NeuroemuError):
    """The network exceeds the chip; `violations` lists every limit that is exceeded.

    remedies: changes that were tried, with success.  tried: what was tried without.  note: why nothing was tried.
    """

    def __init__(
        self,
        violations: Sequence[Violation],
        chip: str,
        remedies: Sequence[Remedy] = (),
        tried: Sequence[str] = (),
        note: str = "",
    ):
        self.violations = tuple(violations)
        self.chip = chip
        self.remedies = tuple(remedies)
        self.tried = tuple(tried)
        self.note = note
        super().__init__(self.text())

    def text(self) -> str:
        """The violations as a table, and what to do."""
        head = ("where", "resource", "needed", "available", "most by")
        rows = [(v.place, v.resource, f"{v.needed:,}", f"{v.available:,}", v.culprit) for v in self.violations]
        shown = [head, *rows[:MOST_SHOWN]]
        width = [max(len(row[k]) for row in shown) for k in range(len(head))]
        lines = [f"Does not fit on {self.chip}:"]
        for row in shown:
            cells = [f"{cell:>{width[k]}}" if k in (2, 3) else f"{cell:{width[k]}}" for k, cell in enumerate(row)]
            lines.append("  " + "  ".join(cells).rstrip())
        if len(rows) > MOST_SHOWN:
            lines.append(f"  ... and {len(rows) - MOST_SHOWN} more.")
        if self.remedies:
            one = len(self.remedies) == 1
            lines.append(f"Tried, and {'this' if one else 'each of these'} fits:")
            lines += [f"  {remedy}" for remedy in self.remedies]
        elif self.tried:
            lines.append(f"No single change tried fits: {'; '.join(self.tried)}.")
        return "\n".join([*lines, *([self.note] if self.note else [])])


class TooLarge(NeuroemuError):
    """The run would record more than this machine's memory holds; said before it starts."""


class InternalError(NeuroemuError):
    """The fault is ours, not the user's."""

    exit_code = EXIT_INTERNAL
