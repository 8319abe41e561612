"""Runs that pages are made of, and a parser that looks at a page as a browser's DOM does."""

from __future__ import annotations

from html.parser import HTMLParser

import numpy as np

import neuroemu
from neuroemu import Bernoulli, Dense, Lif, Network, Spikes, ValuesInput

VOID = {"meta", "link", "br", "img", "input", "hr"}
CHILDLESS = {"rect", "path", "line", "circle"}  # of an SVG, closed by />


class Dom(HTMLParser):
    """elements: (tag, attributes) of all.  open: of those not closed, which must be empty in the end.  texts: by tag."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.open, self.texts, self.data = [], [], {}, []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)

    def tags(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def figures(self):
        """The values of all <data> elements."""
        return [float(attributes["value"]) for attributes in self.tags("data")]


def busy(steps=1000, channels=200, cells=60):
    """A run of some 100,000 spikes: channels that fire every second step, each cell reached by three of them."""
    weights = np.zeros((cells, channels))
    for k in range(cells):
        weights[k, [3 * k % channels, (3 * k + 1) % channels, (3 * k + 2) % channels]] = 0.5
    net = (
        Network()
        .population("eye", channels, Spikes("flicker"))
        .population("cell", cells, Lif(tau_mem_ms=10.0, threshold=1.0))
    )
    given = ValuesInput(np.full((1, channels), 0.5), Bernoulli())
    return neuroemu.run(
        net.connect("eye", "cell", Dense(weights)), chip="loihi1-davies2018", steps=steps, inputs={"flicker": given}
    )
