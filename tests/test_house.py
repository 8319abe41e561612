"""The shape of the house: a file imports only from lower layers, or from its own package."""

from __future__ import annotations

import ast
import configparser
from pathlib import Path

import networkx as nx
import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "neuroemu"

# Lowest first; the first entry that a module's name starts with is its layer.
LAYERS = [
    [
        "errors", "units", "events", "jit", "widths", "fixedpoint", "rng", "philox", "streams", "pieces", "library",
        "scaling", "spool", "asked", "processes", "json_text",
    ],
    ["noc"],
    ["chip", "modes", "compartments", "connect", "learning", "mapping", "network", "counters", "calibration"],
    [
        "environments", "encode", "decode", "data", "program", "samples", "learnable", "closing", "floatable", "nir_io",
        "topology",
    ],
    ["files", "compiler"],
    ["cache", "mapping_file", "surprises"],
    ["wiring", "loop", "budget"],
    ["host", "engine"],
    ["traffic"],
    ["tally"],
    ["energy", "messages", "schedule", "reference"],
    ["calibrate"],
    ["prepare"],
    ["latency"],
    ["contended", "gain"],
    ["why"],
    ["costs"],
    ["ranges"],
    ["neurobench"],
    ["report", "sheet"],
    ["profile"],
    ["again", "pipeline", "progress", "importing", "mapped", "timeline", "unfinished"],
    ["compare", "sweep"],
    ["cli"],
    ["__main__", "__init__"],
]  # fmt: skip


def layer(module: str) -> int:
    top = module.split(".")[0]
    return next(level for level, names in enumerate(LAYERS) if top in names)


def imported(path: Path) -> set[str]:
    """Modules of neuroemu that a file imports while it is loaded or run, relative names resolved; type checking left out."""
    tree = ast.parse(path.read_text())
    here = path.relative_to(PACKAGE).with_suffix("").parts
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for inner in ast.walk(node):
                inner.skip = True  # type: ignore[attr-defined]
        if isinstance(node, ast.ImportFrom) and node.level and not hasattr(node, "skip"):
            base = [*here[: len(here) - node.level], *((node.module or "").split(".") if node.module else [])]
            names = [".".join(base)] if base else [alias.name for alias in node.names]
            found |= set(names)
    return found


FILES = sorted(path for path in PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_point_down(path):
    module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    for name in imported(path):
        same_package = name.split(".")[0] == module.split(".")[0] and "." in module
        assert same_package or layer(name) < layer(module) or (layer(name) == layer(module) and layer(name) <= 4), (
            f"{module} (layer {layer(module)}) imports {name} (layer {layer(name)})"
        )


def test_no_two_modules_import_each_other_in_a_circle():
    graph = nx.DiGraph()
    for path in FILES:
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        graph.add_edges_from((module.split(".")[0], name.split(".")[0]) for name in imported(path))
    graph.remove_edges_from(nx.selfloop_edges(graph))
    assert list(nx.simple_cycles(graph)) == []


def test_nothing_is_imported_by_its_full_name():
    # So that the layers above see every import.
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            assert not [name for name in names if name.split(".")[0] == "neuroemu"], path


def test_every_module_has_a_layer():
    for path in FILES:
        layer(".".join(path.relative_to(PACKAGE).with_suffix("").parts))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_every_module_says_what_it_is_for(path):
    assert path.name == "py.typed" or ast.get_docstring(ast.parse(path.read_text()))


def test_the_engine_knows_no_prices_and_prices_know_no_engine():
    for path in (PACKAGE / "engine").rglob("*.py"):
        assert not {name.split(".")[0] for name in imported(path)} & {"energy", "latency", "tally", "traffic", "units"}
    for name in ("energy", "latency"):
        assert not {other.split(".")[0] for other in imported(PACKAGE / f"{name}.py")} & {"engine", "network"}


def test_every_package_is_installed():
    """setup.cfg lists packages by name: one that is not listed is missing where neuroemu is installed, not in a checkout."""
    config = configparser.ConfigParser()
    config.read(PACKAGE.parent / "setup.cfg")
    listed = set(config["options"]["packages"].split())
    there = {".".join((PACKAGE.name, *path.parent.relative_to(PACKAGE).parts)) for path in PACKAGE.rglob("__init__.py")}
    assert there <= listed
