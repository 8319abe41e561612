"""Reading .nir files: the good ones as they are, the broken ones with what is wrong, never another error."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroemu.errors import ProgramError
from neuroemu.nir_io import from_nir
from tests.nir_io.graphs import DT, both_runs, graph, io, lif, spikes_of

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "nir"


def problems(path, origin=DT):
    with pytest.raises(ProgramError) as caught:
        from_nir(path, origin)
    assert all(found.file == str(path) for found in caught.value.problems)
    return caught.value.problems


@pytest.fixture
def written(tmp_path):
    """A good file."""
    path = tmp_path / "net.nir"
    nir.write(path, graph("i w n o", w=nir.Affine(np.eye(2), np.ones(2)), n=lif(), **io()))
    return path


def test_a_file_and_its_graph_are_the_same_network(written):
    from_file, from_graph = from_nir(written, DT), from_nir(nir.read(written), DT)
    spikes = {"i": (np.random.default_rng(0).random((1, 30, 2)) < 0.5).astype(float)}
    found = [spikes_of(both_runs(network, spikes)[0], "n") for network in (from_file, from_graph)]
    assert found[0] == found[1] != []


def test_a_batch_in_the_shape_is_told_and_can_be_taken_off():
    path = VECTORS / "quirk_norse_batched_input.nir"
    (found,) = problems(path, {"framework": "norse"})
    assert found.path == "0" and "[1, 64]" in found.what and "batch" in found.what and "batched: true" in found.remedy
    assert from_nir(path, {"framework": "norse", "batched": True})["input"].shape == (64,)


def test_a_file_that_a_crashed_writer_left_is_told_with_the_cause():
    found = problems(VECTORS / "quirk_norse_scalar_params_truncated.nir")
    assert [problem.path for problem in found] == ["", "1"]
    assert all("no 'type'" in problem.what and "interrupted" in problem.what for problem in found)
    assert all("torch.full" in problem.remedy for problem in found)


def test_no_file_a_folder_and_no_hdf5(tmp_path):
    (tmp_path / "text.nir").write_text("neuroemu: 1\n")
    (tmp_path / "empty.nir").write_bytes(b"")
    assert "No such file" in problems(tmp_path / "none.nir")[0].what
    assert "not a regular file" in problems(tmp_path)[0].what
    for name in ("text.nir", "empty.nir"):
        assert "cannot be read as HDF5" in problems(tmp_path / name)[0].what


def test_hdf5_that_is_no_nir(tmp_path):
    with h5py.File(tmp_path / "other.nir", "w") as file:
        file["data"] = np.ones(3)
    assert problems(tmp_path / "other.nir")[0].what == "has no group 'node'"


def _retyped(nodes, kind):
    del nodes["n/type"]
    nodes["n"]["type"] = kind


CHANGES = [
    (lambda nodes: nodes["w/weight"].__setitem__((0, 0), np.nan), "w", "'weight' holds nan (1 such values)"),
    (lambda nodes: nodes["n/r"].__setitem__(1, np.inf), "n", "'r' holds inf"),
    (lambda nodes: nodes["n"].__delitem__("tau"), "", "the package nir"),
    (lambda nodes: nodes["n"].__delitem__("type"), "n", "n has no 'type'"),
    (lambda nodes: _retyped(nodes, "ReLU"), "n", "there is no primitive 'ReLU'"),
    (lambda nodes: nodes["n"].__setitem__("r2", "much"), "n", "'r2' holds no numbers"),
    (lambda nodes: nodes.__setitem__("x", h5py.ExternalLink("/etc/passwd", "/")), "", "'x' is no node"),
    (lambda nodes: nodes["n"].__setitem__("more", h5py.SoftLink("/node")), "n", "'more' is a link to elsewhere"),
    (lambda nodes: nodes.__setitem__("x", 3), "", "'x' is no node"),
]


@pytest.mark.parametrize(("change", "path", "what"), CHANGES, ids=[what for _, _, what in CHANGES])
def test_a_wrong_number_a_missing_field_a_strange_node(written, change, path, what):
    with h5py.File(written, "r+") as file:
        change(file["node/nodes"])
    found = problems(written)
    assert found[0].path == path and found[0].what.startswith(what), found


def test_an_infinite_r_is_read_where_tau_is_infinite(written):
    with h5py.File(written, "r+") as file:
        for key in ("r", "tau"):
            file["node/nodes/n"][key][1] = np.inf
    assert from_nir(written, {"framework": "snntorch"}).exact.neurons["n"].gain.tolist() == pytest.approx([0.1, 1])


def test_all_mistakes_are_told_at_once(written):
    with h5py.File(written, "r+") as file:
        file["node/nodes/w/weight"][0, 0] = np.nan
        file["node/nodes/n/v_threshold"][0] = np.nan
        del file["node/nodes/i/type"]
    assert sorted(found.path for found in problems(written)) == ["i", "n", "w"]


def test_a_file_cut_anywhere_is_refused_or_read_but_breaks_nothing(written, tmp_path):
    content = written.read_bytes()
    cut = tmp_path / "cut.nir"
    for length in range(0, len(content), 997):
        cut.write_bytes(content[:length])
        problems(cut)


@pytest.mark.parametrize(("at", "value"), [(2376, 1), (2209, 1), (2089, 1), (2280, 131), (2368, 1)])
def test_a_heap_whose_objects_do_not_follow_one_another_is_refused_before_the_library_turns_in_it(tmp_path, at, value):
    content = bytearray((VECTORS / "paper" / "lif_norse.nir").read_bytes())
    content[at] = value
    (tmp_path / "broken.nir").write_bytes(bytes(content))
    (found,) = problems(tmp_path / "broken.nir")
    assert "damaged" in found.what and "byte 2064" in found.what


@settings(derandomize=True, deadline=None)  # tools/fuzz.py looks for new ones; each endless one costs seconds here
@given(st.lists(st.tuples(st.integers(0, 17583), st.integers(0, 255)), min_size=1, max_size=8))
def test_bytes_that_are_wrong_give_no_other_error(tmp_path_factory, wrong):
    content = bytearray((VECTORS / "paper" / "lif_norse.nir").read_bytes())
    for at, value in wrong:
        content[at] = value
    path = tmp_path_factory.mktemp("broken") / "broken.nir"
    path.write_bytes(bytes(content))
    try:
        from_nir(path, DT)
    except ProgramError as error:
        assert all(found.what for found in error.problems)


FIELDS = ["conv/weight", "conv/stride", "conv/padding", "conv/dilation", "conv/groups", "conv/bias", "conv/input_shape",
          "n/tau", "n/r", "n/v_threshold", "pool/kernel_size", "pool/stride", "flat/start_dim", "fc/weight", "fc/bias",
          "late/delay", "scale/scale", "i/shape", "o/shape"]  # fmt: skip


@given(
    st.sampled_from(FIELDS),
    st.lists(st.integers(0, 3), max_size=4),
    st.sampled_from(["float32", "int64", "uint8", "S3"]),
    st.sampled_from([0, 1, -1, 2, 1000]),
)
def test_a_field_of_another_shape_or_type_gives_no_other_error(tmp_path_factory, field, shape, dtype, value):
    nodes = {
        "i": nir.Input(np.array([1, 6, 6])),
        "conv": nir.Conv2d((6, 6), np.ones((2, 1, 3, 3)), 1, 1, 1, 1, np.zeros(2)),
        "n": nir.LIF(*(np.full((2, 6, 6), x) for x in (5e-3, 1.0, 0.0, 1.0))),
        "pool": nir.AvgPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        "flat": nir.Flatten({"input": np.array([2, 3, 3])}, 0, -1),
        "fc": nir.Affine(np.ones((2, 18)), np.zeros(2)),
        "scale": nir.Scale(np.ones(2)),
        "late": nir.Delay(np.full(2, 1e-3)),
        "m": lif(),
        "o": nir.Output(np.array([2])),
    }
    path = tmp_path_factory.mktemp("field") / "net.nir"
    nir.write(path, graph("i conv n pool flat fc scale late m o", **nodes))
    with h5py.File(path, "r+") as file:
        del file[f"node/nodes/{field}"]
        file[f"node/nodes/{field}"] = np.full(shape, value).astype(dtype)
    try:
        from_nir(path, DT)
    except ProgramError as error:
        assert all(found.what and found.file == str(path) for found in error.problems)


@pytest.mark.parametrize("name", ["norse_conv_lifbox", "snntorch_rleaky_zero"])
def test_the_shapes_of_an_exporter_are_ours(name):
    recorded = json.loads((VECTORS / f"{name}.json").read_text())
    network = from_nir(VECTORS / f"{name}.nir", {"framework": recorded["framework"]})
    with np.load(VECTORS / f"{name}.npz") as answers:
        shapes = {key.partition("__")[2]: answers[key].shape[1:] for key in answers if key.startswith("spikes__")}
    found = [network[network.exact.names[node]].shape for node in network.exact.neurons]
    assert sorted(found) == sorted(shapes.values())
