"""Reports: what a run found, as a table on the terminal, JSON, CSV, HDF5 and a small HTML, all from one Report."""

from .report import Report

__all__ = ["Report"]
