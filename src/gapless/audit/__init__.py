"""The gap, judged from records: no torch here."""
