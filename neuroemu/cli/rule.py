"""neuroemu rule: a learning rule explained."""

from __future__ import annotations

import click

from .options import CONTEXT


@click.command(context_settings=CONTEXT)
@click.argument("rules", nargs=-1, required=True, metavar="RULE...")
@click.option("--epoch", type=click.IntRange(1, 63), default=1, show_default=True, help="In steps.")
@click.option(
    "--dialect",
    default="neuroemu",
    show_default=True,
    help="Whose integers: neuroemu, lava, nengo_loihi, brian2_loihi.",
)
@click.option(
    "--third",
    type=click.Choice(["spikes", "model"]),
    default="spikes",
    show_default=True,
    help="Where y1..y3 come from.",
)
@click.option(
    "--shift",
    type=click.Choice(["floor", "half_even", "stochastic"]),
    default="floor",
    show_default=True,
    help="How wide products are rounded.",
)
@click.option("--chip", metavar="NAME", help="A chip of the library or a chip file: what an update costs on it.")
def rule(rules: tuple[str, ...], epoch: int, dialect: str, third: str, shift: str, chip: str | None) -> None:
    """Explain learning RULEs, like 'dw = 2^-2*y0*x1 - 2^-2*x0*y1': when each product is evaluated and on what, how wide it
    is, what is lost of it and what it costs; or what is wrong with it.
    """
    from ..learning.explain import explain, learning_for

    made = learning_for(rules, epoch, dialect, third, shift)
    if chip is None:
        click.echo(explain(made), nl=False)
        return
    from .. import library
    from ..errors import ChipError
    from ..files import chip_file

    structure, prices = chip_file.read(library.find("chips", chip, error=ChipError))
    click.echo(explain(made, prices, structure.learning), nl=False)
