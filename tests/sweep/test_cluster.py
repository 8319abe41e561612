"""A dask cluster: the same table as this machine's, and no point lost with a worker that is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from neuroemu.errors import OutputError
from neuroemu.sweep import cluster, sweep
from tests.sweep.crews import planned, swept, table

pytest.importorskip("distributed")

SCHEDULER = ("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
WORKER = ("distributed.cli.dask_worker", "--nthreads", "1", "--no-nanny", "--no-dashboard")
ROOT = Path(__file__).resolve().parents[2]
MIXED = (  # 64 points: 4 runs, 4 mappings made again, 56 prices
    "network.populations.relay.threshold=0.8,0.9,1.0,1.1",
    "mapping.placement=sequential,hilbert",
    "run.latency=contended,analytic",
    "chip.prices.hop_east.energy=1 pJ..8 pJ:log:4",
)


def started(folder, *command):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NEUROEMU_CACHE": "off"}
    with open(folder / f"{command[0]}.log", "a") as out:
        return subprocess.Popen(
            [sys.executable, "-m", *command], cwd=folder, env=environment, stdout=out, stderr=subprocess.STDOUT
        )


@pytest.fixture(scope="module")
def dask(tmp_path_factory):
    """(address, two workers) of a cluster."""
    folder = tmp_path_factory.mktemp("dask")
    file, processes = folder / "scheduler.json", []
    try:
        processes.append(started(folder, *SCHEDULER, "--scheduler-file", str(file)))
        while not file.is_file() or not file.stat().st_size:
            assert processes[0].poll() is None, (folder / f"{SCHEDULER[0]}.log").read_text()
            time.sleep(0.05)
        address = json.loads(file.read_text())["address"]
        for k in range(2):
            processes.append(started(folder, *WORKER, address, "--local-directory", str(folder / f"worker-{k}")))
        yield address, processes[1:]
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()


def test_a_mixed_sweep_gives_the_table_of_this_machine_and_a_killed_worker_loses_no_point(dask, monkeypatch, tmp_path):
    address, workers = dask
    plan = planned(*MIXED)
    here, _ = swept(monkeypatch, plan, tmp_path / "here")
    monkeypatch.undo()
    assert here.counts == {"run": 4, "map": 4, "price": 56, "failed": 0}
    whole = sweep.run(plan, tmp_path / "whole", scheduler=address)
    assert whole.counts == here.counts and table(tmp_path / "whole") == table(tmp_path / "here")

    class Hit(cluster.Cluster):
        n = 0

        def take(self):
            self.n += 1
            if self.n == 14:  # runs and prices are under way
                workers[0].send_signal(signal.SIGKILL)
            return super().take()

    monkeypatch.setattr(cluster, "Cluster", Hit)
    sweep.run(plan, tmp_path / "hit", scheduler=address)
    assert workers[0].wait() == -signal.SIGKILL
    assert table(tmp_path / "hit") == table(tmp_path / "here")


def test_a_scheduler_that_is_not_there_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(cluster, "CONNECT_S", 0.3)
    with pytest.raises(OutputError, match="no dask scheduler answers at tcp://127"):
        sweep.run(planned("seed=1,2"), tmp_path / "sweep", scheduler="tcp://127.0.0.1:9")
    with pytest.raises(OutputError, match="no dask scheduler answers at nonsense"):
        sweep.run(planned("seed=1,2"), tmp_path / "sweep", scheduler="nonsense://x")
    assert not (tmp_path / "sweep").exists()
