"""The table of events, walked whole: each is produced somewhere and priced by every chip."""

from __future__ import annotations

import numpy as np
import pytest

import neuroemu
from neuroemu import library
from neuroemu.connect import Conv2d
from neuroemu.events import BY_KEY, EVENTS, MEANING, N_PART_EVENTS, PART_EVENTS
from neuroemu.files import program_file
from neuroemu.network import LifRegisters, Network, Noise


def test_events_of_parts_come_first():
    assert EVENTS[:N_PART_EVENTS] == PART_EVENTS


def test_keys_are_unique():
    assert len(BY_KEY) == len(EVENTS)


@pytest.mark.parametrize("name", library.names("chips"))
def test_every_chip_has_an_entry_with_a_source_for_every_event(name):
    _, prices = neuroemu.read_chip(name)
    for event in EVENTS:
        assert prices.energy_pj[event].source, (name, MEANING[event].key)
        constant = prices.energy_pj[event]
        if constant.value is not None:
            assert constant.low <= constant.value <= constant.high


def test_every_event_is_produced():
    overrides = ("mapping.share_cores=false", "mapping.parts={relay: 8, choice: 2}", "chip.mesh.cores_per_tile=1",
                 "chip.mesh.host=[1, 1]", "chip.mesh.width=1", "chip.mesh.chips=[8, 1]")  # fmt: skip
    noisy = Network().population("a", 2, LifRegisters(noise=Noise(7)))
    kernel = Conv2d(np.full((1, 1, 2, 2), 100.0))
    seen = Network().population("eye", (1, 4, 4), LifRegisters(bias=100)).population("map", (1, 3, 3), LifRegisters())
    seen = seen.connect("eye", "map", kernel)
    reports = [neuroemu.run(program_file.read("quickstart", overrides))]
    reports += [neuroemu.run(network, steps=3) for network in (noisy, seen)]
    reports.append(neuroemu.run("stdp"))
    totals = sum(report.tally.totals for report in reports)
    assert {event for event in EVENTS if totals[event] == 0} == set()
