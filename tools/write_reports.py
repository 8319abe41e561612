"""Writes the .report beside every program in programs/: what tests/test_programs.py holds a run against.

python tools/write_reports.py
"""

from __future__ import annotations

import neuroemu
from neuroemu import library

if __name__ == "__main__":
    for name in library.names("programs"):
        path = library.folder("programs") / f"{name}.report"
        path.write_text(
            "\n".join(line.rstrip() for line in str(neuroemu.run(name, allow_code=True, cache=False)).splitlines())
            + "\n"
        )
        print(path)
