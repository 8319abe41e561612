"""Malformed files: each is refused with what is wrong, where, and a way out; through Python and through the command.

Most are a small good program or chip with one slip in it. What is wrong as a whole lies in bad/; what is large, binary or
not a file at all is made on the spot. Nothing else may be said: noise that follows from another mistake fails a case.
"""

from __future__ import annotations

import io
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from neuroemu import cli, library
from neuroemu.errors import DoesNotFit, ProblemsError
from neuroemu.files import chip_file, program_file
from neuroemu.prepare import compile_program

FOLDER = Path(__file__).parent / "bad"
LIBRARY_CHIP = (library.folder("chips") / "loihi1-davies2018.yaml").read_text()

GENERIC = (library.folder("chips") / "generic-28nm.yaml").read_text()

PROGRAM = """\
neuroemu: 1
name: small
chip: loihi1-davies2018
network:
  step: 1 ms
  populations:
    touch: {size: 2, source: taps}
    relay: {size: 3, neuron: lif, tau_mem: 10 ms, threshold: 1.0}
    motor: {size: 2, neuron: lif_registers, decay_u: 4095, threshold: 100}
  connections:
    - {from: touch, to: relay, weights: 0.5, delay: 1}
    - {from: relay, to: motor, weights: [[10, 20, 30], [30, 20, 10]]}
inputs:
  taps: {spikes: [[1, 0], [2, 1]]}
run: {steps: 10}
decode: {from: motor, method: rate}
mapping: {parts: {relay: 1}}
probes: ["relay.v[0:2]", motor.spikes]
"""

CHIP = """\
neuroemu_chip: 1
name: mine
extends: loihi1-davies2018
mesh: {width: 4, host: [0, 0], routing: xy}
prices:
  tile_out: {energy: 1.7 pJ, energy_range: [1 pJ, 2 pJ], source: a lab book, provenance: MU}
"""


@dataclass(frozen=True)
class Said:
    """A Problem as it must be; of the texts only a part. file: its name, None for the file that was given."""

    what: str
    line: int | None = None
    path: str = ""
    allowed: str = ""
    remedy: str = ""
    file: str | None = None


@dataclass(frozen=True)
class Bad:
    """claim: what is wrong with the file that `make` writes into a folder.  said: every Problem, in order."""

    claim: str
    make: Callable[[Path], Path]
    said: tuple[Said, ...]


# ---- one slip in a good file ---------------------------------------------------------------------------------------


def slip(claim: str, good: str, bad: str, what: str, path: str, allowed="", remedy="", line=None, base=PROGRAM) -> Bad:
    """`good` in the base replaced by `bad`. The line is that of the slip where no other is given."""
    assert base.count(good) == 1
    line = line or base[: base.index(good)].count("\n") + 1
    text = base.replace(good, bad)
    return Bad(claim, lambda folder: written(folder / "slip.yaml", text), (Said(what, line, path, allowed, remedy),))


def chip_slip(claim: str, good: str, bad: str, what: str, path: str, allowed="", remedy="", line=None) -> Bad:
    return slip(claim, good, bad, what, path, allowed, remedy, line, CHIP)


def generic_slip(claim: str, good: str, bad: str, what: str, path: str, allowed="", remedy="", line=None) -> Bad:
    return slip(claim, good, bad, what, path, allowed, remedy, line, GENERIC)


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


RELAY, MOTOR = "network.populations.relay", "network.populations.motor"
FIRST, SECOND = "network.connections[0]", "network.connections[1]"
MATRIX = "[[10, 20, 30], [30, 20, 10]]"
SPIKES = "[[1, 0], [2, 1]]"

VALUES, WEIGHTS = "inputs.taps.values", "weights: 0.5, delay: 1"

SLIPS = [
    slip("an index without quotes", 'probes: ["relay.v[0:2]", motor.spikes]', "probes: [motor.spikes, relay.v[0:2]]",
         "'relay.v[0:2]' has brackets of its own", "", remedy='quotes around it: "relay.v[0:2]"'),
    slip("an index without quotes in a later line", 'probes: ["relay.v[0:2]", motor.spikes]',
         "probes: [motor.spikes,\n  relay.v[1]]", "'relay.v[1]' has brackets of its own", "", remedy="quotes", line=19),
    slip("a list in a list that is not closed", 'probes: ["relay.v[0:2]", motor.spikes]', "probes: ['relay.v[1]', [1, 2]",
         "a '[' that is not closed", "", line=19),
    slip("rates that are none", f"spikes: {SPIKES}", "values: [[0.5, 2.0]]", "1 of 2 values is no probability: 2 at",
         f"{VALUES}[0][1]", "0..1", "gain: 0.5"),
    slip("negative rates", f"spikes: {SPIKES}", "values: [-0.5, 0.5]", "1 of 2 values is no probability", f"{VALUES}[0]",
         "0..1"),
    slip("times before the first", f"spikes: {SPIKES}", "values: [0.5, 3], encode: latency, linear: true",
         "1 of 2 values would spike before the first step: 3", f"{VALUES}[1]", "at most 1"),
    slip("no change is one", f"spikes: {SPIKES}",
         f"values: {[[0.0, 0.0]] * 10}, encode: delta, off_spikes: false, threshold: 0", "every step would be a change",
         "inputs.taps.threshold", "more than 0"),
    slip("a spread below 0", WEIGHTS, "weights: {normal: [0, -1]}", "standard deviation of normal is -1",
         f"{FIRST}.weights"),
    slip("a spread of delays below 0", WEIGHTS, "weights: 1, delay: {normal: [3, -1]}",
         "standard deviation of normal is -1", f"{FIRST}.delay"),
    slip("delays from high to low", WEIGHTS, "weights: 1, delay: {uniform: [3, 1]}", "uniform goes from 3 down to 1",
         f"{FIRST}.delay"),
    slip("delays that may be negative", WEIGHTS, "weights: 1, delay: {uniform: [-3, -1]}", "a delay of -",
         f"{FIRST} (touch->relay)", "0..62"),
    slip("wrong type", "steps: 10", "steps: ten", "found 'ten'", "run.steps", "a whole number"),
    slip("list for text", "name: small", "name: [small]", "found a list of 1", "name", "text"),
    slip("nothing for a mapping", "run: {steps: 10}", "run:", "found nothing", "run", "a mapping"),
    slip("a space in a name", "name: small", "name: a small one", "found 'a small one'", "name", "letters, digits"),
    slip("another version", "neuroemu: 1", "neuroemu: 2", "found 2", "neuroemu", "1"),
    slip("wrong unit", "10 ms", "10 pJ", "'10 pJ' has the unit", RELAY + ".tau_mem"),
    slip("missing unit", "10 ms", "10", "10 has no unit", RELAY + ".tau_mem"),
    slip("endless step", "step: 1 ms", "step: inf", "not a finite number", "network.step"),
    slip("no step at all", "step: 1 ms", "step: 0 ms", "found '0 ms'", "network.step", "more than 0"),
    slip("quantity of 5000 digits", "10 ms", "1" * 5000 + " ms", "found '111", RELAY + ".tau_mem"),
    slip("typo in a key", "threshold: 1.0", "treshold: 1.0", "unknown key 'treshold'", RELAY + ".treshold",
         "size, shape, axon_delay, neuron", "'threshold'"),
    slip("typo in the key that decides", "neuron: lif,", "nueron: lif,", "unknown key 'nueron'", RELAY + ".nueron",
         "neuron", "'neuron'"),
    slip("typo in source", "source: taps", "sorce: taps", "unknown key 'sorce'", "network.populations.touch.sorce",
         "size, shape, axon_delay, source", "'source'"),
    slip("typo in from", "from: touch", "form: touch", "unknown key 'form'", FIRST + ".form", "from, to", "'from'"),
    slip("typo in spikes", "spikes: [[", "spike: [[", "unknown key 'spike'", "inputs.taps.spike", "spikes", "'spikes'"),
    slip("typo in a model", "neuron: lif,", "neuron: liff,", "found 'liff'", RELAY + ".neuron", "lif_registers", "'lif'"),
    slip("unknown method", "method: rate", "method: rat", "found 'rat'", "decode.method", "rate, first_spike"),
    slip("missing key", "steps: 10", "", "the key 'steps' is missing", "run"),
    slip("missing section", "run: {steps: 10}\n", "", "the key 'run' is missing", "", line=1),
    slip("neither size nor shape", "size: 3, ", "", "needs either 'size' or 'shape'", RELAY),
    slip("size and shape", "size: 3", "size: 3, shape: [3]", "needs either 'size' or 'shape'", RELAY),
    slip("no compartments", "size: 3", "size: 0", "found 0", RELAY + ".size", "at least 1"),
    slip("more compartments than atoms", "size: 3", "shape: [2147483647, 2147483647, 2147483647]", "at most", RELAY),
    slip("ragged list", MATRIX, "[[10, 20, 30], [30, 20]]", "rows of the list differ", SECOND + ".weights"),
    slip("1e3 is text to YAML", "steps: 10", "steps: 1e3", "YAML reads 1e3 as text", "run.steps", remedy="1.0e+3"),
    slip("1e3 among the weights", "weights: 0.5", "weights: 1e3", "YAML reads 1e3 as text", FIRST + ".weights"),
    slip("hexadecimal of 5000 digits", "steps: 10", "steps: 0x" + "f" * 5000, "found '0xfff", "run.steps"),
    slip("number of 200,000 digits", "steps: 10", "steps: " + "1" * 200_000, "found '111", "run.steps"),
    slip("nan among the weights", "[[10,", "[[.nan,", "nan is not a finite number", SECOND + ".weights"),
    slip("infinite weight", "weights: 0.5", "weights: -.inf", "-inf is not a finite number", FIRST + ".weights"),
    slip("weight beyond every sum", "weights: 0.5", "weights: 1.0e+307", "too large for a number", FIRST + ".weights"),
    slip("time beyond every sum", "10 ms", "1e300 s", "too large", RELAY + ".tau_mem"),
    slip("unknown chip", "loihi1-davies2018", "loihi1-davis2018", "no chip of the library", "chip",
         "loihi1-davies2018, loihi1-nahuku32, loihi1-sanafe", "'loihi1-davies2018'"),
    slip("number for a chip", "loihi1-davies2018", "5", "found 5", "chip", "text or a mapping"),
    slip("chip with a name too long for a file", "loihi1-davies2018", "c" * 5000, "no file and no chip", "chip"),
    slip("chip that changes nobody knows which", "loihi1-davies2018", "{mesh: {width: 4}}", "does not say which", "chip",
         remedy="extends"),
    slip("chip changed for the worse", "loihi1-davies2018", "{extends: loihi1-davies2018, mesh: {width: 0}}", "found 0",
         "chip.mesh.width", "at least 1"),
    slip("source naming no input", "source: taps", "source: tapes", "no input 'tapes'",
         "network.populations.touch.source", "taps", "'taps'"),
    slip("unused input", "  taps:", "  spare: {spikes: []}\n  taps:", "nothing takes the input 'spare'", "inputs.spare"),
    slip("connection from nowhere", "from: touch", "from: tuch", "no population 'tuch'", FIRST + ".from", "touch",
         "'touch'"),
    slip("connection to a source", "to: relay", "to: touch", "'touch' is a spike source", FIRST + ".to"),
    slip("probe out of range", "[0:2]", "[3]", "'[3]' lies outside", "probes[0]", "0..2"),
    slip("probe of an unknown thing", "relay.v[0:2]", "relay.w", "'relay' has no 'w'", "probes[0]", "spikes, u, v"),
    slip("probe of nothing", "relay.v[0:2]", "relay", "found 'relay'", "probes[0]", ".u or .v"),
    slip("probe of the voltage of a source", "relay.v[0:2]", "touch.v", "'touch' is a spike source", "probes[0]"),
    slip("more parts than compartments", "{relay: 1}", "{relay: 9}", "9 parts of 3", "mapping.parts.relay", "1..3"),
    slip("decode from an unknown population", "from: motor", "from: moter", "no population 'moter'", "decode.from",
         "relay, motor", "'motor'"),
    slip("more samples than there are", "steps: 10", "steps: 10, samples: 0", "found 0", "run.samples", "1 or all"),
    slip("spike before the first step", "[[1, 0],", "[[0, 0],", "the step 0", "inputs.taps.spikes", "steps from 1"),
    slip("spike with four numbers", "[[1, 0],", "[[1, 0, 0, 0],", "a list of 4", "inputs.taps.spikes[0]", "at most 3"),
    slip("a payload for some spikes", "[[1, 0],", "[[1, 0, 5],", "some rows have a payload", "inputs.taps.spikes", "alike"),
    slip("two payloads in one step", SPIKES, "[[1, 0, 5], [1, 0, 6]]", "two spikes", "inputs.taps.spikes", "one spike"),
    slip("a port that is not there", "delay: 1", "delay: 1, port: im", "no port 'im'", FIRST + ".port", "in"),
    slip("code without leave", "neuron: lif_registers, decay_u: 4095, threshold: 100", "neuron: 'my.py:Own'",
         "Python code", MOTOR + ".neuron", "", "--allow-code"),
    slip("a threshold of a readout", "threshold: 1.0", "threshold: 1.0, spikes: false", "no threshold", RELAY + ".threshold"),
    slip("a channel before the first", "[[1, 0],", "[[1, -1],", "holds -1", "inputs.taps.spikes", "0.."),
    slip("spike in a channel that is not there", "[2, 1]", "[2, 2]", "channel 2", "inputs.taps", "0..1"),
    slip("spikes in a file of another kind", SPIKES, "spikes.txt", "spikes.txt", "inputs.taps.spikes", "FILE.csv"),
    slip("register out of range", "decay_u: 4095", "decay_u: 5000", "decay_u is 5000", MOTOR, "0..4095"),
    slip("threshold of the wrong shape", "threshold: 1.0", "threshold: [1, 1]", "shape [2]", RELAY + ".threshold", "or 3"),
    slip("threshold below zero", "threshold: 1.0", "threshold: -1", "not above 0", RELAY + ".threshold"),
    slip("delay above the chip's", "delay: 1", "delay: 100", "a delay of 100", FIRST + " (touch->relay)", "0..62"),
    slip("delay of half a step", "delay: 1", "delay: 0.5", "not a whole number of steps", FIRST + ".delay"),
    slip("endless delay", "delay: 1", "delay: inf", "'inf' is no delay", FIRST + ".delay", ""),
    slip("delay of 1e30 steps", "delay: 1", "delay: 1.0e+30", "a delay of 1e+30", FIRST + ".delay"),
    slip("fractional register weight", "[[10,", "[[10.5,", "a weight of 10.5", SECOND + " (relay->motor)", "whole"),
    slip("weights of the wrong shape", MATRIX, "[[10, 20], [30, 20]]", "(2, 2)", SECOND + " (relay->motor)"),
    slip("text where numbers belong", "[[10,", "[[ten,", "'ten' in a list of numbers", SECOND + ".weights"),
    slip("colour codes in a key", "name:", '"na\\e[2Jme":', r"na\x1b[2Jme", "", "printable"),
    slip("zero byte in the name of a file", MATRIX, '"a\\0.npz#w"', r"a\x00.npz", SECOND + ".weights"),
    chip_slip("price below zero", "1.7 pJ", "-3 pJ", "found '-3 pJ'", "prices.tile_out.energy", "at least 0"),
    chip_slip("infinite price", "1.7 pJ", "inf", "not a finite number", "prices.tile_out.energy"),
    chip_slip("price in ns", "1.7 pJ", "1.7 ns", "'1.7 ns' has the unit", "prices.tile_out.energy"),
    chip_slip("price of an unknown event", "tile_out:", "tyle_out:", "unknown key 'tyle_out'", "prices.tyle_out",
              "hop_east", "'tile_out'"),
    chip_slip("range that excludes its value", "[1 pJ, 2 pJ]", "[2 pJ, 3 pJ]", "2..3 excludes the value 1.7",
              "prices.tile_out"),
    chip_slip("range upside down", "[1 pJ, 2 pJ]", "[2 pJ, 1 pJ]", "from 2 down to 1", "prices.tile_out"),
    chip_slip("host outside of the mesh", "[0, 0]", "[4, 0]", "[4, 0] lies outside of the 4x4 mesh", "mesh"),
    chip_slip("mesh without width", "width: 4", "width: 0", "found 0", "mesh.width", "at least 1"),
    chip_slip("unknown routing", "routing: xy", "routing: yz", "found 'yz'", "mesh.routing", "xy"),
    chip_slip("chip that extends an unknown one", "loihi1-davies2018", "loihi1-sanfe", "no chip of the library", "extends",
              remedy="'loihi1-sanafe'"),
    chip_slip("barrier by an odd number of tiles", "prices:", "barrier: {time: {²: 5 ns}}\nprices:",
              "'²' is not a number of tiles", "barrier"),
    chip_slip("clock of 0 Hz", "prices:", "clock: {frequency: 0 Hz, source: a lab book, provenance: MU}\nprices:",
              "found '0 Hz'", "clock.frequency", "more than 0"),
    chip_slip("clock in ns", "prices:", "clock: {frequency: 3 ns, source: a lab book, provenance: MU}\nprices:",
              "'3 ns' has the unit", "clock.frequency"),
    chip_slip("cycles without a clock", "energy_range: [1 pJ, 2 pJ]", "time: 2 cycles", "the chip has no clock",
              "prices.tile_out.time", remedy="clock: {frequency"),
    chip_slip("power for each MHz without a clock", "prices:",
              "static: {idle: {power: 1 uW, per: core, each: MHz, source: a lab book, provenance: MU}}\nprices:",
              "the chip has no clock", "static.idle.each", remedy="clock: {frequency"),
    chip_slip("power drawn by nobody we know", "prices:",
              "static: {idle: {power: 1 uW, per: wafer, source: a lab book, provenance: MU}}\nprices:",
              "found 'wafer'", "static.idle.per", "board, chip"),
    chip_slip("range of power that excludes its value", "prices:", "static: {cores: {power: 3 mW, power_range: [0 mW, 1 mW]}}"
              "\nprices:", "0..1 excludes the value 3", "static.cores"),
    chip_slip("barrier with a range that excludes it", "prices:", "barrier: {range: [2, 3]}\nprices:",
              "are factors and exclude 1", "barrier"),
    chip_slip("mesh of too many cores", "width: 4", "width: 40000, height: 40000", "more than 2**24 cores", "mesh"),
    chip_slip("tree of several chips", "routing: xy", "topology: tree, chips: [2, 1]", "a tree of several chips", "mesh"),
    chip_slip("west first on a torus", "routing: xy", "topology: torus, routing: west_first",
              "west_first is for a mesh", "mesh"),
    generic_slip("voltage that a node does not stand", "voltage: 0.8 V", "voltage: 1.4 V", "hold from 0.5 to 1.1 V",
                 "generic.voltage"),
    generic_slip("voltage without a unit", "voltage: 0.8 V", "voltage: 0.8", "0.8 has no unit", "generic.voltage"),
    generic_slip("node beyond the fits", "node: 28 nm", "node: 3 nm", "found '3 nm'", "generic.node", "at least 7"),
    generic_slip("factor below 1", "factor: 2", "factor: 0.5", "found 0.5", "generic.factor", "at least 1"),
    generic_slip("generic core without memory", "synapse_words: 16384", "synapse_words: 0", "found 0", "core.synapse_words",
                 "at least 1"),
    slip("missing price", re.search(r"  tile_out:\n(    .*\n)+", LIBRARY_CHIP)[0], "",
         "the key 'tile_out' is missing", "prices",
         line=LIBRARY_CHIP[: LIBRARY_CHIP.index("prices:")].count("\n") + 1, base=LIBRARY_CHIP),
]  # fmt: skip


# ---- whole files that are wrong, in bad/ ---------------------------------------------------------------------------


def file(name: str, *said: Said) -> Bad:
    def copied(folder: Path) -> Path:
        for source in FOLDER.glob("*.yaml"):
            shutil.copy(source, folder)
        return folder / name

    return Bad(name, copied, said)


FILES = [
    file("tab.yaml", Said("a tab", 13, remedy="spaces")),
    file("two_documents.yaml", Said("a second document", 13)),
    file("open_bracket.yaml", Said("not closed, or a missing comma (since line 12)", 13)),
    file("open_quote.yaml", Said("a quote that is not closed (since line 13)", 14)),
    file("indentation.yaml", Said("no key where one is expected", 12, remedy="the same indentation")),
    file("two_colons.yaml", Said("a second ': '", 13, remedy="quotes")),
    file("at_sign.yaml", Said("'@' cannot start a value", 13, remedy="quotes")),
    file("no_such_anchor.yaml", Said("without an '&NAME'", 13, remedy="quotes")),
    file("key_twice.yaml", Said("'name' is here twice; the first is on line 2", 13, "name")),
    file("python_mapping.yaml", Said("'!!python/object/new:os.system' is not supported", 12, "run")),
    file("python_list.yaml", Said("'!!python/object/apply:os.system' is not supported", 13, "probes")),
    file("python_name.yaml", Said("'!!python/name:os.system' is not supported", 13, "about")),
    file("merge_key.yaml", Said("merge keys (<<)", 13, "report", remedy="extends")),
    file("key_on.yaml", Said("reads the key on as true or false", 13, remedy="'on' in quotes")),
    file("list_as_key.yaml", Said("a key must be a word", 13)),
    file("contains_itself.yaml", Said("an anchor contains itself", 9, "network.connections[0].weights[0]")),
    file("billion_laughs.yaml", Said("expands to more than 500000 values", 6, "f", remedy="fewer anchors")),
    file("only_a_list.yaml", Said("holds a list", 1, allowed="keys with values")),
    file("only_a_word.yaml", Said("holds a single value", 1, allowed="keys with values")),
    file("only_a_comment.yaml", Said("is empty", 1, remedy="neuroemu schema program")),
    file("empty.yaml", Said("is empty", 1, remedy="neuroemu schema program")),
    file("chip_goes_round.yaml", Said("extends itself", 3, "extends", file="round_b.yaml")),
    file("round_a.yaml", Said("extends itself", 3, "extends", file="round_b.yaml")),
    file(
        "five_mistakes.yaml",
        Said("found -1", 4, "seed", "at least 0"),
        Said("'1 mV' has the unit", 6, "network.step"),
        Said("unknown key 'treshold'", 9, RELAY + ".treshold", remedy="'threshold'"),
        Said("the key 'weights' is missing", 11, FIRST),
        Said("YAML reads 1e3 as text", 14, "run.steps", remedy="1.0e+3"),
    ),
    file(  # mistakes of YAML, of shape and of names together; none follows from another
        "every_kind.yaml",
        Said("the key 'name' is here twice", 3, "name"),
        Said("no chip of the library", 4, "chip", remedy="'loihi1-davies2018'"),
        Said("unknown key 'treshold'", 8, RELAY + ".treshold", remedy="'threshold'"),
        Said("'!!binary' is not supported", 9, "network.populations.other.bias"),
        Said("unknown key 'wieghts'", 13, "network.connections[1].wieghts", remedy="'weights'"),
        Said("no population 'fourht'", 14, "network.connections[2].to", remedy="'fourth'"),
        Said("has a spike in channel 9", 16, "inputs.taps", "0..1"),
        Said("'[3]' lies outside", 18, "probes[1]", "0..2"),
    ),
    file(
        "five_wrong_names.yaml",
        Said("no chip of the library", 3, "chip", remedy="'loihi1-davies2018'"),
        Said("no population 'tuch'", 9, FIRST + ".from", remedy="'touch'"),
        Said("nothing takes the input 'traps'", 12, "inputs.traps"),
        Said("no population 'really'", 14, "decode.from", remedy="'relay'"),
        Said("'[3]' lies outside", 15, "probes[0]", "0..2"),
    ),
]


# ---- large, binary, or no file at all ------------------------------------------------------------------------------


def made(claim: str, what: str, line: int | None = None, path: str = "", remedy: str = "", allowed: str = ""):
    """Decorates a function that writes a bad file into a folder and returns its path."""

    def joined(make: Callable[[Path], Path]) -> Callable[[Path], Path]:
        MADE.append(Bad(claim, make, (Said(what, line, path, allowed, remedy),)))
        return make

    return joined


MADE: list[Bad] = []


@made("nested 100,000 deep", "nested more than 40 deep", 1)
def _(folder):
    return written(folder / "deep.yaml", "a: " + "[" * 100_000)


@made("nested 100,000 deep in blocks", "nested more than 40 deep", 1)
def _(folder):
    return written(folder / "deep.yaml", "- " * 100_000)


@made("two million values", "more than 500000 values", 1, remedy=".npz")
def _(folder):
    return written(folder / "long.yaml", f"a: [{'1,' * 2_000_000}]")


@made("key of a million letters", "is no key", 19, allowed="at most 120")
def _(folder):
    return written(folder / "key.yaml", f"{PROGRAM}? {'k' * 1_000_000}\n: 1\n")


@made("value of seven million letters", "found 'lll", 8, RELAY + ".neuron")
def _(folder):
    return written(folder / "value.yaml", PROGRAM.replace("neuron: lif,", f"neuron: {'l' * 7_000_000},"))


@made("1 GB of nothing", "has 1073741824 bytes", remedy=".npz")
def _(folder):
    return hollow(folder / "hollow.yaml")


@made("binary junk", "is not text", 2)
def _(folder):
    return written(folder / "junk.yaml", bytes(range(256)))


@made("control characters behind text that is not ASCII", "control characters", 3)
def _(folder):
    return written(folder / "junk.yaml", f"# {'é' * 50}\n# {'é' * 50}\nname: \x01\n# {'é' * 50}\n")


@made("folder in place of a file", "is a folder", remedy="a .yaml file in it")
def _(folder):
    (folder / "folder.yaml").mkdir()
    return folder / "folder.yaml"


@made("folder without .yaml", "is a folder", remedy="a .yaml file in it")
def _(folder):
    (folder / "programs").mkdir()
    return folder / "programs"


@made("pipe that nobody writes to", "not a regular file")
def _(folder):
    return pipe(folder / "pipe.yaml")


@made("device", "not a regular file")
def _(folder):
    return Path("/dev/zero")


@made(
    "missing file",
    "no file and no program of the library",
    allowed="digits, izhikevich, neurons, quickstart",
    remedy="'quickstart'",
)
def _(folder):
    return Path("quikstart")


@made("chip that is a pipe", "not a regular file", 3, "chip")
def _(folder):
    pipe(folder / "chip.yaml")
    return written(folder / "program.yaml", PROGRAM.replace("loihi1-davies2018", "chip.yaml"))


def hollow(path: Path) -> Path:
    """A file of 1 GB that takes no space."""
    with open(path, "wb") as stream:
        stream.truncate(1 << 30)
    return path


def pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def with_weights(claim: str, what: str):
    """Decorates a function that writes a bad w.npz; the program takes the weights of its second connection from there."""

    def joined(make: Callable[[Path], object]) -> Callable[[Path], object]:
        def both(folder: Path) -> Path:
            make(folder / "w.npz")
            return written(folder / "program.yaml", PROGRAM.replace(MATRIX, '"w.npz#w"'))

        made(claim, what, 12, SECOND + ".weights")(both)
        return make

    return joined


def npy(shape: tuple[int, ...], content: bytes = b"", kind: str = "<f8") -> bytes:
    """An .npy that claims a shape and holds whatever it is given."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"shape": shape, "fortran_order": False, "descr": kind})
    return stream.getvalue() + content


def zipped(path: Path, content: bytes, member: str = "w.npy") -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, content)


@with_weights("no such .npz", "there is no file")
def _(path):
    pass


@with_weights("no such array", "has no array 'w'; it has v")
def _(path):
    np.savez(path, v=np.ones((2, 3)))


@with_weights("npz cut short", "is it cut short?")
def _(path):
    np.savez(path, w=np.ones((2000, 3)))
    path.write_bytes(path.read_bytes()[:1000])


@with_weights("npz damaged in the middle", "cannot be read as .npz")
def _(path):
    np.savez_compressed(path, w=np.random.default_rng(1).random((100, 100)))
    content = bytearray(path.read_bytes())
    content[500:600] = b"\xff" * 100
    path.write_bytes(content)


@with_weights("nan in an npz", "holds nan at [1, 2] (the only such value)")
def _(path):
    np.savez(path, w=np.array([[1, 2, 3], [4, 5, np.nan]]))


@with_weights("infinity in an npz", "holds inf at [0, 0] (2 such values)")
def _(path):
    np.savez(path, w=np.array([[np.inf, -np.inf, 3], [4, 5, 6]]))


@with_weights("pickled objects", "holds Python objects")
def _(path):
    np.savez(path, w=np.array([{}, []], object))


@with_weights("words in an npz", "numbers are needed")
def _(path):
    np.savez(path, w=np.array(["one", "two"]))


@with_weights("values of no size", "numbers are needed")  # 10**12 of them fit into no bytes
def _(path):
    zipped(path, npy((10**12,), kind="|S0"))


@with_weights("npz that says it has more than it has", "says it has 8000 bytes and has 16")
def _(path):
    zipped(path, npy((1000,), bytes(16)))


@with_weights("npz that claims terabytes", "would take 8000000000000 bytes")
def _(path):
    zipped(path, npy((10**12,), bytes(16)))


@with_weights("npz with a negative shape", "has the shape [-1, -2]")
def _(path):
    zipped(path, npy((-1, -2), bytes(16)))


@with_weights("npz with nothing times 1e30", "has the shape [0, 1000000000000000000000000000000]")
def _(path):
    zipped(path, npy((0, 10**30)))


@with_weights("npz with a header of brackets", "no header as numpy writes it")
def _(path):
    zipped(path, b"\x93NUMPY\x02\x00\x00\x00\x01\x00" + b"(" * 65536)


@with_weights("npz without .npy", "has no array 'w'; it has none")
def _(path):
    zipped(path, b"hello", member="w")


@with_weights("npz that is a folder", "is a folder")
def _(path):
    path.mkdir()


@with_weights("npz that is a pipe", "not a regular file")
def _(path):
    pipe(path)


@with_weights("npz of 1 GB of nothing", "cannot be read as .npz")
def _(path):
    hollow(path)


def with_spikes(claim: str, name: str, what: str, content: str | bytes | Callable[[Path], object], allowed: str = ""):
    """A bad file of spikes, and a program that takes its input from there."""

    def both(folder: Path) -> Path:
        if callable(content):
            content(folder / name)
        else:
            written(folder / name, content)
        reference = name if name.endswith("csv") else f"{name}#w"
        return written(folder / "program.yaml", PROGRAM.replace(SPIKES, f'"{reference}"'))

    made(claim, what, 14, "inputs.taps.spikes", allowed=allowed)(both)


with_spikes("csv with a word", "s.csv", "s.csv:3: found '2,one'", "step,channel\n1,0\n2,one\n", "step,channel")
with_spikes("csv with a step before the first", "s.csv", "s.csv:1: found '-1,0'", "-1,0\n2,1\n")
with_spikes("csv with a raised two", "s.csv", "s.csv:1: found '1,²'", "1,²\n")
with_spikes("csv with 5000 digits", "s.csv", "s.csv:1: found '1,999", "1," + "9" * 5000)
with_spikes("csv of junk", "s.csv", "is not text", bytes(range(256)))
with_spikes("csv of zero bytes", "s.csv", r"s.csv:1: found '\x00", bytes(1000))
with_spikes("csv that is a pipe", "s.csv", "not a regular file", pipe)
with_spikes("csv of 1 GB of nothing", "s.csv", "has 1073741824 bytes", hollow)
with_spikes("missing csv", "s.csv", "there is no file", lambda path: None)
with_spikes("npz with a negative channel", "s.npz", "holds -5", lambda path: np.savez(path, w=np.array([[1, -5]])))
with_spikes("npz with step 1e300", "s.npz", "holds 1e+300", lambda path: np.savez(path, w=np.array([[1e300, 0]])))

BAD = SLIPS + FILES + MADE
every_bad_file = pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.claim)


# ---- the claims ----------------------------------------------------------------------------------------------------


def refused(path: Path) -> ProblemsError:
    """What reading and compiling a program, or reading a chip, raises."""
    with pytest.raises(ProblemsError) as caught:
        if path.is_file() and path.stat().st_size < 1e6 and b"neuroemu_chip:" in path.read_bytes():
            chip_file.read(path)
        else:
            compile_program(program_file.read(path))
    return caught.value


@every_bad_file
def test_a_bad_file_is_refused_with_what_where_and_a_way_out(bad, in_empty_folder):
    path = bad.make(in_empty_folder)
    error = refused(path)
    assert len(error.problems) == len(bad.said), error.text()
    for problem, said in zip(error.problems, bad.said, strict=True):
        assert said.what in problem.what
        assert (problem.line, problem.path) == (said.line, said.path)
        assert said.allowed in problem.allowed
        assert said.remedy in problem.remedy
        if problem.file is not None:  # None: there is no file of that name
            assert Path(problem.file).name == (said.file or path.name)


@every_bad_file
def test_the_command_says_so_on_one_screen_and_exits_with_2(bad, in_empty_folder):
    path = bad.make(in_empty_folder)
    code, text = checked(path, in_empty_folder / "said.txt")
    assert code == 2, text
    assert "Traceback" not in text and "Out of memory" not in text and "Warning" not in text
    assert len(text.splitlines()) <= 40 and max(map(len, text.splitlines())) < 1000
    assert text.replace("\n", "").isprintable()
    for said in bad.said:
        name = said.file or path.name
        assert name in text
        assert said.line is None or f"{name}:{said.line}" in text


def checked(path: Path, output: Path) -> tuple[int, str]:
    """(exit code, text) of `neuroemu check PATH` within 10 s of work (100 s on a busy machine) and 1 GB of memory.

    Forked, so that a hundred cases pay for the imports once; what the console script does is cli._guarded.
    """
    child = os.fork()
    if child == 0:
        code = 70
        try:
            signal.alarm(100)
            resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
            held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (held + (1 << 30), resource.RLIM_INFINITY))
            sys.argv = ["neuroemu", "check", str(path)]
            with open(output, "w") as sys.stdout:
                sys.stderr = sys.stdout
                code = cli._guarded()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), output.read_text()


@pytest.mark.parametrize("name", ["a slip", "tab.yaml", "pipe that nobody writes to", "npz that claims terabytes"])
def test_a_process_of_its_own_says_the_same(name, in_empty_folder):
    path = next(bad for bad in BAD if bad.claim == name.replace("a slip", "typo in a key")).make(in_empty_folder)
    command = [sys.executable, "-m", "neuroemu", "check", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert (2, done.stderr) == checked(path, in_empty_folder / "said.txt")


def test_the_bases_of_the_slips_are_good(in_empty_folder):
    for name, text in (("program", PROGRAM), ("chip", CHIP), ("whole_chip", LIBRARY_CHIP), ("generic", GENERIC)):
        path = written(in_empty_folder / f"{name}.yaml", text)
        assert checked(path, in_empty_folder / "said.txt")[0] == 0


def test_every_file_in_bad_is_read_here():
    assert {bad.claim for bad in FILES} | {"round_b.yaml"} == {path.name for path in FOLDER.iterdir()}


# ---- lawful, but too large for the chip ----------------------------------------------------------------------------

TOO_MANY_COMPARTMENTS = PROGRAM.replace("{size: 3,", "{size: 1000,").replace(
    f"weights: {MATRIX}", "kind: sparse, pre: [0], post: [0], weights: 10"
)
SMALL_MESH = "{extends: loihi1-davies2018, mesh: {width: 1, height: 1, cores_per_tile: 1}, core: {compartments: 100}}"
TOO_MANY_AXONS = PROGRAM.replace("loihi1-davies2018", "{extends: loihi1-davies2018, core: {axons_in: 2}}")

TOO_LARGE = [  # text, resource, needed, available, where
    # 1000 compartments in parts of 100 are 10, and 'motor' shares a core with none of them or is the eleventh.
    (TOO_MANY_COMPARTMENTS.replace("loihi1-davies2018", SMALL_MESH), "cores", 11, 1, "the chip"),
    # 'motor' listens to 3 relays; a core that takes 2 cannot hold even one of its compartments.
    (TOO_MANY_AXONS, "axons_in", 3, 2, "core"),
]


@pytest.mark.parametrize("text, resource_name, needed, available, place", TOO_LARGE, ids=["cores", "axons_in"])
def test_a_network_that_does_not_fit_says_what_is_exceeded_and_by_how_much(
    text, resource_name, needed, available, place, in_empty_folder
):
    path = written(in_empty_folder / "large.yaml", text)
    with pytest.raises(DoesNotFit) as caught:
        compile_program(program_file.read(path))
    violation = next(v for v in caught.value.violations if v.resource == resource_name)
    assert (violation.needed, violation.available) == (needed, available)
    assert violation.place.startswith(place) and violation.culprit and caught.value.remedies
    code, said = checked(path, in_empty_folder / "said.txt")
    assert code == 2 and "Does not fit" in said and len(said.splitlines()) <= 40
