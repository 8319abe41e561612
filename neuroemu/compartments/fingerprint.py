"""What a model is, as a digest: its tables, and the code of its functions with everything that they reach."""

from __future__ import annotations

import hashlib
from types import CodeType, FunctionType, ModuleType
from typing import Any

from .table import Model


def fingerprint(model: Model, tables: bool = False) -> str:
    """Differs where two models may differ in what they compute, whatever they are called and wherever they come from.

    update and at_rest count with their code, names, defaults, closures, and the functions and constants that they reach;
    with tables also what makes the tables of what the user gives: given, columns, switches, draws.
    """
    state = hashlib.sha256()
    seen: set[Any] = set()

    def value(label: str, given: Any) -> None:
        given = getattr(given, "py_func", given)  # of a function that the user compiles
        if isinstance(given, FunctionType):
            body(given)
        elif hasattr(given, "tobytes"):
            state.update(f"{label}={given.dtype}{given.shape}".encode() + given.tobytes())
        elif not isinstance(given, (type, ModuleType)):
            state.update(f"{label}={given!r};".encode())

    def code(of: CodeType, names: dict[str, Any]) -> None:
        state.update(of.co_code + repr((of.co_names, of.co_varnames, of.co_freevars)).encode())
        for name in of.co_names:
            if name in names:
                value(name, names[name])
        for constant in of.co_consts:
            if isinstance(constant, CodeType):
                code(constant, names)
            else:
                state.update(f"{constant!r};".encode())

    def body(of: Any) -> None:
        if of in seen:
            return
        seen.add(of)
        code(of.__code__, of.__globals__)
        for name, cell in zip(of.__code__.co_freevars, of.__closure__ or (), strict=True):
            value(name, cell.cell_contents)
        value("defaults", of.__defaults__)

    named = (model.parameters.fields, model.state.fields, model.ports, model.passes_up, model.bias)
    state.update(repr(named).encode())
    for each in (model.update, model.at_rest):
        value("", each)
    if tables:
        state.update(repr(getattr(model.given, "fields", None)).encode())
        for each in (model.columns, model.switches, model.draws):
            value("", each)
    return state.hexdigest()[:16]
