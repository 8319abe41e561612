"""JSON as it is found in files that anybody may have written: nested too deeply, it is no JSON of ours."""

from __future__ import annotations

import json
from typing import Any

DEEPEST = 100  # of lists and tables in each other; what we write has a dozen


def parse(text: str | bytes) -> Any:
    """The value. Raises ValueError, for values that whoever looks through them would not come out of, too."""
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError(f"nested more than {DEEPEST} deep") from None
    level = [found]
    for _ in range(DEEPEST):
        held = [value for value in level if isinstance(value, (dict, list))]
        level = [inner for value in held for inner in (value.values() if isinstance(value, dict) else value)]
        if not level:
            return found
    raise ValueError(f"nested more than {DEEPEST} deep")
