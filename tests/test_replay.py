"""The recorded answers of independent references, through the replay tool itself."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neuroemu.chip import Constant
from neuroemu.costs import costs
from tools.replay import families, float_lif, learning, nir, sanafe_case, sanafe_costs, sanafe_network, sanafe_soma
from tools.replay.cases import load_case

ROOT = Path(__file__).resolve().parents[1]
VECTORS = ROOT / "tests" / "vectors" / "fixed_point"
WHOLE = ROOT.parent / "shared" / "golden" / "fixed_point"
SANAFE = ROOT / "tests" / "vectors" / "sanafe"


def replay(*arguments, tool="replay_vectors.py"):
    """(exit code, output) of the tool."""
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / tool, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_every_recorded_case_matches_bit_for_bit():
    code, output = replay("fixed_point", VECTORS)
    assert output.splitlines()[-1] == "36 of 36 cases match", output
    assert code == 0


def test_a_single_wrong_bit_is_found(tmp_path):
    case = json.loads((VECTORS / "lava_basic_s100.json").read_text())
    group = case["groups"][0]["name"]
    case["expected"][group]["v"][-1][0] ^= 1
    (tmp_path / "lava_basic_s100.json").write_text(json.dumps(case))
    code, output = replay("fixed_point", tmp_path)
    assert code == 1
    assert "v of compartment 0" in output and output.splitlines()[-1] == "0 of 1 cases match"


def test_an_empty_folder_is_no_success(tmp_path):
    assert replay("fixed_point", tmp_path)[0] == 1


FAMILIES = sorted(
    path.stem for path in VECTORS.glob("lava_*.json") if json.loads(path.read_text())["family"] in families.FAMILIES
)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_wrong_bit_in_any_record_of_any_model_is_found(name):
    case = load_case(VECTORS / f"{name}.json")
    assert families.replay_family(case) == ""
    for key, table in case["expected"].items():
        wrong = np.array(table)
        wrong.flat[-1] ^= 1
        assert families.replay_family({**case, "expected": {**case["expected"], key: wrong.tolist()}}) != "", key


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("lava_graded_vec_s100", "weights", 40000),
        ("lava_graded_vec_s100", "weights", 0.5),
        ("lava_graded_vec_s100", "data", 2**31),
    ],
)
def test_what_synapses_and_messages_cannot_hold_is_refused(name, key, value):
    case = load_case(VECTORS / f"{name}.json")
    table = np.array(case[key], float)
    table[0, 0] = value
    with pytest.raises(ValueError, match="bits"):
        families.replay_family({**case, key: table.tolist()})


@pytest.mark.parametrize("change", [{"du": 0.5}, {"vth": 400.5}, {"v0": 3}])
def test_floats_that_are_not_exact_in_integers_are_refused(change):
    case = load_case(VECTORS / "lava_lifrefractory_p5_s100.json")
    case["groups"][0].update(change)
    with pytest.raises(ValueError):
        float_lif.scaled(case)


def test_a_convolution_equals_the_sums_of_its_definition():
    # The kernel is flipped, and each half of the outputs sees its own half of the channels.
    rng = np.random.default_rng(1)
    given, weight = rng.integers(-9, 9, (7, 5, 4)), rng.integers(-9, 9, (6, 2, 3, 2))
    (sx, sy), (px, py), (dx, dy), groups = (2, 1), (1, 2), (3, 1), 2
    connector, shape = families.convolution(given.shape, weight, (sx, sy), (px, py), (dx, dy), groups)
    padded = np.pad(given, ((px, px), (py, py), (0, 0)))
    expected = np.zeros(shape, int)
    for x, y, o in np.ndindex(*shape):
        for i, j, c in np.ndindex(2, 3, 2):
            flipped = weight[o, 1 - i, 2 - j, c]
            expected[x, y, o] += flipped * padded[x * sx + i * dx, y * sy + j * dy, c + 2 * (o // 3)]
    synapses = connector.synapses((given.size,), (expected.size,), None)
    found = np.zeros(expected.size)
    np.add.at(found, synapses.post, synapses.weight * given.ravel()[synapses.pre])
    assert shape == (3, 7, 6)
    assert found.reshape(shape).tolist() == expected.tolist()


@pytest.mark.skipif(not WHOLE.is_dir(), reason="the whole corpus is not at hand")
def test_every_case_of_the_whole_corpus_matches():
    code, output = replay("fixed_point", WHOLE)
    cases = json.loads((WHOLE / "index.json").read_text())["cases"]
    assert output.splitlines()[-1] == f"{len(cases)} of {len(cases)} cases match", output
    assert code == 0 and sum(bool(case["portable"]) for case in cases) == 71


# ---- NIR -----------------------------------------------------------------------------------------------------------

NIR = ROOT / "tests" / "vectors" / "nir"


def test_networks_recorded_in_their_frameworks_spike_bit_for_bit_and_the_loihi_recording_matches():
    code, output = replay("nir", NIR)
    assert output.splitlines()[-1] == "6 of 6 cases match", output
    assert code == 0


@pytest.mark.parametrize("name", ["norse_conv_lifbox", "snntorch_rleaky_zero"])
def test_a_single_wrong_spike_of_any_layer_is_found(tmp_path, name):
    for end in (".nir", ".json"):
        (tmp_path / f"{name}{end}").write_bytes((NIR / f"{name}{end}").read_bytes())
    with np.load(NIR / f"{name}.npz") as stored:
        answers = {key: stored[key] for key in stored.files}
    for key in answers:
        if key == "input":
            continue
        wrong = answers[key].copy()
        wrong.flat[-1] += 1
        np.savez(tmp_path / f"{name}.npz", **{**answers, key: wrong})
        assert nir.difference(tmp_path / f"{name}.nir").startswith(key.replace("__", " of ")), key


def test_a_wrong_voltage_or_spike_of_the_chip_is_found(tmp_path):
    (tmp_path / "lif_norse.nir").write_bytes((NIR / "paper" / "lif_norse.nir").read_bytes())
    table = np.loadtxt(NIR / "paper" / "lif_lava_loihi_fixed.csv", delimiter=",")
    for row, column in ((100, 1), (461, 2), (700, 1)):
        wrong = table.copy()
        wrong[row, column] = 1 - wrong[row, column] if column == 2 else wrong[row, column] + 1
        np.savetxt(tmp_path / "lif_lava_loihi_fixed.csv", wrong, delimiter=",")
        assert f"at step {row + 1}" in nir.on_loihi(tmp_path)


@pytest.mark.skipif(not (WHOLE.parent / "nir").is_dir(), reason="the whole corpus is not at hand")
def test_every_case_of_nir_matches():
    code, output = replay("nir", WHOLE.parent / "nir")
    assert output.splitlines()[-1] == "11 of 11 cases match", output
    assert code == 0


# ---- SANA-FE -------------------------------------------------------------------------------------------------------


def test_what_sanafe_charged_is_what_we_charge():
    code, output = replay("sanafe", SANAFE)
    assert output.splitlines()[-1] == "5 of 5 cases match", output
    assert code == 0


def changed(folder, name, *keys, by):
    """The case with one recorded number changed."""
    case, results = (json.loads((SANAFE / f"{name}{end}").read_text()) for end in (".json", ".sanafe.json"))
    table = results
    for key in keys[:-1]:
        table = table[key]
    table[keys[-1]] += by * abs(table[keys[-1]]) if isinstance(table[keys[-1]], float) else by
    (folder / f"{name}.json").write_text(json.dumps(case))
    (folder / f"{name}.sanafe.json").write_text(json.dumps(results))
    return sanafe_case.read(folder / f"{name}.json")


@pytest.mark.parametrize("count", sanafe_costs.COUNTED)
def test_a_recorded_count_that_is_off_by_one_is_found(tmp_path, count):
    assert sanafe_costs.difference(changed(tmp_path, "13_broadcast", "counts", count, by=1)).startswith(count)
    step = sanafe_costs.COUNTED[count][0]
    if step != "packets":
        assert sanafe_costs.difference(changed(tmp_path, "13_broadcast", "per_step", step, 3, by=1)).startswith(step)


@pytest.mark.parametrize("part", ["total", "synapse", "soma", "network"])
def test_a_recorded_energy_that_is_off_by_a_millionth_is_found(tmp_path, part):
    assert "energy" in sanafe_costs.difference(changed(tmp_path, "17_inputs_multi_tile", "energy", part, by=1e-6))
    in_step = changed(tmp_path, "17_inputs_multi_tile", "per_step", f"{part}_energy", 3, by=1e-6)
    assert "energy of step 4" in sanafe_costs.difference(in_step)


def test_a_recorded_time_that_is_off_by_a_millionth_is_found(tmp_path):
    assert "simple time of the run" in sanafe_costs.difference(
        changed(tmp_path, "01_single_core_ff", "sim_time", "simple", by=1e-6)
    )
    in_step = changed(tmp_path, "01_single_core_ff", "per_step", "sim_time", "simple", 39, by=1e-6)
    assert "simple time of step 40" in sanafe_costs.difference(in_step)


def test_a_recorded_spike_that_the_soma_would_not_fire_is_found(tmp_path):
    case = sanafe_case.read(SANAFE / "13_broadcast.json")
    case.soma.fired[4, 0] ^= True
    assert "the soma of a_src.0" in sanafe_costs.difference(case)


def soma(steps, spikes=(), weight=0.0, **params):
    """(updated, fired) steps of one neuron, fed by an input that fires in the given steps."""
    groups = [dict(name="in", size=1, kind="input", params={}), dict(name="a", size=1, kind="lif", params=params)]
    recorded = np.zeros((steps, 2), bool)
    recorded[[step - 1 for step in spikes], 0] = True
    synapse = (np.array([0]), np.array([1]), np.array([weight]))
    found = sanafe_soma.driven(groups, np.array([True, False]), recorded, synapse)
    return [(np.flatnonzero(table[:, 1]) + 1).tolist() for table in found]


@pytest.mark.parametrize(
    ("expected", "params"),
    [
        # a bias of 10 a step against a threshold of 25: 10, 20, 30
        ([3, 6, 9], dict(threshold=25, bias=10)),
        ([3, 6, 8], dict(threshold=25, bias=10, reset_mode="soft")),  # 30 - 25 stays: 5, 15, 25, 35
        ([3, 4, 5, 6, 7, 8, 9], dict(threshold=25, bias=10, reset_mode="none")),
        ([4, 8], dict(threshold=30, bias=10)),  # 30 is not above 30
        ([3, 7], dict(threshold=25, bias=10, refractory_delay=2)),  # d blocks d - 1 steps
        ([3, 6, 9], dict(threshold=25, bias=10, refractory_delay=1)),
        ([], dict(threshold=25, bias=10, leak_decay=0.5)),  # 10, 15, 17.5, 18.75, ...
    ],
)
def test_the_soma_of_sanafe_by_hand(expected, params):
    updated, fired = soma(9, **params)
    assert (updated, fired) == (list(range(1, 10)), expected)


@pytest.mark.parametrize(
    ("mode", "fired"),
    # step 3 adds -10 + 17 to -20, to 0, to 0 (what is above -5 after -10 + 5), to -5
    [("none", []), ("hard", [3]), ("soft", []), ("saturate", [3])],
)
def test_a_soma_below_its_reverse_threshold(mode, fired):
    given = dict(threshold=1, bias=-10, reverse_threshold=-5, reverse_reset_mode=mode)
    assert soma(3, spikes=[2], weight=17.0, **given)[1] == fired


def test_a_soma_is_updated_while_it_has_charge_and_when_something_arrives():
    assert soma(6, spikes=[2], weight=3.0, threshold=100) == [[3, 4, 5, 6], []]
    assert soma(6, spikes=[2, 4], weight=0.0, threshold=100) == [[3, 5], []]
    # 4/64, 2/64, 1/64, then truncated to 0; that it is 0 is seen a step later
    assert soma(9, spikes=[2], weight=4 / 64, threshold=100, leak_decay=0.5) == [[3, 4, 5, 6], []]
    assert soma(3, threshold=100, force_update=True) == [[1, 2, 3], []]


SANAFE_CASES = sanafe_costs.case_files(SANAFE)


@pytest.mark.parametrize("path", SANAFE_CASES, ids=lambda path: path.stem)
def test_the_messages_of_a_case_take_as_long_under_sanafe_s_rule_as_it_recorded(path):
    case = sanafe_case.read(path)
    times = sanafe_network.detailed(case, sanafe_network.sent(case))
    assert times == pytest.approx(case.recorded["per_step"]["sim_time"]["detailed"], rel=1e-9)


@pytest.mark.parametrize("path", SANAFE_CASES[:4], ids=lambda path: path.stem)  # those with times of cycle
def test_contended_is_near_sanafe_s_cycle_with_its_buffers_and_its_halt(path):
    case = sanafe_case.read(path)
    messages = sanafe_network.sent(case)
    network = sanafe_network.fabric_of(case, 1.0, buffer=sanafe_network.CYCLE_QUEUE)
    times, _ = sanafe_network.contended(case, messages, network)
    simple = sanafe_costs.priced(case).schedule.step_ns / 1e9
    assert np.all(times >= simple * (1 - 1e-6))  # a bound: no core has less to do
    with_halt = (times + sanafe_network.halts(case, messages)).sum()
    assert with_halt == pytest.approx(case.recorded["sim_time"]["cycle"], rel=0.02)


@pytest.mark.parametrize("name", ["11_shared_row_links", "13_broadcast"])  # no input somas, whose spikes cost otherwise
def test_costs_makes_of_a_wiring_the_messages_that_sanafe_sends(name):
    case = sanafe_case.read(SANAFE / f"{name}.json")
    exact, _ = sanafe_network.contended(case, sanafe_network.sent(case), sanafe_network.fabric_of(case, 1.0))
    prices = replace(case.prices, slot_ns=Constant(1.0, None, None, "the clock of cycle", "estimate"))
    found = costs(case.wiring, case.activity, prices, "contended")
    assert found.schedule.step_ns / 1e9 == pytest.approx(exact, rel=1e-3)


def test_the_table_of_times_tells_where_contended_is_far_from_sanafe(tmp_path):
    code, output = replay(SANAFE, tool="contended_vectors.py")
    assert code == 0, output
    lines = output.splitlines()
    assert [line.split()[0] for line in lines[1:6]] == [path.stem for path in SANAFE_CASES]
    assert [line for line in lines if "of cycle" in line and line.startswith(("01_", "17_"))] == lines[-2:]
    changed(tmp_path, "13_broadcast", "per_step", "sim_time", "detailed", 3, by=1e-6)
    code, output = replay(tmp_path, tool="contended_vectors.py")
    assert code == 1 and "detailed rule gives other times" in output


@pytest.mark.skipif(not (WHOLE.parent / "sanafe").is_dir(), reason="the whole corpus is not at hand")
def test_every_case_of_sanafe_matches():
    code, output = replay("sanafe", WHOLE.parent / "sanafe")
    assert code == 0, output


# ---- learning ------------------------------------------------------------------------------------------------------

LEARNING = ROOT / "tests" / "vectors" / "learning"


def test_weights_tags_delays_and_traces_recorded_with_three_emulators_come_out_right():
    code, output = replay("learning", LEARNING)
    assert output.splitlines()[-1] == "10 of 10 cases match", output
    assert code == 0


@pytest.mark.parametrize("name", ["lava_26_graded_x1_add_sat", "lava_31_rstdp_3f_stochastic", "net_stdp_lif"])
def test_a_single_wrong_value_of_learning_is_found(name):
    case = json.loads((LEARNING / f"{name}.json").read_text())
    for key in case["expected"]:
        wrong = np.array(case["expected"][key])
        wrong.flat[-1] += 1
        changed = {**case, "expected": {**case["expected"], key: wrong.tolist()}}
        assert learning._replay(changed).startswith(key), key


def learning_case(name):
    return json.loads((LEARNING / f"{name}.json").read_text())


@pytest.mark.parametrize(
    ("key", "step", "by", "said"),
    [
        ("x1", 40, 2, "synapse 3: x1 at step 41"),
        ("x1", 119, -2, "synapse 3: x1 at step 120"),
        ("y2", 60, 2, "synapse 3: y2 at step 61"),
        ("w", 80, 8, "synapse 3: w at step 81"),
    ],
)
def test_a_value_of_brian2_loihi_that_is_neither_rounding_is_found(key, step, by, said):
    case = learning_case("b2_triplet_lowprec")
    case["first4"][key][step][3] += by
    assert learning._replay(case).startswith(said)


@pytest.mark.parametrize(("table", "key"), [("mean", "w"), ("mean", "x1"), ("std", "y1")])
def test_a_statistic_of_brian2_loihi_that_is_off_is_found(table, key):
    case = learning_case("b2_decay_uk")
    wrong = np.array(case[table][key])
    at = int(np.argmax(case["std"][key]))
    wrong[at] += 0.4 * case["std"][key][at]  # of 1000 repeats, 9 standard errors of a difference to 4000 more
    case[table][key] = wrong.tolist()
    assert learning._replay(case).startswith(f"{'mean' if table == 'mean' else 'variance'} of {key} at step {at + 1}")


@pytest.mark.parametrize("what", ["post", "w"])
def test_a_wrong_spike_or_weight_in_the_network_of_brian2_loihi_is_found(what):
    case = learning_case("own_brian2_loihi_network")
    wrong = np.array(case[what])
    wrong.flat[-1] ^= 1
    assert f"at step {len(wrong)}" in learning._replay({**case, what: wrong.tolist()})


def test_a_weight_or_trace_of_nengo_loihi_that_is_neither_rounding_is_found():
    case = learning_case("nengo_pes")
    case["updates"][7]["w_after"][6][1] += 2 << 11
    case["updates"][8]["w_before"][6][1] += 2 << 11
    assert learning._replay(case).startswith("synapse 13: w at step 32")
    case = learning_case("nengo_pes")
    for step in case["trace_steps"][37:39]:
        step["after"][6] += 2
    assert learning._replay(case).startswith("synapse 12: x1 at step 38")


@pytest.mark.skipif(not (WHOLE.parent / "learning").is_dir(), reason="the whole corpus is not at hand")
def test_every_case_of_learning_matches():
    code, output = replay("learning", WHOLE.parent / "learning")
    assert output.splitlines()[-1] == "46 of 46 cases match", output
    assert code == 0
