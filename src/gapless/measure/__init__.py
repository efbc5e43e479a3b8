"""What the audit needs measured of a finished search; judged in `gapless.audit`."""
