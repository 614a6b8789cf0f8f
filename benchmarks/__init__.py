"""Time and memory of skconv and of similar libraries: ``python -m benchmarks``."""
