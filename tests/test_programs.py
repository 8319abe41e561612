"""Every program that comes along runs, and says what it said when its .report was written.

A report moves only with a reason: `python tools/write_reports.py` writes them anew; say in the commit which moved and why.
"""

from __future__ import annotations

import functools
import re

import pytest

import neuroemu
from neuroemu import library

REPORTS = {name: library.folder("programs") / f"{name}.report" for name in library.names("programs")}


@functools.cache
def report(name):
    return neuroemu.run(name)


@pytest.mark.parametrize("name", REPORTS)
def test_the_report_is_as_recorded(name):
    assert squeezed(str(neuroemu.run(name, allow_code=True))) == squeezed(REPORTS[name].read_text())


def squeezed(text):
    return [re.sub(r"\s+", " ", line).strip() for line in text.splitlines() if line.strip()]


def test_digits_reach_the_bar_on_held_out_images():
    summary = report("digits").summary
    assert summary["samples"] == 540
    assert summary["accuracy"] >= 0.95
    assert abs(summary["quantisation"]["float"]["accuracy_lost"]) <= 0.01


def test_one_seed_gives_one_result():
    again = neuroemu.run("quickstart")
    first, second = dict(report("quickstart").summary), dict(again.summary)
    first.pop("wall_s"), second.pop("wall_s")
    assert first == second


def test_another_seed_gives_another_result():
    from neuroemu.files import program_file

    other = neuroemu.run(program_file.read("quickstart", seed=2))
    assert other.summary["input_spikes"] != report("quickstart").summary["input_spikes"]


def test_placement_changes_no_spike():
    from neuroemu.files import program_file

    hilbert = neuroemu.run(program_file.read("digits", ("mapping.placement=hilbert", "mapping.parts={hidden: 6}")))
    digits = report("digits")
    assert (hilbert.traces.step == digits.traces.step).all()
    assert (hilbert.traces.source == digits.traces.source).all()
    assert hilbert.summary["model_hash"] != digits.summary["model_hash"]  # six parts are counted apart
    assert hilbert.summary["accuracy"] == digits.summary["accuracy"]
