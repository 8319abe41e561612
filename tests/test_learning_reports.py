"""What learning leaves behind: counts that are priced, the report's lines, weights.npz, and runs that are priced again."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import neuroemu
from neuroemu import Dense, Lif, Network, again
from neuroemu.costs import Activity, costs
from neuroemu.counters import Learned
from neuroemu.errors import OutputError, ProgramError
from neuroemu.events import LEARNING, Event
from neuroemu.files import program_file
from neuroemu.learning import Trace, learning
from neuroemu.report import saved

PROGRAM = """\
neuroemu: 1
name: small
chip: CHIP
network:
  populations:
    touch: {size: 2, source: taps}
    motor: {size: 3, neuron: lif_registers, threshold: 100}
  connections:
    - {from: touch, to: motor, weights: 40, format: {sign_mode: excitatory, exponent: 1}, learn: rule}
learning:
  rule: {dw: 2^0*x0*r1, dt: 2^1*x0, reward: treat, tag: 3}
inputs:
  taps: {spikes: [[1, 0], [4, 1], [6, 0]]}
  treat: {values: [[5]], encode: current}
run: {steps: 8}
probes: [{weights: touch->motor, every: 4}]
"""
# Each spike has the synapses of its axon onto three compartments read, with two products each, and adds 5.
READ, PRODUCTS = 9, 18


def program(tmp_path, text=PROGRAM, chip="loihi1-davies2018", overrides=()):
    path = tmp_path / "program.yaml"
    path.write_text(text.replace("CHIP", chip))
    return program_file.read(path, overrides)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """(report, its folder)"""
    folder = tmp_path_factory.mktemp("run")
    report = neuroemu.run(program(folder), folder / "run")
    return report, folder / "run"


def squeezed(text):
    return " ".join(str(text).split())


def test_what_was_learned_becomes_events(run):
    report, _ = run
    totals, learned = report.tally.totals, report.counters.learned.sum(axis=(0, 1))
    assert totals[Event.LEARN_READ] == totals[Event.LEARN_WRITE] == READ
    assert totals[Event.TRACE_UPDATE] == learned[Learned.TRACE]
    assert report.summary["learning"]["products"] == PRODUCTS


def test_every_view_of_the_tally_has_all_of_it(run):
    tally = run[0].tally
    for event in LEARNING:
        views = (tally.by_step, tally.by_core, tally.by_part, tally.by_population)
        assert len({int(view[..., event].sum()) for view in views}) == 1


def test_learning_is_priced_apart_from_inference(run):
    report, _ = run
    told = report.summary["learning"]
    assert told["energy_pj"] == pytest.approx(READ * 120)  # Davies 2018: 120 pJ an update
    assert report.summary["energy_pj"]["by_event"]["learn_write"] == pytest.approx(READ * 120)
    text = squeezed(report)
    assert f"{READ} x read, {PRODUCTS} products; {READ} x changed" in text
    inference = report.bill.dynamic - READ * 120
    assert f"inference {neuroemu.report.lines.show(inference, 'pJ')}" in text


def test_a_run_that_does_not_learn_says_nothing_of_it():
    report = neuroemu.run("quickstart")
    assert report.summary["learning"] is None and report.summary["weights"] == {}
    assert "learning" not in str(report).split("Not modelled")[0]


def test_without_a_price_learning_is_not_modelled(tmp_path):
    report = neuroemu.run(program(tmp_path, chip="loihi1-sanafe"))
    assert report.summary["learning"]["energy_pj"] is None
    assert "energy not modelled" in squeezed(report)
    assert "energy of learn_write" in report.summary["not_modelled"]


@pytest.mark.parametrize("mode", ["contended", "flit", "analytic", "simple"])
def test_learning_takes_its_time_after_the_messages(tmp_path, mode):
    prices = "{extends: loihi1-davies2018, prices: {learn_write: {time: 1 us, time_range: [1 us, 1 us]}}}"
    slow = neuroemu.run(replace(program(tmp_path, chip=prices), latency=mode))
    still = Activity(slow.activity.counts, slow.activity.step, slow.activity.source)
    without = costs(slow.wiring, still, slow.program.prices, mode)
    longer = slow.schedule.path_ns.sum(axis=1) - without.schedule.path_ns.sum(axis=1)
    learning = slow.tally.by_step[:, Event.LEARN_WRITE] > 0
    assert longer[learning].min() > 2000 and not longer[~learning].any()  # three writes of 1 us beside other work


def test_the_report_says_how_weights_moved(run):
    report, _ = run
    found = report.summary["weights"]["touch->motor"]
    assert found["before"] == {"mean": 40.0, "min": 40, "max": 40, "at_limits": 0}
    assert found["after"] == {"mean": 47.5, "min": 45, "max": 50, "at_limits": 0}
    assert (found["changed"], found["tags_changed"], found["limits"]) == (6, 6, [0, 255])
    assert "weights 40 -> 45..50, mean 40 -> 47.5; 6 of 6 changed, 0 at a limit (0 before); 6 tags changed" in squeezed(
        report
    )


def test_weights_at_a_limit_are_counted(tmp_path):
    report = neuroemu.run(program(tmp_path, overrides=("inputs.treat.values=[[-128]]",)))
    assert report.summary["weights"]["touch->motor"]["after"]["at_limits"] == 6


def test_weights_npz_has_the_weights_by_pair_and_by_synapse(run):
    _, folder = run
    arrays = dict(np.load(folder / "weights.npz"))
    assert arrays["touch->motor"].tolist() == [[50, 45]] * 3
    assert (arrays["touch->motor.effective"] == arrays["touch->motor"] * 2.0).all()
    assert arrays["touch->motor.pre"].tolist() == [0, 0, 0, 1, 1, 1]
    assert arrays["touch->motor.post"].tolist() == [0, 1, 2] * 2
    assert arrays["touch->motor.weight"].tolist() == [50] * 3 + [45] * 3
    assert arrays["touch->motor.tag"].tolist() == [7] * 3 + [5] * 3
    assert arrays["touch->motor.exponent"] == 1 and arrays["touch->motor.delay"].tolist() == [0] * 6
    assert arrays["touch->motor.tag_matrix"].tolist() == [[7, 5]] * 3


def test_weights_npz_has_what_was_probed(run):
    _, folder = run
    arrays = dict(np.load(folder / "weights.npz"))
    assert arrays["touch->motor.steps"].tolist() == [0, 4, 8]
    assert arrays["touch->motor.weights"][:, 0].tolist() == [40, 45, 50]
    assert arrays["touch->motor.tags"][:, 0].tolist() == [3, 5, 7]


def test_what_is_not_probed_has_no_history(tmp_path):
    report = neuroemu.run(program(tmp_path, PROGRAM.split("probes")[0]), tmp_path / "run")
    assert "touch->motor.steps" not in np.load(tmp_path / "run" / "weights.npz") and report.folder


def test_two_runs_write_the_same_weights(tmp_path):
    for name in ("one", "two"):
        neuroemu.run(program(tmp_path), tmp_path / name)
    one, two = ((tmp_path / name / "weights.npz").read_bytes() for name in ("one", "two"))
    assert one == two


def test_a_run_that_does_not_learn_has_no_weights(tmp_path):
    neuroemu.run("quickstart", tmp_path / "run")
    assert not (tmp_path / "run" / "weights.npz").exists()
    assert "weights.npz" not in json.loads((tmp_path / "run" / "manifest.json").read_text())["files"]


@pytest.mark.parametrize("how", ["by pair", "by synapse"])
def test_a_next_program_starts_with_what_was_learned(run, tmp_path, how):
    report, folder = run
    weights = f"{folder}/weights.npz#touch->motor"
    given = f"weights: {weights}" if how == "by pair" else ", ".join(
        ["kind: sparse", f"pre: {weights}.pre", f"post: {weights}.post", f"weights: {weights}.weight"]
    )  # fmt: skip
    again = neuroemu.run(program(tmp_path, PROGRAM.replace("weights: 40", given)))
    before, after = report.traces.synapses["touch->motor"], again.traces.synapses["touch->motor"]
    assert (after.weight[0] == before.weight[-1]).all()
    assert (after.weight[-1] - after.weight[0] == before.weight[-1] - before.weight[0]).all()


def test_two_connections_between_the_same_have_names_that_a_file_can_say(tmp_path):
    line = next(line for line in PROGRAM.splitlines() if "learn: rule" in line)
    neuroemu.run(program(tmp_path, PROGRAM.replace(line, f"{line}\n{line}")), tmp_path / "run")
    text = PROGRAM.replace("weights: 40", "weights: run/weights.npz#touch->motor#2")
    assert neuroemu.run(program(tmp_path, text)).traces.synapses["touch->motor"].weight[0].max() == 50


DELAYS = PROGRAM.replace("dw: 2^0*x0*r1, dt: 2^1*x0", "dd: 2^0*x0").replace(", reward: treat, tag: 3", "")
DELAYS = DELAYS.replace("  treat: {values: [[5]], encode: current}\n", "").replace("{weights:", "{delays:")


def test_delays_that_were_learned_are_probed_and_start_a_next_program(tmp_path):
    first = neuroemu.run(program(tmp_path, DELAYS), tmp_path / "run")
    arrays = dict(np.load(tmp_path / "run" / "weights.npz"))
    assert arrays["touch->motor.delays"][:, 0].tolist() == [0, 1, 2]
    assert arrays["touch->motor.delay_matrix"].tolist() == [[2, 1]] * 3
    text = DELAYS.replace("weights: 40", "weights: 40, delay: run/weights.npz#touch->motor.delay_matrix")
    again = neuroemu.run(program(tmp_path, text)).traces.synapses["touch->motor"]
    assert (again.delay[0] == first.traces.synapses["touch->motor"].delay[-1]).all()


def test_a_connection_named_like_a_field_of_another_is_refused(tmp_path):
    line = next(line for line in PROGRAM.splitlines() if "learn: rule" in line)
    named = [line.replace("weights: 40", f"weights: 40, name: {name}") for name in ("a", "a.weight")]
    text = PROGRAM.replace(line, "\n".join(named)).replace("{weights: touch->motor", "{weights: a")
    with pytest.raises(ProgramError) as error:
        program(tmp_path, text)
    assert ["taken for something of 'a'" in problem.what for problem in error.value.problems] == [True]


def test_an_old_run_that_learned_may_be_overwritten(tmp_path):
    report = neuroemu.run(program(tmp_path), tmp_path / "run")
    assert report.save(tmp_path / "run", overwrite=True) == tmp_path / "run"


def test_a_run_that_learned_is_read_back_whole(run):
    report, folder = run
    old = saved.read(folder)
    assert (old.activity.learned == report.counters.learned).all()
    assert old.activity.learned.dtype == report.counters.learned.dtype


def test_the_same_price_list_gives_the_same_costs_again(run):
    report, folder = run
    found = again.reprice(folder, *again.chip_of(folder, None))
    assert (found.costs.tally.by_step == report.tally.by_step).all()
    assert found.costs.bill.dynamic == report.bill.dynamic
    assert again.new_summary(found, folder)["learning"] == report.summary["learning"]


def test_another_price_of_learning_is_another_energy(run, tmp_path):
    report, folder = run
    chip, prices = again.chip_of(
        folder, None, ("prices.learn_read.energy=10 pJ", "prices.learn_read.energy_range=null")
    )
    found = again.reprice(folder, chip, prices)
    assert found.costs.bill.dynamic == pytest.approx(report.bill.dynamic + 10 * READ)
    again.write(found, folder, tmp_path / "again", False, [], False)
    assert (tmp_path / "again" / "weights.npz").read_bytes() == (folder / "weights.npz").read_bytes()


def test_a_remapped_run_has_learned_the_same(tmp_path):
    report = neuroemu.run(
        program(tmp_path, overrides=("mapping.parts={motor: 3}", "mapping.share_cores=false")), tmp_path / "run"
    )
    chip, prices = again.chip_of(tmp_path / "run", None)
    found = again.remap(tmp_path / "run", chip, prices, "sequential", True)
    for event in LEARNING:
        assert found.costs.tally.totals[event] == report.tally.totals[event]
    assert found.costs.tally.cores.size == 1 and report.tally.cores.size == 3


def test_a_chip_that_does_not_learn_does_not_price_a_run_that_did(run):
    _, folder = run
    with pytest.raises(ProgramError, match="it does not learn"):
        again.reprice(folder, *again.chip_of(folder, None, ("learning=false",)))


def test_a_run_of_the_format_before_is_still_read(tmp_path):
    import hashlib

    import h5py

    neuroemu.run("quickstart", tmp_path / "run")
    with h5py.File(tmp_path / "run" / "costs.h5", "r+") as file:
        text = file.attrs["head"].replace(f'"format": {saved.FORMAT}', '"format": 2')
        file.attrs["head"], file.attrs["head_sha256"] = text, hashlib.sha256(text.encode()).hexdigest()
        del file["learned"]
    assert saved.read(tmp_path / "run").activity.learned.size == 0


def test_counts_of_learning_that_were_changed_are_refused(run, tmp_path):
    import shutil

    import h5py

    shutil.copytree(run[1], tmp_path / "run")
    with h5py.File(tmp_path / "run" / "costs.h5", "r+") as file:
        file["learned"][0] = 7
    with pytest.raises(OutputError, match="'learned' is not what was written"):
        saved.read(tmp_path / "run")


def test_other_rewards_are_another_run(tmp_path, run):
    spikes = "inputs.treat={spikes: [[1, 0, %d]]}"
    reports = [neuroemu.run(program(tmp_path, overrides=(spikes % k,))) for k in (5, 6)]
    hashes = {report.summary["run_hash"] for report in (*reports, run[0])}
    assert len(hashes) == 3


def test_a_rewarded_program_is_mapped_for_its_spikes(tmp_path):
    report = neuroemu.run(program(tmp_path, overrides=("mapping.weigh_by=spikes", "mapping.profile_steps=4")))
    assert report.summary["learning"]["synapses_written"] == READ


def test_weights_stay_from_sample_to_sample(tmp_path):
    report = neuroemu.run(program(tmp_path, overrides=("inputs.treat.values=[[5], [1]]", "probes=[]")))
    assert report.samples == 2  # three spikes onto axons 0, 1, 0 add 5 each, then 1 each
    assert report.summary["weights"]["touch->motor"]["after"]["max"] == 40 + 2 * 5 + 2 * 1


def test_looks_that_do_not_fit_are_refused_before_the_run(tmp_path, monkeypatch):
    from neuroemu import budget
    from neuroemu.errors import TooLarge

    # 62 kB of looks beside 16 kB of counts
    monkeypatch.setattr(budget, "free_disk_bytes", lambda: 80_000)
    monkeypatch.setenv("NEUROEMU_MEMORY_MB", "0")
    given = program(tmp_path, overrides=("run.steps=1000", "probes=[{weights: touch->motor, every: 1}]"))
    with pytest.raises(TooLarge, match="larger 'every'"):
        neuroemu.run(given)


def test_the_float_network_is_told_not_to_learn(tmp_path):
    learns = learning(dw="2^0*x0*x1", traces={"x1": Trace(16, 5)})
    network = Network().population("a", 1, Lif(bias=0.4)).population("b", 1, Lif())
    network = network.connect("a", "b", Dense(0.3), learning=learns)
    report = neuroemu.run(network, steps=20, float_reference=True)
    assert "the float network does not learn" in squeezed(report)


def test_stdp_finds_the_inputs_that_fire_together():
    weights = neuroemu.run("stdp").traces.synapses["relay->detector"].weight[-1]
    assert weights[:4].min() == 255 and weights[4:].max() < 40
