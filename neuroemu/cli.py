"""The command line. Each command is a few lines: read, call one function, show.

Exit codes: 0 done, 2 something of the user's is wrong (one screen of text, no traceback), 130 interrupted, 70 our fault
(NEUROEMU_DEBUG=1 shows the traceback).
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from .report import Report

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=CONTEXT)
@click.version_option(package_name="neuroemu")
def cli() -> None:
    """neuroemu: an event-driven emulator of neuromorphic chips.

    Give it a network and a chip: it maps the network onto the chip's cores, runs it with the chip's own integers, and
    says what that cost in pJ and ns, where, and why.

    \b
    neuroemu run digits              1797 real digits on one Loihi core (needs the 'data' extra)
    neuroemu run quickstart          a few populations, everything inline
    neuroemu check my_program.yaml   every mistake at once, with its line
    """


@cli.command(context_settings=CONTEXT)
@click.argument("program")
@click.option("-o", "--out", "out", type=click.Path(path_type=Path), help="Run folder [default: runs/NAME-1, -2, ...].")
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Lay a value over the program: --set chip.mesh.width=4.",
)
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), help="Seed of every random draw.")
@click.option("--steps", type=click.IntRange(1), help="Time steps of one sample.")
@click.option("--json", "as_json", is_flag=True, help="Print summary.json instead of the table.")
@click.option("--quiet", is_flag=True, help="Print no progress, only the result.")
@click.option("--overwrite", is_flag=True, help="Replace the run that is in the folder given with -o.")
def run(
    program: str,
    out: Path | None,
    overrides: tuple[str, ...],
    seed: int | None,
    steps: int | None,
    as_json: bool,
    quiet: bool,
    overwrite: bool,
) -> None:
    """Run PROGRAM: a .yaml file, or the name of one that comes along (see 'neuroemu programs')."""
    from dataclasses import replace

    from .files import program_file
    from .prepare import compile_program
    from .progress import shown
    from .report import folder

    read = program_file.read(program, overrides, seed, steps)
    wanted = out or folder.next_free(Path("runs"), read.name)
    folder.check_free(wanted, overwrite)
    with shown(quiet=quiet or as_json) as progress:
        progress.stage("mapping")
        compiled = compile_program(read)
        from . import pipeline  # loads numba: only once everything else is known to be right

        progress.stage("running")
        report = pipeline.execute(read, compiled, progress.steps)
        progress.stage("writing")
        landed = folder.write(report, wanted, overwrite, ["neuroemu", *sys.argv[1:]], numbered=out is None)
    _show(replace(report, folder=landed), as_json)


def _show(report: Report, as_json: bool) -> None:
    if as_json:
        import json

        click.echo(json.dumps({**report.summary, "folder": str(report.folder)}, indent=1))
        return
    from rich.console import Console

    from .report.terminal import show_report

    show_report(report, Console(width=None if sys.stdout.isatty() else 110, highlight=False))


@cli.command(context_settings=CONTEXT)
@click.argument("program")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Lay a value over the program.")
def check(program: str, overrides: tuple[str, ...]) -> None:
    """Check PROGRAM, its arrays and whether it fits its chip, without running it.  Chip files are checked too."""
    from . import library
    from .errors import ProgramError

    path = library.find("programs", program, error=ProgramError)
    if _is_chip(path):
        from .files import chip_file

        chip, prices = chip_file.read(path)
        click.echo(f"{path}: chip '{chip.name}', {chip.mesh.n_cores} cores: no mistakes.")
        for item in prices.not_modelled():
            click.echo(f"  not modelled: {item}")
        return
    from . import data
    from .files import program_file
    from .prepare import compile_program
    from .program import DataInput

    read = program_file.read(path, overrides)
    for given in read.inputs.values():
        if isinstance(given, DataInput):
            data.require(given.dataset)
    image = compile_program(read).image
    click.echo(
        f"{path}: no mistakes. {image.n_compartments} compartments and {image.n_synapses} synapses fit on "
        f"{image.cores_in_use().size} of {image.mesh.n_cores} cores of {read.chip.name}."
    )


def _is_chip(path: Path) -> bool:
    """Whether the file says it is a chip; anything unreadable is treated as a program, which then says why."""
    try:
        with open(path, "rb") as stream:
            return b"neuroemu_chip:" in stream.read(1 << 16)
    except OSError:
        return False


@cli.command(context_settings=CONTEXT)
def chips() -> None:
    """List the chips that come along."""
    _list_library("chips", "about")


@cli.command(context_settings=CONTEXT)
def programs() -> None:
    """List the programs that come along."""
    _list_library("programs", "about")


def _list_library(kind: str, key: str) -> None:
    from . import library
    from .files import marked_yaml

    for name in library.names(kind):
        path = library.folder(kind) / f"{name}.yaml"
        data = marked_yaml.read(path).data
        first = str(data.get(key) or "").split(". ")[0]
        click.echo(f"{name:20} {first}")


@cli.command(context_settings=CONTEXT)
@click.argument("kind", type=click.Choice(["program", "chip"]))
def schema(kind: str) -> None:
    """Print the JSON Schema of program or chip files, for editors that complete and check YAML."""
    import json

    if kind == "program":
        from .files.program_schema import ProgramSpec as Spec
    else:
        from .files.chip_file import ChipSpec as Spec  # type: ignore[assignment]
    content = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Spec.model_json_schema()}
    click.echo(json.dumps(content, indent=1))


def main() -> NoReturn:
    """The console script: runs a command and turns every error into its text and exit code."""
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(_guarded())


def _guarded() -> int:
    from .errors import EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_USER_ERROR, NeuroemuError

    try:
        cli.main(standalone_mode=False)
        return 0
    except click.exceptions.Exit as ended:
        return int(ended.exit_code)
    except click.ClickException as error:
        error.show()
        return EXIT_USER_ERROR
    except NeuroemuError as error:
        click.echo(f"{error}", err=True)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted; nothing was written.", err=True)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryError:
        click.echo("Out of memory; nothing was written. Try fewer steps, samples or probes.", err=True)
        return EXIT_USER_ERROR
    except Exception as error:
        if os.environ.get("NEUROEMU_DEBUG"):
            raise
        click.echo(
            f"Internal error, the fault is ours: {type(error).__name__}: {error}\n"
            "Nothing was written. NEUROEMU_DEBUG=1 shows where; please report it.",
            err=True,
        )
        return EXIT_INTERNAL


def _terminate(signum: int, frame: Any) -> None:
    raise KeyboardInterrupt
