"""Notes: what an import assumed, recognised, changed or loses. Nothing of a file is dropped without one."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = {
    "recognised": "a fault of an exporter, mended",
    "assumed": "not in the file",
    "changed": "computed otherwise, with the same spikes but for rounding",
    "lossy": "not computed as the framework does",
}


@dataclass(frozen=True)
class Note:
    """kind: one of KINDS.  node: of the graph, '' where all are meant.  what: a sentence without its full stop."""

    kind: str
    node: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.node + ': ' if self.node else ''}{self.what}."
