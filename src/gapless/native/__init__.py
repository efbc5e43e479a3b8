"""The native CPU kernels: C sources, the libraries that were built of them, and how they are built."""
