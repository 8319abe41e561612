"""The headline: what the run cost, each figure with the range that the chip's constants leave, and what it did."""

from __future__ import annotations

from typing import Any

from .model import Card, Cards, Section
from .quantities import count, share, show


def headline(summary: dict[str, Any]) -> Section:
    """Of summary.json alone."""
    energy, latency, samples = summary["energy_pj"], summary["latency_ns"], summary["samples"]
    cards = [] if summary.get("accuracy") is None else [_accuracy(summary)]
    cards += [
        _card(summary, "Energy", energy["total"], "total_pj", "pJ", f"static {show(energy['static'], 'pJ')} of it"),
        _card(summary, "Dynamic energy", energy["dynamic"], "dynamic_pj", "pJ", _each(summary)),
        _card(
            summary,
            "Time on chip",
            latency["total"],
            "time_ns",
            "ns",
            f"a step {show(latency['mean_step'], 'ns')} mean, {show(latency['max_step'], 'ns')} longest",
        ),
    ]
    if summary.get("pj_per_spike") is not None:
        cards.append(_card(summary, "Energy a spike", summary["pj_per_spike"], "pj_per_spike", "pJ", "static included"))
    facts = [
        (label, float(summary[key]), count(summary[key]))
        for label, key in (
            ("samples", "samples"), ("steps", "steps"), ("spikes", "spikes"), ("from the host", "input_spikes"),
            ("synaptic events", "synaptic_events"), ("messages", "messages"), ("hops", "hops"), ("cores", "cores"),
            ("compartments", "compartments"), ("synapses", "synapses"),
        )
        if key in summary and not (key == "samples" and samples == 1)
    ]  # fmt: skip
    lead = (
        "Nominal, with the range from all constants at their low ends to all at their high ends; "
        "the band holds nine of ten draws."
    )
    return Section("headline", "Headline", [Cards(cards, facts)], lead)


def _each(summary: dict[str, Any]) -> str:
    if summary["samples"] > 1:
        return f"a sample {show(summary['dynamic_energy_per_sample_pj'], 'pJ')}"
    each = summary.get("dynamic_pj_per_synaptic_event")
    return "" if each is None else f"a synaptic event {show(each, 'pJ')}"


def _accuracy(summary: dict[str, Any]) -> Card:
    right, n = round(summary["accuracy"] * summary["samples"]), summary["samples"]
    note = f"{right:,} of {n:,}"
    twin = (summary.get("quantisation") or {}).get("float")
    if twin and twin.get("accuracy") is not None:
        note += f"; {share(twin['accuracy'])} in floats"
    return Card("Accuracy", summary["accuracy"], f"{summary['accuracy'] * 100:.2f} %", note)


def _card(summary: dict[str, Any], label: str, value: float, key: str, unit: str, note: str) -> Card:
    """With its ends and draws where they differ."""
    ends = summary["ranges"]["interval"].get(key)
    if not ends or ends["low"] is None or ends["high"] is None or ends["low"] >= ends["high"]:
        return Card(label, value, show(value, unit), note)
    low, high = ends["low"], ends["high"]

    def placed(number: float) -> tuple[str, float]:
        return show(number, unit), min(max((number - low) / (high - low), 0.0), 1.0)

    draws = (summary["ranges"].get("draws") or {}).get(key) or {}
    band = () if draws.get("p5") is None else (placed(draws["p5"]), placed(draws["p95"]))
    return Card(label, value, show(value, unit), note, (placed(low), placed(value), placed(high)), band)
