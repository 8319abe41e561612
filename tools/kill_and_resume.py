"""Kills a learning run at random moments and goes on with it, again and again, until it lands; then compares it with the run
that nobody killed.

    python tools/kill_and_resume.py [--kills 100] [--seed 1] [--steps 100000]

Every process but the last of a run is killed (SIGKILL) at a moment drawn from 0 to the time that the whole run takes. Exit 1
where spikes, weights or the summary differ in anything but wall_s and image_from_cache. The network: programs/stdp.yaml.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

APART = ("wall_s", "image_from_cache")
MOST = 3  # kills of one run


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=100000)
    chosen = parser.parse_args()
    rng, folder = random.Random(chosen.seed), Path(tempfile.mkdtemp(prefix="neuroemu-kills-"))
    run = [sys.executable, "-m", "neuroemu", "run", "stdp", "--quiet", "--set", f"run.steps={chosen.steps}", "-o"]
    began = time.monotonic()
    subprocess.run([*run, str(folder / "whole")], check=True, stdout=subprocess.DEVNULL)
    whole_s = time.monotonic() - began
    kills = runs = right = before_anything = 0
    while kills < chosen.kills:
        out, here = folder / f"run-{runs}", 0
        first = [*run, str(out), "--checkpoint-every", str(rng.choice([chosen.steps // 50, chosen.steps // 7]))]
        again = [sys.executable, "-m", "neuroemu", "resume", str(out), "--quiet"]
        while not (out / "manifest.json").exists():
            waiting = (out.with_name(f"{out.name}.unfinished") / "asked.json").exists()
            process = subprocess.Popen(again if waiting else first, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            last = here == MOST or kills == chosen.kills
            try:
                _, told = process.communicate(timeout=None if last else rng.uniform(0.0, whole_s))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.communicate()
                kills, here, before_anything = kills + 1, here + 1, before_anything + (not waiting)
                continue
            if process.returncode:
                shutil.rmtree(out.with_name(f"{out.name}.unfinished"), ignore_errors=True)
                print(f"run {runs} ended with {process.returncode}: {told.decode().strip()[-300:]}")
                break
        runs += 1
        right += _same(out, folder / "whole")
        shutil.rmtree(out, ignore_errors=True)
        print(f"{kills} kills, {runs} runs, {right} as the one that nobody killed", flush=True)
    print(f"{before_anything} of the kills came before a first run had begun to keep anything")
    shutil.rmtree(folder)
    return 0 if right == runs else 1


def _same(out: Path, whole: Path) -> bool:
    """Whether two run folders hold the same run."""
    try:
        one, other = (json.loads((each / "summary.json").read_text()) for each in (out, whole))
        alike = {**one, **dict.fromkeys(APART)} == {**other, **dict.fromkeys(APART)}
        return alike and all(
            (out / name).read_bytes() == (whole / name).read_bytes() for name in ("spikes.h5", "weights.npz")
        )
    except OSError as error:
        print(error)
        return False


if __name__ == "__main__":
    sys.exit(main())
