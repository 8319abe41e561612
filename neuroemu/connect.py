"""Who is connected to whom: connectors turn a rule into a list of synapses.

A connector is a value; `synapses(pre, post, draws)` gives the list, each (pre, post) index within its population.
It knows nothing of chips: weights here are what the user wrote, floats or integer mantissas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol

import numpy as np

from .pieces import integers, pieces
from .streams import stream


class SynapseList(NamedTuple):
    """Synapses of one projection; read-only, as some may be the user's own arrays.

    pre, post: (n,) int32 indices.  weight: (n,) float64.  delay: (n,) integers, steps beyond the first.
    A weight or a delay that all synapses share is one value seen n times (numpy.broadcast_to), which takes no memory.
    """

    pre: np.ndarray
    post: np.ndarray
    weight: np.ndarray
    delay: np.ndarray


@dataclass(frozen=True)
class Draws:
    """Where random connectors get their numbers: a seed and the projection's own name."""

    seed: int
    owner: str

    def uniforms(self, purpose: str, n: int, step: int = 0, first: int = 0) -> np.ndarray:
        """(n,) draws, those of the entities first..first+n-1."""
        from . import rng  # numba is only paid for by those who draw

        return rng.uniforms(np.uint64(self.seed), stream(purpose, self.owner), first, n, step)

    def normals(self, purpose: str, n: int, first: int = 0) -> np.ndarray:
        """(n,) draws, those of the entities first..first+n-1."""
        from . import rng

        return rng.normals(np.uint64(self.seed), stream(purpose, self.owner), first, n, 0)


@dataclass(frozen=True)
class Uniform:
    """Values drawn uniformly from low..high."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"uniform goes from {self.low:g} to {self.high:g}; the lower end comes first")

    def values(self, n: int, draws: Draws, purpose: str, first: int = 0) -> np.ndarray:
        """(n,) values of the synapses first..first+n-1."""
        return self.low + (self.high - self.low) * draws.uniforms(purpose, n, first=first)


@dataclass(frozen=True)
class Normal:
    """Values drawn from a normal distribution."""

    mean: float
    sd: float

    def __post_init__(self) -> None:
        if not self.sd >= 0:
            raise ValueError(f"normal has the standard deviation {self.sd:g}; at least 0 is needed")

    def values(self, n: int, draws: Draws, purpose: str, first: int = 0) -> np.ndarray:
        """(n,) values of the synapses first..first+n-1."""
        return self.mean + self.sd * draws.normals(purpose, n, first)


Value = float | int | np.ndarray | Uniform | Normal


class Connector(Protocol):
    """What every connector can do; pre and post are population shapes.

    count: about how many synapses there will be, before anything is allocated for them.
    """

    def count(self, pre: tuple[int, ...], post: tuple[int, ...]) -> float: ...

    def synapses(self, pre: tuple[int, ...], post: tuple[int, ...], draws: Draws) -> SynapseList: ...


def _fill(value: Value, n: int, draws: Draws, purpose: str) -> np.ndarray:
    """(n,) float64 values of a scalar (seen n times), an array of n, or a distribution."""
    if isinstance(value, (Uniform, Normal)):
        out = np.empty(n)
        for piece in pieces(n):
            out[piece] = value.values(piece.stop - piece.start, draws, purpose, piece.start)
        return out
    array = np.asarray(value, np.float64)
    if array.ndim == 0:
        return np.broadcast_to(array, (n,))
    if array.size != n:
        raise ValueError(f"{purpose}: has {array.size} values; the connection has {n} synapses")
    return array.ravel()


def _delays(value: Value, n: int, draws: Draws) -> np.ndarray:
    """(n,) delays in whole time steps, as they are in a SynapseList; distributions are rounded down."""
    if isinstance(value, (Uniform, Normal)):
        return integers(n, lambda piece: _whole(value.values(piece.stop - piece.start, draws, "delays", piece.start)))
    given = _fill(value, n, draws, "delays")
    if np.ndim(value) == 0:
        return np.broadcast_to(_whole(np.asarray(value, np.float64)), (n,))
    return integers(n, lambda piece: _whole(given[piece]))


def _whole(delays: np.ndarray) -> np.ndarray:
    """Rounded down, int64; what no chip has stays so and is refused later."""
    return np.clip(np.floor(delays), -(2**31), 2**31).astype(np.int64)


def _list(pre: np.ndarray, post: np.ndarray, weight: np.ndarray, delay: np.ndarray) -> SynapseList:
    return SynapseList(
        pre.astype(np.int32, copy=False), post.astype(np.int32, copy=False), np.asarray(weight, np.float64), delay
    )


@dataclass(frozen=True)
class Dense:
    """Every nonzero entry of a matrix is a synapse.  weights, delays: (n_post, n_pre), as PyTorch and NIR have them.

    A scalar weight or a distribution connects all to all.  zeros: whether entries of 0 are synapses, too, as they are in a
    projection that learns.
    """

    weights: Value
    delays: Value = 0
    zeros: bool = False

    def count(self, pre: tuple[int, ...], post: tuple[int, ...]) -> float:
        given = np.asarray(self.weights) if not isinstance(self.weights, (Uniform, Normal)) else np.empty(())
        return (
            float(np.count_nonzero(given))
            if given.ndim and not self.zeros
            else float(np.prod(pre, dtype=float) * np.prod(post, dtype=float))
        )

    def synapses(self, pre: tuple[int, ...], post: tuple[int, ...], draws: Draws) -> SynapseList:
        n_pre, n_post = int(np.prod(pre)), int(np.prod(post))
        if not isinstance(self.weights, (Uniform, Normal)) and np.ndim(self.weights):
            matrix = np.asarray(self.weights)
            if matrix.shape != (n_post, n_pre):
                raise ValueError(
                    f"weights have the shape {matrix.shape}; a dense connection here needs (to, from) = {(n_post, n_pre)}"
                )
            to, source, weight = _every(matrix) if self.zeros else _nonzero(matrix)
        else:
            to = np.repeat(np.arange(n_post, dtype=np.int32), n_pre)
            source = np.tile(np.arange(n_pre, dtype=np.int32), n_post)
            weight = _fill(self.weights, to.size, draws, "weights")
        if not isinstance(self.delays, (Uniform, Normal)) and np.ndim(self.delays):
            delays = np.asarray(self.delays)
            if delays.shape != (n_post, n_pre):
                raise ValueError(f"delays have the shape {delays.shape}; needed is {(n_post, n_pre)}")
            delay = integers(to.size, lambda piece: np.floor(delays[to[piece], source[piece]]).astype(np.int64))
        else:
            delay = _delays(self.delays, to.size, draws)
        return _list(source, to, weight, delay)


def _every(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(row, column, value) of every entry, row by row."""
    to, source = np.indices(matrix.shape, np.int32)
    return to.ravel(), source.ravel(), matrix.ravel()


def _nonzero(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(row, column, value) of every nonzero entry, row by row."""
    n = int(np.count_nonzero(matrix))
    row, column, value = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n)
    done = 0
    for rows in pieces(matrix.size):  # of entries, made whole rows
        begin, end = (-(-at // matrix.shape[1]) for at in (rows.start, rows.stop))
        to, source = np.nonzero(matrix[begin:end])
        here = slice(done, done + to.size)
        row[here], column[here], value[here] = to + begin, source, matrix[begin:end][to, source]
        done += to.size
    return row, column, value


@dataclass(frozen=True)
class Sparse:
    """An explicit list.  pre, post: (n,) indices within the populations.  Two synapses of one pair are both kept."""

    pre: np.ndarray
    post: np.ndarray
    weights: Value
    delays: Value = 0

    def count(self, pre: tuple[int, ...], post: tuple[int, ...]) -> float:
        return float(np.size(self.pre))

    def synapses(self, pre: tuple[int, ...], post: tuple[int, ...], draws: Draws) -> SynapseList:
        source, to = np.asarray(self.pre), np.asarray(self.post)
        if source.shape != to.shape or source.ndim != 1:
            raise ValueError(f"'pre' has the shape {source.shape} and 'post' {to.shape}; they must be lists alike")
        for name, index, bound in (("pre", source, np.prod(pre)), ("post", to, np.prod(post))):
            if index.size and (index.min() < 0 or index.max() >= bound):
                raise ValueError(
                    f"'{name}' holds the index {index.min() if index.min() < 0 else index.max()}; "
                    f"the population has 0..{int(bound) - 1}"
                )
        n = source.size
        return _list(source, to, _fill(self.weights, n, draws, "weights"), _delays(self.delays, n, draws))


@dataclass(frozen=True)
class OneToOne:
    """Compartment i to compartment i; both populations have the same size."""

    weights: Value
    delays: Value = 0

    def count(self, pre: tuple[int, ...], post: tuple[int, ...]) -> float:
        return float(np.prod(post, dtype=float))

    def synapses(self, pre: tuple[int, ...], post: tuple[int, ...], draws: Draws) -> SynapseList:
        n_pre, n_post = int(np.prod(pre)), int(np.prod(post))
        if n_pre != n_post:
            raise ValueError(f"one_to_one joins populations of one size; these have {n_pre} and {n_post}")
        index = np.arange(n_pre)
        return _list(index, index, _fill(self.weights, n_pre, draws, "weights"), _delays(self.delays, n_pre, draws))


@dataclass(frozen=True)
class Random:
    """Random synapses: each pair with a probability, or exactly fan_in sources for every target (with repetition).

    A population joined with itself may draw i to i.
    """

    weights: Value
    probability: float | None = None
    fan_in: int | None = None
    delays: Value = 0

    def count(self, pre: tuple[int, ...], post: tuple[int, ...]) -> float:
        each = self.fan_in if self.fan_in is not None else (self.probability or 0.0) * float(np.prod(pre, dtype=float))
        return float(each) * float(np.prod(post, dtype=float))

    def synapses(self, pre: tuple[int, ...], post: tuple[int, ...], draws: Draws) -> SynapseList:
        n_pre, n_post = int(np.prod(pre)), int(np.prod(post))
        if (self.fan_in is None) == (self.probability is None):
            raise ValueError("a random connection needs either 'probability' or 'fan_in'")
        if self.fan_in is not None:
            if self.fan_in < 0:
                raise ValueError(f"fan_in is {self.fan_in}; it is a count of sources")
            to = np.repeat(np.arange(n_post, dtype=np.int32), self.fan_in)
            source = np.empty(to.size, np.int32)
            for piece in pieces(to.size):  # a draw is below 1, so the product rounds down to an index
                source[piece] = draws.uniforms("partners", piece.stop - piece.start, first=piece.start) * n_pre
        else:
            assert self.probability is not None
            if not 0.0 <= self.probability <= 1.0:
                raise ValueError(f"probability is {self.probability}; it lies in 0..1")
            to, source = _bernoulli_pairs(n_post, n_pre, float(self.probability), draws)
        return _list(source, to, _fill(self.weights, to.size, draws, "weights"), _delays(self.delays, to.size, draws))


def _bernoulli_pairs(n_post: int, n_pre: int, p: float, draws: Draws) -> tuple[np.ndarray, np.ndarray]:
    """Each of the n_post * n_pre pairs with probability p, by jumping over the gaps between hits: work ~ hits.

    Gap = floor(log(1-u) / log(1-p)) is geometric; draws come in blocks, one generator step a block.
    Returns (to, source), (hits,) int32 each.
    """
    n_pairs = n_post * n_pre
    if p <= 0.0 or n_pairs == 0:
        return np.empty(0, np.int32), np.empty(0, np.int32)
    if p >= 1.0:
        return (
            np.repeat(np.arange(n_post, dtype=np.int32), n_pre),
            np.tile(np.arange(n_pre, dtype=np.int32), n_post),
        )
    block = int(min(n_pairs, n_pairs * p * 1.05 + 6 * (n_pairs * p) ** 0.5 + 16))
    to, source = np.empty(block, np.int32), np.empty(block, np.int32)
    last, step, n = -1, 0, 0
    while last < n_pairs:
        for piece in pieces(block):
            u = draws.uniforms("partners", piece.stop - piece.start, step, piece.start)
            gaps = np.floor(np.log1p(-u) / np.log1p(-p))
            flat = last + np.cumsum(np.minimum(gaps, n_pairs).astype(np.int64) + 1)
            last = int(flat[-1])
            hits = flat[flat < n_pairs]
            if n + hits.size > to.size:  # hardly ever: a block is made to hold them all
                to, source = (np.concatenate([held, np.empty(block, np.int32)]) for held in (to, source))
            to[n : n + hits.size], source[n : n + hits.size] = np.divmod(hits, n_pre)
            n += hits.size
            if last >= n_pairs:
                break
        step += 1
    return to[:n], source[:n]


@dataclass(frozen=True)
class Conv2d:
    """A convolution as its synapses.  kernel: (out, in, kh, kw); populations have the shape (channel, height, width).

    As PyTorch's Conv2d: cross-correlation (the kernel is not flipped), same stride and padding in both directions.
    """

    kernel: np.ndarray
    stride: int = 1
    padding: int = 0
    delays: int = 0
    repeats: ClassVar[bool] = True  # lists of different sources may be alike but for where they begin

    def count(self, pre: tuple[int, ...], post: tuple[int, ...]) -> float:
        return float(np.prod(post, dtype=float)) * float(np.prod(self.kernel.shape[1:], dtype=float))

    def output_shape(self, pre: tuple[int, ...]) -> tuple[int, int, int]:
        """(out, height, width) that this kernel gives on a population of shape pre."""
        if len(pre) != 3 or self.kernel.ndim != 4:
            raise ValueError(
                f"conv2d needs a kernel (out, in, height, width) and a population with shape [channel, height, width]; "
                f"found {self.kernel.shape} and {list(pre)}"
            )
        out, channels, kh, kw = self.kernel.shape
        if self.stride < 1 or self.padding < 0:
            raise ValueError(f"stride is {self.stride} and padding {self.padding}; at least 1 and 0 are needed")
        if channels != pre[0]:
            raise ValueError(
                f"the kernel takes {channels} channels; the population '{'x'.join(map(str, pre))}' has {pre[0]}"
            )
        height, width = (
            (size + 2 * self.padding - k) // self.stride + 1 for size, k in zip(pre[1:], (kh, kw), strict=True)
        )
        if height < 1 or width < 1:
            raise ValueError(f"a {kh}x{kw} kernel does not fit into {pre[1]}x{pre[2]} with padding {self.padding}")
        return out, height, width

    def synapses(self, pre: tuple[int, ...], post: tuple[int, ...], draws: Draws) -> SynapseList:
        shape = self.output_shape(pre)
        if shape != tuple(post) and (len(post) != 1 or int(np.prod(shape)) != post[0]):
            raise ValueError(f"conv2d gives the shape {list(shape)}; the target has {list(post)}")
        out, channels, kh, kw = self.kernel.shape
        c, i, j, y, x = (a.ravel() for a in np.indices((channels, kh, kw, *shape[1:]), dtype=np.int32))
        row, column = y * self.stride + i - self.padding, x * self.stride + j - self.padding
        inside = (row >= 0) & (row < pre[1]) & (column >= 0) & (column < pre[2])
        source, to = (c * pre[1] + row) * pre[2] + column, y * shape[2] + x
        found: list[list[np.ndarray]] = [[], [], []]
        for o in range(out):  # every feature map looks at the same places
            weight = self.kernel[o, c, i, j]
            keep = inside & (weight != 0)
            for columns, values in zip(found, (source, to + o * shape[1] * shape[2], weight), strict=True):
                columns.append(values[keep])
        source, to, weight = (np.concatenate(columns) for columns in found)
        return _list(source, to, weight, np.broadcast_to(np.int64(self.delays), to.shape))
