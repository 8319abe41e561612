"""The command line as a user meets it: real processes, real exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

import neuroemu
from neuroemu import cli, library, progress, sheet
from neuroemu.compartments import BUILT_IN, find
from neuroemu.compiler import compile_network
from neuroemu.connect import Dense
from neuroemu.events import BY_KEY
from neuroemu.network import LifRegisters, Network

COMMAND = [sys.executable, "-m", "neuroemu"]


def call(*arguments, cwd=None, timeout=120, **environment):
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=timeout,
        env={**os.environ, **environment},
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "code", "heavy"),
    [
        (["--help"], 0, {"numpy", "numba", "pydantic", "rich"}),
        (["check", "digits"], 0, {"numba", "sklearn", "scipy", "nir"}),
        (["run", "digits", "--set", "sed=1"], 2, {"numba", "sklearn", "scipy", "nir"}),  # a mistake is told at once
    ],
)
def test_a_quick_command_loads_nothing_heavy(arguments, code, heavy):
    script = (
        "import sys, neuroemu.cli as c\n"
        f"sys.argv = ['neuroemu', *{arguments}]\n"
        f"assert c._guarded() == {code}\n"
        f"assert not {heavy} & set(sys.modules), 'heavy import'"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_run_lands_in_a_numbered_folder(in_empty_folder):
    done = call("run", "quickstart", "--quiet")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "Written to runs/quickstart-1" in done.stdout
    assert [path.name for path in (in_empty_folder / "runs").iterdir()] == ["quickstart-1"]


def test_piped_progress_is_plain_lines(in_empty_folder):
    done = call("run", "quickstart")
    assert "neuroemu: running" in done.stderr
    assert "\x1b" not in done.stderr + done.stdout


def test_parts_of_a_stage_are_named_once_it_takes_longer_than_a_second(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with progress.shown(quiet=False) as shown:
        shown.stage("mapping")
        for part, at in (("connections", 0.2), ("partition", 0.9), ("placement", 1.0), ("image", 7.4)):
            now[0] = at
            shown.part(part)
    said = capsys.readouterr().err.splitlines()
    assert said == ["neuroemu: mapping", "neuroemu: placement (1 s so far)", "neuroemu: image (7 s so far)"]


def test_a_mapping_names_its_stages(chip):
    named = []
    network = Network().population("a", 2, LifRegisters()).connect("a", "a", Dense(64.0))
    compile_network(network, chip, stage=named.append)
    assert named == ["connections", "quantising", "sorting synapses", "partition", "placement", "packing", "image"]


def test_what_is_not_checked_is_shown():
    said = " ".join(call("chips", "show", "odin").stdout.split())
    assert "so not checked: compartment_configs, threshold_configs, synapse_formats" in said
    assert "so not checked: fan_in, fan_out " in " ".join(call("chips", "show", "loihi1-davies2018").stdout.split())


def test_json_is_the_summary_and_nothing_else(in_empty_folder):
    done = call("run", "programs/quickstart.yaml", "--json", "--seed", "3", "--steps", "50", "-o", "out")
    summary = json.loads(done.stdout)
    assert (summary["seed"], summary["steps"], summary["samples"]) == (3, 100, 2)
    assert json.loads((in_empty_folder / "out" / "summary.json").read_text())["spikes"] == summary["spikes"]


def test_set_lays_values_over_program_and_chip(in_empty_folder):
    done = call("run", "quickstart", "--json", "--set", "chip.mesh.width=2", "--set", "run.samples=1")
    assert json.loads(done.stdout)["chip"] == "loihi1-davies2018-variant"
    assert json.loads(done.stdout)["samples"] == 1


def test_an_old_run_is_not_overwritten_by_accident(in_empty_folder):
    assert call("run", "quickstart", "-o", "out").returncode == 0
    refused = call("run", "quickstart", "-o", "out")
    assert refused.returncode == 2 and "not empty" in refused.stderr
    assert call("run", "quickstart", "-o", "out", "--overwrite").returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [["run"], ["run", "nonesuch"], ["run", "quickstart", "--set", "seed"], ["run", "quickstart", "--steps", "0"],
     ["run", "quickstart", "--seed", "-1"], ["chps"], ["schema", "network"], ["run", "quickstart", "-o", "/dev/null/x"]],
)  # fmt: skip
def test_a_wrong_command_says_what_is_wrong_and_exits_with_2(arguments, in_empty_folder):
    done = call(*arguments)
    assert done.returncode == 2
    assert done.stderr.strip() and "Traceback" not in done.stderr
    assert not (in_empty_folder / "runs").exists()


@pytest.mark.parametrize(
    "arguments",
    [["run", "quickstart", "--seed", "3", "--seed", "4"], ["map", "quickstart", "-o", "a", "--out", "b"],
     ["run", "quickstart", "--latency", "flit", "--set", "run.latency=simple"],
     ["reprice", "out", "--chip", "odin", "--chip", "reckon"]],
)  # fmt: skip
def test_an_option_that_another_would_undo_is_refused(arguments):
    command = [argument for argument in arguments if argument.startswith("--")][-1]
    try:
        cli.cli.main(arguments, standalone_mode=False)
    except click.UsageError as error:
        assert f"{command} is given 2 times" in str(error)
    except neuroemu.ProgramError as error:
        assert "'--set run.latency=simple' would be undone by '--latency flit'" in str(error)
    else:
        pytest.fail("both were taken")


def test_flags_and_repeatable_options_may_be_given_twice(capsys):
    cli.cli.main(["run", "--quiet", "--quiet", "--set", "a=1", "--set", "b=2", "-h"], standalone_mode=False)
    assert "Usage" in capsys.readouterr().out


def test_chips_and_programs_are_listed():
    assert "loihi1-davies2018" in call("chips").stdout
    assert "digits" in call("programs").stdout


@pytest.mark.parametrize("columns", [80, 110])
@pytest.mark.parametrize("other", ["loihi1-sanafe", "generic-7nm"])
def test_a_diff_fits_the_width(columns, other):
    one, two = (sheet.sheet(*neuroemu.read_chip(name)) for name in ("loihi1-davies2018", other))
    assert max(map(len, sheet.diff_text(one, two, columns).splitlines())) <= columns


@pytest.mark.parametrize("columns", [80, 110])
def test_every_chip_is_shown_within_the_width(columns):
    for name in library.names("chips"):
        found = sheet.sheet(*neuroemu.read_chip(name))
        text = sheet.as_text(found, columns)
        assert max(map(len, text.splitlines())) <= columns, name
        assert all(f"{key} " in text for key in BY_KEY), name


def test_a_chip_is_shown_as_text_and_as_json():
    text = call("chips", "show", "odin").stdout
    assert "8.43 pJ" in text and "Frenkel 2019 Eq. 2" in text and "0.086 mm2" in text
    found = json.loads(call("chips", "show", "odin", "--json").stdout)
    constant = found["constants"]["synapse_dense.energy"]
    assert (constant["value"], constant["unit"], constant["provenance"]) == (8.43, "pJ", "SV")
    assert found["constants"]["compartment_access.energy"]["high"] == 8.43
    assert found["not_modelled"] and found["structure"]["core"]["fan_in"] == 256


def test_a_diff_shows_what_differs_and_nothing_else():
    done = call("chips", "diff", "loihi1-davies2018", "loihi1-nahuku32")
    rows = {line.split()[0]: line for line in done.stdout.splitlines()[1:]}
    assert done.returncode == 0
    assert "3.34 W a board" in rows["static.board"] and "mesh.chips" in rows
    assert "synapse_dense.energy" not in rows and "core.compartments" not in rows
    assert "do not differ" in call("chips", "diff", "odin", "odin").stdout


def test_a_chip_that_is_not_there_is_told_the_nearest():
    done = call("chips", "show", "truenort")
    assert done.returncode == 2 and "'truenorth'" in done.stderr


def test_the_list_says_which_chips_are_estimates():
    lines = call("chips").stdout.splitlines()
    loihi2 = next(line for line in lines if line.startswith("loihi2"))
    assert "128 cores" in loihi2 and "ESTIMATE" in loihi2
    assert "ESTIMATE" not in next(line for line in lines if line.startswith("odin"))


@pytest.mark.parametrize("kind", ["program", "chip"])
def test_the_schema_is_json_schema(kind):
    schema = json.loads(call("schema", kind).stdout)
    assert schema["$schema"].startswith("https://json-schema.org")
    assert schema["additionalProperties"] is False


def test_the_schema_knows_the_fields_of_every_model():
    shapes = json.loads(call("schema", "program").stdout)["$defs"]
    told = {shape["properties"]["neuron"]["const"]: shape["properties"] for shape in shapes.values()
            if "const" in shape.get("properties", {}).get("neuron", {})}  # fmt: skip
    for name in BUILT_IN:
        shape = told["lif_registers" if name == "lif" else name]
        for key, field in find(name).fields.items():
            if key in shape:
                assert shape[key]["description"].startswith(field.about), (name, key)
                assert shape[key].get("default") == field.default
    threshold = told["alif"]["threshold"]
    assert (threshold["minimum"], threshold["default"]) == (0, 1) and "threshold_max of the chip" in threshold[
        "description"
    ]
    assert (told["alif"]["decay_b"]["minimum"], told["alif"]["decay_b"]["maximum"]) == (0, 4096)


def test_check_of_a_chip_says_what_is_not_modelled():
    assert "not modelled: energy of axon_out" in call("check", "chips/loihi1-davies2018.yaml").stdout


def test_a_missing_data_package_says_what_to_install(tmp_path):
    blocked = "import sys, importlib.util as u; f = u.find_spec\n"
    blocked += "u.find_spec = lambda n, *a: None if n == 'sklearn' else f(n, *a)\n"
    code = blocked + "from neuroemu import cli; sys.argv = ['neuroemu', 'run', 'digits']; sys.exit(cli._guarded())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert "pip install 'neuroemu[data]'" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing(in_empty_folder, sent):
    process = subprocess.Popen(
        [*COMMAND, "run", "quickstart", "--steps", "3000000", "-o", "out/run"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "running" in line:
            break
    time.sleep(2.0)
    process.send_signal(sent)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Nothing was written." in errors and "Traceback" not in errors
    assert not [path for path in in_empty_folder.rglob("*") if path.is_file()]


ENDLESS = """
from neuroemu.compartments import Field, Model, table

Parameters, State = table("P", k=Field("odd", 1)), table("S", v=Field("v"))

def update(p, s, a, now):
    k = p.k
    while k != 0:
        k = (5 * k) & 1023
    return 0, State(k), 0

Endless = Model("endless", Parameters, State, update)
"""


@pytest.mark.parametrize("threads", ["1", "2"])
def test_a_step_without_end_is_killed_by_the_second_interrupt(in_empty_folder, threads):
    (in_empty_folder / "endless.py").write_text(ENDLESS)
    (in_empty_folder / "p.yaml").write_text(
        "neuroemu: 1\nname: p\nchip: loihi1-davies2018\n"
        "network: {populations: {a: {size: 1, neuron: 'endless.py:Endless', parameters: {k: 1}}}}\n"
        "run: {steps: 10}\n"
    )
    arguments = ["run", "p.yaml", "--allow-code", "--threads", threads]
    ended = call(*arguments, "--set", "network.populations.a.parameters.k=0")  # compiles it
    assert ended.returncode == 0, ended.stderr
    process = subprocess.Popen(
        [*COMMAND, *arguments, "-o", "out/run"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "running" in line:
            break
    time.sleep(3.0)
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1.0)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors == "Interrupted twice: killed at once. Nothing was written.\n"
    assert not (in_empty_folder / "out").exists()


def test_a_run_that_would_fill_the_memory_is_refused_before_it_starts(in_empty_folder):
    done = call("run", "quickstart", "--steps", "1000000000")
    assert done.returncode == 2
    assert "GB are free here" in done.stderr and "--steps" in done.stderr


def test_two_runs_at_once_both_land(in_empty_folder):
    both = [subprocess.Popen([*COMMAND, "run", "quickstart", "--quiet"], stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    landed = sorted(path.name for path in (in_empty_folder / "runs").iterdir())
    assert landed == ["quickstart-1", "quickstart-2"]


def test_a_run_that_cannot_be_printed_says_where_it_is(in_empty_folder):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, "run", "quickstart", "--quiet", "-o", "out"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert "The run is in out." in done.stderr and "othing was written" not in done.stderr
    assert (in_empty_folder / "out" / "summary.json").is_file()


@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "| true", "| head -1"])
def test_a_closed_or_cut_output_ends_no_run(in_empty_folder, closed):
    command = f"'{sys.executable}' -m neuroemu run quickstart --quiet -o out {closed}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (in_empty_folder / "out" / "summary.json").is_file()


def test_a_terminal_without_unicode_ends_no_run(in_empty_folder):
    done = call(
        "run",
        "quickstart",
        "--quiet",
        "-o",
        "ü",
        LC_ALL="C",
        PYTHONUTF8="0",
        PYTHONCOERCECLOCALE="0",
        PYTHONIOENCODING="ascii",
    )
    assert done.returncode == 0, done.stderr
    assert (in_empty_folder / "ü" / "summary.json").is_file()


@pytest.mark.parametrize("out", ["", " ", "x" * 300])
def test_a_folder_that_cannot_be_is_refused_before_the_run(in_empty_folder, out):
    done = call("run", "quickstart", "-o", out)
    assert done.returncode == 2 and "Internal" not in done.stderr
    assert list(in_empty_folder.iterdir()) == []


def test_the_folder_we_are_in_may_take_the_run(in_empty_folder):
    assert call("run", "quickstart", "-o", ".").returncode == 0
    assert (in_empty_folder / "summary.json").is_file()


def test_an_interrupted_run_leaves_no_folder_of_runs(in_empty_folder):
    call("run", "quickstart", "--set", "network.populations.choice.bias=1e9", "-o", "a/b/c")
    assert list(in_empty_folder.iterdir()) == []


def test_a_file_of_the_same_name_does_not_hide_the_library(in_empty_folder):
    (in_empty_folder / "quickstart").write_text("mine")
    assert call("run", "quickstart", "--quiet").returncode == 0


def test_notes_in_a_run_folder_are_not_overwritten(in_empty_folder):
    call("run", "quickstart", "--quiet", "-o", "out")
    (in_empty_folder / "out" / "notes.txt").write_text("mine")
    refused = call("run", "quickstart", "-o", "out", "--overwrite")
    assert refused.returncode == 2 and "notes.txt" in refused.stderr
    assert (in_empty_folder / "out" / "notes.txt").read_text() == "mine"


@pytest.fixture
def no_command_before(monkeypatch):
    """Commands that other tests ran in this process have left nothing behind."""
    for name, value in vars(type(cli.interrupts)()).items():
        monkeypatch.setattr(cli.interrupts, name, value)


def test_an_interrupt_that_a_library_swallowed_is_still_one(monkeypatch, capsys, no_command_before):
    def swallowed(**_):
        cli.interrupts.arrived = True
        raise RuntimeError("no compiled object yet")

    monkeypatch.setattr(cli.cli, "main", swallowed)
    assert cli._guarded() == 130
    assert capsys.readouterr().err == "Interrupted. Nothing was written.\n"


def test_our_own_fault_says_so(monkeypatch, capsys, no_command_before):
    def broken(**_):
        raise RuntimeError("oops")

    monkeypatch.delenv("NEUROEMU_DEBUG", raising=False)
    monkeypatch.setattr(cli.cli, "main", broken)
    assert cli._guarded() == 70
    assert "the fault is ours: RuntimeError: oops" in capsys.readouterr().err


def test_a_run_priced_onto_itself_is_compared_with_what_it_was(tmp_path):
    assert call("run", "quickstart", "-o", "own", "--quiet", cwd=tmp_path).returncode == 0
    done = call("reprice", "own", "--chip", "loihi1-sanafe", "-o", "own", "--overwrite", cwd=tmp_path)
    assert done.returncode == 0 and "loihi1-davies2018 -> loihi1-sanafe" in done.stdout, done.stderr
    assert json.loads((tmp_path / "own" / "summary.json").read_text())["chip"] == "loihi1-sanafe"


def test_a_folder_that_is_no_run_is_told_as_such(tmp_path):
    for command in ("reprice", "remap"):
        done = call(command, "nowhere", cwd=tmp_path)
        assert done.returncode == 2 and "nowhere is not the folder of a run" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_run_outlives_who_reads_its_progress(tmp_path):
    line = f'"{sys.executable}" -m neuroemu run quickstart -o out 2>&1 >table.txt | true'
    subprocess.run(
        ["bash", "-c", line],
        cwd=tmp_path,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(neuroemu.__file__).parents[1])},
    )
    assert (tmp_path / "out" / "summary.json").is_file()
