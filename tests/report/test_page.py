"""The page of a run: it says what the summary says, asks nobody for anything, and shows names as text."""

from __future__ import annotations

import csv
import json
import re
import shutil
import zipfile

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

import neuroemu
from neuroemu import Dense, Lif, Network, Spikes, SpikesInput, again
from neuroemu.cli import cli
from neuroemu.errors import OutputError
from neuroemu.files import program_file
from neuroemu.report import folder as folder_module
from neuroemu.report.page import draw, html, markdown
from neuroemu.report.page import spikes as spikes_module
from neuroemu.report.page.draw import page
from neuroemu.report.page.files import NEEDED, RunFiles
from neuroemu.report.page.quantities import column, show
from neuroemu.report.page.spikes import SINGLY, spikes
from neuroemu.report.page.steps import stretches
from neuroemu.schedule import PARTS
from tests.report.pages import Dom, busy

HOSTILE = '<img src=x onerror=alert(1)>"&|`$x$'


@pytest.fixture(scope="module")
def report():
    return neuroemu.run(program_file.read("stdp", ("probes=[{weights: relay->detector, every: 100}, detector.v]",)))


@pytest.fixture(scope="module")
def run(report, tmp_path_factory):
    return report.save(tmp_path_factory.mktemp("runs") / "one")


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    return busy().save(tmp_path_factory.mktemp("runs") / "large")


@pytest.fixture
def copy(run, tmp_path):
    return shutil.copytree(run, tmp_path / "copy")


def test_the_page_parses_and_has_its_sections(run):
    dom = Dom((run / "report.html").read_text())
    assert dom.open == []
    keys = [attributes["id"] for attributes in dom.tags("section")]
    assert keys == [
        "headline",
        "energy",
        "time",
        "mesh",
        "spikes",
        "states",
        "learning",
        "mapping",
        "missing",
        "manifest",
    ]
    links = {attributes["href"] for attributes in dom.tags("a")}
    assert links == {f"#{key}" for key in keys[1:]}


def test_the_figures_of_the_summary_are_on_the_page(run):
    summary = json.loads((run / "summary.json").read_text())
    text = (run / "report.html").read_text()
    figures = Dom(text).figures
    for wanted in (
        summary["energy_pj"]["total"], summary["energy_pj"]["dynamic"], summary["latency_ns"]["total"], summary["pj_per_spike"],
        *(summary[key] for key in ("steps", "spikes", "input_spikes", "synaptic_events", "messages", "hops", "cores")),
    ):  # fmt: skip
        assert wanted in figures
    for ends in ("total_pj", "dynamic_pj"):
        for end in ("low", "high"):
            assert show(summary["ranges"]["interval"][ends][end], "pJ") in text
    for item in summary["not_modelled"]:
        assert item in text


def test_markdown_has_the_same_figures_in_whole_tables(run):
    summary, text = json.loads((run / "summary.json").read_text()), (run / "report.md").read_text()
    for wanted in (
        show(summary["energy_pj"]["total"], "pJ"), show(summary["ranges"]["interval"]["total_pj"]["high"], "pJ"),
        show(summary["latency_ns"]["total"], "ns"), f"{summary['spikes']:,}", f"{summary['synaptic_events']:,}",
    ):  # fmt: skip
        assert wanted in text
    width = None
    for line in text.splitlines():
        columns = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else None
        assert width is None or columns is None or columns == width, line
        width = columns


def test_nothing_is_asked_of_anybody(run):
    text = (run / "report.html").read_text()
    dom = Dom(text)
    for _, attributes in dom.elements:
        for name in ("src", "srcset", "href", "data", "action", "poster", "xlink:href"):
            assert attributes.get(name, "#").startswith(("#", "data:,"))
        assert not [name for name in attributes if name.startswith("on")]
    assert not re.search(r"https?:|url\(|@import|//[a-z]", re.sub(r"// [A-Z].*", "", text))
    policy = next(each["content"] for each in dom.tags("meta") if each.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'") and "script-src 'sha256-" in policy


def rename(place, old, new):
    """Another name for a population, in every file of a run that has it."""
    for name in ("summary.json", "mapping.json", "manifest.json"):
        text = (place / name).read_text()
        (place / name).write_text(text.replace(old, json.dumps(new)[1:-1]))
    for name in ("populations.csv", "cores.csv"):
        with open(place / name, newline="") as stream:
            rows = [[cell.replace(old, new) for cell in row] for row in csv.reader(stream)]
        with open(place / name, "w", newline="") as stream:
            csv.writer(stream).writerows(rows)
    with h5py.File(place / "costs.h5", "a") as file:
        file.attrs["head"] = str(file.attrs["head"]).replace(old, json.dumps(new)[1:-1])
    with h5py.File(place / "spikes.h5", "a") as file:
        file.move(f"nodes/{old}", f"nodes/{new}")
    with zipfile.ZipFile(place / "weights.npz") as archive:
        members = {name.replace(old, new): archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(place / "weights.npz", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_names_are_text_wherever_they_stand(copy):
    clean = Dom((copy / "report.html").read_text())
    rename(copy, "detector", HOSTILE)
    draw(copy)
    text = (copy / "report.html").read_text()
    dom = Dom(text)
    assert [tag for tag, _ in dom.elements] == [tag for tag, _ in clean.elements]
    assert not dom.tags("img") and len(dom.tags("script")) == 1
    assert HOSTILE in dom.texts["td"] and HOSTILE.split('"')[0] not in text
    assert "<img" not in (copy / "report.md").read_text()
    assert HOSTILE.split('"')[0] not in html.fragment(HOSTILE, list(page(copy).sections))


def test_the_page_is_made_of_the_folder_alone(copy):
    before = [(copy / name).read_bytes() for name in ("report.html", "report.md")]
    for name in ("report.html", "report.md"):
        (copy / name).unlink()
    done = CliRunner().invoke(cli, ["report", str(copy)])
    assert done.exit_code == 0 and "report.html" in done.output
    assert [(copy / name).read_bytes() for name in ("report.html", "report.md")] == before
    assert not [path.name for path in copy.iterdir() if path.name.startswith(".")]


def test_a_run_that_is_priced_again_has_its_own_page(run, tmp_path):
    chip, prices = again.chip_of(run, None, ("prices.compartment_inactive.energy=100 pJ",))
    priced = again.reprice(run, chip, prices, "analytic")
    landed = again.write(priced, run, tmp_path / "dear", False, [], numbered=False)
    dom = Dom((landed / "report.html").read_text())
    assert priced.costs.bill.total in dom.figures
    assert "sends no messages over links" in (landed / "report.html").read_text()


@pytest.mark.parametrize("name", NEEDED)
def test_a_file_that_is_missing_is_named(copy, name):
    (copy / name).unlink()
    with pytest.raises(OutputError, match=re.escape(name)):
        draw(copy)


@pytest.mark.parametrize(
    "name, content, told",
    [
        ("summary.json", '{"name": "x"}', "older versions"),
        ("summary.json", "[1, 2]", "no table"),
        ("mapping.json", "{", "mapping.json"),
        ("steps.csv", "step,spikes\n1,2\n", "older versions"),
        ("steps.csv", None, "of the 2000 steps"),
        ("cores.csv", "core,tile_x\nx,1\n", "cores.csv"),
        ("costs.h5", "no hdf5", "costs.h5"),
        ("weights.npz", "no zip", "weights.npz"),
    ],
)
def test_a_file_that_is_no_longer_what_a_run_wrote_is_told(copy, name, content, told):
    if content is None:
        content = "\n".join((copy / name).read_text().splitlines()[:50]) + "\n"
    (copy / name).write_text(content)
    with pytest.raises(OutputError, match=told) as caught:
        draw(copy)
    assert name in str(caught.value)


def test_a_folder_that_is_no_run_is_told_in_a_line(tmp_path):
    done = CliRunner().invoke(cli, ["report", str(tmp_path)])
    assert isinstance(done.exception, OutputError) and "not the folder of a run" in str(done.exception)


def test_an_array_that_says_it_is_huge_is_not_read(copy):
    head = b"{'descr': '<i2', 'fortran_order': False, 'shape': (99999999999,), }".ljust(117) + b"\n"
    with zipfile.ZipFile(copy / "weights.npz", "w") as archive:
        archive.writestr("relay->detector.weight.npy", b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head)
    with pytest.raises(OutputError, match="too large for a page"):
        draw(copy)


def test_a_page_that_fails_costs_nobody_a_run(report, tmp_path, monkeypatch):
    def broken(_):
        raise ValueError("a fault of ours")

    monkeypatch.setattr(folder_module.page, "draw", broken)
    with pytest.warns(UserWarning, match="the run is whole") as said:
        landed = folder_module.write(report, tmp_path / "run", False, [], more=broken)
    assert len(said) == 2  # the page, and what was asked for besides
    assert (landed / "summary.json").is_file() and not (landed / "report.html").exists()
    monkeypatch.undo()
    assert len(draw(landed)) == 2


def test_a_hundred_thousand_spikes_are_less_than_a_megabyte(large):
    found = spikes(RunFiles(large))
    assert found.total > 100_000
    assert (large / "report.html").stat().st_size < 600_000
    assert (large / "report.md").stat().st_size < 20_000


def test_the_grid_counts_every_spike_and_the_beginning_has_each(large, monkeypatch):
    monkeypatch.setattr(spikes_module, "PIECE", 7001)
    found = spikes(RunFiles(large))
    with h5py.File(large / "costs.h5") as file:
        step, source = file["step"][()].astype(int), file["source"][()].astype(int)
    assert found.total == step.size == sum(int(panel.grid.sum()) for panel in found.panels)
    cell, eye = found.panels
    assert (cell.name, cell.on_chip, eye.name, eye.on_chip) == ("cell", True, "eye", False)
    row, columns = 17, eye.grid.shape[1]
    mine = (source >= 60) & ((source - 60) * eye.rows // 200 == row) & ((step - 1) * columns // 1000 == 3)
    assert eye.grid[row, 3] == mine.sum() > 0
    assert found.step.size <= SINGLY < (step <= found.until + 1).sum()
    assert sorted(zip(found.step, found.panel * 60 + found.index, strict=True)) == sorted(
        zip(step[step <= found.until], source[step <= found.until], strict=True)
    )


def test_stretches_add_up_to_the_steps(run):
    found = stretches(RunFiles(run))
    with open(run / "steps.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for k in (0, 7, found.n - 1):
        mine = rows[found.bounds[k] : found.bounds[k + 1]]
        assert found.dynamic_pj[k] == pytest.approx(sum(float(row["dynamic_pj"]) for row in mine))
        assert found.spikes[k] == sum(int(row["spikes"]) for row in mine)
        longest = max(mine, key=lambda row: float(row["step_ns"]))
        assert (found.longest_step[k], found.longest_core[k]) == (int(longest["step"]), int(longest["slowest_core"]))
        for part, name in enumerate(PARTS):
            assert found.path_ns[k, part] == pytest.approx(sum(float(row[f"{name}_ns"]) for row in mine))
            assert found.bound[k, part] == sum(row["bound_by"] == name for row in mine)
    assert found.steps.sum() == len(rows)


def test_a_column_has_one_unit_and_aligned_digits():
    assert column([839_412_345.0, 150_900_000.0, 812_000.0, 3.0, 0.0, None], "pJ") == (
        "µJ", ["839.4", "150.9", "0.8", "< 0.1", "0", "not modelled"],
    )  # fmt: skip
    assert column([1.5, 0.25], "ns") == ("ns", ["1.500", "0.250"])
    assert column([], "pJ") == ("J", []) and column([0.0], "pJ") == ("J", ["0"])


def test_markdown_escapes():
    assert markdown.escape("a|b <i>_x_</i>\n`c`") == r"a\|b &lt;i>\_x\_&lt;/i> \`c\`"
    assert (markdown.escape("< 0.1 %"), markdown.escape("a->b"), markdown.escape("> a")) == (
        "< 0.1 %",
        "a->b",
        "&gt; a",
    )


def test_a_notebook_gets_a_small_fragment(report):
    text = report._repr_html_()
    dom = Dom(text)
    assert dom.open == [] and not dom.tags("script") and not dom.tags("link")
    assert report.summary["energy_pj"]["total"] in dom.figures
    assert len(text) < 20_000


def test_the_manifest_says_the_command_once_and_nothing_of_the_insides(copy):
    path = copy / "manifest.json"
    command = ["neuroemu", "run", "stdp"]
    asked = {"command": command, "every": [0, 0.0], "out": "x", "id": "1234"}
    path.write_text(
        json.dumps(json.loads(path.read_text()) | {"command": command, "asked": asked, "image_from_cache": False})
    )
    text = markdown.page(page(copy))
    rows = text[text.index("## Manifest") :].splitlines()
    assert sum("neuroemu run stdp" in row for row in rows) == 1 and not [
        row for row in rows if "asked" in row or "[" in row
    ]
    assert [row for row in rows if re.match(r"\| image from cache +\| no ", row)]


def test_one_of_each_is_told_in_the_singular(tmp_path):
    network = Network().population("eye", 1, Spikes("light")).population("cell", 1, Lif(tau_mem_ms=10.0))
    network = network.connect("eye", "cell", Dense(np.array([[2.0]])))
    light = SpikesInput(np.array([1]), np.array([0]))
    report = neuroemu.run(network, steps=1, inputs={"light": light})
    where = report.save(tmp_path / "one")
    texts = [str(report), (where / "report.md").read_text(), (where / "report.html").read_text()]
    nouns = "step|sample|core|tile|part|population|compartment|synapse|spike|message|hop|link|event"
    plural = re.compile(rf"\b1 ({nouns})s\b")
    assert "1 compartment, 1 synapse on 1 core" in texts[0] and "1 part of 1 population on 1 of 128 cores" in texts[1]
    assert not [found for text in texts for found in plural.findall(text)]
