"""Events of the Chrome trace format ("Trace Event Format", the JSON object form), one line each.

Times are given in ns and written in us with three decimals: the format's readers keep whole ns. Begin and end are rounded each
by itself, so that slices that follow each other never overlap.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Event = dict[str, Any]
LEVEL = 6  # of gzip


def process(pid: int, name: str, label: str = "") -> Iterator[Event]:
    """Names a group of tracks and says where it stands.  label: what is said beside the name."""
    yield _meta(pid, 0, "process_name", name=name)
    yield _meta(pid, 0, "process_sort_index", sort_index=pid)
    if label:
        yield _meta(pid, 0, "process_labels", labels=label)


def thread(pid: int, tid: int, name: str) -> Iterator[Event]:
    """Names a track; tracks are in the order of their tid."""
    yield _meta(pid, tid, "thread_name", name=name)
    yield _meta(pid, tid, "thread_sort_index", sort_index=tid)


def _meta(pid: int, tid: int, kind: str, **args: object) -> Event:
    return {"ph": "M", "pid": pid, "tid": tid, "name": kind, "args": args}


def slice_(pid: int, tid: int, name: str, begin_ns: float, end_ns: float, args: Event | None = None) -> Event:
    begin, end = round(begin_ns), round(end_ns)
    found: Event = {"ph": "X", "pid": pid, "tid": tid, "name": name, "ts": begin / 1000, "dur": (end - begin) / 1000}
    return {**found, "args": args} if args else found


def flow(pid: int, tid: int, number: int, ns: float, slice_ns: tuple[float, float], ends: bool) -> Event:
    """One end of an arrow.  slice_ns: begin and end of the slice that it is to hang on, which it is kept within."""
    begin, end = round(slice_ns[0]), round(slice_ns[1])
    at = max(begin, min(round(ns), end - 1))
    found: Event = {
        "ph": "f" if ends else "s",
        "pid": pid,
        "tid": tid,
        "id": number,
        "name": "message",
        "cat": "message",
    }
    return {**found, "ts": at / 1000, "bp": "e"} if ends else {**found, "ts": at / 1000}


def counter(pid: int, name: str, unit: str, ns: float, value: float) -> Event:
    """A value from here on; viewers write the unit behind the name."""
    return {"ph": "C", "pid": pid, "tid": 0, "name": name, "ts": round(ns) / 1000, "args": {unit: round(value, 6)}}


def write(path: Path, events: Iterable[Event], about: Event) -> int:
    """Writes the file, whole or not at all; the same events give the same bytes. Returns how many events it has."""
    partial, n = path.with_name(f".{path.name}.{os.getpid()}"), 0
    try:
        with open(partial, "wb") as raw, gzip.GzipFile("", "wb", LEVEL, raw, mtime=0) as stream:
            stream.write(b'{"displayTimeUnit":"ns","otherData":' + _packed(about) + b',"traceEvents":[')
            for event in events:
                stream.write((b",\n" if n else b"\n") + _packed(event))
                n += 1
            stream.write(b"\n]}\n")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return n


def _packed(value: Event) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
