"""YAML that remembers where everything stood, and that is safe to be given by a stranger.

Takes a file or a text, gives a Document: plain dicts, lists and scalars, and the line and column of every key and value.
Refuses what PyYAML lets pass: duplicate keys, tags, merge keys, text keys that YAML reads as something else, anchors that
contain themselves or blow up, files too large or not text. Everything found is reported at once.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..errors import Problem, ProblemsError

MAX_BYTES = 8 << 20  # numbers in bulk belong into an .npz
MAX_NODES = 500_000
MAX_DEPTH = 40
MAX_KEY = 120  # characters
MAX_NUMBER = 400  # characters; longer ones exceed every float and stay text
MAX_SHOWN = 400  # characters of a message, which may quote the file
MOST_READ = 16  # files that read_again keeps

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PREFIX = "tag:yaml.org,2002:"
_construct = yaml.constructor.SafeConstructor()

Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class Mark:
    """A place in a file; line and column from 1, None where there are none (--set)."""

    file: str
    line: int | None = None
    column: int | None = None


class Document:
    """data: the content.  values, keys: marks by path, a path being the tuple of keys and indices from the top.

    inside: what problems write before a path, for a part of a file that is read on its own.
    problems: what is wrong with it as YAML.  lost: paths whose content that cost.
    """

    def __init__(self, file: str, inside: Path_ = ()):
        self.file = file
        self.inside = inside
        self.data: Any = None
        self.values: dict[Path_, Mark] = {}
        self.keys: dict[Path_, Mark] = {}
        self.problems: list[Problem] = []
        self.lost: list[Path_] = []

    def mark(self, path: Path_) -> Mark:
        """The place of the value at `path`, or of the nearest thing above it."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.values:
                return self.values[path[:end]]
        return Mark(self.file, 1, 1)

    def key_mark(self, path: Path_) -> Mark:
        """The place of the key at the end of `path`, or as `mark`."""
        return self.keys.get(path) or self.mark(path)

    def problem(self, path: Path_, what: str, allowed: str = "", remedy: str = "", at_key: bool = False) -> Problem:
        """A Problem standing at `path`."""
        mark = self.key_mark(path) if at_key else self.mark(path)
        where = dotted((*self.inside, *path))
        return Problem(printable(what), mark.file, mark.line, mark.column, where, allowed, remedy)


def printable(text: str) -> str:
    """The text on one line, without control characters, cut where it becomes long."""
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[: MAX_SHOWN + 1])
    return shown if len(shown) <= MAX_SHOWN else shown[:MAX_SHOWN] + "..."


def dotted(path: Path_) -> str:
    """('network', 'connections', 0, 'from') as 'network.connections[0].from'."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def read(path: Path, error: type[ProblemsError] = ProblemsError, go_on: bool = False) -> Document:
    """The file as a Document. Raises `error` with everything wrong with it as YAML.

    go_on: what leaves the rest readable (a key twice, a tag) is not raised but left in Document.problems and .lost.
    """
    name = str(path)

    def refuse(what: str, allowed: str = "", remedy: str = "") -> ProblemsError:
        return error([Problem(what, file=name, allowed=allowed, remedy=remedy)])

    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise refuse("this is a folder", remedy="the path of a .yaml file in it")
        if not stat.S_ISREG(status.st_mode):
            raise refuse("this is not a regular file")
        if status.st_size > MAX_BYTES:
            raise refuse(
                f"has {status.st_size} bytes", allowed=f"at most {MAX_BYTES}", remedy="to keep arrays in an .npz file"
            )
        content = path.read_bytes()
    except OSError as problem:
        raise refuse(f"cannot be read ({problem.strerror or problem})") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content[: problem.start].count(b"\n") + 1
        raise error([Problem("is not text (UTF-8), so it is not YAML", file=name, line=line)]) from None
    return parse(text, name, error, go_on)


def read_again(path: Path, error: type[ProblemsError] = ProblemsError) -> Document:
    """As `read`, of a file that is read over and over: parsed only when it has changed. Nobody may change the Document."""
    try:
        status = path.stat()
        key = (str(path), status.st_mtime_ns, status.st_size, status.st_ino)
    except OSError:
        return read(path, error)
    if key not in _read:
        if len(_read) == MOST_READ:
            _read.clear()
        _read[key] = read(path, error)
    return _read[key]


_read: dict[tuple[str, int, int, int], Document] = {}


def parse(text: str, name: str, error: type[ProblemsError] = ProblemsError, go_on: bool = False) -> Document:
    """The text as a Document called `name`."""
    document = value(text, name, error, go_on)
    if document.data is None:
        raise error([Problem("is empty", name, 1, remedy="'neuroemu schema program' or the programs that come along")])
    if not isinstance(document.data, dict):
        found = "a list" if isinstance(document.data, list) else "a single value"
        raise error([document.problem((), f"holds {found}", allowed="keys with values at the top")])
    return document


def value(text: str, name: str, error: type[ProblemsError] = ProblemsError, go_on: bool = False) -> Document:
    """As `parse`, but of any kind: a scalar, a list, or None where there is nothing."""
    document = Document(name)
    try:
        _check_extent(text, name, error)
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as problem:
        raise error([_told(problem, text, name)]) from None
    except (yaml.YAMLError, RecursionError, ValueError) as problem:
        where = getattr(problem, "position", None)  # in bytes
        line = text.encode()[:where].count(b"\n") + 1 if isinstance(where, int) else None
        reason = getattr(problem, "reason", None) or "too deeply nested"
        raise error([Problem(f"is not YAML: {reason}", name, line)]) from None
    if root is not None:
        converter = _Converter(document)
        document.data = converter.convert(root, ())
        go_on = go_on and converter.n_nodes <= MAX_NODES
    if document.problems and not (go_on and () not in document.lost):
        raise error(document.problems)
    return document


# What the YAML library says, what it means, and what to try. {0}: the character found.
_MEANING = (
    ("cannot start any token", "'{0}' cannot start a value", "quotes around the value"),
    ("mapping values are not allowed", "a second ': ' on the line", "quotes around the value, or a line for each key"),
    ("did not find expected key", "no key where one is expected", "the same indentation for all keys of a mapping"),
    ("block end", "no item where one is expected", "the same indentation for all items of a list"),
    ("expected ',' or '}'", "a '{' that is not closed, or a missing comma", ""),
    ("expected ',' or ']'", "a '[' that is not closed, or a missing comma", ""),
    ("unexpected end of stream", "a quote that is not closed", ""),
    ("could not find expected ':'", "a line with neither a key nor the rest of a value", "KEY: VALUE"),
    ("undefined alias", "'*NAME' without an '&NAME' above it", "quotes around a value that starts with *"),
    ("another document", "a second document", "one file for each"),
)


# As a probe has it, [label.v[0:3]]: YAML takes the second '[' for a list in a list. Quoted, it is no mistake.
_INDEXED = re.compile(r"""(?:^|[\[,{:])\s*([A-Za-z_][\w.\-]*\[[^\[\]{}"']*\])""")


def _told(problem: yaml.MarkedYAMLError, text: str, name: str) -> Problem:
    """A mistake that the YAML library found, in the words of its user."""
    mark = problem.problem_mark or problem.context_mark
    if mark is None:
        return Problem(f"is not YAML: {problem.problem}", name)
    lines = text.splitlines()
    found = lines[mark.line][mark.column : mark.column + 1] if mark.line < len(lines) else ""
    place = (name, mark.line + 1, mark.column + 1)
    if found == "\t" and "token" in str(problem.problem):
        return Problem("is not YAML: a tab where only spaces may stand", *place, remedy="spaces in place of the tab")
    for said, meant, remedy in _MEANING:
        if said in str(problem.problem):
            bare = _bare_index(lines, problem.context_mark, mark) if "expected ','" in said else ""
            if bare:
                what = f"is not YAML: '{bare}' has brackets of its own inside of a list or mapping in brackets"
                return Problem(printable(what), *place, remedy=f'quotes around it: "{printable(bare)}"')
            began = problem.context_mark.line + 1 if problem.context_mark else mark.line + 1
            since = f" (since line {began})" if began != mark.line + 1 else ""
            return Problem(f"is not YAML: {meant.replace('{0}', found)}{since}", *place, remedy=remedy)
    return Problem("is not YAML: " + ", ".join(filter(None, (problem.context, problem.problem))), *place)


def _bare_index(lines: list[str], since: Any, until: Any) -> str:
    """The first bare NAME[INDEX] of a list or mapping in brackets, which YAML cannot read; '' where there is none."""
    for number in range(since.line if since else until.line, until.line + 1):
        found = _INDEXED.search(lines[number]) if number < len(lines) else None
        if found:
            return found.group(1)
    return ""


def _check_extent(text: str, name: str, error: type[ProblemsError]) -> None:
    """PyYAML composes recursively and takes a kilobyte a value; a text 100,000 deep or long must not get there."""
    depth = n_values = 0
    events: Iterator[Any] = yaml.parse(text, Loader=_Loader)
    for event in events:
        n_values += isinstance(event, yaml.NodeEvent)
        if n_values > MAX_NODES:
            what = f"has more than {MAX_NODES} values"
            raise error([Problem(what, name, event.start_mark.line + 1, remedy="to keep arrays in an .npz file")])
        if isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            depth += 1
            if depth > MAX_DEPTH:
                mark: Any = event.start_mark
                what = f"is nested more than {MAX_DEPTH} deep"
                raise error([Problem(what, name, mark.line + 1, mark.column + 1)])
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            depth -= 1


class _Converter:
    """Nodes to plain values, with marks; collects problems in the document, and the paths of what they cost, and goes on."""

    def __init__(self, document: Document):
        self.document = document
        self.n_nodes = 0
        self.open: set[int] = set()

    def convert(self, node: yaml.Node, path: Path_) -> Any:
        mark = self._mark(node)
        self.document.values[path] = mark
        self.n_nodes += 1
        if self.n_nodes > MAX_NODES:
            if self.n_nodes == MAX_NODES + 1:
                top = path[:1]
                self._problem(
                    self.document.key_mark(top),
                    top,
                    f"expands to more than {MAX_NODES} values",
                    remedy="fewer anchors inside anchors",
                )
            return None
        if id(node) in self.open:
            self._problem(mark, path, "an anchor contains itself", remedy="to write the value out")
            self.document.lost.append(path)
            return None
        self.open.add(id(node))
        try:
            if isinstance(node, yaml.CollectionNode) and node.tag not in (_PREFIX + "map", _PREFIX + "seq"):
                return self._tagged(node, path)
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            if isinstance(node, yaml.SequenceNode):
                return [self.convert(item, (*path, index)) for index, item in enumerate(node.value)]
            return self._scalar(node, path)
        finally:
            self.open.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, path: Path_) -> dict[str, Any]:
        result: dict[str, Any] = {}
        first: dict[str, Mark] = {}
        for key_node, value_node in node.value:
            mark = self._mark(key_node)
            key = self._key(key_node, mark, path)
            if key is None:
                self.document.lost.append(path)
                continue
            if key in first:
                where = first[key]
                self._problem(mark, (*path, key), f"the key '{key}' is here twice; the first is on line {where.line}")
                continue
            first[key] = mark
            self.document.keys[(*path, key)] = mark
            result[key] = self.convert(value_node, (*path, key))
        return result

    def _key(self, node: yaml.Node, mark: Mark, path: Path_) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            self._problem(mark, path, "a key must be a word")
            return None
        if node.tag == _PREFIX + "merge":
            self._problem(mark, path, "merge keys (<<) are not supported", remedy="'extends: NAME' in chip files")
            return None
        if node.tag == _PREFIX + "bool":
            self._problem(
                mark, path, f"YAML reads the key {node.value} as true or false", remedy=f"'{node.value}' in quotes"
            )
            return None
        if node.tag == _PREFIX + "null":
            self._problem(mark, path, "a key is empty")
            return None
        if len(node.value) > MAX_KEY or not node.value.isprintable():
            self._problem(mark, path, f"'{node.value[:20]}...' is no key", f"printable, at most {MAX_KEY} characters")
            return None
        return str(node.value)

    def _scalar(self, node: yaml.Node, path: Path_) -> Any:
        kind = node.tag.removeprefix(_PREFIX)
        text = str(node.value)
        # 1:30 is sixty-base to YAML and stays text
        is_number = kind in ("int", "float") and ":" not in text and len(text) <= MAX_NUMBER
        if kind in ("bool", "null") or is_number:
            try:
                return _construct.construct_object(node, deep=True)
            except (ValueError, LookupError, yaml.YAMLError):  # '!!bool maybe'
                return text
        if kind in ("str", "int", "float", "timestamp", "value"):
            return text
        return self._tagged(node, path)

    def _tagged(self, node: yaml.Node, path: Path_) -> None:
        tag = node.tag.replace(_PREFIX, "!!")
        self.document.lost.append(path)
        self._problem(self._mark(node), path, f"the tag '{tag}' is not supported", "plain values")

    def _mark(self, node: Any) -> Mark:
        return Mark(self.document.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def _problem(self, mark: Mark, path: Path_, what: str, allowed: str = "", remedy: str = "") -> None:
        self.document.problems.append(
            Problem(printable(what), mark.file, mark.line, mark.column, dotted(path), allowed, remedy)
        )
