"""A weights.npz that cannot be read is the user's to know: one line that names the file, no fault of ours."""

from __future__ import annotations

import numpy as np
import pytest

from neuroemu.compare.recorded import _first_weights
from neuroemu.errors import OutputError


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[: len(data) // 2]], ids=["empty", "half"])
def test_it_is_named(damage, tmp_path):
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
        np.savez(folder / "weights.npz", **{"a->b.weights": np.zeros((2, 9)), "a->b.steps": np.arange(2)})
    file = folders[1] / "weights.npz"
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(OutputError, match=r"other/weights\.npz cannot be read.*Run it again") as told:
        list(_first_weights(*folders))
    assert "\n" not in str(told.value)
