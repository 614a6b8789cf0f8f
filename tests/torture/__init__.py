"""Trials that take minutes: ``python -m tests.torture``."""
