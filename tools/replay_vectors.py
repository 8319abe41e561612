"""Replay recorded answers of independent references through neuroemu's own compiler and engine.

    python tools/replay_vectors.py SUITE DIR [--json] [--only TEXT]

Prints one line a case and a last line 'N of M cases match'; exit 0 only if all do. A suite lives in tools/replay/ and
yields cases from a folder in the format that its FORMAT.md describes.
"""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.replay import SUITES


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suite", choices=sorted(SUITES))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="one JSON object in place of lines")
    parser.add_argument("--only", default="", help="replay only the cases whose name contains this")
    options = parser.parse_args()
    if not options.folder.is_dir():
        parser.error(f"{options.folder} is not a folder")
    results = []
    for name, replay in SUITES[options.suite](options.folder):
        if options.only not in name:
            continue
        try:
            verdict = replay()
        except Exception as error:  # a case that cannot be replayed is a case that does not match
            verdict = f"failed: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
            if options.only:
                traceback.print_exc()
        results.append((name, verdict))
        if not options.json:
            print(f"{name}: {verdict or 'match'}", flush=True)
    matching = sum(not verdict for _, verdict in results)
    if options.json:
        cases = [{"case": name, "match": not verdict, "difference": verdict} for name, verdict in results]
        print(
            json.dumps(
                {"suite": options.suite, "matching": matching, "cases": len(results), "results": cases}, indent=1
            )
        )
    else:
        print(f"{matching} of {len(results)} cases match")
    return 0 if results and matching == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
