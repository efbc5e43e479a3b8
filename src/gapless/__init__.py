"""Gapless: weight-sharing neural architecture search that measures its own optimization gap."""
