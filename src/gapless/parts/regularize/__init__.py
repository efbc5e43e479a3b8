"""Regularizers: terms added to the loss that alpha descends."""
