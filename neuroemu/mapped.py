"""Mapped: a program's mapping by itself, without a run: its traffic before and after, its file and its picture."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from . import mapping_file, profile
from .compiler import Compiled, compile_network
from .errors import DoesNotFit, OutputError, ProblemsError
from .mapping import MappingOptions
from .noc.loads import link_loads
from .pieces import spread_sources
from .prepare import compile_program
from .program import Program
from .report import mesh_svg
from .topology import hops_of, topology_of
from .traffic import ways
from .units import counted
from .wiring import wiring_of


class Traffic(NamedTuple):
    """Messages of a mapping.  by_hops[h]: those that cross h links between routers.  loads: (links,) messages on each link."""

    by_hops: np.ndarray
    loads: np.ndarray

    @property
    def messages(self) -> int:
        return int(self.by_hops.sum())

    @property
    def packet_hops(self) -> int:
        return int(self.by_hops @ np.arange(self.by_hops.size))

    def told(self) -> dict[str, Any]:
        by_hops = {str(h): int(n) for h, n in enumerate(self.by_hops) if n}
        return {"messages": self.messages, "packet_hops": self.packet_hops, "messages_by_hops": by_hops}


def traffic_of(compiled: Compiled, weight: np.ndarray | None = None) -> Traffic:
    """weight: (n_sources,) spikes of each source, None for one each."""
    wiring = wiring_of(compiled.image)
    found, net = ways(wiring), topology_of(wiring.mesh)
    sender = found.sender[spread_sources(found.first, 0, wiring.n_sources)]
    times = np.repeat(np.ones(wiring.n_sources, np.int64) if weight is None else weight, found.messages)
    core = found.core.astype(np.int64)
    # Messages of one way are counted together: there are far fewer ways than messages.
    way, which = np.unique(sender * wiring.mesh.n_cores + core, return_inverse=True)
    total = np.bincount(which, times).astype(np.int64) if way.size else np.zeros(0, np.int64)
    start, end = np.divmod(way, wiring.mesh.n_cores)
    hops = hops_of(net, start, end)[:, :4].sum(axis=1)
    by_hops = np.bincount(hops, total, 1).astype(np.int64)
    return Traffic(by_hops, link_loads(net, start, end, total))


class Mapped(NamedTuple):
    """compiled: as mapped.  before: the traffic in layer order and how that was mapped, None where it does not fit.

    weighed_by: 'spikes' or 'synapses'.
    """

    program: Program
    compiled: Compiled
    before: Traffic | None
    before_by: str
    after: Traffic
    weighed_by: str


def mapped(program: Program, cache: bool = True, stage: Callable[[str], None] = lambda name: None) -> Mapped:
    """The program mapped by its options, and in the order of its layers to compare with. Raises as compile_network does.

    cache, stage: see prepare.compile_program.
    """
    by_spikes = program.mapping.weigh_by == "spikes"
    counts = profile.spikes(program, cache) if by_spikes else None
    weight = profile.weights(counts) if counts is not None else None
    compiled = compile_program(program, weight, cache, stage)
    before, before_by = None, ""
    for partition in ("equal", "layer"):
        try:
            plain = compile_network(
                program.network, program.chip, MappingOptions(partition), program.seed, remedies=False
            )
        except (DoesNotFit, ProblemsError):  # trees may be torn
            continue
        before, before_by = traffic_of(plain, counts), f"{partition}, sequential"
        break
    return Mapped(
        program, compiled, before, before_by, traffic_of(compiled, counts), "spikes" if by_spikes else "synapses"
    )


def document(found: Mapped) -> dict[str, Any]:
    """The content of mapping.json."""
    mapping, options = found.compiled.mapping, found.program.mapping
    method = "given" if options.file or options.seats else f"{options.partition}, {options.placement}"
    traffic = {
        "weighed_by": found.weighed_by,
        "before": None if found.before is None else {"method": found.before_by, **found.before.told()},
        "after": {"method": method, **found.after.told()},
    }
    return mapping_file.document(found.program.chip, mapping.parts, list(mapping.placement), {"traffic": traffic})


def picture(found: Mapped) -> str:
    """The mapping as an SVG."""
    mapping, image = found.compiled.mapping, found.compiled.image
    cores = f"{image.cores_in_use().size} of {counted(image.mesh.n_cores, 'core')}"
    title = f"{found.program.name} on {found.program.chip.name}: {cores}, {found.after.packet_hops:,} packet-hops"
    net = topology_of(image.mesh)
    return mesh_svg.draw(
        found.program.chip, mapping.parts, mapping.placement, mapping.axons_out, net, found.after.loads, title
    )


def write(found: Mapped, path: Path) -> Path:
    """Writes the file and, beside it, the picture, both or neither. Returns where that is. Raises OutputError where they cannot
    be written.
    """
    if not path.name or path.suffix.lower() == ".svg":
        raise OutputError(f"{path} is no name for a mapping; its picture is to lie beside it. Try: -o mapping.json.")
    beside = path.with_suffix(".svg")
    for target in (path, beside):
        if target.is_dir():  # found before the other is replaced
            raise OutputError(f"{target} cannot be written (Is a directory). Try another -o.")
    content = {path: json.dumps(document(found), indent=1) + "\n", beside: picture(found)}
    partial = {target: target.with_name(f".{target.name}.{os.getpid()}") for target in content}
    target = path
    try:
        for target, text in content.items():
            partial[target].write_text(text, encoding="utf-8")
        for target in content:
            os.replace(partial[target], target)
    except OSError as error:
        for left in partial.values():
            with contextlib.suppress(OSError):
                left.unlink(missing_ok=True)
        raise OutputError(f"{target} cannot be written ({error.strerror}). Try another -o.") from None
    return beside
