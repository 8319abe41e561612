"""Candidates: the points of a sweep, in an order that only the plan and what came back decide.

A grid and draws are known beforehand, as one batch. Searches ask optuna for a batch, are told what became of all of it, and
ask again: neither workers nor the order in which they end can change which points come next. More points of the same plan
begin with the same ones.
"""

from __future__ import annotations

import itertools
import json
import math
import warnings
from typing import Any, Protocol

import numpy as np

from ..errors import OutputError
from .axes import Axis, Listed
from .plan import SEARCHING, Plan

Values = tuple[Any, ...]
Found = dict[
    str, tuple[float, ...] | None
]  # by key_of: the figures of all goals, None where a point failed or lacks one

POPULATION = 20  # of NSGA-II
AT_ONCE = 8  # points that TPE gives without having seen what the others gave
DRAWS_A_POINT = 20  # after so many draws for each point wanted, new ones are too rare


def key_of(values: Values) -> str:
    """What tells points apart."""
    return json.dumps(values, sort_keys=True)


class Candidates(Protocol):
    """Where points come from."""

    def batch(self) -> list[Values]:
        """The next points, none of which was there before; none when there are no more."""

    def tell(self, found: Found) -> None:
        """What became of the last batch, and of every point that was asked for again."""


def candidates(plan: Plan) -> Candidates:
    """The source of a plan's points. Raises OutputError where optuna is needed and missing."""
    if plan.search in SEARCHING:
        return Search(plan)
    return Known(_grid(plan) if plan.search == "grid" else _drawn(plan))


class Known:
    """Points that are known beforehand."""

    def __init__(self, points: list[Values]) -> None:
        self._points = points

    def batch(self) -> list[Values]:
        points, self._points = self._points, []
        return points

    def tell(self, found: Found) -> None:
        pass


def _wanted(plan: Plan) -> int:
    """How many points: no more than there are."""
    return int(min(plan.points or 0, math.prod(axis.size for axis in plan.vary.values())))


def _grid(plan: Plan) -> list[Values]:
    """Every combination, the last key fastest."""
    return list(itertools.product(*(axis.all() for axis in plan.vary.values())))


def _drawn(plan: Plan) -> list[Values]:
    """Independent draws; the k-th depends on the seed and k alone."""
    found: dict[str, Values] = {}
    wanted = _wanted(plan)
    for k in range(wanted * DRAWS_A_POINT):
        shares = np.random.Generator(np.random.Philox(key=[plan.seed, k])).random(len(plan.vary))
        values = tuple(axis.at(float(share)) for axis, share in zip(plan.vary.values(), shares, strict=True))
        found.setdefault(key_of(values), values)
        if len(found) == wanted:
            break
    return list(found.values())


class Search:
    """Points that optuna proposes, from its NSGA-II or its TPE; what it proposes twice is run once."""

    def __init__(self, plan: Plan) -> None:
        try:
            import optuna
        except ImportError:
            what = f"--search {plan.search} needs optuna, which is not installed"
            raise OutputError(f"{what}. Try: pip install 'neuroemu[dse]', or --search random.") from None
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
        self._plan, self._optuna = plan, optuna
        self._at_once = POPULATION if plan.search == "nsga2" else AT_ONCE
        self._axes = {key: self._distribution(axis) for key, axis in plan.vary.items()}
        sampler: Any = (
            optuna.samplers.NSGAIISampler(population_size=POPULATION, seed=plan.seed)
            if plan.search == "nsga2"
            else optuna.samplers.TPESampler(n_startup_trials=2 * AT_ONCE, seed=plan.seed, constant_liar=True)
        )
        directions: list[Any] = [{"min": "minimize", "max": "maximize"}[goal.direction] for goal in plan.goals]
        self._study = optuna.create_study(directions=directions, sampler=sampler)
        self._asked: list[tuple[Any, str]] = []
        self._known: Found = {}
        self._seen: set[str] = set()
        self._n = 0

    def _distribution(self, axis: Axis) -> Any:
        of = self._optuna.distributions
        if isinstance(axis, Listed):
            return of.CategoricalDistribution(range(len(axis.values)))
        if axis.whole:
            return of.IntDistribution(int(axis.low), int(axis.high), log=axis.log)
        return of.FloatDistribution(axis.low, axis.high, log=axis.log)

    def _values(self, trial: Any) -> Values:
        return tuple(
            axis.values[trial.params[key]] if isinstance(axis, Listed) else axis.written(trial.params[key])
            for key, axis in self._plan.vary.items()
        )

    def batch(self) -> list[Values]:
        wanted = _wanted(self._plan)
        fresh: list[Values] = []
        while not fresh and len(self._seen) < wanted and self._n < wanted * DRAWS_A_POINT:
            if self._asked:  # a whole batch of points that were there before
                self.tell({})
            for _ in range(self._at_once):
                if len(self._seen) == wanted:
                    break
                trial = self._study.ask(self._axes)
                values, self._n = self._values(trial), self._n + 1
                key = key_of(values)
                self._asked.append((trial, key))
                if key not in self._seen:
                    self._seen.add(key)
                    fresh.append(values)
        return fresh

    def tell(self, found: Found) -> None:
        self._known.update(found)
        for trial, key in self._asked:
            figures = self._known[key]
            if figures is None:
                self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
            else:
                self._study.tell(trial, list(figures))
        self._asked = []
