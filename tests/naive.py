"""Plain-Python twins of the kernels, written to be read: lists, dicts, Python integers, one line of the definition a line.

They share no code with the package but the names of the arrays they are given.
"""

from __future__ import annotations

import math

from neuroemu.compartments import find


def decay(x, d):
    """sign(x) * floor(|x| * (4096 - d) / 4096)."""
    kept = abs(x) * (4096 - d) // 4096
    return kept if x >= 0 else -kept


def wrap(x, bits):
    """Two's complement: add or take away 2**bits until it fits."""
    while x >= 2 ** (bits - 1):
        x -= 2**bits
    while x < -(2 ** (bits - 1)):
        x += 2**bits
    return x


def wrap_once(x, bits):
    """Lava: one turn at most, +2**(bits-1) stays."""
    if x > 2 ** (bits - 1):
        return x - 2**bits
    if x <= -(2 ** (bits - 1)):
        return x + 2**bits
    return x


def philox(counter, key):
    """Philox4x32-10 on Python integers."""
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 % 2**32, (p0 >> 32) ^ c[3] ^ k[1], p0 % 2**32]
        k = [(k[0] + 0x9E3779B9) % 2**32, (k[1] + 0xBB67AE85) % 2**32]
    return c


def noise(seed, stream, entity, step, exponent, mantissa):
    """trunc((x + 64 mantissa) 2**(exponent - 7)) with x = floor(word * 255 / 2**32) - 127."""
    word = philox((entity, step % 2**32, step >> 32, stream), (seed % 2**32, seed >> 32))[0]
    x = word * 255 // 2**32 - 127
    return math.trunc((x + 64 * mantissa) * 2.0 ** (exponent - 7))


class Lif:
    """One CUBA LIF compartment: its registers, its state, one step."""

    ports = 1

    def __init__(self, registers, state):
        self.r = registers
        self.u, self.v, self.bias, self.charge, self.held = (state[k] for k in ("u", "v", "bias", "charge", "held"))

    @property
    def noisy(self):
        return self.r["noise_exponent"] and self.r["noise_enabled"]

    def at_rest(self, inputs):
        return not (any(inputs) or self.u or self.v or self.charge or self.held or self.bias or self.noisy)

    def step(self, inputs, a, step, noise):
        """Inputs in weight units; noise: (step) -> of this compartment.  Returns the payload, 0 for no spike."""
        r = self.r
        if r["reset_interval"] and step % r["reset_interval"] == r["reset_offset"]:
            self.u = self.v = 0
        x = noise() if self.noisy else 0
        q = inputs[0] * 64 + self.charge + (0 if r["noise_at_membrane"] else x)
        self.charge = 0
        if a.q_bits:
            q = wrap(q, a.q_bits)
        self.u = decay(self.u, r["decay_u"]) + q
        self.u = {0: lambda x: x, 1: lambda x: wrap(x, a.state_bits), 2: lambda x: wrap_once(x, a.state_bits)}[
            a.u_overflow
        ](self.u)
        drive = self.u + self.bias + (x if r["noise_at_membrane"] else 0)
        if a.bias_overflow:
            drive = wrap(drive, a.state_bits)
        self.v = min(max(decay(self.v, r["decay_v"]) + drive, r["v_min"]), r["v_max"])
        if self.held:
            self.held -= 1
            self.v = 0
            return 0
        fired = 1 if self.v > r["threshold"] else -1 if self.v < r["threshold_low"] else 0
        if fired:
            passed = r["threshold"] if fired == 1 else r["threshold_low"]
            self.v = self.v - passed if r["soft"] else 0
            self.held = r["refractory"] - 1
        return fired


class Dendrite:
    """A dendrite of a tree: passes its potential on, see compartments/dendrite.py."""

    ports = 2
    passes = True

    def __init__(self, registers, state):
        self.r = registers
        self.u, self.v, self.bias, self.held = state["u"], state["v"], state["bias"], state.get("held", 0)

    def at_rest(self, inputs):
        return not (any(inputs) or self.u or self.v or self.bias or self.held)

    def step(self, inputs, a, step, noise):
        top = 2**23 - 1
        self.u = wrap(decay(self.u, self.r["decay_u"]) + 64 * inputs[0], 24)
        own, join = self.u + self.bias, self.r["join"]
        drive = [own + inputs[1], max(own, inputs[1]), min(own, inputs[1]), own][join]
        self.v = min(max(decay(self.v, self.r["decay_v"]) + drive, -top), top)
        by_child = join == 3 and inputs[1] != 0
        above = self.v > self.r["threshold"] or by_child
        if not self.passes:
            return self.fire(above)
        if self.r["gated"] and not above:
            return 0
        return max(self.v, 1) if by_child else self.v


class Soma(Dendrite):
    """The root of a tree, see compartments/soma.py."""

    passes = False

    def fire(self, above):
        if self.held:
            self.held, self.v = self.held - 1, 0
            return 0
        if above:
            self.v, self.held = 0, self.r["refractory"] - 1
        return int(above)


MODELS = {"lif": Lif, "dendrite": Dendrite, "soma": Soma}


def run(image, spikes_in, steps, seed=0, look=None):
    """The whole engine on an image. What the compiler made of the network is taken as it is (tests/compiler looks at that).

    spikes_in: {step: [source numbers]} of the host.  Returns (spikes, u, v, counts): spikes a list of (step, source,
    payload) in the engine's order, u and v lists of rows (None where a model has none), counts[step - 1][part] = [reads,
    active, at rest, fired].  look: called with the list of compartments at the end of every step.
    """
    compartments, block_of, part_of, slot_owner = [], {}, {}, {}
    for k, cells in enumerate(image.cells):
        model = find(cells.model)
        for j in range(int(image.blocks.size[k])):
            row = [int(x) for x in cells.parameters[:, j if cells.parameters.shape[1] > 1 else 0]]
            parameters = dict(zip(model.parameters._fields, row, strict=True))
            state = dict(zip(model.state._fields, (int(x) for x in cells.state[:, j]), strict=True))
            block_of[len(compartments)] = k
            for slot, _, _ in cells.inputs.tolist():
                slot_owner[slot + j] = len(compartments)
            compartments.append(MODELS[cells.model](parameters, state))
    for part in range(image.n_parts):
        for i in range(image.parts.first[part], image.parts.first[part] + image.parts.size[part]):
            part_of[i] = part
    synapses = _synapses(image)
    due = {}  # (step, slot) -> sum of stored weights
    spikes, us, vs, counts = [], [], [], []
    for step in range(1, steps + 1):
        count = [[0, 0, 0, 0] for _ in range(image.n_parts)]
        fired = []
        for i, compartment in enumerate(compartments):
            b = block_of[i]
            j = i - int(image.blocks.first[b])
            inputs = [0] * compartment.ports
            for slot, port, shift in image.cells[b].inputs.tolist():
                x = due.pop((step, slot + j), 0)
                inputs[port] += x >> shift if shift > 0 else x << -shift
            up = image.cells[b].up
            if compartment.at_rest(inputs):
                count[part_of[i]][2] += 1
                if up:
                    _pass_up(due, step, j, 0, *up)
                continue
            count[part_of[i]][1] += 1

            def draw(b=b, j=j, step=step):
                r = compartments[int(image.blocks.first[b]) + j].r
                return noise(seed, image.cells[b].stream, j, step, r["noise_exponent"], r["noise_mantissa"])

            draw.at = (seed, image.cells[b].stream, j, step)
            payload = compartment.step(inputs, image.arithmetic, step, draw)
            if up:
                _pass_up(due, step, j, payload, *up)
            elif payload:
                fired.append((i, payload))
                count[part_of[i]][3] += 1
        for source, payload in fired + [(s, 1) for s in sorted(spikes_in.get(step, []))]:
            spikes.append((step, source, payload))
            for target, weight, delay, graded in synapses[source]:
                key = (step + 1 + delay, target)
                due[key] = due.get(key, 0) + weight * (payload if graded else 1)
                count[part_of[slot_owner[target]]][0] += 1
        us.append([getattr(c, "u", None) for c in compartments])
        vs.append([getattr(c, "v", None) for c in compartments])
        counts.append(count)
        if look:
            look(compartments)
    return spikes, us, vs, counts


def _pass_up(due, step, j, value, slot, join, is_first):
    """A dendrite's value joins what its siblings gave their parent in this step."""
    key = (step, slot + j)
    before = due.get(key, 0)
    folded = {0: before + value, 1: max(before, value), 2: min(before, value), 3: int(bool(before or value))}
    due[key] = value if is_first else folded[join]


def _synapses(image):
    """{source: [(target, weight, delay, graded)]}."""
    lists = {source: [] for source in range(image.n_sources)}
    for group, graded in ((image.plain, False), (image.graded, True)):
        for source in lists:
            for k in range(group.first[source], group.first[source + 1]):
                delay = int(group.delay[k]) if group.delay.size else 0
                slot = int(group.packed[k]) % 2**group.slot_bits
                weight = (int(group.packed[k]) - slot) // 2**group.slot_bits
                lists[source].append((slot, weight, delay, graded))
    return lists


def messages(image, spikes, steps):
    """(sent, received, hops, journeys) of a run: a message for each core with a target, X first then Y.

    sent, received: {(step, core): n}; sent has the key (step, None) for the host.  hops: per step [east, west, north, south].
    journeys: {step: [path of each message]}.
    """
    mesh = image.mesh
    core_of, owner = {}, {}
    for k, cells in enumerate(image.cells):
        for slot, _, _ in cells.inputs.tolist():
            for j in range(int(image.blocks.size[k])):
                owner[slot + j] = int(image.blocks.first[k]) + j
    for part in range(image.n_parts):
        for i in range(image.parts.first[part], image.parts.first[part] + image.parts.size[part]):
            core_of[i] = int(image.parts.core[part])
    synapses = _synapses(image)
    sent, received = {}, {}
    hops, journeys = [[0, 0, 0, 0] for _ in range(steps)], {}
    for step, source, _ in spikes:
        home = core_of.get(source)
        x0, y0 = mesh.tile_xy(home // mesh.cores_per_tile) if home is not None else mesh.host_tile
        for core in {core_of[owner[target]] for target, *_ in synapses[source]}:
            x1, y1 = mesh.tile_xy(core // mesh.cores_per_tile)
            sent[step, home] = sent.get((step, home), 0) + 1
            received[step, core] = received.get((step, core), 0) + 1
            path = [max(x1 - x0, 0), max(x0 - x1, 0), max(y1 - y0, 0), max(y0 - y1, 0)]
            hops[step - 1] = [a + b for a, b in zip(hops[step - 1], path, strict=True)]
            journeys.setdefault(step, []).append(path)
    return sent, received, hops, journeys
