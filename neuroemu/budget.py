"""What a run will record, held against this machine before it starts: its memory for one row a step, its disk for the rest."""

from __future__ import annotations

import os
import shutil
import tempfile

from .compiler.image import ChipImage, Plastic
from .counters import N_COUNTS
from .errors import TooLarge
from .network import Network
from .spool import budget

SHARE = 0.8  # of what is free that a run may plan to use
STEP_BYTES = 350  # that stay in memory: a row of the tally by step and of the schedule, twice while they are joined
SPIKE_BYTES = 16  # of a spike on disk: step, source, payload


def recorded_bytes(image: ChipImage, network: Network, n_steps: int, every: dict[str, int] | None = None) -> int:
    """Bytes of all tables: counts by part and states probed of every step, and looks at synapses that learn. Beyond
    spool.budget they lie on disk.
    """
    probed = sum(
        network[probe.population].size if probe.index is None else probe.index.size
        for probe in network.probes
        if probe.observable != "spikes"
    )
    looks = sum(_looked_at(each, n_steps, (every or {}).get(each.name, 0)) for each in image.plastic)
    return n_steps * (4 * image.n_parts * N_COUNTS + 8 * probed) + looks


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


def free_disk_bytes() -> int:
    """Free room where spools are kept."""
    return shutil.disk_usage(tempfile.gettempdir()).free


def most_spikes() -> int:
    """How many spikes a run may record on this machine."""
    return int(SHARE * (free_disk_bytes() + budget()) / SPIKE_BYTES)


def _looked_at(each: Plastic, n_steps: int, every: int) -> int:
    """Bytes of the snapshots of a projection: weight, delay and tag, and five traces."""
    looks = 2 + (n_steps // every if every else 0)
    return looks * (6 * each.post.size + 4 * each.pre_number.size + 6 * each.post_number.size)


def check(image: ChipImage, network: Network, n_steps: int, every: dict[str, int] | None = None) -> None:
    """Raises TooLarge if the run would record more than SHARE of what is free, in memory or on disk.

    every: steps between two looks at synapses that learn, by projection.
    """
    remedy = "Try fewer steps (--steps) or samples, fewer parts, fewer probes of states, or a larger 'every'."
    free, kept = free_bytes(), n_steps * STEP_BYTES
    if free is not None and kept > SHARE * free:
        raise TooLarge(
            f"{n_steps} steps keep {kept / 1e9:.1f} GB in memory; {free / 1e9:.1f} GB are free here. {remedy}"
        )
    needed, room = recorded_bytes(image, network, n_steps, every), free_disk_bytes()
    if needed > budget() + SHARE * room:
        where = tempfile.gettempdir()
        raise TooLarge(
            f"{n_steps} steps on {image.n_parts} parts would record {needed / 1e9:.1f} GB; {room / 1e9:.1f} GB are free in "
            f"{where}. {remedy}"
        )
