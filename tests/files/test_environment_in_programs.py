"""Environments in program files: built in, of a file of the user's own, and every mistake with its place."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

import neuroemu
from neuroemu.cli import cli
from neuroemu.environments import BUILT_IN
from neuroemu.environments.bandit import Bandit
from neuroemu.errors import ProblemsError
from neuroemu.files import environment_schema, program_file

PROGRAM = """\
neuroemu: 1
name: chooser
chip: loihi1-davies2018
network:
  populations:
    go: {size: 1, source: go}
    arms: {size: 2, neuron: lif_registers, threshold: 30}
  connections:
    - {from: go, to: arms, weights: [[40], [50]], format: {sign_mode: excitatory}, learn: rl, name: w}
learning:
  rl: {dw: 2^0*u0*x1*r1, traces: {x1: {impulse: 16, tau: 4}}, reward: reward}
inputs:
  go: {environment: go}
  reward: {environment: reward, encode: current, gain: 2}
environment: {kind: bandit, every: 5, actions: arms, chances: [1, 0.5], win: 4}
run: {steps: 40}
"""

OWN = '''\
"""Gives a spike in every phase and counts them."""

import neuroemu


class Pacer(neuroemu.Environment):
    def __init__(self, every=5, gain=1):
        self.every, self.gain, self.sends, self.n = every, gain, {"go": 1, "reward": 1}, 0

    def begin(self):
        print("begins")
        self.n = 0

    def manage(self, phase):
        self.n += 1
        return {"go": [[1]] + [[0]] * (self.every - 1), "reward": self.gain / 2}

    def results(self):
        return {"phases": self.n}


class Unborn(neuroemu.Environment):
    every = 3


class Stubborn(Pacer):
    def __init__(self):
        raise RuntimeError("no")


class Needy(Pacer):
    def __init__(self, food, *, drink=1):
        super().__init__()


class Still(Pacer):
    every = 0

    def __init__(self):
        super().__init__(every=0)


NUMBER = 3
'''


@pytest.fixture
def read(tmp_path):
    def reader(text=PROGRAM, own=OWN, **settings):
        (tmp_path / "program.yaml").write_text(text)
        (tmp_path / "own.py").write_text(own)
        return program_file.read(tmp_path / "program.yaml", **settings)

    return reader


def changed(*changes, text=PROGRAM):
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.fixture
def mistakes(read):
    def told(*changes, own=OWN, **settings):
        with pytest.raises(ProblemsError) as error:
            read(changed(*changes), own, **settings)
        return error.value.problems

    return told


BANDIT = "{kind: bandit, every: 5, actions: arms, chances: [1, 0.5], win: 4}"
OWN_ONE = (BANDIT, "{python: own.py:Pacer, every: 8, parameters: {gain: 4}}")


def test_a_built_in_one_is_made_of_its_keys(read):
    made = read().environment
    assert isinstance(made, Bandit)
    assert (made.every, made.actions, made.chances.tolist(), made.win, made.loss) == (5, "arms", [1.0, 0.5], 4, 0)


def test_every_built_in_one_has_a_spec():
    schema = environment_schema.EnvironmentSpec.__args__[0]
    kinds = {member.__args__[0] if hasattr(member, "__args__") else member for member in schema.__args__}
    specs = {kind.model_fields["kind"].annotation.__args__[0] for kind in kinds if "kind" in kind.model_fields}
    assert specs == set(BUILT_IN)


def test_the_loop_closes(read):
    """Arm 1 has the larger weight, spikes alone on it and pays in half of its phases: 16 * 8 / 8 a step, as r1 holds."""
    report = neuroemu.run(read())
    results = report.summary["environment"]["results"]
    assert results["pulls"] == 8 and results["silent"] == 0
    assert report.spikes("go")[0].tolist() == list(range(1, 41, 5))
    assert (report.traces.synapses["w"].weight[-1] > report.traces.synapses["w"].weight[0]).all()


def test_one_of_the_users_own_is_made_with_its_parameters(read, capsys):
    program = read(changed(OWN_ONE), allow_code=True)
    assert (program.environment.every, program.environment.gain) == (8, 4)
    report = neuroemu.run(program)
    assert report.summary["environment"] == {"kind": "Pacer", "every": 8, "phases": 6, "results": {"phases": 6}}
    assert capsys.readouterr().out == ""


def test_its_file_is_among_those_that_the_manifest_hashes(read):
    assert [path.name for path in read(changed(OWN_ONE), allow_code=True).files] == ["own.py"]


def test_its_code_is_not_run_unasked(mistakes):
    (problem,) = mistakes(OWN_ONE, own="raise SystemExit('was run')")
    assert "'own.py' is Python code" in problem.what and "--allow-code" in problem.remedy and problem.line == 15


def test_python_gives_one_in_place_of_the_files(read, tmp_path):
    mine = Bandit("arms", [0.0, 0.0], every=10)
    (tmp_path / "open.yaml").write_text(changed((f"environment: {BANDIT}\n", "")))
    assert neuroemu.run(tmp_path / "open.yaml", environment=mine).summary["environment"]["every"] == 10
    assert neuroemu.run(read(), environment=mine).summary["environment"]["results"]["paid"] == 0.0
    assert read(environment=mine).environment is mine


def test_keys_can_be_laid_over(read):
    assert read(overrides=("environment.every=2", "environment.win=9")).environment.win == 9


KEYS = "actions: arms, chances: [1, 0.5]"
ONE_MISTAKE = {
    "unknown kind": (("kind: bandit", "kind: bandid"), 15, "found 'bandid'", "'bandit'"),
    "no kind": ((BANDIT, "{every: 5}"), 15, "'python' is missing", ""),
    "no mapping": ((BANDIT, "bandit"), 15, "", ""),
    "a list": ((BANDIT, "[bandit]"), 15, "", ""),
    "unknown key": (("win: 4", "wim: 4"), 15, "unknown key 'wim'", "'win'"),
    "missing key": (("actions: arms, ", ""), 15, "'actions' is missing", ""),
    "every 0": (("every: 5", "every: 0"), 15, "found 0", ""),
    "every of a half": (("every: 5", "every: 2.5"), 15, "found 2.5", ""),
    "chance": (("[1, 0.5]", "[1, 1.5]"), 15, "found 1.5", ""),
    "no arms": (("[1, 0.5]", "[]"), 15, "found a list of 0", ""),
    "prize": (("win: 4", "win: 400"), 15, "found 400", ""),
    "no such population": (("actions: arms", "actions: arm"), 15, "watches the population 'arm'", "'arms'"),
    "population of another size": (("[1, 0.5]", "[1, 0.5, 1]"), 15, "which has 2 compartments", ""),
    "another name": (("go: {environment: go}", "go: {environment: goo}"), 13, "does not send 'goo'", ""),
    "another width": (("go: {size: 1", "go: {size: 3"), 13, "has 1 channel, not 3", ""),
    "spikes as a current": (
        ("go: {environment: go}", "go: {environment: go, encode: current}"),
        13,
        "is a current",
        "",
    ),
    "reward as spikes": (("encode: current, gain: 2", "encode: bernoulli, gain: 2"), 11, "encoded as spikes", ""),
    "unknown encoder": (("encode: current", "encode: delta"), 14, "found 'delta'", ""),
    "a key of another encoder": (("go: {environment: go}", "go: {environment: go, tau: 3 ms}"), 13, "says nothing", ""),
    "gain of plain spikes": (("go: {environment: go}", "go: {environment: go, gain: 2}"), 13, "says nothing", ""),
    "no environment": ((f"environment: {BANDIT}\n", ""), 13, "the program has none", ""),
    "unused": (("go: {size: 1, source: go}", "go: {size: 1, source: reward}"), 13, "nothing takes the input 'go'", ""),
    "floats": (("run:", "report: {float_reference: true}\nrun:"), 16, "no float twin", ""),
    "calibrated": (("run:", "quantise: {calibrate: 3}\nrun:"), 16, "cannot be calibrated", ""),
}


@pytest.mark.parametrize("name", ONE_MISTAKE)
def test_one_mistake_is_told_with_its_line_and_what_to_try(mistakes, name):
    change, line, what, remedy = ONE_MISTAKE[name]
    problems = mistakes(change)
    assert line in [problem.line for problem in problems], problems
    told = next(problem for problem in problems if problem.line == line)
    assert what in told.what and remedy in told.remedy
    if name not in ("no environment", "unused"):  # which concern both inputs
        assert len(problems) == 1, problems


OWN_MISTAKES = {
    "no file": ("python: none.py:Pacer", "there is no file", ""),
    "no name": ("python: own.py", "found 'own.py'", "FILE.py:NAME"),
    "no python": ("python: own.txt:Pacer", "found 'own.txt:Pacer'", "FILE.py:NAME"),
    "no such class": ("python: own.py:Pacr", "has no class 'Pacr'", "Pacer"),
    "a number": ("python: own.py:NUMBER", "has no class 'NUMBER'", "Pacer"),
    "methods missing": ("python: own.py:Unborn", "'Unborn' of 'own.py' lacks begin, manage", "Pacer"),
    "an error": ("python: own.py:Stubborn", "own.py:28' failed: RuntimeError: no", ""),
    "no such parameter": ("python: own.py:Pacer, parameters: {gian: 4}", "'Pacer' takes no 'gian'", "every, gain"),
    "no such every": ("python: own.py:Stubborn, every: 4", "'Stubborn' takes no 'every'", "nothing"),
    "a parameter missing": ("python: own.py:Needy", "'Needy' needs 'food'", "parameters"),
    "no good every": ("python: own.py:Still", "'Still' has every = 0", "1.."),
    "parameters a list": ("python: own.py:Pacer, parameters: [4]", "found a list of 1", "mapping"),
}


@pytest.mark.parametrize("name", OWN_MISTAKES)
def test_a_mistake_of_ones_own_is_told(mistakes, name):
    written, what, allowed = OWN_MISTAKES[name]
    (problem,) = mistakes((BANDIT, f"{{{written}}}"), allow_code=True)
    assert what in problem.what and allowed in problem.allowed and problem.line == 15


def test_broken_code_is_told_with_its_line(mistakes):
    (problem,) = mistakes(OWN_ONE, own="import neuroemu\n\ndef broken(:\n", allow_code=True)
    assert re.search(r"own\.py:3' failed: SyntaxError", problem.what)


def test_an_error_in_a_phase_is_told_with_its_line_and_nothing_is_written(tmp_path):
    (tmp_path / "program.yaml").write_text(changed(OWN_ONE))
    (tmp_path / "own.py").write_text(OWN.replace("self.gain / 2", "self.gain / (3 - self.n)"))
    arguments = ["run", str(tmp_path / "program.yaml"), "--allow-code", "-o", str(tmp_path / "out"), "--quiet"]
    told = str(CliRunner().invoke(cli, arguments).exception)
    assert "own.py:16: the environment 'Pacer' raised ZeroDivisionError after step 16: " in told
    assert not (tmp_path / "out").exists()


def test_other_mistakes_are_told_beside_those_of_the_environment(mistakes):
    problems = mistakes(
        ("every: 5", "every: 0"), ("threshold: 30", "treshold: 30"), ("run: {steps: 40}", "run: {steps: 0}")
    )
    assert sorted(problem.line for problem in problems) == [7, 15, 16]


def test_check_looks_at_it(tmp_path):
    (tmp_path / "program.yaml").write_text(changed(OWN_ONE))
    (tmp_path / "own.py").write_text(OWN)
    arguments = ["check", str(tmp_path / "program.yaml")]
    assert "--allow-code" in str(CliRunner().invoke(cli, arguments).exception)
    assert "no mistakes" in CliRunner().invoke(cli, [*arguments, "--allow-code"]).output


def test_a_network_is_mapped_for_the_spikes_of_a_closed_loop(read):
    weighed = read(changed(("run:", "mapping: {method: fast, weigh_by: spikes}\nrun:")))
    one, other = neuroemu.run(weighed), neuroemu.run(read())
    assert one.summary["environment"] == other.summary["environment"]
    assert one.spikes("arms")[0].tolist() == other.spikes("arms")[0].tolist()
