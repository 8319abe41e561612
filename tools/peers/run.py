"""Runs one peer on the bench network, in the peer's own interpreter, and gives back what it printed.

Takes an interpreter, a peer's name and the network's options; gives the peer's figures, or one line that says why there are
none. Knows no peer's library: each lives in an environment of its own (README.md beside this file).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

PEERS = {
    "sanafe": "sanafe_peer.py",
    "nengo-loihi": "nengo_loihi_peer.py",
    "brian2-loihi": "brian2_loihi_peer.py",
    "nest": "nest_peer.py",
    "brian2-cpp": "brian2_cpp_peer.py",
    "lava-learning": "lava_learning_peer.py",
    "brian2-loihi-learning": "brian2_loihi_learning_peer.py",
}


def measure(interpreter: str, peer: str, *, timeout: float = 600.0, **options: float) -> dict | str:
    """The figures of one run of this peer, or one line that says why there are none.

    interpreter: a Python that has the peer.  peer: a name of PEERS.  timeout: seconds, building included.
    options: neurons, fan_out, rate, steps, threads, seed; what is left out is the script's default.
    """
    if peer not in PEERS:
        return f"{peer}: no such peer; there are {', '.join(PEERS)}."
    command = [interpreter, str(Path(__file__).with_name(PEERS[peer]))]
    for name, value in options.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
    # What this process imports is not for the peer's interpreter, which may be another Python.
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    try:
        # In a session of its own: a peer has children (a compiler, the program it made), and they end with it.
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        return f"{peer}: cannot start {interpreter}: {error.strerror}."
    try:
        output, errors = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        return f"{peer}: not done after {timeout:g} s."
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    if process.returncode < 0:
        return f"{peer}: ended by {signal.Signals(-process.returncode).name}, as happens when memory runs out."
    if process.returncode > 0:
        said = errors.strip().splitlines()
        return f"{peer}: {said[-1] if said else f'exit status {process.returncode}, and no word why'}"
    lines = [line for line in output.splitlines() if line.startswith("{")]
    try:
        return json.loads(lines[-1])
    except (IndexError, ValueError):
        return f"{peer}: printed no line of JSON."
