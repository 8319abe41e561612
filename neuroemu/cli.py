"""The command line. Each command is a few lines: read, call one function, show.

Exit codes: 0 done, 2 something of the user's is wrong (one screen of text, no traceback), 130 interrupted, 70 our fault
(NEUROEMU_DEBUG=1 shows the traceback). A run that is interrupted ends with its step; asked again, at once.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from .cli_import import import_

if TYPE_CHECKING:
    from .program import Program
    from .report import Report

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


ALLOW_CODE = click.option(
    "--allow-code", is_flag=True, help="Run Python files that the program names ('neuron: FILE.py:NAME')."
)


OUT_AGAIN = click.option("-o", "--out", "out", type=str, help="Folder for the new run [default: RUN-1, -2, ...].")
CHIP_AGAIN = click.option("--chip", help="A chip of the library or a chip file [default: the one of the run].")
SET_AGAIN = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Lay a value over the chip: --set link.slot='1 ns'.",
)
LATENCY = click.option(
    "--latency", type=click.Choice(["contended", "flit", "analytic", "simple"]), help="How time is worked out."
)
MAPPING = click.option(
    "--mapping", metavar="FILE", help="Take the mapping from a mapping.json, as 'neuroemu map' writes it."
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print summary.json instead of the table.")
NO_CACHE = click.option(
    "--no-cache", is_flag=True, help="Map the network anew, and keep nothing (NEUROEMU_CACHE: where images are kept)."
)
OVERWRITE = click.option("--overwrite", is_flag=True, help="Replace the run that is in the folder given with -o.")


@click.group(context_settings=CONTEXT)
@click.version_option(package_name="neuroemu")
def cli() -> None:
    """neuroemu: an event-driven emulator of neuromorphic chips.

    Give it a network and a chip: it maps the network onto the chip's cores, runs it with the chip's own integers, and
    says what that cost in pJ and ns, where, and why.

    \b
    neuroemu run digits              540 held-out digits on one Loihi core (needs the 'data' extra)
    neuroemu run quickstart          a few populations, everything inline
    neuroemu check my_program.yaml   every mistake at once, with its line
    """


@cli.command(context_settings=CONTEXT)
@click.argument("program")
@click.option("-o", "--out", "out", type=str, help="Run folder [default: runs/NAME-1, -2, ...].")
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Lay a value over the program: --set chip.mesh.width=4.",
)
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), help="Seed of every random draw.")
@click.option("--steps", type=click.IntRange(1), help="Time steps of one sample.")
@click.option("--float", "in_floats", is_flag=True, help="Also run the network in floats: what quantisation cost.")
@click.option("--json", "as_json", is_flag=True, help="Print summary.json instead of the table.")
@click.option("--quiet", is_flag=True, help="Print no progress, only the result.")
@click.option("--overwrite", is_flag=True, help="Replace the run that is in the folder given with -o.")
@click.option(
    "--threads", type=click.IntRange(1, 64), help="Threads [default: what is worth it]. Results are the same."
)
@MAPPING
@LATENCY
@NO_CACHE
@ALLOW_CODE
def run(
    program: str,
    out: str | None,
    overrides: tuple[str, ...],
    seed: int | None,
    steps: int | None,
    in_floats: bool,
    as_json: bool,
    quiet: bool,
    overwrite: bool,
    threads: int | None,
    mapping: str | None,
    latency: str | None,
    no_cache: bool,
    allow_code: bool,
) -> None:
    """Run PROGRAM: a .yaml file, or the name of one that comes along (see 'neuroemu programs')."""
    from dataclasses import replace

    from .files import program_file
    from .progress import shown

    if out is not None and not out.strip():
        raise click.UsageError("-o is empty; name a folder.")
    read = program_file.read(program, overrides, seed, steps, allow_code)
    read = replace(read, latency=latency or read.latency, float_reference=in_floats or read.float_reference)
    if mapping is not None:
        read = replace(read, mapping=replace(read.mapping, file=mapping))
    with shown(quiet=quiet or as_json) as progress:

        def mapped(part: str) -> None:
            interrupts.raise_if_any()
            progress.part(part)

        progress.stage("mapping")
        compiled = _compiled(read, not no_cache, mapped)
        from . import pipeline  # these load numba: only once the program is known to be right
        from .report import folder

        wanted = Path(out) if out else folder.next_free(Path("runs"), read.name)
        folder.check_free(wanted, overwrite)

        def advanced(stage: str, done: int, total: int) -> None:
            interrupts.raise_if_any()
            progress.steps(stage, done, total)

        progress.stage("running")
        with interrupts.at_once_if_asked_twice():
            report = pipeline.execute(read, compiled, advanced, threads)
        progress.stage("writing")
        interrupts.raise_if_any()
        landed = folder.write(report, wanted, overwrite, ["neuroemu", *sys.argv[1:]], numbered=out is None)
        interrupts.landed(landed)
    _show(replace(report, folder=landed), as_json)


def _compiled(program: Program, cache: bool, stage: Callable[[str], None]) -> Any:
    """The program mapped; what loads numba is loaded only where it must."""
    from .prepare import compile_program

    if program.mapping.weigh_by != "spikes":
        return compile_program(program, None, cache, stage)
    from . import profile

    return profile.compiled(program, cache, stage)


@cli.command("map", context_settings=CONTEXT)
@click.argument("program")
@click.option(
    "-o", "--out", "out", type=str, default="mapping.json", show_default=True, help="File; the picture lies beside."
)
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Lay a value over the program.")
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), help="Seed of every random draw.")
@click.option("--method", type=click.Choice(["plain", "fast", "best"]), help="Partition and placement at once.")
@click.option(
    "--profile",
    metavar="RUN",
    help="Map for the spikes of the run in this folder, or 'short' for a short one of its own.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the traffic as JSON.")
@ALLOW_CODE
def map_(
    program: str,
    out: str,
    overrides: tuple[str, ...],
    seed: int | None,
    method: str | None,
    profile: str | None,
    as_json: bool,
    allow_code: bool,
) -> None:
    """Map PROGRAM onto its chip without running it: writes who sits where, the traffic before and after, and a picture.

    The file can be given back: 'run --mapping', 'remap --mapping'.
    """
    from dataclasses import replace

    from .files import program_file
    from .mapping import METHODS
    from .progress import shown

    if not out.strip():
        raise click.UsageError("-o is empty; name a file.")
    read = program_file.read(program, overrides, seed, None, allow_code)
    options = read.mapping
    if method is not None:
        options = replace(options, partition=METHODS[method][0], placement=METHODS[method][1])
    if profile is not None:
        options = replace(options, weigh_by="spikes", profile="" if profile == "short" else profile)
    read = replace(read, mapping=options)
    with shown(quiet=as_json) as progress:
        progress.stage("mapping")
        from . import mapped

        found = mapped.mapped(read)
        picture = mapped.write(found, Path(out))
    traffic = mapped.document(found)["traffic"]
    if as_json:
        import json

        click.echo(json.dumps(traffic, indent=1))
        return
    image = found.compiled.image
    click.echo(f"{out}, {picture}: {image.n_parts} parts on {image.cores_in_use().size} of {image.mesh.n_cores} cores.")
    unit = "spikes" if traffic["weighed_by"] == "spikes" else "every source once"
    for name in ("before", "after"):
        if traffic[name] is None:
            click.echo(f"{name:6} layer order does not fit this chip")
            continue
        row = traffic[name]
        click.echo(
            f"{name:6} {row['packet_hops']:>14,} packet-hops {row['messages']:>14,} messages  ({row['method']}; {unit})"
        )
    if found.before is not None and found.before.packet_hops:
        click.echo(f"       {found.after.packet_hops / found.before.packet_hops:.3g} times the packet-hops")


def _show(report: Report, as_json: bool) -> None:
    if as_json:
        import json

        click.echo(json.dumps(report.summary, indent=1))
        return
    from .report.terminal import as_text

    on_terminal = bool(sys.stdout and sys.stdout.isatty())
    width = shutil.get_terminal_size().columns if on_terminal else 110
    click.echo(as_text(report, width, on_terminal and "NO_COLOR" not in os.environ), nl=False)


@cli.command(context_settings=CONTEXT)
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@CHIP_AGAIN
@SET_AGAIN
@LATENCY
@OUT_AGAIN
@OVERWRITE
@JSON
def reprice(
    run_folder: Path,
    chip: str | None,
    overrides: tuple[str, ...],
    latency: str | None,
    out: str | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Price the run in folder RUN again, with another chip's prices or another latency mode, without running it."""
    from . import again

    def price(progress: Callable[[int, int], None]) -> Any:
        structure, prices = again.chip_of(run_folder, chip, overrides)
        return again.reprice(run_folder, structure, prices, latency, os.cpu_count() or 1, progress)

    _again(run_folder, price, out, overwrite, as_json)


@cli.command(context_settings=CONTEXT)
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--placement", default="keep", show_default=True, help="keep, sequential, hilbert, force or anneal.")
@click.option(
    "--share-cores/--no-share-cores", default=None, help="Whether parts may share a core [default: as in RUN]."
)
@MAPPING
@CHIP_AGAIN
@SET_AGAIN
@LATENCY
@OUT_AGAIN
@OVERWRITE
@JSON
def remap(
    run_folder: Path,
    placement: str,
    share_cores: bool | None,
    mapping: str | None,
    chip: str | None,
    overrides: tuple[str, ...],
    latency: str | None,
    out: str | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Put the parts of the run in folder RUN onto other cores, or another mesh, without running it."""
    from . import again

    def price(progress: Callable[[int, int], None]) -> Any:
        structure, prices = again.chip_of(run_folder, chip, overrides)
        return again.remap(
            run_folder, structure, prices, placement, share_cores, latency, os.cpu_count() or 1, progress,
            Path(mapping) if mapping else None,
        )  # fmt: skip

    _again(run_folder, price, out, overwrite, as_json)


def _again(run: Path, price: Callable[[Any], Any], out: str | None, overwrite: bool, as_json: bool) -> None:
    """Prices, writes and shows a run that is not run again."""
    from . import again
    from .progress import shown
    from .report import folder
    from .report.terminal import again_as_text

    if out is not None and not out.strip():
        raise click.UsageError("-o is empty; name a folder.")
    before = again.old_summary(run)
    wanted = Path(out) if out else folder.next_free(run.absolute().parent, run.absolute().name)
    folder.check_free(wanted, overwrite)
    with shown(quiet=as_json) as progress:
        progress.stage("pricing")

        def advanced(done: int, total: int) -> None:
            interrupts.raise_if_any()
            progress.steps("costs", done, total)

        priced = price(advanced)
        landed = again.write(priced, run, wanted, overwrite, ["neuroemu", *sys.argv[1:]], numbered=out is None)
        interrupts.landed(landed)
    after = again.old_summary(landed)
    if as_json:
        import json

        click.echo(json.dumps(after, indent=1))
        return
    on_terminal = bool(sys.stdout and sys.stdout.isatty())
    width = shutil.get_terminal_size().columns if on_terminal else 110
    colour = on_terminal and "NO_COLOR" not in os.environ
    click.echo(again_as_text(before, after, priced, landed, width, colour), nl=False)


@cli.command(context_settings=CONTEXT)
@click.argument("program")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Lay a value over the program.")
@NO_CACHE
@ALLOW_CODE
def check(program: str, overrides: tuple[str, ...], no_cache: bool, allow_code: bool) -> None:
    """Check PROGRAM, its arrays and whether it fits its chip, without running it.  Models of its own are compiled.

    Chip files are checked too.
    """
    from . import library
    from .errors import ProgramError

    path = library.find("programs", program, error=ProgramError)
    if _is_chip(path):
        from .files import chip_file

        chip, prices = chip_file.read(path)
        click.echo(f"{path}: chip '{chip.name}', {chip.mesh.n_cores} cores: no mistakes.")
        for item in prices.not_modelled(n_chips=chip.mesh.n_chips):
            click.echo(f"  not modelled: {item}")
        return
    from . import compartments, data
    from .files import program_file
    from .program import DataInput
    from .progress import shown

    read = program_file.read(path, overrides, allow_code=allow_code)
    for given in read.inputs.values():
        if isinstance(given, DataInput):
            data.require(given.dataset)
    with shown(quiet=False) as progress:
        compiled = _compiled(read, not no_cache, progress.part)
    image = compiled.image
    if not all(compartments.is_built_in(population.compartment) for population in read.network.on_chip):
        from . import pipeline  # loads numba

        pipeline.compile_models(read, compiled)
    click.echo(
        f"{path}: no mistakes. {image.n_compartments} compartments and {image.n_synapses} synapses fit on "
        f"{image.cores_in_use().size} of {image.mesh.n_cores} cores of {read.chip.name}."
    )
    for note in read.network.exact.notes if read.network.exact is not None else ():
        click.echo(f"  {note}")


def _is_chip(path: Path) -> bool:
    """Whether the file says it is a chip; anything unreadable is treated as a program, which then says why."""
    try:
        with open(path, "rb") as stream:
            return b"neuroemu_chip:" in stream.read(1 << 16)
    except OSError:
        return False


@cli.group(context_settings=CONTEXT, invoke_without_command=True)
@click.pass_context
def chips(context: click.Context) -> None:
    """List the chips that come along, show one, or compare two.  NAME: one of them, or a chip file."""
    if context.invoked_subcommand is None:
        from . import library, sheet

        click.echo(sheet.list_text([_sheet(name) for name in library.names("chips")], _width()), nl=False)


@chips.command(context_settings=CONTEXT)
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print the same as JSON.")
def show(name: str, as_json: bool) -> None:
    """Show everything about chip NAME: structure, every constant with its range and source, what is not modelled."""
    from . import sheet

    found = _sheet(name)
    if as_json:
        import json

        click.echo(json.dumps(found, indent=1))
        return
    click.echo(sheet.as_text(found, _width()), nl=False)


@chips.command(context_settings=CONTEXT)
@click.argument("one")
@click.argument("other")
def diff(one: str, other: str) -> None:
    """Show what differs between chips ONE and OTHER, sources aside."""
    from . import sheet

    click.echo(sheet.diff_text(_sheet(one), _sheet(other), _width()), nl=False)


def _sheet(name: str) -> dict[str, Any]:
    from . import library, sheet
    from .errors import ChipError
    from .files import chip_file

    return sheet.sheet(*chip_file.read(library.find("chips", name, error=ChipError)))


def _width() -> int:
    on_terminal = bool(sys.stdout and sys.stdout.isatty())
    return max(60, shutil.get_terminal_size().columns) if on_terminal else 110


cli.add_command(import_)


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


class _Interrupts:
    """SIGINT and SIGTERM: raised where they arrive, remembered where that is swallowed, ignored once the run has landed."""

    def __init__(self) -> None:
        self.arrived = False
        self.folder: Path | None = None

    def install(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._arrive)
        shown = sys.unraisablehook
        # Swallowed inside a destructor: raise_if_any finds it again, and there is nothing to print.
        sys.unraisablehook = lambda lost: None if lost.exc_type is KeyboardInterrupt else shown(lost)

    def _arrive(self, signum: int, frame: Any) -> None:
        self.arrived = True
        raise KeyboardInterrupt

    def raise_if_any(self) -> None:
        """Python swallows an exception that is raised inside a destructor; this finds it again."""
        if self.arrived:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def at_once_if_asked_twice(self) -> Iterator[None]:
        """Meanwhile the second signal ends the process at once: Python hears of any only when a step ends, and the loop of a
        user's model may have no end. Nothing is being written then.
        """
        heard, told = os.pipe()
        os.set_blocking(told, False)

        def listen() -> None:
            if os.read(heard, 1) and os.read(heard, 1):  # each signal is a byte; empty when `told` is closed
                cursor = "\x1b[?25h" if os.isatty(2) else ""  # which the progress bar has hidden
                text = f"{cursor}Interrupted twice: killed at once. {self.what_is_left()}\n"
                with contextlib.suppress(OSError):
                    os.write(2, text.encode())
                os._exit(130)
            os.close(heard)

        threading.Thread(target=listen, daemon=True).start()
        signal.set_wakeup_fd(told, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(-1)
            os.close(told)

    def landed(self, folder: Path) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        self.folder = folder

    def what_is_left(self) -> str:
        return f"The run is in {self.folder}." if self.folder else "Nothing was written."


interrupts = _Interrupts()


def main() -> NoReturn:
    """The console script: runs a command and turns every error into its text and exit code."""
    interrupts.install()
    sys.exit(_guarded())


def _guarded() -> int:
    from .errors import EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_USER_ERROR, NeuroemuError

    def say(text: str) -> None:
        with contextlib.suppress(OSError):
            click.echo(text, err=True)

    try:
        cli.main(standalone_mode=False)
        return 0
    except click.exceptions.Exit as ended:
        return int(ended.exit_code)
    except click.ClickException as error:
        error.show()
        return EXIT_USER_ERROR
    except NeuroemuError as error:
        say(f"{error}")
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        say(f"Interrupted. {interrupts.what_is_left()}")
        return EXIT_INTERRUPTED
    except (BrokenPipeError, SystemExit):  # click exits so when whoever reads us (head) has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryError:
        say(f"Out of memory. {interrupts.what_is_left()} Try a smaller network, fewer steps, samples or probes.")
        return EXIT_USER_ERROR
    except OSError as error:
        if interrupts.folder is None:
            return _our_fault(error, say, EXIT_INTERNAL)
        say(f"The result could not be printed ({error.strerror}). {interrupts.what_is_left()}")
        return EXIT_USER_ERROR
    except Exception as error:
        if interrupts.arrived:  # swallowed inside a library, which then broke on what it had not done
            say(f"Interrupted. {interrupts.what_is_left()}")
            return EXIT_INTERRUPTED
        return _our_fault(error, say, EXIT_INTERNAL)


def _our_fault(error: Exception, say: Callable[[str], None], code: int) -> int:
    if os.environ.get("NEUROEMU_DEBUG"):
        raise error
    say(
        f"Internal error, the fault is ours: {type(error).__name__}: {error}\n"
        f"{interrupts.what_is_left()} NEUROEMU_DEBUG=1 shows where; please report it."
    )
    return code
