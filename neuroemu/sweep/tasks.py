"""Tasks: what a worker is asked to do, and how it does it. A worker keeps what it used last; nothing it keeps decides a result.

  Look   points read and checked: what each shares with others, or why it cannot be
  Map    one mapping made, and kept beside the sweep for those that price with it
  Run    one point run from its beginning; its record is kept where others will be priced from it
  Price  points priced from a record, each with its own mapping and price list
What goes wrong with a point is a result like any other. Files appear whole or not at all.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import tempfile
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .. import json_text, modes, pipeline, profile
from ..cache import container
from ..cache.key import sources
from ..chip import Chip, PriceList
from ..compiler import Compiled
from ..costs import Costs, Counted, costs
from ..energy import bill
from ..errors import ChipError, NeuroemuError, OutputError
from ..prepare import compile_program
from ..program import Program
from ..report import priced as reports
from ..report import saved
from ..report.priced import Priced
from ..report.saved import Saved
from ..wiring import Wiring, wiring_of
from .identity import digest, identity
from .reading import Few, Reader

COSTS, SUMMARY = "costs.h5", "summary.json"
VOLATILE = ("wall_s", "image_from_cache")  # of a summary: what differs where a point is done again
Overrides = tuple[str, ...]


@dataclass(frozen=True)
class Setting:
    """What all tasks of a sweep share.  program: the file.  work: the folder for records and images.

    spread: whether summaries have `ranges`.  sources: the digest of neuroemu's sources that the sweep was started with.
    """

    program: str
    work: str
    allow_code: bool
    cache: bool
    threads: int
    spread: bool
    sources: str


@dataclass(frozen=True)
class Look:
    """points: (number, overrides)."""

    points: tuple[tuple[int, Overrides], ...]


@dataclass(frozen=True)
class Map:
    mapping: str
    overrides: Overrides


@dataclass(frozen=True)
class Run:
    """keep: whether its record is written."""

    number: int
    mapping: str
    what: str
    overrides: Overrides
    keep: bool


@dataclass(frozen=True)
class Item:
    """A point to be priced.  content: as in Seen."""

    number: int
    mapping: str
    mesh_hash: str
    overrides: Overrides
    content: bytes


@dataclass(frozen=True)
class Price:
    """record: whose record they are priced from."""

    record: str
    points: tuple[Item, ...]


Task = Look | Map | Run | Price


@dataclass(frozen=True)
class Seen:
    """A point looked at.  content: its name, chip, prices, latency mode, seed.  error: why it cannot be, then nothing else."""

    number: int
    error: str | None
    what: str = ""
    mapping: str = ""
    content: bytes = b""


@dataclass(frozen=True)
class Mapped:
    """A mapping made, or why there is none."""

    mapping: str
    error: str | None
    model_hash: str = ""
    mesh_hash: str = ""


@dataclass(frozen=True)
class Done:
    """A point with its summary, or with why it has none.  wall_s: of this point in its worker.

    unmapped: whether it failed because there is no such mapping.
    """

    number: int
    error: str | None
    wall_s: float
    summary: dict[str, Any] | None = None
    mapping: str = ""
    model_hash: str = ""
    mesh_hash: str = ""
    unmapped: bool = False


Result = Seen | Mapped | Done


class Foreign(NeuroemuError):
    """A worker that would compute with another neuroemu, or that does not see the sweep's folder."""


def record_name(what: str, model_hash: str) -> str:
    """The name of a run's record: all points of this `what` whose mappings have this model_hash are priced from it."""
    return digest(what, model_hash)


def do(setting: Setting, task: Task) -> list[Result]:
    """Does a task. Raises Foreign, and OutputError where the sweep's folder cannot be written: those end the sweep."""
    if sources() != setting.sources:
        raise Foreign("a worker has another version of neuroemu than the sweep. Try: the same version everywhere.")
    if not Path(setting.work).is_dir():
        raise Foreign(f"a worker does not see {setting.work}. Try: an -o on a file system that all workers share.")
    with _lock:  # a dask worker may have several threads; ours are inside of a run
        worker = _workers.get(setting, lambda: _Worker(setting))
        if isinstance(task, Look):
            return [worker.look(number, overrides) for number, overrides in task.points]
        if isinstance(task, Map):
            return [worker.map(task)]
        if isinstance(task, Run):
            return [worker.run(task)]
        return [worker.price(task.record, item) for item in task.points]


_lock = threading.Lock()


def _told(error: Exception) -> str:
    """Why a point failed, as its row says it."""
    if isinstance(error, NeuroemuError):
        return str(error)
    if isinstance(error, MemoryError):
        return "out of memory"
    return f"internal error, the fault is ours: {type(error).__name__}: {error}"


class _Worker:
    """What one process keeps of one sweep."""

    def __init__(self, setting: Setting) -> None:
        self._setting, self._work = setting, Path(setting.work)
        self._reader = Reader(Path(setting.program), setting.allow_code)
        self._records: Few[tuple[Saved, dict[str, Any]]] = Few(2)
        self._wirings: Few[tuple[Wiring, Any]] = Few(8)
        self._costs: Few[Costs] = Few(2)
        self._counted: Few[Counted] = Few(4)

    def look(self, number: int, overrides: Overrides) -> Seen:
        try:
            program, data = self._reader.read(overrides)
            unable = modes.problems(program.chip.mesh, program.prices, program.latency)
            if unable:
                raise ChipError(unable)
            what, mapping = identity(program, data)
        except Exception as error:
            return Seen(number, _told(error))
        chip = replace(program.chip, written="", sources={})
        content = zlib.compress(
            pickle.dumps((program.name, chip, program.prices, program.latency, int(program.seed))), 1
        )
        return Seen(number, None, what, mapping, content)

    def map(self, task: Map) -> Mapped:
        try:
            program, _ = self._reader.read(task.overrides)
            image = self._compiled(program, task.mapping, keep=True).image
        except OutputError:
            raise
        except Exception as error:
            return Mapped(task.mapping, _told(error))
        return Mapped(task.mapping, None, image.model_hash, image.mesh_hash)

    def run(self, task: Run) -> Done:
        began = time.perf_counter()
        hashes = ("", "")
        try:
            program, _ = self._reader.read(task.overrides)
            compiled = self._compiled(program, task.mapping)
            hashes = compiled.image.model_hash, compiled.image.mesh_hash
            report = pipeline.execute(program, compiled, None, self._setting.threads, spread=self._setting.spread)
        except Exception as error:
            taken = time.perf_counter() - began
            return Done(task.number, _told(error), taken, None, task.mapping, *hashes, unmapped=not hashes[0])
        summary = _steady(report.summary)
        name, done = record_name(task.what, compiled.image.model_hash), report.priced
        if task.keep:
            sections = saved.sections(program.chip)
            kept = Saved(done.wiring, done.activity, done.parts, sections, program.latency, done.steps)
            self._records.put(name, (kept, summary))
            self._keep_record(name, done, summary)
        return Done(task.number, None, time.perf_counter() - began, summary, task.mapping, *hashes)

    def price(self, record: str, item: Item) -> Done:
        began = time.perf_counter()
        try:
            summary = self._priced(record, item)
        except Exception as error:
            return Done(item.number, _told(error), time.perf_counter() - began, mapping=item.mapping)
        model_hash, mesh_hash = summary["model_hash"], summary["mesh_hash"]
        return Done(item.number, None, time.perf_counter() - began, summary, item.mapping, model_hash, mesh_hash)

    def _priced(self, record: str, item: Item) -> dict[str, Any]:
        kept, summary = self._records.get(record, lambda: self._read_record(record))
        name, chip, prices, latency, seed = _opened(item.content)
        wiring, parts = kept.wiring, kept.parts
        if wiring.mesh_hash != item.mesh_hash:
            wiring, parts = self._wirings.get(item.mapping, lambda: self._wiring(item))
            if wiring.mesh_hash != item.mesh_hash or wiring.model_hash != kept.wiring.model_hash:
                raise AssertionError("a mapping came out otherwise when it was made again")

        def cost() -> Costs:
            counted = self._counted.get((record, wiring.mesh_hash), Counted)
            return costs(wiring, kept.activity, prices, latency, self._setting.threads, counted=counted)

        # Times alone decide the schedule: where only energies differ it is taken as it is, and charged anew.
        found = self._costs.get((record, wiring.mesh_hash, latency, _times(prices)), cost)
        found = replace(found, bill=bill(found.tally, prices, found.schedule.total_ns, wiring))
        done = Priced(chip, prices, latency, parts, wiring, kept.activity, found, kept.steps)
        anew = reports.summarise(done, seed, self._setting.spread)
        return {**summary, **anew, "name": name, "mesh_hash": wiring.mesh_hash}

    def _wiring(self, item: Item) -> tuple[Wiring, Any]:
        path, compiled = self._image(item.mapping), None
        if path.is_file():
            compiled = _image_of(path, item.mapping)
        if compiled is None:
            compiled = self._compiled(self._reader.read(item.overrides)[0], item.mapping)
        return wiring_of(compiled.image), compiled.mapping.parts

    def _compiled(self, program: Program, mapping: str, keep: bool = False) -> Compiled:
        """The program mapped, or as it was mapped before.  keep: whether others will want it."""
        path = self._image(mapping)
        found = _image_of(path, mapping)
        if found is not None:
            return found
        options = program.mapping
        own = options.weigh_by == "spikes" and options.seats is None and not options.file
        cache = self._setting.cache
        weight = profile.weights(profile.spikes(program, cache)) if own else None
        compiled = compile_program(program, weight, cache, remedies=False)
        if keep:

            def fill(partial: Path) -> None:
                with open(partial, "wb") as stream:
                    container.write(stream, mapping, replace(compiled, from_cache=False))

            self._land(path, fill)
        return compiled

    def _image(self, mapping: str) -> Path:
        return self._work / f"{mapping}.image"

    def _keep_record(self, name: str, done: Priced, summary: dict[str, Any]) -> None:
        def fill(partial: Path) -> None:
            partial.mkdir()
            saved.write(done, partial / COSTS)
            (partial / SUMMARY).write_text(json.dumps(summary), encoding="utf-8")

        self._land(self._work / name, fill)

    def _read_record(self, name: str) -> tuple[Saved, dict[str, Any]]:
        folder = self._work / name
        try:
            return saved.read(folder), json_text.parse((folder / SUMMARY).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise OutputError(f"{folder / SUMMARY} cannot be read ({error}).") from None

    def _land(self, path: Path, fill: Callable[[Path], None]) -> None:
        """Puts a file or a folder there in one go; what another worker put there before stays."""
        above = Path(tempfile.mkdtemp(prefix=".partial-", dir=self._work))
        try:
            fill(above / path.name)
            if not path.exists():
                os.rename(above / path.name, path)
        except OSError as error:
            if not path.exists():
                raise OutputError(f"{path} cannot be written ({error.strerror or error}).") from None
        finally:
            shutil.rmtree(above, ignore_errors=True)


_workers: Few[_Worker] = Few(1)


def _image_of(path: Path, key: str) -> Compiled | None:
    try:
        found = container.read(path, key)
    except (OSError, container.Foreign, ValueError, KeyError, TypeError, IndexError):
        return None
    return found if isinstance(found, Compiled) else None


def _opened(content: bytes) -> tuple[str, Chip, PriceList, str, int]:
    """What `look` packed, in another process of the same sweep."""
    found: tuple[str, Chip, PriceList, str, int] = pickle.loads(zlib.decompress(content))
    return found


def _steady(summary: dict[str, Any]) -> dict[str, Any]:
    """A summary without what differs from one time to the next."""
    return {key: value for key, value in summary.items() if key not in VOLATILE}


def _times(prices: PriceList) -> str:
    """All of a price list that decides a schedule and what is said of it."""
    slots = (prices.slot_ns, prices.chip_slot_ns, prices.core_slot_ns)
    return repr((prices.times().tolist(), prices.barrier, [slot.value for slot in slots]))
