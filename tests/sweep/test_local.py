"""Processes: as many as asked for, the same table, and no point lost with one that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from multiprocessing import forkserver
from pathlib import Path

import pytest

from neuroemu.cache.key import sources
from neuroemu.files import program_file
from neuroemu.sweep import sweep
from neuroemu.sweep.crew import Lost
from neuroemu.sweep.local import Local
from neuroemu.sweep.tasks import Look, Setting
from tests.sweep.crews import SPREAD, planned, swept, table

ROOT = Path(__file__).resolve().parents[2]
VARY = ("seed=1..40", "chip.prices.spike_out.energy=1 pJ,2 pJ")


class Bomb:
    """A task that kills the worker that takes it: once, or always."""

    def __init__(self, once):
        self.once = once

    def __reduce__(self):
        return explode, (self.once,)


def explode(once):
    if once is not None and once.exists():
        return Look(())
    if once is not None:
        once.touch()
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """The folder of a sweep done in this process."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("here") / "sweep"
        swept(patch, planned(*VARY), folder)
        return folder


def test_the_table_is_the_same_however_many_work_and_whoever_is_killed(here, tmp_path, monkeypatch):
    crews, killed = [], []

    class Hit(Local):
        def __init__(self, *given):
            super().__init__(*given)
            crews.append(self)

        def take(self):
            found = super().take()
            others = [pid for pid in self.pids if pid not in killed]  # one that died is listed until it is missed
            if len(killed) < 2 and others:
                killed.append(others[0])
                os.kill(others[0], signal.SIGKILL)
            return found

    monkeypatch.setattr("neuroemu.sweep.local.Local", Hit)
    sweep.run(planned(*VARY), tmp_path / "sweep", jobs=2)
    assert len(killed) == 2 and table(tmp_path / "sweep") == table(here)
    assert crews[0].pids == [] and not any(alive(pid) for pid in killed)


def test_a_task_that_kills_its_workers_is_given_up_and_no_other(tmp_path):
    path = str(program_file.read("quickstart").path)
    crew = Local(Setting(path, str(tmp_path), False, False, 1, False, sources()), 2)
    for task in (Bomb(None), Bomb(tmp_path / "once"), Look(((7, ()),)), Look(((8, ("seed=x",)),))):
        crew.put(task)
    found = [crew.take() for _ in range(4)]
    crew.close()
    (lost,) = [one for one in found if isinstance(one, Lost)]
    assert lost.task.once is None and lost.why.endswith("died 3 times, the last time by SIGKILL (out of memory?)")
    seen = {one.number: one.error for results in found if results and not isinstance(results, Lost) for one in results}
    assert seen[7] is None and "seed" in seen[8] and [] in found


def test_a_server_that_is_killed_is_replaced(tmp_path):
    path = str(program_file.read("quickstart").path)
    crew = Local(Setting(path, str(tmp_path), False, False, 1, False, sources()), 2)
    seen = []
    for number in range(4):
        crew.put(Look(((number, ()),)))
        (found,) = crew.take()
        seen.append((found.number, found.error))
        os.kill(forkserver._forkserver._forkserver_pid, signal.SIGKILL)
    crew.close()
    assert seen == [(number, None) for number in range(4)]


def alive(pid):
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def children(pid):
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:  # it has ended since it was listed
        return []


def rows_in(folder):
    try:
        return len(table(folder)[1])
    except Exception:  # not there yet
        return 0


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_sweep_that_is_killed_goes_on_and_leaves_no_process(how, here, tmp_path):
    command = [sys.executable, "-m", "neuroemu", "sweep", "quickstart", "-o", str(tmp_path / "sweep"), "--jobs", "2"]
    command += [part for setting in SPREAD for part in ("--set", setting)]
    command += [part for axis in VARY for part in ("--vary", axis)]
    command += ["--goal", "energy_pj.total", "--goal", "latency_ns.mean_step"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    while not rows_in(tmp_path / "sweep") and running.poll() is None:
        time.sleep(0.01)
    workers = [grandchild for child in children(running.pid) for grandchild in (child, *children(child))]
    running.send_signal(how)
    said = running.communicate()[1]
    if how == signal.SIGINT:
        assert running.returncode == 130 and "the same command goes on" in said
    deadline = time.monotonic() + 20
    while any(alive(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(alive(pid) for pid in workers)
    done = rows_in(tmp_path / "sweep")
    assert 0 < done < 80
    outcome = sweep.run(planned(*VARY), tmp_path / "sweep", jobs=1)
    assert outcome.before == done and table(tmp_path / "sweep") == table(here)


@pytest.mark.parametrize("after_s", [0.02, 0.05, 0.5])
def test_ctrl_c_while_the_server_of_workers_loads_is_told_in_words_alone(after_s, tmp_path):
    """A terminal sends it to all processes; the server is there before anything else is."""
    code = (
        "import signal, threading, os, sys, time\n"
        "from neuroemu.sweep import server\n"
        "server.start()\n"
        f"time.sleep({after_s})\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "os.killpg(0, signal.SIGINT)\n"
        "from neuroemu.sweep.local import Local\n"
        "from neuroemu.sweep.tasks import Look, Setting\n"
        "from neuroemu.cache.key import sources\n"
        f"crew = Local(Setting({str(program_file.read('quickstart').path)!r}, '.', False, False, 1, False, sources()), 1)\n"
        "crew.put(Look(()))\n"
        "print(crew.take())\n"
        "crew.close()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
        capture_output=True, start_new_session=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
