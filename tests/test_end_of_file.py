"""Only Ctrl-C is an interrupt: a file that ends too soon inside a command must not read as one (click aborts on both)."""

from __future__ import annotations

import sys

import pytest

from neuroemu import cli
from neuroemu.errors import EXIT_INTERNAL, EXIT_INTERRUPTED


@pytest.mark.parametrize(("raised", "code"), [(EOFError, EXIT_INTERNAL), (KeyboardInterrupt, EXIT_INTERRUPTED)])
def test_only_ctrl_c_is_an_interrupt(raised, code, monkeypatch, capsys):
    def broken(**_):
        raise raised("No data left in file")

    monkeypatch.setattr(cli.chips, "callback", broken)
    monkeypatch.setattr(sys, "argv", ["neuroemu", "chips"])
    monkeypatch.delenv("NEUROEMU_DEBUG", raising=False)
    assert cli._guarded() == code
    assert ("Interrupted" in capsys.readouterr().err) == (raised is KeyboardInterrupt)
