"""Measurements as ratios to a plain reference, in one run."""
