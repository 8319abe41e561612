"""The page of a run: report.html and report.md, made from the files of its folder and nothing else.

files.py reads the folder, a file each makes the sections of it, html.py and markdown.py write the same sections (model.py).
"""

from .draw import FILES, draw

__all__ = ["FILES", "draw"]
