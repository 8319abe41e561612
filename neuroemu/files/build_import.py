"""The network of a NIR file that a program names; what is wrong with the file is noted at the key that names it."""

from __future__ import annotations

from ..errors import ProgramError
from ..network import Network
from .draft import Draft
from .marked_yaml import Path_


def imported(draft: Draft) -> Network:
    """The network of network.nir, kept in the draft; an empty one where there is none, or with problems noted."""
    given, written = draft.spec.network, draft.document.data["network"]
    if given.nir is None or (given.origin is None and "origin" in written):
        draft.import_failed = "nir" in written  # it, or its origin, was taken out, and what is wrong has been said
        return Network(given.step)
    from ..nir_io import from_nir  # networkx and h5py, which other programs need not wait for

    path = draft.path.parent / given.nir
    try:
        network = from_nir(path, given.origin.facts() if given.origin else {})
    except ProgramError as error:
        draft.import_failed = True
        for problem in error.problems:
            about_origin = problem.path.startswith("origin")
            at: Path_ = ("network", "origin" if about_origin and given.origin else "nir")
            node = f" node '{problem.path}'" if problem.path and not about_origin else ""
            draft.problem(at, f"'{path}'{node}: {problem.what}", problem.allowed, problem.remedy)
        return Network(given.step)
    draft.files.append(path)
    draft.imported = network
    if "step" in given.model_fields_set and abs(given.step / network.step_ms - 1) > 1e-9:
        what = f"a step of {given.step:g} ms; the NIR file is computed in steps of {network.step_ms:g} ms"
        draft.problem(("network", "step"), what, "the same, or leave it out", "origin: {dt: ...}")
    for name in network.names():
        draft.remember(name, ("network", "nir"))
    return network
