"""Scaling: the factors of facts/chip_library.md, what it was checked against, and which way things must go."""

from __future__ import annotations

from dataclasses import replace

import pytest

from neuroemu import scaling
from neuroemu.events import EVENTS, MEANING, Event
from neuroemu.scaling import Design, add_pj, area_factor, delay_factor, energy_factor, multiply_pj, sram_bit_pj

LOIHI_LIKE = Design(14, 0.75, "HP", 8, 10, 1024, 4096, 4096, 16384, 64, 8, 4, 4)


@pytest.mark.parametrize(
    ("node", "volts", "factor"),
    [(180, 1.8, 319), (130, 1.3, 76), (90, 1.2, 38.8), (65, 1.1, 20.3), (45, 1.0, 10.4), (32, 0.97, 6.5), (20, 0.9, 2.4),
     (16, 0.85, 1.67), (14, 0.8, 1.16), (10, 0.75, 0.85), (7, 0.7, 0.58),
     (14, 0.5, 0.40), (14, 0.6, 0.60), (14, 0.9, 1.53), (14, 1.0, 1.96), (14, 1.25, 3.27)],
)  # fmt: skip
def test_energy_relative_to_14_nm_and_075_v(node, volts, factor):
    # The table of chip_library.md, "Scaling rules", 1.
    assert energy_factor(node, volts) / energy_factor(14, 0.75) == pytest.approx(factor, rel=0.02)


def test_nodes_in_between_are_interpolated_geometrically():
    # 28 lies (ln 28 - ln 20) / (ln 32 - ln 20) = 0.716 of the way from 20 to 32.
    for factor in (lambda n: energy_factor(n, 0.8), lambda n: delay_factor(n, 0.8), area_factor):
        assert factor(28) == pytest.approx(factor(20) ** (1 - 0.7159) * factor(32) ** 0.7159, rel=1e-3)
        assert min(factor(20), factor(32)) < factor(28) < max(factor(20), factor(32))


@pytest.mark.parametrize("flavour", ["HP", "LP"])
@pytest.mark.parametrize("node", sorted(scaling.AREA_FROM_180))
def test_more_volts_never_cost_less_energy_or_more_time(node, flavour):
    low, high = scaling.limits_v(node)
    volts = [low + (high - low) * k / 20 for k in range(21)]
    energies = [energy_factor(node, v, flavour) for v in volts]
    delays = [delay_factor(node, v, flavour) for v in volts]
    assert energies == sorted(energies) and energies[0] > 0
    assert delays == sorted(delays, reverse=True) and delays[-1] > 0


def test_a_voltage_where_a_fit_is_below_zero_is_refused():
    with pytest.raises(ValueError, match="180 nm"):
        energy_factor(180, 0.5)


@pytest.mark.parametrize(("kib", "fit", "published"), [(8, 10, 10), (32, 20, 20), (1024, 113, 100)])
def test_memories_of_three_sizes(kib, fit, published):
    # pJ of a 64-bit read, Horowitz 2014.
    pj = 64 * sram_bit_pj(kib * 8192)
    assert pj == pytest.approx(fit, rel=0.01) and pj == pytest.approx(published, rel=0.14)


def test_arithmetic_of_32_bits_is_horowitz_own():
    assert (add_pj(32), multiply_pj(32, 32)) == (0.1, 3.1)
    assert add_pj(8) == pytest.approx(0.03, rel=0.2) and multiply_pj(8, 8) == pytest.approx(0.2, rel=0.04)


def test_truenorths_memory_is_predicted_within_the_stated_factor():
    # 256 x 410 bits at 28 nm and 0.775 V: 74 fJ a bit predicted, 47 published.
    fj = 1e3 * sram_bit_pj(256 * 410) * energy_factor(28, 0.775) / energy_factor(45, 0.9)
    assert fj == pytest.approx(74, rel=0.01) and 0.5 < 47 / fj < 2


def test_a_word_of_loihis_memory_is_a_fifth_of_its_synaptic_operation():
    assert 64 * sram_bit_pj(2**20) * LOIHI_LIKE.energy == pytest.approx(4.7, rel=0.01)


def test_loihis_hop_is_predicted_from_truenorths():
    # Tiles of 1.28 mm; published 94 (E-W) and 125 fJ a bit (N-S).
    assert 94 / 1.1 < 1e3 / 32 * scaling.hop_of(replace(LOIHI_LIKE, pitch_mm=1.28)).value < 125


def test_every_event_but_those_without_a_rule_is_derived():
    keys = {MEANING[event].key for event in EVENTS} - {"chip_hop", "host_in"}
    assert set(scaling.energies(LOIHI_LIKE)) == keys
    assert set(scaling.CYCLES) == keys - {MEANING[Event.BARRIER].key}


def test_a_synapse_grows_with_the_root_of_the_memory_and_with_its_bits():
    once = scaling.energies(LOIHI_LIKE)["synapse_dense"].value
    assert scaling.energies(replace(LOIHI_LIKE, synapse_words=4 * 16384))["synapse_dense"].value == pytest.approx(
        2 * once
    )
    assert scaling.energies(replace(LOIHI_LIKE, word_bits=256))["synapse_dense"].value == pytest.approx(2 * once)
    assert scaling.energies(replace(LOIHI_LIKE, weight_bits=4))["synapse_dense"].value == pytest.approx(once / 2)


def test_the_barrier_grows_with_the_mesh():
    small, large = (scaling.barrier_cycles(replace(LOIHI_LIKE, width=w, height=w)) for w in (4, 8))
    assert large[64] == 2 * small[16] and small[1] == large[1]
