"""Importing: a program to start from, for the network of a .nir file.

The program names the file and every fact of its origin; the notes of the import stand in it as comments. Its input is made
up (one channel in ten spikes in every step), so that it runs at once; the user puts data in its place.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .errors import OutputError, Problem, ProgramError
from .network import Network
from .nir_io import from_nir
from .nir_io.exact import Exact

STEPS = 25  # of the framework, where the user says nothing
MADE_UP = 0.1  # chance of a spike of every channel in every step


@dataclass(frozen=True)
class Imported:
    """files: content by path, the program first.  network: what it will be."""

    files: dict[Path, bytes]
    network: Network

    def write(self, overwrite: bool = False) -> None:
        """Writes all files, each whole or not at all. Raises OutputError where one is there and may not be replaced."""
        there = [path for path in self.files if path.exists()]
        if there and not overwrite:
            raise OutputError(
                f"{', '.join(map(str, there))}: there already. Try: --overwrite, or another name with -o."
            )
        for path, content in self.files.items():
            part = path.with_name(f".{path.name}.{os.getpid()}.part")
            try:
                part.write_bytes(content)
                os.replace(part, path)
            except OSError as error:
                part.unlink(missing_ok=True)
                raise OutputError(f"{path} cannot be written ({error.strerror or error}).") from None


def program_for(
    nir_file: Path, program_file: Path, facts: Mapping[str, Any], data: str | None = None, steps: int = STEPS
) -> Imported:
    """A program for a .nir file.

    facts: of its origin.  data: a data set for its input, in place of one made up.  steps: of the framework, for a sample.
    Raises ProgramError where the file cannot be a network of spikes.
    """
    network = from_nir(nir_file, facts)
    exact = network.exact
    assert exact is not None
    sources = network.sources
    if data is not None and len(sources) != 1:
        raise ProgramError([Problem(f"--data is for one input; the file has {len(sources)}", str(nir_file))])
    folder = program_file.parent
    arrays: dict[str, Any] = {}
    if data is None:
        arrays = {population.name: np.full((1, population.size), MADE_UP) for population in sources}
    made_up = program_file.with_name(f"{program_file.stem}-input.npz")
    text = _text(network, exact, os.path.relpath(nir_file, folder), made_up.name, program_file.stem, data, steps)
    files = {program_file: text.encode()}
    if arrays:
        packed = io.BytesIO()
        np.savez(packed, **arrays)
        files[made_up] = packed.getvalue()
    return Imported(files, network)


def _text(network: Network, exact: Exact, nir_file: str, made_up: str, stem: str, data: str | None, steps: int) -> str:
    origin, late = exact.origin, exact.most_depth
    facts = {
        "framework": origin.framework,
        "version": f'"{origin.version}"' if origin.version else None,
        "dt": f"{round(origin.dt_s * 1e3, 12)!r} ms",
        "reset": origin.reset,
        "reset_delay": str(origin.reset_delay).lower(),
        "current_first": None if origin.current_first else "false",
        "tau_scale": None if origin.tau_scale == 1.0 else repr(float(origin.tau_scale)),
        "batched": "true" if origin.batched else None,
    }
    told = ", ".join(f"{key}: {value}" for key, value in facts.items() if value is not None)
    name = re.sub(r"[^A-Za-z0-9_\-]", "_", stem)
    name = name if re.match(r"[A-Za-z_]", name) else f"n{name}"
    lines = [f"# The network of {nir_file}. Of it the import says:"]
    lines += [f"# - {note}" for note in exact.notes] or ["# - nothing assumed, nothing lost."]
    lines += ["neuroemu: 1", f"name: {name[:100]}", f"about: {json.dumps(f'imported from {nir_file}')}", "seed: 1"]
    lines += [
        "chip: loihi1-davies2018",
        "network:",
        f"  nir: {json.dumps(nir_file)}",
        f"  origin: {{{told}}}",
        "inputs:",
    ]
    if data is None:
        lines.append(
            f"  # Made up: every channel spikes with a chance of {MADE_UP:g} in every step. Values 0..1 of your own:"
        )
        lines.append("  # [samples][channels], with labels: [samples]; or spikes: [[step, channel], ...].")
    for population in network.sources:
        given = f'data: "{data}"' if data else f"values: {json.dumps(f'{made_up}#{population.name}')}"
        lines.append(f"  {population.name}: {{{given}, encode: bernoulli}}")
    if late:
        lines.append(
            f"# {steps} steps of {origin.framework}; on the chip the last layer is {late} behind, a step for every layer."
        )
    lines.append(f"run: {{steps: {steps + late}}}")
    last = max(network.on_chip, key=lambda population: exact.depth[population.name])
    spiking = {exact.names[node] for node, neuron in exact.neurons.items() if neuron.spikes}
    if last.name in spiking:
        lines.append(f"decode: {{from: {last.name}, method: rate}}")
    lines.append(f"probes: [{last.name}.{'spikes' if last.name in spiking else 'v'}]")
    lines.append("report: {float_reference: true}")
    return "\n".join(lines) + "\n"
