"""neuroemu: an event-driven emulator of neuromorphic chips.

    import neuroemu
    report = neuroemu.run("digits")        # chip-exact spikes, accuracy, energy, latency

The public names are loaded when they are first used, so that `neuroemu --help` does not wait for numba.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "run": "pipeline",
    "Report": "report",
    "program_of": "prepare",
    "Program": "program",
    "DataInput": "program",
    "ValuesInput": "program",
    "LabelsInput": "program",
    "Training": "program",
    "SpikesInput": "program",
    "EnvironmentInput": "program",
    "Environment": "environments",
    "Phase": "environments",
    "Decode": "program",
    "Bernoulli": "encode",
    "Latency": "encode",
    "Delta": "encode",
    "Current": "encode",
    "Rate": "decode",
    "FirstSpike": "decode",
    "from_nir": "nir_io",
    "from_ann": "nir_io",
    "Calibration": "nir_io",
    "Network": "network",
    "Spikes": "network",
    "Lif": "network",
    "LifRegisters": "network",
    "Registers": "network",
    "Noise": "network",
    "WeightFormat": "network",
    "Dense": "connect",
    "Sparse": "connect",
    "OneToOne": "connect",
    "Random": "connect",
    "Conv2d": "connect",
    "Uniform": "connect",
    "Normal": "connect",
    "MappingOptions": "mapping",
    "NeuroemuError": "errors",
    "ProblemsError": "errors",
    "ProgramError": "errors",
    "ChipError": "errors",
    "QuantisationError": "errors",
    "DoesNotFit": "errors",
    "DataError": "errors",
    "OutputError": "errors",
}

__all__ = [*_HOME, "read_chip", "read_program"]


def __getattr__(name: str) -> Any:
    if name == "read_program":
        return importlib.import_module(".files.program_file", __name__).read
    if name == "read_chip":
        return _read_chip
    if name in _HOME:
        return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module 'neuroemu' has no attribute '{name}'")


def _read_chip(name: str) -> Any:
    """(Chip, PriceList) of a chip file or of a chip that comes along."""
    from . import library
    from .errors import ChipError
    from .files import chip_file

    return chip_file.read(library.find("chips", name, error=ChipError))
