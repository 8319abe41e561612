"""Joins: how a compartment of a dendritic tree combines its own drive with what its children pass up in the same step."""

from __future__ import annotations

ADD, MAX, MIN, OR = range(4)
JOINS = {"add": ADD, "max": MAX, "min": MIN, "or": OR}


def joined(own, passed, how):
    """The drive of a compartment.  own: u + bias; passed: what its children gave, folded by the same join."""
    if how == ADD:
        return own + passed
    if how == MAX:
        return max(own, passed)
    if how == MIN:
        return min(own, passed)
    return own
