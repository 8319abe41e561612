"""Reading: a point as a program, quickly: the file is parsed once, and the network built once where only prices differ."""

from __future__ import annotations

import copy
import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from ..chip import Chip
from ..errors import ProgramError
from ..files import chip_file, marked_yaml, program_file
from ..files.marked_yaml import Document
from ..files.overrides import lay_over
from ..program import Program

KEPT = 4  # programs that differ in more than their chip

V = TypeVar("V")


class Few(Generic[V]):
    """What was made last, at most n of it."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._kept: OrderedDict[Any, V] = OrderedDict()

    def get(self, key: Any, make: Callable[[], V]) -> V:
        """What was made for this key, else what make() gives."""
        if key not in self._kept:
            self.put(key, make())
        self._kept.move_to_end(key)
        return self._kept[key]

    def put(self, key: Any, value: V) -> None:
        self._kept[key] = value
        while len(self._kept) > self._n:
            self._kept.popitem(last=False)

    def find(self, key: Any) -> V | None:
        return self._kept.get(key)


class Reader:
    """The programs that one file becomes with this and that laid over it."""

    def __init__(self, path: Path, allow_code: bool = False) -> None:
        self._path, self._allow_code = path, allow_code
        self._document = marked_yaml.read(path, ProgramError, go_on=True)
        self._programs: Few[Program] = Few(KEPT)

    def document(self, overrides: tuple[str, ...]) -> Document:
        """The file with the overrides laid over it. Raises ProgramError."""
        base = self._document
        document = Document(base.file, base.inside)
        document.data = copy.deepcopy(base.data)
        document.values, document.keys = dict(base.values), dict(base.keys)
        document.problems, document.lost = list(base.problems), list(base.lost)
        for override in overrides:
            lay_over(document, override)
        return document

    def read(self, overrides: tuple[str, ...]) -> tuple[Program, dict[str, Any]]:
        """The program, and the content of its document. Raises as program_file.read."""
        document = self.document(overrides)
        data = document.data
        besides = json.dumps({key: value for key, value in data.items() if key != "chip"}, sort_keys=True)
        known = self._programs.find(besides)
        if known is not None and isinstance(data.get("chip"), (str, dict)) and not document.problems:
            chip, prices = chip_file.read_inline(document, ("chip",), self._path.parent)
            if structure(chip) == structure(known.chip):  # which is what a network is checked against
                return replace(known, chip=chip, prices=prices), data
        program = program_file.built(document, self._path, self._allow_code)
        if program.environment is None:  # one of the user's own may remember what it has seen
            self._programs.put(besides, program)
        return program, data


def structure(chip: Chip) -> tuple[Any, ...]:
    """Everything of a chip but its name and where its figures come from."""
    return (chip.mesh, chip.core, chip.synapse, chip.registers, chip.arithmetic, chip.learning)
