"""neuroemu's contended network beside SANA-FE's step times: `simple`, `detailed` and `cycle` as recorded.

    python tools/contended_vectors.py DIR [--slot NS] [--only TEXT]

DIR holds cases as tools/replay_vectors.py sanafe takes them. One line a case: times of the whole run, and their ratios. Exit
1 if a step of ours is shorter than `simple`, which is a lower bound, or if SANA-FE's own `detailed`, computed here from the
same messages, is not what it recorded: then the messages would be wrong, and no ratio would mean anything.

A case gives hop latencies and buffers, but not for how long a message holds a link. Our choice is 1 ns, the clock of SANA-FE's
`cycle`, whose packets are one flit; Loihi's published 3.44 G messages a second are 0.29 ns. The last columns show what other
slots would give; 4.1 and 6.5 ns are the hop latencies, as if a link carried one message at a time from end to end. Only a slot
longer than what a core needs to send (5.1 ns) makes links the bottleneck of some cases.

Why the three differ. `detailed` has no queues: a message is slowed down by the sum of the densities on its way times one mean
work time of all messages under way, held back only where that sum exceeds buffer x (hops + 1) messages, and a core's input
queue has no bound. Ours has a first-in-first-out buffer at the end of every link and at every core, and a full one stops the
link, then the buffers behind it, then the senders, with whatever else they have to send. `cycle` has such buffers too, of 8 in
place of the case's, whole nanoseconds, a fixed 8 x 4 mesh, and two networks that a core's messages take in turn; and its
receivers stand still once the last message has landed, until the slowest core has gone through its neurons.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.replay import sanafe_case, sanafe_network
from tools.replay.sanafe_costs import TOLERANCE, case_files, priced

SLOTS = (0.29, 4.1, 6.5)
FAR = 0.15
HEAD = (
    f"{'case, us':<24}{'simple':>10}{'recorded':>10}{'detailed':>10}{'cycle':>10}{'contended':>10}"
    f"{'/detailed':>10}{'no bound':>10}{'/cycle':>8}{'as cycle':>10}" + "".join(f"{f'{slot} ns':>9}" for slot in SLOTS)
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--slot", type=float, default=1.0, help="ns that a message holds a link")
    parser.add_argument("--only", default="", help="only the cases whose name contains this")
    options = parser.parse_args()
    files = [path for path in case_files(options.folder) if options.only in path.stem]
    if not files:
        parser.error(f"{options.folder} holds no case")
    print(HEAD)
    problems, notes = [], []
    for path in files:
        problem, note = _line(path, options.slot)
        problems += problem
        notes += note
    print(
        "\nno bound: contended / detailed if a core's input queue had no bound."
        "\nas cycle: contended / cycle with buffers as large and receivers that stand still as there (sanafe_network.halts)."
        f"\n{', '.join(f'{slot} ns' for slot in SLOTS)}: contended / detailed with that slot in place of {options.slot} ns."
    )
    for line in (*notes, *problems):
        print(line)
    return 1 if problems else 0


def _line(path: Path, slot_ns: float) -> tuple[list[str], list[str]]:
    """Prints a case; returns what is wrong, and what explains differences above FAR."""
    case = sanafe_case.read(path)
    messages = sanafe_network.sent(case)
    recorded = {name: np.array(times) for name, times in case.recorded["per_step"]["sim_time"].items()}
    simple = priced(case).schedule.step_ns / sanafe_case.NS
    theirs = sanafe_network.detailed(case, messages)

    def ours(slot: float, free_hops: bool = False, **bounds: int) -> np.ndarray:
        network = sanafe_network.fabric_of(case, slot, **bounds)
        if free_hops:
            network = network._replace(latency_fs=np.ones_like(network.latency_fs))
        return sanafe_network.contended(case, messages, network)[0]

    times, no_bound = ours(slot_ns), ours(slot_ns, receive_buffer=0)
    as_cycle = ours(slot_ns, buffer=sanafe_network.CYCLE_QUEUE) + sanafe_network.halts(case, messages)
    detailed, cycle = recorded["detailed"].sum(), recorded["cycle"].sum() if "cycle" in recorded else np.nan
    total = times.sum()
    ratios = [
        (total / detailed, 10),
        (no_bound.sum() / detailed, 10),
        (total / cycle, 8),
        (as_cycle.sum() / cycle, 10),
        *((ours(slot).sum() / detailed, 9) for slot in SLOTS),
    ]
    line = "".join(f"{1e6 * s:10.2f}" for s in (simple.sum(), recorded["simple"].sum(), detailed, cycle, total))
    line += "".join(f"{ratio:{width}.3f}" for ratio, width in ratios)
    print(f"{path.stem:<24}{line.replace('nan', '  -')}", flush=True)
    notes = []
    if abs(total / detailed - 1) > FAR:
        notes.append(
            f"{total / detailed:.3f} of detailed; {no_bound.sum() / detailed:.3f} if a core's input queue had no bound, "
            f"{ours(slot_ns, free_hops=True).sum() / detailed:.3f} if hops took no time"
        )
    if abs(total / cycle - 1) > FAR:
        notes.append(
            f"{total / cycle:.3f} of cycle; {as_cycle.sum() / cycle:.3f} with {sanafe_network.CYCLE_QUEUE} messages a buffer "
            "and receivers that stand still, as cycle has it"
        )
    problems = []
    if np.any(times < simple * (1 - 1e-6)):
        problems.append(f"{path.stem}: step {int(np.argmin(times / simple)) + 1} is shorter than simple")
    worst = np.abs(theirs / recorded["detailed"] - 1).max()
    if worst > TOLERANCE and case.recorded.get("dest_core_order"):
        problems.append(
            f"{path.stem}: SANA-FE's detailed rule gives other times than it recorded, by up to {worst:.1e}"
        )
    return problems, [f"{path.stem}: {note}" for note in notes]


if __name__ == "__main__":
    sys.exit(main())
