"""Linear nodes as matrices: y = (A x) / divisor + bias, A sparse, elements in the order of their shapes laid flat.

Each row of A holds its columns in ascending order, so that a sum over it is the same whatever the batch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .graph import Node
from .shapes import padding, pair, windows


@dataclass(frozen=True)
class LinearMap:
    """matrix: (n_out, n_in) scipy csr.  bias: (n_out,) or None.  divisor: 1 but for averages."""

    matrix: Any
    bias: np.ndarray | None
    divisor: int = 1


def linear_map(node: Node, dtype: Any) -> LinearMap:
    """What a linear node does, in numbers of a type."""
    from scipy import sparse

    if node.kind in ("Affine", "Linear"):
        matrix = sparse.csr_matrix(np.asarray(node.given["weight"], dtype))
        return LinearMap(matrix, _bias(node, 1, dtype))
    if node.kind == "Flatten":
        return LinearMap(sparse.identity(node.size, dtype, format="csr"), None)
    if node.kind == "Scale":
        return LinearMap(sparse.diags(node.numbers("scale").astype(dtype), format="csr"), None)
    if node.kind in ("SumPool2d", "AvgPool2d"):
        kernel = pair(node.given["kernel_size"], 2)
        channels = node.shape[0]
        ones = np.ones((channels, 1, *kernel), dtype)
        divisor = math.prod(kernel) if node.kind == "AvgPool2d" else 1  # places outside count, as in PyTorch
        return LinearMap(convolution(node, ones, channels), None, divisor)
    weight = np.asarray(node.given["weight"], dtype)
    bias = _bias(node, math.prod(node.shape[1:]), dtype)
    return LinearMap(convolution(node, weight, int(np.asarray(node.given["groups"]).item())), bias)


def _bias(node: Node, places: int, dtype: Any) -> np.ndarray | None:
    """(n_out,) each bias at all of its places; None where all are 0."""
    if node.given.get("bias") is None or not np.any(node.given["bias"]):
        return None
    each = np.broadcast_to(np.asarray(node.given["bias"], dtype).ravel(), (node.size // places,))
    return np.repeat(each, places)


def convolution(node: Node, weight: np.ndarray, groups: int) -> Any:
    """(n_out, n_in) csr of a cross-correlation.  weight: (out, in / groups, *kernel), any number of directions.

    y[o, p] = sum over c, k of weight[o, c, k] x[group of o, c, p stride + k dilation - padding].
    """
    from scipy import sparse

    out, inner, *kernel_ = weight.shape
    kernel, space = tuple(kernel_), node.shape_in[1:]
    n = len(space)
    places = windows(node, space, kernel)
    stride, dilation = pair(node.given["stride"], n), pair(node.given.get("dilation", 1), n)
    before = [p for p, _ in padding(node, n, kernel)]
    rows, columns, values = [], [], []
    where = np.indices(places).reshape(n, -1)  # (n, places)
    for offset in np.ndindex(*kernel):
        at = [where[k] * stride[k] + offset[k] * dilation[k] - before[k] for k in range(n)]
        inside = np.all([(at[k] >= 0) & (at[k] < space[k]) for k in range(n)], axis=0)
        flat = np.ravel_multi_index([a[inside] for a in at], space)
        target = np.flatnonzero(inside)
        o, c = (a.ravel() for a in np.indices((out, inner)))
        channel = o // (out // groups) * inner + c
        rows.append((o[:, None] * math.prod(places) + target).ravel())
        columns.append((channel[:, None] * math.prod(space) + flat).ravel())
        values.append(np.repeat(weight[(o, c, *offset)], target.size))
    row, column, value = (np.concatenate(parts) for parts in (rows, columns, values))
    kept = value != 0
    shape = (out * math.prod(places), math.prod(node.shape_in))
    matrix = sparse.csr_matrix((value[kept], (row[kept], column[kept])), shape)
    matrix.sort_indices()
    return matrix
