"""The learning curve of a program that trains and then tests: how many samples were answered right while it learned."""

from __future__ import annotations

from typing import Any

from .model import Plot
from .svg import element, number

WIDTH, HEIGHT = 960.0, 100.0


def answers_while_learning(summary: dict[str, Any]) -> list[Plot]:
    """The share of right answers by windows of samples, in their order; nothing where no answers were read while it learned."""
    found = summary.get("training")
    if not found or len(found["accuracy_by_window"]) < 2:
        return []
    shares, trained, passes = found["accuracy_by_window"], summary["trained"], found["accuracy_by_pass"]
    wide = WIDTH / (len(shares) - 1)
    points = [f"{number(k * wide)} {number(HEIGHT * (1 - share))}" for k, share in enumerate(shares)]
    body = element("path", d=f"M{'L'.join(points)}", class_="line accent-line")
    told = f"Right answers while it learned, from {shares[0]:.0%} of the first samples to {shares[-1]:.0%} of the last."
    below = f"Windows of about {round(trained / len(shares)):,} samples. By pass: " + ", ".join(
        f"{p:.1%}" for p in passes
    )
    legend, tested = [("accent", "while it learned")], summary["accuracy"]
    if tested is not None:
        height = number(HEIGHT * (1 - tested))
        body += element("path", d=f"M0 {height}H{number(WIDTH)}", class_="outline")
        legend.append(("outline", "afterwards, held out"))
    return [
        Plot(
            "Right answers", body, WIDTH, HEIGHT, 130, told, ("100 %", "0 %"), ("sample 1", f"sample {trained:,}"), legend,
            f"{below}.",
        )
    ]  # fmt: skip
