"""Suites of the replay tool. A suite: folder -> (name, replay) pairs; replay() returns '' or what differs first."""

from .fixed_point import fixed_point, weights
from .nir import nir as networks_of_frameworks
from .sanafe_costs import sanafe

SUITES = {"fixed_point": fixed_point, "nir": networks_of_frameworks, "sanafe": sanafe, "weights": weights}
