"""Recipes, the run, the one loop, the pre-flight check."""
