"""programs/seeds/README.md: every program is in its table, and the tool that measures its row is there and named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from neuroemu import library

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "programs" / "seeds" / "README.md").read_text()
SEEDS = [name.removeprefix("seeds/") for name in library.names("programs") if name.startswith("seeds/")]


def test_it_says_what_prints_the_figures_before_the_table():
    head = TEXT[: TEXT.index("| program |")]
    assert (
        "`neuroemu run seeds/NAME`" in head
        and "does not print the figures" in head
        and "python -m tools.seeds.NAME" in head
    )


@pytest.mark.parametrize("name", SEEDS)
def test_a_row_has_a_program_and_the_tool_that_measures_it(name):
    assert re.search(rf"^\| `{name}`|^\| .*`{name}`.* \|", TEXT, re.MULTILINE)
    header = (ROOT / "programs" / "seeds" / f"{name}.yaml").read_text().partition("neuroemu: 1")[0]
    named = re.findall(r"tools[./]seeds[./](\w+)", header)
    tools = [tool for tool in (name, *named) if (ROOT / "tools" / "seeds" / f"{tool}.py").is_file()]
    assert tools and all((ROOT / "tools" / "seeds" / f"{tool}.py").is_file() for tool in named)
    assert '__name__ == "__main__"' in (ROOT / "tools" / "seeds" / f"{tools[0]}.py").read_text()
