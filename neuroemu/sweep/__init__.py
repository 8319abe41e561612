"""Sweeps: one program at many points, each priced, mapped or run again only as far as it must be.

axes, goals, plan     what is varied, what is wanted, and both together as the user wrote them
candidates            which points: a grid, draws, or a search that learns from what came back
reading, identity     a point as a program, and the digests that say what it shares with another
tasks                 what a worker does: look, map, run, price
crew, local, cluster  workers: processes of this machine, or a dask cluster; one that dies loses nothing
table, folder         what is kept: a row a point in SQLite, landed as it comes
conduct               the order of it all
front, best, page     what is shown: the Pareto front, programs ready to run, sweep.html
"""
