"""Plots of a run for papers and slides, by matplotlib (the 'plot' extra): a PNG, PDF or SVG each, from the run folder alone."""

from .save import KINDS, save

__all__ = ["KINDS", "save"]
