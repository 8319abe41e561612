"""Twin of the learning engine: one plastic projection, synapse by synapse, from the definition (facts, learning engine).

Plain lists, dicts and Python integers. It shares no code with the package: rules come as Products of its own, and random
numbers from Recorded (a table, as in the goldens) or Independent (Philox and a hash, written out again).
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, field
from fractions import Fraction

from tests.naive import philox

BITS = {"x0": 1, "y0": 1, "r0": 1, "x1": 7, "x2": 7, "y1": 7, "y2": 7, "y3": 7, "r1": 7, "w": 9, "d": 9, "t": 9}
NAMES = {"x": ("x1", "x2"), "y": ("y1", "y2", "y3")}


@dataclass(frozen=True)
class Product:
    """gate * m * 2**e * factors.  gate: 'x0', 'y0' or 'u3'.  factors: (name, constant added, whether only its sign counts)."""

    gate: str
    m: int
    e: int
    factors: tuple[tuple[str, int, bool], ...] = ()


@dataclass(frozen=True)
class Habits:
    """What a projection learns by, and where emulators differ; see Learning and Dialect."""

    rules: dict  # {'w': [Product], ...}
    impulse: dict = field(default_factory=dict)  # {'x1': 10.25}
    tau: dict = field(default_factory=dict)
    epoch: int = 1
    from_model: bool = False
    payload: str = "binary"
    shift: str = "floor"
    mantissa_bits: int = 4
    lowest: int = -32768  # of the accumulator
    lowest_tag: int = -256
    impulse_bits: int = 8
    bumps_up: bool = False
    wears: bool = False
    grid: int = 0  # low bits of a weight that are not stored
    sign_mode: str = "mixed"
    longest_delay: int = 62


def clip(value, low, high):
    return min(max(value, low), high)


def half_even(numerator, denominator):
    """A quotient to the nearest, ties to even."""
    return round(Fraction(numerator, denominator))


def reduced(m, e):
    """A scale as it is stored: halved while |m| is above 7 and even."""
    while abs(m) > 7 and m % 2 == 0:
        m, e = m // 2, e + 1
    return (m, e) if m else (0, 0)


class Projection:
    """synapses: dicts of pre, post, w, d, t.  random: Recorded or Independent."""

    def __init__(self, habits, n_pre, n_post, synapses, random, part_of=None):
        self.h, self.synapses, self.random = habits, synapses, random
        self.size = {"x": n_pre, "y": n_post}
        self.part_of = part_of or [0] * n_post
        self.reward = 0
        self.forget()

    def forget(self):
        """A fresh sample: traces and spikes of the epoch go, synapses stay."""
        self.stored = {name: [0] * self.size[side] for side, names in NAMES.items() for name in names}
        self.last = {side: [0] * size for side, size in self.size.items()}  # 1..T within the epoch, 0 none
        self.touched = {side: set() for side in self.size}  # who has a spike in this epoch, or a trace
        self.written = []  # of a model: by step of the epoch

    # ---- traces

    def parts_of_impulse(self, name):
        """(whole, fraction in 1/256)."""
        if name == "x1" and self.h.payload != "binary":
            return 0, 0
        impulse = self.h.impulse.get(name, 0)
        return math.floor(impulse), round(256 * (impulse - math.floor(impulse)))

    def raise_(self, name, value, chance):
        """chance: () -> whole number of impulse_bits bits, compared with 1/256."""
        whole, fraction = self.parts_of_impulse(name)
        return clip(value + whole + (1 if fraction and chance() < fraction else 0), 0, 127)

    def decay(self, name, value, chance):
        """chance: () -> in [0, 1)."""
        tau = self.h.tau.get(name, 0)
        if name[0] == "y" and self.h.from_model and self.h.wears:
            tau = 65535
        exact = value * (math.exp(-1 / tau) if tau else 0.0)
        return math.floor(exact) + (1 if chance() < exact - math.floor(exact) else 0)

    def spike(self, side, who, step, now):
        """A spike after which there was an earlier one in this epoch: that one's impulse is stored at once."""
        self.touched[side].add(who)
        if self.last[side][who]:
            for k, name in enumerate(NAMES[side]):
                if side == "y" and self.h.from_model:
                    continue

                def chance(k=k):
                    return 0 if side == "x" and self.h.bumps_up else self.random.bump(side, who, k, step)

                self.stored[name][who] = self.raise_(name, self.stored[name][who], chance)
        self.last[side][who] = now

    def graded(self, pre, payload):
        """x1 takes half of the payload; whether the spike counts as one."""
        half, x1 = half_even(payload, 2), self.stored["x1"]
        if self.h.payload == "overwrite":
            x1[pre] = half
            return True
        total = (x1[pre] + half) % 256
        if self.h.payload == "add_saturated":
            x1[pre] = min(127, total)
            return True
        x1[pre] = total - 127 if total > 127 else total
        if x1[pre]:
            self.touched["x"].add(pre)
        return total > 127

    def history(self, name, who, first_step):
        """[value at the start of the epoch, after its step 1, ... T]."""
        side, k = name[0], NAMES[name[0]].index(name)
        if side == "y" and self.h.from_model and not self.h.wears:
            told = [row[who][k] for row in self.written]  # fewer than T where a sample began within the epoch
            return [0] * (self.h.epoch + 1 - len(told)) + told
        values = [self.stored[name][who]]
        for j in range(1, self.h.epoch + 1):
            step = first_step + j - 1
            value = self.decay(name, values[-1], lambda s=step: self.random.decay(side, who, k, s))
            if self.last[side][who] == j:
                value = self.raise_(name, value, lambda s=step: self.random.impulse(side, who, k, s))
            values.append(value)
        return values

    # ---- a step

    def step(self, step, pre, post, model=None, reward=0):
        """pre: {axon: payload}.  post: compartments that spiked.  model: by compartment (y1, y2, y3).

        Returns ({part: [traces, reads, writes, products]}).
        """
        epoch = self.h.epoch
        now = (step - 1) % epoch + 1
        for axon, payload in sorted(pre.items()):
            if self.h.payload == "binary" or self.graded(axon, payload):
                self.spike("x", axon, step, now)
        for compartment in sorted(post):
            self.spike("y", compartment, step, now)
        if self.h.from_model:
            self.written.append(model)
            for k, name in enumerate(NAMES["y"]):
                self.stored[name] = [row[k] for row in model]
        self.reward = reward
        return self.end_epoch(step) if now == epoch else {}

    def end_epoch(self, step):
        counts = {part: [0, 0, 0, 0] for part in set(self.part_of)}
        self.random.new_epoch(step, step // self.h.epoch)
        self.histories = {
            name: [self.history(name, who, step - self.h.epoch + 1) for who in range(self.size[side])]
            for side, names in NAMES.items()
            for name in names
        }
        self.count_traces(counts)
        changes = []
        for synapse in self.synapses:
            products = [p for rule in self.h.rules.values() for p in rule if self.gate(p, synapse, step)]
            if not products:  # nothing is due: nothing would change
                for target in self.h.rules:
                    assert synapse["t"] < -256 or self.updated(target, synapse, step) == synapse[target]
                continue
            new = {target: self.updated(target, synapse, step) for target in self.h.rules}
            at = counts[self.part_of[synapse["post"]]]
            at[1] += 1
            at[2] += any(synapse[target] != value for target, value in new.items())
            at[3] += len(products)
            changes.append((synapse, new))
        for synapse, new in changes:
            synapse.update(new)
        for side, names in NAMES.items():
            for name in names:
                if not (side == "y" and self.h.from_model):
                    self.stored[name] = [values[-1] for values in self.histories[name]]
            self.last[side] = [0] * self.size[side]
            self.touched[side] = {k for k in range(self.size[side]) if any(self.stored[name][k] for name in names)}
        self.written = []
        return counts

    def count_traces(self, counts):
        """Each axon once in every part that it reaches; a model's compartments all."""
        for axon in self.touched["x"]:
            for part in {self.part_of[s["post"]] for s in self.synapses if s["pre"] == axon}:
                counts[part][0] += 1
        for compartment in range(self.size["y"]) if self.h.from_model else self.touched["y"]:
            counts[self.part_of[compartment]][0] += 1

    # ---- rules

    def gate(self, product, synapse, step):
        if product.gate[0] == "u":
            return step // self.h.epoch % 2 ** int(product.gate[1:]) == 0
        return self.dependency(product.gate, synapse) == 1

    def dependency(self, name, synapse):
        who = {"x0": synapse["pre"], "y0": synapse["post"]}[name]
        return 1 if self.last[name[0]][who] else 0

    def value(self, name, gate, synapse):
        if name in ("x0", "y0"):
            return self.dependency(name, synapse)
        if name in ("r0", "r1"):
            return self.reward if name == "r1" else int(self.reward != 0)
        if name in "wdt":
            return synapse[name]
        pre, post = synapse["pre"], synapse["post"]
        at = {"x": self.last["x"][pre], "y": self.last["y"][post], "u": self.h.epoch}[gate[0]]
        return self.histories[name][pre if name[0] == "x" else post][at]

    def product(self, product, synapse, which):
        """In 1/128 of a unit.  which: the number of the instruction that shifts."""
        value, width = 1, self.h.mantissa_bits
        for name, plus, sign_only in product.factors:
            factor = self.value(name, product.gate, synapse) + plus
            width += BITS[name]
            if sign_only:
                value *= (factor > 0) - (factor < 0)
            else:
                value *= clip(factor, -(2 ** BITS[name]), 2 ** BITS[name] - 1)
        m, e = reduced(product.m, product.e)
        value *= m
        places = max(0, width - 15)
        if self.h.shift == "floor":
            value = value // 2**places
        elif self.h.shift == "half_even":
            value = half_even(value, 2**places)
        else:
            rest = Fraction(value % 2**places, 2**places)
            value = value // 2**places + (1 if rest and self.random.shift(synapse, which) < rest else 0)
        return clip(value * 2 ** (e + 7), self.h.lowest, 32767)

    def updated(self, target, synapse, step):
        accumulator = synapse[target] * 128
        for product, which in zip(self.h.rules[target], self.shifts(target), strict=True):
            change = self.product(product, synapse, which) if self.gate(product, synapse, step) else 0
            accumulator = clip(accumulator + change, self.h.lowest, 32767)
        if target == "d" or (target == "w" and self.h.sign_mode == "excitatory"):
            accumulator = max(0, accumulator)
        if target == "w" and self.h.sign_mode == "inhibitory":
            accumulator = min(0, accumulator)
        unit = 2 ** (7 + (self.h.grid if target == "w" else 0))
        rest = Fraction(accumulator % unit, unit)
        whole = accumulator // unit + (1 if rest and self.random.weight(synapse, "wdt".index(target)) < rest else 0)
        return clip(whole * (unit // 128), *self.limits(target))

    def limits(self, target):
        top = 255 // 2**self.h.grid * 2**self.h.grid
        weight = {"mixed": (-256, top), "excitatory": (0, top), "inhibitory": (-top, 0)}[self.h.sign_mode]
        return {"w": weight, "d": (0, self.h.longest_delay), "t": (self.h.lowest_tag, 255)}[target]

    def shifts(self, target):
        """Where in the code the shift of each product of a target stands: load, (gate, factors, scale, shift, add), store."""
        at, found = 0, []
        for name in (name for name in "wdt" if name in self.h.rules):
            at += 1
            for product in self.h.rules[name]:
                at += 1 + len(product.factors) + 1
                if name == target:
                    found.append(at)
                wide = self.h.mantissa_bits + sum(BITS[factor[0]] for factor in product.factors) > 15
                at += 1 + wide
            at += 1
        return found


class Recorded:
    """Rows of (x decay, x impulse, y decay, y impulse in between, y impulse, weight), one a step: one number serves all.

    Or of 14: decays of x1, x2, y1, y2, y3, their impulses, impulses of y1, y2, y3 in between, weight.
    The numbers of an epoch are those of its last step.
    """

    def __init__(self, rows, own=None):
        self.rows, self.own = rows, own

    def new_epoch(self, step, number):
        self.row = self.rows[step - 1]
        if self.own:
            self.own.new_epoch(step, number)

    def decay(self, side, who, trace, step):
        return self.row[trace + 2 * (side == "y")] if len(self.row) == 14 else self.row[0 if side == "x" else 2]

    def impulse(self, side, who, trace, step):
        return int(
            self.row[5 + trace + 2 * (side == "y")] if len(self.row) == 14 else self.row[1 if side == "x" else 4]
        )

    def bump(self, side, who, trace, step):
        """Of axons none is recorded: Lava rounds up."""
        row = self.rows[step - 1]
        return int(row[10 + trace if len(row) == 14 else 3]) if side == "y" else self.own.bump(side, who, trace, step)

    def weight(self, synapse, target):
        return self.row[-1]

    def shift(self, synapse, which):
        return self.own.shift(synapse, which)


class Independent:
    """A number for each trace and step, and for each synapse, target and epoch.  Philox; synapses by a hash with a key."""

    def __init__(self, seed, name, n_post, impulse_bits):
        self.seed, self.n_post, self.impulse_bits = seed, n_post, impulse_bits
        self.stream = {side: zlib.crc32(f"learning {side}:{name}".encode()) for side in "xyw"}

    def words(self, stream, entity, step):
        return philox((entity, step % 2**32, step >> 32, self.stream[stream]), (self.seed % 2**32, self.seed >> 32))

    def decay(self, side, who, trace, step):
        return Fraction(self.words(side, 4 * who, step)[trace], 2**32)

    def impulse(self, side, who, trace, step, purpose=1):
        return self.words(side, 4 * who + purpose, step)[trace] >> (32 - self.impulse_bits)

    def bump(self, side, who, trace, step):
        return self.impulse(side, who, trace, step, 2)

    def new_epoch(self, step, number):
        a, b, _, _ = self.words("w", 0, number)
        self.key = a * 2**32 + b

    def weight(self, synapse, target):
        return Fraction(mixed(synapse["pre"] * self.n_post + synapse["post"], self.key + target), 2**32)

    def shift(self, synapse, which):
        return self.weight(synapse, 3 + which)


def mixed(number, key):
    """32 bits of a number and a key of 64: two rounds of triple32's multiply and xorshift, the key added in between."""
    m1, m2, m3 = 0xED5AD4BB, 0xAC4C1B51, 0x31848BAB
    key %= 2**64
    x = number % 2**32 ^ key >> 32
    x = (x ^ x >> 17) * m1 % 2**32
    x = (x ^ x >> 11) * m2 % 2**32
    x = (x + key % 2**32 * m3) % 2**32
    x = (x ^ x >> 15) * m3 % 2**32
    x = (x ^ x >> 14) * m1 % 2**32
    return x ^ x >> 15


def run_code(code, values, old, shift="floor", lowest=-32768, limits=None, grid=(0, 0, 0), chance=None, shifted=None):
    """One synapse through microcode.  code: rows (name of the opcode, a, b, c).  values: by slot.  old: [w, d, t].

    limits: by target (lowest, highest whole of the accumulator, lowest, highest stored).  chance: (target) -> in [0, 1).
    shifted: (instruction) -> in [0, 1).  Returns ([w, d, t], products evaluated).
    """
    new, tally, product, accumulator, held = list(old), 0, 0, 0, 0
    for at, (op, a, b, c) in enumerate(code):
        if op == "LOAD":
            accumulator = old[a] * 128
        elif op == "GATE":
            product = values[a]
            tally += values[a]
        elif op == "MULTIPLY":
            product *= clip(values[a] + b, -c, c - 1)
        elif op == "MULTIPLY_SIGN":
            product *= (values[a] + b > 0) - (values[a] + b < 0)
        elif op == "SCALE":
            product *= a
        elif op == "SHIFT":
            rest = Fraction(product % 2**a, 2**a)
            up = shift == "stochastic" and rest and shifted(at) < rest
            product = half_even(product, 2**a) if shift == "half_even" else product // 2**a + (1 if up else 0)
        elif op == "ADD":
            accumulator = clip(accumulator + clip(product * 2**a, lowest, 32767), lowest, 32767)
        elif op == "CLEAR":
            accumulator = 0
        elif op == "SUM":
            accumulator += product * 2**a
        elif op == "HOLD":
            held, tally = accumulator, 0
        elif op == "STORE_MAGNITUDE":
            unit = 2 ** (7 + grid[a])
            rest = Fraction(abs(accumulator) % unit, unit)
            size = abs(accumulator) // unit + (1 if rest and chance(a) < rest else 0)
            new[a] = clip((size if accumulator >= 0 else -size) * 2 ** grid[a], *limits[a][2:])
        elif op == "STORE_CHANGE":
            whole = math.ceil(Fraction(abs(accumulator), 2**b))
            steps = whole // 2 ** grid[a] * (1 if accumulator >= 0 else -1)
            rest = Fraction(abs(held) % 2 ** grid[a], 2 ** grid[a])
            if rest and chance(a) < rest:
                steps += 1 if held > 0 else -1
            new[a] = clip(old[a] + steps * 2 ** grid[a], *limits[a][2:])
        elif op == "STORE":
            low, high, least, most = limits[a]
            unit = 2 ** (7 + grid[a])
            value = clip(accumulator, low * 128, high * 128)
            rest = Fraction(value % unit, unit)
            whole = value // unit + (1 if rest and chance(a) < rest else 0)
            new[a] = clip(whole * 2 ** grid[a], least, most)
    return new, tally
