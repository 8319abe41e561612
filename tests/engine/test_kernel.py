"""Kernels made of models: whatever a user's file is called and calls, the kernel is of that file and no other."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import partial
from importlib.metadata import EntryPoint
from pathlib import Path

import numba
import numpy as np
import pytest

from neuroemu import jit
from neuroemu.compartments import BUILT_IN, Field, Model, find, fingerprint, names, registry, table
from neuroemu.compiler import compile_network
from neuroemu.engine.run import Plan, run
from neuroemu.errors import InternalError, ProgramError, QuantisationError
from neuroemu.files import program_file
from neuroemu.network import Network, Registers

Parameters = table("Parameters", step=Field("added to v", 1, 0, 100))
State = table("State", v=Field("counts"))
# Names that the engine's own kernel has too.
UP, UNIFORM = 5, 7


def store(x):
    return 2 * x


def at_rest(p, s):
    return False


def update(p, s, a, now):
    return 0, State(s.v + store(p.step) + UP + UNIFORM), 0


COUNTER = Model("counter", Parameters, State, update)


def states_of(chip, model, steps=3, **values):
    network = Network().population("a", 2, Registers(model, values)).probe("a", "v")
    image = compile_network(network, chip).image
    return run(image, Plan(steps, 1, 0, {}, {}, network.probes, models={"a": model}))[0].v["a"][:, 0].tolist()


def test_names_of_the_engine_are_free_in_a_model(chip):
    assert states_of(chip, COUNTER) == [14, 28, 42]  # 2 * 1 + 5 + 7 a step


def test_a_model_is_known_by_its_code_and_not_by_its_name(chip):
    def other(p, s, a, now):
        return 0, State(s.v - p.step), 0

    assert states_of(chip, Model("counter", Parameters, State, other)) == [-1, -2, -3]
    assert states_of(chip, COUNTER) == [14, 28, 42]


def test_a_fingerprint_follows_what_is_called(monkeypatch):
    before = fingerprint(COUNTER)
    monkeypatch.setitem(globals(), "UP", 6)
    assert fingerprint(COUNTER) != before
    monkeypatch.undo()
    assert fingerprint(COUNTER) == before
    monkeypatch.setitem(globals(), "store", lambda x: 3 * x)
    assert fingerprint(COUNTER) != before


def test_a_fingerprint_knows_names_order_closures_and_defaults():
    def made(times, plus=0):
        return lambda p, s, a, now: (0, State(s.v + p.step * times + plus), 0)

    def defaulted(plus):
        def update(p, s, a, now, plus=plus):
            return 0, State(s.v + plus), 0

        return update

    two = table("P", up=Field("a", 1), down=Field("b", 2))
    swapped = table("P", down=Field("b", 2), up=Field("a", 1))
    models = [
        Model("m", two, State, lambda p, s, a, now: (0, State(p.up - p.down), 0)),
        Model("m", two, State, lambda p, s, a, now: (0, State(p.down - p.up), 0)),
        Model("m", swapped, State, lambda p, s, a, now: (0, State(p.up - p.down), 0)),
        Model("m", Parameters, State, made(1)),
        Model("m", Parameters, State, made(2)),
        Model("m", Parameters, State, defaulted(1)),
        Model("m", Parameters, State, defaulted(2)),
        Model("m", Parameters, State, defaulted(2), ports=("a", "b")),
    ]
    assert len({fingerprint(model) for model in models}) == len(models)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"parameters": table("P")}, "at least one Field"),
        ({"ports": ()}, "'ports' are not names"),
        ({"ports": "in"}, "'ports' are not names"),
        ({"ports": ("a", "a")}, "'ports' are not names"),
        ({"bias": "drive"}, "'drive' is none of its states. Allowed: v"),
        ({"state": table("S", v=Field("v", None))}, "'v' has no default"),
        ({"update": 3}, "not a function"),
        ({"update": partial(update)}, "not a function"),
        ({"update": lambda p, s: (0, s, 0)}, r"'update' is not a function of \(p, s, a, now\)"),
        ({"at_rest": lambda p: True}, r"'at_rest' is not a function of \(p, s\)"),
        ({"state": table("S", v=Field("v", 11, 0, 10))}, r"'v' has the default 11. Allowed: its own range, 0\.\.10"),
        ({"state": table("S", v=Field("v", 0, 3, -3))}, "'v' goes from 3 down to -3"),
        ({"state": table("S", v=Field("v", 0.5))}, "'v' has default=0.5. Allowed: whole numbers"),
        ({"state": table("S", v=Field("v", 0, 0, 2.5))}, "'v' has high=2.5"),
        ({"state": table("S", v=Field("v", 0, "decay"))}, "'v' has low='decay'.*limits of the chip: decay_max"),
        ({"state": table("S", v=Field("v", 2**70))}, "'v' has default=.*64 bits"),
        ({"state": table("S", v=0)}, "'v' is 0. Allowed: Field"),
        ({"state": table("S", step=Field("v"))}, "'step' is a parameter and a state"),
    ],
)
def test_a_model_that_cannot_work_is_refused(change, what):
    with pytest.raises(ProgramError, match=what):
        replace(COUNTER, **change)


def test_everything_that_is_wrong_with_a_model_is_told_at_once():
    with pytest.raises(ProgramError) as error:
        replace(COUNTER, update=3, ports=(), state=table("S", v=Field("v", 11, 0, 10), w=Field("w", 0, 3, -3)))
    assert len(error.value.problems) == 4


@pytest.mark.parametrize("name", ["a b", "class", "_v", "1st"])
def test_a_field_is_called_what_python_can_call_it(name):
    with pytest.raises(ProgramError, match=rf"table\('S', ...\).*'{name}'.*Allowed: letters"):
        table("S", **{name: Field("v")})


def test_a_model_that_is_not_there_is_told_when_it_is_asked_for():
    with pytest.raises(ProgramError, match=r"there is no model 'lief'.*lif"):
        Network().population("a", 2, Registers("lief", {}))


def test_what_is_wrong_with_a_file_is_told_with_its_line(program):
    path = program.parent / "models" / "mine.py"
    text = FILE.replace('Field("added to v", 1)', 'Field("added to v", 1, 2, 3)')
    path.write_text(text)
    with pytest.raises(ProgramError) as error:
        program_file.read(program, allow_code=True)
    (problem,) = error.value.problems
    assert problem.line == 7 and f"{path}:{len(text.splitlines())}'" in problem.what
    assert "'step' has the default 1" in problem.what and problem.allowed == "its own range, 2..3"


def test_a_run_with_another_model_than_was_compiled_is_refused(chip):
    network = Network().population("a", 2, Registers(replace(COUNTER, name="if"), {}))
    image = compile_network(network, chip).image
    with pytest.raises(InternalError, match="not the one it was compiled with"):
        run(image, Plan(3, 1, 0, {}, {}))


def test_a_payload_keeps_its_32_bits(chip):
    def huge(p, s, a, now):
        return p.step << 32, State(s.v), 0

    def wraps(p, s, a, now):
        return (p.step << 32) + 5, State(s.v), 0

    for update_, payloads in ((huge, []), (wraps, [5, 5])):
        model = Model("huge", Parameters, State, update_)
        network = Network().population("a", 1, Registers(model, {}))
        plan = Plan(2, 1, 0, {}, {}, models={"a": model})
        assert run(compile_network(network, chip).image, plan)[0].payload.tolist() == payloads


def test_a_field_that_is_not_there_is_named(chip):
    with pytest.raises(QuantisationError, match="no field 'stop'"):
        states_of(chip, COUNTER, stop=3)
    with pytest.raises(QuantisationError, match=r"step is 101.*0\.\.100"):
        states_of(chip, COUNTER, step=101)


def test_every_model_that_comes_along_is_found():
    assert set(BUILT_IN) <= set(names())
    for name in BUILT_IN:
        model = find(name)
        assert model.name == name and model.ports and not model.origin
        assert "## Our choice" in (sys.modules[model.update.__module__].__doc__ or ""), name


def test_installed_packages_offer_models_by_entry_point(monkeypatch):
    point = EntryPoint("borrowed", f"{__name__}:COUNTER", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point] if group == registry.GROUP else [])
    find.cache_clear()
    try:
        assert "borrowed" in names()
        assert find("borrowed").update is update and find("borrowed").name == "borrowed"
        with pytest.raises(KeyError):
            find("nothing")
    finally:
        find.cache_clear()


# ---- a user's file ---------------------------------------------------------------------------------------------------

FILE = """
from neuroemu.compartments import Field, Model, table

Parameters = table("Parameters", step=Field("added to v", 1))
State = table("State", v=Field("counts"))

def update(p, s, a, now):
    v = s.v + p.step * FACTOR
    return (1 if v > 20 else 0), State(0 if v > 20 else v), 0

FACTOR = 3
Mine = Model("mine", Parameters, State, update)
"""

PROGRAM = """
neuroemu: 1
name: own
chip: loihi1-davies2018
network:
  populations:
    own: {size: 3, neuron: "models/mine.py:Mine", parameters: {step: [1, 2, 4]}}
run: {steps: 10}
probes: [own.v, own.spikes]
"""


@pytest.fixture
def program(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "mine.py").write_text(FILE)
    (tmp_path / "own.yaml").write_text(PROGRAM)
    return tmp_path / "own.yaml"


@pytest.fixture
def never_compiled(program):
    """The program with a model that no cache knows, beside a cache that holds what comes along, so that only it is compiled."""
    path = program.parent / "models" / "mine.py"
    path.write_text(path.read_text().replace("1 if v > 20", "1 if 20 < v"))
    if jit._FOLDER:
        here = program.parent / "cache" / "neuroemu-kernels" / Path(jit._FOLDER).name
        shutil.copytree(jit._FOLDER, here, copy_function=linked)
    return program


def linked(old, new):
    """Files of kernels are replaced, never written to."""
    try:
        os.link(old, new)
    except OSError:
        shutil.copy2(old, new)


def run_command(program, *options, verb=("run", "--quiet")):
    command = [sys.executable, "-m", "neuroemu", *verb, str(program), *options]
    root = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONPATH": root, "NUMBA_CACHE_DIR": str(program.parent / "cache")}
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=program.parent, check=False)


def test_a_file_runs_only_with_leave_and_from_the_cache_too(never_compiled):
    program = never_compiled
    refused = run_command(program)
    assert refused.returncode == 2
    assert "own.yaml:7:" in refused.stderr and "--allow-code" in refused.stderr
    for _ in range(2):  # compiled, then from the cache of another process
        done = run_command(program, "--allow-code")
        assert done.returncode == 0, done.stderr
    # 3 a step passes 20 in step 7, 6 in step 4 and 8, 12 in steps 2, 4, 6, 8, 10.
    assert " 8, 0 from the host" in done.stdout


@pytest.mark.parametrize("content", [FILE, "1 / 0"])
def test_a_file_is_run_once_for_all_populations_of_a_program(program, capsys, content):
    (program.parent / "models" / "mine.py").write_text(f"print('hello')\n{content}")
    again = (
        'two: {size: 1, neuron: "models/mine.py:Mine"}\n    three: {size: 1, neuron: "models/../models/mine.py:Mine"}'
    )
    program.write_text(PROGRAM.replace("run:", f"    {again}\nrun:"))
    try:
        network = program_file.read(program, allow_code=True).network
        assert network["own"].compartment == network["two"].compartment == network["three"].compartment
    except ProgramError as error:
        assert [problem.line for problem in error.problems] == [7, 8, 9]
    assert capsys.readouterr().err == "hello\n"


def test_what_a_file_prints_while_it_is_loaded_is_no_result(program, capsys):
    (program.parent / "models" / "mine.py").write_text("print('hello')\n" + FILE)
    program_file.read(program, allow_code=True)
    assert capsys.readouterr() == ("", "hello\n")  # `run --json` prints json and nothing else


def test_a_comment_or_another_name_of_a_file_does_no_harm_to_its_kernel(never_compiled):
    program = never_compiled
    path = program.parent / "models" / "mine.py"
    for comment in ("", "# a comment\n"):
        path.write_text(path.read_text() + comment)
        assert run_command(program, "--allow-code").returncode == 0
    path.rename(path.with_name("yours.py"))
    program.write_text(PROGRAM.replace("mine.py", "yours.py"))
    done = run_command(program, "--allow-code")
    assert done.returncode == 0, done.stderr


def test_a_changed_file_is_another_model(program, chip):
    path = program.parent / "models" / "mine.py"
    first = registry.load(path, "Mine")
    path.write_text(FILE.replace("FACTOR = 3", "FACTOR = 5"))
    second = registry.load(path, "Mine")
    assert first.origin != second.origin
    assert [states_of(chip, model) for model in (first, second)] == [[3, 6, 9], [5, 10, 15]]


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("Mine", "Mine = 3", "has no Model called 'Mine'. Allowed: none"),
        ("Other", FILE, "has no Model called 'Other'. Allowed: Mine"),
    ],
)
def test_a_file_without_the_model_says_what_it_has(tmp_path, name, content, what):
    path = tmp_path / "mine.py"
    path.write_text(content)
    with pytest.raises(ProgramError, match=what):
        registry.load(path, name)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("def (", "mine.py:1' failed: SyntaxError"),
        ("\n1 / 0", "mine.py:2' failed: ZeroDivisionError"),
        ("raise SystemExit(3)", "mine.py:1' failed: SystemExit"),
        ("open('nowhere')", "mine.py:1' failed: FileNotFoundError"),
    ],
)
def test_a_file_that_fails_is_told_with_its_place(program, content, what):
    (program.parent / "models" / "mine.py").write_text(content)
    done = run_command(program, "--allow-code")
    assert done.returncode == 2 and "own.yaml:7:" in done.stderr and what in done.stderr, done.stderr


def test_an_update_that_numba_cannot_compile_says_so(program):
    text = FILE.replace("v = s.v + p.step * FACTOR", "v = len({'a': s.v}.popitem()) + open")
    (program.parent / "models" / "mine.py").write_text(text)
    done = run_command(program, "--allow-code")
    assert done.returncode == 2, done.stderr
    assert "Mine" in done.stderr and "cannot be compiled" in done.stderr and "Traceback" not in done.stderr


STATES = table("State", v=Field("counts"), w=Field("counts, too"))


def with_update(update, **more):
    return Model("mine", Parameters, STATES, update, **more)


@pytest.mark.parametrize(
    ("update", "returned"),
    [
        (lambda p, s, a, now: (0, STATES(s.v, s.w)), r"update returns \(int64, State\(int64, int64\)\)"),
        (lambda p, s, a, now: (0, (s.v,), 0), r"update returns \(int64, \(int64\), int64\)"),
        (lambda p, s, a, now: (0, (s.v, s.w, 1), 0), r"update returns \(int64, \(int64, int64, int64\), int64\)"),
        (lambda p, s, a, now: (0, STATES(s.v * 0.5, s.w), 0), r"update returns \(int64, State\(float64, int64\)"),
        (lambda p, s, a, now: (s.v * 0.5, s, 0), r"update returns \(float64"),
        (lambda p, s, a, now: None, r"update returns none"),
        (lambda p, s, a, now: (0, STATES(s.v), 0), r"cannot be compiled.*missing a required argument: 'w'"),
    ],
)
def test_what_update_returns_is_checked_and_told_with_its_line(chip, update, returned):
    with pytest.raises(ProgramError) as error:
        states_of(chip, with_update(update))
    (problem,) = error.value.problems
    assert problem.path == "a" and re.search(returned, problem.what)
    assert f"{__file__}:{update.__code__.co_firstlineno})" in problem.what
    assert "(payload, State(v, w), overflow)" in problem.allowed


def test_what_at_rest_returns_is_told_with_its_line(chip):
    def rests(p, s):
        return s.v, s.w

    with pytest.raises(ProgramError, match=rf"test_kernel.py:{rests.__code__.co_firstlineno}\): at_rest returns"):
        states_of(chip, with_update(lambda p, s, a, now: (0, s, 0), at_rest=rests))


def test_an_update_that_the_user_compiles_is_one(chip):
    made = numba.njit(lambda p, s, a, now: (0, STATES(s.v + 1, 0), 0))
    assert states_of(chip, with_update(made)) == [1, 2, 3]


def test_truth_and_a_row_as_it_was_may_be_returned(chip):
    assert states_of(chip, with_update(lambda p, s, a, now: (s.v > 3, s, False))) == [0, 0, 0]


def test_a_fault_that_numba_finds_is_told_with_the_line_of_the_file_and_of_the_program(program):
    text = FILE.replace("v = s.v + p.step * FACTOR", "v = s.v + p.stop")
    (program.parent / "models" / "mine.py").write_text(text)
    done = run_command(program, "--allow-code", verb=("check",))  # as `run` would
    line = 1 + text.splitlines().index("    v = s.v + p.stop")
    assert done.returncode == 2
    assert done.stderr.startswith("own.yaml:7:5: ") or "/own.yaml:7:5: " in done.stderr, done.stderr
    assert f"models/mine.py:{line})" in done.stderr and "'stop'" in done.stderr, done.stderr


def test_recorded_draws_are_taken_as_they_are(chip):
    assert np.array_equal(states_of(chip, COUNTER, step=2), [16, 32, 48])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("threads", [1, 2])
def test_a_model_that_raises_while_it_runs_ends_the_run(chip, threads):
    def raises(p, s, a, now):
        if s.v > 3:
            raise ValueError("boom")
        return 1, State(s.v + p.step), 0

    model = Model("raises", Parameters, State, raises)
    network = Network().population("a", 200, Registers(model, {}))
    image = compile_network(network, chip).image
    with pytest.raises(
        ProgramError, match=r"a: the model 'raises' \(.*test_kernel\.py:\d+\) raised an error while it ran"
    ):
        run(image, Plan(30, 1, 0, {}, {}, models={"a": model}, threads=threads))


TABLE = np.arange(8)


def looked_up(k):
    return TABLE[k]


own_kernel = numba.njit(looked_up)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("through", ["update", "a function", "a kernel", "recorded"])
def test_an_index_out_of_range_in_a_users_model_ends_the_run(chip, through):
    """Without a check it would read whatever lies behind the table."""
    update = {
        "update": lambda p, s, a, now: (0, State(s.v + TABLE[p.step]), 0),
        "a function": lambda p, s, a, now: (0, State(s.v + looked_up(p.step)), 0),
        "a kernel": lambda p, s, a, now: (0, State(s.v + own_kernel(p.step)), 0),
        "recorded": lambda p, s, a, now: (0, State(s.v + (now.recorded[0, p.step] if p.step > 7 else p.step)), 0),
    }[through]
    model = Model("looks up", Parameters, State, update)
    assert states_of(chip, model, step=7) == [7, 14, 21]
    with pytest.raises(ProgramError, match="raised an error while it ran"):
        states_of(chip, model, step=8)
