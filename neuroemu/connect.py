"""Who is connected to whom: connectors turn a rule into a list of synapses.

A connector is a value; `synapses(pre, post, draws)` gives the list, each (pre, post) index within its population.
It knows nothing of chips: weights here are what the user wrote, floats or integer mantissas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from .streams import stream


class SynapseList(NamedTuple):
    """Synapses of one projection.  pre, post: (n,) int32 indices.  weight: (n,) float64.  delay: (n,) int64 steps."""

    pre: np.ndarray
    post: np.ndarray
    weight: np.ndarray
    delay: np.ndarray


@dataclass(frozen=True)
class Draws:
    """Where random connectors get their numbers: a seed and the projection's own name."""

    seed: int
    owner: str

    def uniforms(self, purpose: str, n: int, step: int = 0) -> np.ndarray:
        from . import rng  # numba is only paid for by those who draw

        return rng.uniforms(np.uint64(self.seed), stream(purpose, self.owner), 0, n, step)

    def normals(self, purpose: str, n: int) -> np.ndarray:
        from . import rng

        return rng.normals(np.uint64(self.seed), stream(purpose, self.owner), 0, n, 0)


@dataclass(frozen=True)
class Uniform:
    """Values drawn uniformly from low..high."""

    low: float
    high: float

    def values(self, n: int, draws: Draws, purpose: str) -> np.ndarray:
        return self.low + (self.high - self.low) * draws.uniforms(purpose, n)


@dataclass(frozen=True)
class Normal:
    """Values drawn from a normal distribution."""

    mean: float
    sd: float

    def values(self, n: int, draws: Draws, purpose: str) -> np.ndarray:
        return self.mean + self.sd * draws.normals(purpose, n)


Value = float | int | np.ndarray | Uniform | Normal


class Connector(Protocol):
    """What every connector can do; pre and post are population shapes.

    count: about how many synapses there will be, before anything is allocated for them.
    """

    def count(self, pre: tuple[int, ...], post: tuple[int, ...]) -> float: ...

    def synapses(self, pre: tuple[int, ...], post: tuple[int, ...], draws: Draws) -> SynapseList: ...


def _fill(value: Value, n: int, draws: Draws, purpose: str) -> np.ndarray:
    """(n,) float64 values of a scalar, an array of n, or a distribution."""
    if isinstance(value, (Uniform, Normal)):
        return value.values(n, draws, purpose)
    array = np.asarray(value, np.float64)
    if array.ndim == 0:
        return np.full(n, float(array))
    if array.size != n:
        raise ValueError(f"{purpose}: has {array.size} values; the connection has {n} synapses")
    return array.ravel()


def _delays(value: Value, n: int, draws: Draws) -> np.ndarray:
    """(n,) int64 delays in time steps; distributions are rounded down."""
    delays = np.clip(np.floor(_fill(value, n, draws, "delays")), -1, 2**31)  # beyond every chip; refused later
    return delays.astype(np.int64)


def _list(pre: np.ndarray, post: np.ndarray, weight: np.ndarray, delay: np.ndarray) -> SynapseList:
    return SynapseList(pre.astype(np.int32), post.astype(np.int32), np.asarray(weight, np.float64), delay)


@dataclass(frozen=True)
class Dense:
    """Every nonzero entry of a matrix is a synapse.  weights, delays: (n_post, n_pre), as PyTorch and NIR have them.

    A scalar weight or a distribution connects all to all.
    """

    weights: Value
    delays: Value = 0

    def count(self, pre: tuple[int, ...], post: tuple[int, ...]) -> float:
        given = np.asarray(self.weights) if not isinstance(self.weights, (Uniform, Normal)) else np.empty(())
        return (
            float(np.count_nonzero(given))
            if given.ndim
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
            to, source = np.nonzero(matrix)
            weight = matrix[to, source]
        else:
            to, source = (index.ravel() for index in np.indices((n_post, n_pre)))
            weight = _fill(self.weights, to.size, draws, "weights")
        if not isinstance(self.delays, (Uniform, Normal)) and np.ndim(self.delays):
            delays = np.asarray(self.delays)
            if delays.shape != (n_post, n_pre):
                raise ValueError(f"delays have the shape {delays.shape}; needed is {(n_post, n_pre)}")
            delay = np.floor(delays[to, source]).astype(np.int64)
        else:
            delay = _delays(self.delays, to.size, draws)
        return _list(source, to, weight, delay)


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
            to = np.repeat(np.arange(n_post), self.fan_in)
            source = (draws.uniforms("partners", to.size) * n_pre).astype(np.int64)
        else:
            assert self.probability is not None
            if not 0.0 <= self.probability <= 1.0:
                raise ValueError(f"probability is {self.probability}; it lies in 0..1")
            to, source = _bernoulli_pairs(n_post, n_pre, float(self.probability), draws)
        return _list(source, to, _fill(self.weights, to.size, draws, "weights"), _delays(self.delays, to.size, draws))


def _bernoulli_pairs(n_post: int, n_pre: int, p: float, draws: Draws) -> tuple[np.ndarray, np.ndarray]:
    """Each of the n_post * n_pre pairs with probability p, by jumping over the gaps between hits: work ~ hits.

    Gap = floor(log(1-u) / log(1-p)) is geometric; draws come in blocks, one generator step a block.
    """
    n_pairs = n_post * n_pre
    if p <= 0.0 or n_pairs == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    if p >= 1.0:
        flat = np.arange(n_pairs)
        return flat // n_pre, flat % n_pre
    block = int(min(n_pairs, n_pairs * p * 1.05 + 6 * (n_pairs * p) ** 0.5 + 16))
    hits: list[np.ndarray] = []
    last, step = -1, 0
    while last < n_pairs:
        u = draws.uniforms("partners", block, step)
        gaps = np.floor(np.log1p(-u) / np.log1p(-p))
        flat = last + np.cumsum(np.minimum(gaps, n_pairs).astype(np.int64) + 1)
        hits.append(flat[flat < n_pairs])
        last, step = int(flat[-1]), step + 1
    found = np.concatenate(hits)
    return found // n_pre, found % n_pre


@dataclass(frozen=True)
class Conv2d:
    """A convolution as its synapses.  kernel: (out, in, kh, kw); populations have the shape (channel, height, width).

    As PyTorch's Conv2d: cross-correlation (the kernel is not flipped), same stride and padding in both directions.
    """

    kernel: np.ndarray
    stride: int = 1
    padding: int = 0
    delays: int = 0

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
        o, c, i, j, y, x = (a.ravel() for a in np.indices((out, channels, kh, kw, *shape[1:]), dtype=np.int32))
        row, column = y * self.stride + i - self.padding, x * self.stride + j - self.padding
        weight = self.kernel[o, c, i, j]
        keep = (row >= 0) & (row < pre[1]) & (column >= 0) & (column < pre[2]) & (weight != 0)
        source = (c * pre[1] + row) * pre[2] + column
        to = (o * shape[1] + y) * shape[2] + x
        n = int(keep.sum())
        return _list(source[keep], to[keep], weight[keep], np.full(n, self.delays, np.int64))
