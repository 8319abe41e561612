"""programs/seeds/digits_erbp.yaml on the chip and in floats.

    python -m tools.seeds.digits_erbp --seed 0 1 2

Errors are spikes of +-1 (Neftci et al. 2017): a compartment counts the teacher's spikes less the output's, two a spike, and
spikes when the count leaves -5..5, which empties it. The hidden layer hears them through fixed random synapses. Exact on the
chip: counts, error spikes, feedback. Approximated: the boxcar is a triangle; 7-bit traces, 8-bit weights.
"""

from __future__ import annotations

import sys

from tools.seeds.measure import measured, options, read

BAR = 0.88


def main() -> int:
    chosen = options(__doc__, 3)
    for seed in chosen.seed:
        program = read("digits_erbp", seed=seed, run__training__passes=chosen.passes)
        found = measured(program, not chosen.no_float)
        floats = found.floats.accuracy if found.floats else None
        print(found.line(f"seed {seed} (bar {BAR})", found.report.summary["accuracy"], floats), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
