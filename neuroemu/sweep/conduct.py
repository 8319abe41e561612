"""Conduct: batch after batch of points, each looked at, mapped where it must be, run where it must be, and priced.

Of the points that may share a run, the first runs and the others are priced from its record. Which is which follows from the
points alone, so the table does not depend on who worked, how many, in what order, or on what died in between.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import Problem, ProgramError
from .candidates import Candidates, Values, key_of
from .crew import Crew, Lost
from .folder import Folder
from .plan import SEARCHING, Plan
from .table import Row, Table
from .tasks import Done, Item, Look, Map, Mapped, Price, Result, Run, Seen, Task, record_name

LOOKED_AT_ONCE = 25  # points of a Look
AT_ONCE = 2000  # points that are under way together
PRICED_AT_ONCE = 8  # of a Price: few enough that little is lost with a worker

Progress = Callable[[str, int, int], None]  # stage, points done, points in all


@dataclass
class _Point:
    """A point of a batch on its way.  how: as in Row, once it is known."""

    number: int
    values: Values
    overrides: tuple[str, ...]
    seen: Seen
    how: str | None = None

    @property
    def mapping(self) -> str:
        return self.seen.mapping


class Conduct:
    """One sweep under way.  rows: what is done, by key_of their values."""

    def __init__(self, plan: Plan, folder: Folder, table: Table, crew: Crew, progress: Progress) -> None:
        self._plan, self._folder, self._table, self._crew, self._progress = plan, folder, table, crew, progress
        self.rows = {key_of(row.values): row for row in table.rows()}
        self.before = len(self.rows)
        self._mappings = table.mappings()
        self._ran = {row.what for row in self.rows.values() if row.how}
        self._sharing: dict[str, list[Row]] = defaultdict(list)  # rows that did not fail, by record
        for row in self.rows.values():
            self._sharing[row.record].append(row)
        self._next = 0
        self._used = {row.number for row in self.rows.values()}
        self._in_all, self._more = 0, False

    def go(self, source: Candidates) -> None:
        """Does every point. Raises ProgramError where no point of the first batch can even be read."""
        while batch := source.batch():
            self._in_all = max(self._plan.points or 0, self._in_all + len(batch))
            fresh = [values for values in batch if key_of(values) not in self.rows]
            more = len(fresh) > AT_ONCE or self._plan.search in SEARCHING
            for k in range(0, len(fresh), AT_ONCE):
                self._do(fresh[k : k + AT_ONCE], more)
                self._folder.forget_images()
            source.tell({key_of(values): self._figures(values) for values in batch})

    def _figures(self, values: Values) -> tuple[float, ...] | None:
        figures = self.rows[key_of(values)].figures
        found = [figures[goal.key] for goal in self._plan.goals]
        return None if None in found else tuple(float(figure) for figure in found if figure is not None)

    def _do(self, fresh: list[Values], more: bool) -> None:
        """Does these points.  more: whether others may come that could be priced from their records."""
        self._more = more
        points = self._looked_at(fresh)
        self._map(points)
        waiting = self._groups(points)
        running = [number for group in waiting.values() for number in self._begin(group)]
        self._collect(waiting, {point.number: point for point in points}, set(running))

    def _number(self) -> int:
        while self._next in self._used:
            self._next += 1
        self._used.add(self._next)
        return self._next

    def _told(self, stage: str) -> None:
        self._progress(stage, len(self.rows), self._in_all)

    def _looked_at(self, fresh: list[Values]) -> list[_Point]:
        """The points that can be read; the others are in the table with what is wrong."""
        numbered = [(self._number(), values) for values in fresh]
        given = [(number, self._plan.overrides(values)) for number, values in numbered]
        size = max(1, min(LOOKED_AT_ONCE, -(-len(given) // (2 * self._crew.width))))
        seen: dict[int, Seen] = {}
        tasks = [Look(tuple(given[k : k + size])) for k in range(0, len(given), size)]
        for result in self._all(tasks):
            assert isinstance(result, Seen)
            seen[result.number] = result
            self._progress("reading", len(seen), len(given))
        if not self.rows and all(one.error for one in seen.values()):
            raise _none_can(seen[numbered[0][0]].error or "", len(seen))
        failed = [
            (Row(number, values, None, seen[number].error, 0.0, "", "", "", {}), None)
            for number, values in numbered
            if seen[number].error
        ]
        self._add(failed)
        able = zip(numbered, given, strict=True)
        return [_Point(n, values, own, seen[n]) for (n, values), (_, own) in able if seen[n].error is None]

    def _map(self, points: list[_Point]) -> None:
        """Makes the mappings of points that may share a run although theirs differ."""
        first: dict[str, dict[str, _Point]] = defaultdict(dict)
        for point in points:
            first[point.seen.what].setdefault(point.mapping, point)
        tasks: list[Task] = [
            Map(mapping, point.overrides)
            for what, by_mapping in first.items()
            for mapping, point in by_mapping.items()
            if mapping not in self._mappings and (len(by_mapping) > 1 or what in self._ran)
        ]
        for k, result in enumerate(self._all(tasks)):
            assert isinstance(result, Mapped)
            self._learn(result.mapping, result.model_hash, result.mesh_hash, result.error)
            self._progress("mapping", k + 1, len(tasks))

    def _learn(self, mapping: str, model_hash: str, mesh_hash: str, error: str | None) -> None:
        if mapping not in self._mappings:
            self._mappings[mapping] = (model_hash, mesh_hash, error)
            self._table.add_mapping(mapping, model_hash, mesh_hash, error)

    def _groups(self, points: list[_Point]) -> dict[str, list[_Point]]:
        """Points by what they share: a record, or as long as their one mapping is not known, that. Others have failed."""
        groups: dict[str, list[_Point]] = defaultdict(list)
        for point in points:
            model_hash, _, error = self._mappings.get(point.mapping, ("", "", None))
            if error:
                self._fail([point], error)
            else:
                groups[record_name(point.seen.what, model_hash) if model_hash else point.mapping].append(point)
        return dict(groups)

    def _begin(self, points: list[_Point]) -> list[int]:
        """Has the first point of a group run, or where its record is there already, all of them priced. Returns who runs."""
        first = points[0]
        model_hash = self._mappings.get(first.mapping, ("", "", None))[0]
        record = record_name(first.seen.what, model_hash)
        if model_hash and (self._folder.work / record).is_dir():
            self._price(record, points)
            return []
        first.how = "run"
        keep = len(points) > 1 or self._more
        self._crew.put(Run(first.number, first.mapping, first.seen.what, first.overrides, keep))
        return [first.number]

    def _price(self, record: str, points: list[_Point]) -> None:
        """points: of one record, in the order of their numbers. Says of each whether it is the first of its mapping.

        Where no row says that it ran, its run ended, and the sweep before its row was there: the first point is it.
        """
        done = [row for row in self._sharing[record] if row.how]
        if not any(row.how == "run" for row in done):
            points[0].how = "run"
        first: dict[str, int] = {}
        for row in done:
            first[row.mesh_hash] = min(row.number, first.get(row.mesh_hash, row.number))
        for point in points:
            mesh_hash = self._mesh(point)
            first[mesh_hash] = min(point.number, first.get(mesh_hash, point.number))
        for point in points:
            point.how = point.how or ("map" if first[self._mesh(point)] == point.number else "price")
        together = sorted(points, key=lambda point: (self._mesh(point), point.mapping, point.number))
        items = [Item(p.number, p.mapping, self._mesh(p), p.overrides, p.seen.content) for p in together]
        for k in range(0, len(items), PRICED_AT_ONCE):
            self._crew.put(Price(record, tuple(items[k : k + PRICED_AT_ONCE])))

    def _mesh(self, point: _Point) -> str:
        return self._mappings[point.mapping][1]

    def _collect(self, groups: dict[str, list[_Point]], points: dict[int, _Point], running: set[int]) -> None:
        """Takes what comes until no point is on its way.  points: by number.  running: numbers of those that run."""
        group_of = {point.number: name for name, group in groups.items() for point in group}
        left = {name: {point.number: point for point in group} for name, group in groups.items()}
        missing = set(group_of)
        while missing:
            found = [result for result in self._taken() if isinstance(result, Done)]
            self._add([self._row(points[result.number], result) for result in found])
            for result in found:
                missing.discard(result.number)
                others = left[group_of[result.number]]
                del others[result.number]
                if result.number not in running:
                    continue
                for failed in self._ended(result, points[result.number], list(others.values())):
                    missing.discard(failed.number)
                    del others[failed.number]
                if result.error and others:
                    running |= set(self._begin(list(others.values())))
            self._told("running")

    def _ended(self, result: Done, point: _Point, others: list[_Point]) -> list[_Point]:
        """A run ended: has the others of its group priced. Returns those that have failed with it, for their mapping."""
        if result.model_hash:
            self._learn(result.mapping, result.model_hash, result.mesh_hash, None)
        if result.error is None:
            self._ran.add(point.seen.what)
            if others:
                self._price(record_name(point.seen.what, result.model_hash), others)
            return []
        if not result.unmapped:
            return []
        self._learn(result.mapping, "", "", result.error)
        alike = [other for other in others if other.mapping == result.mapping]
        self._fail(alike, result.error)
        return alike

    def _row(self, point: _Point, result: Done) -> tuple[Row, dict[str, Any] | None]:
        what, how = point.seen.what, None if result.error else point.how
        record = record_name(what, result.model_hash) if how else ""
        mesh_hash = result.mesh_hash if how else ""
        row = Row(point.number, point.values, how, result.error, result.wall_s, what, record, mesh_hash, {})
        return row, result.summary

    def _fail(self, points: list[_Point], error: str) -> None:
        self._add([(Row(p.number, p.values, None, error, 0.0, p.seen.what, "", "", {}), None) for p in points])

    def _add(self, rows: Sequence[tuple[Row, dict[str, Any] | None]]) -> None:
        for row in self._table.add(rows) if rows else ():
            self.rows[key_of(row.values)] = row
            self._sharing[row.record].append(row)

    def _all(self, tasks: Sequence[Task]) -> Iterator[Result]:
        """What becomes of tasks that nothing else depends on."""
        missing = 0
        for task in tasks:
            self._crew.put(task)
            missing += len(task.points) if isinstance(task, Look) else 1
        while missing:
            found = self._taken()
            missing -= len(found)
            yield from found

    def _taken(self) -> list[Result]:
        """What comes next. Of points that a worker died over together, each is tried by itself."""
        found = self._crew.take()
        if not isinstance(found, Lost):
            return found
        task = found.task
        if isinstance(task, Run):
            return [Done(task.number, found.why, 0.0, None, task.mapping)]
        if isinstance(task, Map):
            return [Mapped(task.mapping, found.why)]
        if len(task.points) > 1:
            for point in task.points:
                self._crew.put(Look((point,)) if isinstance(task, Look) else Price(task.record, (point,)))  # type: ignore[arg-type]
            return []
        if isinstance(task, Look):
            return [Seen(task.points[0][0], found.why)]
        item = task.points[0]
        return [Done(item.number, found.why, 0.0, None, item.mapping)]


def counts(rows: Iterable[Row]) -> dict[str, int]:
    """How many points ran, were mapped again, were priced again, and failed."""
    found = Counter(row.how or "failed" for row in rows)
    return {how: found[how] for how in ("run", "map", "price", "failed")}


def _none_can(error: str, n: int) -> ProgramError:
    """What is said where nothing can be run."""
    return ProgramError(
        [Problem(f"{error} So it is with {f'all {n:,} points' if n > 1 else 'the only point'}".rstrip("."))]
    )
