"""F(x; alpha, omega): operations, mixed operations, super-networks and what is counted about them."""
