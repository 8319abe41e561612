"""What program files say of compartments, ports, delays, payloads and trees, and that it is what runs."""

from __future__ import annotations

import numpy as np
import pytest

import neuroemu
from neuroemu import Dense, Lif, Network, Registers, Spikes, SpikesInput, WeightFormat
from neuroemu.compartments import BUILT_IN, find
from neuroemu.errors import ProgramError
from neuroemu.files import program_file


def read(folder, populations, connections="[]", inputs="{kick: {spikes: [[1, 0]]}}", rest=""):
    (folder / "p.yaml").write_text(
        f"neuroemu: 1\nname: p\nchip: loihi1-davies2018\nnetwork:\n  populations: {{in: {{size: 1, source: kick}}, "
        f"{populations}}}\n  connections: {connections}\ninputs: {inputs}\nrun: {{steps: 20}}\n{rest}"
    )
    return program_file.read(folder / "p.yaml")


@pytest.mark.parametrize("name", sorted(set(BUILT_IN) - {"lif"}))
def test_every_model_can_be_written_by_its_fields(tmp_path, name):
    fields = find(name).fields
    shown = ", ".join(f"{key}: {field.default}" for key, field in fields.items() if field.default is not None)
    program = read(tmp_path, f"cell: {{size: 2, neuron: {name}, {shown}}}", "[{from: in, to: cell, weights: 2}]")
    model = program.network["cell"].model
    assert isinstance(model, Registers) and model.model == name
    assert dict(model.values) == {key: field.default for key, field in fields.items() if field.default is not None}


def test_a_field_that_no_model_has_is_refused_with_those_it_has(tmp_path):
    with pytest.raises(ProgramError, match=r"unknown key 'vht'.*Allowed: .*vth.*Try: 'vth'"):
        read(tmp_path, "cell: {size: 2, neuron: sigma_delta, vht: 3}")


def test_a_value_out_of_its_range_is_refused_with_the_line(tmp_path):
    program = read(tmp_path, "cell: {size: 2, neuron: if, threshold: -4}")
    with pytest.raises(neuroemu.ProblemsError, match=r"p\.yaml:5:.*threshold is -4.*Allowed: whole numbers 0"):
        neuroemu.run(program)


def test_an_axonal_delay_waits_on_top_of_the_synapse(tmp_path):
    lif = "neuron: lif_registers, threshold: 1"
    program = read(
        tmp_path.parent,
        f"cell: {{size: 1, {lif}, axon_delay: 4 ms}}, next: {{size: 1, {lif}}}",
        "[{from: in, to: cell, weights: 2, delay: 1}, {from: cell, to: next, weights: 2, delay: 2}]",
    )
    report = neuroemu.run(program)
    # Step 1 + 1 + 1, then 3 + 1 + 4 + 2.
    assert [report.spikes(name)[0].tolist() for name in ("cell", "next")] == [[3], [10]]


def test_axonal_delays_may_differ_by_compartment():
    net = Network().population("in", 3, Spikes("kick"), axon_delay=np.array([0, 5, 2]))
    net = net.population("a", 3, Registers("lif", {})).connect("in", "a", Dense(np.eye(3) * 2), WeightFormat())
    kick = SpikesInput(np.array([1, 1, 1]), np.array([0, 1, 2]))
    report = neuroemu.run(net, chip="loihi1-davies2018", steps=10, inputs={"kick": kick})
    assert dict(zip(report.spikes("a")[1].tolist(), report.spikes("a")[0].tolist(), strict=True)) == {0: 2, 1: 7, 2: 4}


@pytest.mark.parametrize("delay", ["99", "[1, 2]", "-1", "{uniform: [0, 3]}", "1.5"])
def test_a_delay_that_is_none_is_refused(tmp_path, delay):
    with pytest.raises(neuroemu.ProblemsError, match="delay"):
        program = read(
            tmp_path,
            f"cell: {{size: 1, neuron: lif, axon_delay: {delay}}}",
            "[{from: in, to: cell, weights: 1}, {from: cell, to: cell, weights: 1}]",
        )
        neuroemu.run(program)


@pytest.mark.parametrize("axon", ["-1", "[-1, 3]"])
def test_an_axonal_delay_below_0_is_told_with_its_line(tmp_path, axon):
    with pytest.raises(ProgramError) as error:
        read(tmp_path, f"cell: {{size: 2, neuron: lif, axon_delay: {axon}}}")
    (problem,) = error.value.problems
    assert (problem.line, problem.path) == (5, "network.populations.cell.axon_delay") and "-1 steps" in problem.what


def test_no_axonal_delay_makes_up_for_a_delay_below_0(tmp_path):
    program = read(
        tmp_path,
        "cell: {size: 1, neuron: lif, axon_delay: 4}",
        "[{from: in, to: cell, weights: 1}, {from: cell, to: cell, weights: 1, delay: -2}]",
    )
    with pytest.raises(ProgramError, match=r"connections\[1\].*a delay of -2 steps.*axon_delay"):
        neuroemu.run(program)


def test_a_delay_too_long_for_the_chip_names_its_axonal_part(tmp_path):
    program = read(
        tmp_path,
        "cell: {size: 1, neuron: lif, axon_delay: 60}",
        "[{from: in, to: cell, weights: 1}, {from: cell, to: cell, weights: 1, delay: 9}]",
    )
    with pytest.raises(
        neuroemu.ProblemsError, match=r"a delay of 69 steps, axon_delay of 'cell' \(up to 60\) included"
    ):
        neuroemu.run(program)


def test_payloads_are_multiplied_into_graded_synapses_and_no_others(tmp_path):
    program = read(
        tmp_path,
        "plain: {size: 1, neuron: graded_vec}, graded: {size: 1, neuron: graded_vec}",
        "[{from: in, to: plain, weights: 2, format: {}}, {from: in, to: graded, weights: 2, format: {message_bits: 24}}]",
        "{kick: {spikes: [[1, 0, 70000], [2, 0, -3], [3, 0, 0]]}}",
    )
    report = neuroemu.run(program)
    image, traces = report.compiled.image, report.traces
    first = dict(zip(image.names, image.blocks.first.tolist(), strict=True))
    payloads = {name: traces.of(first[name], 1)[2].tolist() for name in image.names}
    assert payloads == {"plain": [2, 2], "graded": [140000, -6]}  # a payload of 0 is no spike


def test_payloads_come_from_csv_and_npz_too(tmp_path):
    (tmp_path / "s.csv").write_text("step,channel,payload\n1,0,5\n3,0,-7\n")
    np.savez(tmp_path / "s.npz", s=np.array([[1, 0, 5], [3, 0, -7]]))
    for given in ("s.csv", "s.npz#s"):
        program = read(tmp_path, "cell: {size: 1, neuron: delta}", inputs=f"{{kick: {{spikes: '{given}'}}}}")
        assert program.inputs["kick"].payload.tolist() == [5, -7]


@pytest.mark.parametrize("row", ["1,0", "1,0,x", "1,0,5,6", "1,-1,5"])
def test_a_row_unlike_the_others_is_refused(tmp_path, row):
    (tmp_path / "s.csv").write_text(f"1,0,5\n{row}\n")
    with pytest.raises(ProgramError, match=r"s\.csv:2: found"):
        read(tmp_path, "cell: {size: 1, neuron: delta}", inputs="{kick: {spikes: s.csv}}")


def test_a_soft_reset_keeps_what_was_above_the_threshold(tmp_path):
    # 1.75 into a threshold of 1.0 that forgets nothing: .75 is left, then 2.5 - 1 = 1.5, which stays above it.
    found = {}
    for reset in ("zero", "subtract"):
        program = read(
            tmp_path,
            f"cell: {{size: 1, neuron: lif, threshold: 1.0, reset: {reset}}}",
            "[{from: in, to: cell, weights: 1.75}]",
            "{kick: {spikes: [[1, 0], [4, 0]]}}",
            "report: {float_reference: true}\n",
        )
        report = neuroemu.run(program)
        found[reset] = report.spikes("cell")[0].tolist()
        assert report.float_run.spikes == len(found[reset])
    assert found == {"zero": [2, 5], "subtract": [2, 5, 6]}


def test_a_readout_integrates_and_never_spikes(tmp_path):
    program = read(
        tmp_path,
        "cell: {size: 1, neuron: lif, spikes: false}",
        "[{from: in, to: cell, weights: 1.0}]",
        "{kick: {spikes: [[1, 0], [2, 0], [3, 0]]}}",
        "probes: [cell.v]\n",
    )
    report = neuroemu.run(program)
    v = report.traces.v["cell"][:, 0]
    assert report.spikes("cell")[0].size == 0
    assert v[5] == 3 * v[1] > 0  # nothing leaks, nothing resets


def test_threads_are_only_a_matter_of_time(tmp_path):
    one, two = (neuroemu.run("quickstart", threads=threads) for threads in (1, 2))
    assert np.array_equal(one.traces.source, two.traces.source)
    assert np.array_equal(one.counters.counts, two.counters.counts)


def test_a_float_twin_of_payloads_is_refused(tmp_path):
    program = read(
        tmp_path,
        "cell: {size: 1, neuron: lif}",
        "[{from: in, to: cell, weights: 1.0}]",
        "{kick: {spikes: [[1, 0, 3]]}}",
        "report: {float_reference: true}\n",
    )
    with pytest.raises(ProgramError, match="payloads"):
        neuroemu.run(program)


def test_one_to_one_models_in_python_are_those_of_files(tmp_path):
    program = read(tmp_path, "cell: {size: 1, neuron: lif, tau_mem: 10 ms}")
    assert program.network["cell"].model == Lif(tau_mem_ms=10.0)
