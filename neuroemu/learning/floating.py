"""The same rules in floats: no saturation, no rounding, no widths. What a chip's integers are compared with.

The law of traces, epochs and gates is the engine's; numpy over all synapses at once, for networks of some thousand synapses.
Source: facts of 2026, learning engine, section 7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .rule import Factor, Product
from .settings import WORN, Learning, Trace

Values = dict[str, np.ndarray]


def run_floating(
    learning: Learning,
    weights: Any,
    pre: Sequence[Any],
    post: Sequence[Any],
    third: Mapping[str, Any],
    sign_mode: str = "mixed",
) -> dict[str, np.ndarray]:
    """A plastic projection driven by recorded spikes.

    weights: (n_post, n_pre) before step 1.  pre, post: (steps, n_pre), (steps, n_post) 0 or 1.
    third: 'y1_in' to 'y3_in', (steps, n_post), where the learning takes them from a model; 'tag_1_0', 'tag_2_0' likewise.
    Returns weights, tag_1, tag_2 (steps, n_post, n_pre), x1, x2 (steps, n_pre), y1..y3 (steps, n_post) after each step.
    """
    w = np.array(weights, float)
    engine = FloatLearning(learning, w, sign_mode)
    for name, key in (("t", "tag_1_0"), ("d", "tag_2_0")):
        if third.get(key) is not None:
            engine.synapses[name][...] = third[key]
    found: dict[str, list[np.ndarray]] = {}
    for k in range(len(pre)):
        factors = {
            name: np.asarray(third[f"{name}_in"][k], float) for name in ("y1", "y2", "y3") if f"{name}_in" in third
        }
        engine.step(np.asarray(pre[k]) != 0, np.asarray(post[k]) != 0, factors)
        state = {"weights": engine.synapses["w"], "tag_1": engine.synapses["t"], "tag_2": engine.synapses["d"]}
        for name, value in (state | engine.traces).items():
            found.setdefault(name, []).append(value.copy())
    return {name: np.stack(values) for name, values in found.items()}


class FloatLearning:
    """A plastic projection in floats, a step at a time.

    synapses: {'w', 'd', 't'}, (n_post, n_pre).  traces: {'x1', 'x2'} (n_pre,), {'y1', 'y2', 'y3'} (n_post,).
    """

    def __init__(self, learning: Learning, weights: np.ndarray, sign_mode: str = "mixed") -> None:
        self._learning, self._sign_mode, self._step = learning, sign_mode, 0
        n_post, n_pre = weights.shape
        self.synapses: Values = {"w": weights, "d": np.zeros((n_post, n_pre)), "t": np.zeros((n_post, n_pre))}
        self.traces: Values = {
            name: np.zeros(n_pre if name[0] == "x" else n_post) for name in ("x1", "x2", "y1", "y2", "y3")
        }
        self._last = {"x": np.zeros(n_pre, int), "y": np.zeros(n_post, int)}
        self.reward = 0.0

    def forget(self) -> None:
        """A fresh sample: what was learned stays, traces go, and epochs are counted on."""
        for values in (*self.traces.values(), *self._last.values()):
            values[...] = 0

    def step(self, pre: np.ndarray, post: np.ndarray, third: Mapping[str, np.ndarray]) -> None:
        """pre: (n_pre,), post: (n_post,) bool.  third: post-traces of the model."""
        self._step += 1
        epoch = self._learning.epoch
        now = (self._step - 1) % epoch + 1
        for side, spikes in (("x", pre), ("y", post)):
            again = spikes & (self._last[side] > 0)
            for name, values in self.traces.items():
                if name[0] == side and not self._of_model(name):
                    values[again] += self._trace(name).impulse
            self._last[side][spikes] = now
        for name, values in third.items():
            self.traces[name][...] = values
        if now == epoch:
            self._end_epoch()

    def _of_model(self, name: str) -> bool:
        return name[0] == "y" and self._learning.third == "model"

    def _trace(self, name: str) -> Trace:
        return self._learning.traces.get(name, Trace())

    def _end_epoch(self) -> None:
        epoch = self._learning.epoch
        logs = {}
        for name, values in self.traces.items():
            log = np.empty((epoch + 1, values.size))
            log[0] = values
            factor, impulse = self._trace(name).factor, self._trace(name).impulse
            if self._of_model(name):
                factor, impulse = WORN if self._learning.dialect.wears else 1.0, 0.0
            for j in range(1, epoch + 1):
                log[j] = log[j - 1] * factor + impulse * (self._last[name[0]] == j)
            logs[name] = log
        added = {}
        for rule in self._learning.rules:
            added[rule.target] = sum(self._product(product, logs) for product in rule.products)
        for target, change in added.items():
            self.synapses[target] += change
        if self._sign_mode == "excitatory":
            np.maximum(self.synapses["w"], 0, out=self.synapses["w"])
        elif self._sign_mode == "inhibitory":
            np.minimum(self.synapses["w"], 0, out=self.synapses["w"])
        np.maximum(self.synapses["d"], 0, out=self.synapses["d"])
        for name, log in logs.items():
            if not self._of_model(name):
                self.traces[name][...] = log[-1]
        for last in self._last.values():
            last[:] = 0

    def _product(self, product: Product, logs: Values) -> Any:
        epoch = self._learning.epoch
        tx, ty = self._last["x"], self._last["y"]
        if product.gate == "u":
            if self._step // epoch % (1 << product.decimation):
                return 0.0
            value: Any = np.ones(self.synapses["w"].shape)
        else:
            value = (
                np.broadcast_to(tx > 0 if product.gate == "x0" else (ty > 0)[:, None], self.synapses["w"].shape) * 1.0
            )
        for factor in product.factors:
            value = value * self._factor(factor, product.gate, logs, tx, ty)
        return value * product.mantissa * 2.0**product.exponent

    def _factor(self, factor: Factor, gate: str, logs: Values, tx: np.ndarray, ty: np.ndarray) -> Any:
        name = factor.name
        if name in self.synapses:
            value: Any = self.synapses[name]
        elif name in ("r0", "r1"):
            value = float(self.reward != 0) if name == "r0" else self.reward
        elif name == "x0":
            value = (tx > 0) * 1.0
        elif name == "y0":
            value = (ty > 0)[:, None] * 1.0
        else:
            pre, post = np.arange(tx.size), np.arange(ty.size)[:, None]
            at = tx[None, :] if gate == "x0" else ty[:, None] if gate == "y0" else np.array([[self._learning.epoch]])
            at, own = np.broadcast_arrays(at, pre if name[0] == "x" else post)
            value = logs[name][at, own]
        value = value + factor.plus
        return np.sign(value) if factor.sign_only else value
