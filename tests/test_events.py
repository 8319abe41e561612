"""The table of events, walked whole: each is produced somewhere and priced by every chip."""

from __future__ import annotations

import pytest

import neuroemu
from neuroemu import library
from neuroemu.events import BY_KEY, EVENTS, MEANING, N_PART_EVENTS, NOT_PRODUCED_YET, PART_EVENTS, Event
from neuroemu.files import program_file


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


def test_every_event_is_produced_but_the_known_gap():
    overrides = ("mapping.share_cores=false", "mapping.parts={relay: 8, choice: 2}", "chip.mesh.cores_per_tile=1",
                 "chip.mesh.host=[1, 1]")  # fmt: skip
    report = neuroemu.run(program_file.read("quickstart", overrides))
    totals = report.tally.by_step.sum(axis=0)
    silent = {event for event in EVENTS if totals[event] == 0}
    assert silent == set(NOT_PRODUCED_YET) == {Event.SYNAPSE_WRITE}
