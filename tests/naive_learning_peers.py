"""Twins of the learning engine in the dialects of brian2-loihi and nengo-loihi, from what both do (learning/peers.py)."""

from __future__ import annotations

import math
from fractions import Fraction

from tests.naive_learning import NAMES, Projection, clip


class Brian2(Projection):
    """An epoch is a step.  before, behind: traces around the impulses of the step, by name."""

    def forget(self):
        super().forget()
        self.before = {name: list(values) for name, values in self.stored.items()}
        self.behind = {name: list(values) for name, values in self.stored.items()}

    def seen(self, product):
        """Without a trace on a side, its spikes are not seen."""
        events = {product.gate, *(name for name, _, _ in product.factors)} & {"x0", "y0"}
        return all(any(name[0] == event[0] for name in self.h.impulse) for event in events)

    def gate(self, product, synapse, step):
        if product.gate[0] == "u":
            return (step - 1) % 2 ** int(product.gate[1:]) == 0
        return self.dependency(product.gate, synapse) == 1

    def decayed(self, name, who, step):
        if name not in self.h.tau:
            return 0
        k, left = NAMES[name[0]].index(name), 1 - 1 / self.h.tau[name]
        exact = self.before[name][who] * left
        up = exact > math.floor(exact) and self.random.decay(name[0], who, k, step) < exact - math.floor(exact)
        return math.floor(self.behind[name][who] * float(f"{left:.15g}")) + up

    def end_epoch(self, step):
        counts = {part: [0, 0, 0, 0] for part in set(self.part_of)}
        self.random.new_epoch(step, step)
        self.count_traces(counts)
        for side, names in NAMES.items():
            for name in names:
                self.before[name] = [self.decayed(name, who, step) for who in range(self.size[side])]
                impulse = self.h.impulse.get(name, 0)
                self.behind[name] = [
                    min(127, value + impulse) if spiked else value
                    for value, spiked in zip(self.before[name], self.last[side], strict=True)
                ]
                self.stored[name] = list((self.behind if side == "x" else self.before)[name])
        for synapse in self.synapses:
            products = [p for p in self.h.rules["w"] if self.seen(p) and self.gate(p, synapse, step)]
            if products:
                new = self.changed(products, synapse)
                at = counts[self.part_of[synapse["post"]]]
                at[1] += 1
                at[2] += new != synapse["w"]
                at[3] += len(products)
                synapse["w"] = new
        for side, names in NAMES.items():
            self.last[side] = [0] * self.size[side]
            self.touched[side] = {k for k in range(self.size[side]) if any(self.behind[name][k] for name in names)}
        self.written = []
        return counts

    def changed(self, products, synapse):
        """products: those that are due.  Of those with a spike or a literal 2^-e nothing is drawn."""
        unit = 2**self.h.grid
        change = sum(self.exact(product, synapse, self.behind) for product in products)
        steps = int(Fraction(math.copysign(math.ceil(abs(change)), change)) / unit)
        early = sum(
            self.exact(product, synapse, self.before)
            for product in products
            if product.gate[0] == "u" and product.e >= 0 and not {"x0", "y0"} & {name for name, _, _ in product.factors}
        )
        rest = Fraction(abs(early) % unit, unit)
        if rest and self.random.weight(synapse, 0) < rest:
            steps += 1 if early > 0 else -1
        low, high = {"mixed": (-256, 254), "excitatory": (0, 255), "inhibitory": (-256, 0)}[self.h.sign_mode]
        return clip(synapse["w"] + steps * unit, low, high)

    def exact(self, product, synapse, traces):
        value = product.m * Fraction(2) ** product.e
        for name, plus, sign_only in product.factors:
            if name in ("x0", "y0"):
                factor = self.dependency(name, synapse)
            else:
                factor = (
                    synapse["w"] if name == "w" else traces[name][synapse["pre" if name[0] == "x" else "post"]]
                ) + plus
            value *= (factor > 0) - (factor < 0) if sign_only else factor
        return value


class Nengo(Projection):
    """PES: one product of u_k, x1 and y1."""

    def spike(self, side, who, step, now):
        self.touched[side].add(who)
        self.last[side][who] = now

    def history(self, name, who, first_step):
        if name[0] == "y":
            return super().history(name, who, first_step)
        tau, impulse = self.h.tau.get(name, 0), math.floor(128 * self.h.impulse.get(name, 0)) / 128
        exact = self.stored[name][who] * (math.exp(-self.h.epoch / tau) if tau else 0.0)
        exact += impulse if self.last["x"][who] else 0
        rest, k, last = exact - math.floor(exact), NAMES["x"].index(name), first_step + self.h.epoch - 1
        up = rest > 0 and self.random.decay("x", who, k, last) < rest
        return [None] * self.h.epoch + [min(127, math.floor(exact) + up)]

    def updated(self, target, synapse, step):
        (product,) = self.h.rules[target]
        accumulator = synapse["w"] * 128
        if self.gate(product, synapse, step):
            x, y = self.histories["x1"][synapse["pre"]][-1], clip(self.histories["y1"][synapse["post"]][-1], -128, 127)
            accumulator += math.floor(product.m * x * y * Fraction(2) ** (product.e + 7 - 2))
        unit = 2 ** (7 + self.h.grid)
        size = abs(accumulator) // unit
        rest = Fraction(abs(accumulator) % unit, unit)
        size += 1 if rest and self.random.weight(synapse, 0) < rest else 0
        top = 255 // 2**self.h.grid
        return int(math.copysign(min(size, top) * 2**self.h.grid, accumulator))


TWINS = {"chip": Projection, "brian2": Brian2, "nengo": Nengo}
