"""njit with a disk cache that is never stale and always writable; and kernels made of plain functions.

numba watches only the file a kernel stands in, not those it calls into: after an upgrade a caller could go on running the
old callee. So our cache lies in a folder named after a digest of every source that holds kernels or what they compile in,
in the user's cache folder (or NUMBA_CACHE_DIR), else in the temporary folder. Folders of other digests are removed when a
week old. A file that is cut short or damaged is written anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

import numba
from numba.core import caching

DIGEST = hashlib.sha256().digest_size
KEEP_S = 7 * 24 * 3600.0
ROOM = 64 << 20  # bytes free that a cache folder must have; all kernels take a few megabytes
# Constants and NamedTuples that kernels take as they are.
COMPILED_IN = (
    "widths.py", "events.py", "chip.py", "counters.py", "compiler/image.py", "fixedpoint.py", "philox.py", "noc/fabric.py",
    "learning/rule.py", "learning/microcode.py",
)  # fmt: skip


def _digest() -> str:
    """Of numba's version and the content of all sources that kernels are made of; two milliseconds."""
    package = Path(__file__).resolve().parent
    state = hashlib.sha256(numba.__version__.encode())
    for path in sorted(package.rglob("*.py")):
        content = path.read_bytes()
        name = path.relative_to(package).as_posix()
        if b"njit" in content or name in COMPILED_IN or name.startswith(("compartments/", "engine/")):
            state.update(content)
    return state.hexdigest()[:16]


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return shutil.disk_usage(folder).free > ROOM
    except OSError:
        return False


def _cache_folder() -> str:
    for base in _bases():
        folder = base / _digest()
        if _writable(folder):
            _forget_old(base, folder)
            return str(folder)
    return ""


def _bases() -> Iterator[Path]:
    """Where the cache may lie, best first; in the shared temporary folder only where nobody else can have put it."""
    given = os.environ.get("NUMBA_CACHE_DIR")
    if given:
        yield Path(given) / "neuroemu-kernels"
    with contextlib.suppress(RuntimeError):  # no home at all
        yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "neuroemu" / "kernels"
    if hasattr(os, "getuid"):
        own = Path(tempfile.gettempdir()) / f"neuroemu-kernels-{os.getuid()}"
        with contextlib.suppress(OSError):
            own.mkdir(mode=0o700, exist_ok=True)
            status = own.lstat()
            if stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o077:
                yield own


def _forget_old(base: Path, current: Path) -> None:
    with contextlib.suppress(OSError):
        os.utime(current)
        for other in base.iterdir():
            if other != current and other.is_dir() and time.time() - other.stat().st_mtime > KEEP_S:
                shutil.rmtree(other, ignore_errors=True)


_FOLDER = _cache_folder()


class CheckedFile(caching.IndexDataCacheFile):
    """numba's cache of one function, which takes a file that was cut short or damaged for one that is not there.

    A digest stands behind what is pickled, where pickle does not look: a damaged kernel might be loaded, and run.
    """

    def load(self, key: Any) -> Any:
        try:
            return super().load(key)
        except Exception:  # pickle raises anything
            with contextlib.suppress(OSError):
                self.flush()  # then it is compiled and written anew
            return None

    def _dump(self, obj: Any) -> bytes:
        body: bytes = super()._dump(obj)
        return body + hashlib.sha256(body).digest()

    def _load_data(self, name: str) -> Any:
        content = Path(self._data_path(name)).read_bytes()
        if hashlib.sha256(content[:-DIGEST]).digest() != content[-DIGEST:]:
            raise ValueError(f"{name} is damaged")
        return super()._load_data(name)


@contextlib.contextmanager
def _our_cache() -> Iterator[None]:
    """What is declared meanwhile is cached in our folder, in CheckedFiles; other packages keep theirs."""
    config: Any = numba.config
    kinds: Any = caching
    before = config.CACHE_DIR, kinds.IndexDataCacheFile
    config.CACHE_DIR, kinds.IndexDataCacheFile = _FOLDER, CheckedFile
    try:
        yield
    finally:
        config.CACHE_DIR, kinds.IndexDataCacheFile = before


def njit(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """numba.njit(cache=True) with our cache folder; without any writable folder, njit without a cache."""
    if function is None:
        return lambda later: njit(later, **options)
    with _our_cache():
        return numba.njit(cache=bool(_FOLDER), **options)(function)


def jitted(function: Callable[..., Any], constants: dict[str, Any] | None = None, boundscheck: bool = False) -> Any:
    """njit of a plain function and of every plain function that it calls, all the way down.

    constants: values for module-level names in place of what its module holds, there and in the functions of that module
    that it calls; functions among them are compiled likewise.  boundscheck: whether an index out of range raises IndexError
    instead of reading foreign memory.  Not cached itself: it becomes part of the kernel that calls it.
    """
    function = getattr(function, "py_func", function)  # of a kernel already
    bound = _bound(function, constants or {}, function.__module__, boundscheck)
    return numba.njit(forceinline=True, error_model="numpy", boundscheck=boundscheck)(bound)


def specialise(function: Callable[..., Any], label: str, signature: Any, **constants: Any) -> Any:
    """A C function of `function` with these constants, cached on disk under its label; see jitted().

    label: must differ where the constants do, and outlive the process; '' is not cached.  With NUMBA_DISABLE_JIT the plain
    function itself.
    """
    bound = _bound(function, constants, function.__module__)
    bound.__qualname__ = f"{function.__qualname__}-{label}"  # numba names its files after this
    if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
        return bound
    with _our_cache():
        return numba.cfunc(signature, cache=bool(_FOLDER and label), error_model="numpy")(bound)


def _bound(
    function: Callable[..., Any], constants: dict[str, Any], module: str, boundscheck: bool = False
) -> FunctionType:
    """A copy of a function that sees its module's names with the constants laid over, if it is of that module.

    Plain functions among them become kernels; what is a kernel already, in a constant too, stays as it is, unless bounds are
    to be checked.
    """
    assert isinstance(function, FunctionType)
    known = {**function.__globals__, **(constants if function.__module__ == module else {})}
    for name in function.__code__.co_names:
        value = known.get(name)
        if boundscheck:
            value = getattr(value, "py_func", value)  # a kernel of the user's own, which would not check
        if isinstance(value, FunctionType) and value is not function:
            inner = _bound(value, constants, module, boundscheck)
            known[name] = numba.njit(forceinline=True, error_model="numpy", boundscheck=boundscheck)(inner)
    bound = FunctionType(function.__code__, known, function.__name__, function.__defaults__, function.__closure__)
    bound.__module__, bound.__qualname__ = function.__module__, function.__qualname__
    return bound
