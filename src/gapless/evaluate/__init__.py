"""From an architecture to what it is worth: `accuracy` of a network, `inherited` weights."""
