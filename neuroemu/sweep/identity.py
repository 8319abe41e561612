"""Identity: digests of a point, by which it is told whether another point's run or mapping will do.

`what` is of all that decides spikes and counts but the mapping: the program without its chip, mapping and latency mode, the
content of the files it names, and of the chip what computes. `mapping` is of that and of all that decides who sits where.
Two points of one `what` whose mappings turn out to have one model_hash share a run; of one mesh_hash besides, a mapping.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import DataError
from ..program import Program

WORDS = ("chip", "mapping", "name", "about")  # of a program, that decide no spike


class Identity(NamedTuple):
    """Hexadecimal digests."""

    what: str
    mapping: str


def identity(program: Program, data: dict[str, Any]) -> Identity:
    """Of a program and the content of its document. Raises DataError where a file that it names is gone."""
    chip = program.chip
    told = {key: value for key, value in data.items() if key not in WORDS}
    told["run"] = {key: value for key, value in data["run"].items() if key != "latency"}
    computes = (chip.registers, chip.arithmetic, chip.synapse, chip.core.word_bits, chip.learning)
    what = digest(told, [_content(path) for path in program.files], repr(computes))
    options = program.mapping
    profile = [Path(options.profile) / "costs.h5"] if options.profile else []
    files = [_content(path) for path in [*([Path(options.file)] if options.file else []), *profile]]
    border = program.prices.border if chip.mesh.n_chips > 1 else 0.0
    return Identity(what, digest(what, data.get("mapping"), files, repr((chip.mesh, chip.core)), border))


def digest(*items: Any) -> str:
    """Of anything that JSON can write."""
    return hashlib.blake2b(json.dumps(items, sort_keys=True).encode(), digest_size=16).hexdigest()


_known: dict[tuple[str, int, int], str] = {}


def _content(path: Path) -> str:
    """A digest of a file, read again where it changed."""
    try:
        status = path.stat()
        key = (str(path), status.st_mtime_ns, status.st_size)
        if key not in _known:
            with open(path, "rb") as stream:
                state = hashlib.blake2b(digest_size=16)
                while piece := stream.read(1 << 20):
                    state.update(piece)
            _known[key] = state.hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}).") from None
    return _known[key]
