"""The headline of a report as (section, [(label, value)]) rows, shared by the terminal and the HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..events import BY_KEY
from ..units import counted, ratio, show
from . import synapses

if TYPE_CHECKING:
    from .priced import Priced
    from .report import Report

# What two runs are compared by: section and key of summary.json, label, unit.
HEADLINES = (
    ("energy_pj", "total", "energy", "pJ"),
    ("energy_pj", "dynamic", "dynamic", "pJ"),
    ("latency_ns", "mean_step", "a step", "ns"),
)
SHOWN_ERROR = 0.02  # of a threshold, a bias or a time constant; below, the weights' own rounding is larger

SAME = 1e-6  # of a step: a tick written with fewer digits is no other
SPREAD = (("total_pj", "energy"), ("dynamic_pj", "dynamic energy"), ("time_ns", "time"))  # of ranges

Section = tuple[str, list[tuple[str, str]]]


def sections(report: Report) -> list[Section]:
    """What is shown of a run, in order."""
    parts = [
        _result(report),
        _environment(report.summary),
        *cost_sections(report.summary, report.priced),
        _quantisation(report),
        _neurobench(report.summary),
    ]
    return [section for section in parts if section[1]]


def cost_sections(summary: dict[str, Any], priced: Priced) -> list[Section]:
    """What a run did and cost; also of one that was priced again."""
    sections = [_work(summary), _energy(summary, priced), _learning(summary), _time(summary, priced)]
    return [section for section in sections if section[1]]


def compared(before: dict[str, Any], after: dict[str, Any]) -> Section:
    """The headline figures of two summaries of one run."""
    rows = [("chip", f"{before['chip']} -> {after['chip']}"), ("latency", f"{before['latency']} -> {after['latency']}")]
    for section, key, label, unit in HEADLINES:
        old, new = before[section][key], after[section][key]
        times = f"  ({ratio(old, new, 3)})" if old else ""
        rows.append((label, f"{show(old, unit)} -> {show(new, unit)}{times}"))
    rows += [(label, f"{before[label]:,} -> {after[label]:,}") for label in ("cores", "tiles", "hops")]
    return "before and after", rows


def notes(summary: dict[str, Any]) -> list[str]:
    """What a reader must know before believing the figures."""
    cached = "The mapped network was taken from the cache (--no-cache maps it anew)."
    return [*summary["notes"], *cost_notes(summary), *([cached] if summary["image_from_cache"] else [])]


def cost_notes(summary: dict[str, Any]) -> list[str]:
    """What the chip file does not know, or only guesses."""
    late = summary["latency_ns"]["late_steps"]
    found = [f"Warning: {counted(late, 'step')} took longer than a tick of the chip's clock."] if late else []
    tick, step = summary["latency_ns"]["tick"], summary["latency_ns"]["network_step"]
    if tick and abs(tick / step - 1) > SAME:
        times = f"{tick / step:,.4g} times the network's step of {show(step, 'ns')}"
        found.append(f"Warning: the chip's tick of {show(tick, 'ns')} is {times}.")
    found += _beside_ranges(summary["ranges"])
    found += [f"Not modelled: {item}." for item in summary["not_modelled"]]
    graded = summary.get("graded_spikes")  # runs of older versions do not say
    if graded:
        priced = "is priced as a spike" if graded == 1 else "are priced as spikes"
        found.append(f"Not modelled: what payloads cost; {counted(graded, 'spike')} had one, and {priced} without.")
    return found + [f"Estimate: {item}." for item in summary["estimates"]]


def _beside_ranges(ranges: dict[str, Any]) -> list[str]:
    """Where the nominal figures stand apart from the ranges."""
    unknown = ranges.get("only_in_ranges", ranges.get("only_in_high", []))  # as older versions called it
    found = []
    if unknown:
        what = "Without a value, so 0 in nominal figures; their ranges are in low, high and draws"
        found.append(f"{what}: {', '.join(unknown)}.")
    outside = [label for name, label in SPREAD if name in ranges["draws"] and _is_outside(ranges, name)]
    if outside:
        why = "a value at the end of its range is nominal, as is the 0 of what has none, and draws come from inside"
        found.append(f"Nominal outside of nine of ten draws: {', '.join(outside)}; {why}.")
    return found


def _is_outside(ranges: dict[str, Any], name: str) -> bool:
    nominal, draws = ranges["interval"][name]["nominal"], ranges["draws"][name]
    if draws["p5"] is None:
        return False
    return bool(nominal < draws["p5"] * (1 - SAME) or nominal > draws["p95"] * (1 + SAME))


def _result(report: Report) -> Section:
    summary, rows = report.summary, []
    asked = summary["samples"] - report.trained
    if summary["accuracy"] is not None:
        right = round(summary["accuracy"] * asked)
        rows.append(("accuracy", f"{summary['accuracy']:.2%}  ({right} of {asked})"))
    if summary["unanswered"]:
        rows.append(("no answer", f"{summary['unanswered']} of {asked} (the population was silent)"))
    if report.trained:
        assert report.program.training is not None
        passes = report.program.training.passes
        text = f"on {counted(report.trained // passes, 'sample')}, {counted(passes, 'time')} each; frozen since"
        rows.append(("trained", text))
    if summary["training"]:
        shares = ", ".join(f"{share:.1%}" for share in summary["training"]["accuracy_by_pass"])
        rows.append(("while learning", f"{shares} right{' by pass' * (',' in shares)}"))
    if summary["mean_error"] is not None:
        rows.append(("mean error", f"{summary['mean_error']:.4g}"))
    if report.answers is not None and report.answers.labels is None:
        shown = ", ".join(f"{answer:g}" for answer in report.answers.answers[:12])
        rows.append(("answers", shown + (", ..." if report.answers.answers.size > 12 else "")))
    return "result", rows


def _environment(summary: dict[str, Any]) -> Section:
    """What closed the loop, and what it says at the end."""
    found = summary["environment"]
    if found is None:
        return "environment", []
    phases = f"{counted(found['phases'], 'management phase')}, every {counted(found['every'], 'step')}"
    rows = [("closed loop", f"{found['kind']}, {phases}")]
    for name, value in found["results"].items():
        told = "none" if value is None else f"{value:,}" if isinstance(value, (bool, int)) else f"{value:,.4g}"
        rows.append((name.replace("_", " "), told))
    return "environment", rows


def _neurobench(s: dict[str, Any]) -> Section:
    """NeuroBench's metrics, a row each: of the chip, and of the framework's floats where those were counted; - for none."""
    found = s.get("neurobench") or {}
    rows: dict[str, dict[str, str]] = {}
    for who, metrics in found.items():
        for name, value in metrics.items():
            inner = value if isinstance(value, dict) and name != "ActivationSparsityByLayer" else {name: value}
            for key, each in inner.items():
                if not isinstance(each, dict) and each is not None:
                    rows.setdefault(key, {})[who] = f"{each:,.6g}"
    several = f"{', '.join(found)}" if len(found) > 1 else ""
    told = [(name, "  ".join(values.get(who, "-") for who in found)) for name, values in rows.items()]
    return "NeuroBench", ([("of", several)] if several else []) + told


def _work(s: dict[str, Any]) -> Section:
    spikes_per_sample = f"  ({s['spikes'] / s['samples']:,.1f} a sample)" if s["samples"] > 1 else ""
    return "work", [
        ("chip", f"{s['chip']}: {counted(s['compartments'], 'compartment')}, {counted(s['synapses'], 'synapse')} on "
                 f"{counted(s['cores'], 'core')}"),
        ("steps", f"{s['steps']:,}  ({counted(s['samples'], 'sample')})"),
        ("spikes", f"{s['spikes']:,}{spikes_per_sample}, {s['input_spikes']:,} from the host"),
        ("synaptic events", f"{s['synaptic_events']:,}"),
        ("messages", f"{s['messages']:,}, {counted(s['hops'], 'hop')}"),
    ]  # fmt: skip


def _energy(s: dict[str, Any], priced: Priced) -> Section:
    energy = s["energy_pj"]
    rows = [
        (
            "total",
            f"{show(energy['total'], 'pJ')}  (dynamic {show(energy['dynamic'], 'pJ')}, static {show(energy['static'], 'pJ')})",
        ),
        ("range", _range(s["ranges"], "total_pj", "pJ")),
        (
            "static",
            f"at full speed, {show(s['latency_ns']['total'], 'ns')} in all; {show(energy['static_in_real_time'], 'pJ')} "
            f"at {priced.wiring.step_ms:g} ms a step",
        ),
        (
            "a sample",
            f"{show(s['energy_per_sample_pj'], 'pJ')}  (dynamic {show(s['dynamic_energy_per_sample_pj'], 'pJ')})",
        ),
    ]
    if s["pj_per_spike"] is not None:
        rows.append(("a spike", f"{s['pj_per_spike']:,.1f} pJ  (dynamic {s['dynamic_pj_per_spike']:,.1f} pJ)"))
    if s["pj_per_synaptic_event"] is not None:
        rows.append(
            (
                "a synaptic event",
                f"{s['pj_per_synaptic_event']:,.1f} pJ  (dynamic {s['dynamic_pj_per_synaptic_event']:,.1f} pJ)",
            )
        )
    totals = priced.costs.tally.totals
    happened = {key: pj for key, pj in energy["by_event"].items() if totals[BY_KEY[key]] > 0 and pj != 0.0}
    for key, pj in sorted(happened.items(), key=lambda item: -(item[1] or 0.0)):
        share = "" if not pj else f"  {pj / energy['dynamic']:.1%}"
        rows.append((f"  {key.replace('_', ' ')}", f"{totals[BY_KEY[key]]:,} x: {show(pj, 'pJ')}{share}"))
    return "energy", rows


def _learning(s: dict[str, Any]) -> Section:
    """Learning apart from inference; nothing where nothing learned."""
    found, dynamic = s.get("learning"), s["energy_pj"]["dynamic"]
    if not found:
        return "learning", []
    products = f", {counted(found['products'], 'product')}"
    rows = [
        ("synapses", f"{found['synapses_read']:,} x read{products}; {found['synapses_written']:,} x changed"),
        ("traces", f"{found['traces_updated']:,} x updated"),
    ]
    pj = found["energy_pj"]
    share = f"  ({pj / dynamic:.1%} of dynamic)" if pj and dynamic else ""
    missing = ", ".join(key.replace("_", " ") for key in found["not_priced"])
    missing = f"; {missing}: not modelled" if missing and pj is not None else ""
    rows.append(("energy", f"{show(pj, 'pJ')}{share}{missing}"))
    rows.append(("inference", show(dynamic - (pj or 0.0), "pJ")))
    rows += [synapses.told(name, each) for name, each in s.get("weights", {}).items()]
    return "learning", rows


def _range(ranges: dict[str, Any], name: str, unit: str) -> str:
    """As far as the chip's constants are known: all at their low ends, all at their high ends; and most of the draws."""
    ends, draws = ranges["interval"][name], ranges["draws"][name]
    if ends["low"] == ends["high"]:
        return "none"
    text = f"{show(ends['low'], unit)} to {show(ends['high'], unit)}"
    if draws["p5"] is None:
        return text
    return f"{text}; nine of ten draws {show(draws['p5'], unit)} to {show(draws['p95'], unit)}"


def _time(s: dict[str, Any], priced: Priced) -> Section:
    latency = s["latency_ns"]
    step_ms = priced.wiring.step_ms
    real_time = step_ms * 1e6 / latency["mean_step"]
    return "time on chip", [
        ("a step", f"{show(latency['mean_step'], 'ns')} mean, {show(latency['max_step'], 'ns')} longest "
                   f"({_times(real_time)} times real time)"),
        ("a sample", show(s["latency_per_sample_ns"], "ns")),
        ("in all", f"{show(latency['total'], 'ns')}; range {_range(s['ranges'], 'time_ns', 'ns')}"),
        ("how", f"latency: {s['latency']}"),
        *(("why" if k == 0 else "", f"{reason.share:.0%} {reason.text}") for k, reason in enumerate(priced.costs.reasons)),
    ]  # fmt: skip


def _times(ratio: float) -> str:
    """A ratio in whole numbers, below 10 with three digits."""
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.3g}"


def _quantisation(report: Report) -> Section:
    rows = []
    twin = report.summary["quantisation"].get("float")
    if twin and twin["accuracy"] is not None:
        points = twin["accuracy_lost"] * 100
        of = "" if twin["of"] == "twin" else f" as {twin['of']} computes it"
        rows.append(("float network", f"{twin['accuracy']:.2%}{of}: the chip loses {points:+.2f} points"))
    if twin and twin["agreement"] is not None:
        rows.append(("same answer", f"{twin['agreement']:.2%} of the samples"))
    if twin:
        change = "" if twin["spikes_changed"] is None else f": {twin['spikes_changed']:+.2%}"
        rows.append(("spikes", f"{report.summary['spikes']:,} on chip, {twin['spikes']:,} in floats{change}"))
        shares = [(name, kept["agreement"]) for name, kept in twin["rasters"].items() if kept["agreement"] is not None]
        if shares:
            rows.append(("same spikes", ", ".join(f"{name} {share:.1%}" for name, share in shares)))
    for entry in report.summary["quantisation"]["populations"]:
        labels = ("threshold", "bias", "tau_mem", "tau_syn")
        lost = [
            f"{label} off by {entry[f'{label}_error']:.1%}" for label in labels if entry[f"{label}_error"] > SHOWN_ERROR
        ]
        if lost:
            rows.append((entry["name"], "rounding: " + ", ".join(lost)))
    for entry in report.summary["quantisation"]["projections"]:
        more = f", {entry['pruned']} became 0" if entry["pruned"] else ""
        more += f", {entry['saturated']} saturated" if entry["saturated"] else ""
        rows.append(
            (
                entry["name"],
                f"{entry['bits']} bits, exponent {entry['exponent']}: error {entry['rms_error']:.2%} rms{more}",
            )
        )
    return "quantisation", rows
