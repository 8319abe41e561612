"""Reading a file of a run folder: whatever is wrong with it, damage of any kind, is told in one line that names it."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .. import json_text
from ..errors import OutputError

# What json, zipfile, numpy and h5py raise of files that are not what was written.
DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,  # also RecursionError of JSON within JSON, and NotImplementedError of an unknown compression
    MemoryError,
    SyntaxError,  # of the head of an array
    AssertionError,
    zipfile.BadZipFile,
    zlib.error,
)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Raises OutputError with the file and what to do, where its content is damaged."""
    try:
        yield
    except OutputError:
        raise
    except DAMAGE as error:
        why = " ".join(str(error).split()) or type(error).__name__
        raise OutputError(f"{path} cannot be read ({why}). Run it again.") from None


def json_table(path: Path) -> dict[str, Any]:
    """summary.json or manifest.json. Raises OutputError where it is missing, damaged or no table."""
    with reading(path):
        found = json_text.parse(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise ValueError("it is not what a run writes")
        return found
