"""The command 'map' and profiles: traffic before and after, the file taken back, and the picture."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import neuroemu
from neuroemu import mapped, profile
from neuroemu.cli import cli
from neuroemu.compiler import MappingOptions
from neuroemu.connect import Sparse
from neuroemu.errors import DoesNotFit, OutputError, ProblemsError, ProgramError
from neuroemu.mapping import METHODS
from neuroemu.network import LifRegisters, Network, Noise, Registers, Spikes, WeightFormat
from neuroemu.prepare import compile_program, program_of
from neuroemu.program import SpikesInput
from tests import naive_mapping


def program(mapping=None, steps=30):
    """60 neurons in groups of 10 that talk among themselves, numbered at random; those of the first group fire, as driven."""
    seed, n = np.random.default_rng(1), 60
    pre, number = np.repeat(np.arange(n), 6), seed.permutation(n)
    post = pre // 10 * 10 + seed.integers(0, 10, pre.size)
    stray = seed.random(pre.size) < 0.2
    post[stray] = seed.integers(0, n, stray.sum())
    network = (
        Network()
        .population("in", 10, Spikes("in"))
        .population("a", n, LifRegisters(4095, 4095, 20, noise=Noise(8)))
        .connect("in", "a", Sparse(np.arange(10), number[:10], 60.0), WeightFormat())
        .connect("a", "a", Sparse(number[pre], number[post], 2.0), WeightFormat())
    )
    step = np.repeat(np.arange(1, steps + 1), 10)
    inputs = {"in": SpikesInput(step, np.tile(np.arange(10), steps))}
    made = program_of(network, steps=steps, inputs=inputs, mapping=mapping or MappingOptions())
    mesh = replace(made.chip.mesh, width=3, height=3, cores_per_tile=1)
    return replace(made, chip=replace(made.chip, mesh=mesh, core=replace(made.chip.core, compartments=12)))


def test_the_traffic_is_that_of_the_synapses_and_the_seats():
    made = program(MappingOptions("grow", "anneal"))
    compiled = compile_program(made)
    weight = np.arange(70) % 7
    for each in (None, weight):
        found = mapped.traffic_of(compiled, each)
        assert found.packet_hops == naive_mapping.packet_hops(made.network, compiled, made.chip, each)
        assert found.loads.sum() == found.packet_hops  # every hop is a message on a link


def test_a_mapping_by_spikes_serves_the_spikes_better():
    made = program()
    report = neuroemu.run(made)
    spikes = np.bincount(report.traces.source, minlength=70)
    hops = {}
    for weigh_by in ("synapses", "spikes"):
        how = replace(made, mapping=MappingOptions("grow", "anneal", weigh_by=weigh_by, profile_steps=30))
        hops[weigh_by] = mapped.traffic_of(profile.compiled(how), spikes).packet_hops
        assert neuroemu.run(how).traces.source.tolist() == report.traces.source.tolist()
    assert hops["spikes"] <= hops["synapses"]


def test_the_spikes_of_a_run_and_of_a_run_of_its_own_are_the_same(tmp_path):
    made = program()
    report = neuroemu.run(made, tmp_path / "r")
    counted = np.bincount(report.traces.source, minlength=70).tolist()
    of_run = replace(made, mapping=MappingOptions(weigh_by="spikes", profile=str(tmp_path / "r")))
    own = replace(made, mapping=MappingOptions(weigh_by="spikes", profile_steps=30))
    assert profile.spikes(of_run).tolist() == profile.spikes(own).tolist() == counted
    shorter = profile.spikes(replace(own, mapping=replace(own.mapping, profile_steps=10)))
    assert shorter.tolist() == np.bincount(report.traces.source[report.traces.step <= 10], minlength=70).tolist()


def test_the_profile_of_another_network_is_refused(tmp_path):
    neuroemu.run(program(), tmp_path / "r")
    other = replace(program(), network=program().network.population("b", 1, LifRegisters()))
    other = replace(other, mapping=MappingOptions(weigh_by="spikes", profile=str(tmp_path / "r")))
    with pytest.raises(ProgramError) as error:
        profile.compiled(other)
    assert error.value.problems[0].path == "mapping.profile"
    with pytest.raises(OutputError):
        profile.compiled(replace(other, mapping=MappingOptions(weigh_by="spikes", profile=str(tmp_path / "none"))))


def test_the_picture_shows_every_core_and_population():
    made = program(MappingOptions("grow", "force"))
    found = mapped.mapped(made)
    text = mapped.picture(found)
    tree = ElementTree.fromstring(text)
    titles = [t.text for t in tree.iter("{http://www.w3.org/2000/svg}title")]
    for core in set(found.compiled.mapping.placement):
        assert any(t.startswith(f"core {core}: ") for t in titles)
    assert sum(t.startswith("core ") for t in titles) == len(set(found.compiled.mapping.placement))
    assert "a: 60 compartments" in "".join(tree.itertext())
    assert sum("messages" in t for t in titles) == min(60, np.count_nonzero(found.after.loads))


PROGRAM = """
neuroemu: 1
name: talk
chip: {extends: loihi1-davies2018, core: {compartments: 4}, mesh: {width: 2, height: 2, cores_per_tile: 1}}
network:
  populations:
    in: {size: 2, source: x}
    a: {size: 12, neuron: lif_registers, threshold: 10}
  connections:
    - {from: in, to: a, weights: 12}
    - {from: a, to: a, kind: random, fan_in: 3, weights: 2}
inputs: {x: {spikes: [[1, 0], [2, 1]]}}
run: {steps: 5}
"""


@pytest.fixture
def talk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = tmp_path / "talk.yaml"
    text.write_text(PROGRAM)
    return text


def command(*arguments):
    done = CliRunner().invoke(cli, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_map_writes_what_run_and_remap_take(talk):
    command("map", talk, "--set", "mapping.partition=grow", "--set", "mapping.placement=anneal", "-o", "m.json")
    content = json.loads(Path("m.json").read_text())
    assert ElementTree.parse("m.svg").getroot().tag.endswith("svg")
    after = content["traffic"]["after"]
    assert after["method"] == "grow, anneal" and after["packet_hops"] <= content["traffic"]["before"]["packet_hops"]
    command("run", talk, "--quiet", "--mapping", "m.json", "-o", "one")
    assert json.loads(Path("one/mapping.json").read_text())["parts"] == content["parts"]
    for part in content["parts"]:
        part["core"] = 3 - part["core"]
        del part["tile"]  # or the file would contradict itself
    Path("turned.json").write_text(json.dumps(content))
    command("remap", "one", "--mapping", "turned.json", "-o", "two")
    assert json.loads(Path("two/mapping.json").read_text())["parts"][0]["core"] == content["parts"][0]["core"]
    shown = json.loads(command("map", talk, "--profile", "one", "--json", "-o", "p.json"))
    assert shown["weighed_by"] == "spikes"


def test_what_is_mapped_and_profiled_may_be_trees():
    # 8 dendrites on 8 somas, 4 a core: in equal stretches of populations every tree is torn, layer by layer none is.
    n = 8
    network = (
        Network()
        .population("in", 1, Spikes("in"))
        .population("tip", n, Registers("dendrite", {"decay_u": 2048, "threshold": 1}))
        .population("cell", n, Registers("soma", {"threshold": 100}))
        .branch("tip", "cell")
        .connect("in", "tip", Sparse(np.zeros(n, int), np.arange(n), 200.0), WeightFormat())
    )
    spikes = {"in": SpikesInput(np.arange(1, 6), np.zeros(5, int))}
    how = MappingOptions("layer", weigh_by="spikes", profile_steps=10)
    made = program_of(network, steps=10, inputs=spikes, mapping=how)
    made = replace(made, chip=replace(made.chip, core=replace(made.chip.core, compartments=4)))
    with pytest.raises(ProblemsError):
        compile_program(replace(made, mapping=MappingOptions("equal")))
    found, traces = mapped.mapped(made), neuroemu.run(made).traces
    assert found.before_by == "layer, sequential" and found.weighed_by == "spikes"
    counted = np.bincount(traces.source, minlength=2 * n + 1)
    assert profile.spikes(made).tolist() == counted.tolist() and counted[n : 2 * n].all()


@pytest.mark.parametrize(
    "asked",
    [
        ("map",),
        ("map", "--profile", "short"),
        ("check", "--set", "mapping.weigh_by=spikes"),
        ("run", "--quiet", "--set", "mapping.weigh_by=spikes"),
    ],
    ids=" ".join,
)
def test_without_a_cache_nothing_is_kept(talk, tmp_path, monkeypatch, asked):
    monkeypatch.setenv("NEUROEMU_CACHE", str(tmp_path / "images"))
    command(asked[0], talk, *asked[1:], "--no-cache")
    assert not (tmp_path / "images").exists()
    command(asked[0], talk, *asked[1:])
    assert list((tmp_path / "images").iterdir())


def test_a_given_mapping_that_does_not_fit_is_told_with_what_does(talk):
    # 12 compartments on one core, which holds 4.
    parts = [{"population": "a", "compartments": [[0, 12]], "core": 0}]
    Path("one.json").write_text(json.dumps({"parts": parts}))
    done = CliRunner().invoke(cli, ["run", str(talk), "--quiet", "--mapping", "one.json", "-o", "r"])
    assert isinstance(done.exception, DoesNotFit)
    (remedy,) = (r for r in done.exception.remedies if any(s.startswith("mapping.partition=") for s in r.settings))
    assert "mapping.file=" in remedy.settings
    settings = [word for setting in remedy.settings for word in ("--set", setting)]
    for given in (
        ("--mapping", "one.json"),
        (),
    ):  # a --set of the same key is replaced by the remedy's, and not doubled
        command("run", talk, "--quiet", *given, *settings, "-o", "r", "--overwrite")
    both = CliRunner().invoke(cli, ["run", str(talk), "--set", "mapping.file=one.json", *settings])
    assert "'--set mapping.file=one.json' would be undone by '--set mapping.file='" in str(both.exception)


def test_the_mapping_of_a_chip_of_another_name_is_taken_and_told(talk):
    command("map", talk, "-o", "m.json")
    content = json.loads(Path("m.json").read_text())
    assert "was made for" not in command("run", talk, "--quiet", "--mapping", "m.json", "-o", "own")
    Path("m.json").write_text(json.dumps({**content, "chip": "another"}))
    assert "m.json was made for another" in command("run", talk, "--quiet", "--mapping", "m.json", "-o", "other")


@pytest.mark.parametrize("name", ["m.json", "m.svg", ".", "folder"])
def test_a_mapping_and_its_picture_are_both_written_or_neither(talk, name):
    Path("m.json").write_text("before")
    Path("folder").mkdir()
    Path("folder.svg").write_text("before")
    if name == "m.json":
        Path("m.svg").mkdir()
    before = sorted(Path().iterdir())
    done = CliRunner().invoke(cli, ["map", str(talk), "-o", name])
    assert isinstance(done.exception, OutputError), done.output
    assert sorted(Path().iterdir()) == before
    assert Path("m.json").read_text() == Path("folder.svg").read_text() == "before"


def test_the_users_own_file_is_named_where_it_cannot_be_written(talk):
    done = CliRunner().invoke(cli, ["map", str(talk), "-o", "nowhere/q.json"])
    assert isinstance(done.exception, OutputError)
    assert f"{Path('nowhere/q.json')} cannot be written" in str(done.exception)


def test_what_is_priced_again_quietly_says_no_progress(talk):
    command("run", talk, "--quiet", "-o", "one")
    for word in ("reprice", "remap"):
        loud, quiet = (CliRunner().invoke(cli, [word, "one", *more]) for more in ([], ["--quiet"]))
        assert (loud.exit_code, quiet.exit_code) == (0, 0)
        assert "neuroemu: pricing" in loud.stderr and quiet.stderr == "" and "energy" in quiet.stdout
    loud, quiet = (CliRunner().invoke(cli, ["map", str(talk), *more]) for more in ([], ["--quiet"]))
    assert "neuroemu: mapping" in loud.stderr and quiet.stderr == "" and "packet-hops" in quiet.stdout


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_method_of_a_program_gives_the_same_spikes(talk, method):
    pytest.importorskip("mtkahypar", reason="'best' is cut by mtkahypar")
    command("run", talk, "--quiet", "-o", "plain")
    command(
        "run", talk, "--quiet", "--set", f"mapping.method={method}", "--set", "mapping.weigh_by=spikes", "-o", "other"
    )
    one, other = (json.loads(Path(f"{name}/summary.json").read_text()) for name in ("plain", "other"))
    assert one["counts"] == other["counts"] if "counts" in one else one["spikes"] == other["spikes"]


def test_a_profile_without_weigh_by_spikes_is_told(talk):
    done = CliRunner().invoke(cli, ["check", str(talk), "--set", "mapping.profile=one"])
    assert isinstance(done.exception, ProgramError) and "weigh_by: spikes" in str(done.exception)
