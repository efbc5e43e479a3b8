"""Relaxations: architecture parameters to gate values."""
