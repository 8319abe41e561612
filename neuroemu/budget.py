"""What a run will record, held against the memory of this machine before it starts."""

from __future__ import annotations

import os

from .compiler.image import ChipImage
from .counters import N_COUNTS
from .errors import TooLarge
from .events import N_EVENTS
from .network import Network

SHARE = 0.8  # of the free memory that a run may plan to use
ROW_BYTES = 1500  # a row of steps.csv while it is being written: 15 Python numbers, and the arrays they come from


def recorded_bytes(image: ChipImage, network: Network, n_steps: int) -> int:
    """Bytes of all tables with a row a step: counts by part, events, states probed. Spikes come on top."""
    probed = sum(
        network[probe.population].size if probe.index is None else probe.index.size
        for probe in network.probes
        if probe.observable != "spikes"
    )
    a_step = 8 * (image.n_parts * N_COUNTS + N_EVENTS + 2 * probed) + ROW_BYTES
    return n_steps * a_step


def free_bytes() -> int | None:
    """Free memory of this machine, None where it cannot be told."""
    try:
        with open("/proc/meminfo") as stream:
            for line in stream:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None


SPIKE_BYTES = 70  # of a spike until the run is written: traces, their concatenation, tables by sample (measured)


def most_spikes() -> int:
    """How many spikes a run may record on this machine."""
    free = free_bytes()
    return 2**62 if free is None else int(SHARE * free / SPIKE_BYTES)


def check(image: ChipImage, network: Network, n_steps: int) -> None:
    """Raises TooLarge if the run would record more than SHARE of the free memory."""
    needed, free = recorded_bytes(image, network, n_steps), free_bytes()
    if free is not None and needed > SHARE * free:
        raise TooLarge(
            f"{n_steps} steps on {image.n_parts} parts would record {needed / 1e9:.1f} GB; {free / 1e9:.1f} GB are free here. "
            "Try fewer steps (--steps) or samples, fewer parts, or fewer probes of u and v."
        )
