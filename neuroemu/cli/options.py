"""Options that several commands have, the width of what they print, and a program as they map it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ..program import Program

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

SET = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Lay a value over the program: --set chip.mesh.width=4.",
)
SEED = click.option("--seed", type=click.IntRange(0, 2**64 - 1), help="Seed of every random draw.")
ALLOW_CODE = click.option(
    "--allow-code", is_flag=True, help="Run Python files that the program names ('neuron: FILE.py:NAME')."
)
CHECKPOINT_EVERY = click.option(
    "--checkpoint-every",
    "every",
    metavar="STEPS|SECONDS",
    callback=lambda context, option, value: None if value is None else every_of(value),
    help="Keep the state on disk every so many steps (10000) or seconds ('60 s'): 'neuroemu resume' goes on from there.",
)
NO_CACHE = click.option(
    "--no-cache", is_flag=True, help="Map the network anew, and keep nothing (NEUROEMU_CACHE: where images are kept)."
)
LATENCY = click.option(
    "--latency", type=click.Choice(["contended", "flit", "analytic", "simple"]), help="How time is worked out."
)
MAPPING = click.option(
    "--mapping", metavar="FILE", help="Take the mapping from a mapping.json, as 'neuroemu map' writes it."
)
OVERWRITE = click.option("--overwrite", is_flag=True, help="Replace the run that is in the folder given with -o.")
QUIET = click.option("--quiet", is_flag=True, help="Print no progress, only the result.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print summary.json instead of the table.")


def every_of(text: str) -> tuple[int, float]:
    """(steps, seconds) between two checkpoints, one of them 0. Raises UsageError."""
    from .. import units

    if text.isascii() and text.isdigit() and 0 < int(text) <= 10**9:
        return int(text), 0.0
    try:
        ms = units.parse(text, "ms")
    except ValueError:
        ms = 0.0
    if not 1 <= ms <= 1e12:
        raise click.UsageError(
            f"--checkpoint-every is '{text}'. Allowed: a number of steps like 10000, or a time of at least 1 ms like '60 s'."
        )
    return 0, ms / 1000


def on_terminal() -> bool:
    """Whether somebody reads along."""
    return bool(sys.stdout and sys.stdout.isatty())


def colour() -> bool:
    """Whether what is printed may be in colour."""
    return on_terminal() and "NO_COLOR" not in os.environ


def width() -> int:
    """Columns of the terminal, or of a page where there is none."""
    return max(60, shutil.get_terminal_size().columns) if on_terminal() else 110


def compiled_for(program: Program, cache: bool, stage: Callable[[str], None]) -> Any:
    """The program mapped; what loads numba is loaded only where it must."""
    from ..prepare import compile_program

    if program.mapping.weigh_by != "spikes":
        return compile_program(program, None, cache, stage)
    from .. import profile

    return profile.compiled(program, cache, stage)
