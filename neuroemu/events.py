"""The table of everything that can cost: the contract between counting and costing.

Kernels and traffic count these, price lists price them, and nothing else is ever charged. A new event joins here; the
tests then demand that something produces it and that every chip file prices it (0 pJ if free, null if unknown).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Event(IntEnum):
    """Index of an event in a row of counts. Those up to SYNAPSE_WRITE happen inside a part and are counted there."""

    SYNAPSE_READ = 0
    COMPARTMENT_ACTIVE = 1
    COMPARTMENT_INACTIVE = 2
    SPIKE_OUT = 3
    SYNAPSE_WRITE = 4
    AXON_OUT = 5
    AXON_IN = 6
    TILE = 7
    HOP_EAST = 8
    HOP_WEST = 9
    HOP_NORTH = 10
    HOP_SOUTH = 11
    BARRIER = 12


@dataclass(frozen=True)
class Meaning:
    """key: its name in chip files and reports.  where: 'part', 'network' or 'chip', the place where it is counted."""

    key: str
    where: str
    text: str


MEANING = {
    Event.SYNAPSE_READ: Meaning("synapse_read", "part", "one synapse looked up and accumulated for one spike"),
    Event.COMPARTMENT_ACTIVE: Meaning(
        "compartment_active", "part", "update of a compartment that is not at rest (u, v, bias or input is not zero)"
    ),
    Event.COMPARTMENT_INACTIVE: Meaning("compartment_inactive", "part", "update of a compartment at rest"),
    Event.SPIKE_OUT: Meaning("spike_out", "part", "one compartment fires"),
    Event.SYNAPSE_WRITE: Meaning("synapse_write", "part", "one plastic synapse updated by the learning engine"),
    Event.AXON_OUT: Meaning("axon_out", "network", "one message sent: a spike leaves for one destination core"),
    Event.AXON_IN: Meaning("axon_in", "network", "one message received by a core"),
    Event.TILE: Meaning("tile", "network", "one message passes from its core through the tile's router to a core"),
    Event.HOP_EAST: Meaning("hop_east", "network", "one message crosses the link to the next tile eastward"),
    Event.HOP_WEST: Meaning("hop_west", "network", "one message crosses the link westward"),
    Event.HOP_NORTH: Meaning("hop_north", "network", "one message crosses the link northward"),
    Event.HOP_SOUTH: Meaning("hop_south", "network", "one message crosses the link southward"),
    Event.BARRIER: Meaning("barrier", "chip", "one barrier synchronisation of all tiles in use"),
}

EVENTS = tuple(Event)
N_EVENTS = len(EVENTS)
PART_EVENTS = tuple(event for event in EVENTS if MEANING[event].where == "part")
N_PART_EVENTS = len(PART_EVENTS)
HOPS = (Event.HOP_EAST, Event.HOP_WEST, Event.HOP_NORTH, Event.HOP_SOUTH)
NOT_PRODUCED_YET = (Event.SYNAPSE_WRITE,)  # the learning engine will; tests/test_events.py expects this gap

BY_KEY = {meaning.key: event for event, meaning in MEANING.items()}
