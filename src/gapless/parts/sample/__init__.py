"""Samplers: which operations a step computes."""
