"""Plain-Python twins of the kernels, written to be read: lists, dicts, Python integers, one line of the definition a line.

They share no code with the package but the names of the arrays they are given.
"""

from __future__ import annotations

import math


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


class Compartment:
    """One CUBA LIF compartment: its registers, its state, one step."""

    def __init__(self, registers):
        self.r = registers
        self.u, self.v, self.charge, self.held = registers["u"], registers["v"], registers["charge"], 0

    def at_rest(self, q):
        return not (q or self.u or self.v or self.charge or self.held or self.r["bias"])

    def step(self, q, a, noise_at_input=0, noise_at_membrane=0):
        """Input q in units of u; returns 0, 1 or -1."""
        r = self.r
        q += self.charge + noise_at_input
        self.charge = 0
        if a.q_bits:
            q = wrap(q, a.q_bits)
        self.u = decay(self.u, r["decay_u"]) + q
        self.u = {0: lambda x: x, 1: lambda x: wrap(x, a.state_bits), 2: lambda x: wrap_once(x, a.state_bits)}[
            a.u_overflow
        ](self.u)
        drive = self.u + r["bias"] + noise_at_membrane
        if a.bias_overflow:
            drive = wrap(drive, a.state_bits)
        self.v = min(max(decay(self.v, r["decay_v"]) + drive, r["v_min"]), r["v_max"])
        if self.held:
            self.held -= 1
            self.v = 0
            return 0
        fired = 1 if self.v > r["threshold"] else -1 if self.v < r["threshold_low"] else 0
        if fired:
            self.v = 0
            self.held = r["refractory"] - 1
        return fired


def run(image, spikes_in, steps, seed=0):
    """The whole engine on an image. What the compiler made of the network is taken as it is (tests/compiler looks at that).

    spikes_in: {step: [source numbers]} of the host.  Returns (spikes, u, v, counts): spikes a list of (step, source,
    payload) in the engine's order, u and v lists of rows, counts[step - 1][part] = [reads, active, at rest, fired].
    """
    n = image.n_compartments
    compartments = [
        Compartment({name: int(getattr(image.compartments, name)[i]) for name in image.compartments._fields})
        for i in range(n)
    ]
    block_of, part_of = {}, {}
    for k in range(len(image.names)):
        for i in range(image.blocks.first[k], image.blocks.first[k] + image.blocks.size[k]):
            block_of[i] = k
    for part in range(image.n_parts):
        for i in range(image.parts.first[part], image.parts.first[part] + image.parts.size[part]):
            part_of[i] = part
    synapses = _synapses(image)
    due = {}  # (step, accumulator, compartment) -> sum of weights in 2**6
    spikes, us, vs, counts = [], [], [], []
    for step in range(1, steps + 1):
        count = [[0, 0, 0, 0] for _ in range(image.n_parts)]
        fired = []
        for i, compartment in enumerate(compartments):
            b = block_of[i]
            interval = int(image.blocks.reset_interval[b])
            if interval and step % interval == int(image.blocks.reset_offset[b]) % interval:
                compartment.u = compartment.v = 0
            units = due.pop((step, 0, i), 0)
            for k, shift in enumerate(image.accumulator_shift, 1):
                units += due.pop((step, k, i), 0) >> int(shift)
            exponent = int(image.blocks.noise_exponent[b])
            if not exponent and compartment.at_rest(units):
                count[part_of[i]][2] += 1
                continue
            count[part_of[i]][1] += 1
            x = 0
            if exponent and image.noise.enabled[i]:
                entity = i - int(image.blocks.first[b])
                stream, mantissa = int(image.blocks.noise_stream[b]), int(image.blocks.noise_mantissa[b])
                x = noise(seed, stream, entity, step, exponent, mantissa)
            at_membrane = bool(image.blocks.noise_at_membrane[b])
            payload = compartment.step(units * 64, image.arithmetic, 0 if at_membrane else x, x if at_membrane else 0)
            if payload:
                fired.append((i, payload))
                count[part_of[i]][3] += 1
        for source, payload in fired + [(s, 1) for s in sorted(spikes_in.get(step, []))]:
            spikes.append((step, source, payload))
            for target, weight, delay, graded in synapses[source]:
                key = (step + 1 + delay, target // n, target % n)
                due[key] = due.get(key, 0) + weight * (payload if graded else 1)
                count[part_of[target % n]][0] += 1
        us.append([c.u for c in compartments])
        vs.append([c.v for c in compartments])
        counts.append(count)
    return spikes, us, vs, counts


def _synapses(image):
    """{source: [(target, weight, delay, graded)]}."""
    lists = {source: [] for source in range(image.n_sources)}
    for group, graded in ((image.plain, False), (image.graded, True)):
        for source in lists:
            for k in range(group.first[source], group.first[source + 1]):
                delay = int(group.delay[k]) if group.delay.size else 0
                lists[source].append((int(group.target[k]), int(group.weight[k]) << image.weight_shift, delay, graded))
    return lists


def messages(image, spikes, steps):
    """(sent, received, hops, journeys) of a run: a message for each core with a target, X first then Y.

    sent, received: {(step, core): n}; sent has the key (step, None) for the host.  hops: per step [east, west, north, south].
    journeys: {step: [path of each message]}.
    """
    mesh, n = image.mesh, image.n_compartments
    core_of = {}
    for part in range(image.n_parts):
        for i in range(image.parts.first[part], image.parts.first[part] + image.parts.size[part]):
            core_of[i] = int(image.parts.core[part])
    synapses = _synapses(image)
    sent, received = {}, {}
    hops, journeys = [[0, 0, 0, 0] for _ in range(steps)], {}
    for step, source, _ in spikes:
        home = core_of.get(source)
        x0, y0 = mesh.tile_xy(home // mesh.cores_per_tile) if home is not None else mesh.host_tile
        for core in {core_of[target % n] for target, *_ in synapses[source]}:
            x1, y1 = mesh.tile_xy(core // mesh.cores_per_tile)
            sent[step, home] = sent.get((step, home), 0) + 1
            received[step, core] = received.get((step, core), 0) + 1
            path = [max(x1 - x0, 0), max(x0 - x1, 0), max(y1 - y0, 0), max(y0 - y1, 0)]
            hops[step - 1] = [a + b for a, b in zip(hops[step - 1], path, strict=True)]
            journeys.setdefault(step, []).append(path)
    return sent, received, hops, journeys
