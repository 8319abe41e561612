"""Seed by seed: each program of programs/seeds meets its row of the table."""
