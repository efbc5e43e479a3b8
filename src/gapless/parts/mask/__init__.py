"""Masks and discretizations: when options die."""
