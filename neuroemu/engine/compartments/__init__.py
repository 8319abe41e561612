"""Compartment models, one file each: a jitted `update` on arrays, with its twin in tests/naive.py."""
