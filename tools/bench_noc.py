"""Measures the network on chip on this machine, and sets contended against flit.

python tools/bench_noc.py speed [--runs 5]   messages/s of contended at 8x4x4, uniform, one and two threads; of flit at 4x4x2
python tools/bench_noc.py agree              step times of contended against flit, by topology, arbitration, traffic and load
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from neuroemu.noc.fabric import fabric
from neuroemu.noc.flit import flit
from neuroemu.noc.steps import contend
from tools.noc_traffic import PATTERNS, messages

FLITS, PIPELINE = 4, 3
LOADS = {"light": 0.1, "medium": 0.25, "heavy": 0.4, "saturating": 1.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suite", choices=["speed", "agree"])
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.processor() or platform.machine()}")
    speed(options.runs) if options.suite == "speed" else agree()


def best(runs: int, work) -> float:
    """Seconds of the fastest run, after one to warm up."""
    work()
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def speed(runs: int) -> None:
    """Loads are shares of a link's capacity that the busiest link carries."""
    print("contended, 8x4 tiles of 4 cores, uniform: M messages/s, best of", runs)
    print("messages a step | steps | load | 1 thread | 2 threads | ns a hop")
    board = fabric(8, 4, 4)
    for per_step, steps in ((10_000, 40), (100_000, 4), (1_000_000, 2)):
        for gap_fs in (20_000_000, 3_000_000, 500_000):
            sent = messages("uniform", board, per_step // board.n_cores, gap_fs, gap_fs // 2, steps)
            told = contend(board, sent)
            load = (told.busy_fs / told.end_fs.sum()).max()
            one, two = (best(runs, lambda n=n, sent=sent: contend(board, sent, n)) for n in (1, 2))
            n, hops = sent.core.size / 1e6, told.carried.sum() / 1e9
            print(f"{per_step:15,} | {steps:5} | {load:4.2f} | {n / one:8.2f} | {n / two:9.2f} | {one / hops:8.1f}")
    print("flit, 4x4 tiles of 2 cores, uniform, 4 flits a message")
    print("gap, cycles | M cycles/s | M messages/s")
    board = _matched("mesh", "round_robin")
    for gap in (40, 16, 4):
        sent = messages("uniform", board, 500, gap, 2)
        seconds = best(runs, lambda sent=sent: flit(board, sent, FLITS))
        print(
            f"{gap:11} | {flit(board, sent, FLITS).cycles / seconds / 1e6:10.2f} | {sent.core.size / seconds / 1e6:12.2f}"
        )


def agree() -> None:
    """Four steps of 150 messages a core, 4x4 tiles of 2 cores; buffers of 4 messages of 4 flits, pipeline of 3 cycles."""
    print("contended against flit: step time longer by, %. First arbitration: contended's, second: flit's.")
    for topology in ("mesh", "torus", "tree"):
        for ours, theirs in (("oldest", "oldest"), ("round_robin", "round_robin"), ("oldest", "round_robin")):
            print(f"\n{topology}, {ours} / {theirs}".ljust(40), *(f"{load:>11}" for load in LOADS))
            for pattern in PATTERNS:
                row = []
                for load in LOADS.values():
                    sent = messages(pattern, _matched(topology, ours), 150, int(FLITS / load), 2, steps=4)
                    told = contend(_matched(topology, ours), sent).end_fs.sum()
                    expected = flit(_matched(topology, theirs), sent, FLITS).end_fs.sum()
                    row.append(100 * (told / expected - 1))
                print(f"  {pattern}".ljust(39), *(f"{x:+11.1f}" for x in np.array(row) + 0.0))


def _matched(topology: str, arbitration: str):
    """A cycle is 1 fs."""
    return fabric(
        4, 4, 2, topology=topology, arbitration=arbitration, hop_fs=(PIPELINE,) * 4, tile_fs=PIPELINE, slot_fs=FLITS,
        credit_fs=1, buffer=4,
    )  # fmt: skip


if __name__ == "__main__":
    main()
