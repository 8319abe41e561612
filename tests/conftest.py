"""Shared fixtures: the chips that come along, small networks, hypothesis settings for a slow machine, a limit to every test."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

import neuroemu
from tests.limit import pytest_configure, pytest_runtest_protocol, pytest_unconfigure  # noqa: F401

os.environ["NEUROEMU_CACHE"] = "off"  # tests compile what they test, and leave nothing in anybody's cache
settings.register_profile("ci", deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(scope="session")
def loihi():
    """(Chip, PriceList) of loihi1-davies2018."""
    return neuroemu.read_chip("loihi1-davies2018")


@pytest.fixture(scope="session")
def chip(loihi):
    """The Chip of loihi1-davies2018."""
    return loihi[0]


@pytest.fixture
def in_empty_folder(tmp_path, monkeypatch):
    """The test runs in an empty folder, as a user who just installed the package."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
