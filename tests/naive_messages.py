"""Plain-Python twin of messages.py: every core goes through its compartments and hands over what they fire."""

from __future__ import annotations

from fractions import Fraction

from neuroemu.counters import Count


def messages(wiring, activity, t):
    """By step, {sender: ([(core, gap, work)], tail)}; the host is the sender after the last core.  t: {event: fs}."""
    parts, rows, host = wiring.parts, wiring.rows, wiring.mesh.n_cores
    n_parts = parts.core.size
    part_of, place = {}, {}
    for p in range(n_parts):
        for i in range(int(parts.first[p]), int(parts.first[p] + parts.size[p])):
            number = int(parts.number[i]) if parts.number.size else i
            part_of[number], place[number] = p, i - int(parts.first[p]) + 1
    reads = {}  # (source, core): synapses, of them in dense lists, zeros there, of them in shared lists
    for source in range(wiring.n_sources):
        for r in range(int(rows.first[source]), int(rows.first[source + 1])):
            p = int(rows.part[r]) if rows.part.size else r - int(rows.first[source])
            kinds = (rows.synapses, rows.dense, rows.zeros, rows.shared)
            here = [int(kind[r]) if kind.size else 0 for kind in kinds]
            if here[0]:
                before = reads.get((source, int(parts.core[p])), [0] * len(kinds))
                reads[source, int(parts.core[p])] = [a + b for a, b in zip(before, here, strict=True)]
    found = []
    for step in range(activity.n_steps):
        fired = [int(s) for k, s in zip(activity.step, activity.source, strict=True) if k == step + 1]
        total = {p: _compartments(wiring, activity.counts[step, p], p, t) for p in range(n_parts)}
        senders = {}
        for core in range(host):
            mine = [p for p in range(n_parts) if parts.core[p] == core]
            clock, handed, sent = 0, 0, []  # clock: work so far; handed: of it, up to the last message
            base = 0
            for p in mine:
                for s in [s for s in fired if part_of.get(s) == p]:
                    through = Fraction(place[s], int(parts.size[p]))
                    reached = base + int(total[p] * through)  # floor: nothing is negative
                    clock += t["SPIKE_OUT"]
                    for to in sorted(c for (source, c) in reads if source == s):
                        clock += t["AXON_OUT"]
                        sent.append((to, reached + clock - handed, _work(reads[s, to], t)))
                        handed = reached + clock
                base += total[p]
            senders[core] = (sent, base + clock - handed)
        clock, handed, sent = 0, 0, []
        for s in [s for s in fired if s not in part_of]:
            clock += t["HOST_IN"]
            for to in sorted(c for (source, c) in reads if source == s):
                sent.append((to, clock - handed, _work(reads[s, to], t)))
                handed = clock
        senders[host] = (sent, clock - handed)
        found.append(senders)
    return found


def _compartments(wiring, counts, p, t):
    return (
        int(wiring.parts.size[p]) * t["COMPARTMENT_ACCESS"]
        + int(counts[Count.ACTIVE]) * t["COMPARTMENT_ACTIVE"]
        + int(counts[Count.INACTIVE]) * t["COMPARTMENT_INACTIVE"]
        + int(wiring.draws[p]) * t["RANDOM_DRAW"]
    )


def _work(read, t):
    n, dense, zeros, shared = read
    work = (dense + zeros) * t["SYNAPSE_DENSE"] + shared * t["SYNAPSE_SHARED"]
    return t["AXON_IN"] + work + (n - dense - shared) * t["SYNAPSE_SPARSE"] + n * t["ACCUMULATE"]
