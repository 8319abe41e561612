"""Suites of the replay tool. A suite: folder -> (name, replay) pairs; replay() returns '' or what differs first."""

from .fixed_point import fixed_point, weights
from .learning import learning_cases
from .nir import nir as networks_of_frameworks
from .sanafe_costs import sanafe

SUITES = {
    "fixed_point": fixed_point,
    "learning": learning_cases,
    "nir": networks_of_frameworks,
    "sanafe": sanafe,
    "weights": weights,
}
