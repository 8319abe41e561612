"""Tests of neuroemu/environments."""
