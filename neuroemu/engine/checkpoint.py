"""Checkpoints: everything that changes in a run, so that another run goes on where it stopped, bit for bit.

Independent of how many threads either run has. Only for the same image, compartments in the same order.
"""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..compiler.image import ChipImage
from ..errors import DataError, Problem, ProgramError

FORMAT = 1


@dataclass(frozen=True)
class Checkpoint:
    """The state at the end of a step.

    model_hash: of the image.  step: that is behind.  fresh: steps that were behind when the state was last fresh.
    arrays: by name: 'cells', 'ring', 'touched', 'awake', of the k-th plastic projection 'k.weight', 'k.x', ..., and of an
    environment 'environment.since', ...
    """

    model_hash: str
    step: int
    fresh: int
    arrays: dict[str, np.ndarray]


def check(checkpoint: Checkpoint, image: ChipImage) -> None:
    """Raises ProgramError where a run of this image cannot go on from there."""
    if checkpoint.model_hash != image.model_hash:
        what = f"the checkpoint is of another network or chip ({checkpoint.model_hash}, here {image.model_hash})"
        raise ProgramError([Problem(what, allowed="one that was taken of the same program, mapping and chip")])


def save(checkpoint: Checkpoint, path: str | Path) -> None:
    """Writes an .npz, whole or not at all."""
    target = Path(path)
    draft = target.with_name(target.name + ".part")
    try:
        with draft.open("wb") as file:
            head = np.array([FORMAT, checkpoint.step, checkpoint.fresh], np.int64)
            np.savez_compressed(file, head=head, model=np.array(checkpoint.model_hash), **checkpoint.arrays)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def load(path: str | Path) -> Checkpoint:
    """Raises DataError where the file is none that save() wrote."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        head, model = arrays.pop("head"), str(arrays.pop("model"))
        if head.tolist()[0] != FORMAT:
            raise ValueError(f"format {head.tolist()[0]}, this neuroemu reads {FORMAT}")
        return Checkpoint(model, int(head[1]), int(head[2]), arrays)
    except (OSError, ValueError, KeyError, IndexError, zipfile.BadZipFile, EOFError) as error:
        raise DataError(f"{path} is no checkpoint: {error}") from None
