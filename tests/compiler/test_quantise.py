"""Quantising: weights and registers by hand, and what the scale of a population promises."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from neuroemu.calibration import Calibration
from neuroemu.chip import Arithmetic
from neuroemu.compiler import MappingOptions, compile_network, scales
from neuroemu.compiler.expand import expand
from neuroemu.compiler.image import digest
from neuroemu.compiler.quantise import quantise
from neuroemu.compiler.registers import bias_units
from neuroemu.compiler.scales import HEADROOM
from neuroemu.compiler.weights import stored_weights
from neuroemu.connect import Dense, Sparse
from neuroemu.errors import QuantisationError
from neuroemu.network import Lif, LifRegisters, Network, Noise, Spikes, WeightFormat
from tests.naive_compiler import effective_weight

MODES = ("excitatory", "inhibitory", "mixed")


def joined(weights, model=None, **how):
    """A source joined to one population by a dense matrix (to, from)."""
    weights = np.atleast_2d(np.asarray(weights, float))
    net = Network().population("in", weights.shape[1], Spikes("x"))
    net = net.population("a", weights.shape[0], model or Lif())
    return net.connect("in", "a", Dense(weights), **how)


def quantised(network, chip):
    return quantise(network, expand(network, 0), chip)


def problems(network, chip):
    """The Problems of the QuantisationError that a network raises."""
    with pytest.raises(QuantisationError) as error:
        quantised(network, chip)
    return error.value.problems


# ---- stored weights ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "bits", "exponent", "mantissa", "effective"),
    [
        ("excitatory", 8, 0, 3, 3 * 64),
        ("excitatory", 8, 0, 255, 255 * 64),
        ("excitatory", 8, 0, 256, 255 * 64),  # clipped
        ("excitatory", 8, 0, -1, 0),
        ("excitatory", 4, 0, 37, 32 * 64),  # 37 >> 4 << 4
        ("excitatory", 1, 0, 127, 0),  # one bit: 0 or 128
        ("excitatory", 1, 0, 128, 128 * 64),
        ("inhibitory", 8, 0, -3, -3 * 64),
        ("inhibitory", 8, 0, -256, -255 * 64),  # section 7, row 11: the magnitude has 8 bits
        ("inhibitory", 4, 0, -37, -32 * 64),  # toward zero
        ("inhibitory", 4, 0, -9, 0),
        ("mixed", 8, 0, -3, -4 * 64),  # row 8: floor to even
        ("mixed", 8, 0, 3, 2 * 64),
        ("mixed", 8, 0, -1, -2 * 64),  # row 9
        ("mixed", 8, 0, 255, 254 * 64),  # row 21
        ("mixed", 8, 0, -256, -256 * 64),
        ("mixed", 4, 0, -9, -32 * 64),  # row 10
        ("mixed", 1, 0, -1, -256 * 64),  # one bit is the sign: 0 or -256
        ("excitatory", 8, 2, 3, 12 * 64),
        ("excitatory", 8, 7, 255, 32640 * 64),
        ("excitatory", 8, -1, 3, 1 * 64),  # row 12: shifted by synapse
        ("inhibitory", 8, -3, -20, -3 * 64),  # row 14: floor(-2.5)
        ("inhibitory", 8, -8, -1, -1 * 64),
        ("mixed", 8, 7, -256, -2097088),  # row 15: limited to 21 bits
    ],
)
def test_an_effective_weight_by_hand(mode, bits, exponent, mantissa, effective):
    made = stored_weights(np.array([float(mantissa)]), WeightFormat(bits, exponent, mode), Arithmetic())
    assert int(made.units[0]) * 64 == effective


@given(st.integers(-300, 300), st.sampled_from([1, 2, 3, 4, 5, 6, 7, 8]), st.integers(-8, 7), st.sampled_from(MODES))
def test_effective_weights_equal_their_twin(mantissa, bits, exponent, mode):
    made = stored_weights(np.array([float(mantissa)]), WeightFormat(bits, exponent, mode), Arithmetic())
    assert int(made.units[0]) * 64 == effective_weight(mantissa, bits, exponent, mode)


def test_a_weight_of_registers_is_used_as_it_is(chip):
    weights = [[7, -13], [100, 0]]
    made = quantised(joined(weights, LifRegisters(), format=WeightFormat(8, 1, "mixed")), chip).weights["in->a"]
    # floor to even, times 2: 7 -> 6 -> 12, -13 -> -14 -> -28, 100 -> 200; the zero is no synapse
    assert made.units.tolist() == [12, -28, 200]


def test_integer_weights_that_are_refused_may_be_clipped_on_request(chip):
    net = joined([[300, -300]], LifRegisters(), format=WeightFormat(8, 0, "mixed", clip=True))
    assert quantised(net, chip).weights["in->a"].units.tolist() == [254, -256]


# ---- float weights -------------------------------------------------------------------------------------------------


@st.composite
def float_networks(draw):
    """Into one population in physical units: one or two projections of any bits, threshold and bias."""
    seed = np.random.default_rng(draw(st.integers(0, 2**32)))
    n = draw(st.integers(1, 5))
    size = draw(st.sampled_from([1e-3, 1.0, 300.0]))
    model = Lif(
        10.0,
        2.0,
        threshold=size * draw(st.floats(0.01, 100.0)),
        bias=size * draw(st.sampled_from([0.0, 0.0, 0.3, -50.0])),
    )
    net = Network().population("in", draw(st.integers(1, 40)), Spikes("x")).population("a", n, model)
    for _ in range(draw(st.integers(1, 2))):
        sign = draw(st.sampled_from(["excitatory", "inhibitory", "mixed"]))
        weights = seed.normal(size=(n, net["in"].size)) * size * draw(st.sampled_from([1.0, 1.0, 0.02]))
        weights = {"excitatory": np.abs(weights), "inhibitory": -np.abs(weights), "mixed": weights}[sign]
        bits = draw(st.sampled_from([2, 3, 4, 5, 6, 8] if sign == "mixed" else [1, 2, 3, 4, 5, 6, 8]))
        net = net.connect("in", "a", Dense(weights), bits=bits)
    return net


@given(float_networks())
def test_float_weights_come_back_within_half_a_step_of_the_grid_or_at_its_end(chip, net):
    made = quantised(net, chip)
    for projection in net.projections:
        kept = made.weights[projection.name]
        lost = 8 - kept.format.bits + (kept.format.sign_mode == "mixed")
        step = 2.0 ** (kept.format.exponent + lost)  # in units, which is at least one
        given = projection.connector.weights
        to, source = np.nonzero(given)
        wanted = given[to, source] * made.scale["a"]
        end = (256 - 2**lost) * 2.0**kept.format.exponent
        assert np.all(np.abs(kept.units - np.clip(wanted, -end, end)) <= step / 2 + 1e-6)


@given(float_networks())
def test_stored_units_lie_on_the_grid_of_their_format(chip, net):
    made = quantised(net, chip)
    for projection in net.projections:
        kept = made.weights[projection.name]
        mantissas = kept.units / 2.0**kept.format.exponent
        again = [
            effective_weight(int(m), kept.format.bits, kept.format.exponent, kept.format.sign_mode) for m in mantissas
        ]
        assert again == [int(units) * 64 for units in kept.units]
        assert not np.any(mantissas % 1)


@given(float_networks())
def test_the_report_of_a_projection_equals_a_recount(chip, net):
    made = quantised(net, chip)
    for projection, report in zip(net.projections, made.projections, strict=True):
        given = projection.connector.weights[np.nonzero(projection.connector.weights)]
        error = np.abs(made.weights[projection.name].units / made.scale["a"] - given) / np.abs(given).max()
        assert report.max_error == pytest.approx(error.max(), abs=1e-12)
        assert report.rms_error == pytest.approx(np.mean(error**2) ** 0.5, abs=1e-12)
        assert report.pruned == np.sum(made.weights[projection.name].units == 0)
        kept = made.weights[projection.name]
        step = 2.0 ** (kept.format.exponent + 8 - kept.format.bits + (kept.format.sign_mode == "mixed"))
        end = 256 * 2.0**kept.format.exponent - step
        assert report.saturated == np.sum(np.abs(given) * made.scale["a"] > end + step / 2)


@given(float_networks())
def test_the_largest_projection_uses_its_mantissas_when_nothing_caps_the_scale(chip, net):
    """Before the best scale near by is looked for, which may leave the largest mantissas unused."""
    assume(np.all(net["a"].model.bias == 0) and net["a"].model.threshold < 1e9)
    with mock.patch.object(scales, "finer", lambda scale, exponents, *_: (scale, exponents)):
        made = quantised(net, chip)
    largest = max(net.projections, key=lambda p: np.abs(p.connector.weights).max())
    kept = made.weights[largest.name]
    lost = 8 - kept.format.bits + (kept.format.sign_mode == "mixed")
    top = np.abs(kept.units).max() / 2.0**kept.format.exponent
    assert top >= (256 - 2**lost) / 2 or made.scale["a"] * net["a"].model.threshold > 131071 / 4


def test_the_scale_by_hand(chip):
    # Mixed 8-bit weights up to 1: mantissas up to 254, so 1.0 is 254 * 2**e; the threshold of 1 wants at least 512 units:
    # e = 2 gives 1016 (e = 1 only 508).
    made = quantised(joined([[1.0, -1.0, 0.25]]), chip)
    assert made.scale["a"] == pytest.approx(1016)
    assert made.weights["in->a"].units.tolist() == [1016, -1016, 256]  # 0.25 * 254 = 63.5, on the even grid 64, times 4
    assert made.weights["in->a"].format == WeightFormat(8, 2, "mixed")
    assert made.registers["a"].parameters["threshold"].tolist() == [1016 * 64]


def test_weights_of_one_sign_have_a_bit_more(chip):
    # Excitatory: mantissas up to 255, every integer: 85 / 255 and 1 are both exact, e = 2 for the threshold
    made = quantised(joined([[1.0, 1 / 3]]), chip).weights["in->a"]
    assert made.format.sign_mode == "excitatory" and made.units.tolist() == [1020, 340]


def test_the_largest_weight_need_not_fill_its_mantissa(chip):
    # 255 is odd: with 1.0 there, 0.5 is 1/510 off; with 1.0 near 224 (in steps of a sixteenth of an octave) hardly.
    made = quantised(joined([[1.0, 0.5]]), chip)
    assert made.projections[0].max_error < 1 / 2000 and made.projections[0].saturated == 0


def test_a_few_large_weights_are_limited_where_that_serves_the_many(chip):
    many = np.random.default_rng(3).normal(size=(1, 4000)) * 0.1
    many[0, 7] = 1.0
    made = quantised(joined(many).connect("in", "a", Dense(many * 0.5), bits=4), chip).projections[1]
    assert made.bits == 4 and made.saturated >= 1
    coarse = (
        0.5 / 7
    )  # steps where the largest fills its mantissa; rounding to steps has an rms error of step / sqrt(12)
    assert made.rms_error * 0.5 < coarse / 12**0.5 / 2


@given(float_networks(), st.booleans())
def test_no_scale_near_by_has_a_much_smaller_error(chip, net, watched):
    """The error of what was chosen is at most that of the scale at which the largest weight fills its mantissa."""
    calibration = None
    if watched:
        rates = {p.name: np.linspace(0.1, 1.0, p.size) for p in net.populations}
        most = sum(float(np.abs(p.connector.weights).sum(axis=1).max()) for p in net.projections)
        calibration = Calibration(rates, {"a": most}, {"a": most * 3})
    with mock.patch.object(scales, "finer", lambda scale, exponents, *_: (scale, exponents)):
        plain = quantise(net, expand(net, 0), chip, calibration)
    made = quantise(net, expand(net, 0), chip, calibration)

    def error(given):
        total = 0.0
        for projection in net.projections:
            to, source = np.nonzero(projection.connector.weights)
            kept = given.weights[projection.name].units / given.scale["a"] - projection.connector.weights[to, source]
            total += np.sum(kept**2 * (calibration.rates["in"][source] if calibration else 1.0))
        return total

    assert error(made) <= error(plain) * (1 + 1e-9)


def test_a_calibration_gives_large_fan_ins_their_bits_back(chip):
    net = joined(np.full((1, 3000), 1.0) * np.linspace(0.5, 1.0, 3000), Lif(math.inf, 0.0, threshold=100.0))
    seen = Calibration({"in": np.full(3000, 0.01), "a": np.zeros(1)}, {"a": 30.0}, {"a": 30.0})
    plain, calibrated = (quantise(net, expand(net, 0), chip, given) for given in (None, seen))
    assert calibrated.projections[0].rms_error < plain.projections[0].rms_error / 4
    assert HEADROOM * 30.0 * calibrated.scale["a"] < 2**20, "and what was seen still fits twice"


def test_a_weak_projection_has_an_exponent_of_its_own(chip):
    net = joined([[1.0]]).connect("in", "a", Dense(np.array([[1 / 16]])))
    made = quantised(net, chip)
    exponents = [made.weights[name].format.exponent for name in ("in->a", "in->a#2")]
    assert exponents[0] - exponents[1] == 4


def test_a_weight_that_rounds_to_zero_is_pruned_and_counted(chip):
    made = quantised(joined([[1.0, 0.001]]), chip)  # 0.001 * 255 = 0.26 -> 0
    assert made.weights["in->a"].units[1] == 0 and made.projections[0].pruned == 1


# ---- what the scale promises ---------------------------------------------------------------------------------------


@given(float_networks())
def test_the_scale_keeps_the_threshold_in_its_register(chip, net):
    made = quantised(net, chip)
    wanted = net["a"].model.threshold * made.scale["a"]
    mantissa = made.registers["a"].parameters["threshold"] / 64
    assert np.all(mantissa <= 131071) and np.all(np.abs(mantissa - wanted) <= 0.5 + 1e-6)


@given(float_networks())
def test_the_scale_keeps_the_bias_in_its_register(chip, net):
    made = quantised(net, chip)
    wanted = net["a"].model.bias * made.scale["a"] * 64
    bias = made.registers["a"].state["bias"]
    assert np.all(np.abs(bias) <= 4095 << 7)
    assert np.all(np.abs(bias - wanted) <= np.maximum(0.5, np.abs(wanted) / 4095) + 1e-3)  # 12 bits of mantissa


def worst_input(net, made):
    """The largest |sum of effective weights of one sign| into one compartment: every such source fires at once."""
    sums = np.zeros((2, net["a"].size))
    for projection in net.projections:
        to, _ = np.nonzero(projection.connector.weights)
        for post, units in zip(to, made.weights[projection.name].units, strict=True):
            sums[int(units < 0), post] += abs(int(units)) * 64
    return sums.max()


@given(float_networks(), st.sampled_from([22, 16, 14]))
def test_the_worst_input_never_wraps_the_accumulator(chip, net, q_bits):
    narrow = replace(chip, arithmetic=chip.arithmetic._replace(q_bits=q_bits))
    try:
        made = quantised(net, narrow)
    except QuantisationError as error:  # so narrow that the threshold is lost
        assume("rounds to 0" not in str(error))
        raise
    assert worst_input(net, made) < 2 ** (q_bits - 1)


def test_rounding_up_does_not_make_the_input_wrap(chip):
    # At the scale 1.0 the exact sum is 255 + 129 * 251.6 + 50 = 32761.4 units and fits into 2**15 - 1; but every 251.6
    # rounds to 252, and 255 + 129 * 252 + 50 = 32813 would wrap to a negative input.
    net = joined([[255.0, *[251.6] * 129, 50.0]], Lif(threshold=600.0))
    assert worst_input(net, quantised(net, chip)) < 2**21


def test_rounding_up_few_bits_does_not_make_the_input_wrap(chip):
    # 4 bits: steps of 16. At the scale 1.0: 240 + 205 * 152.1 = 31420.5, but 152.1 / 16 = 9.5 rounds to 10: 33040 units.
    net = joined([[240.0, *[152.1] * 205]], Lif(threshold=600.0), bits=4)
    assert worst_input(net, quantised(net, chip)) < 2**21


def test_rounding_up_to_a_single_unit_does_not_make_the_input_wrap(chip):
    # 18 bits hold 2047 units of 64. At the scale 1.0: 2 * 255 + 2000 * 0.6 = 1710 units, but every 0.6 rounds to 1: 2510.
    narrow = replace(chip, arithmetic=chip.arithmetic._replace(q_bits=18))
    net = joined([[255.0] * 2], Lif(threshold=600.0)).population("more", 2000, Spikes("y"))
    net = net.connect("more", "a", Dense(np.full((1, 2000), 0.6)))
    assert worst_input(net, quantised(net, narrow)) < 2**17


def test_an_arithmetic_without_an_accumulator_limit_does_not_cap_the_scale(chip):
    wide = replace(chip, arithmetic=chip.arithmetic._replace(q_bits=0, u_overflow=0))
    net = joined(np.ones((1, 1000)), Lif(threshold=1.0))
    assert quantised(net, wide).scale["a"] == 1020 > quantised(net, chip).scale["a"]


@given(float_networks(), st.integers(1, 5), st.booleans(), st.sampled_from(["sequential", "hilbert"]))
def test_no_mapping_changes_a_number(chip, net, parts, share, placement):
    plain = compile_network(net, chip)
    mapped = compile_network(net, chip, MappingOptions("equal", placement, {"a": parts}, share))
    assert mapped.quantised == plain.quantised  # scales, and the reports on every weight and register
    assert mapped.image.weight_shift == plain.image.weight_shift
    assert digest(mapped.image.plain, mapped.image.cells) == digest(plain.image.plain, plain.image.cells)


def test_another_population_does_not_change_a_scale(chip):
    net = joined([[1.0, -0.3]])
    larger = net.population("b", 3, Lif(threshold=50.0)).connect("in", "b", Dense(9.0))
    assert quantised(net, chip).scale["a"] == quantised(larger, chip).scale["a"]


# ---- registers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tau_ms", "step_ms", "decay"),
    [
        (10.0, 1.0, 390),  # 4096 (1 - exp(-0.1)) = 389.8
        (10.0, 0.5, 200),  # 4096 (1 - exp(-0.05)) = 199.8
        (2.0, 1.0, 1612),  # 4096 (1 - exp(-0.5)) = 1611.6
        (20.0, 1.0, 200),
    ],
)
@pytest.mark.parametrize("which", ["decay_u", "decay_v"])
def test_a_decay_by_hand(chip, tau_ms, step_ms, decay, which):
    net = replace(joined([[1.0]], Lif(tau_mem_ms=tau_ms, tau_syn_ms=tau_ms)), step_ms=step_ms)
    assert quantised(net, chip).registers["a"].parameters[which].tolist() == [decay]


def test_the_ends_of_the_decays_are_what_the_registers_allow(chip):
    # Effective decays: u is the register 0..4095 plus one, so it never keeps everything; v is the register itself.
    registers = quantised(joined([[1.0]], Lif(tau_mem_ms=math.inf, tau_syn_ms=0.0)), chip).registers["a"]
    assert (registers.parameters["decay_u"][0], registers.parameters["decay_v"][0]) == (4096, 0)
    registers = quantised(joined([[1.0]], Lif(tau_mem_ms=0.0, tau_syn_ms=math.inf)), chip).registers["a"]
    assert (registers.parameters["decay_u"][0], registers.parameters["decay_v"][0]) == (1, 4095)


def test_the_report_says_what_the_decay_lost(chip):
    report = quantised(joined([[1.0]], Lif(tau_mem_ms=10.0)), chip).populations[0]
    # The register 390 keeps 3706/4096 a step: tau = -1 / ln(0.904785) = 9.99423 ms.
    assert report.tau_mem_error == pytest.approx(10.0 / 9.99423 - 1, rel=1e-2)


def test_a_leak_that_is_lost_is_an_error_of_one(chip):
    # tau = 10 s at 1 ms: 4096 (1 - exp(-1e-4)) = 0.41 rounds to 0, so the compartment never leaks.
    report = quantised(joined([[1.0]], Lif(tau_mem_ms=10_000.0)), chip).populations[0]
    assert report.tau_mem_error == 1.0


def test_the_current_gets_room_where_that_costs_little(chip):
    # 50 inputs of 0.5 at a gain of 20.5 (tau_syn 20 ms): u may reach 512.6; 8191 of 2**17 units are room for 255 each.
    net = joined(np.full((1, 50), 0.5), Lif(tau_mem_ms=20.0, tau_syn_ms=20.0))
    scale = quantised(net, chip).scale["a"]
    assert scale * 50 * 0.5 * 20.5 < 2**17
    assert scale * 0.5 >= 255 / 4  # at most two bits of the weights


def test_a_threshold_that_rounds_to_nothing_is_refused(chip):
    net = joined(np.full((1, 1000), 5.0), Lif(threshold=0.01))
    with pytest.raises(QuantisationError, match="rounds to 0"):
        quantised(net, chip)


@pytest.mark.parametrize(
    ("noise", "what"),
    [
        (Noise(0), "noise exponent is 0"),
        (Noise(8, enable=np.ones(3, bool)), "noise enable has the shape (3,)"),
        (Noise(8, draws=np.zeros((5, 2), int)), "recorded noise has the shape (5, 2)"),
    ],
)
def test_noise_that_does_not_fit_its_population_is_refused(chip, noise, what):
    net = Network().population("a", 4, LifRegisters(noise=noise))
    with pytest.raises(QuantisationError, match=re.escape(what)):
        compile_network(net, chip)


@pytest.mark.parametrize(("refractory_ms", "register"), [(0.0, 1), (1.0, 2), (2.4, 3), (63.0, 64)])
def test_a_refractory_pause_is_the_register_less_one(chip, refractory_ms, register):
    # facts/fixed_point.md section 5: r = 1 is no pause
    net = joined([[1.0]], Lif(refractory_ms=refractory_ms))
    assert quantised(net, chip).registers["a"].parameters["refractory"].tolist() == [register]


def test_own_registers_are_kept_as_they_are(chip):
    model = LifRegisters(decay_u=99, decay_v=np.array([7, 8]), threshold=3, bias=5, bias_exponent=4, refractory=9)
    registers = quantised(Network().population("a", 2, model), chip).registers["a"]
    bias, registers = registers.state["bias"], SimpleNamespace(**registers.parameters)
    assert registers.decay_u.tolist() == [100, 100]  # the register plus one
    assert registers.decay_v.tolist() == [7, 8]
    assert registers.threshold.tolist() == [192, 192]
    assert bias.tolist() == [80, 80]
    assert registers.refractory.tolist() == [9, 9]


@pytest.mark.parametrize(
    ("bias", "units"),
    [
        (0.0, 0),
        (1.0, 1),
        (-1.0, -1),
        (4095.0, 4095),  # the last one without an exponent
        (4096.0, 4096),  # 2048 << 1
        (4097.0, 4096),  # 2048.5 << 1, to even
        (8190.0, 8190),
        (-8191.0, -8192),  # 2047.75 << 2 = 8191 is nearest 2048 << 2
        (524160.0, 4095 << 7),
        (1e9, 4095 << 7),  # limited
        (-1e9, -4096 << 7),
    ],
)
def test_a_bias_by_hand(chip, bias, units):
    assert bias_units(np.array([bias]), chip).tolist() == [units]


@given(st.floats(-4095 * 128, 4095 * 128))
def test_a_bias_is_a_mantissa_and_an_exponent_within_half_a_step(chip, bias):
    units = int(bias_units(np.array([bias]), chip)[0])
    exponent = next(e for e in range(8) if abs(bias) <= 4095 * 2**e)
    assert units % 2**exponent == 0 and -4096 <= units >> exponent <= 4095
    assert abs(units - bias) <= 2**exponent / 2


# ---- refusals ------------------------------------------------------------------------------------------------------


def test_every_register_out_of_range_is_reported_at_once(chip):
    model = LifRegisters(decay_u=4096, decay_v=-1, threshold=131072, bias=4096, bias_exponent=8, refractory=0)
    found = problems(Network().population("a", 1, model).population("b", 1, LifRegisters(refractory=65)), chip)
    assert sorted((p.path, p.what) for p in found) == [
        ("a", "bias is 4096"),
        ("a", "bias_exponent is 8"),
        ("a", "decay_u is 4096"),
        ("a", "decay_v is -1"),
        ("a", "refractory is 0"),
        ("a", "threshold is 131072"),
        ("b", "refractory is 65"),
    ]


@pytest.mark.parametrize(
    ("register", "low", "high"),
    [
        ("decay_u", 0, 4095),
        ("decay_v", 0, 4095),
        ("threshold", 0, 131071),
        ("bias", -4096, 4095),
        ("refractory", 1, 64),
    ],
)
def test_both_ends_of_a_register_are_allowed_and_the_next_are_not(chip, register, low, high):
    for value, fine in ((low, True), (high, True), (low - 1, False), (high + 1, False)):
        net = Network().population("a", 1, LifRegisters(**{register: value}))
        if fine:
            quantised(net, chip)
        else:
            assert problems(net, chip)[0].what == f"{register} is {value}"


def test_the_compartment_that_is_out_of_range_is_named(chip):
    (problem,) = problems(Network().population("a", 4, LifRegisters(decay_v=np.array([1, 2, 5000, 9999]))), chip)
    assert problem.what == "decay_v is 5000 (compartment 2, and 1 more)"
    assert "0..4095" in problem.allowed


def test_a_register_takes_whole_numbers(chip):
    assert problems(Network().population("a", 1, LifRegisters(threshold=1.5)), chip)[0].what == "threshold is 1.5"


@pytest.mark.parametrize("model", [Lif(refractory_ms=64.0), Lif(refractory_ms=1000.0)])
def test_a_pause_longer_than_the_register_is_refused(chip, model):
    (problem,) = problems(joined([[1.0]], model), chip)
    assert "refractory" in problem.what and problem.path == "a"


@pytest.mark.parametrize(
    ("model", "what"),
    [
        (Lif(threshold=np.ones(2)), "threshold has the shape (2,)"),
        (LifRegisters(bias=np.ones((3, 1))), "bias has the shape (3, 1)"),
        (Lif(tau_mem_ms=-5.0), "tau_mem_ms is -5"),
        (Lif(tau_syn_ms=math.nan), "tau_syn_ms is nan"),
        (Lif(threshold=-1.0), "threshold is -1"),
        (Lif(threshold=math.nan), "threshold is nan"),
        (Lif(bias=math.inf), "bias is inf"),
        (Lif(bias=-math.inf), "bias is -inf"),
        (Lif(refractory_ms=-1.0), "refractory_ms is -1"),
        (LifRegisters(threshold=math.nan), "threshold is nan"),
    ],
)
def test_what_is_no_register_at_all_is_refused_by_name(chip, model, what):
    (problem,) = problems(joined([[1.0], [1.0], [1.0]], model), chip)
    assert problem.what.startswith(what) and problem.path == "a"


@pytest.mark.parametrize("bits", [0, 7, 9])
@pytest.mark.parametrize("weights", [[[1.0, -1.0]], [[1.0, 1.0]]])
def test_a_width_that_the_chip_lacks_is_refused(chip, bits, weights):
    (problem,) = problems(joined(weights, bits=bits), chip)
    assert problem.what == f"weights of {bits} bits" and problem.path == "in->a"


def test_one_bit_cannot_hold_floats_of_both_signs(chip):
    (problem,) = problems(joined([[1.0, -1.0]], bits=1), chip)
    assert "both signs" in problem.what and problem.remedy == "bits: 2"


def test_one_bit_holds_floats_of_one_sign(chip):
    assert quantised(joined([[1.0, 0.2, 0.8]], bits=1), chip).weights["in->a"].units.tolist() == [512, 0, 512]


@pytest.mark.parametrize(
    ("weights", "format", "what"),
    [
        ([[1.0]], WeightFormat(bits=7), "weights of 7 bits"),
        ([[1.0]], WeightFormat(exponent=8), "weight exponent 8"),
        ([[1.0]], WeightFormat(exponent=-9), "weight exponent -9"),
        ([[256.0, -257.0]], WeightFormat(), "2 weight mantissas out of range"),
        ([[-1.0]], WeightFormat(sign_mode="excitatory"), "1 weight mantissa out of range"),
        ([[1.0]], WeightFormat(sign_mode="inhibitory"), "1 weight mantissa out of range"),
        ([[-256.0]], WeightFormat(sign_mode="inhibitory"), "1 weight mantissa out of range"),
        ([[0.5]], WeightFormat(), "a weight of 0.5"),
    ],
)
def test_a_format_that_the_chip_lacks_is_refused(chip, weights, format, what):
    (problem,) = problems(joined(weights, LifRegisters(), format=format), chip)
    assert problem.what.startswith(what) and problem.path == "in->a"


def test_integer_weights_do_not_lead_into_physical_units(chip):
    (problem,) = problems(joined([[3.0]], Lif(), format=WeightFormat()), chip)
    assert "integer weights" in problem.what


@pytest.mark.parametrize(("delay", "fine"), [(0, True), (62, True), (63, False), (-1, False)])
def test_a_delay_stays_within_what_the_chip_has(chip, delay, fine):
    index = np.zeros(1, np.int64)
    net = Network().population("in", 1, Spikes("x")).population("a", 1, Lif())
    net = net.connect("in", "a", Sparse(index, index, 1.0, delay))
    if fine:
        quantised(net, chip)
    else:
        assert problems(net, chip)[0].what == f"a delay of {delay} steps"


@pytest.mark.parametrize(
    ("weights", "pruned", "silent"),
    [(0.0, 0, {"in->a": 2}), ([[1.0, 0.001]], 1, {}), ([[0.0, 0.0]], 0, {"in->a": 0}), (1e-30, 2, {"in->a": 2})],
)
def test_only_weights_that_were_not_0_became_0_and_what_does_nothing_is_counted(chip, weights, pruned, silent):
    net = Network().population("in", 2, Spikes("x")).population("a", 1, Lif(tau_mem_ms=10.0, threshold=1.0))
    made = quantised(net.connect("in", "a", Dense(np.array(weights))), chip)
    assert made.projections[0].pruned == pruned and made.silent == silent


def test_faults_of_several_projections_and_populations_come_together(chip):
    net = joined([[1.0, 2.0]], bits=7).population("b", 2, LifRegisters(refractory=99))
    net = net.connect("in", "b", Dense(np.full((2, 2), 999.0)), format=WeightFormat(exponent=9))
    assert {p.path for p in problems(net, chip)} == {"in->a", "b", "in->b"}


@pytest.mark.parametrize(
    ("weights", "how", "pruned", "worst"),
    [
        ([[1, -3, 4]], {}, 1, 1 / 4),  # mixed: 0, -4, 4
        ([[1, 3, 4]], {}, 0, None),  # excitatory: as they are
        ([[2, -4, 6]], {}, 0, None),
        ([[8, 40]], {"bits": 4}, 1, 8 / 40),  # 0, 32
        ([[1, 4]], {"exponent": -2}, 1, 1 / 4),  # 1/4 is 0
        ([[300, 20]], {"clip": True}, 0, 45 / 300),
    ],
)
def test_integer_weights_that_are_not_kept_are_reported(chip, weights, how, pruned, worst):
    format = WeightFormat(sign_mode="mixed" if np.min(weights) < 0 else "excitatory", **how)
    found = quantised(joined(weights, LifRegisters(), format=format), chip).rounding.projections
    assert len(found) == (worst is not None)
    for report in found:
        assert report.pruned == pruned and report.max_error == pytest.approx(worst)
        assert report.saturated == sum(weight > 255 for weight in np.ravel(weights))
