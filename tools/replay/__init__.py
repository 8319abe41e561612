"""Suites of the replay tool. A suite: folder -> (name, replay) pairs; replay() returns '' or what differs first."""

from .fixed_point import fixed_point, weights
from .nir import nir
from .sanafe_costs import sanafe

SUITES = {"fixed_point": fixed_point, "nir": nir, "sanafe": sanafe, "weights": weights}
