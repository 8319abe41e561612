"""The table of everything that can cost: the contract between counting and costing.

The engine and traffic count, tally names what they counted with these events, price lists price them, and nothing else is
ever charged. A new event joins here; the tests then demand that something produces it and that every chip file prices it
(0 pJ if free or contained in another, null if unknown).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Event(IntEnum):
    """Index of an event in a row of counts. Those up to LEARN_WRITE happen inside a part and are counted there."""

    SYNAPSE_DENSE = 0
    SYNAPSE_SPARSE = 1
    SYNAPSE_SHARED = 2
    ACCUMULATE = 3
    COMPARTMENT_ACCESS = 4
    COMPARTMENT_ACTIVE = 5
    COMPARTMENT_INACTIVE = 6
    SPIKE_OUT = 7
    RANDOM_DRAW = 8
    TRACE_UPDATE = 9
    LEARN_READ = 10
    LEARN_WRITE = 11
    AXON_OUT = 12
    AXON_IN = 13
    TILE_OUT = 14
    TILE_IN = 15
    HOP_EAST = 16
    HOP_WEST = 17
    HOP_NORTH = 18
    HOP_SOUTH = 19
    CHIP_HOP = 20
    HOST_IN = 21
    BARRIER = 22


@dataclass(frozen=True)
class Meaning:
    """key: its name in chip files and reports.  where: 'part', 'network' or 'chip', the place where it is counted."""

    key: str
    where: str
    text: str


MEANING = {
    Event.SYNAPSE_DENSE: Meaning(
        "synapse_dense", "part", "one weight of a dense list (no index, zeros included) read for one spike"
    ),
    Event.SYNAPSE_SPARSE: Meaning("synapse_sparse", "part", "one synapse of a list with indices read for one spike"),
    Event.SYNAPSE_SHARED: Meaning("synapse_shared", "part", "one synapse of shared (convolutional) weights read"),
    Event.ACCUMULATE: Meaning("accumulate", "part", "one weight added to the input of a compartment"),
    Event.COMPARTMENT_ACCESS: Meaning("compartment_access", "part", "a compartment looked at, at rest or not"),
    Event.COMPARTMENT_ACTIVE: Meaning(
        "compartment_active", "part", "update of a compartment that is not at rest (u, v, bias or input is not zero)"
    ),
    Event.COMPARTMENT_INACTIVE: Meaning("compartment_inactive", "part", "update of a compartment at rest"),
    Event.SPIKE_OUT: Meaning("spike_out", "part", "one compartment fires"),
    Event.RANDOM_DRAW: Meaning("random_draw", "part", "one random number drawn by a compartment"),
    Event.TRACE_UPDATE: Meaning("trace_update", "part", "one synaptic trace of an axon or a compartment updated"),
    Event.LEARN_READ: Meaning("learn_read", "part", "one plastic synapse read by the learning engine"),
    Event.LEARN_WRITE: Meaning("learn_write", "part", "one plastic synapse written by the learning engine"),
    Event.AXON_OUT: Meaning("axon_out", "network", "one message sent: a spike leaves for one destination core"),
    Event.AXON_IN: Meaning("axon_in", "network", "one message received by a core"),
    Event.TILE_OUT: Meaning("tile_out", "network", "one message enters the router of its tile"),
    Event.TILE_IN: Meaning("tile_in", "network", "one message leaves a router for a core of its tile"),
    Event.HOP_EAST: Meaning("hop_east", "network", "one message crosses the link to the next tile eastward"),
    Event.HOP_WEST: Meaning("hop_west", "network", "one message crosses the link westward"),
    Event.HOP_NORTH: Meaning("hop_north", "network", "one message crosses the link northward"),
    Event.HOP_SOUTH: Meaning("hop_south", "network", "one message crosses the link southward"),
    Event.CHIP_HOP: Meaning("chip_hop", "network", "one message crosses from a chip to the next, besides the hop"),
    Event.HOST_IN: Meaning("host_in", "network", "one spike handed over by the host"),
    Event.BARRIER: Meaning("barrier", "chip", "one barrier synchronisation of all tiles in use"),
}

EVENTS = tuple(Event)
N_EVENTS = len(EVENTS)
PART_EVENTS = tuple(event for event in EVENTS if MEANING[event].where == "part")
N_PART_EVENTS = len(PART_EVENTS)
HOPS = (Event.HOP_EAST, Event.HOP_WEST, Event.HOP_NORTH, Event.HOP_SOUTH)
READS = (Event.SYNAPSE_DENSE, Event.SYNAPSE_SPARSE, Event.SYNAPSE_SHARED)
# What a core does with its compartments and their messages, and what it does with the messages that reach it.
SENDING = (
    Event.COMPARTMENT_ACCESS, Event.COMPARTMENT_ACTIVE, Event.COMPARTMENT_INACTIVE, Event.SPIKE_OUT, Event.RANDOM_DRAW,
    Event.TRACE_UPDATE, Event.LEARN_READ, Event.LEARN_WRITE, Event.AXON_OUT,
)  # fmt: skip
RECEIVING = (Event.AXON_IN, *READS, Event.ACCUMULATE)
LEARNING = (Event.TRACE_UPDATE, Event.LEARN_READ, Event.LEARN_WRITE)  # the rest is inference

BY_KEY = {meaning.key: event for event, meaning in MEANING.items()}
