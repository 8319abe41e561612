"""Damages a .nir file at random and reads it, each time in a child: what is neither read nor refused is printed.

    python tools/fuzz_nir.py FILE.nir [--seconds 60] [--seed 0] [--patience 10]

A child that takes longer than `patience` seconds or dies of a signal has found a loop or a crash of libhdf5, which no
exception can end: neuroemu/nir_io/heaps.py came of such a one. Exit status 1 if there was any. Needs os.fork.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import h5py  # noqa: F401  loaded once here, not in each child

from neuroemu.errors import ProgramError
from neuroemu.nir_io import from_nir


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--patience", type=int, default=10)
    chosen = parser.parse_args()
    whole = chosen.file.read_bytes()
    draw = random.Random(chosen.seed)
    ends: Counter[str] = Counter()
    until = time.monotonic() + chosen.seconds
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "damaged.nir"
        while time.monotonic() < until:
            changes = _changes(draw, len(whole))
            content = bytearray(whole)
            for at, value in changes:
                content[at] = value
            path.write_bytes(bytes(content))
            end = _read_in_a_child(path, chosen.patience)
            ends[end] += 1
            if end not in ("read", "refused"):
                print(f"{end}: {changes}", flush=True)
    print(", ".join(f"{count} {end}" for end, count in ends.most_common()))
    return 0 if set(ends) <= {"read", "refused"} else 1


def _changes(draw: random.Random, size: int) -> list[tuple[int, int]]:
    """One to eight bytes: any value, or those that lengths and addresses are upset by."""
    return [(draw.randrange(size), draw.choice([draw.randrange(256), 0, 1, 255])) for _ in range(draw.randint(1, 8))]


def _read_in_a_child(path: Path, patience: int) -> str:
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(patience)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            from_nir(path, {"framework": "norse", "dt": 1e-4})
        except ProgramError:
            os._exit(1)
        except BaseException:
            os._exit(2)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return "endless" if number == signal.SIGALRM else signal.Signals(number).name
    return ("read", "refused", "another error")[os.WEXITSTATUS(status)]


if __name__ == "__main__":
    sys.exit(main())
