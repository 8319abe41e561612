"""The record of a learner: one thread's share of one plastic projection, as the kernel finds it.

A learner owns the synapses onto its thread's compartments and the traces of these; pre-traces it keeps for itself, so that
threads need not wait for one another: they draw the same numbers.
"""

from __future__ import annotations

import numpy as np

N_TRACES = 5  # x1, x2, y1, y2, y3
X1, X2, Y1 = 0, 1, 2
DECAY, IMPULSE, BUMP, WEIGHT, N_NUMBERS = 0, 5, 10, 13, 14  # columns of the recorded numbers, see learning/tables.py

LEARNER = np.dtype(
    [
        (name, np.int64)
        for name in (
            # where it is
            "pre_first",  # source number of the first axon
            "n_pre",
            "post_first",  # source number of the population's compartment 0
            "lo",  # compartments lo..hi-1 of the population are this thread's
            "hi",
            "n_post",
            # synapses, source-major; rows of the image, this thread's stretch of each
            "begin_at",  # (n_pre,) int64
            "end_at",
            "post_at",  # (n,) int32
            "pre_at",  # (n,) int32
            "slot_at",  # (n,) int32
            "weight_at",  # (n,) int16, as tag and delay
            "tag_at",
            "delay_at",
            "n_synapses",
            "column_first_at",  # (n_post + 1,) int64 into column_at (n,) int32: synapses by compartment
            "column_at",
            "pre_number_at",  # (n_pre,) int64 the user's numbers
            "post_number_at",  # (n_post,) int64
            "renumbered",  # 1: the user's numbers of the compartments are not their places
            "pre_part_first_at",  # (n_pre + 1,) int64 into pre_part_at (k,) int64: parts that an axon reaches
            "pre_part_at",
            "n_pre_parts",
            "post_part_at",  # (n_post,) int64
            # traces
            "x_at",  # (2, n_pre) int64 stored values
            "tx_at",  # (n_pre,) int32 step of the last spike in this epoch, 0 for none
            "x_log_at",  # (2, n_pre, epoch + 1) int32
            "x_list_at",  # (n_pre,) int64 axons that have a trace or a spike
            "x_listed_at",  # (n_pre,) int64 1 for those
            "n_x",
            "y_at",
            "ty_at",
            "y_log_at",  # (3, epoch + 1, n_post) int32
            "y_list_at",
            "y_listed_at",
            "n_y",
            "factors_at",  # (5,) float64
            "rests_at",  # (5,) float64
            "impulses_at",  # (5, 2) int64 whole, 1/256
            # the rule
            "epoch",
            "self_at",  # of this record
            "visit_at",  # the kernel visit.visit
            "chance_at",  # (1,) float64 the one random number of all synapses in an epoch, or -1
            "fused_at",  # the rule's own loop (fused.py), 0 for none
            "gathers",  # 1: a rule reads traces at the compartments' last spikes
            "arguments_at",  # (N_ARGUMENTS,) int64 of that loop
            "gathered_at",  # (N_GATHERED, CHUNK) int32
            "number_at",  # (n_post,) int32 the user's numbers
            "dense_at",  # (n_pre,) int64 1 where a row's synapses lead to compartments side by side
            "all_to_all",  # 1: all rows are so and lead to all compartments of the thread
            "part_stop_at",  # (n_post,) int64 the first compartment behind a compartment's part
            "code_at",  # (n_code, 4) int64
            "n_code",
            "slots_at",
            "n_slots",
            "writes",  # bits 1, 2, 4: w, d, t are changed
            "uses",  # bits 1, 2, 4: w, d, t are read or changed
            "every",  # bit k: a product has the gate u_k
            "until",  # step after which nothing is learned any more: weights are delivered as they are, traces are not kept
            "on_first",  # an epoch in which all u_k are on
            "by_axon",  # 1: a product has the gate x0
            "by_compartment",
            "shift_rounding",
            "accumulator_low",
            "limits_at",  # (3, 4) int64
            "grid_at",  # (3,) int64
            "impulse_shift",  # of a 32-bit word: 24 gives 8 bits, 25 gives 7
            "bumps_up",  # 1: pre-traces bumped within an epoch are rounded up
            "law",  # of learning.settings.LAWS
            "payload_mode",  # 0 binary, 1 overwrite, 2 add and saturate, 3 add and carry
            # third factors
            "from_model",  # 1: post-traces are fields of the model's state
            "wears",  # 1: they are decayed within the epoch as Lava does
            "cells_at",
            "tile_first",
            "tile_fields",
            "n_cells",
            "y1_field",  # -1: none
            "y2_field",
            "y3_field",
            "reward_at",  # (2,) int64 r0, r1
            # random numbers
            "seed",
            "stream_x",
            "stream_y",
            "stream_w",
            "numbers_at",  # (n_numbers, N_NUMBERS) float64 in their place, a row a step; one of -1 where there are none
            "n_numbers",
            # delivery
            "left",  # weight << left >> right is what a spike delivers
            "right",
            "late",  # 1: there are delays
            "ring_at",
            "ring_rows",
            "ring_width",
            "ring_wide",
            "touched_at",
            "all_groups",
            # spikes of the step
            "listed_at",  # (2, threads) int64
            "first_of_at",  # (threads,) int64
            "spiked_at",  # (2, n_sources) int32
            "payload_at",
            "n_sources",
            "n_threads",
            "thread",
            # scratch and results
            "values_at",  # (N_SLOTS, CHUNK) int64
            "scratch_at",
            "counts_at",  # (n_parts, N_LEARNED) int64
            "n_parts",
        )
    ]
)
