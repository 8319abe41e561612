"""Reading a .nir file: HDF5 looked over first, so that a broken one is told as what it is; then the nir package reads it."""

from __future__ import annotations

import math
import stat
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import Problem, ProgramError
from .graph import KNOWN
from .heaps import damaged_heap
from .trial import trial

MAX_BYTES = 1 << 30  # of the file, and of all its arrays unpacked: a hundred times what a full chip takes
MOST_NODES = 100_000


def read(path: str | Path) -> Any:
    """The nir.NIRGraph in a file. Raises ProgramError with what is wrong: no such file, not HDF5, cut short, unknown nodes."""
    _check_file(Path(path), str(path))
    if what := trial(Path(path)):
        _refuse(str(path), f"is damaged: it {what}", "a file as nir.write writes it")
    return read_here(path)


def read_here(path: str | Path) -> Any:
    """The same of a file that the library survives. Raises ProgramError."""
    file = str(path)
    import h5py  # a tenth of a second that others need not wait for

    problems: list[Problem] = []
    try:
        with h5py.File(path, "r") as opened:
            _look_over(opened, file, problems)
    except ProgramError:
        raise
    except (
        Exception
    ) as error:  # h5py raises OSError, RuntimeError, KeyError and ValueError for bytes that are not as they should be
        _refuse(file, f"cannot be read as HDF5 ({_told(error)}); is it cut short?", "a file as nir.write writes it")
    if problems:
        raise ProgramError(problems)
    import nir

    try:
        graph = nir.read(str(path), type_check=False)
    except Exception as error:  # assertions, KeyError, TypeError: nir checks fields where it makes nodes of them
        _refuse(file, f"the package nir {nir.version} cannot make a graph of it ({_told(error)})")
    if type(graph).__name__ != "NIRGraph":
        _refuse(file, f"holds a single {type(graph).__name__}", "a NIRGraph")
    return graph


def _told(error: Exception) -> str:
    first = (str(error).splitlines() or [""])[0][:160]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def _refuse(file: str, what: str, allowed: str = "", remedy: str = "") -> None:
    raise ProgramError([Problem(what, file, allowed=allowed, remedy=remedy)])


def _check_file(path: Path, file: str) -> None:
    """A regular file that is not too large: a pipe would be waited for, for ever."""
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        _refuse(file, f"cannot be read ({getattr(error, 'strerror', None) or error})", "a .nir file")
    if not stat.S_ISREG(status.st_mode):
        _refuse(file, "is not a regular file", "a .nir file")
    if status.st_size > MAX_BYTES:
        _refuse(file, f"has {status.st_size} bytes", f"at most {MAX_BYTES}")
    heap = damaged_heap(path)
    if heap is not None:
        _refuse(
            file, f"is damaged: its texts, at byte {heap}, do not follow one another", "a file as nir.write writes it"
        )


def _look_over(opened: Any, file: str, problems: list[Problem]) -> None:
    """Notes groups without a type or with an unknown one, links to elsewhere, and arrays too large."""
    import h5py

    if "node" not in opened or not isinstance(opened["node"], h5py.Group):
        problems.append(Problem("has no group 'node'", file, allowed="a file as nir.write writes it"))
        return
    state = {"bytes": 0, "nodes": 0}

    def node(group: Any, name: str) -> None:
        state["nodes"] += 1
        if state["nodes"] > MOST_NODES:
            _refuse(file, f"has more than {MOST_NODES} nodes")
        for key in group:
            if not isinstance(group.get(key, getlink=True), h5py.HardLink):
                problems.append(
                    Problem(f"'{key}' is a link to elsewhere", file, path=name, allowed="data in the file itself")
                )
                return
            held = group[key]
            if isinstance(held, h5py.Dataset):
                state["bytes"] += math.prod(held.shape or ()) * held.dtype.itemsize
        if state["bytes"] > MAX_BYTES:
            _refuse(file, f"unpacks to more than {MAX_BYTES} bytes")
        if "type" not in group or not isinstance(group["type"], h5py.Dataset):
            whole = name or "the graph"
            problems.append(
                Problem(
                    f"{whole} has no 'type' (it has {', '.join(group) or 'nothing'}): the program that wrote the file was "
                    'interrupted, as Norse and snnTorch are at parameters that are single numbers (h5py: "Scalar datasets '
                    "don't support chunk/filter options\")",
                    file,
                    path=name,
                    allowed="a file that was written to its end",
                    remedy="export again with one parameter a neuron: torch.full((n,), 0.9) in place of 0.9",
                )
            )
        else:
            kind = group["type"][()]
            kind = kind.decode("utf-8", "replace") if isinstance(kind, bytes) else str(kind)
            if kind not in (*KNOWN, "NIRGraph"):
                problems.append(
                    Problem(
                        f"there is no primitive '{kind[:60]}'", file, path=name, allowed=", ".join((*KNOWN, "NIRGraph"))
                    )
                )
            _finite(group, file, name, problems)
        inner = group.get("nodes")
        if isinstance(inner, h5py.Group):
            if name.count(".") > 32:
                _refuse(file, "has subgraphs in subgraphs, too deep")
            for key in inner:
                if isinstance(inner.get(key, getlink=True), h5py.HardLink) and isinstance(inner[key], h5py.Group):
                    node(inner[key], f"{name}.{key}" if name else key)
                else:
                    problems.append(Problem(f"'{key}' is no node", file, path=name, allowed="groups with a type"))

    node(opened["node"], "")


def _finite(group: Any, file: str, name: str, problems: list[Problem]) -> None:
    """Notes numbers that are none: nan anywhere, and what is infinite but for time constants and thresholds.

    A factor may be infinite where its time constant is: snnTorch writes r = tau / dt.
    """
    import h5py

    taus = {"r": "tau" if "tau" in group else "tau_mem", "w_in": "tau_syn"}
    for key in group:
        held = group[key]
        if not isinstance(held, h5py.Dataset) or key in ("type", "padding", "edges"):
            continue
        if held.dtype.kind not in "biuf" or held.shape is None:
            problems.append(Problem(f"'{key}' holds no numbers", file, path=name, allowed="numbers"))
        elif held.dtype.kind == "f":
            values = np.asarray(held[()])
            endless = np.isposinf(values) if key.startswith(("tau", "v_threshold", "threshold")) else False
            tau = group.get(taus.get(key, ""))
            if isinstance(tau, h5py.Dataset) and tau.shape == held.shape and tau.dtype.kind == "f":
                endless = np.isposinf(values) & np.isposinf(np.asarray(tau[()]))
            wrong = ~(np.isfinite(values) | endless)
            if np.any(wrong):
                first = values[wrong].flat[0]
                problems.append(
                    Problem(
                        f"'{key}' holds {first} ({int(np.sum(wrong))} such values)",
                        file,
                        path=name,
                        allowed="finite numbers",
                    )
                )
