"""Starts: arrangements of blocks from which placers set out, made without trying any swap.

An arrangement is (n_blocks,) the core of each block. Spectral: the eigenvectors of the flow's Laplacian with the smallest
eigenvalues put blocks that talk to each other close together (Hall 1970); blocks are then sorted into columns of tiles by the
first and within a column by the second. On a board of several chips the blocks are cut among the chips in the same way first.
"""

from __future__ import annotations

from itertools import islice

import numpy as np

from ..chip import Mesh
from .flow import Flow
from .place import hilbert_curve


def starts(flow: Flow, mesh: Mesh) -> list[np.ndarray]:
    """Every start there is: in order of the cores, along a Hilbert curve, spectral."""
    n = flow.host.size
    return [np.arange(n), _hilbert(n, mesh), spectral(flow, mesh)]


def _hilbert(n: int, mesh: Mesh) -> np.ndarray:
    curve = islice(hilbert_curve(mesh), -(-n // mesh.cores_per_tile))
    tiles = np.array([mesh.tile_at(x, y) for x, y in curve], np.int64)
    return (tiles[:, None] * mesh.cores_per_tile + np.arange(mesh.cores_per_tile)).ravel()[:n]


def spectral(flow: Flow, mesh: Mesh) -> np.ndarray:
    """Blocks sorted into the tiles by two eigenvectors, chip by chip; the cores used are as square a patch as there is."""
    n, each = flow.host.size, mesh.cores_per_tile
    links = (flow.between + flow.between.T).astype(float)
    np.fill_diagonal(links, 0.0)
    across, along = _eigenvectors(links)
    core = np.empty(n, np.int64)
    chip_width, chip_height = mesh.width // mesh.chips[0], mesh.height // mesh.chips[1]
    # Chips in columns, as tiles are: a share of the blocks for every column, and of these for every chip.
    chips = _split(np.arange(n), across, along, mesh.chips[0], mesh.chips[1], chip_width * chip_height * each)
    for index, mine in enumerate(chips):
        x0, y0 = index // mesh.chips[1] * chip_width, index % mesh.chips[1] * chip_height
        n_tiles = -(-mine.size // each)
        height = min(chip_height, max(-(-n_tiles // chip_width), int(np.ceil(np.sqrt(n_tiles)))))
        width = -(-n_tiles // height) if n_tiles else 0
        for x, column in enumerate(_shares(mine[np.argsort(across[mine], kind="stable")], width, height * each)):
            column = column[np.argsort(along[column], kind="stable")]
            for k, block in enumerate(column):
                core[block] = mesh.tile_at(x0 + x, y0 + k // each) * each + k % each
    return core


def _split(
    blocks: np.ndarray, across: np.ndarray, along: np.ndarray, columns: int, rows: int, room: int
) -> list[np.ndarray]:
    """Blocks of each chip, column-major.  room: cores of a chip."""
    found = []
    for column in _shares(blocks[np.argsort(across[blocks], kind="stable")], columns, room * rows):
        found += _shares(column[np.argsort(along[column], kind="stable")], rows, room)
    return found


def _shares(blocks: np.ndarray, n: int, room: int) -> list[np.ndarray]:
    """Consecutive shares, as equal as can be but of at most `room`: all fit as long as n * room do."""
    return (
        np.array_split(blocks, n)
        if n and -(-blocks.size // n) <= room
        else [blocks[k * room : (k + 1) * room] for k in range(n)]
    )


def _eigenvectors(links: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The second and third smallest of the Laplacian, their signs fixed; zeros where there are too few blocks."""
    n = links.shape[0]
    if n < 3:
        return np.arange(n, dtype=float), np.zeros(n)
    scale = links.max() or 1.0
    laplacian = np.diag(links.sum(axis=1)) - links
    _, vectors = np.linalg.eigh(laplacian / scale)
    chosen = vectors[:, 1:3]
    chosen = chosen * np.where(chosen[np.abs(chosen).argmax(axis=0), [0, 1]] < 0, -1.0, 1.0)
    return chosen[:, 0], chosen[:, 1]
