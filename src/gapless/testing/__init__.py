"""What holds of every space, part and method, as plain functions to run on your own."""
