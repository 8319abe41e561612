"""The cache of compiled images: what comes back is what was made, what decides an image decides its key, nothing breaks it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, fields, is_dataclass, replace
from importlib.metadata import PackageNotFoundError

import numpy as np
import pytest
from hypothesis import given

import neuroemu
from neuroemu.cache import container, folder
from neuroemu.cache.key import Unknown, _packages, key_of
from neuroemu.compartments import Field, Model, find, table
from neuroemu.compiler import MappingOptions, compile_network
from neuroemu.connect import Dense, Random, Sparse, SynapseList
from neuroemu.errors import DoesNotFit, OutputError
from neuroemu.files import program_file
from neuroemu.network import Lif, LifRegisters, Network, Noise, Registers, Spikes, WeightFormat
from neuroemu.prepare import compile_program
from tests import naive_compiler as naive
from tests.naive_compiler import small


@pytest.fixture
def images(tmp_path, monkeypatch):
    """The folder of a cache that is empty."""
    monkeypatch.setenv("NEUROEMU_CACHE", str(tmp_path / "images"))
    return tmp_path / "images"


def same(one, other):
    """Whether two nested values are equal, arrays by type, shape and content."""
    if isinstance(one, np.ndarray):
        alike = isinstance(other, np.ndarray) and one.dtype == other.dtype and one.shape == other.shape
        return alike and np.array_equal(one, other)
    if is_dataclass(one):
        named = [field.name for field in fields(one) if field.name != "from_cache"]
        return type(one) is type(other) and all(same(getattr(one, n), getattr(other, n)) for n in named)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (tuple, list)):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and (one == other or one != one)


def arrays(value):
    if isinstance(value, np.ndarray):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from arrays(getattr(value, field.name))
    elif isinstance(value, (tuple, list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from arrays(item)


# ---- what comes back -----------------------------------------------------------------------------------------------


@given(naive.networks())
def test_what_is_read_is_what_was_written(tmp_path_factory, chip, network):
    made = compile_network(network, small(chip, (8, 8, 4)))
    path = tmp_path_factory.mktemp("cache") / "a.image"
    with open(path, "wb") as stream:
        container.write(stream, "key", made)
    found = container.read(path, "key")
    assert same(made, found)
    assert not any(array.flags.writeable for array in arrays(found))


@pytest.mark.parametrize("name", ["quickstart", "digits"])
def test_a_second_run_takes_the_image_and_gives_the_same(name, images):
    first, second = neuroemu.run(name), neuroemu.run(name)
    assert (first.compiled.from_cache, second.compiled.from_cache) == (False, True)
    assert same(first.compiled, second.compiled)
    assert np.array_equal(first.traces.source, second.traces.source)
    own = ("wall_s", "image_from_cache")
    one, two = ({key: value for key, value in r.summary.items() if key not in own} for r in (first, second))
    assert one == two and second.summary["image_from_cache"]
    assert "from the cache" in str(second) and "from the cache" not in str(first)


def test_what_does_not_fit_is_not_kept(images):
    program = program_file.read("quickstart", ("chip.core.axons_in=1",))
    for _ in range(2):
        with pytest.raises(DoesNotFit):
            compile_program(program)
    assert list(images.iterdir()) == []


def test_nothing_is_kept_where_nobody_wants_it(images, monkeypatch):
    program = program_file.read("quickstart")
    compile_program(program, cache=False)
    assert not images.exists()
    for off in ("off", ""):
        monkeypatch.setenv("NEUROEMU_CACHE", off)
        assert [compile_program(program).from_cache for _ in range(2)] == [False, False]


# ---- the key -------------------------------------------------------------------------------------------------------

WEIGHTS, WEIGHTS_AS = np.array([[100.0, 50.0]]), WeightFormat()


def net(weights=WEIGHTS, delay=0, threshold=1, noise=None, step_ms=1.0, size=1, name="a", fmt=WEIGHTS_AS, axon_delay=0):
    made = Network(step_ms).population("in", 2, Spikes("x"), axon_delay)
    made = made.population(name, size, LifRegisters(threshold=threshold, noise=noise))
    return made.connect("in", name, Dense(weights, delay), fmt)


Parameters = table("Parameters", keep=Field("kept", 250, 0, 256))
State = table("State", v=Field("potential"))


def model(factor):
    def update(p, s, a, now):
        return 0, State(s.v + factor * a[0]), 0

    return Model("own", Parameters, State, update)


def with_columns(shift):
    def columns(values, chip):
        return {"keep": values["keep"] + shift}, {"v": values["v"]}

    return replace(model(1), given=table("Given", keep=Field("kept", 1), v=Field("v", 0)), columns=columns)


CHANGED = {
    "a weight": (net(np.array([[100.0, 51.0]])), {}),
    "the type of the weights": (net(WEIGHTS.astype(np.float32)), {}),
    "a delay": (net(delay=1), {}),
    "a register": (net(threshold=2), {}),
    "noise": (net(noise=Noise(7)), {}),
    "the step": (net(step_ms=2.0), {}),
    "a name": (net(name="b"), {}),
    "a format": (net(fmt=WeightFormat(exponent=1)), {}),
    "an axonal delay": (net(axon_delay=1), {}),
    "a branch": (net().population("b", 1, Lif()), {}),
    "the seed": (net(), {"seed": 2}),
    "what a border between chips counts": (net(), {"border": 1.0}),
    "the placement": (net(), {"options": MappingOptions(placement="hilbert")}),
    "parts": (net(), {"options": MappingOptions(parts={"a": 2})}),
    "a limit": (net(), {"core": {"axons_in": 4000}}),
    "another connector": (net().connect("in", "a", Random(1.0, fan_in=2)), {}),
    "a model": (Network().population("a", 1, Registers(model(1))), {}),
    "another function of that name": (Network().population("a", 1, Registers(model(2))), {}),
    "values of a model": (Network().population("a", 1, Registers(model(1), {"keep": 3})), {}),
    "what makes its tables": (Network().population("a", 1, Registers(with_columns(1))), {}),
    "what makes them otherwise": (Network().population("a", 1, Registers(with_columns(2))), {}),
    "a model that comes along": (Network().population("a", 1, Registers(find("if"))), {}),
}


def key(chip, network, seed=1, options=MappingOptions(), core=None, border=0.0):  # noqa: B008
    return key_of(network, replace(chip, core=replace(chip.core, **(core or {}))), options, seed, border)


def test_whatever_decides_an_image_decides_its_key(chip):
    keys = [key(chip, net()), *(key(chip, network, **more) for network, more in CHANGED.values())]
    assert len(set(keys)) == len(keys)


def test_what_does_not_decide_an_image_is_not_in_its_key(chip):
    probed = net().probe("a", "v")
    called = replace(chip, name="another", about="words", technology="5 nm")
    assert key(chip, net()) == key(chip, net()) == key(chip, probed) == key(called, net())
    assert key(chip, net(WEIGHTS.copy())) == key(chip, net(np.asfortranarray(WEIGHTS)))


def test_an_array_seen_many_times_is_not_one_number(chip):
    index = np.arange(4)
    found = [Sparse(index, index, np.broadcast_to(np.float64(2.0), (n,)), 0) for n in (4, 5)]
    base = Network().population("a", 5, LifRegisters())
    assert len({key(chip, base.connect("a", "a", connector)) for connector in found}) == 2


def test_other_sources_give_another_key(chip, monkeypatch):
    before = key(chip, net())
    monkeypatch.setattr("neuroemu.cache.key.sources", lambda: "another version")
    assert key(chip, net()) != before


def test_other_packages_give_another_key(chip, monkeypatch):
    # What cuts networks decides an image: another release of it may cut otherwise.
    keys = []
    for installed in ({"scipy": "1.10"}, {"scipy": "1.11"}, {"scipy": "1.10", "pymetis": "2023.1"}):

        def version(name, installed=installed):
            if name not in installed:
                raise PackageNotFoundError(name)
            return installed[name]

        monkeypatch.setattr("neuroemu.cache.key.version", version, raising=False)
        monkeypatch.setattr("neuroemu.cache.key._packages", _packages.__wrapped__)
        keys.append(key(chip, net()))
    assert len(set(keys)) == 3


@dataclass(frozen=True)
class Mine:
    """A connector of the user's own: its code decides, and nobody can hash it."""

    weight: float = 100.0

    def count(self, pre, post):
        return 1.0

    def synapses(self, pre, post, draws):
        zero = np.zeros(1, np.int32)
        return SynapseList(zero, zero, np.full(1, self.weight), np.zeros(1, np.int64))


@pytest.mark.parametrize("given", [Mine(), Dense(np.array([[object()]], dtype=object))])
def test_what_nobody_can_hash_has_no_key(chip, given):
    with pytest.raises(Unknown):
        key(chip, Network().population("a", 1, LifRegisters()).connect("a", "a", given))


def test_a_network_without_a_key_is_compiled_each_time(images):
    network = Network().population("a", 1, LifRegisters()).connect("a", "a", Mine())
    assert [neuroemu.run(network, steps=2).compiled.from_cache for _ in range(2)] == [False, False]
    assert list(images.iterdir()) == []


# ---- damage --------------------------------------------------------------------------------------------------------


def kept(images):
    """The one file of a cache."""
    (path,) = images.iterdir()
    return path


def flipped(content, at):
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


DAMAGE = {
    "empty": lambda content: b"",
    "cut in the start": lambda content: content[:20],
    "cut in the head": lambda content: content[:200],
    "cut in the arrays": lambda content: content[:-64],
    "longer": lambda content: content + bytes(64),
    "of another kind": lambda content: b"PK\3\4" + content,
    "another format": lambda content: flipped(content, 15),
    "a length that is none": lambda content: content[:16] + b"\xff" * 8 + content[24:],
    "a bit of the head": lambda content: flipped(content, 60),
    "a bit of the arrays": lambda content: flipped(content, len(content) - 64),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_made_anew(damage, images):
    program = program_file.read("quickstart")
    made = compile_program(program)
    content = kept(images).read_bytes()
    kept(images).write_bytes(DAMAGE[damage](content))
    again = compile_program(program)
    assert not again.from_cache and same(made, again)
    assert kept(images).read_bytes() == content
    assert compile_program(program).from_cache


def test_the_file_of_another_key_is_not_taken(images):
    one, other = program_file.read("quickstart"), program_file.read("quickstart", seed=5)
    compile_program(one)
    content = kept(images).read_bytes()
    kept(images).unlink()
    compile_program(other)
    kept(images).write_bytes(content)
    assert not compile_program(other).from_cache


def test_what_would_not_come_back_is_not_written(tmp_path):
    for value in (object(), {1, 2}, np.float64(1.0)):
        with open(tmp_path / "x", "wb") as stream, pytest.raises(TypeError):
            container.write(stream, "key", value)


# ---- the folder ----------------------------------------------------------------------------------------------------


def test_two_processes_may_write_at_once(images, tmp_path):
    code = "import neuroemu.prepare as p; from neuroemu.files import program_file as f;" \
           "print([p.compile_program(f.read('digits', seed=s)).image.model_hash for s in range(6)])"  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    started = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment, text=True)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=300)[0] for process in started]
    assert said[0] == said[1] and [process.returncode for process in started] == [0, 0]
    assert sorted(path.suffix for path in images.iterdir()) == [".image"] * 6


def test_threads_that_forget_at_once_do_not_trip_over_each_other(images):
    images.mkdir()
    for k in range(200):
        (images / f"{k:03}.image").write_bytes(bytes(1000))
    threads = [threading.Thread(target=folder._forget, args=(images, 50_000)) for _ in range(4)]
    failed = []
    hook, threading.excepthook = threading.excepthook, failed.append
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    threading.excepthook = hook
    assert not failed and sum(path.stat().st_size for path in images.iterdir()) <= 50_000


def test_the_oldest_go_when_the_folder_is_full(images, monkeypatch):
    programs = [program_file.read("quickstart", seed=seed) for seed in range(4)]
    for k, program in enumerate(programs[:3]):
        compile_program(program)
        newest = max(images.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        os.utime(newest, (1000 + k, 1000 + k))
    size = max(path.stat().st_size for path in images.iterdir())
    assert compile_program(programs[0]).from_cache  # used now, so that the second is the oldest
    monkeypatch.setattr(folder, "_most_bytes", lambda: 3 * size + size // 2)
    compile_program(programs[3])
    monkeypatch.undo()
    monkeypatch.setenv("NEUROEMU_CACHE", str(images))
    assert [compile_program(program).from_cache for program in programs] == [True, False, True, True]


def test_an_image_larger_than_the_cache_is_not_kept(images, monkeypatch):
    monkeypatch.setattr(folder, "_most_bytes", lambda: 100)
    compile_program(program_file.read("quickstart"))
    assert list(images.iterdir()) == []


def test_files_that_nobody_finished_go_after_a_day(images):
    images.mkdir()
    old, new, other = images / "a.partial", images / "b.partial", images / "notes.txt"
    for path in (old, new, other):
        path.write_text("")
    for path in (old, other):
        os.utime(path, (1000, 1000))
    compile_program(program_file.read("quickstart"))
    assert (old.exists(), new.exists(), other.exists()) == (False, True, True)


def test_a_folder_that_cannot_be_is_no_cache_and_no_error(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    for wanted in ("/dev/null/nowhere", str(tmp_path / "file")):
        monkeypatch.setenv("NEUROEMU_CACHE", wanted)
        assert [compile_program(program_file.read("quickstart")).from_cache for _ in range(2)] == [False, False]


def test_a_full_disk_keeps_nothing(images, monkeypatch):
    def full(*given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(container, "write", full)
    assert not compile_program(program_file.read("quickstart")).from_cache
    assert list(images.iterdir()) == []


def test_a_size_that_is_no_number_is_refused(images, monkeypatch):
    monkeypatch.setenv("NEUROEMU_CACHE_MB", "many")
    with pytest.raises(OutputError, match="NEUROEMU_CACHE_MB is 'many'"):
        compile_program(program_file.read("quickstart"))


@pytest.mark.parametrize(
    ("platform", "names", "expected"),
    [
        ("linux", {}, "home/.cache/neuroemu/images"),
        ("linux", {"XDG_CACHE_HOME": "xdg"}, "xdg/neuroemu/images"),
        ("darwin", {"XDG_CACHE_HOME": "xdg"}, "home/Library/Caches/neuroemu/images"),
        ("win32", {"LOCALAPPDATA": "local"}, "local/neuroemu/images"),
    ],
)
def test_the_folder_is_the_platforms(platform, names, expected, monkeypatch):
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": "home", **names}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert folder._usual().as_posix() == expected


def test_the_command_line_says_when_it_took_an_image(images, in_empty_folder):
    def said(*more):
        command = [sys.executable, "-m", "neuroemu", "run", "quickstart", "--steps", "5", "--quiet", *more]
        done = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        )
        assert done.returncode == 0, done.stderr
        return "from the cache" in done.stdout

    assert [said(), said(), said("--no-cache")] == [False, True, False]
    runs = sorted((in_empty_folder / "runs").iterdir())
    assert [json.loads((run / "manifest.json").read_text())["image_from_cache"] for run in runs] == [False, True, False]
