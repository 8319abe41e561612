"""Suites of the replay tool. A suite: folder -> (name, replay) pairs; replay() returns '' or what differs first."""

from .fixed_point import fixed_point, weights
from .sanafe_costs import sanafe

SUITES = {"fixed_point": fixed_point, "sanafe": sanafe, "weights": weights}
