"""Seconds and megabytes of skconv beside those of its peers: ``python -m benchmarks``."""
