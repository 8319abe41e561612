"""The command line. Each command is a few lines: read, call one function, show.

Exit codes: 0 done, 2 something of the user's is wrong (one screen of text, no traceback), 130 interrupted, 70 our fault
(NEUROEMU_DEBUG=1 shows the traceback). A run that is interrupted ends with its step; asked again, at once.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from typing import NoReturn

import click

from .again import remap, reprice
from .chips import chips
from .compare import compare
from .import_ import import_
from .interrupts import interrupts
from .library import programs, schema
from .map import map_
from .options import CONTEXT
from .report import plot, report
from .resume import resume
from .rule import rule
from .run import check, run
from .sweep import sweep
from .timeline import timeline


class Once(click.Group):
    """Commands whose options are given once, unless they say otherwise: click would take the last one silently."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None:
            # Resilient: other mistakes are told when the command line is read in earnest.
            inner = click.Context(command, ctx, name, resilient_parsing=True)
            _, _, order = command.make_parser(inner).parse_args(list(rest))
            for option in command.params:
                if not isinstance(option, click.Option) or option.multiple or option.is_flag or option.count:
                    continue
                if order.count(option) > 1:
                    what = f"{option.opts[-1]} is given {order.count(option)} times; give it once."
                    raise click.UsageError(what, inner)
        return name, command, rest


@click.group(cls=Once, context_settings=CONTEXT)
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


COMMANDS = (
    run, resume, check, map_, reprice, remap, compare, sweep, report, plot, timeline, chips, rule, import_, programs, schema,
)  # fmt: skip
for command in COMMANDS:
    cli.add_command(command)


def main() -> NoReturn:
    """The console script: runs a command and turns every error into its text and exit code."""
    interrupts.install()
    sys.exit(_guarded())


def _guarded() -> int:
    from ..errors import EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_USER_ERROR, NeuroemuError

    def say(text: str) -> None:
        with contextlib.suppress(OSError):
            click.echo(text, err=True)

    try:
        code = cli.main(standalone_mode=False)  # of a command that ends with one (click's Exit)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as ended:
        return int(ended.exit_code)
    except click.ClickException as error:
        error.show()
        return EXIT_USER_ERROR
    except NeuroemuError as error:
        say(f"{error}")
        if interrupts.unfinished:
            say(interrupts.what_is_left())
        return error.exit_code
    except (KeyboardInterrupt, click.Abort) as stopped:
        cause = stopped.__cause__
        if isinstance(cause, EOFError) and not interrupts.arrived:  # click takes the end of a file for Ctrl-C
            return _our_fault(cause, say, EXIT_INTERNAL)
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
