"""Slots that rules read, what is counted, and the times of a trace: plain integers, as kernels take them."""

from __future__ import annotations

from ...counters import Learned
from ...learning.microcode import Slot

READ, WRITE, PRODUCT = int(Learned.READ), int(Learned.WRITE), int(Learned.PRODUCT)
X0, Y0, R0, R1, U0 = int(Slot.X0), int(Slot.Y0), int(Slot.R0), int(Slot.R1), int(Slot.U0)
W, D, T = int(Slot.W), int(Slot.D), int(Slot.T)
X1_TX, Y1_TX = int(Slot.X1_TX), int(Slot.Y1_TX)
X1_BEFORE, Y1_BEFORE = int(Slot.X1_BEFORE), int(Slot.Y1_BEFORE)
TX, TY, END = 0, 1, 2  # a trace at the axon's last spike in the epoch, at the compartment's, at the epoch's end
