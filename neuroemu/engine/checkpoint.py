"""Checkpoints: everything that changes in a run, so that another run goes on where it stopped, bit for bit.

Independent of how many threads either run has. Only for the same image, compartments in the same order.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..compiler.image import ChipImage
from ..errors import DataError, Problem, ProgramError

FORMAT = 2


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
            more = {"head": head, "model": np.array(checkpoint.model_hash), "digest": _digest(checkpoint)}
            np.savez_compressed(file, **more, **checkpoint.arrays)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def load(path: str | Path) -> Checkpoint:
    """Raises DataError where the file is none that save() wrote, or not as it wrote it."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        head, model, digest = arrays.pop("head"), str(arrays.pop("model")), arrays.pop("digest", None)
        if head.tolist()[0] != FORMAT:
            raise ValueError(f"format {head.tolist()[0]}, this neuroemu reads {FORMAT}")
        found = Checkpoint(model, int(head[1]), int(head[2]), arrays)
        if digest is None or not np.array_equal(digest, _digest(found)):
            raise ValueError("its arrays are not what was written")
        return found
    except Exception as error:  # of damage, readers of archives and of heads raise whatever they like
        raise DataError(f"{path} is no checkpoint: {error or type(error).__name__}") from None


def _digest(checkpoint: Checkpoint) -> np.ndarray:
    """Of everything in it; (16,) uint8."""
    state = hashlib.blake2b(digest_size=16)
    state.update(repr((checkpoint.model_hash, checkpoint.step, checkpoint.fresh)).encode())
    for name, array in sorted(checkpoint.arrays.items()):
        state.update(repr((name, array.dtype.str, array.shape)).encode())
        state.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return np.frombuffer(state.digest(), np.uint8)
