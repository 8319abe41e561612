"""neuroemu sweep: one program at many points."""

from __future__ import annotations

import time
from pathlib import Path

import click

from .interrupts import interrupts
from .options import ALLOW_CODE, CONTEXT, NO_CACHE, QUIET, SET, width


@click.command(context_settings=CONTEXT)
@click.argument("program")
@click.option(
    "--vary",
    multiple=True,
    metavar="KEY=VALUES",
    help="A field of the program or chip: a,b,c or low..high[:log][:points].",
)
@click.option(
    "--goal",
    "goals",
    multiple=True,
    metavar="KEY[:min|max]",
    help="A figure of summary.json: energy_pj.total, accuracy.",
)
@click.option("--search", type=click.Choice(["grid", "random", "nsga2", "tpe"]), help="Which points [default: grid].")
@click.option("--points", type=click.IntRange(1, 10**6), help="How many, where the search is no grid [default: 64].")
@click.option("--search-seed", "seed", type=click.IntRange(0, 2**32 - 1), help="Seed of the search [default: 0].")
@SET
@click.option(
    "-o", "--out", "out", type=str, help="Folder of the sweep [default: sweeps/NAME-DIGEST]. It goes on there."
)
@click.option("--jobs", type=click.IntRange(1, 1024), help="Processes of this machine [default: its cores].")
@click.option("--scheduler", metavar="ADDRESS", help="A dask scheduler whose workers do it instead.")
@click.option("--retry-failed", is_flag=True, help="Try points again that failed before.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@QUIET
@NO_CACHE
@ALLOW_CODE
def sweep(
    program: str,
    vary: tuple[str, ...],
    goals: tuple[str, ...],
    search: str | None,
    points: int | None,
    seed: int | None,
    overrides: tuple[str, ...],
    out: str | None,
    jobs: int | None,
    scheduler: str | None,
    retry_failed: bool,
    as_json: bool,
    quiet: bool,
    no_cache: bool,
    allow_code: bool,
) -> None:
    """Run PROGRAM at many points, each priced, mapped or run again only as far as it must be.

    PROGRAM may be a sweep file, too (neuroemu schema sweep). Points that were done are never done again: the same command
    goes on where it stopped.

    \b
    neuroemu sweep quickstart --goal energy_pj.total --vary 'chip.prices.compartment_active.energy=1 pJ..100 pJ:log:20'
    neuroemu sweep quickstart --goal energy_pj.total --goal latency_ns.mean_step --search random --points 50 \\
        --vary mapping.placement=sequential,hilbert --vary chip.mesh.width=1..8 --set mapping.share_cores=false
    """
    from ..progress import shown
    from ..sweep import plan as plans
    from ..sweep import server

    if out is not None and not out.strip():
        raise click.UsageError("-o is empty; name a folder.")
    if jobs is not None and scheduler is not None:
        raise click.UsageError(
            "--jobs are processes of this machine; the workers of --scheduler are started by 'dask worker'."
        )
    began = time.monotonic()
    plan = plans.of_options(program, overrides, vary, goals, search, points, seed, allow_code)
    wanted = Path(out) if out else Path("sweeps") / f"{plan.program.stem}-{plan.hash}"
    with shown(quiet=quiet or as_json) as progress:
        progress.stage("reading")
        if scheduler is None:
            server.start()  # it loads while we do
        from ..sweep import sweep as sweeps

        def advanced(stage: str, done: int, total: int) -> None:
            interrupts.raise_if_any()
            if stage == "running":
                progress.steps(stage, done, total, "point")
            elif done <= 1:
                progress.part(stage)

        def opened(folder: Path) -> None:
            progress.stage("running")

        try:
            outcome = sweeps.run(plan, wanted, jobs, scheduler, not no_cache, retry_failed, advanced, opened)
        except BaseException:
            if wanted.is_dir():  # else it was taken away again, as nothing was done
                interrupts.left = f"Points that were done are in {wanted.absolute()}; the same command goes on."
            raise
    from ..sweep import told

    if as_json:
        import json

        click.echo(json.dumps(told.as_values(outcome), indent=1))
    else:
        click.echo(told.as_text(outcome, time.monotonic() - began, width()), nl=False)
    if outcome.rows and all(row.error for row in outcome.rows):
        raise click.exceptions.Exit(2)
