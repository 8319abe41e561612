"""The page in a headless Chromium: no error on the console, no request, the figures in its DOM. Skipped where there is none."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

import neuroemu
from tests.report.pages import Dom

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--no-default-browser-check", "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip


def opened(path, folder):
    """(DOM, lines of the console, addresses that the page asked for besides its own)."""
    log = folder / "net.json"
    done = subprocess.run(
        [CHROMIUM, *QUIET, f"--user-data-dir={folder / 'profile'}", f"--log-net-log={log}", "--enable-logging=stderr",
         "--virtual-time-budget=2000", "--dump-dom", path.as_uri()],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    console = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    text = log.read_text().rstrip().rstrip(",")
    events = json.loads(text if text.endswith("}") else text + "]}")["events"]
    given = [event["params"] for event in events if "initiator" in event.get("params", {})]
    asked = {each["url"] for each in given if each["initiator"] != "not an origin"}  # that is the browser itself
    return done.stdout, console, asked - {path.as_uri()}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return neuroemu.run("quickstart", tmp_path_factory.mktemp("browser") / "run")


def test_the_page_opens_without_an_error_or_a_request(run, tmp_path):
    text, console, asked = opened(run.folder / "report.html", tmp_path)
    assert (console, asked) == ([], set())
    figures = Dom(text.replace("<!DOCTYPE html>", "")).figures
    assert run.summary["energy_pj"]["total"] in figures and run.summary["spikes"] in figures


def test_an_error_and_a_request_would_be_seen(tmp_path):
    bad = tmp_path / "bad.html"
    bad.write_text('<img src="http://127.0.0.1:9/x.png"><script>throw new Error("seen")</script>')
    _, console, asked = opened(bad, tmp_path)
    assert any("seen" in line for line in console) and asked == {"http://127.0.0.1:9/x.png"}
