"""Arrays from .npz: what numpy wrote comes back as float64; what anybody else wrote is refused as a ValueError."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from neuroemu.files import arrays
from neuroemu.files.checking import LARGEST

NUMBERS = hnp.arrays(
    hnp.boolean_dtypes()
    | hnp.integer_dtypes(endianness="?")
    | hnp.unsigned_integer_dtypes()
    | hnp.floating_dtypes(endianness="?"),
    hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    elements={"allow_nan": False, "allow_infinity": False},
)


@given(NUMBERS, st.booleans(), st.booleans())
def test_what_numpy_saves_comes_back_as_float64(tmp_path_factory, array, compressed, fortran):
    assume(np.all(np.abs(array.astype(np.float64)) <= LARGEST))
    path = tmp_path_factory.getbasetemp() / "any.npz"
    array = np.asfortranarray(array) if fortran else array
    (np.savez_compressed if compressed else np.savez)(path, other=np.ones(3), w=array)
    loaded = arrays.load("any.npz#w", path.parent)
    assert loaded.dtype == np.float64 and loaded.shape == array.shape
    assert np.array_equal(loaded, array.astype(np.float64))


def test_the_file_is_looked_for_beside_the_program(tmp_path):
    (tmp_path / "inner").mkdir()
    np.savez(tmp_path / "inner" / "w.npz", w=[1, 2])
    assert arrays.load("inner/w.npz#w", tmp_path).tolist() == [1, 2]


def test_an_array_may_have_a_name_with_dots_and_hashes(tmp_path):
    np.savez(tmp_path / "w.npz", **{"layer.0#weight": [1]})
    assert arrays.load("w.npz#layer.0#weight", tmp_path).tolist() == [1]


@pytest.mark.parametrize("reference", ["w.npz", "w.npz#", "w.npy#w", "#w", ""])
def test_a_reference_names_a_file_and_an_array(reference, tmp_path):
    with pytest.raises(ValueError, match=r"write 'FILE.npz#NAME'"):
        arrays.load(reference, tmp_path)


def test_the_arrays_that_are_there_are_named(tmp_path):
    np.savez(tmp_path / "w.npz", w1=[1], w2=[2])
    with pytest.raises(ValueError, match="has no array 'w'; it has w1, w2"):
        arrays.load("w.npz#w", tmp_path)


def test_the_first_value_that_is_not_finite_is_named(tmp_path):
    np.savez(tmp_path / "w.npz", w=[[1, 2], [3, np.nan]])
    with pytest.raises(ValueError, match=r"nan at \[1, 1\]"):
        arrays.load("w.npz#w", tmp_path)


def test_a_long_double_that_exceeds_float64_is_not_finite(tmp_path):
    np.savez(tmp_path / "w.npz", w=np.array([np.longdouble("1e4000")]))
    with pytest.raises(ValueError, match="all must be finite"):
        arrays.load("w.npz#w", tmp_path)


def test_nothing_is_unpickled(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "opened"), "w"))

    np.savez(tmp_path / "w.npz", w=np.array([Bomb()], object))
    with pytest.raises(ValueError, match="Python objects"):
        arrays.load("w.npz#w", tmp_path)
    assert not (tmp_path / "opened").exists()


@given(st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), min_size=1, max_size=8), st.booleans())
@pytest.mark.filterwarnings("ignore")
def test_a_damaged_npz_is_read_or_refused_as_a_value_error(tmp_path_factory, damage, compressed):
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    (np.savez_compressed if compressed else np.savez)(path, w=np.arange(40.0))
    content = bytearray(path.read_bytes())
    for position, byte in damage:
        content[position % len(content)] = byte
    path.write_bytes(content)
    try:
        arrays.load("damaged.npz#w", path.parent)
    except ValueError as error:
        assert "damaged.npz" in str(error)


@given(st.binary(max_size=300))
@pytest.mark.filterwarnings("ignore")
def test_an_npy_of_any_bytes_is_refused_as_a_value_error(tmp_path_factory, content):
    import zipfile

    path = tmp_path_factory.getbasetemp() / "strange.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("w.npy", b"\x93NUMPY\x01\x00\x40\x00" + content)
    with pytest.raises(ValueError, match=r"strange\.npz"):
        arrays.load("strange.npz#w", path.parent)
