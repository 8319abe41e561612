"""The lines of a report: what must be said of times, ranges and ticks."""

from __future__ import annotations

import pytest

import neuroemu
from neuroemu.files import program_file
from neuroemu.report.lines import _beside_ranges, _range, _times


def report(*overrides):
    return str(neuroemu.run(program_file.read("quickstart", overrides)))


def squeezed(text):
    return " ".join(text.split())


@pytest.mark.parametrize(
    "step, tick, said",
    [
        ("0.1 ms", "1 ms", "the chip's tick of 1 ms is 10 times the network's step of 100 us"),
        ("1 ms", "0.05 ms", "the chip's tick of 50 us is 0.05 times the network's step of 1 ms"),
    ],
)
def test_a_tick_that_is_no_step_of_the_network_is_told(step, tick, said):
    chip = f"chip={{extends: loihi1-davies2018, barrier: {{tick: {tick}}}}}"
    assert said in squeezed(report(chip, f"network.step={step}"))


def test_a_tick_that_is_the_networks_step_is_not_told():
    assert "the chip's tick" not in report("chip={extends: loihi1-davies2018, barrier: {tick: 1 ms}}")
    assert "the chip's tick" not in report()


def test_what_is_0_in_nominal_figures_and_in_the_draws_is_told_and_what_lies_outside_of_them():
    found = neuroemu.run("quickstart")
    text, ranges = squeezed(str(found)), found.summary["ranges"]
    assert "so 0 in nominal figures; their ranges are in low, high and draws: energy of axon_out, time of" in text
    assert "upper ends" not in text
    nominal, draws = ranges["interval"]["time_ns"]["nominal"], ranges["draws"]["time_ns"]
    assert (
        nominal < draws["p5"] and "Nominal outside of nine of ten draws: dynamic energy, time; a value" in text
    )  # 39.1 us and 41.8 us


@pytest.mark.parametrize(("nominal", "outside"), [(0.5, True), (1.0, False), (3.0, False), (3.1, True)])
def test_nominal_figures_outside_of_the_draws_are_found(nominal, outside):
    ranges = {"interval": {"time_ns": {"nominal": nominal}}, "draws": {"time_ns": {"p5": 1.0, "p95": 3.0}}}
    assert bool(_beside_ranges(ranges)) == outside
    assert not _beside_ranges(ranges | {"draws": {"time_ns": {"p5": None, "p95": None}}})
    assert _beside_ranges(ranges | {"only_in_high": ["energy of fans"]})[0].endswith("energy of fans.")  # older runs


def test_slower_than_real_time_is_a_fraction():
    text = report("chip={extends: loihi1-davies2018, barrier: {tick: 1 ms}}", "network.step=0.1 ms")
    assert "(0.1 times real time)" in text


@pytest.mark.parametrize("ratio, text", [(0.1, "0.1"), (1.0, "1"), (9.996, "10"), (12.6, "13"), (12345.0, "12,345")])
def test_ratios(ratio, text):
    assert _times(ratio) == text


def test_a_range_without_draws_is_its_ends():
    ranges = {
        "interval": {"time_ns": {"low": 1.0, "nominal": 1.0, "high": 3.0}},
        "draws": {"time_ns": {"p5": None, "p50": None, "p95": None}},
    }
    assert _range(ranges, "time_ns", "ns") == "1 ns to 3 ns"


@pytest.mark.parametrize("payload, said", [("", False), (", 1", False), (", -1", False), (", 7", True)])
def test_spikes_with_payloads_are_told_to_cost_what_others_cost(payload, said):
    found = neuroemu.run(program_file.read("quickstart", (f"inputs={{taps: {{spikes: [[3, 0{payload}]]}}}}",)))
    assert found.summary["graded_spikes"] == int(said)
    assert ("1 spike had one, and is priced as a spike without" in squeezed(str(found))) == said
