"""Perturbations: what the weight step sees instead of the mix."""
