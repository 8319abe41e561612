"""Row A7: the GLM spikes with the sigmoid of its potential (programs/seeds/glm_sigmoid.yaml)."""

from __future__ import annotations

import numpy as np
import pytest

from tools.seeds import glm_sigmoid


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_frequencies_are_those_of_the_sigmoid_within_002(seed):
    assert np.abs(glm_sigmoid.on_chip(f"seed={seed}") - glm_sigmoid.sigmoid()).max() <= glm_sigmoid.BAR
