"""The timeline of a run: trace.json.gz in the Chrome trace format, which Perfetto (ui.perfetto.dev) and chrome://tracing open.

trace.py says what is told, window.py how much of it, format.py how it is written.
"""

from ..report.folder import TIMELINE as FILE
from .trace import MOST_EVENTS, Told, write

__all__ = ["FILE", "MOST_EVENTS", "Told", "write"]
