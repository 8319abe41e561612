"""The timeline: whole slices, arrows that hold on to them, counters that add up, and no more than the budget."""

from __future__ import annotations

import gzip
import itertools
import json

import numpy as np
import pytest
from click.testing import CliRunner

import neuroemu
from neuroemu import timeline
from neuroemu.cli import cli
from neuroemu.errors import ProgramError
from neuroemu.events import Event
from neuroemu.files import program_file
from neuroemu.timeline.format import flow, slice_
from neuroemu.timeline.tracks import CORES, HOST, ONLY, RUN
from neuroemu.timeline.window import A_CORE, A_MESSAGE, A_POINT, A_STEP, A_TRACK, OTHERS, window


@pytest.fixture(scope="module")
def report():
    """quickstart with two compartments a core, so that messages travel and wait."""
    return neuroemu.run(program_file.read("quickstart", ("chip.core.compartments=2",)))


@pytest.fixture(scope="module")
def run(report, tmp_path_factory):
    return report.save(tmp_path_factory.mktemp("runs") / "one")


@pytest.fixture(scope="module")
def trace(report, tmp_path_factory):
    return read(*written(report, tmp_path_factory.mktemp("trace")))


def written(report, folder, **settings):
    return timeline.write(report.priced, folder / timeline.FILE, **settings), folder / timeline.FILE


def read(told, path):
    with gzip.open(path, "rt") as stream:
        found = json.load(stream)
    assert len(found["traceEvents"]) == told.events
    return found


def of(trace, kind, **wanted):
    return [
        e for e in trace["traceEvents"] if e["ph"] == kind and all(e.get(key) == value for key, value in wanted.items())
    ]


def tracks(trace):
    found = {}
    for event in of(trace, "X"):
        found.setdefault((event["pid"], event["tid"]), []).append((event["ts"], event["ts"] + event["dur"]))
    return found


def test_slices_of_a_track_lie_one_after_or_within_another(trace):
    for slices in tracks(trace).values():
        stack = []
        for begin, end in sorted(slices, key=lambda each: (each[0], -each[1])):
            assert end >= begin
            while stack and stack[-1] <= begin + 1e-9:
                stack.pop()
            assert not stack or end <= stack[-1] + 1e-9
            stack.append(end)


def test_steps_lie_end_to_end_over_the_time_of_the_run(trace, report):
    steps = [event for event in of(trace, "X", pid=RUN) if event["name"].startswith("step ")]
    assert len(steps) == report.summary["steps"]
    for one, other in itertools.pairwise(steps):
        assert one["ts"] + one["dur"] == pytest.approx(other["ts"], abs=1e-6)
    assert steps[-1]["ts"] + steps[-1]["dur"] == pytest.approx(report.summary["latency_ns"]["total"] / 1000, abs=0.001)


def test_every_message_is_a_slice_and_an_arrow_between_two(trace, report):
    starts, ends = of(trace, "s"), of(trace, "f")
    assert len(starts) == len(ends) == report.summary["messages"] > 0
    assert sorted(e["id"] for e in starts) == sorted(e["id"] for e in ends) == list(range(len(starts)))
    there = tracks(trace)
    for event in starts + ends:
        assert any(low <= event["ts"] <= high for low, high in there[event["pid"], event["tid"]])
    at = {event["id"]: event["ts"] for event in starts}
    assert all(at[event["id"]] <= event["ts"] for event in ends)


def test_a_message_is_sent_by_whom_and_when_it_says(trace, report):
    cores = report.wiring.core_of_source()
    for event in of(trace, "X", pid=CORES):
        if "args" not in event:
            continue
        name, index = event["args"]["from"].rstrip("]").split("[")
        core = int(cores[report.range_of(name)[0] + int(index)])
        assert event["name"] == name and event["args"]["sent by"] == ("host" if core < 0 else f"core {core}")
        assert event["args"]["on its way, ns"] > 0 and event["args"]["in the queue, ns"] >= 0


def test_what_cores_work_is_what_the_schedule_counts(trace, report):
    busy = report.schedule.busy_ns.sum(axis=0)
    there = {True: 0.0, False: 0.0}
    for (pid, tid), slices in tracks(trace).items():
        if pid == CORES:
            there[(tid - ONLY) % 2 == 1] += sum(end - begin for begin, end in slices) * 1000
    n = len(of(trace, "X"))
    assert there[True] == pytest.approx(busy[1], abs=n)  # each rounded to 1 ns
    assert there[False] >= busy[0] - n  # senders that wait for a link take longer


def test_counters_add_up(trace, report):
    energy = of(trace, "C", name="dynamic energy")
    assert energy[-1]["args"]["nJ"] == pytest.approx(report.summary["energy_pj"]["dynamic"] / 1000, rel=1e-6)
    assert [e["args"]["nJ"] for e in energy] == sorted(e["args"]["nJ"] for e in energy)
    fired = [e["args"]["a step"] for e in of(trace, "C", name="spikes")]
    assert fired == report.tally.by_step[:, Event.SPIKE_OUT].tolist()


def test_queues_empty_again(trace):
    queues = {}
    for event in of(trace, "C", pid=CORES):
        queues.setdefault(event["name"], []).append((event["ts"], event["args"]["messages"]))
    assert queues
    for rows in queues.values():
        assert min(n for _, n in rows) >= 0 and rows[-1][1] == 0 and max(n for _, n in rows) >= 1


def test_the_same_run_gives_the_same_bytes(report, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = (written(report, tmp_path / name)[1].read_bytes() for name in "ab")
    assert one == other


def test_a_budget_is_kept_and_what_is_left_out_is_said(report, tmp_path):
    told, path = written(report, tmp_path, budget=2500)
    trace = read(told, path)
    assert told.events <= 2500
    shown = len({e["id"] for e in of(trace, "s")})
    assert 0 < shown < report.summary["messages"]
    assert f"{report.summary['messages'] - shown:,} messages of the other" in told.left_out
    assert trace["otherData"]["left_out"] == told.left_out and told.shown in str(of(trace, "M", name="process_labels"))
    energy = of(trace, "C", name="dynamic energy")
    assert energy[-1]["args"]["nJ"] == pytest.approx(report.summary["energy_pj"]["dynamic"] / 1000, rel=1e-6)


@pytest.mark.parametrize("mode", ["analytic", "simple"])
def test_a_mode_without_messages_tells_the_cores_and_says_so(run, tmp_path, mode):
    from neuroemu import again

    priced = again.reprice(run, *again.chip_of(run, None), mode)
    told = timeline.write(priced, tmp_path / timeline.FILE)
    trace = read(told, tmp_path / timeline.FILE)
    assert f"'{mode}' does not send them one by one" in told.left_out and not of(trace, "s")
    ns = sum(event["dur"] for event in of(trace, "X", pid=CORES)) * 1000
    assert ns == pytest.approx(priced.costs.schedule.busy_ns.sum(), rel=0.02)
    assert not of(trace, "X", pid=HOST)


def test_a_run_can_write_it_along(in_empty_folder):
    done = CliRunner().invoke(cli, ["run", "quickstart", "-o", "q", "--quiet", "--timeline"])
    assert done.exit_code == 0 and "trace.json.gz: steps 1 to 200 of 200" in done.output
    first = (in_empty_folder / "q" / timeline.FILE).read_bytes()
    done = CliRunner().invoke(cli, ["timeline", "q", "--quiet", "--from", "5", "--steps", "3", "-o", "few.json.gz"])
    assert done.exit_code == 0 and "steps 5 to 7 of 200" in done.output
    done = CliRunner().invoke(cli, ["timeline", "q", "--quiet"])
    assert (in_empty_folder / "q" / timeline.FILE).read_bytes() == first
    done = CliRunner().invoke(cli, ["run", "quickstart", "-o", "q", "--quiet", "--overwrite"])
    assert done.exit_code == 0 and not (in_empty_folder / "q" / timeline.FILE).exists()
    done = CliRunner().invoke(cli, ["timeline", "q", "--quiet", "--from", "500"])
    assert isinstance(done.exception, ProgramError) and "200" in str(done.exception)


def test_windows():
    each = np.array([2, 2, 2, 50, 1])
    whole = window(each, 3, 0, None, 10_000)
    assert (whole.first, whole.last, whole.messages) == (0, 5, True) and whole.points.tolist() == [0, 1, 2, 3, 4]
    step, fixed = 2 * A_MESSAGE + 3 * A_CORE + A_STEP, 3 * A_TRACK + OTHERS + 5 * A_POINT
    assert window(each, 3, 0, None, fixed + 2 * step).last == 2
    assert window(each, 3, 0, None, fixed + 2 * step - 1).last == 1
    assert window(each, 3, 1, 1, 10_000).last == 2
    crowded = window(each, 3, 3, None, 200)
    assert (crowded.first, crowded.last, crowded.messages) == (3, 4, False)
    assert window(np.ones(10**6, int), 1, 77, None, 10_000).points.size < 2100


def test_rounding_keeps_slices_apart_and_arrows_within():
    one, other = slice_(1, 1, "a", 0.4, 1.5), slice_(1, 1, "b", 1.5, 2.6)
    assert one["ts"] + one["dur"] == other["ts"] == 0.002
    assert flow(1, 1, 0, 9.9, (3.0, 9.9), ends=False)["ts"] == 0.009
    assert flow(1, 1, 0, 3.2, (3.2, 3.2), ends=True)["ts"] == 0.003
