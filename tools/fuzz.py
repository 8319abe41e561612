"""Damages program, chip, NIR and npz files at random and reads and compiles them: what is neither done nor refused is printed.

    python tools/fuzz.py [--files 20000] [--seed 0] [--jobs 2] [--keep FOLDER]

A file may end in a result or in an error of ours. Another exception, more than 10 s, more than 2 GB, or the death of the
process that read it are findings; so are texts of an error that name an internal one. Exit status 1 if there was any; --keep
keeps the files. Damage is of two kinds: bytes (of all), and lines, numbers, words and indents (of texts).
"""

from __future__ import annotations

import argparse
import contextlib
import io
import multiprocessing as mp
import os
import random
import re
import resource
import sys
import tempfile
import time
import zipfile
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S, MOST_KB = 10.0, 2 << 20
SHARES = {"program": 9, "chip": 5, "nir": 3, "npz": 3}  # of 20
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
ODD = (
    "-1",
    "0",
    "1e400",
    ".nan",
    ".inf",
    "999999999999999999999",
    "null",
    "[]",
    "{}",
    "''",
    "true",
    "0.5",
    "2^70",
    "&a [*a]",
    "1e9",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", type=Path)
    chosen = parser.parse_args()
    draw, wholes = random.Random(chosen.seed), _wholes()
    ends: Counter[tuple[str, str]] = Counter()
    began, told = time.monotonic(), time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        readers = [Reader(Path(name) / str(k)) for k in range(chosen.jobs)]
        left, busy = chosen.files, 0
        while left or busy:
            for reader in readers:
                end = reader.end()
                if end is not None:
                    busy -= 1
                    ends[reader.kind, end.partition(":")[0]] += 1
                    if not end.startswith(("done", "refused")):
                        print(f"{reader.kind} {reader.path.name}: {end}", flush=True)
                        if chosen.keep:
                            chosen.keep.mkdir(parents=True, exist_ok=True)
                            (chosen.keep / f"{sum(ends.values())}-{reader.path.name}").write_bytes(
                                reader.path.read_bytes()
                            )
                if reader.free and left:
                    kind = draw.choices(list(SHARES), list(SHARES.values()))[0]
                    path, whole = draw.choice(wholes[kind])
                    repacked = kind == "npz" and draw.random() < 0.7
                    content = _repacked(draw, whole) if repacked else _damaged(draw, whole, kind in ("program", "chip"))
                    reader.give(kind, path, content)
                    left, busy = left - 1, busy + 1
            time.sleep(0.0005)
            if time.monotonic() - told > 30:
                told = time.monotonic()
                print(f"{sum(ends.values()):,} files in {told - began:.0f} s", file=sys.stderr, flush=True)
        for reader in readers:
            reader.stop()
    for kind in SHARES:
        print(f"{kind}: " + ", ".join(f"{n} {end}" for (k, end), n in ends.most_common() if k == kind))
    print(f"{sum(ends.values())} files in {time.monotonic() - began:.0f} s")
    return 0 if {end for _, end in ends} <= {"done", "refused"} else 1


def _wholes() -> dict[str, list[tuple[Path, bytes]]]:
    """Sound files by kind, with where they lie: what they name stands beside them."""
    folders = {
        "program": [*ROOT.glob("programs/*.yaml"), *ROOT.glob("programs/seeds/*.yaml")],
        "chip": list(ROOT.glob("chips/*.yaml")),
        "nir": [path for path in ROOT.glob("tests/vectors/n*/*.nir") if path.stat().st_size < 1 << 20],
        "npz": list(ROOT.glob("programs/digits/*.npz")),
    }
    return {kind: [(path, path.read_bytes()) for path in sorted(paths)] for kind, paths in folders.items()}


def _repacked(draw: random.Random, whole: bytes) -> bytes:
    """An npz whose arrays are damaged and whose checksums are right: else the checksum is all that is ever looked at."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as archive, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        for member in archive.namelist():
            content = bytearray(archive.read(member))
            for _ in range(draw.randint(0, 4)):
                content[draw.randrange(min(len(content), 160))] = draw.choice([draw.randrange(256), 48, 57, 79, 255])
            made.writestr(member, bytes(content))
    return packed.getvalue()


def _damaged(draw: random.Random, whole: bytes, is_text: bool) -> bytes:
    if not is_text or draw.random() < 0.2:
        content = bytearray(whole)
        for _ in range(draw.randint(1, 8)):
            content[draw.randrange(len(content))] = draw.choice([draw.randrange(256), 0, 1, 255])
        return bytes(content[: draw.randrange(len(content))] if draw.random() < 0.1 else content)
    lines = whole.decode().splitlines()
    for _ in range(draw.randint(1, 3)):
        at = draw.randrange(len(lines))
        how = draw.randrange(7)
        if how == 0:
            del lines[at]
            lines = lines or [""]
        elif how == 1:
            lines.insert(at, draw.choice(lines))
        elif how == 2:
            lines[at] = "  " * draw.randint(0, 3) + lines[at].strip()
        elif how <= 4:
            found = list(NUMBER.finditer(lines[at]))
            if found:
                number = draw.choice(found)
                lines[at] = lines[at][: number.start()] + draw.choice(ODD) + lines[at][number.end() :]
        elif how == 5:
            words = re.findall(r"[A-Za-z_]\w+", "\n".join(lines)) or ["a"]
            lines[at] = re.sub(r"[A-Za-z_]\w+", draw.choice(words), lines[at], count=1)
        else:
            key, colon, _ = lines[at].partition(":")
            lines[at] = f"{key}{colon} {draw.choice(ODD)}"
    return "\n".join(lines).encode("utf-8", "replace")


class Reader:
    """A process that reads one file after the other."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.free = folder, True
        self._start()

    def _start(self) -> None:
        self._pipe, theirs = mp.Pipe()
        self._process = mp.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
        self._process.start()
        self._pipe.recv()  # it is there

    def give(self, kind: str, path: Path, content: bytes) -> None:
        self.kind, self.free, self._began = kind, False, time.monotonic()
        self.path = self._folder / path.name
        self._folder.mkdir(exist_ok=True)
        if kind == "program":
            for beside in path.parent.iterdir():  # arrays and models that it names
                with contextlib.suppress(FileExistsError):
                    (self._folder / beside.name).symlink_to(beside)
        self.path.unlink(missing_ok=True)
        self.path.write_bytes(content)
        self._pipe.send((kind, str(self.path)))

    def end(self) -> str | None:
        """How it ended, None as long as it has not."""
        if self.free:
            return None
        end = None
        try:
            if self._pipe.poll():
                end = self._pipe.recv()
        except EOFError:
            end = f"died: exit code {self._process.exitcode}"
        if end is None and time.monotonic() - self._began > PATIENCE_S:
            end = "endless"
        if end is not None:
            self.free = True
            if end.startswith(("died", "endless", "large")):
                self.stop()
                self._start()
        return end

    def stop(self) -> None:
        self._process.kill()
        self._process.join()


def serve(pipe: Connection) -> None:
    """Reads and compiles what it is given, until it is killed."""
    from neuroemu.errors import InternalError, NeuroemuError
    from neuroemu.files import arrays, chip_file, program_file
    from neuroemu.nir_io import from_nir
    from neuroemu.prepare import compile_program

    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)

    def read(kind: str, path: str) -> None:
        if kind == "program":
            compile_program(program_file.read(path), cache=False, remedies=False)
        elif kind == "chip":
            chip_file.read(Path(path))
        elif kind == "nir":
            from_nir(path, {"framework": "norse", "dt_s": 1e-4})
        else:
            arrays.load(f"{Path(path).name}#w1", Path(path).parent)

    pipe.send("here")
    while True:
        kind, path = pipe.recv()
        try:
            read(kind, path)
            end = "done"
        except InternalError as error:
            end = f"internal: {error}"
        except NeuroemuError as error:
            end = "refused"
            str(error)
        except ValueError as error:
            end = "refused" if kind == "npz" else f"ValueError: {error}"
        except BaseException as error:
            end = f"{type(error).__name__}: {str(error)[:200]}"
        kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        pipe.send(f"large: {kb} kB" if kb > MOST_KB else end)


if __name__ == "__main__":
    sys.exit(main())
