"""Update rules: how alpha and omega move in one step."""
