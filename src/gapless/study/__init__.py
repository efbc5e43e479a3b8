"""The record of evaluations: trials in an Optuna study."""
