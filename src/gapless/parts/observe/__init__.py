"""Observers: what is written into the trace after an epoch, and when to stop."""
