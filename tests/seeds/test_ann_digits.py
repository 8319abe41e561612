"""Row E6: an imported ANN loses at most a point of its accuracy on the chip."""

from __future__ import annotations

import neuroemu
from tools.seeds import ann_digits


def test_the_chip_knows_as_many_digits_as_the_ann():
    report = neuroemu.run("seeds/ann_digits")
    assert report.summary["samples"] == ann_digits.HELD_OUT
    assert ann_digits.accuracy_of_ann() > 0.95
    assert report.summary["accuracy"] >= ann_digits.accuracy_of_ann() - 0.01
