"""Program files: what a good one means, --set, and that a damaged one is never worse than a NeuroemuError."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from neuroemu import connect, encode, library
from neuroemu.errors import NeuroemuError, ProblemsError, ProgramError
from neuroemu.events import Event
from neuroemu.files import marked_yaml, program_file
from neuroemu.files.chip_schema import ChipSpec
from neuroemu.files.program_schema import ProgramSpec
from neuroemu.network import Lif, LifRegisters, Noise, Spikes, WeightFormat
from neuroemu.prepare import compile_program
from neuroemu.program import DataInput, SpikesInput, ValuesInput

SMALL = """\
neuroemu: 1
name: small
chip: loihi1-davies2018
network:
  step: 1 ms
  populations:
    touch: {size: 2, source: taps}
    relay: {size: 3, neuron: lif}
  connections:
    - {from: touch, to: relay, weights: 0.5}
inputs:
  taps: {spikes: [[1, 0], [2, 1]]}
run: {steps: 10}
"""


@pytest.fixture
def read(tmp_path):
    """read(good, other, ..., overrides=()): SMALL with each `good` replaced by the `other` behind it, read from a file."""

    def read_small(*swaps: str, overrides: tuple[str, ...] = (), **more):
        text = SMALL
        for good, other in zip(swaps[::2], swaps[1::2], strict=True):
            assert text.count(good) == 1
            text = text.replace(good, other)
        (tmp_path / "small.yaml").write_text(text)
        return program_file.read(tmp_path / "small.yaml", overrides, **more)

    return read_small


@pytest.mark.parametrize("name", library.names("programs"))
def test_every_program_of_the_library_reads_and_bears_the_name_of_its_file(name):
    assert program_file.read(name, allow_code=True).name == name.split("/")[-1]


def test_what_is_left_out_has_its_default(read):
    program = read()
    assert (program.seed, program.steps, program.samples, program.fresh_samples) == (0, 10, None, True)
    assert (program.decode, program.network.probes, program.float_reference) == (None, (), False)


def test_populations_are_read_in_their_order(read):
    network = read().network
    assert network.names() == ["touch", "relay"]
    assert network["touch"].model == Spikes("taps") and network["relay"].model == Lif()


def test_times_become_milliseconds(read):
    model = read("neuron: lif", "neuron: lif, tau_mem: 0.01 s, tau_syn: 500 us, refractory: 2 ms")
    assert model.network["relay"].model == Lif(tau_mem_ms=10.0, tau_syn_ms=0.5, refractory_ms=2.0)


def test_a_time_constant_may_be_infinite(read):
    assert read("neuron: lif", "neuron: lif, tau_mem: inf").network["relay"].model.tau_mem_ms == float("inf")


def test_a_value_may_be_one_for_all_or_one_a_compartment(read):
    model = read("neuron: lif", "neuron: lif, threshold: 2, bias: [1, 2, 3]").network["relay"].model
    assert model.threshold == 2.0 and model.bias.tolist() == [1, 2, 3]


def test_registers_are_read_as_they_are(read):
    model = (
        read("neuron: lif", "neuron: lif_registers, decay_u: 1, v_min: -64, noise: {exponent: 7}")
        .network["relay"]
        .model
    )
    assert isinstance(model, LifRegisters)
    assert (model.decay_u, model.v_min, model.v_max, model.noise) == (1.0, -64.0, None, Noise(7))


def test_a_shape_is_kept(read):
    assert read("size: 3", "shape: [1, 3, 2]").network["relay"].shape == (1, 3, 2)


def test_arrays_are_looked_for_beside_the_program(read, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    np.savez(tmp_path / "w.npz", w=[[1, 2], [3, 4], [5, 6]])
    program = read("weights: 0.5", 'weights: "w.npz#w"')
    assert program.network.projections[0].connector.weights.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert program.files == (tmp_path / "w.npz",)


# ---- connections ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written, connector",
    [
        ("weights: 2", connect.Dense(2.0)),
        ("weights: {uniform: [0, 1]}", connect.Dense(connect.Uniform(0.0, 1.0))),
        (
            "weights: {normal: [0, 1]}, delay: {uniform: [1, 3]}",
            connect.Dense(connect.Normal(0, 1), connect.Uniform(1, 3)),
        ),
        ("kind: one_to_one, weights: 2", connect.OneToOne(2.0)),
        ("kind: random, fan_in: 2, weights: 1", connect.Random(1.0, None, 2)),
        ("kind: random, probability: 1, weights: 1", connect.Random(1.0, 1.0)),
    ],
)
def test_a_kind_of_connection_is_its_connector(written, connector, read):
    assert read("weights: 0.5", written).network.projections[0].connector == connector


def test_a_sparse_connection_lists_its_pairs(read):
    made = (
        read("weights: 0.5", "kind: sparse, pre: [0, 1], post: [2, 0], weights: [1, 2]")
        .network.projections[0]
        .connector
    )
    assert (made.pre.tolist(), made.post.tolist(), made.weights.tolist()) == ([0, 1], [2, 0], [1, 2])


@pytest.mark.parametrize("delay, steps", [("2", 2), ("3 ms", 3), ("2.6 ms", 3), ("0.002 s", 2), ("0 ms", 0)])
def test_a_delay_is_steps_or_a_time_rounded_to_steps(delay, steps, read):
    assert read("weights: 0.5", f"weights: 0.5, delay: {delay}").network.projections[0].connector.delays == steps


def test_a_delay_as_a_time_counts_in_the_steps_of_the_network(read):
    program = read("step: 1 ms", "step: 0.5 ms", "weights: 0.5", "weights: 0.5, delay: 3 ms")
    assert program.network.projections[0].connector.delays == 6


def test_a_weight_format_is_read(read):
    program = read(
        "neuron: lif", "neuron: lif_registers", "weights: 0.5", "weights: 5, format: {bits: 4, exponent: -2}"
    )
    assert program.network.projections[0].format == WeightFormat(4, -2)


# ---- inputs and outputs --------------------------------------------------------------------------------------------


def spikes_of(program) -> list[tuple[int, int]]:
    given = program.inputs["taps"]
    assert isinstance(given, SpikesInput)
    return list(zip(given.step.tolist(), given.channel.tolist(), strict=True))


def test_listed_spikes_are_sorted_and_once_each(read):
    assert spikes_of(read("[[1, 0], [2, 1]]", "[[9, 1], [1, 0], [9, 1]]")) == [(1, 0), (9, 1)]


@pytest.mark.parametrize(
    "text", ["1,0\n2,1\n", "step,channel\n1,0\n2,1\n", "step, channel\n\n 1 , 0\n2,1", "\ufeff1,0\r\n2,1\r\n"]
)
def test_spikes_are_read_from_csv_with_or_without_a_header(text, read, tmp_path):
    (tmp_path / "s.csv").write_text(text, newline="")
    program = read("[[1, 0], [2, 1]]", "s.csv")
    assert spikes_of(program) == [(1, 0), (2, 1)]
    assert program.files == (tmp_path / "s.csv",)


def test_spikes_are_read_from_npz(read, tmp_path):
    np.savez(tmp_path / "s.npz", s=np.array([[2, 1], [1, 0]], np.uint8))
    assert spikes_of(read("[[1, 0], [2, 1]]", "s.npz#s")) == [(1, 0), (2, 1)]


def test_values_of_one_sample_need_no_outer_list(read):
    given = read("{spikes: [[1, 0], [2, 1]]}", "{values: [0.5, 1]}").inputs["taps"]
    assert isinstance(given, ValuesInput) and given.values.tolist() == [[0.5, 1]]


@pytest.mark.parametrize(
    "written, encoder",
    [
        ("encode: bernoulli, gain: 2", encode.Bernoulli(2.0)),
        ("encode: latency, tau: 2 ms, linear: true", encode.Latency(2.0, 0.01, True)),
    ],
)
def test_an_encoder_is_read_with_its_own_keys(written, encoder, read):
    assert read("{spikes: [[1, 0], [2, 1]]}", f"{{values: [0.5, 0.4], {written}}}").inputs["taps"].encoder == encoder


def test_a_data_set_that_reaches_1_has_no_gain_above_it(read):
    with pytest.raises(ProgramError) as caught:
        read("{spikes: [[1, 0], [2, 1]]}", "{data: sklearn:digits, gain: 2}")
    (problem,) = (problem for problem in caught.value.problems if problem.path == "inputs.taps.gain")
    assert problem.allowed == "0..1" and problem.line == 12


def test_a_signal_through_delta_has_values_by_step(read):
    values = str([[0.0]] * 10)
    given = read("{spikes: [[1, 0], [2, 1]]}", f"{{values: {values}, encode: delta}}").inputs["taps"]
    assert given.values.shape == (1, 10, 1) and given.encoder == encode.Delta()


def test_a_data_set_is_named_and_not_loaded():
    given = program_file.read("digits").inputs["digits"]
    assert isinstance(given, DataInput) and (given.split.side, given.split.test_size) == ("test", 540)


def test_more_samples_than_an_input_has_are_refused(read):
    with pytest.raises(ProgramError) as caught:
        read("{spikes: [[1, 0], [2, 1]]}", "{values: [[0, 1], [1, 0]]}", "steps: 10", "steps: 10, samples: 3")
    (problem,) = caught.value.problems
    assert (problem.path, problem.allowed) == ("run.samples", "1..2, all")


@pytest.mark.parametrize(
    "index, compartments",
    [
        ("", None),
        ("[1]", [1]),
        ("[0:2]", [0, 1]),
        ("[1:]", [1, 2]),
        ("[::2]", [0, 2]),
        ("[2,0]", [2, 0]),
        ("[ 0 , 1 ]", [0, 1]),
    ],
)
def test_a_probe_takes_all_one_a_stretch_or_a_list(index, compartments, read):
    (probe,) = read("run:", f'probes: ["relay.v{index}"]\nrun:').network.probes
    assert (probe.population, probe.observable) == ("relay", "v")
    assert (None if probe.index is None else probe.index.tolist()) == compartments


def test_places_lead_back_to_the_file(read, tmp_path):
    places = read().places
    assert (places["relay"].line, places["relay"].path) == (8, "network.populations.relay")
    assert (places["touch->relay"].line, places["touch->relay"].path) == (10, "network.connections[0]")


# ---- --set ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "override, found",
    [
        ("run.steps=7", lambda p: p.steps == 7),
        ("seed=18446744073709551615", lambda p: p.seed == 2**64 - 1),
        ("name=other", lambda p: p.name == "other"),
        ("network.step=0.5 ms", lambda p: p.network.step_ms == 0.5),
        ("network.populations.relay.size=4", lambda p: p.network["relay"].size == 4),
        ("network.connections.0.weights=2", lambda p: p.network.projections[0].connector.weights == 2.0),
        ("inputs.taps={spikes: [[3, 1]]}", lambda p: spikes_of(p) == [(3, 1)]),
        ("probes=[relay.v]", lambda p: p.network.probes[0].observable == "v"),
        ("mapping.parts.relay=2", lambda p: p.mapping.parts == {"relay": 2}),
        ("chip=loihi1-sanafe", lambda p: p.chip.name == "loihi1-sanafe"),
        ("chip.mesh.width=3", lambda p: p.chip.mesh.width == 3 and p.chip.mesh.height == 4),
        ("chip.prices.tile_out.energy=5 pJ", lambda p: p.prices.energy_pj[Event.TILE_OUT].value == 5.0),
        ("chip.barrier.time.1=5 ns", lambda p: p.prices.barrier.points == ((1, 5.0),)),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_set_lays_a_value_over_the_file(override, found, read):
    assert found(read(overrides=(override,)))


def test_an_index_without_quotes_is_told_to_need_them(read):
    with pytest.raises(ProgramError) as caught:
        read(overrides=("probes=[relay.v[0:1]]",))
    (problem,) = caught.value.problems
    assert problem.remedy == 'quotes around it: "relay.v[0:1]"'
    assert read(overrides=('probes=["relay.v[0:1]"]',)).network.probes[0].index.tolist() == [0]


@pytest.mark.parametrize(
    ("overrides", "more", "both"),
    [
        (("run.steps=7", "seed=1", "run.steps=8"), {}, ("--set run.steps=7", "--set run.steps=8")),
        (("chip.mesh.width=2", "chip=loihi1-sanafe"), {}, ("--set chip.mesh.width=2", "--set chip=loihi1-sanafe")),
        (("run.steps=7",), {"steps": 9}, ("--set run.steps=7", "--steps 9")),
        (("seed=7",), {"seed": 9}, ("--set seed=7", "--seed 9")),
    ],
)
def test_a_setting_that_another_would_undo_is_refused_and_both_are_named(read, overrides, more, both):
    with pytest.raises(ProgramError) as caught:
        read(overrides=overrides, **more)
    (problem,) = caught.value.problems
    assert all(f"'{each}'" in problem.what for each in both) and problem.path == overrides[0].partition("=")[0]


def test_a_setting_inside_of_what_another_set_is_laid_over_it(read):
    program = read(overrides=("chip=loihi1-sanafe", "chip.mesh.width=2"), seed=5, steps=9)
    assert program.chip.mesh.width == 2 and (program.seed, program.steps) == (5, 9)


def test_a_price_changed_by_set_says_so(read):
    source = read(overrides=("chip.prices.tile_out.energy=5 pJ",)).prices.energy_pj[Event.TILE_OUT].source
    assert source.startswith("changed in --set chip.prices.tile_out.energy=5 pJ, before: Davies 2018")


@pytest.mark.parametrize(
    "override, what, path",
    [
        ("steps", "not of the form KEY=VALUE", ""),
        ("=5", "not of the form KEY=VALUE", ""),
        ("run.steps=ten", "found 'ten'", "run.steps"),
        ("run.steps=1:30", "found '1:30'", "run.steps"),
        ("run.stops=5", "unknown key 'stops'", "run.stops"),
        ("name.first=x", "'name' is not a mapping", ""),
        ("network.connections.1.weights=2", "has no '1'", ""),
        ("network.connections.²=2", "has no '²'", ""),
        ("chip.mesh.width=0", "found 0", "chip.mesh.width"),
        ("about=[", "is not YAML", ""),
        ("about=" + "[" * 5000, "nested more than 40 deep", ""),
        ("about=&a [*a]", "an anchor contains itself", "[0]"),
        ("about=!!python/name:os.system ''", "is not supported", ""),
    ],
    ids=lambda given: given[:40],
)
def test_a_wrong_setting_is_placed_on_the_command_line(override, what, path, read):
    with pytest.raises(ProblemsError) as caught:
        read(overrides=(override,))
    (problem,) = caught.value.problems
    assert what in problem.what and problem.path == path
    assert problem.file.startswith("--set " + override[:20]) and problem.line is None


def test_what_a_setting_replaces_leaves_no_marks(read):
    with pytest.raises(ProblemsError) as caught:
        read(overrides=("network.populations.relay={size: 0, neuron: lif}",))
    assert [problem.line for problem in caught.value.problems] == [None]


# ---- damaged files -------------------------------------------------------------------------------------------------

QUICKSTART = library.find("programs", "quickstart").read_text()
CHARACTERS = st.sampled_from(list("abz 019.,:-#[]{}\"'&*!|>%@~\t\n\\é\x00"))
EDITS = st.tuples(st.sampled_from(["delete", "insert", "replace"]), st.integers(0, len(QUICKSTART)), CHARACTERS)
LINE_EDITS = st.tuples(
    st.sampled_from(["delete", "double", "swap", "indent", "cut"]), st.integers(0, 100), st.integers(0, 100)
)


def edited(text: str, edits: list[tuple[str, int, str]]) -> str:
    for what, position, character in edits:
        kept = position + (what != "insert")
        text = text[:position] + (character if what != "delete" else "") + text[kept:]
    return text


def edited_by_line(text: str, edits: list[tuple[str, int, int]]) -> str:
    lines = text.splitlines()
    for what, first, second in edits:
        i, j = first % len(lines), second % len(lines)
        if what == "delete" and len(lines) > 1:
            del lines[i]
        elif what == "double":
            lines.insert(j, lines[i])
        elif what == "swap":
            lines[i], lines[j] = lines[j], lines[i]
        elif what == "indent":
            lines[i] = " " * (second % 5) + lines[i].lstrip()
        elif what == "cut":
            lines[i] = lines[i][:second]
    return "\n".join(lines)


def read_and_compile(text: str, folder) -> None:
    path = folder / "damaged.yaml"
    path.write_text(text)
    try:
        compile_program(program_file.read(path))
    except NeuroemuError as error:
        assert str(error)


@given(st.lists(EDITS, min_size=1, max_size=3))
def test_a_damaged_program_is_never_worse_than_an_error_of_ours(tmp_path_factory, edits):
    read_and_compile(edited(QUICKSTART, edits), tmp_path_factory.getbasetemp())


@given(st.lists(LINE_EDITS, min_size=1, max_size=3))
def test_a_program_with_lines_out_of_place_is_never_worse_than_an_error_of_ours(tmp_path_factory, edits):
    read_and_compile(edited_by_line(QUICKSTART, edits), tmp_path_factory.getbasetemp())


@given(st.binary())
def test_a_program_of_any_bytes_is_never_worse_than_an_error_of_ours(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(content)
    with pytest.raises(NeuroemuError):
        program_file.read(path)


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["relay", "1 ms"])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner), max_leaves=5
)
PATHS = [
    (*path,) for path in marked_yaml.parse(QUICKSTART, "quickstart").values if path and path[0] != "about"
]  # every value of the program


@given(st.sampled_from(PATHS), VALUES)
@example(("network", "populations"), [{"a": None}])
@example(("inputs",), [{"a": None}])
@example(("network", "connections"), {"a": {"b": 1}})
@example(("probes",), {"a": {"b": 1}})
def test_a_program_with_anything_in_any_place_is_never_worse_than_an_error_of_ours(tmp_path_factory, path, anything):
    import yaml

    data = marked_yaml.parse(QUICKSTART, "quickstart").data
    here = data
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = anything
    if isinstance(anything, int) and abs(anything) > 1000:
        here[path[-1]] = -anything  # a size of a million is lawful, and takes its time
    read_and_compile(yaml.safe_dump(data), tmp_path_factory.getbasetemp())


# ---- JSON Schema ---------------------------------------------------------------------------------------------------


def faults(schema: dict, data, root: dict, at: str = "") -> list[str]:
    """What is wrong with data by a JSON Schema; the keywords that pydantic writes for our specs, and no others."""
    if "$ref" in schema:
        return faults(root["$defs"][schema["$ref"].rpartition("/")[2]], data, root, at)
    found = []
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}
    wanted = schema.get("type", [])
    for kind in [[wanted] if isinstance(wanted, str) else wanted]:
        of_kind = [
            isinstance(data, (int, float) if k == "number" else kinds[k])
            and (k in ("boolean",) or not isinstance(data, bool))
            for k in kind
        ]
        found += [f"{at}: not {kind}"] if kind and not any(of_kind) else []
    for union, enough in (("anyOf", lambda n: n >= 1), ("oneOf", lambda n: n == 1)):
        members = [faults(member, data, root, at) for member in schema.get(union, [])]
        if members and not enough(sum(not member for member in members)):
            found.append(f"{at}: none or several of {union}: {members}")
    found += [f"{at}: not {schema['const']}"] if "const" in schema and data != schema["const"] else []
    found += [f"{at}: not one of {schema['enum']}"] if "enum" in schema and data not in schema["enum"] else []
    if isinstance(data, str) and "pattern" in schema and not re.search(schema["pattern"], data):
        found.append(f"{at}: not {schema['pattern']}")
    if isinstance(data, dict):
        found += [f"{at}: no {key}" for key in schema.get("required", []) if key not in data]
        for key, value in data.items():
            inner = schema.get("properties", {}).get(key)
            for pattern, other in schema.get("patternProperties", {}).items():
                inner = inner or (other if re.search(pattern, key) else None)
            inner = schema.get("additionalProperties", True) if inner is None else inner
            found += [f"{at}: {key}?"] if inner is False else []
            found += faults(inner, value, root, f"{at}.{key}") if isinstance(inner, dict) else []
    if isinstance(data, list) and "items" in schema:
        found += [fault for k, item in enumerate(data) for fault in faults(schema["items"], item, root, f"{at}[{k}]")]
    return found


@pytest.mark.parametrize(
    "spec, kind, name",
    [
        (spec, kind, name)
        for spec, kind in ((ChipSpec, "chips"), (ProgramSpec, "programs"))
        for name in library.names(kind)
    ],
)
def test_the_json_schema_accepts_what_comes_along(spec, kind, name):
    schema = spec.model_json_schema()
    data = marked_yaml.read(library.find(kind, name)).data
    assert faults(schema, data, schema) == []


def test_the_json_schema_accepts_a_chip_that_changes_one_price():
    schema = ChipSpec.model_json_schema()
    data = {"neuroemu_chip": 1, "name": "x", "extends": "y", "prices": {"tile_out": {"energy": "1 pJ"}}}
    assert faults(schema, data, schema) == []


@pytest.mark.parametrize(
    "change", [{"run": {"steps": "ten"}}, {"seeds": 1}, {"neuroemu": 2}, {"run": {}}, {"network": {}}]
)
def test_the_json_schema_refuses_what_check_refuses(change):
    schema = ProgramSpec.model_json_schema()
    data = {**marked_yaml.read(library.find("programs", "quickstart")).data, **change}
    assert faults(schema, data, schema)


def test_of_a_model_that_may_not_be_run_nothing_else_is_told():
    """Its ports, states and post-traces are not known without it."""
    with pytest.raises(ProgramError) as error:
        program_file.read("seeds/vowel")
    (problem,) = error.value.problems
    assert "'vowel.py' is Python code" in problem.what
